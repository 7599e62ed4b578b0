//! The program with the stand-in for its launcher, and hands on both.

use bulkhead_ipc::cbor;
use bulkhead_ipc::control::{FromLauncher, ToLauncher};
use bulkhead_tests::Error;
use bulkhead_tests::folder::{Build, binaries, pictures};
use bulkhead_tests::person::{PASSPHRASE, Person, Running};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long something that must not come is waited for.
const SILENCE: Duration = Duration::from_millis(400);
/// From the lower edge of the slot on the page about updates to the middle of the buttons below it, in logical pixels.
const TO_BUTTONS: f64 = 47.0;
/// Height of the strip.
pub const STRIP: f64 = 24.0;

pub struct Stand {
    pub running: Running,
    home: PathBuf,
    launcher: BufReader<UnixStream>,
}

impl Stand {
    /// Starts the program for this person, from copies in this folder; `hostile` puts this test in ui's place.
    pub fn start(person: &Person, folder: &Path, hostile: bool) -> Result<Self, Error> {
        let real = binaries(Build::Driver)?;
        for name in
            ["bulkhead-stand-in", "bulkhead-vault", "bulkhead-net", "bulkhead-ui", "bulkhead-seal", "bulkhead-keyring"]
        {
            let this = hostile && name == "bulkhead-ui";
            let from = if this { std::env::current_exe().expect("this program") } else { real.join(name) };
            std::fs::copy(from, folder.join(name)).expect("a copy");
        }
        let socket = folder.join("stand-in.sock");
        let _ = std::fs::remove_file(&socket);
        let ordinary = person.command(Build::Driver)?;
        let mut command = Command::new(folder.join("bulkhead-stand-in"));
        command.args(ordinary.get_args()).stdin(Stdio::null()).env("BULKHEAD_STAND_IN", &socket);
        let running = person.start_by(command)?;
        let launcher = UnixStream::connect(&socket).expect("the stand-in listens before it starts the vault");
        Ok(Self { running, home: person.home().to_path_buf(), launcher: BufReader::new(launcher) })
    }

    /// Makes the profile, and waits until ui has seen that no recovery code is wanted.
    pub fn first_start(&mut self) -> Result<(), Error> {
        self.running.driver.create("Alice", PASSPHRASE)?;
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            self.running.driver.simple("quiet")?;
            if !self.shows("RecoveryCode")? {
                return Ok(());
            }
            assert!(Instant::now() < deadline, "the recovery code stays on screen");
        }
    }

    /// Says something on the control line.
    pub fn say(&mut self, message: &FromLauncher) {
        self.say_bytes(&cbor::encode(message).expect("a message within its bounds"));
    }

    /// The same, whatever it is.
    pub fn say_bytes(&mut self, packet: &[u8]) {
        let mut line: String = packet.iter().map(|byte| format!("{byte:02x}")).collect();
        line.push('\n');
        self.launcher.get_mut().write_all(line.as_bytes()).expect("the stand-in reads");
    }

    /// The next wish, or the next call for a fresh process; what else the vault says of its start is not judged here.
    fn next(&mut self, patience: Duration) -> Option<ToLauncher> {
        self.launcher.get_ref().set_read_timeout(Some(patience)).expect("a time limit");
        loop {
            let mut line = String::new();
            self.launcher.read_line(&mut line).ok()?;
            let byte = |at| u8::from_str_radix(&line[at..at + 2], 16).expect("hexadecimal");
            let packet: Vec<u8> = (0..line.trim_end().len()).step_by(2).map(byte).collect();
            let said = cbor::decode(&packet).ok()?;
            if matches!(said, ToLauncher::Wish(_) | ToLauncher::Restart(_)) {
                return Some(said);
            }
        }
    }

    /// What the vault says next.
    pub fn heard(&mut self) -> Result<ToLauncher, Error> {
        self.next(Duration::from_secs(10)).ok_or_else(|| Error::Odd("the vault says nothing to its launcher".into()))
    }

    /// Holds that it says nothing.
    pub fn hears_nothing(&mut self, when: &str) -> Result<(), Error> {
        match self.next(SILENCE) {
            Some(said) => Err(Error::Odd(format!("{said:?}, {when}: {}", self.running.log()))),
            None => Ok(()),
        }
    }

    pub fn state(&mut self) -> Result<Value, Error> {
        self.running.driver.simple("state")
    }

    pub fn key(&mut self, key: &str) -> Result<(), Error> {
        self.running.driver.keys(&[key])
    }

    pub fn click(&mut self, x: f64, y: f64) -> Result<(), Error> {
        self.running.driver.click_at(x, y)
    }

    pub fn shows(&mut self, kind: &str) -> Result<bool, Error> {
        Ok(self.running.driver.slot(kind)?.is_some())
    }

    pub fn shown(&mut self, kind: &str) -> Result<Value, Error> {
        self.running.driver.shown(kind)
    }

    /// Opens the page about updates by the button beside the sentence above the strip, once this loud notice is said.
    pub fn open_page(&mut self, loud: &FromLauncher) -> Result<(), Error> {
        self.say(loud);
        let state = self.running.driver.until("a sentence", |state| state["alarm"].is_string())?;
        let high = state["alarm_height"].as_f64().unwrap_or_default();
        self.running.driver.simple("quiet")?;
        self.click(1280.0 - 42.0, 800.0 - STRIP - high / 2.0)?;
        self.shown("UpdateNotice").map(drop)
    }

    /// Clicks where the page has its one button, or would have it.
    pub fn act(&mut self) -> Result<(), Error> {
        let (_, right, bottom) = self.page()?;
        self.click(right - 30.0, bottom + TO_BUTTONS)
    }

    /// Clicks on what leads to the details.
    pub fn open_details(&mut self) -> Result<(), Error> {
        let (left, _, bottom) = self.page()?;
        self.click(left + 60.0, bottom + TO_BUTTONS)?;
        self.shown("UpdateDetails").map(drop)
    }

    /// Left, right and lower edge of the page's slot.
    fn page(&mut self) -> Result<(f64, f64, f64), Error> {
        let slot = self.shown("UpdateNotice")?;
        let number = |name: &str| slot.get(name).and_then(Value::as_f64).unwrap_or_default();
        Ok((number("x"), number("x") + number("w"), number("y") + number("h")))
    }

    /// A picture for people to look at; says where it lies.
    pub fn picture(&mut self, name: &str) -> Result<PathBuf, Error> {
        let path = self.home.join(name);
        self.running.driver.ask(&json!({"do": "screenshot", "path": path}))?;
        std::fs::copy(&path, pictures()?.join(name)).expect("a copy");
        Ok(path)
    }

    pub fn end(self) -> Result<(), Error> {
        let status = self.running.quit()?;
        assert!(status.success(), "{status}");
        Ok(())
    }
}
