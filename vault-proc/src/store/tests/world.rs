//! People, their devices, and one relay between them, or several.

use crate::profile::StoreKey;
use crate::profile::tests::Folder;
use crate::store::SqlStore;
use bulkhead_ipc::VERSION;
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_ipc::intent;
use bulkhead_ipc::post::{self, Delivery, Event, FromNet, RelayState, ToNet, Trouble, Verdict};
use bulkhead_vault_core::envelope::{self, Address};
use bulkhead_vault_core::{Action, Changed, Config, Effect, Input, Plaintext, Store, Time, Vault};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};

pub const RELAY: &str = "ws://127.0.0.1:7777";
/// November 2026.
pub const START: u64 = 1_795_000_000_000;

pub fn words(text: &str) -> Plaintext {
    Plaintext::new(text.into())
}

pub fn folder() -> Folder {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    Folder::new(&format!("world-{}", NEXT.fetch_add(1, Ordering::Relaxed)))
}

pub fn key(folder: &Folder) -> StoreKey {
    crate::profile::tests::quick_key(&folder.0)
}

/// One person's device: vault, store, and the net process as the relay sees it.
pub struct Person<S: Store = SqlStore> {
    pub vault: Option<Vault<S>>,
    pub folder: Folder,
    pub changes: Vec<Changed>,
    pub watches: BTreeMap<Bytes32, Vec<u16>>,
    pub relays: Vec<post::Relay>,
    /// Said by the vault, not yet acted on by net.
    pub queue: VecDeque<ToNet>,
    /// Already handed over in this connection: mailbox, event, relay.
    pub seen: BTreeSet<(Bytes32, [u8; 32], u16)>,
    pub signed: Vec<bulkhead_ipc::sign::ToNet>,
    /// From when on events of a mailbox are asked for, Unix time.
    pub sinces: BTreeMap<Bytes32, u64>,
    /// How far this device's clock is from the right time, in milliseconds.
    pub skew: i64,
}

/// An envelope, and its kind and body if anybody could open it.
pub type Recorded = (Event, Option<(u8, Vec<u8>)>);

pub struct World {
    pub now: Time,
    /// What the clock says that is never set.
    pub steady: u64,
    pub rng: StdRng,
    pub people: Vec<Person>,
    /// At [`RELAY`].
    pub stored: Vec<Event>,
    /// At other relays, by address.
    pub elsewhere: BTreeMap<String, Vec<Event>>,
    /// Relays that cannot be reached.
    pub down: BTreeSet<String>,
    /// Chance in percent that a publication or its acknowledgement is lost; that a delivery is doubled.
    pub loss: u32,
    pub shuffle: bool,
    /// What was deleted is not taken again (NIP-09).
    pub deleted: BTreeSet<String>,
    /// Whether [`World::history`] is kept.
    pub recording: bool,
    /// Envelopes that were published.
    pub history: Vec<Recorded>,
}

impl World {
    pub fn new(seed: u64, names: &[&str]) -> Self {
        let mut world = Self {
            now: Time(START),
            steady: 5_000_000,
            rng: StdRng::seed_from_u64(seed),
            people: Vec::new(),
            stored: Vec::new(),
            elsewhere: BTreeMap::new(),
            down: BTreeSet::new(),
            loss: 0,
            shuffle: false,
            deleted: BTreeSet::new(),
            recording: false,
            history: Vec::new(),
        };
        for name in names {
            let folder = folder();
            let store = SqlStore::create(&folder.0, &key(&folder)).unwrap();
            let vault = Vault::create(store, &words(name), &config(), world.now, &mut world.rng).unwrap();
            world.people.push(Person {
                vault: Some(vault),
                folder,
                changes: Vec::new(),
                watches: BTreeMap::new(),
                relays: Vec::new(),
                queue: VecDeque::new(),
                seen: BTreeSet::new(),
                signed: Vec::new(),
                sinces: BTreeMap::new(),
                skew: 0,
            });
        }
        (0..names.len()).for_each(|who| world.connect(who));
        world
    }

    pub fn vault(&self, who: usize) -> &Vault<SqlStore> {
        self.people[who].vault.as_ref().unwrap()
    }

    pub fn input(&mut self, who: usize, input: Input) {
        self.inputs(who, vec![input]);
    }

    pub fn inputs(&mut self, who: usize, inputs: Vec<Input>) {
        let now = self.clock(who);
        let person = &mut self.people[who];
        let effects = person.vault.as_mut().unwrap().handle_all(inputs, now, &mut self.rng);
        for effect in effects {
            match effect {
                Effect::Post(packet) => {
                    bulkhead_ipc::cbor::encode(&packet).unwrap();
                    person.queue.push_back(packet);
                }
                Effect::Sign(packet) => person.signed.push(packet),
                Effect::Changed(changed) => person.changes.push(changed),
            }
        }
    }

    /// What time it is, as somebody's device says.
    pub fn clock(&self, who: usize) -> Time {
        Time(self.now.0.saturating_add_signed(self.people[who].skew))
    }

