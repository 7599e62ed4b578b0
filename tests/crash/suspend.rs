//! A machine that sleeps: every process stands still, the relay's connection is gone when it wakes.

use crate::gate::Gate;
use bulkhead_tests::Error;
use bulkhead_tests::person::{Person, descendants, signal};
use bulkhead_tests::relay::Relay;
use nix::sys::signal::Signal;
use std::time::Duration;

#[test]
fn what_was_written_before_and_during_a_sleep_arrives_after_it() -> Result<(), Error> {
    let relay = Relay::start()?;
    let gate = Gate::start(relay.url())?;
    let (alice, bob) = (Person::new("Alice", &[relay.url()])?, Person::new("Bob", &[gate.url()])?);
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = b.driver.invite()?;
    a.driver.accept(&link)?;
    b.driver.wait_contact("Alice")?;
    for round in 0..3u64 {
        // Said at once before: it may be stored, and not sent.
        b.driver.send("Alice", &format!("before sleep {round}"))?;
        let mut all: Vec<u32> = descendants(b.launcher()).into_iter().map(|(process, _)| process).collect();
        all.push(b.launcher());
        all.iter().try_for_each(|process| signal(*process, Signal::SIGSTOP))?;
        gate.cut();
        a.driver.send("Bob", &format!("to a sleeper {round}"))?;
        std::thread::sleep(Duration::from_secs(2 + 2 * round));
        all.iter().try_for_each(|process| signal(*process, Signal::SIGCONT))?;
        let count = usize::try_from(2 * (round + 1)).unwrap_or_default();
        a.driver.wait("Bob", count)?;
        b.driver.wait("Alice", count)?;
    }
    let expected = |own: &str| (0..3).map(|round| format!("{own} {round}")).collect::<Vec<_>>();
    for (driver, peer) in [(&mut a.driver, "Bob"), (&mut b.driver, "Alice")] {
        let texts = driver.texts(peer)?;
        for own in ["before sleep", "to a sleeper"] {
            let of: Vec<_> = texts.iter().filter(|text| text.starts_with(own)).cloned().collect();
            assert_eq!(of, expected(own), "once and in order");
        }
    }
    Ok(())
}
