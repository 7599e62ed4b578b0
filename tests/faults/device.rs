//! A person's device without window and sandbox: the real net, the real vault core, the real store.

use bulkhead_ipc::automata::NET;
use bulkhead_ipc::automaton::Side;
use bulkhead_ipc::line::{Buffer, Error, Line, Pair};
use bulkhead_ipc::post::{FromNet, ToNet};
use bulkhead_ipc::sign;
use bulkhead_tests::folder::Scratch;
use bulkhead_vault::profile::{self, StoreKey};
use bulkhead_vault::store::SqlStore;
use bulkhead_vault_core::{Action, Changed, Config, Effect, Input, Passphrase, Plaintext, Time, Vault};
use nix::poll::PollTimeout;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rustls::RootCertStore;
use std::collections::{BTreeMap, VecDeque};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

/// net's unit of waiting as it is shipped, in milliseconds.
const SHIPPED: u64 = 5_000;

type Look = Box<dyn FnOnce(&mut Vault<SqlStore>) + Send>;

enum Order {
    Do(Action),
    Look(Look),
}

/// What happened on a device over all its runs.
#[derive(Default)]
pub struct Diary {
    /// When a text was first seen.
    pub arrived: BTreeMap<String, Instant>,
    /// Notices, and whatever else should not have happened.
    pub complaints: Vec<String>,
}

/// One person's.
pub struct Device {
    name: String,
    folder: Scratch,
    key: Option<StoreKey>,
    roots: RootCertStore,
    tick: u64,
    seed: u64,
    began: Instant,
    /// What happened.
    pub diary: Arc<Mutex<Diary>>,
    running: Option<(Sender<Order>, JoinHandle<StoreKey>)>,
}

/// A vault's clock, as much faster than the wall's as net's unit of waiting is shorter than the shipped one.
fn now(began: Instant, tick: u64) -> Time {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock").as_millis() as u64;
    let run = began.elapsed().as_millis() as u64;
    Time(wall - run + run * SHIPPED / tick)
}

impl Device {
    /// A new profile with these relays, running.
    pub fn new(name: &str, relays: &[String], roots: RootCertStore, tick: u64, seed: u64) -> Self {
        let folder = Scratch::new().expect("a folder");
        let key = profile::create(folder.path(), &Passphrase::new("correct horse".into())).expect("a profile");
        let (diary, began) = (Arc::default(), Instant::now());
        let mut device = Self { name: name.into(), folder, key: None, roots, tick, seed, began, diary, running: None };
        let store = SqlStore::create(device.folder.path(), &key).expect("a store");
        let config = Config { relays: relays.to_vec(), proxied: false };
        let mut rng = StdRng::seed_from_u64(seed);
        let name = Plaintext::new(device.name.clone());
        let vault = Vault::create(store, &name, &config, now(began, tick), &mut rng).expect("a vault");
        device.run(vault, key);
        device
    }

    fn run(&mut self, vault: Vault<SqlStore>, key: StoreKey) {
        let (orders, taken) = channel();
        self.seed += 1;
        let (roots, tick, seed, began) = (self.roots.clone(), self.tick, self.seed, self.began);
        let diary = self.diary.clone();
        let work = move || {
            work(vault, &taken, roots, tick, seed, began, &diary);
            key
        };
        self.running = Some((orders, std::thread::spawn(work)));
    }

    /// Ends the program as a crash does: what is not durable is gone.
    pub fn stop(&mut self) {
        if let Some((orders, thread)) = self.running.take() {
            drop(orders);
            self.key = Some(thread.join().expect("no panic on the device"));
        }
    }

    /// Starts it again.
    pub fn start(&mut self) {
        let Some(key) = self.key.take() else { return };
        let store = SqlStore::open(self.folder.path(), &key).expect("a store");
        let vault = Vault::open(store, &Config::default(), now(self.began, self.tick)).expect("a vault");
        self.run(vault, key);
    }

    /// Does what a user does.
    pub fn act(&self, action: Action) {
        if let Some((orders, _)) = &self.running {
            orders.send(Order::Do(action)).expect("a running device");
        }
    }

