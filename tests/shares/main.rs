//! Recovery with the help of contacts, through the real processes: six people, three of five parts, the old profile
//! opened by what they give back.

#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use bulkhead_tests::Error;
use bulkhead_tests::driver::text;
use bulkhead_tests::folder::pictures;
use bulkhead_tests::person::{PASSPHRASE, Person, Running, phase_is};
use bulkhead_tests::relay::Relay;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const KEEPERS: [&str; 5] = ["Bob", "Carol", "Dave", "Erin", "Frank"];
const NEW: &str = "another horse entirely";

/// Somebody at the running program.
struct Hands {
    person: Person,
    running: Running,
}

impl Hands {
    fn new(name: &str, relay: &Relay) -> Result<Self, Error> {
        let person = Person::new(name, &[relay.url()])?;
        let running = person.open()?;
        Ok(Self { person, running })
    }

    fn ask(&mut self, request: Value) -> Result<Value, Error> {
        self.running.driver.ask(&request)
    }

    fn keys(&mut self, keys: &[&str]) -> Result<(), Error> {
        self.running.driver.keys(keys)
    }

    fn write(&mut self, words: &str) -> Result<(), Error> {
        self.running.driver.write(words)
    }

    fn click(&mut self, slot: &str) -> Result<(), Error> {
        self.running.driver.click(slot)
    }

    fn slots(&mut self) -> Result<Vec<Value>, Error> {
        self.running.driver.slots()
    }

    fn shows(&mut self, slot: &str) -> Result<bool, Error> {
        Ok(self.running.driver.slot(slot)?.is_some())
    }

    fn shown(&mut self, slot: &str) -> Result<(), Error> {
        self.running.driver.shown(slot).map(drop)
    }

    /// How it stands with parts.
    fn parts(&mut self) -> Result<Value, Error> {
        self.ask(json!({"do": "parts"}))
    }

