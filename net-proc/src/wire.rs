//! The relay protocol as text: NIP-01, NIP-42, NIP-09.
//!
//! Everything a relay says is hostile until it has passed [`parse`]: it reads exactly the messages that
//! exist, each field bounded, and answers `None` for all others. Signatures are not checked here: the vault
//! does that, and net would gain nothing by it.

use bulkhead_ipc::bytes::{Bytes, Bytes32, Bytes64};
use bulkhead_ipc::post::{Event, MAX_REASON};
use bulkhead_ipc::sign::MAX_CHALLENGE;
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};

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
    /// The answer to an event: its id, whether it was taken, and why not, cut to [`MAX_REASON`]. Some relays
    /// put garbage for the id of an event that they refuse.
    Ok(Option<Bytes32>, bool, String),
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
            event.check().is_ok().then_some(FromRelay::Event(subscription(1)?, Box::new(event)))
        }
        ("EOSE", 2) => Some(FromRelay::Stored(subscription(1)?)),
        ("OK", 3 | 4) => {
            let id = word(&parts, 1).and_then(|id| Bytes32::from_hex(&id));
            let accepted = serde_json::from_str(parts.get(2)?.get()).ok()?;
            Some(FromRelay::Ok(id, accepted, cut(word(&parts, 3).unwrap_or_default())))
        }
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

/// The mailboxes that an event is addressed to.
pub fn mailboxes(event: &Event) -> impl Iterator<Item = Bytes32> + '_ {
    event.tags.iter().filter_map(|tag| match tag.as_slice() {
        [name, key, ..] if name == "p" => Bytes32::from_hex(key),
        _ => None,
    })
}

/// `["EVENT", …]`: publishes.
pub fn event(event: Event) -> String {
    json!(["EVENT", Enveloped(event)]).to_string()
}

/// `["AUTH", …]`: says who we are.
pub fn auth(event: Event) -> String {
    json!(["AUTH", Enveloped(event)]).to_string()
}

/// `["REQ", …]`: envelopes for these mailboxes, now and from now on; or, with `until`, a page of old ones.
pub fn request(subscription: &str, mailboxes: &[Bytes32], since: u64, until: Option<u64>) -> String {
    let keys: Vec<_> = mailboxes.iter().map(Bytes::to_hex).collect();
    let mut filter = json!({"kinds": [ENVELOPE], "#p": keys, "since": since, "limit": PAGE});
    if let (Some(until), Some(fields)) = (until, filter.as_object_mut()) {
        fields.insert("until".into(), until.into());
    }
    json!(["REQ", subscription, filter]).to_string()
}

/// `["CLOSE", …]`: ends a subscription.
pub fn close(subscription: &str) -> String {
    json!(["CLOSE", subscription]).to_string()
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
