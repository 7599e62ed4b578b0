//! An older copy of a profile that was put back on the same machine: its TPM knows.

use crate::kit::{Hands, notice};
use crate::pin::{LONG, owner, start};
use bulkhead_tests::Error;
use bulkhead_tests::person::{PASSPHRASE, Person};
use bulkhead_tests::relay::Relay;
use bulkhead_tests::tpm::Tpm;
use std::fs;
use std::path::Path;

fn failed(error: std::io::Error) -> Error {
    Error::System("copying a profile", error)
}

fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let _ = fs::remove_dir_all(to);
    fs::create_dir(to).map_err(failed)?;
    for entry in fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        fs::copy(entry.path(), to.join(entry.file_name())).map_err(failed)?;
    }
    Ok(())
}

fn again(person: &Person, tpm: &mut Tpm) -> Result<Hands, Error> {
    tpm.on()?;
    let mut hands = start(person, tpm)?;
    // A PIN that was typed before the TPM lost its power counts as a wrong one there.
    hands.focused("Pin")?;
    hands.keys(&["Tab", "Enter"])?;
    hands.focused("Unlock")?;
    hands.write(PASSPHRASE)?;
    hands.keys(&["Enter"])?;
    hands.is_open()?;
    hands.0.driver.simple("quiet")?;
    Ok(hands)
}

#[test]
fn a_copy_that_was_put_back_is_told_at_once_and_sends_nothing_with_its_old_keys() -> Result<(), Error> {
    let (relay, mut tpm) = (Relay::start()?, Tpm::new()?);
    let (person, mut alice) = owner(&relay, &tpm)?;
    let mut bob = Person::new("Bob", &[relay.url()])?.open()?;
    let link = alice.0.driver.invite()?;
    let to_alice = bob.driver.accept(&link)?;
    alice.0.driver.wait_contact("Bob")?;
    alice.pin_page()?;
    alice.set_pin(PASSPHRASE, LONG, LONG)?;
    alice.told("PinSet")?;
    alice.0.driver.send("Bob", "before")?;
    bob.driver.wait(to_alice, 1)?;
    // The counter is made when the profile is opened for the first time after that.
    alice.keys(&["Ctrl+L"])?;
    alice.try_pin(LONG)?;
    alice.is_open()?;
    alice.0.quit()?;

    let folder = person.home().join("default");
    let kept = person.home().join("kept");
    copy(&folder, &kept)?;
    let mut alice = again(&person, &mut tpm)?;
    assert_eq!(notice(&alice.0.driver.simple("state")?), None);
    alice.0.driver.send("Bob", "what the copy does not know")?;
    bob.driver.wait(to_alice, 2)?;
    alice.0.quit()?;

    copy(&kept, &folder)?;
    let mut alice = again(&person, &mut tpm)?;
    alice.told("OlderCopy")?;
    alice.0.driver.send("Bob", "with new keys")?;
    bob.driver.wait(to_alice, 3)?;
    assert_eq!(bob.driver.texts(to_alice)?, ["before", "what the copy does not know", "with new keys"]);
    alice.0.quit()?;

    // Told once. A program that is killed between question and answer is no older copy.
    for _ in 0..3 {
        let mut alice = again(&person, &mut tpm)?;
        assert_eq!(notice(&alice.0.driver.simple("state")?), None);
        alice.0.kill("bulkhead-vault")?;
    }
    Ok(())
}
