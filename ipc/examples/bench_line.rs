//! Measures what a line costs: a 1 KiB message across the edge between vault and net, decoder, bounds and monitor on
//! both ends included, beside bare packets of the same sizes over the same kind of socket; and how many messages a
//! second pass in batches. With both ends on one core, where it is the program that is measured, and wherever the kernel
//! puts them, which with two idle cores means that every packet wakes one.
//!
//! `cargo run --release -p bulkhead-ipc --example bench_line`

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use bulkhead_ipc::automata::NET;
use bulkhead_ipc::automaton::Side;
use bulkhead_ipc::bytes::Bytes;
use bulkhead_ipc::line::{Buffer, Line, Pair};
use bulkhead_ipc::post::{Delivery, Event, FromNet, MAX_EVENTS, Relay, ToNet, Verdict};
use bulkhead_ipc::{VERSION, cbor};
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockType, recv, send, socketpair};
use nix::unistd::Pid;
use std::os::fd::{AsRawFd, OwnedFd};
use std::time::Instant;

const ROUNDS: usize = 20_000;
const PACKETS: usize = 4_000;

fn sockets() -> (OwnedFd, OwnedFd) {
    socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC).unwrap()
}

fn event(content: usize) -> Event {
    let tags = vec![vec!["p".into(), "ab".repeat(32)], vec!["expiration".into(), "1790000000".into()]];
    let (id, sig, pubkey) = (Bytes([1; 32]), Bytes([2; 64]), Bytes([3; 32]));
    Event { id, sig, kind: 1059, tags, pubkey, content: "A".repeat(content), created_at: 1_790_000_000 }
}

fn publish(job: u64, content: usize) -> ToNet {
    ToNet::Publish { job, event: Box::new(event(content)), relays: vec![1], circuit: Bytes([4; 32]) }
}

fn ack(job: u64) -> FromNet {
    FromNet::Ack { job, relay: 1, verdict: Verdict::Accepted }
}

/// Both ends of a line on which both sides have greeted, and a relay is named.
fn open() -> (Line<ToNet, FromNet>, Line<FromNet, ToNet>) {
    let (a, b) = sockets();
    let (vault, net) = (Pair::new(&NET, Side::Vault).line(a), Pair::new(&NET, Side::Peer).line(b));
    let (mut buffer, life, version) = (Buffer::new(), Some(1), VERSION);
    net.send(&FromNet::Hello { life, version }).unwrap();
    vault.recv(&mut buffer).unwrap();
    vault.send(&ToNet::Welcome { life, version }).unwrap();
    vault.send(&ToNet::Relays(vec![Relay { id: 1, url: "wss://relay.example".into() }])).unwrap();
    net.recv(&mut buffer).unwrap();
    net.recv(&mut buffer).unwrap();
    (vault, net)
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

/// Microseconds of each of `ROUNDS` calls.
fn times(mut round: impl FnMut()) -> Vec<f64> {
    let mut once = || {
        let start = Instant::now();
        round();
        start.elapsed().as_secs_f64() * 1e6
    };
    (0..ROUNDS).map(|_| once()).collect()
}

/// There and back, halved: a message of `content` characters one way, its acknowledgement the other.
fn line(content: usize) -> f64 {
    let (vault, net) = open();
    let echo = std::thread::spawn(move || {
        let mut buffer = Buffer::new();
        while let Ok(message) = net.recv(&mut buffer) {
            if let ToNet::Publish { job, .. } = message {
                net.send(&ack(job)).unwrap();
            }
        }
    });
    let (mut buffer, mut job) = (Buffer::new(), 0);
    let mut message = publish(0, content);
    let samples = times(|| {
        job += 1;
        if let ToNet::Publish { job: number, .. } = &mut message {
            *number = job;
        }
        vault.send(&message).unwrap();
        vault.recv(&mut buffer).unwrap();
    });
    drop(vault);
    echo.join().unwrap();
    median(samples) / 2.0
}

/// The same with packets of the same sizes, and nothing else.
fn bare(content: usize) -> f64 {
    let (there, back) = (cbor::encode(&publish(1000, content)).unwrap(), cbor::encode(&ack(1000)).unwrap());
    let (a, b) = sockets();
    let echo = std::thread::spawn(move || {
        let mut buffer = vec![0; bulkhead_ipc::MAX_PACKET];
        while recv(b.as_raw_fd(), &mut buffer, MsgFlags::empty()).unwrap_or_default() > 0 {
            send(b.as_raw_fd(), &back, MsgFlags::empty()).unwrap();
        }
    });
    let mut buffer = vec![0; bulkhead_ipc::MAX_PACKET];
    let samples = times(|| {
        send(a.as_raw_fd(), &there, MsgFlags::empty()).unwrap();
        recv(a.as_raw_fd(), &mut buffer, MsgFlags::empty()).unwrap();
    });
    drop(a);
    echo.join().unwrap();
    median(samples) / 2.0
}

/// Messages a second, in packets of as many as fit one.
fn batches(content: usize) -> f64 {
    let (vault, net) = open();
    let delivery = Delivery { event: event(content), relay: 1 };
    let packet = FromNet::Events(vec![delivery; MAX_EVENTS]);
    let start = Instant::now();
    let sender = std::thread::spawn(move || (0..PACKETS).for_each(|_| net.send(&packet).unwrap()));
    let (mut buffer, mut count) = (Buffer::new(), 0);
    while count < PACKETS * MAX_EVENTS {
        if let FromNet::Events(list) = vault.recv(&mut buffer).unwrap() {
            count += list.len();
        }
    }
    sender.join().unwrap();
    count as f64 / start.elapsed().as_secs_f64()
}

/// Keeps this thread, and those it starts from here on, on one core; returns where it could run before.
fn stay() -> CpuSet {
    let before = sched_getaffinity(Pid::from_raw(0)).unwrap();
    let first = (0..CpuSet::count()).find(|core| before.is_set(*core).unwrap()).unwrap();
    let mut one = CpuSet::new();
    one.set(first).unwrap();
    sched_setaffinity(Pid::from_raw(0), &one).unwrap();
    before
}

fn edge(place: &str, content: usize) {
    // In turn, so that a busy machine slows both.
    let mut rows: Vec<(f64, f64)> = (0..5).map(|_| (bare(content), line(content))).collect();
    rows.sort_by(|a, b| (a.1 / a.0).total_cmp(&(b.1 / b.0)));
    let (bare, line) = rows[rows.len() / 2];
    println!(
        "1 KiB across an edge, monitor and validation included, {place}, p50: {line:.1} µs, bare packets {bare:.1} µs, \
         {:.2} x (asked: <= 20 µs, <= 1.5 x)",
        line / bare
    );
}

fn main() {
    let content = 1024 - (cbor::encode(&publish(1000, 0)).unwrap().len() + 2);
    let anywhere = stay();
    edge("ends on one core", content);
    sched_setaffinity(Pid::from_raw(0), &anywhere).unwrap();
    edge("ends wherever the kernel puts them", content);
    println!("messages a second in batches of {MAX_EVENTS}: {:.0} of 1 KiB (asked: >= 200000)", batches(content));
}
