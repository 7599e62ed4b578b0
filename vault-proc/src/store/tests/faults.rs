//! The store fails at every single operation of a conversation, once.

use super::world::{RELAY, START, folder, words};
use crate::profile::tests::{Folder, quick_key};
use crate::store::SqlStore;
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_ipc::intent;
use bulkhead_ipc::post::{Delivery, Event, FromNet, RelayState, ToNet, Verdict};
use bulkhead_vault_core::content::MessageId;
use bulkhead_vault_core::store::{
    Age, ContactRow, Found, InviteRow, JobRow, Moving, NewMessage, NextRow, OfferRow, Placed, RelayRow, ShareRole,
    ShareRow, Snapshot, Store, TieRow, Timer, Unreceipted,
};
use bulkhead_vault_core::{
    Action, Changed, Config, Effect, Error, Input, MessageState, MessageView, Plaintext, Secret, Time, Vault,
};
use rand::SeedableRng;
use rand::rngs::StdRng;
use std::cell::Cell;
use std::rc::Rc;

type Done = Result<(), Error>;

#[derive(Default)]
struct Fault {
    /// Operations until the one that fails.
    left: Cell<Option<u32>>,
    committed: Cell<bool>,
}

/// A store that fails when it is told to.
struct Faulty {
    inner: SqlStore,
    fault: Rc<Fault>,
}

impl Faulty {
    fn count(&self) -> Done {
        match self.fault.left.get() {
            Some(0) => {
                self.fault.left.set(None);
                Err(Error::NotWritable)
            }
            left => {
                self.fault.left.set(left.map(|n| n - 1));
                Ok(())
            }
        }
    }
}

impl Store for Faulty {
    fn begin(&mut self) -> Done {
        self.count()?;
        self.inner.begin()
    }

    fn commit(&mut self) -> Done {
        self.count()?;
        self.inner.commit()?;
        self.fault.committed.set(true);
        Ok(())
    }

    fn rollback(&mut self) {
        self.inner.rollback();
    }

    fn load(&mut self) -> Result<Snapshot, Error> {
        self.count()?;
        self.inner.load()
    }

    fn put_own_name(&mut self, name: &Plaintext) -> Done {
        self.count()?;
        self.inner.put_own_name(name)
    }

    fn put_relay(&mut self, row: &RelayRow) -> Done {
        self.count()?;
        self.inner.put_relay(row)
    }

    fn remove_relay(&mut self, id: u16) -> Done {
        self.count()?;
        self.inner.remove_relay(id)
    }

    fn put_contact(&mut self, row: &ContactRow) -> Done {
        self.count()?;
        self.inner.put_contact(row)
    }

    fn put_share(&mut self, row: &ShareRow) -> Done {
        self.count()?;
        self.inner.put_share(row)
    }

    fn remove_share(&mut self, contact: u32, role: ShareRole) -> Done {
        self.count()?;
        self.inner.remove_share(contact, role)
    }

    fn put_moving(&mut self, contact: u32, moving: &Moving) -> Done {
        self.count()?;
        self.inner.put_moving(contact, moving)
    }

    fn remove_contact(&mut self, handle: u32) -> Done {
        self.count()?;
        self.inner.remove_contact(handle)
    }

    fn session(&mut self, contact: u32) -> Result<Secret, Error> {
        self.count()?;
        self.inner.session(contact)
    }

    fn put_session(&mut self, contact: u32, record: &Secret) -> Done {
        self.count()?;
        self.inner.put_session(contact, record)
    }

    fn put_invite(&mut self, row: &InviteRow) -> Done {
        self.count()?;
        self.inner.put_invite(row)
    }

    fn remove_invite(&mut self, id: u32) -> Done {
        self.count()?;
        self.inner.remove_invite(id)
    }

