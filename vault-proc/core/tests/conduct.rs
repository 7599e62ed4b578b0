//! The vault does what `ipc/automata/vault.rs` says, as far as the steps can be seen from outside: random histories of
//! two vaults over a relay that loses, repeats and reorders, with stores that write down what is done to them and
//! now and then refuse a commit.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use bulkhead_ipc::automata::vault::{Deed, Occasion, Record, VAULT};
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_ipc::post::{Delivery, Event, FromNet, RelayState, ToNet, Verdict};
use bulkhead_ipc::{VERSION, sign};
use bulkhead_vault_core::content::MessageId;
use bulkhead_vault_core::store::{Age, Timer};
use bulkhead_vault_core::store::{
    ContactRow, Found, InviteRow, JobRow, Moving, NewMessage, NextRow, OfferRow, Placed, RelayRow, ShareRole, ShareRow,
    Snapshot, Store, TieRow, Unreceipted, Work,
};
use bulkhead_vault_core::{
    Action, Changed, Config, Effect, Error, Input, MessageState, MessageView, Plaintext, Secret, Time, Vault,
};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

const RELAY: &str = "ws://127.0.0.1:7777";
const START: u64 = 1_795_000_000_000;

/// A step that a store sees.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Begin,
    Asked(Bytes32, bool),
    Kept(Record),
    EventId(Bytes32),
    Job(u64),
    RemovedInvite(u32),
    Commit,
    Refused,
    Rollback,
}

#[derive(Clone)]
struct Stored {
    message: u64,
    contact: u32,
    seq: u64,
    id: MessageId,
    mine: bool,
    text: Plaintext,
    sent_at: u64,
    at: Time,
    state: MessageState,
}

/// Everything durable.
#[derive(Clone, Default)]
struct Tables {
    own_name: Option<Plaintext>,
    relays: BTreeMap<u16, RelayRow>,
    contacts: BTreeMap<u32, ContactRow>,
    sessions: BTreeMap<u32, Secret>,
    ties: BTreeMap<u32, TieRow>,
    invites: BTreeMap<u32, InviteRow>,
    messages: Vec<Stored>,
    jobs: BTreeMap<u64, (JobRow, Secret)>,
    events: BTreeMap<[u8; 32], u64>,
    shares: BTreeMap<(u32, ShareRole), ShareRow>,
}

#[derive(Default)]
struct Log {
    seen: Vec<Seen>,
    /// The next commit fails.
    refuse: bool,
    /// What survives the program.
    durable: Tables,
}

/// A store in memory that writes down what is done to it.
struct Recorder {
    log: Rc<RefCell<Log>>,
    now: Tables,
}

type Done = Result<(), Error>;

impl Recorder {
    fn open(log: &Rc<RefCell<Log>>) -> Self {
        Self { log: log.clone(), now: log.borrow().durable.clone() }
    }

    fn see(&self, seen: Seen) {
        self.log.borrow_mut().seen.push(seen);
    }

    fn view(row: &Stored) -> MessageView {
        MessageView { seq: row.seq, mine: row.mine, text: row.text.clone(), at: row.at, state: row.state, life: 0 }
    }
}

impl Store for Recorder {
    fn begin(&mut self) -> Done {
        self.see(Seen::Begin);
        Ok(())
    }

    fn commit(&mut self) -> Done {
        if std::mem::take(&mut self.log.borrow_mut().refuse) {
            self.see(Seen::Refused);
            return Err(Error::NotWritable);
        }
        self.log.borrow_mut().durable = self.now.clone();
        self.see(Seen::Commit);
        Ok(())
    }

    fn rollback(&mut self) {
        self.now = self.log.borrow().durable.clone();
        self.see(Seen::Rollback);
    }

