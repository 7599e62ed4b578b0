//! Locking, unlocking, and the ways into the profile, through the real processes and real key presses.

mod keyring;
mod kit;
mod older;
mod pin;

use bulkhead_tests::Error;
use bulkhead_tests::person::{PASSPHRASE, Person, phase_is};
use bulkhead_tests::relay::Relay;
use kit::{Hands, notice, notice_is};
use serde_json::json;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

const NEW: &str = "another horse entirely";

#[test]
fn a_code_that_was_written_down_opens_a_profile_whose_passphrase_is_forgotten() -> Result<(), Error> {
    let relay = Relay::start()?;
    let person = Person::new("Alice", &[relay.url()])?;
    let mut hands = Hands::at(&person, person.start()?);
    hands.first_start("Alice", PASSPHRASE)?;
    let code = hands.code()?;
    assert_eq!(code.len(), 69, "14 groups of 4, and spaces");
    hands.picture("recovery-code")?;
    hands.click("RecoveryCode")?;
    hands.keys(&["Tab", "Tab", "Enter"])?;
    hands.0.driver.until("a word that the code counts", notice_is("RecoverySet"))?;
    assert!(hands.code().is_err(), "it is not shown again");

    hands.keys(&["Ctrl+L"])?;
    hands.forgot()?;
    // A code with a slip of the pen is told at once, and what was typed stays to be mended.
    let slip = if code.ends_with('7') { "8" } else { "7" };
    hands.write(&format!("{}{slip}", &code.to_lowercase().replace(' ', "")[..55]))?;
    assert!(hands.strip()?.contains("wrong"), "{}", hands.strip()?);
    hands.picture("recover")?;
    hands.keys(&["Backspace"])?;
    hands.write(&code[68..])?;
    assert!(hands.strip()?.contains("complete"), "{}", hands.strip()?);
    hands.keys(&["Enter"])?;
    hands.write(NEW)?;
    hands.keys(&["Enter"])?;
    hands.write(NEW)?;
    hands.keys(&["Enter"])?;
    let state = hands.0.driver.until("the open profile", |state| phase_is(state, "open"))?;
    assert_eq!(notice(&state), Some("PassphraseChanged"));

    hands.keys(&["Ctrl+L"])?;
    assert!(hands.0.driver.unlock(PASSPHRASE).is_err(), "the forgotten passphrase opens nothing any more");
    hands.0.driver.unlock(NEW)
}

#[test]
fn a_code_that_was_not_taken_opens_nothing() -> Result<(), Error> {
    let relay = Relay::start()?;
    let person = Person::new("Alice", &[relay.url()])?;
    let mut hands = Hands::at(&person, person.start()?);
    hands.first_start("Alice", PASSPHRASE)?;
    let code = hands.code()?;
    hands.click("RecoveryCode")?;
    hands.keys(&["Tab", "Enter", "Ctrl+L"])?;
    hands.forgot()?;
    hands.write(&code)?;
    hands.keys(&["Enter"])?;
    hands.write(NEW)?;
    hands.keys(&["Enter"])?;
    hands.write(NEW)?;
    hands.keys(&["Enter"])?;
    hands.0.driver.until("the refusal", notice_is("WrongRecoveryCode"))?;
    hands.0.driver.unlock(PASSPHRASE)
}

#[test]
fn the_passphrase_changes_without_the_store_and_only_for_who_knows_it() -> Result<(), Error> {
    let relay = Relay::start()?;
    let person = Person::new("Alice", &[relay.url()])?;
    let mut hands = Hands::at(&person, person.open()?);
    let store = person.home().join("default/store.db");
    let before = (std::fs::metadata(&store).unwrap().ino(), std::fs::read(&store).unwrap()[..16].to_vec());
    hands.settings("Change passphrase", "CurrentPassphrase")?;
    hands.picture("change-passphrase")?;
    hands.change("not the passphrase", NEW)?;
    hands.0.driver.until("the refusal", notice_is("WrongPassphrase"))?;
    hands.change(PASSPHRASE, NEW)?;
    hands.0.driver.until("a word that it is changed", notice_is("PassphraseChanged"))?;
    let after = (std::fs::metadata(&store).unwrap().ino(), std::fs::read(&store).unwrap()[..16].to_vec());
    assert_eq!(before, after, "the same file with the same salt");
    hands.keys(&["Ctrl+L"])?;
    assert!(hands.0.driver.unlock(PASSPHRASE).is_err());
    hands.0.driver.unlock(NEW)
}