    fn add_messages(&mut self, messages: &[NewMessage<'_>]) -> Done {
        self.count()?;
        self.inner.add_messages(messages)
    }

    fn state(&mut self, message: u64) -> Result<Option<MessageState>, Error> {
        self.count()?;
        self.inner.state(message)
    }

    fn set_state(&mut self, message: u64, state: MessageState) -> Done {
        self.count()?;
        self.inner.set_state(message, state)
    }

    fn find_sent(&mut self, contact: u32, id: &MessageId) -> Result<Option<u64>, Error> {
        self.count()?;
        self.inner.find_sent(contact, id)
    }

    fn tail(&mut self, contact: u32, from: u64) -> Result<Vec<Placed>, Error> {
        self.count()?;
        self.inner.tail(contact, from)
    }

    fn numbers(&mut self, contact: u32, from: u64, until: u64) -> Result<Vec<u64>, Error> {
        self.count()?;
        self.inner.numbers(contact, from, until)
    }

    fn place(&mut self, message: u64, seq: u64) -> Done {
        self.count()?;
        self.inner.place(message, seq)
    }

    fn messages(&self, contact: u32, from: u64, to: u64) -> Result<Vec<MessageView>, Error> {
        self.count()?;
        self.inner.messages(contact, from, to)
    }

    fn remove_messages(&mut self, contact: u32, places: &[u64]) -> Result<Vec<(u64, MessageState)>, Error> {
        self.count()?;
        self.inner.remove_messages(contact, places)
    }

    fn last(&mut self, contact: u32) -> Result<Option<(u64, MessageView)>, Error> {
        self.count()?;
        self.inner.last(contact)
    }

    fn begin_received(&mut self, contact: u32, lived: u64) -> Done {
        self.count()?;
        self.inner.begin_received(contact, lived)
    }

    fn begin_sent(&mut self, message: u64, lived: u64) -> Done {
        self.count()?;
        self.inner.begin_sent(message, lived)
    }

    fn dead(&mut self, lived: u64) -> Result<Vec<(u32, u64)>, Error> {
        self.count()?;
        self.inner.dead(lived)
    }

    fn next_death(&mut self) -> Result<Option<u64>, Error> {
        self.count()?;
        self.inner.next_death()
    }

    fn put_timer(&mut self, contact: u32, timer: Timer) -> Done {
        self.count()?;
        self.inner.put_timer(contact, timer)
    }

    fn put_age(&mut self, age: Age) -> Done {
        self.count()?;
        self.inner.put_age(age)
    }

    fn search(&self, words: &str, limit: usize) -> Result<Vec<Found>, Error> {
        self.count()?;
        self.inner.search(words, limit)
    }

    fn add_job(&mut self, row: &JobRow, body: &Secret) -> Done {
        self.count()?;
        self.inner.add_job(row, body)
    }

    fn set_job_relays(&mut self, job: u64, relays: &[u16]) -> Done {
        self.count()?;
        self.inner.set_job_relays(job, relays)
    }

    fn remove_job(&mut self, job: u64) -> Done {
        self.count()?;
        self.inner.remove_job(job)
    }

    fn job_body(&self, job: u64) -> Result<Secret, Error> {
        self.count()?;
        self.inner.job_body(job)
    }

    fn knows_event(&mut self, id: &Bytes32) -> Result<bool, Error> {
        self.count()?;
        self.inner.knows_event(id)
    }

    fn remember_event(&mut self, id: &Bytes32, until: u64) -> Done {
        self.count()?;
        self.inner.remember_event(id, until)
    }

    fn forget_events(&mut self, before: u64) -> Done {
        self.count()?;
        self.inner.forget_events(before)
    }

    fn put_tie(&mut self, row: &TieRow) -> Done {
        self.count()?;
        self.inner.put_tie(row)
    }

    fn put_offer(&mut self, contact: u32, row: Option<&OfferRow>) -> Done {
        self.count()?;
        self.inner.put_offer(contact, row)
    }

    fn put_next(&mut self, contact: u32, row: Option<&NextRow>) -> Done {
        self.count()?;
        self.inner.put_next(contact, row)
    }

    fn unreceipted(&mut self, contact: u32) -> Result<Vec<Unreceipted>, Error> {
        self.count()?;
        self.inner.unreceipted(contact)
    }

    fn clear_restored(&mut self) -> Done {
        self.count()?;
        self.inner.clear_restored()
    }
}

struct Device {
    vault: Vault<Faulty>,
    fault: Rc<Fault>,
    folder: Folder,
    now: Time,
    rng: StdRng,
    /// What left, oldest first.
    sent: Vec<Event>,
    changes: Vec<Changed>,
    failures: u32,
}

/// All that can be seen of a vault.
fn seen<S: Store>(vault: &Vault<S>) -> String {
    let mut out = vault.own_name().as_str().to_owned();
    out.extend(vault.invite_link().map(Plaintext::as_str));
    for relay in vault.relays() {
        out += &format!("\n{} {} {}", relay.id, relay.url, relay.own);
    }
    for c in vault.contacts() {
        let preview = c.preview.as_ref().map(|p| (p.text.as_str(), p.mine, p.at, p.state));
        let name = c.name.as_str();
        out += &format!("\n{} {name} {} {} {} {:?} {preview:?}", c.handle, c.unread, c.waiting, c.verified, c.added);
        out += &vault.safety_number(c.handle).unwrap().digits;
        out.extend(vault.draft(c.handle).map(Plaintext::as_str));
        for m in vault.messages(c.handle, 0..=u64::MAX).unwrap() {
            out += &format!("\n  {} {} {} {:?} {:?}", m.seq, m.mine, m.text.as_str(), m.at, m.state);
        }
    }
    for hit in vault.search("text", 100).unwrap() {
        out += &format!("\nhit {} {}", hit.contact, hit.seq);
    }
    out
}

impl Device {
    fn new(name: &str, seed: u64) -> Self {
        let (folder, mut rng, fault) = (folder(), StdRng::seed_from_u64(seed), Rc::new(Fault::default()));
        let inner = SqlStore::create(&folder.0, &quick_key(&folder.0)).unwrap();
        let store = Faulty { inner, fault: fault.clone() };
        let config = Config { relays: vec![RELAY.into()], proxied: false };
        let vault = Vault::create(store, &words(name), &config, Time(START), &mut rng).unwrap();
        let (sent, changes) = (Vec::new(), Vec::new());
        let mut device = Self { vault, fault, folder, now: Time(START), rng, sent, changes, failures: 0 };
        device.does(&|| vec![Input::Post(FromNet::Hello { life: Some(1), version: bulkhead_ipc::VERSION })]);
        device.does(&|| vec![Input::Post(FromNet::Relay { id: 1, state: RelayState::Online })]);
        device
    }

