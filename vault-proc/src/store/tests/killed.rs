//! Two people talk while their processes are killed: really killed, at a call below SQLite, before or after anything is
//! said to net, when a relay has acknowledged, or at any moment.
//!
//! Each person is a process of this test's own binary with the real vault and store; the relay between them, which
//! loses and reorders, is here. `make kills` says how many kills (`BULKHEAD_KILLS`).

use super::broken_disk::paired;
use super::disk::{Disk, Fault};
use super::world::{START, World, config, key, words};
use crate::profile::tests::Folder;
use crate::store::SqlStore;
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_ipc::cbor;
use bulkhead_ipc::post::{Delivery, FromNet, Relay, RelayState, ToNet, Verdict};
use bulkhead_vault_core::{Action, Changed, Effect, Input, MessageState, Time, Vault};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SOCKET: &str = "BULKHEAD_TEST_DEVICE";
const PLAN: &str = "BULKHEAD_TEST_DEVICE_DIES";

/// Where a process is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    Never,
    /// Before this call below SQLite, counted from the start.
    Call(u64),
    /// Before, or after, this packet that it says.
    Packet(u64, bool),
    /// From outside, before this acknowledgement is handed over.
    Ack(u64),
    /// From outside, some microseconds after this request.
    Moment(u64),
}

/// Writes a packet: kind, length, bytes.
fn put(stream: &mut UnixStream, kind: u8, bytes: &[u8]) -> std::io::Result<()> {
    let mut packet = vec![kind];
    packet.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
    packet.extend(bytes);
    stream.write_all(&packet)
}

fn get(stream: &mut UnixStream) -> std::io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let mut bytes = vec![0; u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize];
    stream.read_exact(&mut bytes)?;
    Ok((head[0], bytes))
}

/// The other side of a [`Device`]: a person's vault. Does nothing unless it was started as one.
#[test]
#[ignore = "is started by the test of kills"]
fn device() {
    let (Ok(socket), Ok(plan)) = (std::env::var(SOCKET), std::env::var(PLAN)) else { return };
    let folder = Folder(Path::new(&socket).parent().unwrap().to_owned());
    let mut line = UnixStream::connect(&socket).unwrap();
    let (kind, at) = plan.split_once(' ').unwrap();
    let at: u64 = at.parse().unwrap();
    let disk = Disk::under(&folder.0);
    if kind == "call" {
        disk.fail(at, Fault::Kill);
    }
    let store = SqlStore::open(&folder.0, &key(&folder)).unwrap();
    let rng = &mut rand::rng();
    let mut vault = Vault::open(store, &config(), Time(START)).unwrap();
    let mut said = 0;
    while let Ok((request, bytes)) = get(&mut line) {
        let (now, bytes) = bytes.split_at(8);
        let now = Time(u64::from_be_bytes(now.try_into().unwrap()));
        let inputs = match request {
            b'P' => vec![Input::Post(cbor::decode(bytes).unwrap())],
            b'S' => {
                let text = words(std::str::from_utf8(bytes).unwrap());
                vec![Input::Do(Action::Send { contact: 1, text })]
            }
            b'T' => vec![Input::Tick],
            _ => {
                for m in vault.messages(1, 1..=vault.newest(1)).unwrap() {
                    let kind = if m.state == MessageState::Delivered { b'd' } else { b'q' };
                    put(&mut line, if m.mine { kind } else { b'r' }, m.text.as_str().as_bytes()).unwrap();
                }
                Vec::new()
            }
        };
        let before = vault.newest(1);
        let effects = vault.handle_all(inputs, now, rng);
        if request == b'S' && vault.newest(1) > before {
            put(&mut line, b'Q', bytes).unwrap();
        }
        for effect in effects {
            match effect {
                Effect::Post(packet) => {
                    said += 1;
                    let dies = kind == "before" && said == at;
                    if dies {
                        die();
                    }
                    put(&mut line, b'N', &cbor::encode(&packet).unwrap()).unwrap();
                    if kind == "after" && said == at {
                        die();
                    }
                }
                Effect::Changed(Changed::Notice(notice)) => {
                    put(&mut line, b'X', format!("{notice:?}").as_bytes()).unwrap()
                }
                _ => {}
            }
        }
        put(&mut line, b'E', &[]).unwrap();
    }
    // The test takes the folder away, when it wants to.
    std::mem::forget(folder);
}