#[test]
fn wrong_attempts_become_slow_and_lose_nothing() -> Result<(), Error> {
    let relay = Relay::start()?;
    let person = Person::new("Alice", &[relay.url()])?;
    let mut hands = Hands::at(&person, person.open()?);
    hands.keys(&["Ctrl+L"])?;
    let mut took = Vec::new();
    for _ in 0..5 {
        let begun = Instant::now();
        assert!(hands.0.driver.unlock("not the passphrase").is_err());
        took.push(begun.elapsed());
    }
    hands.0.driver.until("a word about it", notice_is("WrongOften"))?;
    hands.focused("Unlock")?;
    hands.picture("wrong-often")?;
    assert!(took[4] >= Duration::from_secs(2), "{took:?}");
    hands.0.driver.unlock(PASSPHRASE)
}

#[test]
fn an_unused_window_locks_and_messages_wait_at_the_relay() -> Result<(), Error> {
    let relay = Relay::start()?;
    let (alice, bob) = Person::couple(&[relay.url()])?;
    let (mut a, mut b) = (Hands::at(&alice, alice.open()?), bob.open()?);
    let link = a.0.driver.invite()?;
    b.driver.accept(&link)?;
    a.0.driver.wait_contact("Bob")?;
    b.driver.send("Alice", "before")?;
    a.0.driver.wait("Bob", 1)?;

    a.settings("", "AutoLock")?;
    a.click("AutoLock")?;
    a.keys(&["Left", "Left", "Left", "Left", "Right", "Right"])?;
    a.picture("settings-lock")?;
    a.pretend(json!({"idle": 290}))?;
    std::thread::sleep(Duration::from_millis(1500));
    assert!(phase_is(&a.0.driver.simple("state")?, "open"), "not yet");
    // Only what the user does counts, not what arrives.
    b.driver.send("Alice", "still there?")?;
    a.0.driver.wait("Bob", 2)?;
    a.pretend(json!({"idle": 300}))?;
    let state = a.0.driver.until("the lock", |state| phase_is(state, "locked"))?;
    assert_eq!(notice(&state), Some("LockedByItself"));
    a.focused("Unlock")?;
    a.0.driver.simple("quiet")?;
    a.picture("locked-by-itself")?;
    let slots = a.0.driver.slots()?;
    assert!(slots.iter().all(|slot| slot["kind"] == "Unlock") && slots.len() == 1, "nothing else is shown: {slots:?}");

    let sent = b.driver.send("Alice", "while locked")?;
    b.driver.wait_state("Alice", sent, "at_relay")?;
    std::thread::sleep(Duration::from_secs(2));
    let messages = b.driver.messages("Alice")?;
    let last = messages.last().and_then(|message| message.get("state").cloned());
    assert_eq!(last, Some("at_relay".into()), "nobody takes it off the relay");
    a.0.driver.unlock(PASSPHRASE)?;
    a.0.driver.wait("Bob", 3)?;
    assert_eq!(a.0.driver.texts("Bob")?, ["before", "still there?", "while locked"]);
    Ok(())
}

#[test]
fn a_machine_that_slept_wakes_to_a_locked_window_unless_the_user_chose_otherwise() -> Result<(), Error> {
    let relay = Relay::start()?;
    let person = Person::new("Alice", &[relay.url()])?;
    let mut hands = Hands::at(&person, person.open()?);
    hands.pretend(json!({"asleep": 60}))?;
    hands.0.driver.until("the lock", |state| phase_is(state, "locked"))?;
    hands.0.driver.unlock(PASSPHRASE)?;
    hands.settings("", "AutoLock")?;
    hands.click("AutoLock")?;
    hands.keys(&["Left", "Left", "Left", "Left"])?;
    hands.pretend(json!({"asleep": 60, "idle": 90_000}))?;
    std::thread::sleep(Duration::from_millis(1500));
    assert!(phase_is(&hands.0.driver.simple("state")?, "open"));
    Ok(())
}
