//! The control socket of a `test-driver` build: one JSON object per line each way.

use crate::{Error, system};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest wait for any single answer.
const PATIENCE: Duration = Duration::from_secs(90);

/// A connection to the control socket.
#[derive(Debug)]
pub struct Driver {
    reader: BufReader<UnixStream>,
}

impl Driver {
    /// Connects; waits until the vault listens.
    pub fn connect(socket: &Path) -> Result<Self, Error> {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            match UnixStream::connect(socket) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(PATIENCE)).map_err(system("setting a time limit"))?;
                    return Ok(Self { reader: BufReader::new(stream) });
                }
                Err(error) if Instant::now() > deadline => {
                    return Err(system("connecting to the control socket")(error));
                }
                Err(_) => std::thread::sleep(Duration::from_millis(10)),
            }
        }
    }

    /// Sends one command; returns its answer, or the error that it names.
    pub fn ask(&mut self, command: &Value) -> Result<Value, Error> {
        let mut line = command.to_string();
        line.push('\n');
        self.reader.get_mut().write_all(line.as_bytes()).map_err(system("writing to the control socket"))?;
        let mut answer = String::new();
        self.reader.read_line(&mut answer).map_err(system("reading from the control socket"))?;
        let answer: Value = serde_json::from_str(&answer).map_err(|_| Error::Odd(answer))?;
        match answer.get("error") {
            Some(error) => Err(Error::Refused(error.as_str().unwrap_or_default().to_owned())),
            None => Ok(answer),
        }
    }

    /// Sends a command that has no arguments.
    pub fn simple(&mut self, what: &str) -> Result<Value, Error> {
        self.ask(&json!({ "do": what }))
    }

    /// First start: name and passphrase.
    pub fn create(&mut self, name: &str, passphrase: &str) -> Result<(), Error> {
        self.ask(&json!({"do": "create", "name": name, "passphrase": passphrase})).map(drop)
    }

    /// Later starts: the passphrase.
    pub fn unlock(&mut self, passphrase: &str) -> Result<(), Error> {
        self.ask(&json!({"do": "unlock", "passphrase": passphrase})).map(drop)
    }

    /// A new invite's link, once a relay has the invite.
    pub fn invite(&mut self) -> Result<String, Error> {
        text(&self.simple("invite")?, "link")
    }

    /// Accepts an invite; returns the new contact's handle.
    pub fn accept(&mut self, link: &str) -> Result<u64, Error> {
        number(&self.ask(&json!({"do": "accept", "link": link}))?, "contact")
    }

    /// Sends a message; returns its place in the conversation.
    pub fn send(&mut self, contact: impl Into<Value>, text: &str) -> Result<u64, Error> {
        number(&self.ask(&json!({"do": "send", "contact": contact.into(), "text": text}))?, "seq")
    }

    /// Waits until the conversation holds at least so many messages.
    pub fn wait(&mut self, contact: impl Into<Value>, count: usize) -> Result<(), Error> {
        self.ask(&json!({"do": "wait", "contact": contact.into(), "count": count, "timeout_ms": 60_000})).map(drop)
    }

    /// Waits until a message has reached at least a delivery state: `queued`, `at_relay`, `delivered`.
    pub fn wait_state(&mut self, contact: impl Into<Value>, seq: u64, state: &str) -> Result<(), Error> {
        let command =
            json!({"do": "wait_state", "contact": contact.into(), "seq": seq, "state": state, "timeout_ms": 60_000});
        self.ask(&command).map(drop)
    }

    /// The messages of a conversation, oldest first.
    pub fn messages(&mut self, contact: impl Into<Value>) -> Result<Vec<Value>, Error> {
        list(&self.ask(&json!({"do": "messages", "contact": contact.into()}))?, "messages")
    }

    /// Only the texts of a conversation, oldest first.
    pub fn texts(&mut self, contact: impl Into<Value>) -> Result<Vec<String>, Error> {
        self.messages(contact)?.iter().map(|message| text(message, "text")).collect()
    }

    /// Waits until a contact with this name is there.
    pub fn wait_contact(&mut self, name: &str) -> Result<(), Error> {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !self.contacts()?.iter().any(|contact| contact.get("name") == Some(&name.into())) {
            if Instant::now() > deadline {
                return Err(Error::Odd(format!("{name} did not become a contact")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// All contacts, newest conversation first.
    pub fn contacts(&mut self) -> Result<Vec<Value>, Error> {
        list(&self.simple("contacts")?, "contacts")
    }

    /// Asks `state` until it satisfies `good`, at most a minute.
    pub fn until(&mut self, what: &str, good: impl Fn(&Value) -> bool) -> Result<Value, Error> {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let state = self.simple("state")?;
            if good(&state) {
                return Ok(state);
            }
            if Instant::now() > deadline {
                return Err(Error::Odd(format!("{what} did not come; the state is {state}")));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn field<'a>(answer: &'a Value, name: &str) -> Result<&'a Value, Error> {
    answer.get(name).ok_or_else(|| Error::Odd(format!("{answer} has no `{name}`")))
}

/// A field that must be a text.
pub fn text(answer: &Value, name: &str) -> Result<String, Error> {
    let value = field(answer, name)?;
    value.as_str().map(str::to_owned).ok_or_else(|| Error::Odd(value.to_string()))
}

/// A field that must be a number.
pub fn number(answer: &Value, name: &str) -> Result<u64, Error> {
    let value = field(answer, name)?;
    value.as_u64().ok_or_else(|| Error::Odd(value.to_string()))
}

fn list(answer: &Value, name: &str) -> Result<Vec<Value>, Error> {
    let value = field(answer, name)?;
    value.as_array().cloned().ok_or_else(|| Error::Odd(value.to_string()))
}