    /// Whether the relay takes an event at this time, as most do: not expired, not from the future.
    fn timely(&self, event: &Event) -> bool {
        let expires = event.tags.iter().find(|tag| tag[0] == "expiration").and_then(|tag| tag[1].parse::<u64>().ok());
        let now = self.now.seconds();
        expires.is_none_or(|at| at > now) && event.created_at < now + 86_400
    }

    pub fn act(&mut self, who: usize, action: Action) {
        self.input(who, Input::Do(action));
    }

    pub fn say(&mut self, who: usize, contact: u32, text: &str) {
        self.act(who, Action::Send { contact, text: words(text) });
    }

    /// A fresh net process.
    pub fn connect(&mut self, who: usize) {
        let person = &mut self.people[who];
        person.queue.clear();
        person.watches.clear();
        person.relays.clear();
        person.seen.clear();
        self.input(who, Input::Post(FromNet::Hello { life: Some(1), version: VERSION }));
        self.input(who, Input::Sign(bulkhead_ipc::sign::FromNet::Hello { life: Some(1), version: VERSION }));
    }

    /// The program ends at once and starts again: what is not durable is gone.
    pub fn restart(&mut self, who: usize) {
        let person = &mut self.people[who];
        person.vault = None;
        let store = SqlStore::open(&person.folder.0, &key(&person.folder)).unwrap();
        let now = Time(self.now.0.saturating_add_signed(person.skew));
        person.vault = Some(Vault::open(store, &Config::default(), now).unwrap());
        self.connect(who);
    }

    /// A copy of somebody's folder, as it is now.
    pub fn copy(&mut self, who: usize) -> Folder {
        self.people[who].vault = None;
        let copy = folder();
        copy_files(&self.people[who].folder.0, &copy.0);
        self.restart(who);
        copy
    }

    /// Somebody's folder is replaced by an older copy of it, and the program started.
    pub fn put_back(&mut self, who: usize, copy: &Folder, restored: bool) {
        let person = &mut self.people[who];
        person.vault = None;
        std::fs::remove_dir_all(&person.folder.0).unwrap();
        std::fs::create_dir_all(&person.folder.0).unwrap();
        copy_files(&copy.0, &person.folder.0);
        if restored {
            SqlStore::open(&person.folder.0, &key(&person.folder)).unwrap().mark_restored().unwrap();
        }
        self.restart(who);
    }

    fn lost(&mut self) -> bool {
        self.rng.random_range(0..100) < self.loss
    }

    /// net does what the vault said.
    pub fn net(&mut self, who: usize) {
        while let Some(packet) = self.people[who].queue.pop_front() {
            match packet {
                ToNet::Relays(relays) => {
                    self.people[who].relays.clone_from(&relays);
                    for relay in relays {
                        let down = self.down.contains(&relay.url);
                        let state = if down { RelayState::Offline(Trouble::Unreachable) } else { RelayState::Online };
                        self.input(who, Input::Post(FromNet::Relay { id: relay.id, state }));
                    }
                }
                ToNet::Watch(watch) => {
                    self.people[who].sinces.insert(watch.mailbox, watch.since);
                    self.people[who].watches.insert(watch.mailbox, watch.relays);
                }
                ToNet::Unwatch(mailbox) => {
                    let person = &mut self.people[who];
                    person.watches.remove(&mailbox);
                    person.seen.retain(|(m, ..)| *m != mailbox);
                }
                ToNet::Publish { job, event, relays, .. } => {
                    let timely = self.timely(&event);
                    for relay in relays {
                        let url = self.url(who, relay);
                        let lost = self.lost() || self.down.contains(&url);
                        if !lost && timely {
                            self.publish_at(&url, (*event).clone());
                        }
                        let verdict = if lost {
                            Verdict::Lost
                        } else if !timely {
                            Verdict::Refused("invalid: too early or too late".into())
                        } else if self.lost() {
                            Verdict::Lost
                        } else {
                            Verdict::Accepted
                        };
                        self.input(who, Input::Post(FromNet::Ack { job, relay, verdict }));
                    }
                }
                ToNet::Welcome { .. } | ToNet::Reconnect => {}
            }
        }
    }

    /// The address behind a person's number of a relay; nothing answers for one that is not known any more.
    fn url(&self, who: usize, relay: u16) -> String {
        self.people[who].relays.iter().find(|r| r.id == relay).map_or_else(String::new, |r| r.url.clone())
    }

    /// What a relay has.
    pub fn at(&mut self, url: &str) -> &mut Vec<Event> {
        if url == RELAY { &mut self.stored } else { self.elsewhere.entry(url.to_owned()).or_default() }
    }

    /// Keeps what is published, opened with the seals of this moment.
    fn record(&mut self, event: &Event) {
        if !self.recording || event.kind != 1059 {
            return;
        }
        let mailbox = Bytes32::from_hex(&event.tags[0][1]).unwrap();
        let sealed = envelope::sealed_bytes(&event.content).unwrap();
        let vaults = self.people.iter().filter_map(|person| person.vault.as_ref());
        let mut seals = vaults.flat_map(|vault| vault.store().seals());
        let opened = seals.find_map(|seal| envelope::open(&Address { mailbox: &mailbox, seal: &seal }, &sealed));
        self.history.push((event.clone(), opened));
    }