    fn load(&mut self) -> Result<Snapshot, Error> {
        let last = |handle: u32| {
            let rows = self.now.messages.iter().filter(|row| row.contact == handle);
            rows.max_by_key(|row| row.seq).map(|row| (row.message, Self::view(row)))
        };
        Ok(Snapshot {
            own_name: self.now.own_name.clone(),
            relays: self.now.relays.values().cloned().collect(),
            contacts: self.now.contacts.values().map(|row| (row.clone(), last(row.handle))).collect(),
            lost: Vec::new(),
            messages: self.now.messages.iter().map(|row| row.message).max().unwrap_or_default(),
            invites: self.now.invites.values().cloned().collect(),
            jobs: self.now.jobs.values().map(|(row, _)| row.clone()).collect(),
            ties: self.now.ties.values().map(|row| (row.clone(), None, None)).collect(),
            oldest: self.now.messages.iter().filter(|row| row.seq == 1).map(|row| (row.contact, 1)).collect(),
            shares: self.now.shares.values().cloned().collect(),
            ..Snapshot::default()
        })
    }

    fn put_own_name(&mut self, name: &Plaintext) -> Done {
        self.now.own_name = Some(name.clone());
        Ok(())
    }

    fn put_relay(&mut self, row: &RelayRow) -> Done {
        self.see(Seen::Kept(Record::Relays));
        self.now.relays.insert(row.id, row.clone());
        Ok(())
    }

    fn remove_relay(&mut self, id: u16) -> Done {
        self.now.relays.remove(&id);
        Ok(())
    }

    fn put_contact(&mut self, row: &ContactRow) -> Done {
        self.see(Seen::Kept(Record::Contact));
        self.now.contacts.insert(row.handle, row.clone());
        Ok(())
    }

    fn put_share(&mut self, row: &ShareRow) -> Done {
        self.now.shares.insert((row.contact, row.role), row.clone());
        Ok(())
    }

    fn remove_share(&mut self, contact: u32, role: ShareRole) -> Done {
        self.now.shares.remove(&(contact, role));
        Ok(())
    }

    fn put_moving(&mut self, contact: u32, moving: &Moving) -> Done {
        self.now.contacts.get_mut(&contact).ok_or(Error::Damaged)?.moving = moving.clone();
        Ok(())
    }

    fn remove_contact(&mut self, handle: u32) -> Done {
        self.now.contacts.remove(&handle);
        self.now.messages.retain(|row| row.contact != handle);
        self.now.ties.remove(&handle);
        Ok(())
    }

    fn session(&mut self, contact: u32) -> Result<Secret, Error> {
        self.now.sessions.get(&contact).cloned().ok_or(Error::Damaged)
    }

    fn put_session(&mut self, contact: u32, record: &Secret) -> Done {
        self.see(Seen::Kept(Record::Session));
        self.now.sessions.insert(contact, record.clone());
        Ok(())
    }

    fn put_invite(&mut self, row: &InviteRow) -> Done {
        self.see(Seen::Kept(Record::Invite));
        self.now.invites.insert(row.id, row.clone());
        Ok(())
    }

    fn remove_invite(&mut self, id: u32) -> Done {
        self.see(Seen::RemovedInvite(id));
        self.now.invites.remove(&id);
        Ok(())
    }

