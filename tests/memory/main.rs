//! What root finds in the vault's memory: everything while it is open, nothing once it is locked. And what keeps it
//! there: no dump, no swap, no reader who is not root.
//!
//! Reading another process's memory takes root; as an ordinary user the scans say that they are skipped.

#![allow(missing_docs, clippy::indexing_slicing)]

mod protected;
mod scan;

use bulkhead_tests::Error;
use bulkhead_tests::desktop::{Desktop, Program};
use bulkhead_tests::driver::{Driver, text};
use bulkhead_tests::folder::{Build, Scratch};
use bulkhead_tests::person::{PASSPHRASE, Person, Running, descendants, phase_is};
use bulkhead_tests::relay::Relay;
use bulkhead_tests::tpm::Tpm;
use bulkhead_vault_core::store::Store;
use scan::{Needle, scan};
use serde_json::json;
use std::path::Path;
use std::time::{Duration, Instant};

const PASS: &str = "the passphrase";
const STORE: &str = "the store key";
const IDENTITY: &str = "an identity key";
const MAILBOX: &str = "a mailbox key";
const SEAL: &str = "a seal";
const SENT: &str = "a sent message";
const RECEIVED: &str = "a received message";
const DRAFT: &str = "a draft";
const NAME: &str = "a contact's name";
const CODE: &str = "the recovery code";
const PIN: &str = "the PIN";
/// All that must not outlive the lock.
const ALL: [&str; 11] = [PASS, STORE, IDENTITY, MAILBOX, SEAL, SENT, RECEIVED, DRAFT, NAME, CODE, PIN];

const SENT_TEXT: &str = "The heron leaves at a quarter past nine";
const RECEIVED_TEXT: &str = "Bring the copper kettle tomorrow";
const DRAFT_TEXT: &str = "Nobody shall know of the marmalade";
const PIN_TEXT: &str = "quince 48291";
const NAME_TEXT: &str = "Barnaby Quillfeather";

fn skipped() -> bool {
    let skipped = !nix::unistd::geteuid().is_root();
    if skipped {
        println!("skipped: only root reads another process's memory");
    }
    skipped
}

/// What to look for in somebody's vault: what was written and typed, and the keys that a copy of the profile tells.
fn needles(person: &Person) -> Result<Vec<Needle>, Error> {
    let texts = [(SENT, SENT_TEXT), (RECEIVED, RECEIVED_TEXT), (DRAFT, DRAFT_TEXT), (NAME, NAME_TEXT)];
    let mut needles = scan::text(PASS, PASSPHRASE);
    needles.extend(texts.into_iter().flat_map(|(name, words)| scan::text(name, words)));
    let copy = Scratch::new()?;
    let odd = |error: &dyn std::fmt::Display| Error::Odd(format!("the copied profile: {error}"));
    copy_files(&person.home().join("default"), copy.path())?;
    let typed = bulkhead_vault_core::Passphrase::new(PASSPHRASE.into());
    let key = bulkhead_vault::profile::unlock(copy.path(), &typed).map_err(|error| odd(&error))?;
    let mut store = bulkhead_vault::store::SqlStore::open(copy.path(), &key).map_err(|error| odd(&error))?;
    let snapshot = store.load().map_err(|error| odd(&error))?;
    needles.extend(scan::key(STORE, key.key().bytes()));
    for (contact, _) in &snapshot.contacts {
        needles.extend(scan::key(IDENTITY, contact.own.identity.bytes()));
        needles.extend(scan::key(MAILBOX, contact.mailbox.secret.bytes()));
        needles.extend(scan::key(SEAL, contact.mailbox.seal.bytes()));
        needles.extend(scan::key(SEAL, contact.peer.seal.bytes()));
    }
    Ok(needles)
}

fn copy_files(from: &Path, to: &Path) -> Result<(), Error> {
    let failed = |error| Error::System("copying a profile", error);
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        std::fs::copy(entry.path(), to.join(entry.file_name())).map_err(failed)?;
    }
    Ok(())
}

/// Two people who know each other.
fn couple(relay: &Relay) -> Result<(Person, Person), Error> {
    let (alice, bob) = (Person::new("Alice", &[relay.url()])?, Person::new(NAME_TEXT, &[relay.url()])?);
    let (mut a, mut b) = (alice.open()?, bob.open()?);
    let link = a.driver.invite()?;
    b.driver.accept(&link)?;
    b.driver.send("Alice", RECEIVED_TEXT)?;
    a.driver.wait_contact(NAME_TEXT)?;
    a.driver.wait(NAME_TEXT, 1)?;
    a.quit()?;
    b.quit()?;
    Ok((alice, bob))
}

