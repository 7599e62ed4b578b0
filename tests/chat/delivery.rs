//! Messages arrive: once, in order, whatever is asleep.

use super::pair;
use bulkhead_tests::Error;
use bulkhead_tests::driver::text;
use bulkhead_tests::person::Person;
use bulkhead_tests::relay::{Manners, Relay, free_port};

#[test]
fn messages_go_both_ways_in_order_and_are_marked_delivered() -> Result<(), Error> {
    let mut pair = pair()?;
    let words = ["Hello", "Привет, как дела?", "مرحبا كيف حالك", "שלום", "👩‍👩‍👧 family\nsecond line", "two  spaces"];
    for word in words {
        pair.a.driver.send("Bob", word)?;
        pair.b.driver.send("Alice", word)?;
    }
    pair.a.driver.wait("Bob", words.len() * 2)?;
    pair.b.driver.wait("Alice", words.len() * 2)?;
    let from = |messages: Vec<serde_json::Value>, mine: bool| -> Result<Vec<String>, Error> {
        messages.iter().filter(|m| m.get("mine") == Some(&mine.into())).map(|m| text(m, "text")).collect()
    };
    assert_eq!(from(pair.a.driver.messages("Bob")?, false)?, words);
    assert_eq!(from(pair.a.driver.messages("Bob")?, true)?, words);
    assert_eq!(from(pair.b.driver.messages("Alice")?, false)?, words);
    let last = pair.a.driver.send("Bob", "read me")?;
    pair.a.driver.wait_state("Bob", last, "delivered")
}

#[test]
fn what_is_sent_to_somebody_asleep_waits_at_the_relay() -> Result<(), Error> {
    let mut pair = pair()?;
    assert!(pair.b.quit()?.success());
    let mut last = 0;
    for i in 0..50 {
        last = pair.a.driver.send("Bob", &format!("message {i}"))?;
    }
    pair.a.driver.wait_state("Bob", last, "at_relay")?;
    let mut b = pair.bob.open()?;
    b.driver.wait("Alice", 50)?;
    assert_eq!(b.driver.texts("Alice")?, (0..50).map(|i| format!("message {i}")).collect::<Vec<_>>());
    pair.a.driver.wait_state("Bob", last, "delivered")
}

#[test]
fn what_is_written_without_a_relay_is_queued_and_sent_later() -> Result<(), Error> {
    let port = free_port()?;
    let first = Relay::start_with(port, Manners::Open)?;
    let (alice, bob) = Person::couple(&[first.url()])?;
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    b.driver.send("Alice", "hello")?;
    a.driver.wait_contact("Bob")?;
    a.driver.wait("Bob", 1)?;
    drop(first);
    let sent = a.driver.send("Bob", "into the void")?;
    a.driver.wait_state("Bob", sent, "queued")?;
    assert!(a.quit()?.success());
    let _second = Relay::start_with(port, Manners::Open)?;
    let mut a = alice.open()?;
    a.driver.wait_state("Bob", sent, "at_relay")?;
    b.driver.wait("Alice", 2)?;
    assert_eq!(b.driver.texts("Alice")?, ["hello", "into the void"]);
    Ok(())
}

#[test]
fn a_conversation_survives_restarts_of_both() -> Result<(), Error> {
    let mut pair = pair()?;
    for round in 1..=3 {
        pair.a.driver.send("Bob", &format!("a{round}"))?;
        pair.b.driver.wait("Alice", round * 2 - 1)?;
        pair.b.driver.send("Alice", &format!("b{round}"))?;
        pair.a.driver.wait("Bob", round * 2)?;
        assert!(pair.a.quit()?.success() && pair.b.quit()?.success());
        pair.a = pair.alice.open()?;
        pair.b = pair.bob.open()?;
    }
    let expected = ["a1", "b1", "a2", "b2", "a3", "b3"];
    assert_eq!(pair.a.driver.texts("Bob")?, expected);
    assert_eq!(pair.b.driver.texts("Alice")?, expected);
    assert!(!pair.relay.url().is_empty());
    Ok(())
}

#[test]
fn messages_of_every_size_class_arrive_whole() -> Result<(), Error> {
    let mut pair = pair()?;
    let texts: Vec<String> = [1, 900, 1100, 8_000, 10_000, 29_900].iter().map(|n| "x".repeat(*n)).collect();
    for text in &texts {
        pair.a.driver.send("Bob", text)?;
    }
    pair.b.driver.wait("Alice", texts.len())?;
    assert_eq!(pair.b.driver.texts("Alice")?, texts);
    let long = pair.a.driver.send("Bob", &"x".repeat(40_000)).expect_err("too long").to_string();
    assert!(long.contains("TooLong"), "{long}");
    Ok(())
}
