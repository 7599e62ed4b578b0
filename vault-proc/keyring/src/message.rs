//! Messages as bytes: D-Bus specification, "Message Protocol".

use crate::wire::{Malformed, Path, Reader, Writer};
use zeroize::Zeroizing;

/// Longest message that is read, in bytes. What is asked for is far shorter.
pub const LONGEST: usize = 64 * 1024;
/// Bytes that say how long the rest is.
pub const HEAD: usize = 16;

const VERSION: u8 = 1;
const CALL: u8 = 1;
const ANSWER: u8 = 2;
const ERROR: u8 = 3;
const SIGNAL: u8 = 4;

const PATH: u8 = 1;
const INTERFACE: u8 = 2;
const MEMBER: u8 = 3;
const ERROR_NAME: u8 = 4;
const ANSWER_TO: u8 = 5;
const DESTINATION: u8 = 6;
const SIGNATURE: u8 = 8;

/// What is called.
#[derive(Clone, Copy)]
pub struct Call<'a> {
    /// At which service.
    pub service: &'a str,
    /// Of which thing.
    pub path: &'a str,
    /// Which group of methods.
    pub interface: &'a str,
    /// Which method.
    pub method: &'a str,
    /// The types of what it is given.
    pub signature: &'a str,
}

/// A call as bytes. `body` holds what the signature says.
pub fn call(serial: u32, call: Call<'_>, body: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut writer = Writer::new();
    writer.raw(&[b'l', CALL, 0, VERSION]);
    writer.u32(u32::try_from(body.len()).unwrap_or(u32::MAX));
    writer.u32(serial);
    writer.array(8, |fields| {
        let named = [
            (PATH, "o", call.path),
            (INTERFACE, "s", call.interface),
            (MEMBER, "s", call.method),
            (DESTINATION, "s", call.service),
        ];
        for (field, kind, value) in named {
            fields.align(8);
            fields.u8(field);
            fields.signature(kind);
            fields.text(value);
        }
        if !call.signature.is_empty() {
            fields.align(8);
            fields.u8(SIGNATURE);
            fields.signature("g");
            fields.signature(call.signature);
        }
    });
    writer.align(8);
    writer.raw(body);
    writer.done()
}

/// How many bytes follow the first [`HEAD`] ones.
pub fn rest(head: &[u8; HEAD]) -> Result<usize, Malformed> {
    let [order, _, _, version, ..] = *head;
    let big_endian = match order {
        b'l' => false,
        b'B' => true,
        _ => return Err(Malformed),
    };
    let mut reader = Reader::new(head, big_endian);
    let (_, body, _, fields) = (reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?);
    let size = |number: u32| usize::try_from(number).ok().filter(|size| *size <= LONGEST).ok_or(Malformed);
    let whole = (HEAD + size(fields)?).next_multiple_of(8) + size(body)?;
    if version == VERSION && whole <= LONGEST { Ok(whole - HEAD) } else { Err(Malformed) }
}

/// What kind of message it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Answers a call.
    Answer,
    /// Says that a call failed.
    Error,
    /// Tells whoever listens.
    Signal,
    /// Nothing that this program deals with.
    Other,
}

/// A message that was read.
pub struct Message {
    bytes: Zeroizing<Vec<u8>>,
    big_endian: bool,
    body: usize,
    signature: String,
    /// What it is.
    pub kind: Kind,
    /// The number of the call that it answers; 0 for none.
    pub answers: u32,
    /// The error's name.
    pub error: String,
    /// A signal's thing, group and name.
    pub signal: Option<(Path, String, String)>,
}

