//! The Secret Service (freedesktop.org, "Secret Service API Draft" 0.2): shares kept, fetched and forgotten.
//!
//! A share lies in the collection that the user's desktop has as its default, as 64 hexadecimal digits: every such
//! service keeps words, not every one keeps bytes. It is found again by its name, an attribute.

use crate::bus::{Bus, Error, SECRETS, skip_variant};
use crate::message::{Call, Message};
use crate::wire::{Malformed, Path, Writer};
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_ipc::keyring::Why;
use bulkhead_ipc::seal::Half;
use std::io::{Read, Write};
use zeroize::{Zeroize, Zeroizing};

const SERVICE: Call<'static> = Call {
    service: SECRETS,
    path: "/org/freedesktop/secrets",
    interface: "org.freedesktop.Secret.Service",
    method: "",
    signature: "",
};
const COLLECTION: &str = "org.freedesktop.Secret.Collection";
const ITEM: &str = "org.freedesktop.Secret.Item";
const SESSION: &str = "org.freedesktop.Secret.Session";
const PROPERTIES: &str = "org.freedesktop.DBus.Properties";
const LABEL: &str = "org.freedesktop.Secret.Item.Label";
const ATTRIBUTES: &str = "org.freedesktop.Secret.Item.Attributes";
/// What people see of it where they look at what their keyring holds.
const SHOWN: &str = "Bulkhead: opens messages on this computer together with the file profile.key";
/// The kind of item, and the attribute that holds its name.
const SCHEMA: (&str, &str) = ("xdg:schema", "org.bulkhead.Profile");
const NAME: &str = "profile";
/// As many items of one name as are dealt with: there is one, unless somebody else made more.
const MOST: usize = 8;

/// What keeps shares.
pub struct Secrets<S>(pub Bus<S>);

impl From<Error> for Whyless {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(name) if name.ends_with(".IsLocked") => Self(Why::Locked),
            Error::Refused(name) if name.ends_with(".NoSuchObject") => Self(Why::Absent),
            other => {
                eprintln!("bulkhead-keyring: {}", spoken(&other));
                Self(Why::Failing)
            }
        }
    }
}

impl From<Malformed> for Whyless {
    fn from(error: Malformed) -> Self {
        Error::from(error).into()
    }
}

/// A reason, made of errors.
struct Whyless(Why);

/// A bus's words are not repeated at length.
fn spoken(error: &Error) -> String {
    error.to_string().chars().filter(|c| c.is_ascii_graphic() || *c == ' ').take(200).collect()
}

impl<S: Read + Write> Secrets<S> {
    /// Keeps a share in the place of what has the same name.
    pub fn keep(&mut self, name: Bytes32, share: &Half, ask: bool) -> Result<(), Why> {
        self.in_session(|secrets, session| secrets.kept(session, name, share, ask)).map_err(|why| why.0)
    }

    /// Gives a share back.
    pub fn fetch(&mut self, name: Bytes32) -> Result<Half, Why> {
        self.in_session(|secrets, session| secrets.fetched(session, name)).map_err(|why| why.0)
    }

    /// Keeps nothing of that name any more.
    pub fn forget(&mut self, name: Bytes32, ask: bool) -> Result<(), Why> {
        self.forgotten(name, ask).map_err(|why| why.0)
    }

    fn call(&mut self, call: Call<'_>, write: impl FnOnce(&mut Writer)) -> Result<Message, Error> {
        let mut body = Writer::new();
        write(&mut body);
        self.0.call(call, body)
    }

    /// Agrees on how secrets travel: as they are. They pass a socket of this machine, the bus, and another socket; who
    /// listens there as the same user can as well ask for them.
    fn in_session<T>(&mut self, act: impl FnOnce(&mut Self, &Path) -> Result<T, Whyless>) -> Result<T, Whyless> {
        let answer = self.call(Call { method: "OpenSession", signature: "sv", ..SERVICE }, |body| {
            body.text("plain");
            body.signature("s");
            body.text("");
        })?;
        let mut body = answer.body("vo")?;
        skip_variant(&mut body)?;
        let session = body.path()?;
        let done = act(self, &session);
        let close = Call { path: session.as_str(), interface: SESSION, method: "Close", ..SERVICE };
        let _ = self.call(close, |_| ());
        done
    }

