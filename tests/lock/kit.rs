//! Hands on the keyboard and the pointer.

use bulkhead_tests::Error;
use bulkhead_tests::driver::text;
use bulkhead_tests::folder::pictures;
use bulkhead_tests::person::{PASSPHRASE, Person, Running, phase_is};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Somebody at the running program.
pub struct Hands(pub Running, pub PathBuf);

impl Hands {
    /// At a program that was started for this person.
    pub fn at(person: &Person, running: Running) -> Self {
        Self(running, person.home().to_path_buf())
    }
}

/// The sentence in the notice bar.
pub fn notice(state: &Value) -> Option<&str> {
    state.get("notice").and_then(Value::as_str)
}

/// Whether that is this one.
pub fn notice_is(name: &'static str) -> impl Fn(&Value) -> bool {
    move |state| notice(state) == Some(name)
}

impl Hands {
    /// Presses keys.
    pub fn keys(&mut self, keys: &[&str]) -> Result<(), Error> {
        self.0.driver.keys(keys)
    }

    /// Types.
    pub fn write(&mut self, words: &str) -> Result<(), Error> {
        self.0.driver.write(words)
    }

    /// Clicks into the middle of a slot.
    pub fn click(&mut self, slot: &str) -> Result<(), Error> {
        self.0.driver.click(slot)
    }

    /// Waits until this slot has the keyboard.
    pub fn focused(&mut self, slot: &str) -> Result<(), Error> {
        let focused = |state: &Value| state.pointer("/focus/kind") == Some(&slot.into());
        self.0.driver.until(slot, focused).map(drop)
    }

    /// Waits until ui shows this slot.
    pub fn shown(&mut self, slot: &str) -> Result<(), Error> {
        self.0.driver.shown(slot).map(drop)
    }

    /// What the strip says.
    pub fn strip(&mut self) -> Result<String, Error> {
        text(&self.0.driver.simple("state")?, "strip")
    }

    /// Name and passphrase at the first start, as far as the recovery code that is offered then.
    pub fn first_start(&mut self, name: &str, passphrase: &str) -> Result<(), Error> {
        self.0.driver.until("a prompt", |state| phase_is(state, "setup"))?;
        self.0.driver.simple("quiet")?;
        for words in [name, passphrase, passphrase] {
            self.write(words)?;
            self.keys(&["Enter"])?;
        }
        self.0.driver.until("the open profile", |state| phase_is(state, "open"))?;
        self.0.driver.simple("quiet")?;
        self.shown("RecoveryCode")
    }

    /// The code on screen.
    pub fn code(&mut self) -> Result<String, Error> {
        text(&self.0.driver.simple("recovery_code")?, "code")
    }

    /// From the lock screen to where the code is typed.
    pub fn forgot(&mut self) -> Result<(), Error> {
        self.0.driver.until("the lock", |state| phase_is(state, "locked"))?;
        self.focused("Unlock")?;
        self.keys(&["Tab", "Enter"])?;
        self.focused("TypeRecovery")
    }

    /// Opens the settings in a window that shows all of them, and presses what is below the choice of when to lock
    /// until a slot of this kind appears.
    pub fn settings(&mut self, what: &str, slot: &str) -> Result<(), Error> {
        self.0.driver.ask(&json!({"do": "resize", "width": 1280, "height": 2400}))?;
        self.keys(&["Ctrl+,"])?;
        self.shown("AutoLock")?;
        let list = self.0.driver.slots()?;
        let place = |slot: &Value| {
            let number = |name| slot.get(name).and_then(Value::as_f64).unwrap_or_default();
            (number("x") + 20.0, number("y") + number("h"))
        };
        let below = list.iter().find(|it| it.get("kind") == Some(&"AutoLock".into())).map(place);
        let (x, mut y) = below.ok_or_else(|| Error::Odd("the settings show no choice of when to lock".into()))?;
        while self.0.driver.slot(slot)?.is_none() {
            y += 16.0;
            if y > 2300.0 {
                return Err(Error::Odd(format!("`{what}` is not to be found in the settings")));
            }
            self.0.driver.click_at(x, y)?;
            // The button for a backup is on the way, and closes the profile.
            if phase_is(&self.0.driver.simple("state")?, "locked") {
                self.0.driver.unlock(PASSPHRASE)?;
                self.keys(&["Ctrl+,"])?;
                self.shown("AutoLock")?;
                y += 32.0;
            }
        }
        Ok(())
    }

    /// Waits until the profile is open.
    pub fn is_open(&mut self) -> Result<(), Error> {
        self.0.driver.until("the open profile", |state| phase_is(state, "open")).map(drop)
    }

    /// Waits for this notice.
    pub fn told(&mut self, notice: &'static str) -> Result<(), Error> {
        self.0.driver.until(notice, notice_is(notice)).map(drop)
    }

    /// Fills in the three fields for another passphrase.
    pub fn change(&mut self, current: &str, new: &str) -> Result<(), Error> {
        self.click("CurrentPassphrase")?;
        for words in [current, new, new] {
            self.write(words)?;
            self.keys(&["Enter"])?;
        }
        Ok(())
    }

    /// As if time had passed: seconds since the user was there, or during which the machine slept.
    pub fn pretend(&mut self, times: Value) -> Result<(), Error> {
        let mut request = json!({"do": "pretend"});
        if let (Some(request), Value::Object(times)) = (request.as_object_mut(), times) {
            request.extend(times);
        }
        self.0.driver.ask(&request).map(drop)
    }

    /// Leaves a picture for people to look at.
    pub fn picture(&mut self, name: &str) -> Result<(), Error> {
        // The vault may write into its own folder only.
        let (path, kept) = (self.1.join("picture.png"), pictures()?.join(format!("lock-{name}.png")));
        self.0.driver.ask(&json!({"do": "screenshot", "path": path}))?;
        std::fs::copy(path, kept).map(drop).map_err(|error| Error::System("keeping a picture", error))
    }
}
