//! The relay protocol as text: NIP-01, NIP-42, NIP-09.
//!
//! Everything a relay says is hostile until it has passed [`parse`]: it reads exactly the messages that
//! exist, each field bounded, and answers `None` for all others. Signatures are not checked here: the vault
//! does that, and net would gain nothing by it.

use bulkhead_ipc::bytes::{Bytes, Bytes32, Bytes64};
use bulkhead_ipc::post::{Event, MAX_CONTENT, MAX_REASON, MAX_TAGS};
use bulkhead_ipc::sign::MAX_CHALLENGE;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Largest WebSocket message that a relay may send, in bytes: an envelope with its frame, twice.
pub const MAX_MESSAGE: usize = 128 * 1024;
/// The kind of envelopes (`ipc/WIRE.md`): the only events that net passes on.
pub const ENVELOPE: u16 = 1059;
/// Events asked for at once; relays may give fewer.
pub const PAGE: usize = 500;
/// Longest subscription id in characters (NIP-01).
const MAX_SUBSCRIPTION: usize = 64;

/// A message from a relay.
#[derive(Debug, PartialEq, Eq)]
pub enum FromRelay {
    /// An event for a subscription.
    Event(String, Box<Event>),
    /// End of what was stored for a subscription.
    Stored(String),
    /// The answer to an event. Some relays put garbage for the id of an event that they refuse.
    Ok {
        /// The event's id, if it is one.
        id: Option<Bytes32>,
        /// Taken or not.
        accepted: bool,
        /// Why not, cut to [`MAX_REASON`].
        reason: String,
    },
    /// The relay ended a subscription, and why.
    Closed(String, String),
    /// The relay asks who we are.
    Challenge(String),
    /// Text for people. Nobody reads it.
    Notice,
}

/// Reads one message; `None` if it is not exactly one that exists.
pub fn parse(text: &str) -> Option<FromRelay> {
    let parts: Vec<&RawValue> = serde_json::from_str(text).ok()?;
    let subscription = |at| word(&parts, at).filter(|s| s.len() <= MAX_SUBSCRIPTION);
    match (word(&parts, 0)?.as_str(), parts.len()) {
        ("EVENT", 3) => {
            let Enveloped(event) = serde_json::from_str(parts.get(2)?.get()).ok()?;
            within_bounds(&event).then_some(FromRelay::Event(subscription(1)?, Box::new(event)))
        }
        ("EOSE", 2) => Some(FromRelay::Stored(subscription(1)?)),
        ("OK", 3 | 4) => Some(FromRelay::Ok {
            id: word(&parts, 1).and_then(|id| Bytes32::from_hex(&id)),
            accepted: serde_json::from_str(parts.get(2)?.get()).ok()?,
            reason: cut(word(&parts, 3).unwrap_or_default()),
        }),
        ("CLOSED", 2 | 3) => Some(FromRelay::Closed(subscription(1)?, cut(word(&parts, 2).unwrap_or_default()))),
        ("AUTH", 2) => word(&parts, 1).filter(|c| c.len() <= MAX_CHALLENGE).map(FromRelay::Challenge),
        ("NOTICE", 2) => Some(FromRelay::Notice),
        _ => None,
    }
}

fn word(parts: &[&RawValue], at: usize) -> Option<String> {
    serde_json::from_str(parts.get(at)?.get()).ok()
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_REASON));
    text
}

fn within_bounds(event: &Event) -> bool {
    let (tags, items, length) = MAX_TAGS;
    event.content.len() <= MAX_CONTENT
        && event.tags.len() <= tags
        && event.tags.iter().all(|tag| tag.len() <= items && tag.iter().all(|item| item.len() <= length))
}

/// The mailboxes that an event is addressed to.
pub fn mailboxes(event: &Event) -> impl Iterator<Item = Bytes32> + '_ {
    event.tags.iter().filter_map(|tag| match tag.as_slice() {
        [name, key, ..] if name == "p" => Bytes32::from_hex(key),
        _ => None,
    })
}

/// `["EVENT", …]`: publishes.
pub fn event(event: Event) -> String {
    text(&("EVENT", Enveloped(event)))
}

/// `["AUTH", …]`: says who we are.
pub fn auth(event: Event) -> String {
    text(&("AUTH", Enveloped(event)))
}

/// `["REQ", …]`: envelopes for these mailboxes, now and from now on; or, with `until`, a page of old ones.
pub fn request(subscription: &str, mailboxes: &[Bytes32], since: u64, until: Option<u64>) -> String {
    let keys = mailboxes.iter().map(Bytes::to_hex).collect();
    text(&("REQ", subscription, Filter { kinds: [ENVELOPE], keys, since, until, limit: PAGE }))
}

/// `["CLOSE", …]`: ends a subscription.
pub fn close(subscription: &str) -> String {
    text(&("CLOSE", subscription))
}

/// Strings, numbers and lists of them: writing those as JSON into memory has no way to fail.
fn text(message: &impl Serialize) -> String {
    serde_json::to_string(message).unwrap_or_default()
}

#[derive(Serialize)]
struct Filter {
    kinds: [u16; 1],
    #[serde(rename = "#p")]
    keys: Vec<String>,
    since: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<u64>,
    limit: usize,
}

#[derive(Serialize, Deserialize)]
struct Enveloped(#[serde(with = "EventText")] Event);

/// How an [`Event`] is written in JSON: the same fields, keys and ids in hexadecimal.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Event", deny_unknown_fields)]
struct EventText {
    #[serde(with = "hex")]
    id: Bytes32,
    #[serde(with = "hex")]
    sig: Bytes64,
    kind: u16,
    tags: Vec<Vec<String>>,
    #[serde(with = "hex")]
    pubkey: Bytes32,
    content: String,
    created_at: u64,
}

mod hex {
    use bulkhead_ipc::bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<const N: usize, S: Serializer>(bytes: &Bytes<N>, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&bytes.to_hex())
    }

    pub fn deserialize<'de, const N: usize, D: Deserializer<'de>>(from: D) -> Result<Bytes<N>, D::Error> {
        Bytes::from_hex(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("not lower-case hexadecimal"))
    }
}

#[cfg(test)]
mod tests;
