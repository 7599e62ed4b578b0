//! A profile is backed up, restored and moved, through the real programs.

use super::pair;
use bulkhead_tests::Error;
use bulkhead_tests::folder::Build;
use bulkhead_tests::person::{PASSPHRASE, Person, Running, phase_is};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;

fn with(person: &Person, options: &[&str]) -> Result<Command, Error> {
    let mut command = person.command(Build::Driver)?;
    command.args(options);
    Ok(command)
}

fn restore(person: &Person, file: &Path) -> Result<Running, Error> {
    let mut command = person.command(Build::Driver)?;
    command.arg("--restore").arg(file);
    person.open_by(command)
}

/// The backup in a person's profile.
fn backup(person: &Person) -> Result<PathBuf, Error> {
    let files = std::fs::read_dir(person.home().join("default"))
        .map_err(|error| Error::System("reading the profile's folder", error))?;
    let mut paths = files.filter_map(|file| Some(file.ok()?.path()));
    let found = paths.find(|path| path.extension().is_some_and(|end| end == "bulkhead-backup"));
    found.ok_or_else(|| Error::Odd("there is no backup".into()))
}

/// The sentence with which the program stands still instead of asking for the passphrase.
fn refused(person: &Person) -> Result<String, Error> {
    let mut running = person.start()?;
    let state = running.driver.until("a refusal", |state| phase_is(state, "broken"))?;
    Ok(state.get("notice").map(ToString::to_string).unwrap_or_default())
}

#[test]
fn a_profile_that_moved_goes_on_there_and_is_closed_here() -> Result<(), Error> {
    let mut pair = pair()?;
    pair.a.driver.send("Bob", "from the old computer")?;
    pair.b.driver.wait("Alice", 1)?;
    assert!(pair.a.quit()?.success());
    let done = pair.alice.open_by(with(&pair.alice, &["--move"])?).expect_err("closed").to_string();
    assert!(done.contains("MoveDone"), "{done}");
    pair.b.driver.send("Alice", "on your way?")?;
    let there = Person::new("Alice", &[pair.relay.url()])?;
    let mut a = restore(&there, &backup(&pair.alice)?)?;
    a.driver.send("Bob", "from the new computer")?;
    pair.b.driver.wait("Alice", 3)?;
    a.driver.wait("Bob", 3)?;
    let mut texts = [a.driver.texts("Bob")?, pair.b.driver.texts("Alice")?];
    texts.iter_mut().for_each(|texts| texts.sort());
    assert_eq!(texts[0], ["from the new computer", "from the old computer", "on your way?"]);
    assert_eq!(texts[0], texts[1]);
    let last = pair.b.driver.send("Alice", "arrived")?;
    pair.b.driver.wait_state("Alice", last, "delivered")?;
    let why = refused(&pair.alice)?;
    assert!(why.contains("Moved"), "{why}");
    // And what was restored opens like any other profile.
    assert!(a.quit()?.success());
    there.open()?.driver.wait("Bob", 4)
}

#[test]
fn a_backup_brings_the_conversation_back_after_the_disk_died() -> Result<(), Error> {
    let mut pair = pair()?;
    pair.a.driver.send("Bob", "kept")?;
    pair.b.driver.wait("Alice", 1)?;
    assert!(pair.a.quit()?.success());
    let mut a = pair.alice.open_by(with(&pair.alice, &["--backup"])?)?;
    a.driver.send("Bob", "written after the backup")?;
    pair.b.driver.wait("Alice", 2)?;
    pair.b.driver.send("Alice", "answered after the backup")?;
    a.driver.wait("Bob", 3)?;
    assert!(a.quit()?.success());
    let there = Person::new("Alice", &[pair.relay.url()])?;
    let file = backup(&pair.alice)?;
    let mut cut = std::fs::read(&file).expect("the backup");
    cut.truncate(cut.len() - 1);
    let short = there.home().join("short");
    std::fs::write(&short, cut).expect("a file");
    let why = restore(&there, &short).expect_err("cut off").to_string();
    assert!(why.contains("BackupDamaged"), "{why}");
    let mut a = restore(&there, &file)?;
    assert_eq!(a.driver.texts("Bob")?, ["kept"]);
    a.driver.send("Bob", "back again")?;
    pair.b.driver.wait("Alice", 4)?;
    pair.b.driver.send("Alice", "welcome")?;
    a.driver.wait("Bob", 3)?;
    assert_eq!(a.driver.texts("Bob")?, ["kept", "back again", "welcome"]);
    Ok(())
}

#[test]
fn the_button_in_the_settings_makes_a_backup_of_what_there_is_when_the_profile_opens_again() -> Result<(), Error> {
    let mut pair = pair()?;
    pair.a.driver.send("Bob", "kept")?;
    pair.b.driver.wait("Alice", 1)?;
    let mut key = |name: &str| {
        pair.a.driver.ask(&json!({"do": "key", "key": name}))?;
        pair.a.driver.simple("quiet")?;
        pair.a.driver.simple("state")
    };
    // Its place is counted from the end of the settings; the other buttons there only lead to questions.
    let mut from_the_end = 1..12;
    while !phase_is(&key("Ctrl+,")?, "locked") {
        let Some(count) = from_the_end.next() else { return Err(Error::Odd("there is no such button".into())) };
        for _ in 0..count {
            key("Shift+Tab")?;
        }
        key("Enter")?;
    }
    assert!(backup(&pair.alice).is_err(), "nothing is written while the profile is open");
    pair.a.driver.until("a sentence", |state| state["notice"] == "BackupWaits")?;
    pair.a.driver.unlock(PASSPHRASE)?;
    pair.a.driver.until("word that it is done", |state| state["notice"] == "BackedUp")?;
    let there = Person::new("Alice", &[pair.relay.url()])?;
    let file = backup(&pair.alice)?;
    assert!(pair.a.quit()?.success());
    assert_eq!(restore(&there, &file)?.driver.texts("Bob")?, ["kept"]);
    Ok(())
}