    /// What a program sees that starts now with what is on the disk.
    fn reloaded(&self) -> String {
        let copy = folder();
        for file in ["store.db", "store.db-wal"] {
            std::fs::copy(self.folder.0.join(file), copy.0.join(file)).unwrap();
        }
        let store = SqlStore::open(&copy.0, &quick_key(&copy.0)).unwrap();
        seen(&Vault::open(store, &Config::default(), self.now).unwrap())
    }

    /// Tries with the fault at the first operation, at the second, and so on, until it does not come any more.
    fn does(&mut self, inputs: &dyn Fn() -> Vec<Input>) {
        let mut jobs = Vec::new();
        let user = inputs().iter().any(|input| matches!(input, Input::Do(_)));
        for n in 0.. {
            self.fault.left.set(Some(n));
            self.fault.committed.set(false);
            let effects = self.vault.handle_all(inputs(), self.now, &mut self.rng);
            let (failed, committed) = (self.fault.left.take().is_none(), self.fault.committed.get());
            for effect in effects {
                match effect {
                    Effect::Post(ToNet::Publish { job, event, relays, .. }) => {
                        assert!(committed, "published although nothing is stored");
                        self.sent.push(*event);
                        jobs.extend(relays.into_iter().map(|relay| (job, relay)));
                    }
                    Effect::Post(ToNet::Welcome { .. }) => {}
                    Effect::Post(_) | Effect::Sign(_) => assert!(committed, "told net although nothing is stored"),
                    Effect::Changed(changed) => {
                        let refused = changed == Changed::Notice(intent::Notice::StoreNotWritable);
                        assert!(!(refused && committed && user), "what is stored is not called refused");
                        self.changes.push(changed);
                    }
                }
            }
            if failed {
                self.failures += 1;
                assert_eq!(seen(&self.vault), self.reloaded(), "operation {n}");
            }
            if !failed || committed {
                break;
            }
        }
        // What a failure after the commit held up leaves with the next tick.
        for _ in 0..2 {
            for effect in self.vault.handle(Input::Tick, self.now, &mut self.rng) {
                if let Effect::Post(ToNet::Publish { job, event, relays, .. }) = effect {
                    self.sent.push(*event);
                    jobs.extend(relays.into_iter().map(|relay| (job, relay)));
                }
            }
        }
        for (job, relay) in jobs {
            self.does(&|| vec![Input::Post(FromNet::Ack { job, relay, verdict: Verdict::Accepted })]);
        }
    }

