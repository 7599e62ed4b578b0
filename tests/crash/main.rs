//! Processes die; nothing is lost, nothing comes twice, and the user is told.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod damaged;
mod gate;
mod kills;
mod suspend;

use bulkhead_tests::Error;
use bulkhead_tests::person::Person;
use bulkhead_tests::relay::Relay;

#[test]
fn killing_net_and_ui_during_a_conversation_loses_nothing() -> Result<(), Error> {
    let relay = Relay::start()?;
    let (alice, bob) = Person::couple(&[relay.url()])?;
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    b.driver.send("Alice", "0")?;
    a.driver.wait_contact("Bob")?;
    a.driver.wait("Bob", 1)?;
    for round in 1..=8 {
        match round % 4 {
            0 => a.kill("bulkhead-net")?,
            1 => b.kill("bulkhead-net")?,
            2 => a.kill("bulkhead-ui")?,
            _ => b.kill("bulkhead-ui")?,
        }
        b.driver.send("Alice", &round.to_string())?;
        a.driver.wait("Bob", round + 1)?;
    }
    assert_eq!(a.driver.texts("Bob")?, (0..=8).map(|i| i.to_string()).collect::<Vec<_>>());
    Ok(())
}

#[test]
fn killing_everything_at_once_loses_nothing_that_was_queued() -> Result<(), Error> {
    let relay = Relay::start()?;
    let (alice, bob) = Person::couple(&[relay.url()])?;
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    a.driver.wait_contact("Bob")?;
    let mut sent = 0;
    for round in 0..5 {
        for i in 0..5 {
            b.driver.send("Alice", &format!("{round}.{i}"))?;
            sent += 1;
        }
        b.kill("bulkhead-vault")?;
        assert!(!b.wait()?.success());
        b = bob.open()?;
        a.driver.wait("Bob", sent)?;
    }
    let expected: Vec<String> = (0..5).flat_map(|round| (0..5).map(move |i| format!("{round}.{i}"))).collect();
    assert_eq!(a.driver.texts("Bob")?, expected);
    Ok(())
}

#[test]
fn when_the_vault_ends_all_end() -> Result<(), Error> {
    let alice = Person::new("Alice", &["ws://127.0.0.1:1"])?;
    let a = alice.open()?;
    let (net, ui) = (a.process("bulkhead-net")?, a.process("bulkhead-ui")?);
    a.kill("bulkhead-vault")?;
    assert!(!a.wait()?.success());
    for process in [net, ui] {
        assert!(!std::path::Path::new(&format!("/proc/{process}/exe")).exists());
    }
    Ok(())
}

#[test]
fn when_the_launcher_is_killed_no_orphan_stays() -> Result<(), Error> {
    let alice = Person::new("Alice", &["ws://127.0.0.1:1"])?;
    let a = alice.open()?;
    let children = ["bulkhead-net", "bulkhead-ui", "bulkhead-vault"].map(|name| a.process(name));
    bulkhead_tests::person::signal(a.launcher(), nix::sys::signal::Signal::SIGKILL)?;
    std::thread::sleep(std::time::Duration::from_millis(500));
    for child in children {
        let exe = format!("/proc/{}/exe", child?);
        assert!(!std::path::Path::new(&exe).exists(), "{exe}");
    }
    Ok(())
}
