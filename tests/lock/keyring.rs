//! The desktop's keyring opens the profile when the program starts, and nothing that was locked; whatever becomes of it,
//! the passphrase opens the profile.

use crate::kit::Hands;
use bulkhead_rules::Process;
use bulkhead_rules::audit::{Collection, unused};
use bulkhead_tests::Error;
use bulkhead_tests::folder::{Build, Scratch};
use bulkhead_tests::keyring::Keyring;
use bulkhead_tests::person::{PASSPHRASE, Person, phase_is};
use bulkhead_tests::relay::Relay;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Starts the program in this session of the desktop.
fn start(person: &Person, keyring: &Keyring) -> Result<Hands, Error> {
    let mut command = person.command(Build::Driver)?;
    let (name, value) = keyring.environment();
    command.env(name, value);
    Ok(Hands::at(person, person.start_by(command)?))
}

impl Hands {
    /// A profile whose owner wrote no recovery code down.
    fn own(&mut self) -> Result<(), Error> {
        self.first_start("Alice", PASSPHRASE)?;
        self.click("RecoveryCode")?;
        self.keys(&["Tab", "Enter"])?;
        self.0.driver.simple("quiet").map(drop)
    }

    fn keyring_page(&mut self) -> Result<(), Error> {
        self.0.driver.page_with("Keyring").map(drop)
    }

    /// Types the passphrase and presses the vault's button.
    fn turn_on(&mut self, passphrase: &str) -> Result<(), Error> {
        self.focused("CurrentPassphrase")?;
        self.write(passphrase)?;
        self.keys(&["Enter"])?;
        self.focused("Keyring")?;
        self.keys(&["Enter"])
    }

    /// It waits for the passphrase, and goes on waiting.
    fn stays_locked(&mut self) -> Result<(), Error> {
        self.focused("Unlock")?;
        std::thread::sleep(Duration::from_secs(2));
        assert!(phase_is(&self.0.driver.simple("state")?, "locked"));
        self.focused("Unlock")
    }
}