    fn acts(&mut self, action: impl Fn() -> Action) {
        self.does(&|| vec![Input::Do(action())]);
    }

    /// Not the first number: those of failed attempts are not used again.
    fn contact(&self) -> u32 {
        self.vault.contacts()[0].handle
    }

    fn says(&mut self, text: &str) {
        let contact = self.contact();
        self.acts(|| Action::Send { contact, text: words(text) });
    }

    fn hears(&mut self, events: &[Event]) {
        let list = || events.iter().map(|event| Delivery { event: event.clone(), relay: 1 }).collect();
        self.does(&|| vec![Input::Post(FromNet::Events(list()))]);
    }

    /// The envelopes that left since the last call.
    fn envelopes(&mut self) -> Vec<Event> {
        let mut events = std::mem::take(&mut self.sent);
        events.retain(|event| event.kind == 1059);
        events
    }
}

#[test]
fn store_that_fails_at_any_operation_leaves_memory_as_it_is_on_disk_and_nothing_escapes() {
    let (mut alice, mut bob) = (Device::new("Alice", 700), Device::new("Bob", 701));
    alice.acts(|| Action::Invite);
    let bundle = alice.envelopes();
    let link = alice.vault.invite_link().unwrap().as_str().to_owned();
    // In one transaction, as a failure gives up the search for the bundle.
    bob.does(&|| {
        let event = bundle[0].clone();
        vec![Input::Do(Action::Accept(words(&link))), Input::Post(FromNet::Events(vec![Delivery { event, relay: 1 }]))]
    });
    bob.says("text before the answer");
    let mut first = bob.envelopes();
    first.reverse();
    alice.hears(&first);
    bob.hears(&alice.envelopes());
    assert!(bob.vault.contacts().iter().all(|c| !c.waiting));

    let (at_alice, at_bob) = (alice.contact(), bob.contact());
    alice.acts(|| Action::SaveDraft { contact: at_alice, text: words("text to") });
    for n in 0..5 {
        alice.says(&format!("text {n}"));
    }
    let mut events = alice.envelopes();
    assert_eq!(events.len(), 5);
    events.reverse();
    bob.hears(&events[..3]);
    bob.says("text of mine");
    bob.hears(&events[3..]);
    alice.hears(&bob.envelopes());
    alice.hears(&events);

    bob.acts(|| Action::Read(at_bob));
    bob.acts(|| Action::Verified { contact: at_bob, verified: true });
    bob.acts(|| Action::Rename { contact: at_bob, name: words("A.") });
    bob.acts(|| Action::OwnName(words("B.")));
    bob.acts(|| Action::AddRelay("ws://127.0.0.1:7778".into()));
    bob.acts(|| Action::RemoveRelay(2));
    alice.says("text that nobody reads");
    alice.now = Time(START + 22 * 86_400_000);
    alice.does(&|| vec![Input::Tick]);

    let texts = |device: &Device| {
        let messages = device.vault.messages(device.contact(), 1..=9).unwrap();
        messages.iter().map(|m| m.text.as_str().to_owned()).collect::<Vec<_>>()
    };
    let before = "text before the answer";
    assert_eq!(texts(&bob), [before, "text 0", "text 1", "text 2", "text 3", "text 4", "text of mine"]);
    let expected = [before, "text 0", "text 1", "text 2", "text 3", "text 4", "text of mine", "text that nobody reads"];
    assert_eq!(texts(&alice), expected);
    let states = alice.vault.messages(at_alice, 2..=6).unwrap();
    assert!(states.iter().all(|m| m.state == MessageState::Delivered));
    bob.acts(|| Action::Delete(at_bob));
    assert!(bob.vault.contacts().is_empty());
    assert!(alice.failures + bob.failures > 250, "{}", alice.failures + bob.failures);
}
