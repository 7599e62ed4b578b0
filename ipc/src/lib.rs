//! The only language they share. Schema first, code held against it.
//!
//! Every edge between two processes is a `SOCK_SEQPACKET` socket pair, one per kind of request, so that a
//! process cannot speak on another's line. A packet is one message in deterministic CBOR (RFC 8949 §4.2.1).
//! Both ends refuse what they do not know: an illegal packet ends the line, and the process behind it.
//!
//! | module | edge |
//! | --- | --- |
//! | [`post`] | vault ↔ net: relays, mailboxes, envelopes, acknowledgements |
//! | [`sign`] | vault ↔ net: relay authentication (NIP-42), and nothing else |
//! | [`pixels`] | vault ↔ ui: shared frame memory, frames, slots |
//! | [`intent`] | vault ↔ ui: where the pointer is, what the user decided |
//! | [`control`] | vault ↔ launcher: process life cycle, and [updates](`update`) |
//! | [`keyring`] | vault ↔ keyring: half of what opens the profile, kept by the desktop's keyring |
//! | [`seal`] | vault ↔ seal: half of what opens the profile, kept by the TPM |

#[path = "../automata/mod.rs"]
pub mod automata;
pub mod automaton;
pub mod bytes;
pub mod cbor;
pub mod control;
pub mod descriptors;
pub mod frame_memory;
pub mod greeting;
pub mod intent;
pub mod keyring;
pub mod line;
pub mod monitor;
pub mod pixels;
pub mod post;
pub mod seal;
pub mod sign;
pub mod update;

/// Version of every message schema in this crate; both ends of a line must name the same one.
pub const VERSION: u16 = 3;

/// Largest packet on any line, in bytes. Linux refuses a `SOCK_SEQPACKET` packet above the default send
/// buffer (208 KiB); this leaves room for the kernel's own book-keeping.
pub const MAX_PACKET: usize = 160 * 1024;

/// A message that can travel on a line: it knows its own bounds.
///
/// [`Message::check`] runs on both ends, before a packet is sent and after it is decoded.
pub trait Message: serde::Serialize + serde::de::DeserializeOwned + automaton::Word + automaton::OnLine {
    /// Refuses values that the schema's types can hold but its bounds forbid.
    fn check(&self) -> Result<(), OutOfBounds>;
}

/// A field broke the bound that its documentation names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("field `{0}` is out of bounds")]
pub struct OutOfBounds(pub &'static str);

/// Turns a condition into a bound check with the field's name.
pub(crate) fn bound(ok: bool, field: &'static str) -> Result<(), OutOfBounds> {
    if ok { Ok(()) } else { Err(OutOfBounds(field)) }
}
