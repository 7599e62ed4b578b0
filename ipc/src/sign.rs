//! vault ↔ net, the sign line: relay authentication (NIP-42), and nothing else.
//!
//! A line of its own, so that what net can ask the vault to sign is visible in one small file. The vault
//! builds the event from a fixed template (kind 22242) with one of its own mailbox keys; net supplies only
//! the relay's number and challenge.

use crate::bytes::Bytes32;
use crate::cbor::bounded;
use crate::post::Event;
use crate::{Message, OutOfBounds, bound, greeting};
use serde::{Deserialize, Serialize};

/// Longest challenge in bytes.
pub const MAX_CHALLENGE: usize = 256;

/// net → vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum FromNet {
    /// First packet of every net process on this line.
    Hello {
        /// The number that the launcher gave this start of the process; see [`crate::greeting`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        life: Option<u32>,
        /// net's [`crate::VERSION`].
        version: u16,
    },
    /// A relay wants to know who reads `mailbox`.
    Ask {
        /// The relay's number.
        relay: u16,
        /// The mailbox to authenticate as; the vault refuses any that is not its own.
        mailbox: Bytes32,
        /// The relay's challenge, at most [`MAX_CHALLENGE`] bytes.
        #[serde(deserialize_with = "bounded::text::<_, MAX_CHALLENGE>")]
        challenge: String,
    },
}

impl Message for FromNet {
    fn check(&self) -> Result<(), OutOfBounds> {
        match self {
            Self::Hello { life, version } => greeting::check(*life, *version),
            Self::Ask { challenge, .. } => bound(challenge.len() <= MAX_CHALLENGE, "challenge"),
        }
    }
}

/// vault → net.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum ToNet {
    /// Answers [`FromNet::Hello`].
    Welcome {
        /// As in the [`FromNet::Hello`] that this answers: a Welcome with another number was meant for a predecessor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        life: Option<u32>,
        /// The vault's [`crate::VERSION`].
        version: u16,
    },
    /// The signed authentication event.
    Signed {
        /// The event to send in `AUTH`.
        event: Box<Event>,
        /// The relay's number, as asked.
        relay: u16,
        /// The mailbox, as asked.
        mailbox: Bytes32,
    },
    /// The vault will not sign this: not its mailbox, not its relay, locked, or asked too often.
    Denied {
        /// The relay's number, as asked.
        relay: u16,
        /// The mailbox, as asked.
        mailbox: Bytes32,
    },
}

impl Message for ToNet {
    fn check(&self) -> Result<(), OutOfBounds> {
        match self {
            Self::Welcome { life, version } => greeting::check(*life, *version),
            Self::Signed { event, .. } => event.check(),
            Self::Denied { .. } => Ok(()),
        }
    }
}
