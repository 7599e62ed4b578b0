//! A PIN, bound to the machine's TPM: it opens the profile there, and whatever becomes of the TPM, the passphrase does.

use crate::kit::{Hands, notice, notice_is};
use bulkhead_rules::Process;
use bulkhead_rules::audit::{Collection, unused};
use bulkhead_tests::Error;
use bulkhead_tests::folder::{Build, Scratch};
use bulkhead_tests::person::{PASSPHRASE, Person, phase_is};
use bulkhead_tests::relay::Relay;
use bulkhead_tests::tpm::Tpm;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const PIN: &str = "482915";
const OTHER: &str = "135790";
/// Long enough where whoever has the machine can reset the count of wrong ones.
pub const LONG: &str = "4829154829";

/// Starts the program at this machine.
pub fn start(person: &Person, tpm: &Tpm) -> Result<Hands, Error> {
    let mut command = person.command(Build::Driver)?;
    command.args(tpm.arguments());
    Ok(Hands::at(person, person.start_by(command)?))
}

/// Somebody with a profile, and the settings' page of the PIN.
pub fn owner(relay: &Relay, tpm: &Tpm) -> Result<(Person, Hands), Error> {
    let person = Person::new("Alice", &[relay.url()])?;
    let mut hands = start(&person, tpm)?;
    hands.0.driver.until("a prompt", |state| phase_is(state, "setup"))?;
    hands.0.driver.create("Alice", PASSPHRASE)?;
    hands.0.driver.simple("quiet")?;
    Ok((person, hands))
}

impl Hands {
    /// Goes to the page of the PIN.
    pub fn pin_page(&mut self) -> Result<(), Error> {
        self.0.driver.page_with("NewPin")?;
        self.focused("CurrentPassphrase")
    }

    /// Fills in what the page asks for.
    pub fn set_pin(&mut self, passphrase: &str, pin: &str, repeated: &str) -> Result<(), Error> {
        for words in [passphrase, pin, repeated] {
            self.write(words)?;
            self.keys(&["Enter"])?;
        }
        Ok(())
    }

    /// Types a PIN on the lock screen.
    pub fn try_pin(&mut self, pin: &str) -> Result<(), Error> {
        self.focused("Pin")?;
        self.write(pin)?;
        self.keys(&["Enter"])
    }
}

#[test]
fn a_pin_opens_the_profile_where_its_tpm_is_and_who_mistypes_loses_nothing() -> Result<(), Error> {
    let (relay, mut tpm) = (Relay::start()?, Tpm::new()?);
    tpm.guard()?;
    let (person, mut hands) = owner(&relay, &tpm)?;
    hands.pin_page()?;
    hands.picture("pin-page")?;
    hands.set_pin("not the passphrase", PIN, PIN)?;
    hands.told("WrongPassphrase")?;
    hands.set_pin(PASSPHRASE, "12345", "12345")?;
    hands.told("PinTooShort")?;
    hands.keys(&["Ctrl+A"])?;
    hands.write(PIN)?;
    hands.keys(&["Enter"])?;
    hands.write(OTHER)?;
    hands.keys(&["Enter"])?;
    hands.told("PinsDiffer")?;
    hands.write(PIN)?;
    hands.keys(&["Enter"])?;
    hands.told("PinSet")?;
    hands.picture("pin-set")?;

    hands.keys(&["Ctrl+L"])?;
    hands.try_pin(OTHER)?;
    hands.told("WrongPin")?;
    hands.focused("Pin")?;
    assert!(hands.strip()?.contains("more wrong one"), "{}", hands.strip()?);
    hands.picture("pin-wrong")?;
    hands.try_pin(PIN)?;
    hands.is_open()?;

    // The machine is switched off and on. A wish to use the passphrase is granted.
    hands.0.quit()?;
    tpm.on()?;
    let mut hands = start(&person, &tpm)?;
    hands.focused("Pin")?;
    hands.picture("pin-asked")?;
    hands.keys(&["Tab", "Enter"])?;
    hands.focused("Unlock")?;
    hands.write(PASSPHRASE)?;
    hands.keys(&["Enter"])?;
    hands.is_open()?;
    hands.keys(&["Ctrl+L"])?;
    hands.try_pin(PIN)?;
    hands.is_open()?;

    // A copy of the profile's folder at another machine.
    hands.0.quit()?;
    let elsewhere = Tpm::new()?;
    let mut hands = start(&person, &elsewhere)?;
    hands.try_pin(PIN)?;
    hands.told("PinUseless")?;
    hands.focused("Unlock")?;
    hands.picture("pin-useless")?;
    hands.write(PASSPHRASE)?;
    hands.keys(&["Enter"])?;
    hands.is_open()
}

