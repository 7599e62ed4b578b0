//! A CBOR item of the kinds that messages use, with an encoder of its own that can also do it wrong.

use bulkhead_ipc::cbor::well_formed;
use minicbor::Decoder;
use minicbor::data::Type;
use std::fmt::Write;

/// An item.
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    Int(i128),
    Bytes(Vec<u8>),
    Text(String),
    Array(Vec<Item>),
    Map(Vec<(Item, Item)>),
    Bool(bool),
    Nil,
}

/// A way to write an item that is not deterministic.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Flaw {
    /// The argument in a longer form than it needs.
    LongHead,
    /// Indefinite length, with a break at the end.
    Indefinite,
    /// Map entries in the opposite order.
    Reversed,
    /// The first map entry twice.
    Doubled,
    /// A tag before it.
    Tagged,
}

/// All of them.
pub const FLAWS: [Flaw; 5] = [Flaw::LongHead, Flaw::Indefinite, Flaw::Reversed, Flaw::Doubled, Flaw::Tagged];

impl Item {
    /// A text.
    pub fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// A map of one entry with a text key.
    pub fn entry(key: &str, value: Self) -> Self {
        Self::Map(vec![(Self::text(key), value)])
    }

    /// How many items it consists of.
    pub fn count(&self) -> usize {
        1 + match self {
            Self::Array(items) => items.iter().map(Self::count).sum(),
            Self::Map(entries) => entries.iter().map(|(key, value)| key.count() + value.count()).sum(),
            _ => 0,
        }
    }

    /// Deterministic CBOR: map keys in the order of their encodings.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write(&mut out, None, &mut 0);
        out
    }

    /// The same with one flaw at the item of that number; `None` if the flaw does not apply there.
    pub fn flawed(&self, flaw: Flaw, at: usize) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        self.write(&mut out, Some((flaw, at)), &mut 0).then_some(out)
    }

    fn write(&self, out: &mut Vec<u8>, flaw: Option<(Flaw, usize)>, number: &mut usize) -> bool {
        let here = flaw.filter(|(_, at)| at == number).map(|(flaw, _)| flaw);
        *number += 1;
        let (major, argument) = match self {
            Self::Int(n) if *n < 0 => (1, u64::try_from(-1 - n).unwrap()),
            Self::Int(n) => (0, u64::try_from(*n).unwrap()),
            Self::Bytes(bytes) => (2, bytes.len() as u64),
            Self::Text(text) => (3, text.len() as u64),
            Self::Array(items) => (4, items.len() as u64),
            Self::Map(entries) => (5, entries.len() as u64 + u64::from(here == Some(Flaw::Doubled))),
            Self::Bool(value) => (7, 20 + u64::from(*value)),
            Self::Nil => (7, 22),
        };
        let mut applied = match here {
            Some(Flaw::LongHead | Flaw::Tagged) => true,
            Some(Flaw::Indefinite) => (2..=5).contains(&major),
            Some(Flaw::Reversed) => matches!(self, Self::Map(entries) if entries.len() > 1),
            Some(Flaw::Doubled) => matches!(self, Self::Map(entries) if !entries.is_empty()),
            None => false,
        };
        if here == Some(Flaw::Tagged) {
            out.push(0xc0);
        }
        let indefinite = here == Some(Flaw::Indefinite) && applied;
        if indefinite {
            out.push(major << 5 | 31);
        }
        if !indefinite || major < 4 {
            head(out, major, argument, here == Some(Flaw::LongHead));
        }
        match self {
            Self::Bytes(bytes) => out.extend_from_slice(bytes),
            Self::Text(text) => out.extend_from_slice(text.as_bytes()),
            Self::Array(items) => {
                for item in items {
                    applied |= item.write(out, flaw, number);
                }
            }
            Self::Map(entries) => {
                let mut entries: Vec<_> = entries.iter().collect();
                entries.sort_by_key(|(key, _)| key.encode());
                if here == Some(Flaw::Doubled) && !entries.is_empty() {
                    entries.insert(0, entries[0]);
                }
                if here == Some(Flaw::Reversed) {
                    entries.reverse();
                }
                for (key, value) in entries {
                    applied |= key.write(out, flaw, number);
                    applied |= value.write(out, flaw, number);
                }
            }
            Self::Int(_) | Self::Bool(_) | Self::Nil => {}
        }
        if indefinite {
            out.push(0xff);
        }
        applied
    }

    /// Reads deterministic CBOR.
    pub fn parse(bytes: &[u8]) -> Self {
        well_formed(bytes).unwrap();
        Self::read(&mut Decoder::new(bytes))
    }

    fn read(d: &mut Decoder<'_>) -> Self {
        match d.datatype().unwrap() {
            Type::Bytes => Self::Bytes(d.bytes().unwrap().to_vec()),
            Type::String => Self::text(d.str().unwrap()),
            Type::Array => {
                let count = d.array().unwrap().unwrap();
                Self::Array((0..count).map(|_| Self::read(d)).collect())
            }
            Type::Map => {
                let count = d.map().unwrap().unwrap();
                Self::Map((0..count).map(|_| (Self::read(d), Self::read(d))).collect())
            }
            Type::Bool => Self::Bool(d.bool().unwrap()),
            Type::Null => {
                d.null().unwrap();
                Self::Nil
            }
            _ => Self::Int(d.int().unwrap().into()),
        }
    }

    /// Diagnostic notation (RFC 8949, section 8); byte strings and texts longer than 64 bytes by their length only.
    pub fn diagnostic(&self) -> String {
        match self {
            Self::Int(n) => n.to_string(),
            Self::Bytes(bytes) => format!("h'{}'", hex(bytes)),
            Self::Text(text) if text.len() > 64 => format!("\"…\" / {} bytes /", text.len()),
            Self::Text(text) => format!("{text:?}"),
            Self::Array(items) => {
                format!("[{}]", items.iter().map(Self::diagnostic).collect::<Vec<_>>().join(", "))
            }
            Self::Map(entries) => {
                let entry = |(key, value): &(Self, Self)| format!("{}: {}", key.diagnostic(), value.diagnostic());
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
            Self::Bool(value) => value.to_string(),
            Self::Nil => "null".to_owned(),
        }
    }
}

fn head(out: &mut Vec<u8>, major: u8, argument: u64, long: bool) {
    let shortest = match argument {
        0..=23 => 0,
        24..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 3,
        _ => 4,
    };
    let size = shortest + usize::from(long && shortest < 4);
    if size == 0 {
        out.push(major << 5 | u8::try_from(argument).unwrap());
        return;
    }
    out.push(major << 5 | (23 + u8::try_from(size).unwrap()));
    out.extend_from_slice(&argument.to_be_bytes()[8 - (1 << (size - 1))..]);
    if long && shortest == 4 {
        // There is no longer form; an unassigned one stands for it.
        let first = out.len() - 9;
        out[first] = major << 5 | 28;
    }
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// The bytes of lower-case hexadecimal.
pub fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