    fn kept(&mut self, session: &Path, name: Bytes32, share: &Half, ask: bool) -> Result<(), Whyless> {
        let answer = self.call(Call { method: "ReadAlias", signature: "s", ..SERVICE }, |body| body.text("default"))?;
        let collection = answer.body("o")?.path()?;
        if collection.is_nothing() {
            eprintln!("bulkhead-keyring: the desktop has no default keyring: make one with its own program");
            return Err(Whyless(Why::Failing));
        }
        if self.is_locked(&collection)? {
            self.unlock(&collection, ask)?;
        }
        let mut digits = Bytes32::to_hex(&bulkhead_ipc::bytes::Bytes(*share.bytes()));
        let at = Call { path: collection.as_str(), interface: COLLECTION, method: "CreateItem", ..SERVICE };
        let answer = self.call(Call { signature: "a{sv}(oayays)b", ..at }, |body| {
            body.array(8, |properties| {
                properties.align(8);
                properties.text(LABEL);
                properties.signature("s");
                properties.text(SHOWN);
                properties.align(8);
                properties.text(ATTRIBUTES);
                properties.signature("a{ss}");
                attributes(properties, name);
            });
            body.align(8);
            body.text(session.as_str());
            body.bytes(&[]);
            body.bytes(digits.as_bytes());
            body.text("text/plain");
            // In the place of the one that has the same attributes.
            body.bool(true);
        });
        digits.zeroize();
        let answer = answer?;
        let mut body = answer.body("oo")?;
        let (_, prompt) = (body.path()?, body.path()?);
        self.agreed(prompt, ask)
    }

    fn fetched(&mut self, session: &Path, name: Bytes32) -> Result<Half, Whyless> {
        let (mut open, locked) = self.search(name)?;
        if open.is_empty() {
            self.unlock(locked.first().ok_or(Whyless(Why::Absent))?, true)?;
            open = locked;
        }
        let mut found = Err(Whyless(Why::Absent));
        for item in open.iter().take(MOST) {
            let at = Call { path: item.as_str(), interface: ITEM, method: "GetSecret", signature: "o", ..SERVICE };
            let answer = self.call(at, |body| body.text(session.as_str()))?;
            match share(&answer)? {
                Some(share) => return Ok(share),
                None => found = Err(Whyless(Why::Foreign)),
            }
        }
        found
    }

    fn forgotten(&mut self, name: Bytes32, ask: bool) -> Result<(), Whyless> {
        let (open, locked) = self.search(name)?;
        for item in open.iter().chain(&locked).take(MOST) {
            let at = Call { path: item.as_str(), interface: ITEM, method: "Delete", ..SERVICE };
            let prompt = self.call(at, |_| ())?.body("o")?.path()?;
            self.agreed(prompt, ask)?;
        }
        Ok(())
    }

    /// Items of that name: those that can be read, and those that are locked.
    fn search(&mut self, name: Bytes32) -> Result<(Vec<Path>, Vec<Path>), Whyless> {
        let at = Call { method: "SearchItems", signature: "a{ss}", ..SERVICE };
        let answer = self.call(at, |body| attributes(body, name))?;
        let mut body = answer.body("aoao")?;
        Ok((body.paths()?, body.paths()?))
    }

    fn is_locked(&mut self, collection: &Path) -> Result<bool, Whyless> {
        let at = Call { path: collection.as_str(), interface: PROPERTIES, method: "Get", signature: "ss", ..SERVICE };
        let answer = self.call(at, |body| {
            body.text(COLLECTION);
            body.text("Locked");
        })?;
        let mut body = answer.body("v")?;
        if body.signature()? == "b" { Ok(body.bool()?) } else { Err(Malformed.into()) }
    }

    fn unlock(&mut self, thing: &Path, ask: bool) -> Result<(), Whyless> {
        if !ask {
            return Err(Whyless(Why::Locked));
        }
        let answer = self.call(Call { method: "Unlock", signature: "ao", ..SERVICE }, |body| {
            body.array(4, |things| things.text(thing.as_str()));
        })?;
        let mut body = answer.body("aoo")?;
        let (_, prompt) = (body.paths()?, body.path()?);
        self.agreed(prompt, true)
    }

    /// Whether the service goes on by itself, or after the user agreed.
    fn agreed(&mut self, prompt: Path, ask: bool) -> Result<(), Whyless> {
        match (prompt.is_nothing(), ask) {
            (true, _) => Ok(()),
            (false, true) if self.0.ask_user(prompt.clone())? => Ok(()),
            (false, true) => Err(Whyless(Why::Locked)),
            (false, false) => {
                self.0.dismiss(&prompt);
                Err(Whyless(Why::Locked))
            }
        }
    }
}

fn attributes(body: &mut Writer, name: Bytes32) {
    body.array(8, |entries| {
        for (key, value) in [SCHEMA, (NAME, name.to_hex().as_str())] {
            entries.align(8);
            entries.text(key);
            entries.text(value);
        }
    });
}

/// The share in an answer, if it is one.
fn share(answer: &Message) -> Result<Option<Half>, Malformed> {
    let mut body = answer.body("(oayays)")?;
    body.path()?;
    body.bytes()?;
    let digits = std::str::from_utf8(body.bytes()?).ok();
    let share = digits.and_then(Bytes32::from_hex).map(|share| Zeroizing::new(share.0));
    Ok(share.map(|share| Half::new(*share)))
}