    fn add_messages(&mut self, list: &[NewMessage<'_>]) -> Done {
        for new in list {
            self.see(Seen::Kept(Record::Message));
            let NewMessage { message, contact, seq, id, mine, text, sent_at, at, state, life: _ } = *new;
            self.now.messages.push(Stored { message, contact, seq, id, mine, text: text.clone(), sent_at, at, state });
        }
        Ok(())
    }

    fn state(&mut self, message: u64) -> Result<Option<MessageState>, Error> {
        Ok(self.now.messages.iter().find(|row| row.message == message).map(|row| row.state))
    }

    fn set_state(&mut self, message: u64, state: MessageState) -> Done {
        self.see(Seen::Kept(Record::Taken));
        self.now.messages.iter_mut().filter(|row| row.message == message).for_each(|row| row.state = state);
        Ok(())
    }

    fn find_sent(&mut self, contact: u32, id: &MessageId) -> Result<Option<u64>, Error> {
        let open =
            |row: &&Stored| row.contact == contact && row.mine && row.id == *id && row.state != MessageState::Delivered;
        Ok(self.now.messages.iter().find(open).map(|row| row.message))
    }

    fn tail(&mut self, contact: u32, from: u64) -> Result<Vec<Placed>, Error> {
        let mut rows: Vec<_> =
            self.now.messages.iter().filter(|row| row.contact == contact && row.seq >= from).collect();
        rows.sort_by_key(|row| row.seq);
        let placed = |row: &Stored| Placed {
            message: row.message,
            id: row.id,
            mine: row.mine,
            sent_at: row.sent_at,
            at: row.at,
        };
        Ok(rows.into_iter().map(placed).collect())
    }

    fn place(&mut self, message: u64, seq: u64) -> Done {
        self.now.messages.iter_mut().filter(|row| row.message == message).for_each(|row| row.seq = seq);
        Ok(())
    }

    fn messages(&self, contact: u32, from: u64, to: u64) -> Result<Vec<MessageView>, Error> {
        let within = |row: &&Stored| row.contact == contact && (from..=to).contains(&row.seq);
        let mut rows: Vec<_> = self.now.messages.iter().filter(within).map(Self::view).collect();
        rows.sort_by_key(|row| row.seq);
        Ok(rows)
    }

    fn numbers(&mut self, contact: u32, from: u64, until: u64) -> Result<Vec<u64>, Error> {
        Ok(self.tail(contact, from)?.iter().zip(from..until).map(|(row, _)| row.message).collect())
    }

    fn remove_messages(&mut self, contact: u32, places: &[u64]) -> Result<Vec<(u64, MessageState)>, Error> {
        let gone = |row: &Stored| row.contact == contact && places.contains(&row.seq);
        let list = self.now.messages.iter().filter(|row| gone(row)).map(|row| (row.message, row.state)).collect();
        self.now.messages.retain(|row| !gone(row));
        Ok(list)
    }

    fn last(&mut self, contact: u32) -> Result<Option<(u64, MessageView)>, Error> {
        let rows = self.now.messages.iter().filter(|row| row.contact == contact);
        Ok(rows.max_by_key(|row| row.seq).map(|row| (row.message, Self::view(row))))
    }

    // Nobody in these conversations sets a timer.

    fn begin_received(&mut self, _: u32, _: u64) -> Done {
        Ok(())
    }

    fn begin_sent(&mut self, _: u64, _: u64) -> Done {
        Ok(())
    }

    fn dead(&mut self, _: u64) -> Result<Vec<(u32, u64)>, Error> {
        Ok(Vec::new())
    }

    fn next_death(&mut self) -> Result<Option<u64>, Error> {
        Ok(None)
    }

    fn put_timer(&mut self, _: u32, _: Timer) -> Done {
        Ok(())
    }

    fn put_age(&mut self, _: Age) -> Done {
        Ok(())
    }

    fn search(&self, _: &str, _: usize) -> Result<Vec<Found>, Error> {
        Ok(Vec::new())
    }

    fn add_job(&mut self, row: &JobRow, body: &Secret) -> Done {
        let receipt = matches!(row.what, Work::Envelope { message: 0, .. });
        self.see(Seen::Kept(if receipt { Record::Receipt } else { Record::Job }));
        self.see(Seen::Job(row.job));
        self.now.jobs.insert(row.job, (row.clone(), body.clone()));
        Ok(())
    }

    fn set_job_relays(&mut self, job: u64, relays: &[u16]) -> Done {
        if let Some((row, _)) = self.now.jobs.get_mut(&job) {
            row.relays = relays.to_vec();
        }
        Ok(())
    }

    fn remove_job(&mut self, job: u64) -> Done {
        self.now.jobs.remove(&job);
        Ok(())
    }

    fn job_body(&self, job: u64) -> Result<Secret, Error> {
        self.now.jobs.get(&job).map(|(_, body)| body.clone()).ok_or(Error::Damaged)
    }

    fn knows_event(&mut self, id: &Bytes32) -> Result<bool, Error> {
        let known = self.now.events.contains_key(&id.0);
        self.see(Seen::Asked(*id, known));
        Ok(known)
    }

    fn remember_event(&mut self, id: &Bytes32, until: u64) -> Done {
        self.see(Seen::EventId(*id));
        self.now.events.insert(id.0, until);
        Ok(())
    }

    fn forget_events(&mut self, before: u64) -> Done {
        self.now.events.retain(|_, until| *until >= before);
        Ok(())
    }

    fn put_tie(&mut self, row: &TieRow) -> Done {
        self.now.ties.insert(row.contact, row.clone());
        Ok(())
    }

    // Nothing here is restored or damaged, so no session is renewed.
    fn put_offer(&mut self, _: u32, row: Option<&OfferRow>) -> Done {
        assert!(row.is_none());
        Ok(())
    }

    fn put_next(&mut self, _: u32, row: Option<&NextRow>) -> Done {
        assert!(row.is_none());
        Ok(())
    }

    fn unreceipted(&mut self, _: u32) -> Result<Vec<Unreceipted>, Error> {
        Ok(Vec::new())
    }

    fn clear_restored(&mut self) -> Done {
        Ok(())
    }
}

struct Person {
    log: Rc<RefCell<Log>>,
    vault: Vault<Recorder>,
    queue: VecDeque<ToNet>,
    watches: BTreeSet<[u8; 32]>,
    accepted: bool,
}

struct World {
    now: Time,
    rng: StdRng,
    people: Vec<Person>,
    relay: Vec<Event>,
    transactions: usize,
    published: usize,
    refused: usize,
    invites_used: usize,
}

fn words(text: &str) -> Plaintext {
    Plaintext::new(text.into())
}

fn config() -> Config {
    Config { relays: vec![RELAY.into()], proxied: false }
}

impl World {
    fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut person = |name: &str| {
            let log = Rc::default();
            let vault = Vault::create(Recorder::open(&log), &words(name), &config(), Time(START), &mut rng);
            let vault = vault.expect("a new profile");
            Person { log, vault, queue: VecDeque::new(), watches: BTreeSet::new(), accepted: false }
        };
        let people = vec![person("Alice"), person("Bob")];
        let mut world = Self {
            now: Time(START),
            rng,
            people,
            relay: vec![],
            transactions: 0,
            published: 0,
            refused: 0,
            invites_used: 0,
        };
        (0..2).for_each(|who| world.connect(who));
        world
    }