/// Waits until the keyring holds so many items of the program's; returns them.
fn holds(keyring: &Keyring, count: usize) -> Result<Vec<String>, Error> {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let items = keyring.items()?;
        if items.len() == count {
            return Ok(items);
        }
        if Instant::now() > deadline {
            return Err(Error::Odd(format!("the keyring holds {items:?}")));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn secret(items: &[String]) -> String {
    let line = items.iter().flat_map(|item| item.lines()).find_map(|line| line.strip_prefix("secret = "));
    line.unwrap_or_default().to_owned()
}

#[test]
fn the_keyring_opens_the_profile_at_the_start_and_nothing_that_was_locked() -> Result<(), Error> {
    let (relay, keyring) = (Relay::start()?, Keyring::new()?);
    let person = Person::new("Alice", &[relay.url()])?;
    let mut hands = start(&person, &keyring)?;
    hands.own()?;
    hands.keyring_page()?;
    hands.picture("keyring-page")?;
    hands.turn_on("not the passphrase")?;
    hands.told("WrongPassphrase")?;
    holds(&keyring, 0)?;
    hands.turn_on(PASSPHRASE)?;
    // Who types the passphrase seldom may forget it: a code is offered, as none was taken before.
    hands.told("KeyringOn")?;
    hands.shown("RecoveryCode")?;
    let first = secret(&holds(&keyring, 1)?);
    assert_eq!(first.len(), 64, "{first}");
    hands.keys(&["Tab", "Enter"])?;
    hands.keyring_page()?;
    hands.picture("keyring-on")?;

    // The program starts anew, also after it died: nobody types anything.
    hands.0.quit()?;
    let mut hands = start(&person, &keyring)?;
    hands.is_open()?;
    hands.picture("keyring-opened")?;
    hands.0.kill("bulkhead-vault")?;
    drop(hands);
    let mut hands = start(&person, &keyring)?;
    hands.is_open()?;

    // What was locked stays locked, also for who starts the program again at the same desktop.
    hands.keys(&["Ctrl+L"])?;
    hands.stays_locked()?;
    holds(&keyring, 0)?;
    hands.0.quit()?;
    let mut hands = start(&person, &keyring)?;
    hands.stays_locked()?;
    hands.0.driver.unlock(PASSPHRASE)?;
    let second = secret(&holds(&keyring, 1)?);
    assert!(second.len() == 64 && second != first, "a fresh one");
    hands.0.quit()?;
    let mut hands = start(&person, &keyring)?;
    hands.is_open()
}

#[test]
fn whatever_becomes_of_the_keyring_the_passphrase_opens_the_profile() -> Result<(), Error> {
    let (relay, mut keyring) = (Relay::start()?, Keyring::new()?);
    let person = Person::new("Alice", &[relay.url()])?;
    let mut hands = start(&person, &keyring)?;
    hands.own()?;
    hands.keyring_page()?;
    hands.turn_on(PASSPHRASE)?;
    hands.told("KeyringOn")?;
    hands.0.quit()?;

    // Another program removes the item, or puts something else in its place: each time it is put there anew.
    let name = keyring.name()?;
    let zeros = "0".repeat(64);
    let spoil: [&dyn Fn() -> Result<(), Error>; 4] = [
        &|| keyring.clear(&name),
        &|| keyring.replace(&name, "something else"),
        &|| keyring.replace(&name, &zeros),
        &|| keyring.replace(&name, &"x".repeat(20_000)),
    ];
    for spoil in spoil {
        spoil()?;
        let mut hands = start(&person, &keyring)?;
        hands.told("KeyringUseless")?;
        hands.focused("Unlock")?;
        hands.picture("keyring-useless")?;
        hands.0.driver.unlock(PASSPHRASE)?;
        let again = secret(&holds(&keyring, 1)?);
        assert!(again.len() == 64 && again != zeros, "{again}");
        hands.0.quit()?;
    }

    // A locked keyring, and nobody who answers its question.
    keyring.lock()?;
    let mut hands = start(&person, &keyring)?;
    hands.told("KeyringLocked")?;
    hands.picture("keyring-locked")?;
    hands.0.driver.unlock(PASSPHRASE)?;
    hands.0.quit()?;
    keyring.on()?;
    let mut hands = start(&person, &keyring)?;
    hands.is_open()?;

    hands.0.quit()?;

    // One that does not answer: the passphrase works meanwhile, and what comes late opens nothing anew.
    let before = secret(&holds(&keyring, 1)?);
    keyring.answers(false)?;
    let mut hands = start(&person, &keyring)?;
    hands.stays_locked()?;
    hands.picture("keyring-asking")?;
    hands.0.driver.unlock(PASSPHRASE)?;
    keyring.answers(true)?;
    let deadline = Instant::now() + Duration::from_secs(20);
    while secret(&holds(&keyring, 1)?) == before && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_ne!(secret(&holds(&keyring, 1)?), before, "a fresh one");
    hands.0.quit()?;
    let mut hands = start(&person, &keyring)?;
    hands.is_open()?;

    // The process that speaks with it dies; then nothing is there to speak with.
    hands.0.kill("bulkhead-keyrin")?;
    hands.keyring_page()?;
    hands.keys(&["Ctrl+L"])?;
    hands.stays_locked()?;
    hands.picture("keyring-lost")?;
    hands.0.driver.unlock(PASSPHRASE)?;
    hands.0.quit()?;
    keyring.off();
    let mut hands = start(&person, &keyring)?;
    hands.stays_locked()?;
    hands.0.driver.unlock(PASSPHRASE)?;
    hands.0.quit()?;
    let mut hands = Hands::at(&person, person.start()?);
    hands.stays_locked()?;
    hands.0.driver.unlock(PASSPHRASE)
}

/// Under a tracer, which shows also whether keyring needs all that its rules allow.
#[test]
fn turned_off_nothing_is_left_in_the_keyring_nor_in_the_key_file() -> Result<(), Error> {
    let (relay, keyring, records) = (Relay::start()?, Keyring::new()?, Scratch::new()?);
    let person = Person::new("Alice", &[relay.url()])?;
    let bare = person.command(Build::Driver)?;
    let mut command = Command::new("strace");
    command.args(["-ff", "-qq", "-e", "signal=none", "-e", "raw=!execve", "-o"]).arg(records.path().join("record"));
    let (name, value) = keyring.environment();
    command.arg(bare.get_program()).args(bare.get_args()).stdin(Stdio::null()).env(name, value);
    let mut hands = Hands::at(&person, person.open_by(command)?);
    hands.0.driver.simple("quiet")?;
    let file = person.home().join("default/profile.key");
    let length = || std::fs::metadata(&file).map_or(0, |file| file.len());
    let before = length();
    // Under the tracer ui may answer later than the vault believes it: then once more.
    for _ in 0..5 {
        hands.keyring_page()?;
        hands.turn_on(PASSPHRASE)?;
        std::thread::sleep(Duration::from_secs(3));
        if length() > before {
            break;
        }
    }
    hands.told("KeyringOn")?;
    holds(&keyring, 1)?;
    assert!(length() > before);
    for _ in 0..5 {
        hands.keyring_page()?;
        hands.focused("Keyring")?;
        hands.keys(&["Enter"])?;
        std::thread::sleep(Duration::from_secs(1));
        if length() == before {
            break;
        }
    }
    hands.told("KeyringOff")?;
    holds(&keyring, 0)?;
    assert_eq!(length(), before);
    hands.0.quit()?;
    let mut hands = start(&person, &keyring)?;
    hands.stays_locked()?;

    // Nor is anything once the whole profile is deleted.
    hands.0.driver.unlock(PASSPHRASE)?;
    hands.keyring_page()?;
    hands.turn_on(PASSPHRASE)?;
    holds(&keyring, 1)?;
    hands.keys(&["Escape", "Ctrl+,", "Shift+Tab", "Enter"])?;
    hands.focused("ConfirmErase")?;
    hands.write("DELETE")?;
    hands.keys(&["Enter"])?;
    hands.0.driver.until("the first start again", |state| phase_is(state, "setup"))?;
    holds(&keyring, 0)?;
    hands.0.quit()?;
    let found = unused(&Collection::carried().unwrap(), &[records.path()]).unwrap();
    assert_eq!(found.get(&Process::Keyring).map(Vec::as_slice), Some([].as_slice()), "lines of keyring's rules");
    Ok(())
}
