//! Measures what the vault promises: medians of several rounds, and ratios within one run.
//!
//! `cargo run --release -p bulkhead-vault --example bench_store`

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

// What is freed is wiped here too, by libsignal alone as well as by the vault.
#[allow(dead_code)]
#[path = "../src/wiping.rs"]
mod wiping;

use bulkhead_ipc::post::{Delivery, Event, FromNet, RelayState, ToNet, Trouble, Verdict};
use bulkhead_vault::{profile, store::SqlStore};
use bulkhead_vault_core::content::{self, Body, Content, Hello};
use bulkhead_vault_core::event::{Curve, Unverified};
use bulkhead_vault_core::invite::Bundle;
use bulkhead_vault_core::session::{self, Own, PREKEY_ID, Session};
use bulkhead_vault_core::store::{NewMessage, Store};
use bulkhead_vault_core::{
    Action, Config, Effect, Input, Key, MessageState, Passphrase, Plaintext, Secret, Time, Vault,
};
use nix::time::{ClockId, clock_gettime};
use std::path::PathBuf;
use std::time::Instant;

const BATCH: usize = 100;
const ROUNDS: usize = 25;

fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Time(u64::try_from(since.as_millis()).unwrap())
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// Microseconds that `work` takes.
fn timed<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let result = work();
    (start.elapsed().as_secs_f64() * 1e6, result)
}

/// Microseconds until something was done, and of those the ones that this thread computed: a slow disk, and others
/// who want the processor, change only the first.
#[derive(Clone, Copy)]
struct Cost {
    time: f64,
    work: f64,
}

impl Cost {
    fn each(self, count: usize) -> Self {
        Self { time: self.time / count as f64, work: self.work / count as f64 }
    }

    fn without(self, part: Self) -> Self {
        Self { time: self.time - part.time, work: self.work - part.work }
    }
}

/// The processor's time of this thread, exact to the call. (`/proc` has it as of the last timer tick, up to 4 ms ago.)
fn computed() -> f64 {
    let time = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap();
    time.tv_sec() as f64 * 1e6 + time.tv_nsec() as f64 / 1e3
}

fn weighed<T>(work: impl FnOnce() -> T) -> (Cost, T) {
    let before = computed();
    let (time, result) = timed(work);
    (Cost { time, work: computed() - before }, result)
}

struct Device {
    folder: PathBuf,
    key: profile::StoreKey,
    vault: Option<Vault<SqlStore>>,
}

