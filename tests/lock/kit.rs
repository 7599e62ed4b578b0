//! Hands on the keyboard and the pointer.

use bulkhead_tests::Error;
use bulkhead_tests::driver::text;
use bulkhead_tests::folder::pictures;
use bulkhead_tests::person::{PASSPHRASE, Person, Running, phase_is};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

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
    /// Presses keys, one after the other, and lets the window come to rest after each.
    pub fn keys(&mut self, keys: &[&str]) -> Result<(), Error> {
        for key in keys {
            self.0.driver.ask(&json!({"do": "key", "key": key}))?;
            self.0.driver.simple("quiet")?;
        }
        Ok(())
    }

    /// Types.
    pub fn write(&mut self, words: &str) -> Result<(), Error> {
        self.0.driver.ask(&json!({"do": "type", "text": words})).map(drop)
    }

    /// Clicks into the middle of a slot.
    pub fn click(&mut self, slot: &str) -> Result<(), Error> {
        self.0.driver.ask(&json!({"do": "click", "slot": slot}))?;
        self.0.driver.simple("quiet").map(drop)
    }

    /// Waits until this slot has the keyboard.
    pub fn focused(&mut self, slot: &str) -> Result<(), Error> {
        let focused = |state: &Value| state.pointer("/focus/kind") == Some(&slot.into());
        self.0.driver.until(slot, focused).map(drop)
    }

    /// Waits until ui shows this slot.
    pub fn shown(&mut self, slot: &str) -> Result<(), Error> {
        let deadline = Instant::now() + Duration::from_secs(20);
        while !self.slots()?.contains(&slot.to_owned()) {
            if Instant::now() > deadline {
                return Err(Error::Odd(format!("{slot} is not on screen but {:?}", self.slots()?)));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// What the strip says.
    pub fn strip(&mut self) -> Result<String, Error> {
        text(&self.0.driver.simple("state")?, "strip")
    }

    /// The kinds of all slots on screen.
    pub fn slots(&mut self) -> Result<Vec<String>, Error> {
        let answer = self.0.driver.simple("slots")?;
        let slots = answer.get("slots").and_then(Value::as_array).cloned().unwrap_or_default();
        slots.iter().map(|slot| text(slot, "kind")).collect()
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
        let answer = self.0.driver.simple("slots")?;
        let list = answer.get("slots").and_then(Value::as_array).cloned().unwrap_or_default();
        let place = |slot: &Value| {
            let number = |name| slot.get(name).and_then(Value::as_i64).unwrap_or_default();
            (number("x") + 20, number("y") + number("h"))
        };
        let below = list.iter().find(|it| it.get("kind") == Some(&"AutoLock".into())).map(place);
        let (x, mut y) = below.ok_or_else(|| Error::Odd("the settings show no choice of when to lock".into()))?;
        while !self.slots()?.contains(&slot.to_owned()) {
            y += 16;
            if y > 2300 {
                return Err(Error::Odd(format!("`{what}` is not to be found in the settings")));
            }
            self.0.driver.ask(&json!({"do": "click", "x": x, "y": y}))?;
            self.0.driver.simple("quiet")?;
            // The button for a backup is on the way, and closes the profile.
            if phase_is(&self.0.driver.simple("state")?, "locked") {
                self.0.driver.unlock(PASSPHRASE)?;
                self.keys(&["Ctrl+,"])?;
                self.shown("AutoLock")?;
                y += 32;
            }
        }
        Ok(())
    }

    /// Goes to a page by one of the last buttons in the settings; on the page there is a slot of this kind. The button is
    /// there once a TPM or a keyring has answered.
    pub fn page_with(&mut self, slot: &str) -> Result<(), Error> {
        let deadline = Instant::now() + Duration::from_secs(60);
        for from_the_end in (1..5).cycle().take_while(|_| Instant::now() < deadline) {
            self.keys(&["Ctrl+,"])?;
            self.shown("OwnName")?;
            self.keys(&["Shift+Tab"].repeat(from_the_end))?;
            self.keys(&["Enter"])?;
            let patience = Instant::now() + Duration::from_secs(1);
            while Instant::now() < patience {
                if self.slots()?.iter().any(|shown| shown == slot) {
                    return Ok(());
                }
            }
        }
        Err(Error::Odd(format!("no page of the settings shows {slot}")))
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