    /// Looks into the vault.
    pub fn look<T: Send + 'static>(&self, look: impl FnOnce(&mut Vault<SqlStore>) -> T + Send + 'static) -> T {
        let (answer, heard) = channel();
        let (orders, _) = self.running.as_ref().expect("a running device");
        let look: Look = Box::new(move |vault| drop(answer.send(look(vault))));
        orders.send(Order::Look(look)).expect("a running device");
        heard.recv().expect("a running device")
    }

    /// Looks until it is so, for so long.
    pub fn until(&self, time: Duration, good: fn(&mut Vault<SqlStore>) -> bool) -> bool {
        let start = Instant::now();
        while start.elapsed() < time {
            if self.look(good) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

/// The event loop.
fn work(
    mut vault: Vault<SqlStore>,
    orders: &Receiver<Order>,
    roots: RootCertStore,
    tick: u64,
    seed: u64,
    began: Instant,
    diary: &Mutex<Diary>,
) {
    let pair = || socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC).expect("a pair");
    let ((post, net_post), (sign, net_sign)) = (pair(), pair());
    let config =
        bulkhead_net::Config { roots, tick: Duration::from_millis(tick), ..bulkhead_net::Config::new(1, None) };
    let net = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        drop(runtime.block_on(bulkhead_net::run(net_post, net_sign, config)));
    });
    let lines = Pair::new(&NET, Side::Vault);
    let post: Line<ToNet, FromNet> = lines.line(post);
    let sign: Line<sign::ToNet, sign::FromNet> = lines.line(sign);
    let (mut buffer, mut queue, mut rng) = (Buffer::new(), VecDeque::new(), StdRng::seed_from_u64(seed));
    let mut ticked = Instant::now();
    loop {
        let mut inputs = Vec::new();
        loop {
            match orders.try_recv() {
                Ok(Order::Do(action)) => inputs.push(Input::Do(action)),
                Ok(Order::Look(look)) => look(&mut vault),
                Err(std::sync::mpsc::TryRecvError::Empty) => break,
                Err(std::sync::mpsc::TryRecvError::Disconnected) => {
                    drop((post, sign));
                    net.join().expect("no panic in net");
                    return;
                }
            }
        }
        while inputs.len() < 32
            && let Some(packet) = post.try_recv(&mut buffer).expect("a legal net")
        {
            inputs.push(Input::Post(packet));
        }
        while let Some(packet) = sign.try_recv(&mut buffer).expect("a legal net") {
            inputs.push(Input::Sign(packet));
        }
        if ticked.elapsed() >= Duration::from_millis((tick / 5).min(500)) {
            ticked = Instant::now();
            inputs.push(Input::Tick);
        }
        if !inputs.is_empty() {
            for effect in vault.handle_all(inputs, now(began, tick), &mut rng) {
                match effect {
                    Effect::Post(packet) => queue.push_back(packet),
                    Effect::Sign(packet) => sign.try_send(&packet).expect("an open line"),
                    Effect::Changed(changed) => note(&vault, changed, diary),
                }
            }
        }
        while let Some(packet) = queue.front() {
            match post.try_send(packet) {
                Err(Error::Full) => break,
                Ok(()) => drop(queue.pop_front()),
                Err(error) => panic!("the vault said what it may not: {error}"),
            }
        }
        let _ = post.wait(PollTimeout::from(5u8)).expect("an open line");
    }
}

fn note(vault: &Vault<SqlStore>, changed: Changed, diary: &Mutex<Diary>) {
    let mut diary = diary.lock().expect("no panic");
    match changed {
        Changed::Incoming { contact, count } => {
            let newest = vault.newest(contact);
            let from = newest.saturating_sub(u64::from(count) + 500);
            for message in vault.messages(contact, from..=newest).expect("messages").into_iter().filter(|m| !m.mine) {
                diary.arrived.entry(message.text.as_str().to_owned()).or_insert_with(Instant::now);
            }
        }
        Changed::Notice(notice) => diary.complaints.push(format!("{notice:?}")),
        Changed::NetBroke => diary.complaints.push("net broke the rules".into()),
        _ => {}
    }
}
