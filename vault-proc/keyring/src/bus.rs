//! Greeting the session bus, calls and their answers, and the one signal that matters.
//!
//! Who else is on the bus may say anything: what answers no call of this program, and is no word about the question
//! that it waits for, is dropped unread. The bus itself names who answers, and lets nobody else answer.

use crate::message::{self, Call, HEAD, Kind, Message};
use crate::wire::{Malformed, Path, Reader, Writer};
use std::io::{ErrorKind, Read, Write};
use zeroize::Zeroizing;

/// The bus, as a service on itself.
const BUS: Call<'static> = Call {
    service: "org.freedesktop.DBus",
    path: "/org/freedesktop/DBus",
    interface: "org.freedesktop.DBus",
    method: "",
    signature: "",
};
/// The service that keeps secrets.
pub const SECRETS: &str = "org.freedesktop.secrets";
/// Its group of methods for questions to the user.
pub const PROMPT: &str = "org.freedesktop.Secret.Prompt";
/// Longest line of the greeting.
const LONGEST_LINE: usize = 512;
/// Messages that may come before the answer to a call.
const MOST_BETWEEN: usize = 1000;
/// How often the socket's own time limit may pass while the user is asked: about ten minutes.
const PATIENCE: usize = 24;

/// Why a call has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The connection is gone, or nobody answers in time.
    #[error("the desktop's bus does not answer")]
    Gone,
    /// The answer is none.
    #[error("{0}")]
    Malformed(#[from] Malformed),
    /// The service says no, by this name.
    #[error("the desktop's keyring refuses: {0}")]
    Refused(String),
}

/// A connection to the bus.
pub struct Bus<S> {
    stream: S,
    serial: u32,
    /// The question to the user that is open.
    awaited: Option<Path>,
    /// Whether the user answered it, and if so whether the answer was no.
    dismissed: Option<bool>,
}

impl<S: Read + Write> Bus<S> {
    /// Greets the bus: who this is, the kernel has told it (EXTERNAL without a name, "Authentication Protocol").
    pub fn greet(stream: S) -> Result<Self, Error> {
        let mut bus = Self { stream, serial: 0, awaited: None, dismissed: None };
        bus.write(b"\0AUTH EXTERNAL\r\n")?;
        if bus.line()? == "DATA" {
            bus.write(b"DATA\r\n")?;
            if bus.line()?.starts_with("OK ") {
                bus.write(b"BEGIN\r\n")?;
                bus.call(Call { method: "Hello", ..BUS }, Writer::new())?;
                let mut rule = Writer::new();
                rule.text(&format!("type='signal',sender='{SECRETS}',interface='{PROMPT}',member='Completed'"));
                bus.call(Call { method: "AddMatch", signature: "s", ..BUS }, rule)?;
                return Ok(bus);
            }
        }
        Err(Malformed.into())
    }

    /// Whether somebody keeps secrets here, or would be started for that.
    pub fn has_secrets(&mut self) -> Result<bool, Error> {
        let mut name = Writer::new();
        name.text(SECRETS);
        let answer = self.call(Call { method: "NameHasOwner", signature: "s", ..BUS }, name)?;
        if answer.body("b")?.bool()? {
            return Ok(true);
        }
        let answer = self.call(Call { method: "ListActivatableNames", ..BUS }, Writer::new())?;
        let names = answer.body("as")?.array(4, |name| name.text().map(|name| name == SECRETS))?;
        Ok(names.contains(&true))
    }

    /// Calls, and waits for the answer.
    pub fn call(&mut self, call: Call<'_>, body: Writer) -> Result<Message, Error> {
        self.serial = self.serial.wrapping_add(1).max(1);
        self.write(&message::call(self.serial, call, &body.done()))?;
        for _ in 0..MOST_BETWEEN {
            let message = self.read()?.ok_or(Error::Gone)?;
            match message.kind {
                Kind::Answer if message.answers == self.serial => return Ok(message),
                Kind::Error if message.answers == self.serial => return Err(Error::Refused(message.error)),
                _ => self.notice(&message),
            }
        }
        Err(Error::Gone)
    }