    fn eventually(&mut self, what: &str, good: impl Fn(&mut Self) -> Result<bool, Error>) -> Result<(), Error> {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !good(self)? {
            if Instant::now() > deadline {
                return Err(Error::Odd(format!("{what} did not come: {:?}", self.slots()?)));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// The program's own lines in a conversation.
    fn lines(&mut self, contact: impl Into<Value>) -> Result<Vec<String>, Error> {
        let messages = self.running.driver.messages(contact)?;
        messages.iter().filter(|message| message["state"] == "note").map(|message| text(message, "text")).collect()
    }

    fn has_line(&mut self, contact: impl Into<Value>, part: &str) -> Result<bool, Error> {
        Ok(self.lines(contact)?.iter().any(|line| line.contains(part)))
    }

    /// Leaves a picture for people to look at, in both themes.
    fn picture(&mut self, name: &str) -> Result<(), Error> {
        self.ask(json!({"do": "resize", "width": 1100, "height": 800}))?;
        for theme in ["dark", "light"] {
            self.ask(json!({"do": "theme", "theme": theme}))?;
            let path = self.person.home().join("picture.png");
            self.ask(json!({"do": "screenshot", "path": path}))?;
            let kept = pictures()?.join(format!("shares-{name}-{theme}.png"));
            std::fs::copy(path, kept).map_err(|error| Error::System("keeping a picture", error))?;
        }
        Ok(())
    }

    /// Answers the question that the vault asks: presses the button that is so many further than the safe one.
    fn answer(&mut self, further: usize) -> Result<(), Error> {
        self.shown("ConfirmParts")?;
        self.click("ConfirmParts")?;
        self.keys(&vec!["Tab"; further])?;
        self.keys(&["Enter"])?;
        self.eventually("the end of the question", |hands| Ok(!hands.shows("ConfirmParts")?))
    }

    /// Types the code on the lock screen, and a new passphrase.
    fn recover(&mut self, code: &str, passphrase: &str) -> Result<(), Error> {
        let at = |kind: &'static str| move |state: &Value| state["focus"]["kind"] == kind;
        self.running.driver.until("the lock", |state| phase_is(state, "locked"))?;
        self.running.driver.until("the passphrase's field", at("Unlock"))?;
        self.keys(&["Tab", "Enter"])?;
        for (kind, words) in [("TypeRecovery", code), ("NewPassphrase", passphrase), ("RepeatPassphrase", passphrase)] {
            self.running.driver.until(kind, at(kind))?;
            self.write(words)?;
            self.keys(&["Enter"])?;
        }
        Ok(())
    }

    /// Goes from the settings to the page about parts: presses what is there from below, and leaves what it does not mean.
    fn open_parts(&mut self) -> Result<(), Error> {
        self.ask(json!({"do": "resize", "width": 1280, "height": 2600}))?;
        self.keys(&["Ctrl+,"])?;
        self.shown("AutoLock")?;
        let lock = self.slots()?.into_iter().find(|slot| slot["kind"] == "AutoLock").unwrap_or_default();
        let (x, top) = (lock["x"].as_i64().unwrap_or_default() + 20, lock["y"].as_i64().unwrap_or_default());
        let mut y = 2500;
        while !self.shows("CurrentPassphrase")? {
            if y < top {
                return Err(Error::Odd("the settings have no way to the parts".into()));
            }
            self.ask(json!({"do": "click", "x": x, "y": y}))?;
            self.ask(json!({"do": "quiet"}))?;
            if self.shows("ConfirmErase")? {
                self.keys(&["Escape"])?;
                self.shown("AutoLock")?;
            }
            y -= 16;
        }
        Ok(())
    }

    /// Presses "Choose" beside each of these contacts.
    fn choose(&mut self, names: &[&str]) -> Result<(), Error> {
        for name in names {
            let handle = self.handle(name)?;
            self.eventually(name, |hands| hands.choose_one(handle))?;
        }
        Ok(())
    }

    /// One press, which counts if ui answers it within two seconds; says whether it did.
    fn choose_one(&mut self, handle: u64) -> Result<bool, Error> {
        let slots = self.slots()?;
        let row = slots
            .iter()
            .find(|slot| slot["kind"] == "ContactName" && slot["handle"] == handle && slot["x"].as_i64() > Some(400));
        let row = row.ok_or_else(|| Error::Odd(format!("{handle} cannot be chosen")))?;
        let number = |name| row[name].as_i64().unwrap_or_default();
        let (x, y) = (number("x") + number("w") + 40, number("y") + number("h") / 2);
        self.ask(json!({"do": "click", "x": x, "y": y}))?;
        let deadline = Instant::now() + Duration::from_secs(4);
        while Instant::now() < deadline {
            if self.parts()?["picked"].as_array().is_some_and(|picked| picked.contains(&handle.into())) {
                self.ask(json!({"do": "quiet"}))?;
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(false)
    }

    /// The newest contact of this name.
    fn handle(&mut self, name: &str) -> Result<u64, Error> {
        let contacts = self.running.driver.contacts()?;
        let named = contacts.iter().filter(|contact| contact["name"] == name);
        named.filter_map(|contact| contact["handle"].as_u64()).max().ok_or_else(|| Error::Odd(format!("no {name}")))
    }

    /// Becomes a contact of somebody, who does nothing but accept. The handles that each has for the other.
    fn meet(&mut self, other: &mut Self) -> Result<(u64, u64), Error> {
        let before = self.running.driver.contacts()?.len();
        let link = self.running.driver.invite()?;
        let there = other.running.driver.accept(&link)?;
        self.eventually("a new contact", |hands| Ok(hands.running.driver.contacts()?.len() > before))?;
        let here = self.running.driver.contacts()?.iter().filter_map(|contact| contact["handle"].as_u64()).max();
        other.eventually("an answer", |hands| {
            let contacts = hands.running.driver.contacts()?;
            Ok(contacts.iter().any(|contact| contact["handle"] == there && contact["waiting"] == false))
        })?;
        Ok((here.unwrap_or_default(), there))
    }
}

#[test]
fn three_of_five_contacts_open_a_profile_again_and_two_do_not() -> Result<(), Error> {
    let relay = Relay::start()?;
    let mut alice = Hands::new("Alice", &relay)?;
    let mut keepers = Vec::new();
    for name in KEEPERS {
        let mut keeper = Hands::new(name, &relay)?;
        alice.meet(&mut keeper)?;
        keepers.push(keeper);
    }

    // Alice chooses five, three of whom are needed, and says with her passphrase that it is she.
    alice.open_parts()?;
    alice.choose(&KEEPERS)?;
    alice.picture("choose")?;
    alice.click("CurrentPassphrase")?;
    alice.write("not the passphrase")?;
    alice.keys(&["Enter"])?;
    alice.running.driver.until("the refusal", |state| state["notice"] == "WrongPassphrase")?;
    alice.write(PASSPHRASE)?;
    alice.keys(&["Enter"])?;
    alice.shown("ConfirmParts")?;
    alice.picture("give")?;
    assert_eq!(alice.parts()?["given"].as_array().map(Vec::len), Some(0), "nothing goes out before the answer");
    alice.answer(1)?;
    alice.eventually("word that all parts are kept", |hands| {
        let given = hands.parts()?["given"].as_array().cloned().unwrap_or_default();
        Ok(given.len() == 5 && given.iter().all(|part| part["state"] == "Kept"))
    })?;
    alice.picture("kept")?;
    for keeper in &mut keepers {
        assert!(keeper.has_line("Alice", "You keep a part of Alice's recovery secret. 3 of 5 are needed")?);
    }
    alice.keys(&["Ctrl+L"])?;

    // She has forgotten the passphrase. In a new profile she meets three of them again, and asks.
    let mut again = Hands::new("Alice (new)", &relay)?;
    for (at, keeper) in keepers.iter_mut().take(3).enumerate() {
        let (there, here) = again.meet(keeper)?;
        again.ask(json!({"do": "parts", "act": "ask", "contact": there}))?;
        if at == 0 {
            again.picture("ask")?;
        }
        again.answer(1)?;
        keeper.eventually("the request", |hands| Ok(hands.parts()?["asked"] == json!([here])))?;
        keeper.ask(json!({"do": "open", "contact": here}))?;
        if at == 0 {
            keeper.picture("asked")?;
        }
        keeper.ask(json!({"do": "parts", "act": "answer", "contact": here}))?;
        if at == 0 {
            keeper.shown("ConfirmParts")?;
            keeper.picture("answer")?;
        }
        keeper.answer(1)?;
        again.eventually("a part", |hands| Ok(hands.parts()?["gathered"]["have"] == at + 1))?;
        let complete = again.parts()?["gathered"]["complete"] == true;
        assert_eq!(complete, at == 2, "three make the code, and not fewer");
        if at == 1 {
            again.ask(json!({"do": "parts", "act": "show"}))?;
            assert!(again.ask(json!({"do": "recovery_code"}))?["code"].is_null(), "two parts show nothing");
        }
    }
    again.running.driver.until("word that it is complete", |state| state["notice"] == "PartsComplete")?;
    again.ask(json!({"do": "parts", "act": "show"}))?;
    again.shown("RecoveryCode")?;
    again.picture("code")?;
    let code = text(&again.ask(json!({"do": "recovery_code"}))?, "code")?;
    again.click("RecoveryCode")?;
    again.keys(&["Tab", "Tab", "Enter"])?;
    assert!(again.parts()?["gathered"].is_null(), "what was written down is forgotten here");

    // The code opens the old profile, with a new passphrase; and whose it is sees who gave what.
    alice.recover(&code, NEW)?;
    alice.running.driver.until("the open profile", |state| phase_is(state, "open"))?;
    for name in &KEEPERS[..3] {
        alice.eventually("a word about it", |hands| hands.has_line(*name, "to somebody who asked for it as you"))?;
    }
    assert!(!alice.has_line("Erin", "to somebody")?);
    alice.ask(json!({"do": "open", "contact": "Bob"}))?;
    alice.picture("given-away")?;

    // What is withdrawn is gone from the keepers, and the old code opens nothing.
    let key_file = alice.person.home().join("default/profile.key");
    let before = std::fs::read(&key_file).map_err(|error| Error::System("reading the key file", error))?;
    alice.open_parts()?;
    alice.ask(json!({"do": "parts", "act": "withdraw", "passphrase": NEW}))?;
    alice.answer(1)?;
    alice.eventually("word that all is destroyed", |hands| Ok(hands.parts()?["given"] == json!([])))?;
    for keeper in &mut keepers {
        assert_eq!(keeper.parts()?["kept"], json!([]));
        assert!(keeper.has_line("Alice", "withdrew")?);
    }
    alice.keys(&["Ctrl+L"])?;
    alice.recover(&code, "a third horse")?;
    alice.running.driver.until("the refusal", |state| state["notice"] == "WrongRecoveryCode")?;

    // Nor does it where the program ended after the store was written, and before the key file was.
    std::fs::write(&key_file, before).map_err(|error| Error::System("writing the key file", error))?;
    alice.running.driver.unlock(NEW)?;
    alice.keys(&["Ctrl+L"])?;
    alice.recover(&code, "a third horse")?;
    alice.running.driver.until("the refusal", |state| state["notice"] == "WrongRecoveryCode")?;
    alice.running.driver.unlock(NEW)
}