    /// A relay takes an event.
    pub fn publish_at(&mut self, url: &str, event: Event) {
        self.record(&event);
        let id = if event.kind == 5 { event.tags[0][1].clone() } else { event.id.to_hex() };
        let name = format!("{url} {id}");
        let deleted = self.deleted.contains(&name);
        let stored = self.at(url);
        if event.kind != 5 {
            if !deleted && stored.iter().all(|e| e.id != event.id) {
                stored.push(event);
            }
            return;
        }
        let before = stored.len();
        stored.retain(|e| e.id.to_hex() != id || e.pubkey != event.pubkey);
        if stored.len() < before {
            self.deleted.insert(name);
        }
    }

    /// Events past their time are gone from all relays.
    pub fn expire(&mut self) {
        let now = self.now.seconds();
        let fresh = |event: &Event| event.tags[1][1].parse::<u64>().unwrap() > now;
        self.stored.retain(fresh);
        self.elsewhere.values_mut().for_each(|events| events.retain(fresh));
    }

    /// The relays hand over what they have for the mailboxes that are watched there.
    pub fn deliver(&mut self, who: usize) {
        let mut list = Vec::new();
        for relay in self.people[who].relays.clone() {
            if self.down.contains(&relay.url) {
                continue;
            }
            for event in self.at(&relay.url).clone() {
                let mailbox = Bytes32::from_hex(&event.tags[0][1]).unwrap();
                let person = &mut self.people[who];
                let watched = person.watches.get(&mailbox).is_some_and(|relays| relays.contains(&relay.id));
                let asked = watched && event.created_at >= person.sinces[&mailbox];
                if asked && person.seen.insert((mailbox, event.id.0, relay.id)) {
                    list.push(Delivery { event, relay: relay.id });
                }
            }
        }
        if self.loss > 0 {
            let doubled: Vec<_> = list.iter().filter(|_| self.rng.random_bool(0.3)).cloned().collect();
            list.extend(doubled);
        }
        if self.shuffle {
            for i in (1..list.len()).rev() {
                let other = self.rng.random_range(0..=i);
                list.swap(i, other);
            }
        }
        for part in list.chunks(64) {
            self.input(who, Input::Post(FromNet::Events(part.to_vec())));
        }
        for (mailbox, relays) in self.people[who].watches.clone() {
            for relay in relays {
                if !self.down.contains(&self.url(who, relay)) {
                    self.input(who, Input::Post(FromNet::Stored { relay, mailbox }));
                }
            }
        }
    }

    /// Everybody's net works and a second passes, often enough for everything to settle.
    pub fn settle(&mut self) {
        for _ in 0..8 {
            self.round();
        }
    }

    pub fn round(&mut self) {
        for who in 0..self.people.len() {
            self.net(who);
            self.deliver(who);
            self.net(who);
            self.tick(who);
        }
        self.pass(1000);
    }

    pub fn tick(&mut self, who: usize) {
        self.inputs(who, vec![Input::Steady(self.steady), Input::Tick]);
    }

    pub fn pass(&mut self, milliseconds: u64) {
        self.steady += milliseconds;
        self.now = Time(self.now.0 + milliseconds);
    }

    pub fn invite(&mut self, who: usize) -> String {
        self.act(who, Action::Invite);
        self.settle();
        assert_eq!(self.vault(who).invite(), intent::Invite::Ready);
        self.vault(who).invite_link().unwrap().as_str().to_owned()
    }

    pub fn accept(&mut self, who: usize, link: &str) -> intent::Accept {
        self.act(who, Action::Accept(words(link)));
        self.settle();
        self.last_accept(who)
    }

    pub fn last_accept(&self, who: usize) -> intent::Accept {
        let accepts = self.people[who].changes.iter().rev().find_map(|c| match c {
            Changed::Accept(accept) => Some(*accept),
            _ => None,
        });
        accepts.unwrap_or(intent::Accept::Idle)
    }

    /// Two people who are contacts: each other's contact 1.
    pub fn pair(seed: u64) -> Self {
        let mut world = Self::new(seed, &["Alice", "Bob"]);
        let link = world.invite(0);
        assert_eq!(world.accept(1, &link), intent::Accept::Done { handle: 1 });
        world
    }

    pub fn texts(&self, who: usize, contact: u32) -> Vec<String> {
        let vault = self.vault(who);
        let messages = vault.messages(contact, 1..=vault.newest(contact)).unwrap();
        assert!(messages.iter().map(|m| m.seq).eq(vault.oldest(contact).max(1)..=vault.newest(contact)));
        messages.iter().map(|m| m.text.as_str().to_owned()).collect()
    }

    pub fn noticed(&self, who: usize, notice: intent::Notice) -> usize {
        self.people[who].changes.iter().filter(|c| **c == Changed::Notice(notice)).count()
    }
}

fn copy_files(from: &std::path::Path, to: &std::path::Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

pub fn config() -> Config {
    Config { relays: vec![RELAY.into()], proxied: false }
}