    fn connect(&mut self, who: usize) {
        self.people[who].queue.clear();
        self.people[who].watches.clear();
        let (life, version) = (Some(1), VERSION);
        self.input(who, Input::Post(FromNet::Hello { life, version }));
        self.input(who, Input::Sign(sign::FromNet::Hello { life, version }));
    }

    /// The program ends and starts again.
    fn restart(&mut self, who: usize) {
        self.people[who].log.borrow_mut().refuse = false;
        let store = Recorder::open(&self.people[who].log);
        self.people[who].vault = Vault::open(store, &config(), self.now).expect("a profile");
        self.connect(who);
    }

    fn input(&mut self, who: usize, input: Input) {
        let person = &mut self.people[who];
        person.log.borrow_mut().seen.clear();
        let greeted = matches!(input, Input::Post(FromNet::Hello { .. }));
        let effects = person.vault.handle(input, self.now, &mut self.rng);
        let log = person.log.borrow();
        self.transactions += 1;
        self.invites_used += obeys(&log, &effects, greeted);
        self.refused += usize::from(log.seen.contains(&Seen::Refused));
        self.published += effects.iter().filter(|e| matches!(e, Effect::Post(ToNet::Publish { .. }))).count();
        drop(log);
        person.queue.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Post(packet) => Some(packet),
            _ => None,
        }));
    }

    fn net(&mut self, who: usize) {
        while let Some(packet) = self.people[who].queue.pop_front() {
            match packet {
                ToNet::Relays(relays) => {
                    for relay in relays {
                        self.input(who, Input::Post(FromNet::Relay { id: relay.id, state: RelayState::Online }));
                    }
                }
                ToNet::Watch(watch) => drop(self.people[who].watches.insert(watch.mailbox.0)),
                ToNet::Unwatch(mailbox) => drop(self.people[who].watches.remove(&mailbox.0)),
                ToNet::Publish { job, event, relays, .. } => {
                    let lost = self.rng.random_ratio(1, 5);
                    if !lost && event.kind != 5 {
                        self.relay.push(*event);
                    }
                    let verdict = || if lost { Verdict::Lost } else { Verdict::Accepted };
                    for relay in relays {
                        self.input(who, Input::Post(FromNet::Ack { job, relay, verdict: verdict() }));
                    }
                }
                ToNet::Welcome { .. } | ToNet::Reconnect => {}
            }
        }
    }

    /// The relay hands over a few events, in any order and any number of times.
    fn deliver(&mut self, who: usize) {
        for _ in 0..4 {
            if self.relay.is_empty() {
                return;
            }
            let event = self.relay[self.rng.random_range(0..self.relay.len())].clone();
            let mailbox = Bytes32::from_hex(&event.tags[0][1]).expect("a mailbox");
            if self.people[who].watches.contains(&mailbox.0) {
                self.input(who, Input::Post(FromNet::Events(vec![Delivery { event, relay: 1 }])));
            }
        }
    }

    fn step(&mut self) {
        let who = self.rng.random_range(0..2);
        let refuse = self.rng.random_ratio(1, 12);
        self.people[who].log.borrow_mut().refuse = refuse;
        match self.rng.random_range(0..10) {
            0..3 => self.net(who),
            3..6 => self.deliver(who),
            6 => self.input(who, Input::Tick),
            7 if self.rng.random_ratio(1, 6) => self.restart(who),
            8 if who == 0 && self.people[0].vault.invite_link().is_none() => {
                self.input(0, Input::Do(Action::Invite));
            }
            8 if who == 1 && !self.people[1].accepted => {
                if let Some(link) = self.people[0].vault.invite_link().cloned() {
                    self.input(1, Input::Do(Action::Accept(link)));
                    self.people[1].accepted = !self.people[1].vault.contacts().is_empty();
                }
            }
            _ => {
                if let Some(contact) = self.people[who].vault.contacts().first().map(|c| c.handle) {
                    self.input(who, Input::Do(Action::Send { contact, text: words("hello") }));
                }
            }
        }
        self.people[who].log.borrow_mut().refuse = false;
        self.now = Time(self.now.0 + self.rng.random_range(1..3_000));
    }
}