impl Message {
    /// Reads a whole message.
    pub fn parse(bytes: Zeroizing<Vec<u8>>) -> Result<Self, Malformed> {
        let head = bytes.first_chunk::<HEAD>().ok_or(Malformed)?;
        if bytes.len() != HEAD + rest(head)? {
            return Err(Malformed);
        }
        let [order, kind, ..] = *head;
        let big_endian = order == b'B';
        let kind = match kind {
            ANSWER => Kind::Answer,
            ERROR => Kind::Error,
            SIGNAL => Kind::Signal,
            _ => Kind::Other,
        };
        let (mut path, mut words) = (None, [const { String::new() }; 4]);
        let mut answers = 0;
        // The fields begin with their length, the last four bytes of the head.
        let mut reader = Reader::new(&bytes, big_endian);
        (0..3).try_for_each(|_| reader.u32().map(drop))?;
        let length = reader.clone().u32()?;
        let end = HEAD + usize::try_from(length).map_err(|_| Malformed)?;
        let fields = reader.array(8, |field| {
            field.align(8)?;
            Ok((field.u8()?, field.value()?))
        })?;
        for (field, value) in fields {
            match (field, value) {
                (PATH, Value::Path(value)) => path = Some(value),
                (ANSWER_TO, Value::Number(value)) => answers = value,
                (field, Value::Words(value)) => {
                    let at = [INTERFACE, MEMBER, ERROR_NAME, SIGNATURE].iter().position(|known| *known == field);
                    if let Some(place) = at.and_then(|at| words.get_mut(at)) {
                        *place = value;
                    }
                }
                _ => {}
            }
        }
        let [interface, member, error, signature] = words;
        let signal = path.filter(|_| kind == Kind::Signal).map(|path| (path, interface, member));
        Ok(Self { body: end.next_multiple_of(8), bytes, big_endian, signature, kind, answers, error, signal })
    }

    /// What it holds, if it has these types.
    pub fn body(&self, signature: &str) -> Result<Reader<'_>, Malformed> {
        if self.signature != signature {
            return Err(Malformed);
        }
        self.bytes.get(self.body..).map(|body| Reader::new(body, self.big_endian)).ok_or(Malformed)
    }
}

/// What a field of the header holds.
enum Value {
    Path(Path),
    Words(String),
    Number(u32),
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Value, Malformed> {
        match self.signature()? {
            "o" => self.path().map(Value::Path),
            "s" => self.text().map(|words| Value::Words(words.to_owned())),
            "g" => self.signature().map(|words| Value::Words(words.to_owned())),
            "u" => self.u32().map(Value::Number),
            _ => Err(Malformed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A call's bytes, made over into another kind of message.
    fn sample() -> Zeroizing<Vec<u8>> {
        let mut body = Writer::new();
        body.text("words");
        let there = Call { service: "org.a.B", path: "/p/q", interface: "org.a.C", method: "Done", signature: "s" };
        let mut bytes = call(7, there, &body.done());
        bytes[1] = SIGNAL;
        bytes
    }

    #[test]
    fn what_is_written_is_read() {
        let message = Message::parse(sample()).unwrap();
        let signal = (Path::new("/p/q".into()).unwrap(), "org.a.C".to_owned(), "Done".to_owned());
        assert_eq!((message.kind, message.answers, message.signal.as_ref()), (Kind::Signal, 0, Some(&signal)));
        assert_eq!(message.body("s").unwrap().text(), Ok("words"));
        assert!(message.body("as").is_err(), "other types than were expected");
    }

    #[test]
    fn damage_at_any_byte_is_refused_or_read_and_never_more() {
        let sample = sample();
        for at in 0..sample.len() {
            for byte in [0, 1, 7, 0x7f, 0x80, 0xff] {
                let mut bytes = sample.clone();
                bytes[at] = byte;
                let head = bytes.first_chunk::<HEAD>().unwrap();
                if rest(head).is_ok_and(|rest| rest + HEAD == bytes.len()) {
                    let _ = Message::parse(bytes)
                        .map(|message| message.body("s").and_then(|mut body| body.text().map(drop)));
                }
            }
            assert!(Message::parse(Zeroizing::new(sample[..at].to_vec())).is_err(), "cut at {at}");
        }
    }

    #[test]
    fn nothing_longer_than_the_bound_is_waited_for() {
        let head = |body: u32, fields: u32| {
            let mut head = [0; HEAD];
            head[..4].copy_from_slice(&[b'l', ANSWER, 0, VERSION]);
            head[4..8].copy_from_slice(&body.to_le_bytes());
            head[12..].copy_from_slice(&fields.to_le_bytes());
            head
        };
        assert_eq!(rest(&head(8, 9)), Ok(16 + 8));
        for (body, fields) in [(u32::MAX, 0), (0, u32::MAX), (LONGEST as u32, 0), (40_000, 40_000)] {
            assert_eq!(rest(&head(body, fields)), Err(Malformed));
        }
        assert_eq!(rest(&[b'x'; HEAD]), Err(Malformed));
    }
}
