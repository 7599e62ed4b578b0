//! vault ↔ net, the post line: which relays and mailboxes, what to publish, what arrived.
//!
//! Everything here is ciphertext, public keys, relay addresses and times: what a relay sees anyway.

use crate::bytes::{Bytes32, Bytes64};
use crate::cbor::bounded;
use crate::{Message, OutOfBounds, bound, greeting};
use serde::{Deserialize, Serialize};

/// Most relays configured at once, own and contacts' together.
pub const MAX_RELAYS: usize = 64;
/// Longest relay URL in bytes.
pub const MAX_URL: usize = 256;
/// Longest event content in bytes: 48 KiB of base64 (`ipc/WIRE.md`, envelope sizes).
pub const MAX_CONTENT: usize = 48 * 1024;
/// Most tags on an event, most items in a tag, longest item in bytes.
pub const MAX_TAGS: (usize, usize, usize) = (8, 4, 512);
/// Most events in one [`FromNet::Events`] packet.
pub const MAX_EVENTS: usize = 64;
/// Longest text of a relay's refusal or closing reason, in bytes; net cuts longer ones.
pub const MAX_REASON: usize = 200;

/// A Nostr event (NIP-01), as it goes over the wire. Nothing in it has been verified by net.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// SHA-256 of the canonical serialisation.
    pub id: Bytes32,
    /// BIP-340 signature over `id`.
    pub sig: Bytes64,
    /// Kind: 1059 envelope, 5 deletion, 22242 relay authentication.
    pub kind: u16,
    /// Tags, at most [`MAX_TAGS`].
    #[serde(deserialize_with = "bounded::tags::<_, { MAX_TAGS.0 }, { MAX_TAGS.1 }, { MAX_TAGS.2 }>")]
    pub tags: Vec<Vec<String>>,
    /// Author's x-only public key.
    #[serde(rename = "author")]
    pub pubkey: Bytes32,
    /// At most [`MAX_CONTENT`] bytes.
    #[serde(deserialize_with = "bounded::text::<_, MAX_CONTENT>")]
    pub content: String,
    /// Unix time in seconds.
    pub created_at: u64,
}

impl Event {
    /// Length of the event on a line, roughly, for packing batches: an upper bound in bytes.
    pub fn weight(&self) -> usize {
        let tags: usize = self.tags.iter().flatten().map(|item| item.len() + 8).sum();
        256 + tags + self.content.len()
    }

    /// Whether it keeps the bounds that its fields name.
    pub fn check(&self) -> Result<(), OutOfBounds> {
        let (tags, items, length) = MAX_TAGS;
        bound(self.content.len() <= MAX_CONTENT, "content")?;
        bound(self.tags.len() <= tags, "tags")?;
        bound(self.tags.iter().all(|t| t.len() <= items), "tag items")?;
        bound(self.tags.iter().flatten().all(|i| i.len() <= length), "tag item length")
    }
}

/// A relay as the vault numbers it. Numbers are never reused for another URL while net lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Relay {
    /// The vault's number for this relay.
    pub id: u16,
    /// `wss://…`, or `ws://` on loopback and `.onion` addresses; at most [`MAX_URL`] bytes.
    #[serde(deserialize_with = "bounded::text::<_, MAX_URL>")]
    pub url: String,
}

/// A mailbox to watch at some relays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watch {
    /// Only events with `created_at` at or after this Unix time; net keeps its own overlap on reconnect.
    pub since: u64,
    /// Relay numbers, at most [`MAX_RELAYS`].
    #[serde(deserialize_with = "bounded::list::<_, _, MAX_RELAYS>")]
    pub relays: Vec<u16>,
    /// The mailbox's x-only public key, the `p` tag of its envelopes.
    pub mailbox: Bytes32,
}

/// vault → net.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum ToNet {
    /// Answers [`FromNet::Hello`]. Until it arrives net drops everything: it may be meant for a predecessor.
    Welcome {
        /// As in the [`FromNet::Hello`] that this answers: a Welcome with another number was meant for a predecessor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        life: Option<u32>,
        /// The vault's [`crate::VERSION`].
        version: u16,
    },
    /// The complete set of relays, at most [`MAX_RELAYS`]; those no longer named are disconnected.
    Relays(#[serde(deserialize_with = "bounded::list::<_, _, MAX_RELAYS>")] Vec<Relay>),
    /// Watches a mailbox, or changes where it is watched.
    Watch(Watch),
    /// Stops watching a mailbox.
    Unwatch(Bytes32),
    /// Publishes an event at each named relay; each answers with one [`FromNet::Ack`].
    Publish {
        /// The vault's number for this job.
        job: u64,
        /// Boxed, as it dwarfs the other variants.
        event: Box<Event>,
        /// Relay numbers, at most [`MAX_RELAYS`].
        #[serde(deserialize_with = "bounded::list::<_, _, MAX_RELAYS>")]
        relays: Vec<u16>,
        /// The mailbox that this concerns, for an envelope the addressee's: where connections are per mailbox it
        /// names the connection (thus the circuit). So writing never shares a connection with reading one's own.
        circuit: Bytes32,
    },
    /// Tries all disconnected relays now (the user asked, or the machine woke up).
    Reconnect,
}