/// What of a row can be seen by a store, in order.
fn visible(on: Occasion) -> Vec<Record> {
    let row = VAULT.iter().find(|row| row.on == on).expect("a row");
    let before = row.does.iter().take_while(|deed| **deed != Deed::Commit);
    before.filter_map(|deed| if let Deed::Keep(record) = deed { Some(*record) } else { None }).collect()
}

/// Whether a transaction was as the table says; the number of invites that it used.
fn obeys(log: &Log, effects: &[Effect], greeted: bool) -> usize {
    let seen = &log.seen;
    let began = seen.iter().filter(|step| **step == Seen::Begin).count();
    assert_eq!(began, 1, "one input is one transaction: {seen:?}");
    let end = seen.iter().position(|step| matches!(step, Seen::Commit | Seen::Refused)).expect("an end");
    let committed = seen[end] == Seen::Commit;
    let (within, after) = seen.split_at(end);
    let writes = |step: &Seen| {
        matches!(step, Seen::Kept(_) | Seen::EventId(_) | Seen::Job(_) | Seen::RemovedInvite(_) | Seen::Commit)
    };
    assert!(committed || after.contains(&Seen::Rollback));
    assert!(!after.iter().skip(1).any(writes), "nothing is written past the commit: {seen:?}");
    for effect in effects {
        match effect {
            // Deed::Commit before Speech::Publish, on every occasion.
            Effect::Post(ToNet::Publish { job, .. }) => {
                assert!(committed && log.durable.jobs.contains_key(job), "published before it was stored");
            }
            Effect::Changed(Changed::Messages(_) | Changed::Incoming { .. } | Changed::Added(_)) => {
                assert!(committed, "shown before it was stored");
            }
            Effect::Post(ToNet::Relays(_) | ToNet::Watch(_) | ToNet::Unwatch(_)) => {
                assert!(committed, "net was told what is not durable");
            }
            Effect::Post(ToNet::Welcome { .. }) => assert!(greeted),
            _ => {}
        }
    }
    // An event is asked about before it is taken, and taken once.
    for (at, step) in within.iter().enumerate() {
        if let Seen::EventId(id) = step {
            assert!(within[..at].contains(&Seen::Asked(*id, false)), "taken without asking");
            assert!(!within[at + 1..].contains(step), "taken twice");
        }
    }
    // Deed::DropInvite stands with Record::Contact and Record::Session in one transaction.
    let used = within.iter().filter(|step| matches!(step, Seen::RemovedInvite(_))).count();
    let took = within.iter().any(|step| matches!(step, Seen::EventId(_)));
    if used > 0 && took {
        for record in visible(Occasion::EventOfInvite) {
            let there = match record {
                Record::EventId => took,
                record => within.contains(&Seen::Kept(record)),
            };
            assert!(there, "an invite was used without {record:?}: {seen:?}");
        }
    }
    // A text that comes in: its event, itself, what is owed for it, and the ratchet, together.
    let received = took && used == 0 && within.contains(&Seen::Kept(Record::Message));
    if received {
        for record in visible(Occasion::EventOfContact).into_iter().filter(|record| *record != Record::EventId) {
            assert!(within.contains(&Seen::Kept(record)), "a message came without {record:?}: {seen:?}");
        }
        let place = |wanted: &Seen| within.iter().position(|step| step == wanted);
        let (message, session) = (Seen::Kept(Record::Message), Seen::Kept(Record::Session));
        assert!(within.iter().position(|step| matches!(step, Seen::EventId(_))) < place(&message));
        assert!(
            place(&message) < place(&Seen::Kept(Record::Receipt))
                && place(&Seen::Kept(Record::Receipt)) < place(&session)
        );
    }
    // A text that goes out.
    if !took && within.contains(&Seen::Kept(Record::Message)) {
        let kept: Vec<Record> = within
            .iter()
            .filter_map(|step| if let Seen::Kept(record) = step { Some(*record) } else { None })
            .filter(|record| visible(Occasion::Send).contains(record))
            .collect();
        assert_eq!(kept, visible(Occasion::Send), "{seen:?}");
    }
    usize::from(committed && used > 0 && took)
}

#[test]
fn the_vault_obeys_the_table_of_its_conduct() {
    let (mut transactions, mut published, mut refused, mut used, mut read) = (0, 0, 0, 0, 0);
    for seed in 0..12 {
        let mut world = World::new(seed);
        (0..400).for_each(|_| world.step());
        transactions += world.transactions;
        published += world.published;
        refused += world.refused;
        used += world.invites_used;
        for person in &world.people {
            let messages = person.log.borrow().durable.messages.clone();
            let theirs: Vec<_> = messages.iter().filter(|row| !row.mine).map(|row| row.id).collect();
            let distinct: BTreeSet<_> = theirs.iter().collect();
            assert_eq!(distinct.len(), theirs.len(), "a message stands in a conversation twice");
            read += theirs.len();
        }
    }
    println!(
        "{transactions} transactions, {published} publications, {refused} refusals, {used} invites used, {read} messages"
    );
    // The histories are no use if nothing happens in them.
    assert!(published > 100 && refused > 20 && used > 5 && read > 50);
}
