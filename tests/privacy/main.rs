//! Every bit that leaves the client is in `net-proc/PRIVACY.md`: all bytes of a scripted conversation are recorded on
//! their way out, taken apart to their fields, and each field is looked for in the table. A row that nothing sends any
//! more is found as well.
//!
//! Not recorded here, as nothing of it leaves over loopback: name resolution, and what lies below TCP.

#![allow(missing_docs, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod fields;
mod tap;

use bulkhead_tests::Error;
use bulkhead_tests::folder::Build;
use bulkhead_tests::person::{PASSPHRASE, Person, phase_is, signal};
use bulkhead_tests::relay::{Manners, Relay, free_port};
use nix::sys::signal::Signal;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};
use tap::Tap;

/// What the recording cannot show, with the reason.
const UNSEEN: [&str; 5] = [
    // The resolver's, not ours.
    "DNS question",
    // Below what a program can see of its own connections.
    "IP address, ports, sizes and times of packets",
    // After 25 quiet seconds only.
    "WebSocket ping",
    // Only in answer to the relay's.
    "WebSocket pong",
    "WebSocket close",
];

/// The fields that the table names.
fn table() -> BTreeSet<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../net-proc/PRIVACY.md");
    let page = std::fs::read_to_string(path).expect("the table");
    let name = |line: &str| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name.to_owned());
    page.lines().filter_map(name).collect()
}

#[test]
fn what_leaves_is_in_the_table_and_what_is_in_the_table_leaves() -> Result<(), Error> {
    let mut seen = conversation()?;
    seen.extend(tls()?);
    seen.extend(socks()?);
    let known = table();
    let new: Vec<_> = seen.difference(&known).collect();
    assert!(new.is_empty(), "net-proc/PRIVACY.md has no row for {new:#?}");
    let gone: Vec<_> = known.difference(&seen).filter(|name| !UNSEEN.contains(&name.as_str())).collect();
    assert!(gone.is_empty(), "net-proc/PRIVACY.md has rows for what was not sent: {gone:#?}");
    Ok(())
}

/// Two people meet, talk, are asked who they are, restart, and part, through a relay that is listened to.
fn conversation() -> Result<BTreeSet<String>, Error> {
    let port = free_port()?;
    let _relay = Relay::start_with(port, Manners::Authenticated)?;
    let tap = Tap::to(port)?;
    let (alice, bob) = Person::couple(&[&tap.url("ws")])?;
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    a.driver.wait_contact("Bob")?;
    let seq = a.driver.send("Bob", "Is this on the table?")?;
    b.driver.wait("Alice", 1)?;
    a.driver.wait_state("Bob", seq, "delivered")?;
    b.driver.send("Alice", &"Long. ".repeat(2_000))?;
    a.driver.wait("Bob", 2)?;
    a.quit()?;
    let mut a = alice.open()?;
    b.driver.send("Alice", "Still there?")?;
    a.driver.wait("Bob", 3)?;
    // Erasures at the relay follow receipts.
    std::thread::sleep(Duration::from_secs(3));
    a.quit()?;
    b.quit()?;
    let streams = tap.streams();
    assert!(streams.len() >= 4, "{} connections", streams.len());
    let lengths: BTreeSet<usize> = streams.iter().flat_map(|stream| fields::lengths(stream)).collect();
    assert!(lengths.len() <= 3, "more than three sizes of envelope: {lengths:?}");
    Ok(streams.iter().flat_map(|stream| fields::of_websocket(stream)).collect())
}

/// Waits until a tap has heard something of the person's program.
fn first_bytes(tap: &Tap, person: &Person, more: &[&str]) -> Result<Vec<u8>, Error> {
    let mut command = person.command(Build::Driver)?;
    command.args(more);
    let mut running = person.start_by(command)?;
    running.driver.until("a prompt", |state| phase_is(state, "setup"))?;
    running.driver.create("Alice", PASSPHRASE)?;
    // Through a proxy there is no connection without a mailbox. The answer to this never comes.
    let process = running.launcher();
    std::thread::scope(|scope| {
        scope.spawn(|| running.driver.invite());
        let began = Instant::now();
        let bytes = loop {
            if let Some(bytes) = tap.streams().into_iter().find(|bytes| bytes.len() > 40) {
                break Ok(bytes);
            }
            if began.elapsed() > Duration::from_secs(30) {
                break Err(Error::Odd("nothing was sent".into()));
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        signal(process, Signal::SIGKILL)?;
        bytes
    })
}

/// What TLS says in the open.
fn tls() -> Result<BTreeSet<String>, Error> {
    let tap = Tap::deaf()?;
    let alice = Person::new("Alice", &[&tap.url("wss").replace("127.0.0.1", "localhost")])?;
    Ok(fields::of_client_hello(&first_bytes(&tap, &alice, &[])?))
}

/// What the SOCKS proxy is told.
fn socks() -> Result<BTreeSet<String>, Error> {
    let tap = Tap::proxy()?;
    let alice = Person::new("Alice", &["wss://relay.example"])?;
    let proxy = tap.url("x").replace("x://", "");
    Ok(fields::of_socks(&first_bytes(&tap, &alice, &["--socks", &proxy])?))
}
