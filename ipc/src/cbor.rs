//! Deterministic CBOR (RFC 8949 §4.2.1), strictly.
//!
//! One walk reads a packet ([`reader`]): of every message exactly one encoding is legal, the one that this program
//! writes ([`writer`]). Long heads, indefinite lengths, unsorted, doubled, unknown or missing keys, tags, floats, trailing
//! bytes and lengths beyond the input are refused, and lists and texts above their bound before there is memory for
//! them. That this is as strict as writing each message again and comparing the bytes, a test shows that does so
//! with another library.

pub(crate) mod bounded;
mod reader;
mod refused;
mod writer;

use crate::{Message, OutOfBounds};
use reader::Reader;
use refused::Refused;
use writer::Writer;

/// Deepest nesting of arrays and maps.
pub const MAX_DEPTH: u8 = 8;

/// Room for most packets, so that their buffer never has to grow.
const ORDINARY: usize = 1500;

/// Why a packet is not a legal message. Says where and what rule, never what it held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes end inside an item, or a length reaches past the end.
    #[error("packet is cut off at byte {0}")]
    Truncated(usize),
    /// Not deterministic CBOR.
    #[error("packet is not deterministic CBOR at byte {0}")]
    NotDeterministic(usize),
    /// More nesting than [`MAX_DEPTH`].
    #[error("packet is nested too deeply at byte {0}")]
    TooDeep(usize),
    /// Bytes after the one item.
    #[error("packet has bytes after its end, from byte {0}")]
    Trailing(usize),
    /// Well-formed, but not the schema's message.
    #[error("packet is not a message of this line")]
    Schema,
    /// The message breaks one of its bounds.
    #[error(transparent)]
    Bounds(#[from] OutOfBounds),
    /// The message does not fit a packet.
    #[error("message of {0} bytes does not fit a packet")]
    TooLarge(usize),
}

/// Writes a message.
pub fn encode<M: Message>(message: &M) -> Result<Vec<u8>, Error> {
    let mut packet = Vec::with_capacity(ORDINARY);
    encode_into(message, &mut packet)?;
    Ok(packet)
}

/// Writes a message over whatever a buffer held.
pub(crate) fn encode_into<M: Message>(message: &M, packet: &mut Vec<u8>) -> Result<(), Error> {
    message.check()?;
    packet.clear();
    message.serialize(&mut Writer(packet)).map_err(|Refused| Error::Schema)?;
    if packet.len() > crate::MAX_PACKET {
        return Err(Error::TooLarge(packet.len()));
    }
    Ok(())
}

/// Reads a message from a whole packet.
pub fn decode<M: Message>(bytes: &[u8]) -> Result<M, Error> {
    if bytes.len() > crate::MAX_PACKET {
        return Err(Error::TooLarge(bytes.len()));
    }
    let mut reader = Reader(bytes);
    let Some(message) = M::deserialize(&mut reader).ok().filter(|_| reader.0.is_empty()) else {
        // Why, and where, is for the log alone.
        return Err(well_formed(bytes).err().unwrap_or(Error::Schema));
    };
    message.check()?;
    Ok(message)
}

/// Whether the bytes are exactly one deterministic CBOR item of the kinds that messages use: integers, byte
/// and text strings, arrays, maps, booleans, null.
pub fn well_formed(bytes: &[u8]) -> Result<(), Error> {
    let end = item(bytes, 0, 0)?;
    if end == bytes.len() { Ok(()) } else { Err(Error::Trailing(end)) }
}

/// Walks one item that begins at `at`; returns where it ends.
fn item(bytes: &[u8], at: usize, depth: u8) -> Result<usize, Error> {
    let (major, argument, mut next) = head(bytes, at)?;
    match major {
        0 | 1 => Ok(next),
        2 | 3 => {
            let end = usize::try_from(argument).ok().and_then(|n| next.checked_add(n));
            let text = end.and_then(|end| bytes.get(next..end)).ok_or(Error::Truncated(at))?;
            if major == 3 && core::str::from_utf8(text).is_err() {
                return Err(Error::NotDeterministic(at));
            }
            Ok(next + text.len())
        }
        4 | 5 => {
            if depth == MAX_DEPTH {
                return Err(Error::TooDeep(at));
            }
            // Each element takes a byte at least: a count beyond the rest of the input is a lie.
            if argument > (bytes.len() - next) as u64 {
                return Err(Error::Truncated(at));
            }
            let mut last_key: Option<&[u8]> = None;
            for _ in 0..argument {
                if major == 5 {
                    let end = item(bytes, next, depth + 1)?;
                    let key = bytes.get(next..end).ok_or(Error::Truncated(next))?;
                    if last_key.is_some_and(|last| last >= key) {
                        return Err(Error::NotDeterministic(next));
                    }
                    last_key = Some(key);
                    next = end;
                }
                next = item(bytes, next, depth + 1)?;
            }
            Ok(next)
        }
        7 if (20..=22).contains(&argument) && next == at + 1 => Ok(next),
        _ => Err(Error::NotDeterministic(at)),
    }
}

/// Reads an item's head: major type, argument, and where its content begins.
fn head(bytes: &[u8], at: usize) -> Result<(u8, u64, usize), Error> {
    let first = *bytes.get(at).ok_or(Error::Truncated(at))?;
    let (major, info) = (first >> 5, first & 31);
    let size = match info {
        0..=23 => return Ok((major, u64::from(info), at + 1)),
        24..=27 => 1 << (info - 24),
        _ => return Err(Error::NotDeterministic(at)),
    };
    let argument = bytes.get(at + 1..at + 1 + size).ok_or(Error::Truncated(at))?;
    let value = argument.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    let shorter = match size {
        1 => value < 24,
        2 => value <= u64::from(u8::MAX),
        4 => value <= u64::from(u16::MAX),
        _ => value <= u64::from(u32::MAX),
    };
    if shorter { Err(Error::NotDeterministic(at)) } else { Ok((major, value, at + 1 + size)) }
}

#[cfg(test)]
mod tests;