fn die() {
    nix::sys::signal::raise(nix::sys::signal::Signal::SIGKILL).unwrap();
}

/// A person's process, and net as the relay sees it.
struct Device {
    folder: Folder,
    listener: UnixListener,
    running: Option<(Child, UnixStream)>,
    plan: Plan,
    queue: VecDeque<ToNet>,
    watches: BTreeSet<Bytes32>,
    relays: Vec<Relay>,
    seen: BTreeSet<[u8; 32]>,
    acks: u64,
    requests: u64,
    /// Shown as queued; what may have become so at the moment of a kill.
    queued: Vec<String>,
    perhaps: BTreeSet<String>,
    notices: Vec<String>,
}

struct Scene {
    relay: World,
    people: Vec<Device>,
    kills: BTreeMap<&'static str, u32>,
    rng: StdRng,
}

impl Device {
    fn new(folder: Folder) -> Self {
        let listener = UnixListener::bind(folder.0.join("device")).unwrap();
        Self {
            folder,
            listener,
            running: None,
            plan: Plan::Never,
            queue: VecDeque::new(),
            watches: BTreeSet::new(),
            relays: Vec::new(),
            seen: BTreeSet::new(),
            acks: 0,
            requests: 0,
            queued: Vec::new(),
            perhaps: BTreeSet::new(),
            notices: Vec::new(),
        }
    }

    fn start(&mut self, plan: Plan) {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "store::tests::killed::device", "--ignored", "--test-threads=1"]);
        let words = match plan {
            Plan::Call(n) => format!("call {n}"),
            Plan::Packet(n, after) => format!("{} {n}", if after { "after" } else { "before" }),
            Plan::Never | Plan::Ack(_) | Plan::Moment(_) => "never 0".into(),
        };
        let socket: PathBuf = self.folder.0.join("device");
        command.env(SOCKET, socket).env(PLAN, words).stdout(Stdio::null()).stdin(Stdio::null());
        let child = command.spawn().unwrap();
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        self.running = Some((child, stream));
        (self.plan, self.acks, self.requests) = (plan, 0, 0);
        self.queue.clear();
        self.watches.clear();
        self.relays.clear();
        self.seen.clear();
    }

    fn kill(&mut self) {
        if let Some((child, _)) = &mut self.running {
            child.kill().unwrap();
        }
    }

    /// Asks something; `None` if the process died over it.
    fn ask(&mut self, kind: u8, now: Time, bytes: &[u8]) -> Option<Vec<(u8, Vec<u8>)>> {
        let (child, line) = self.running.as_mut()?;
        self.requests += 1;
        let mut request = now.0.to_be_bytes().to_vec();
        request.extend(bytes);
        let mut ended = put(line, kind, &request).is_err();
        if let Plan::Moment(micros) = self.plan
            && self.requests * 97 > micros % 3000
        {
            let began = Instant::now();
            while began.elapsed() < Duration::from_micros(micros % 700) {}
            child.kill().unwrap();
        }
        let mut answers = Vec::new();
        while !ended {
            match get(line) {
                Ok((b'E', _)) => return Some(answers),
                Ok((b'Q', bytes)) => {
                    let text = String::from_utf8(bytes).unwrap();
                    self.perhaps.remove(&text);
                    self.queued.push(text);
                }
                Ok((b'N', bytes)) => self.queue.push_back(cbor::decode(&bytes).unwrap()),
                Ok((b'X', bytes)) => self.notices.push(String::from_utf8(bytes).unwrap()),
                Ok(answer) => answers.push(answer),
                Err(_) => ended = true,
            }
        }
        let (mut child, _) = self.running.take()?;
        let status = child.wait().unwrap();
        let killed = std::os::unix::process::ExitStatusExt::signal(&status);
        assert_eq!(killed, Some(nix::libc::SIGKILL), "ended by itself: {status} in {}", self.folder.0.display());
        None
    }

    /// What it holds: own messages with whether they were delivered, and received ones.
    fn messages(&mut self, now: Time) -> (Vec<(String, bool)>, Vec<String>) {
        let (mut own, mut received) = (Vec::new(), Vec::new());
        for (kind, bytes) in self.ask(b'D', now, &[]).unwrap() {
            let text = String::from_utf8(bytes).unwrap();
            if kind == b'r' { received.push(text) } else { own.push((text, kind == b'd')) }
        }
        (own, received)
    }
}

