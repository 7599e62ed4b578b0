//! A net or a ui that breaks the rules of its lines, in each way once, beside a real vault, launcher and peer: the
//! line ends, the culprit is replaced, everything else goes on, and nothing is lost.
//!
//! This program plays the culprit: it lies beside the real programs under the name of the one that it replaces, and
//! runs under that one's rules. In each life it breaks another rule; then it is honest.

#![allow(missing_docs, clippy::expect_used, clippy::panic, clippy::unwrap_used, clippy::indexing_slicing)]

mod culprit;

use bulkhead_tests::folder::{Build, Scratch, binaries};
use bulkhead_tests::person::{Person, Running};
use bulkhead_tests::relay::Relay;
use bulkhead_tests::{Error, person};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

fn main() {
    let name = std::env::args().next().expect("a name");
    let stranger = std::env::args().any(|argument| argument == STRANGER);
    match Path::new(&name).file_name().and_then(|n| n.to_str()) {
        Some("bulkhead-net") if stranger => culprit::stranger(),
        Some("bulkhead-net") => culprit::net(),
        Some("bulkhead-ui") => culprit::ui(),
        _ => {}
    }
    a_net_that_breaks_the_rules_is_replaced().expect("net");
    println!("test a_net_that_breaks_the_rules_is_replaced ... ok");
    a_ui_that_breaks_the_rules_is_replaced().expect("ui");
    println!("test a_ui_that_breaks_the_rules_is_replaced ... ok");
    a_net_of_the_version_before_is_refused_with_one_sentence().expect("stranger");
    println!("test a_net_of_the_version_before_is_refused_with_one_sentence ... ok");
}

/// The argument with which the culprit is not hostile but old: the only one that the launcher hands on to net.
const STRANGER: &str = "--socks";

/// Starts Alice's program for the first time, with the culprit in one place.
fn start(person: &Person, folder: &Path, culprit: &str, more: &[&str]) -> Result<Running, Error> {
    let real = binaries(Build::Driver)?;
    for name in ["bulkhead", "bulkhead-vault", "bulkhead-net", "bulkhead-ui"] {
        let from = if name == culprit { std::env::current_exe().expect("this program") } else { real.join(name) };
        std::fs::copy(from, folder.join(name)).expect("a copy");
    }
    let ordinary = person.command(Build::Driver)?;
    let mut command = Command::new(folder.join("bulkhead"));
    command.args(ordinary.get_args()).args(more).stdin(std::process::Stdio::null());
    let mut running = person.start_by(command)?;
    running.driver.until("a prompt", |state| person::phase_is(state, "setup"))?;
    running.driver.create("Alice", person::PASSPHRASE)?;
    Ok(running)
}

/// Waits until the vault has named each of these crimes, in this order. A flood is named more than once.
fn named(running: &Running, who: &str, crimes: &[culprit::Crime]) {
    let began = Instant::now();
    loop {
        let log = running.log();
        let said = format!("bulkhead-vault: {who}");
        let mut lines = log.lines().filter(|line| line.starts_with(&said));
        let missing = crimes.iter().find(|(_, words)| !lines.any(|line| line.contains(words)));
        let Some((_, words)) = missing else { return };
        assert!(began.elapsed() < Duration::from_secs(90), "`{words}` was expected next:\n{log}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Bob, and Alice with the culprit in one place; what they live on stays until the end.
struct Scene {
    a: Running,
    b: Running,
    _kept: (Relay, Person, Person, Scratch),
}

fn scene(culprit: &str) -> Result<Scene, Error> {
    let (relay, folder) = (Relay::start()?, Scratch::new()?);
    let (alice, bob) = Person::couple(&[relay.url()])?;
    let (b, a) = (bob.open()?, start(&alice, folder.path(), culprit, &[])?);
    Ok(Scene { a, b, _kept: (relay, alice, bob, folder) })
}

/// Alice has sent one message; nothing of it, and of the answer, is lost.
fn both_go_on(mut a: Running, mut b: Running) -> Result<(), Error> {
    b.driver.send("Alice", "two")?;
    b.driver.wait("Alice", 2)?;
    a.driver.wait("Bob", 2)?;
    a.quit()?;
    b.quit().map(drop)
}

fn a_net_that_breaks_the_rules_is_replaced() -> Result<(), Error> {
    let Scene { mut a, mut b, _kept } = scene("bulkhead-net")?;
    // What is asked for and written meanwhile waits.
    let link = a.driver.invite();
    named(&a, "net", &culprit::NET);
    let link = link.or_else(|_| a.driver.invite())?;
    b.driver.accept(&link)?;
    a.driver.wait_contact("Bob")?;
    a.driver.send("Bob", "one")?;
    both_go_on(a, b)
}

fn a_ui_that_breaks_the_rules_is_replaced() -> Result<(), Error> {
    let Scene { mut a, mut b, _kept } = scene("bulkhead-ui")?;
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    a.driver.wait_contact("Bob")?;
    a.driver.send("Bob", "one")?;
    named(&a, "ui", &culprit::UI);
    let notice = a.driver.simple("state")?;
    assert_eq!(notice.get("notice").and_then(|n| n.as_str()), Some("UiRestarted"));
    both_go_on(a, b)
}

fn a_net_of_the_version_before_is_refused_with_one_sentence() -> Result<(), Error> {
    let (alice, folder) = (Person::new("Alice", &["ws://127.0.0.1:1"])?, Scratch::new()?);
    let a = start(&alice, folder.path(), "bulkhead-net", &[STRANGER, "127.0.0.1:1"])?;
    let said = "net speaks version 1 of the protocol";
    let began = Instant::now();
    while !a.log().contains(said) {
        assert!(began.elapsed() < Duration::from_secs(20), "{}", a.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    // It is not started over and over, as the next one would be no different.
    std::thread::sleep(Duration::from_secs(1));
    assert!(!a.log().contains("restarting") && !a.log().contains("killed"), "{}", a.log());
    a.quit()?;
    Ok(())
}