#[test]
fn a_tpm_that_is_lost_or_rests_leaves_the_passphrase() -> Result<(), Error> {
    let (relay, mut tpm) = (Relay::start()?, Tpm::new()?);
    let (person, mut hands) = owner(&relay, &tpm)?;
    hands.pin_page()?;
    hands.set_pin(PASSPHRASE, PIN, PIN)?;
    hands.told("PinUnguarded")?;
    hands.picture("pin-unguarded")?;
    hands.keys(&["Ctrl+A"])?;
    for words in [LONG, LONG] {
        hands.write(words)?;
        hands.keys(&["Enter"])?;
    }
    hands.told("PinSet")?;

    // Too many wrong ones: then even the right one waits.
    hands.keys(&["Ctrl+L"])?;
    for attempt in 0.. {
        assert!(attempt < 40, "it takes wrong PINs for ever");
        hands.try_pin(OTHER)?;
        let state = hands.0.driver.until("an answer", |state| phase_is(state, "locked") && notice(state).is_some())?;
        if notice_is("PinResting")(&state) {
            break;
        }
    }
    hands.focused("Unlock")?;
    hands.picture("pin-resting")?;
    hands.keys(&["Tab", "Enter"])?;
    hands.try_pin(LONG)?;
    hands.told("PinResting")?;
    hands.0.driver.unlock(PASSPHRASE)?;

    // The process that speaks with the TPM dies while the window is open.
    hands.0.kill("bulkhead-seal")?;
    hands.keys(&["Ctrl+L"])?;
    hands.focused("Unlock")?;
    hands.picture("pin-lost")?;
    hands.write(PASSPHRASE)?;
    hands.keys(&["Enter"])?;
    hands.is_open()?;
    hands.0.quit()?;

    // No TPM at all.
    tpm.clear()?;
    let mut hands = start(&person, &tpm)?;
    hands.focused("Unlock")?;
    hands.0.driver.unlock(PASSPHRASE)?;
    assert!(hands.0.log().contains("going on without a TPM"), "{}", hands.0.log());
    hands.0.quit()?;

    // One that was cleared. A PIN can be set anew.
    tpm.on()?;
    let mut hands = start(&person, &tpm)?;
    hands.try_pin(LONG)?;
    hands.told("PinUseless")?;
    hands.0.driver.unlock(PASSPHRASE)?;
    hands.pin_page()?;
    hands.set_pin(PASSPHRASE, LONG, LONG)?;
    hands.told("PinSet")?;
    hands.keys(&["Ctrl+L"])?;
    hands.try_pin(LONG)?;
    hands.is_open()
}

/// Under a tracer, which shows also whether seal needs all that its rules allow.
#[test]
fn a_pin_is_removed_by_who_knows_the_passphrase() -> Result<(), Error> {
    let (relay, tpm, records) = (Relay::start()?, Tpm::new()?, Scratch::new()?);
    let person = Person::new("Alice", &[relay.url()])?;
    let bare = person.command(Build::Driver)?;
    let mut command = Command::new("strace");
    command.args(["-ff", "-qq", "-e", "signal=none", "-e", "raw=!execve", "-o"]).arg(records.path().join("record"));
    command.arg(bare.get_program()).args(bare.get_args()).args(tpm.arguments()).stdin(Stdio::null());
    let mut hands = Hands::at(&person, person.open_by(command)?);
    hands.0.driver.simple("quiet")?;
    let file = person.home().join("default/profile.key");
    let length = |file: &Path| std::fs::metadata(file).map_or(0, |file| file.len());
    let before = length(&file);
    hands.pin_page()?;
    hands.set_pin(PASSPHRASE, LONG, LONG)?;
    hands.told("PinSet")?;
    assert!(length(&file) > before);
    hands.keys(&["Ctrl+L"])?;
    hands.try_pin(LONG)?;
    hands.is_open()?;
    hands.pin_page()?;
    hands.write("not the passphrase")?;
    // Past the two fields to the buttons.
    hands.keys(&["Tab", "Tab", "Tab", "Enter"])?;
    hands.told("WrongPassphrase")?;
    hands.focused("CurrentPassphrase")?;
    // Under the tracer ui may answer later than the vault believes it: then once more.
    for _ in 0..5 {
        if length(&file) == before {
            break;
        }
        hands.click("CurrentPassphrase")?;
        hands.keys(&["Ctrl+A"])?;
        hands.write(PASSPHRASE)?;
        hands.keys(&["Tab", "Tab", "Tab", "Enter"])?;
        std::thread::sleep(Duration::from_secs(4));
    }
    hands.told("PinRemoved")?;
    assert_eq!(length(&file), before);
    hands.keys(&["Ctrl+L"])?;
    hands.focused("Unlock")?;
    hands.0.quit()?;
    let found = unused(&Collection::carried().unwrap(), &[records.path()]).unwrap();
    assert_eq!(found.get(&Process::Seal).map(Vec::as_slice), Some([].as_slice()), "lines of seal's rules");
    Ok(())
}