impl Scene {
    fn new() -> Self {
        let people = paired().into_iter().map(Device::new).collect();
        Self { relay: World::new(0, &[]), people, kills: BTreeMap::new(), rng: StdRng::seed_from_u64(1000) }
    }

    fn plan(&mut self) -> Plan {
        let rng = &mut self.rng;
        match rng.random_range(0..10) {
            0..4 => Plan::Call(rng.random_range(0..400)),
            4..6 => Plan::Packet(rng.random_range(1..12), rng.random_bool(0.5)),
            6..8 => Plan::Ack(rng.random_range(1..8)),
            _ => Plan::Moment(rng.random_range(0..1_000_000)),
        }
    }

    /// Makes sure that somebody runs; counts whoever died.
    fn alive(&mut self, who: usize, quiet: bool) {
        while self.people[who].running.is_none() {
            let plan = if quiet { Plan::Never } else { self.plan() };
            self.people[who].start(plan);
            let hello = FromNet::Hello { life: Some(1), version: bulkhead_ipc::VERSION };
            self.post(who, &hello);
        }
    }

    fn post(&mut self, who: usize, packet: &FromNet) {
        let bytes = cbor::encode(packet).unwrap();
        self.ask(who, b'P', &bytes);
    }

    fn ask(&mut self, who: usize, kind: u8, bytes: &[u8]) {
        let (plan, was) = (self.people[who].plan, self.people[who].running.is_some());
        if was && self.people[who].ask(kind, self.relay.now, bytes).is_none() {
            let name = match plan {
                Plan::Never => panic!("died without being killed"),
                Plan::Call(_) => "at a call below SQLite",
                Plan::Packet(_, false) => "before a packet to net",
                Plan::Packet(_, true) => "after a packet to net",
                Plan::Ack(_) => "at an acknowledgement",
                Plan::Moment(_) => "at a random moment",
            };
            *self.kills.entry(name).or_default() += 1;
        }
    }

    fn says(&mut self, who: usize, text: String) {
        self.people[who].perhaps.insert(text.clone());
        self.ask(who, b'S', text.as_bytes());
    }

