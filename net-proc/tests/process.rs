//! The program itself, under the rules that it ships with.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable
)]

mod common;

use bulkhead_net::LOOKUPS;
use bulkhead_rules::{Child, Launch, Process, launch};
use common::*;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::os::fd::AsFd;
use std::path::Path;

const NOW: u64 = 1_790_000_000;

fn start(proxy: Option<u16>) -> (Net, Child) {
    let (net, ends) = Net::lines();
    let mut arguments = vec![OsString::from("--life"), LIFE.to_string().into()];
    arguments.extend(proxy.iter().flat_map(|port| [OsString::from("--socks"), format!("127.0.0.1:{port}").into()]));
    let child = launch(&Launch {
        process: Process::Net,
        program: Path::new(env!("CARGO_BIN_EXE_bulkhead-net")),
        arguments: &arguments,
        lines: &[ends[0].as_fd(), ends[1].as_fd()],
        data: None,
        proxy,
        environment: &|_| None,
    });
    (net.welcomed(), child.unwrap())
}

#[test]
fn it_works_inside_its_sandbox() {
    let (relay, _stop) = local_relay(free_port(), Default::default());
    let (mut net, child) = start(None);
    assert_eq!(threads(&child), 1 + LOOKUPS);
    let mailbox = key(&nostr::Keys::generate());
    // A name to resolve that does not exist; TLS with somebody who does not speak it; a relay.
    net.relays(&["wss://relay.invalid", &relay.replace("ws://127.0.0.1", "wss://localhost"), &relay]);
    net.watch(mailbox, NOW);
    let mut seen = net.until_stored(3, mailbox);
    let event = envelope(mailbox, "x", NOW).0;
    net.send(ToNet::Publish { job: 1, event: Box::new(event.clone()), relays: vec![3], circuit: mailbox });
    seen.extend(net.until(|m| matches!(m, FromNet::Events(list) if list[0].event == event)));
    let offline = |id| move |m: &FromNet| matches!(m, FromNet::Relay { id: relay, state: RelayState::Offline(_) } if *relay == id);
    for id in [1, 2] {
        if !seen.iter().any(offline(id)) {
            seen.extend(net.until(offline(id)));
        }
    }
    net.send(ToNet::Reconnect);
    net.publish(2, envelope(mailbox, "y", NOW).0);
    assert_eq!(net.verdict(2), Verdict::Lost);
    // More names at once than there are threads for them: each gets its turn, and no thread is made for it.
    let names: Vec<String> = (0..20).map(|n| format!("wss://relay-{n}.invalid")).collect();
    net.relays(&names.iter().map(String::as_str).collect::<Vec<_>>());
    net.watch(mailbox, NOW);
    let mut waiting: BTreeSet<u16> = (1..=20).collect();
    while let Some(id) = waiting.first().copied() {
        for message in net.until(offline(id)) {
            if let FromNet::Relay { id, state: RelayState::Offline(_) } = message {
                waiting.remove(&id);
            }
        }
    }
    assert_eq!(threads(&child), 1 + LOOKUPS);
}

/// The threads of a process.
fn threads(child: &Child) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    status.lines().find_map(|line| line.strip_prefix("Threads:")).unwrap().trim().parse().unwrap()
}

#[test]
fn it_works_inside_its_sandbox_with_a_proxy_that_is_not_there() {
    let (mut net, _child) = start(Some(free_port()));
    net.relays(&["wss://relay.example"]);
    net.watch(Bytes([1; 32]), NOW);
    net.until_offline(1, Trouble::Proxy);
}

#[test]
fn without_the_launcher_it_refuses_to_run() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_bulkhead-net")).output().unwrap();
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("start `bulkhead`"));
}