    /// Has the desktop ask the user, and waits for that. Says whether the user agreed.
    pub fn ask_user(&mut self, prompt: Path) -> Result<bool, Error> {
        let at = Call { service: SECRETS, path: prompt.as_str(), interface: PROMPT, method: "Prompt", signature: "s" };
        // The window that asks belongs to no window of this program, as no name of one is known here.
        let mut window = Writer::new();
        window.text("");
        (self.awaited, self.dismissed) = (Some(prompt.clone()), None);
        let asked = self.call(at, window).and_then(|_| self.answered());
        self.awaited = None;
        match asked? {
            Some(dismissed) => Ok(!dismissed),
            None => {
                self.dismiss(&prompt);
                Ok(false)
            }
        }
    }

    /// The question is not to be asked, or not any more.
    pub fn dismiss(&mut self, prompt: &Path) {
        let at = Call { service: SECRETS, path: prompt.as_str(), interface: PROMPT, method: "Dismiss", signature: "" };
        let _ = self.call(at, Writer::new());
    }

    /// Waits until the user answered; nothing if that takes too long.
    fn answered(&mut self) -> Result<Option<bool>, Error> {
        let (mut waited, mut heard) = (0, 0);
        while self.dismissed.is_none() && waited < PATIENCE && heard < MOST_BETWEEN {
            match self.read()? {
                Some(message) => {
                    heard += 1;
                    self.notice(&message);
                }
                None => waited += 1,
            }
        }
        Ok(self.dismissed)
    }

    fn notice(&mut self, message: &Message) {
        if let (Some((path, interface, member)), Some(awaited)) = (&message.signal, &self.awaited)
            && (path, interface.as_str(), member.as_str()) == (awaited, PROMPT, "Completed")
        {
            // What the answer holds otherwise is looked at where it lies, not here.
            self.dismissed = Some(message.body("bv").and_then(|mut body| body.bool()).unwrap_or(true));
        }
    }

    /// A line of the greeting, without its end.
    fn line(&mut self) -> Result<String, Error> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            let mut byte = [0];
            if line.len() == LONGEST_LINE || !self.fill(&mut byte)? {
                return Err(Error::Gone);
            }
            line.extend(byte);
        }
        line.truncate(line.len() - 2);
        String::from_utf8(line).map_err(|_| Malformed.into())
    }

    /// The next message; nothing if none begins in time.
    fn read(&mut self) -> Result<Option<Message>, Error> {
        let mut head = [0; HEAD];
        if !self.fill(&mut head)? {
            return Ok(None);
        }
        let mut whole = Zeroizing::new(vec![0; HEAD + message::rest(&head)?]);
        let (first, rest) = whole.split_at_mut(HEAD);
        first.copy_from_slice(&head);
        if !self.fill(rest)? {
            return Err(Error::Gone);
        }
        Ok(Some(Message::parse(whole)?))
    }

    /// Reads until this is full; says no if not even its first byte came in time.
    fn fill(&mut self, bytes: &mut [u8]) -> Result<bool, Error> {
        let mut have = 0;
        while have < bytes.len() {
            match self.stream.read(bytes.get_mut(have..).unwrap_or_default()) {
                Ok(0) => return Err(Error::Gone),
                Ok(more) => have += more,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock && have == 0 => return Ok(false),
                Err(_) => return Err(Error::Gone),
            }
        }
        Ok(true)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.stream.write_all(bytes).map_err(|_| Error::Gone)
    }
}

/// What stands in a place that may hold anything: only words and bytes are known, and neither is looked at.
pub fn skip_variant(reader: &mut Reader<'_>) -> Result<(), Malformed> {
    match reader.signature()? {
        "s" => reader.text().map(drop),
        "ay" => reader.bytes().map(drop),
        _ => Err(Malformed),
    }
}