    /// net and the relay work for somebody.
    fn net(&mut self, who: usize, loss: bool) {
        while let Some(packet) = self.people[who].queue.pop_front() {
            match packet {
                ToNet::Relays(relays) => {
                    let list: Vec<_> = relays.iter().map(|relay| relay.id).collect();
                    self.people[who].relays = relays;
                    for id in list {
                        self.post(who, &FromNet::Relay { id, state: RelayState::Online });
                    }
                }
                ToNet::Watch(watch) => drop(self.people[who].watches.insert(watch.mailbox)),
                ToNet::Unwatch(mailbox) => {
                    self.people[who].watches.remove(&mailbox);
                    self.people[who].seen.clear();
                }
                ToNet::Publish { job, event, relays, .. } => {
                    let lost = loss && self.rng.random_bool(0.1);
                    if !lost {
                        self.relay.publish_at(super::world::RELAY, *event);
                    }
                    self.people[who].acks += 1;
                    if self.people[who].plan == Plan::Ack(self.people[who].acks) {
                        self.people[who].kill();
                    }
                    for relay in relays {
                        let verdict = if lost { Verdict::Lost } else { Verdict::Accepted };
                        self.post(who, &FromNet::Ack { job, relay, verdict });
                    }
                }
                ToNet::Welcome { .. } | ToNet::Reconnect => {}
            }
        }
        let Some(relay) = self.people[who].relays.first().map(|relay| relay.id) else { return };
        let mut list = Vec::new();
        for event in &self.relay.stored {
            let mailbox = Bytes32::from_hex(&event.tags[0][1]).unwrap();
            let person = &mut self.people[who];
            if person.watches.contains(&mailbox) && person.seen.insert(event.id.0) {
                list.push(Delivery { event: event.clone(), relay });
            }
        }
        if loss && self.rng.random_bool(0.3) {
            list.reverse();
        }
        for part in list.chunks(8) {
            self.post(who, &FromNet::Events(part.to_vec()));
        }
        self.ask(who, b'T', &[]);
        self.relay.pass(1000);
    }

    /// Ends both, with what they were about to die of.
    fn stop(&mut self) {
        for person in &mut self.people {
            person.kill();
            if let Some((mut child, _)) = person.running.take() {
                child.wait().unwrap();
            }
        }
    }

    /// Nobody is killed any more; everything arrives. Compares what both hold.
    fn judge(&mut self) {
        self.stop();
        for _ in 0..12 {
            for who in [0, 1] {
                self.alive(who, true);
                self.net(who, false);
                self.net(who, false);
            }
            self.relay.pass(60_000);
        }
        let now = self.relay.now;
        let held: Vec<_> = [0, 1].iter().map(|who| self.people[*who].messages(now)).collect();
        for who in [0, 1] {
            let (person, (own, _), (_, received)) = (&self.people[who], &held[who], &held[1 - who]);
            let texts: Vec<_> = own.iter().map(|(text, _)| text.clone()).collect();
            assert_eq!(texts, *received, "what {who} has sent is what arrived, once and in order");
            let shown: Vec<_> = texts.iter().filter(|text| !person.perhaps.contains(*text)).cloned().collect();
            assert_eq!(shown, person.queued, "what was shown as queued to {who} is there");
            let waiting: Vec<_> = own.iter().filter(|(_, delivered)| !delivered).collect();
            assert!(waiting.is_empty(), "{waiting:?}");
            assert!(person.notices.is_empty(), "{who} was told {:?}", person.notices);
        }
        assert!(self.relay.stored.is_empty(), "everything was deleted");
        self.stop();
    }
}

#[test]
#[ignore = "is run alone: what it starts inherits the locks on other tests' profiles for a moment"]
fn nothing_queued_is_lost_or_doubled_however_often_processes_are_killed() {
    let wanted: u32 = std::env::var("BULKHEAD_KILLS").map_or(150, |kills| kills.parse().unwrap());
    let (mut scene, began, mut number) = (Scene::new(), Instant::now(), 0);
    let mut next = 60;
    loop {
        let kills: u32 = scene.kills.values().sum();
        for who in [0, 1] {
            scene.alive(who, false);
            for _ in 0..scene.rng.random_range(0..3) {
                number += 1;
                scene.says(who, format!("{number} of {who}"));
            }
            scene.net(who, true);
        }
        if kills >= next || kills >= wanted {
            scene.judge();
            next = kills + 100;
        }
        if kills >= wanted {
            break;
        }
    }
    let kills: u32 = scene.kills.values().sum();
    let queued: Vec<_> = scene.people.iter().map(|person| person.queued.len()).collect();
    println!("{kills} kills in {:.0?}: {:?}; messages shown as queued: {queued:?}", began.elapsed(), scene.kills);
}