impl Message for ToNet {
    fn check(&self) -> Result<(), OutOfBounds> {
        match self {
            Self::Welcome { life, version } => greeting::check(*life, *version),
            Self::Unwatch(_) | Self::Reconnect => Ok(()),
            Self::Relays(relays) => {
                bound(relays.len() <= MAX_RELAYS, "relays")?;
                bound(relays.iter().all(|r| r.url.len() <= MAX_URL), "url")
            }
            Self::Watch(watch) => bound(watch.relays.len() <= MAX_RELAYS, "relays"),
            Self::Publish { relays, event, .. } => {
                bound(relays.len() <= MAX_RELAYS, "relays")?;
                event.check()
            }
        }
    }
}

/// How a connection to a relay stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum RelayState {
    /// A connection is being made.
    Connecting,
    /// Connected and usable.
    Online,
    /// Not connected; net tries again by itself.
    Offline(Trouble),
}

/// Why a relay is offline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Trouble {
    /// Host unknown, connection refused or timed out.
    Unreachable,
    /// The TLS certificate is not one that this machine trusts for this name.
    Certificate,
    /// The relay broke the protocol, stalled or flooded.
    Misbehaving,
    /// The relay closed the connection.
    Closed,
    /// The SOCKS proxy is unreachable or refused.
    Proxy,
    /// The address is not one that net may connect to.
    Address,
}

/// What a relay said to a published event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Verdict {
    /// `OK true`: stored, or already had it.
    Accepted,
    /// `OK false` with the relay's machine-readable prefix (NIP-01: `blocked`, `rate-limited`, …), cut to
    /// [`MAX_REASON`]. Text from outside: shown to nobody, logged by length only.
    Refused(#[serde(deserialize_with = "bounded::text::<_, MAX_REASON>")] String),
    /// The connection ended, or no answer came in time: try again.
    Lost,
}

/// An event and the relay it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Delivery {
    /// As received; unverified.
    pub event: Event,
    /// The relay's number.
    pub relay: u16,
}

/// net → vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum FromNet {
    /// First packet of every net process.
    Hello {
        /// The number that the launcher gave this start of the process; see [`crate::greeting`].
        #[serde(default, skip_serializing_if = "Option::is_none")]
        life: Option<u32>,
        /// net's [`crate::VERSION`].
        version: u16,
    },
    /// A relay's connection changed.
    Relay {
        /// The relay's number.
        id: u16,
        /// Its state now.
        state: RelayState,
    },
    /// Events that arrived for watched mailboxes, oldest first as far as the relay keeps order;
    /// at most [`MAX_EVENTS`].
    Events(#[serde(deserialize_with = "bounded::list::<_, _, MAX_EVENTS>")] Vec<Delivery>),
    /// A relay has sent all that it had stored for a mailbox (`EOSE`, after paging).
    Stored {
        /// The relay's number.
        relay: u16,
        /// The mailbox.
        mailbox: Bytes32,
    },
    /// The answer to one [`ToNet::Publish`] from one relay.
    Ack {
        /// The job.
        job: u64,
        /// The relay's number.
        relay: u16,
        /// What it said.
        verdict: Verdict,
    },
}

impl Message for FromNet {
    fn check(&self) -> Result<(), OutOfBounds> {
        match self {
            Self::Hello { life, version } => greeting::check(*life, *version),
            Self::Relay { .. } | Self::Stored { .. } => Ok(()),
            Self::Events(list) => {
                bound(list.len() <= MAX_EVENTS, "events")?;
                list.iter().try_for_each(|d| d.event.check())
            }
            Self::Ack { verdict: Verdict::Refused(reason), .. } => bound(reason.len() <= MAX_REASON, "reason"),
            Self::Ack { .. } => Ok(()),
        }
    }
}