fn vault_of(launcher: u32) -> Result<u32, Error> {
    let found = descendants(launcher).into_iter().find(|(_, name)| name == "bulkhead-vault");
    found.map(|(process, _)| process).ok_or_else(|| Error::Odd("the vault does not run".into()))
}

/// No other process of the program holds anything at any time.
fn assert_others_clean(launcher: u32, needles: &[Needle]) -> Result<(), Error> {
    let mut others: Vec<_> = descendants(launcher).into_iter().filter(|(_, name)| name != "bulkhead-vault").collect();
    others.push((launcher, "bulkhead".into()));
    assert!(matches!(others.len(), 3 | 4), "net, ui, launcher, and seal where there is a TPM: {others:?}");
    for (process, name) in others {
        let found = scan(process, needles)?;
        assert!(found.read > 1 << 20 && found.hits.is_empty(), "{name}: {:?}", found.hits);
    }
    Ok(())
}

/// Scans until nothing is left, for at most five seconds: a locked vault has frames to draw before all is gone.
fn assert_clean(process: u32, needles: &[Needle]) -> Result<(), Error> {
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let found = scan(process, needles)?;
        if found.hits.is_empty() {
            println!("{} KiB read after the lock: nothing found", found.read / 1024);
            return Ok(());
        }
        if Instant::now() > deadline {
            for name in ALL {
                println!("after the lock: {name} {} times", found.count(name));
            }
            let shown: Vec<_> = found.hits.iter().take(40).map(|(what, place)| format!("{what} at {place}")).collect();
            return Err(Error::Odd(format!("the locked vault still holds:\n{}", shown.join("\n"))));
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

fn assert_found(process: u32, needles: &[Needle], wanted: &[&str]) -> Result<(), Error> {
    let found = scan(process, needles)?;
    for name in ALL {
        println!("before the lock: {name} {} times", found.count(name));
    }
    let missing: Vec<_> = wanted.iter().filter(|name| found.count(name) == 0).collect();
    assert!(missing.is_empty(), "the scan does not see {missing:?}: it would find nothing after the lock either");
    Ok(())
}

#[test]
fn a_locked_vault_behind_the_driver_holds_no_secret() -> Result<(), Error> {
    if skipped() {
        return Ok(());
    }
    let relay = Relay::start()?;
    let (alice, bob) = couple(&relay)?;
    let needles = needles(&alice)?;
    let (mut a, _b) = (alice.open()?, bob.open()?);
    a.driver.ask(&json!({"do": "open", "contact": NAME_TEXT}))?;
    a.driver.ask(&json!({"do": "type", "text": SENT_TEXT}))?;
    a.driver.ask(&json!({"do": "key", "key": "Enter"}))?;
    a.driver.wait_state(NAME_TEXT, 2, "delivered")?;
    a.driver.ask(&json!({"do": "type", "text": DRAFT_TEXT}))?;
    let vault = vault_of(a.launcher())?;
    assert_found(vault, &needles, &[STORE, SENT, RECEIVED, DRAFT, NAME])?;
    assert_others_clean(a.launcher(), &needles)?;
    // The test driver's own copies go with its connection; no shipped vault has them.
    let socket = alice.home().join("driver.sock");
    let before = std::mem::replace(&mut a.driver, Driver::connect(&socket)?);
    drop(before);
    a.driver.simple("lock")?;
    a.driver.simple("quiet")?;
    assert_clean(vault, &needles)
}

#[test]
fn a_recovery_code_that_was_shown_is_gone_once_the_vault_is_locked() -> Result<(), Error> {
    if skipped() {
        return Ok(());
    }
    let relay = Relay::start()?;
    let person = Person::new("Alice", &[relay.url()])?;
    let mut a = person.start()?;
    a.driver.until("a prompt", |state| phase_is(state, "setup"))?;
    a.driver.ask(&json!({"do": "create", "name": "Alice", "passphrase": PASSPHRASE, "offer": true}))?;
    a.driver.simple("quiet")?;
    let code = text(&a.driver.simple("recovery_code")?, "code")?;
    let secret = bulkhead_vault::profile::RecoverySecret::parse(&code).map_err(|_| Error::Odd("no code".into()))?;
    let mut needles = scan::text(CODE, &code);
    needles.extend(scan::key(CODE, secret.key().bytes()));
    let vault = vault_of(a.launcher())?;
    assert_found(vault, &needles, &[CODE])?;
    assert_others_clean(a.launcher(), &needles)?;
    let socket = person.home().join("driver.sock");
    drop(std::mem::replace(&mut a.driver, Driver::connect(&socket)?));
    a.driver.simple("lock")?;
    a.driver.simple("quiet")?;
    assert_clean(vault, &needles)
}

#[test]
fn a_pin_that_was_set_and_typed_is_gone_once_the_vault_is_locked() -> Result<(), Error> {
    if skipped() {
        return Ok(());
    }
    let (relay, tpm) = (Relay::start()?, Tpm::new()?);
    let person = Person::new("Alice", &[relay.url()])?;
    let mut command = person.command(Build::Driver)?;
    command.args(tpm.arguments());
    let mut a = person.open_by(command)?;
    let ask = |a: &mut Running, what: &str, value: &str| -> Result<(), Error> {
        let name = if what == "key" { "key" } else { "text" };
        a.driver.ask(&json!({"do": what, name: value}))?;
        a.driver.simple("quiet").map(drop)
    };
    // The button is there once the TPM has answered; its place is counted from the end of the settings.
    let page = |a: &mut Running| -> Result<bool, Error> {
        let slots = a.driver.simple("slots")?;
        Ok(slots["slots"].as_array().is_some_and(|slots| slots.iter().any(|slot| slot["kind"] == "NewPin")))
    };
    let mut tries = (1..5).cycle().take(40);
    while !page(&mut a)? {
        let Some(from_the_end) = tries.next() else { return Err(Error::Odd("the settings lead to no PIN".into())) };
        ask(&mut a, "key", "Ctrl+,")?;
        (0..from_the_end).try_for_each(|_| ask(&mut a, "key", "Shift+Tab"))?;
        ask(&mut a, "key", "Enter")?;
        std::thread::sleep(Duration::from_millis(200));
    }
    for words in [PASSPHRASE, PIN_TEXT, PIN_TEXT] {
        ask(&mut a, "type", words)?;
        ask(&mut a, "key", "Enter")?;
    }
    a.driver.until("word that the PIN counts", |state| state["notice"] == "PinSet")?;
    ask(&mut a, "key", "Ctrl+L")?;
    a.driver.until("the PIN's field", |state| state["focus"]["kind"] == "Pin")?;
    ask(&mut a, "type", PIN_TEXT)?;
    let needles = scan::text(PIN, PIN_TEXT);
    let vault = vault_of(a.launcher())?;
    assert_found(vault, &needles, &[PIN])?;
    assert_others_clean(a.launcher(), &needles)?;
    ask(&mut a, "key", "Enter")?;
    a.driver.until("the open profile", |state| phase_is(state, "open"))?;
    let socket = person.home().join("driver.sock");
    drop(std::mem::replace(&mut a.driver, Driver::connect(&socket)?));
    a.driver.simple("lock")?;
    a.driver.simple("quiet")?;
    assert_others_clean(a.launcher(), &needles)?;
    assert_clean(vault, &needles)
}

#[test]
fn a_locked_vault_behind_a_window_holds_no_secret() -> Result<(), Error> {
    if skipped() {
        return Ok(());
    }
    let relay = Relay::start()?;
    let (alice, bob) = couple(&relay)?;
    let needles = needles(&alice)?;
    let _bob = bob.open()?;
    let desktop = Desktop::start()?;
    let mut command = alice.command(Build::Shipped)?;
    command.env("DISPLAY", desktop.display()).env_remove("WAYLAND_DISPLAY").env_remove("XMODIFIERS");
    let program = Program::start(&mut command)?;
    let window = desktop.window(&[])?;
    std::thread::sleep(Duration::from_millis(700));
    let vault = vault_of(program.id())?;
    desktop.type_into(&window, PASSPHRASE)?;
    std::thread::sleep(Duration::from_millis(300));
    assert_found(vault, &needles, &[PASS])?;
    desktop.key("Return")?;
    std::thread::sleep(Duration::from_millis(3000));
    desktop.key("alt+Down")?;
    std::thread::sleep(Duration::from_millis(500));
    desktop.type_into(&window, SENT_TEXT)?;
    desktop.key("Return")?;
    // A search leaves what it was asked for in other places than a conversation does.
    desktop.key("ctrl+k")?;
    desktop.type_into(&window, "copper kettle")?;
    std::thread::sleep(Duration::from_millis(500));
    desktop.key("Return")?;
    std::thread::sleep(Duration::from_millis(500));
    desktop.key("Escape")?;
    desktop.type_into(&window, DRAFT_TEXT)?;
    std::thread::sleep(Duration::from_millis(1000));
    desktop.picture(&window, "memory-before-lock.png")?;
    assert_found(vault, &needles, &[STORE, SENT, RECEIVED, DRAFT, NAME])?;
    desktop.key("ctrl+l")?;
    std::thread::sleep(Duration::from_millis(500));
    desktop.picture(&window, "memory-after-lock.png")?;
    assert_clean(vault, &needles)
}