fn device(name: &str) -> Device {
    let folder = std::env::current_dir().unwrap().join("target").join(format!("bench-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let key = profile::create(&folder, &Passphrase::new("benchmark".into())).unwrap();
    let store = SqlStore::create(&folder, &key).unwrap();
    let config = Config { relays: vec!["ws://127.0.0.1:1".into()], proxied: false };
    let vault = Vault::create(store, &Plaintext::new(name.into()), &config, now(), &mut rand::rng()).unwrap();
    Device { folder, key, vault: Some(vault) }
}

impl Device {
    fn take(&mut self, inputs: Vec<Input>) -> Vec<Effect> {
        self.vault.as_mut().unwrap().handle_all(inputs, now(), &mut rand::rng())
    }

    /// A net process that takes everything at once; returns what was published.
    fn connect(&mut self) -> Vec<Event> {
        let mut published = Vec::new();
        let hello = FromNet::Hello { life: Some(1), version: bulkhead_ipc::VERSION };
        let mut inputs = vec![hello, FromNet::Relay { id: 1, state: RelayState::Online }];
        while !inputs.is_empty() {
            let effects = self.take(inputs.drain(..).map(Input::Post).collect());
            for effect in effects {
                if let Effect::Post(ToNet::Publish { job, event, relays, .. }) = effect {
                    published.push(*event);
                    inputs.extend(relays.iter().map(|r| FromNet::Ack { job, relay: *r, verdict: Verdict::Accepted }));
                }
            }
        }
        published.retain(|event| event.kind == 1059);
        published
    }

    /// A net process whose relay is away: nothing is published, so what is measured is libsignal and the commit.
    fn quiet(&mut self) {
        let state = RelayState::Offline(Trouble::Unreachable);
        let hello = FromNet::Hello { life: Some(1), version: bulkhead_ipc::VERSION };
        self.take(vec![Input::Post(hello), Input::Post(FromNet::Relay { id: 1, state })]);
    }

    fn deliver(&mut self, events: &[Event]) -> Vec<Effect> {
        let list = events.iter().map(|event| Delivery { event: event.clone(), relay: 1 }).collect();
        self.take(vec![Input::Post(FromNet::Events(list))])
    }
}

fn sends(count: usize) -> Vec<Input> {
    let text = || Plaintext::new("A message of ordinary length, as people write them all day long.".into());
    (0..count).map(|_| Input::Do(Action::Send { contact: 1, text: text() })).collect()
}

fn main() {
    bulkhead_secrets::reserve();
    let (mut alice, mut bob) = (device("alice"), device("bob"));
    alice.take(vec![Input::Do(Action::Invite)]);
    let bundle = alice.connect();
    let link = alice.vault.as_ref().unwrap().invite_link().unwrap().clone();
    bob.take(vec![
        Input::Post(FromNet::Hello { life: Some(1), version: bulkhead_ipc::VERSION }),
        Input::Do(Action::Accept(link)),
    ]);
    bob.deliver(&bundle);
    let hello = bob.connect();
    alice.deliver(&hello);
    let receipt = alice.connect();
    bob.deliver(&receipt);

    let mut bare = Bare::new();
    let mut rows = Vec::new();
    let curve = Curve::new();
    for _ in 0..ROUNDS {
        // Side by side, so that a busy machine slows both; once before, so that libsignal alone finds warm caches.
        bare.round();
        let (encrypt, decrypt) = bare.round();
        alice.quiet();
        let (sent, _) = weighed(|| alice.take(sends(BATCH)));
        let events = alice.connect();
        let copies: Vec<_> = events.iter().cloned().map(Unverified).collect();
        let (check, _) = weighed(|| copies.into_iter().filter_map(|e| curve.verify(e)).count());
        bob.quiet();
        let delivery = |event: &Event| Delivery { event: event.clone(), relay: 1 };
        let parts = events.chunks(64).map(|part| Input::Post(FromNet::Events(part.iter().map(delivery).collect())));
        let parts: Vec<_> = parts.collect();
        let (received, _) = weighed(|| bob.take(parts));
        alice.deliver(&bob.connect());
        let [encrypt, decrypt, sent, received, check] =
            [encrypt, decrypt, sent, received, check].map(|cost| cost.each(BATCH));
        rows.push(Row { encrypt, decrypt, sent, received, check });
    }
    println!(
        "medians of {ROUNDS} rounds of {BATCH} messages, µs per message; in brackets the vault's speed as a part of libsignal's alone in the same round"
    );
    println!("{:44}{:>22}{:>22}", "", "until done", "computing");
    let whole = |name: &str, of: fn(&Row) -> Cost| {
        let of = |pick: fn(Cost) -> f64| median(rows.iter().map(|row| pick(of(row))).collect());
        println!("{name:44}{:>22.1}{:>22.1}", of(|cost| cost.time), of(|cost| cost.work));
    };
    let part = |name: &str, of: fn(&Row) -> (Cost, Cost)| {
        let of = |pick: fn(Cost) -> f64| {
            let pairs = rows.iter().map(of).map(|(alone, cost)| (pick(alone), pick(cost)));
            let (costs, ratios) = pairs.map(|(alone, cost)| (cost, alone / cost)).unzip();
            format!("{:.1} ({:.2})", median(costs), median(ratios))
        };
        println!("{name:44}{:>22}{:>22}", of(|cost| cost.time), of(|cost| cost.work));
    };
    whole("libsignal alone, in memory: encrypt", |row| row.encrypt);
    whole("libsignal alone, in memory: decrypt", |row| row.decrypt);
    whole("identifier and signature: check", |row| row.check);
    part("vault: encrypt and commit", |row| (row.encrypt, row.sent));
    part("vault: decrypt and commit, without check", |row| (row.decrypt, row.received.without(row.check)));
    part("vault: decrypt and commit, with check", |row| (row.decrypt, row.received));

    alice.take(sends(500));
    let waiting = alice.connect();
    restart(&mut bob);
    bob.connect();
    let (time, _) = timed(|| waiting.chunks(64).for_each(|part| drop(bob.deliver(part))));
    println!("{} waiting messages stored in {:.0} ms", waiting.len(), time / 1000.0);

    fill(&mut alice, 100_000);
    let vault = alice.vault.as_ref().unwrap();
    let newest = vault.newest(1);
    let page = |from: u64| timed(|| vault.messages(1, from..=from + 49).unwrap().len()).0;
    let first = page(newest - 49);
    let scattered = median((0..200).map(|n| page(1 + n * 499)).collect());
    println!("conversation of {newest}: first page {:.2} ms, any page {:.2} ms", first / 1000.0, scattered / 1000.0);
    let (time, hits) = timed(|| vault.search("ordinary leng", 50).unwrap().len());
    println!("search with {hits} hits shown {:.2} ms", time / 1000.0);
    let (time, ()) = timed(|| restart(&mut alice));
    println!("store closed and opened in {:.1} ms", time / 1000.0);
    for device in [alice, bob] {
        let folder = device.folder.clone();
        drop(device);
        let _ = std::fs::remove_dir_all(folder);
    }
}

fn restart(device: &mut Device) {
    device.vault = None;
    let store = SqlStore::open(&device.folder, &device.key).unwrap();
    device.vault = Some(Vault::open(store, &Config::default(), now()).unwrap());
}

fn fill(device: &mut Device, count: u64) {
    let from = device.vault.as_ref().unwrap().newest(1);
    device.vault = None;
    let mut store = SqlStore::open(&device.folder, &device.key).unwrap();
    let text = Plaintext::new("One of very many messages, of no importance.".into());
    store.begin().unwrap();
    for seq in from + 1..=count {
        let state = MessageState::Received;
        let (message, sent_at) = (1_000_000 + seq, now().0);
        let message = NewMessage {
            message,
            contact: 1,
            seq,
            id: [0; 16],
            mine: false,
            text: &text,
            sent_at,
            at: now(),
            state,
            life: 0,
        };
        store.add_messages(&[message]).unwrap();
    }
    store.commit().unwrap();
    drop(store);
    restart(device);
}

/// One round, per message.
struct Row {
    encrypt: Cost,
    decrypt: Cost,
    sent: Cost,
    received: Cost,
    check: Cost,
}

/// libsignal alone: its records are read and written in memory, as in its own in-memory store. Bob began the session,
/// as he accepts the invite above: the two ends of a session keep different things, and do not cost the same.
struct Bare {
    alice: Session,
    bob: Session,
    padded: Secret,
}

impl Bare {
    fn new() -> Self {
        let rng = &mut rand::rng();
        let curve = Curve::new();
        let drawn = session::draw(rng).unwrap();
        let (identity, signed, one_time, kyber) = drawn.public.clone();
        let mailbox = curve.public(&curve.fresh(rng)).unwrap();
        let name = Plaintext::new("A".into());
        let hello = Hello { name, mailbox, seal: Key::random(rng), relays: vec!["wss://a.example".into()] };
        let registration = drawn.own.registration;
        let one_time = (PREKEY_ID, one_time);
        let bundle = Bundle { registration, identity, signed, one_time, kyber, hello, expires_at: 0 };
        let mut bob = Session::begin(&Own::draw(rng).unwrap(), &bundle, now(), rng).unwrap();
        let body = Body::Text { id: [0; 16], sent_at: 0, text: Plaintext::new("x".repeat(64)) };
        let padded = content::encode(&Content { erase: Key::random(rng), body }).unwrap();
        let first = bob.seal(&padded, now(), rng).unwrap().1;
        let (mut alice, _) = Session::answer(&drawn.own, &drawn.prekeys, &first, rng).unwrap();
        let (prekey, answer) = alice.seal(&padded, now(), rng).unwrap();
        bob.open(prekey, &answer, rng);
        Self { alice, bob, padded }
    }

    fn turn(&mut self) {
        let rng = &mut rand::rng();
        let (prekey, answer) = self.bob.seal(&self.padded, now(), rng).unwrap();
        self.alice.open(prekey, &answer, rng);
    }

    /// What it costs to encrypt and to decrypt a batch.
    fn round(&mut self) -> (Cost, Cost) {
        let rng = &mut rand::rng();
        let (alice, padded) = (&mut self.alice, &self.padded);
        let (encrypt, sealed) =
            weighed(|| (0..BATCH).map(|_| alice.seal(padded, now(), rng).unwrap()).collect::<Vec<_>>());
        let bob = &mut self.bob;
        let (decrypt, ()) = weighed(|| sealed.iter().for_each(|(prekey, bytes)| drop(bob.open(*prekey, bytes, rng))));
        self.turn();
        (encrypt, decrypt)
    }
}
