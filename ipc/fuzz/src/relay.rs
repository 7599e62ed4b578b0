//! What a relay says, and addresses of relays: hostile until read.

use crate::{Broken, Verdict, holds, memory};
use bulkhead_ipc::bytes::{Bytes, Bytes32};
use bulkhead_ipc::post::{Delivery, Event, FromNet, Verdict as Answer};
use bulkhead_ipc::{cbor, sign};
use bulkhead_net::address::{self, Address};
use bulkhead_net::auth::Auth;
use bulkhead_net::subscription::{Fit, Subscriptions};
use bulkhead_net::wire::{self, FromRelay};
use bulkhead_vault_core::relay::{Place, place};
use serde_json::json;
use std::net::IpAddr;

/// What reading a text may allocate at once, in bytes: this, and [`FACTOR`] times the text.
const ALLOWANCE: usize = 16 * 1024;
/// A list of many short items is the worst: two bytes of text become a slice of 16, in a vector that doubles.
const FACTOR: usize = 32;
/// Challenges that are answered on one connection.
const QUESTIONS: usize = 5;

/// What reaches net from relays. The first byte, modulo 3, says what the rest is: a message of a relay; a relay's
/// address; a connection's messages, one per line, for the mailboxes that the first of them names.
pub fn relay_frame(input: &[u8]) -> Result<Verdict, Broken> {
    let Some((kind, rest)) = input.split_first() else { return Ok(Verdict::Refused) };
    // net's WebSocket ends a connection over text that is not UTF-8 before it gets here.
    let Ok(text) = core::str::from_utf8(rest) else { return Ok(Verdict::Refused) };
    match kind % 3 {
        0 => message(text).map(|heard| heard.map_or(Verdict::Refused, |_| Verdict::Accepted)),
        1 => located(text),
        _ => connection(text),
    }
}

/// Reads a message; what it says can be written again, and passed on to the vault.
fn message(text: &str) -> Result<Option<FromRelay>, Broken> {
    let (heard, peak) = memory::peak(|| wire::parse(text));
    holds(peak <= ALLOWANCE + FACTOR * text.len(), "reading a relay's message needs bounded memory")?;
    let Some(heard) = heard else { return Ok(None) };
    let again = match &heard {
        FromRelay::Event(subscription, event) => {
            passes(event)?;
            let [head, rest] = ["[\"EVENT\",", &wire::event((**event).clone())];
            let event = rest.strip_prefix(head).ok_or(Broken("an event is written as NIP-01 says"))?;
            format!("{head}{},{event}", json!(subscription))
        }
        FromRelay::Stored(subscription) => json!(["EOSE", subscription]).to_string(),
        FromRelay::Ok(id, accepted, reason) => {
            let verdict = Answer::Refused(reason.clone());
            sendable(&FromNet::Ack { job: u64::MAX, relay: u16::MAX, verdict })?;
            json!(["OK", id.map(|id| id.to_hex()), accepted, reason]).to_string()
        }
        FromRelay::Closed(subscription, reason) => json!(["CLOSED", subscription, reason]).to_string(),
        FromRelay::Challenge(challenge) => {
            let (relay, mailbox) = (u16::MAX, Bytes([0; 32]));
            sendable(&sign::FromNet::Ask { relay, mailbox, challenge: challenge.clone() })?;
            json!(["AUTH", challenge]).to_string()
        }
        FromRelay::Notice => json!(["NOTICE", ""]).to_string(),
    };
    holds(wire::parse(&again).as_ref() == Some(&heard), "what a relay said can be written and read again")?;
    Ok(Some(heard))
}

/// An event that was read can go to the vault, and needs no more room there than it was said to.
fn passes(event: &Event) -> Result<(), Broken> {
    holds(event.check().is_ok(), "an event that is read keeps its bounds")?;
    let size = sendable(&FromNet::Events(vec![Delivery { event: event.clone(), relay: u16::MAX }]))?;
    holds(size <= event.weight(), "an event's weight is an upper bound")
}

fn sendable<M: bulkhead_ipc::Message>(message: &M) -> Result<usize, Broken> {
    cbor::encode(message).map(|bytes| bytes.len()).map_err(|_| Broken("what a relay said can be passed on"))
}

/// Reads an address, as net and as the vault.
fn located(text: &str) -> Result<Verdict, Broken> {
    if let Some((host, port)) = address::parse_proxy(text) {
        let again = format!("{}:{port}", bracketed(&host));
        holds(address::parse_proxy(&again) == Some((host, port)), "a proxy's address can be written and read again")?;
    }
    let Some(read) = Address::parse(text) else { return Ok(Verdict::Refused) };
    let loopback = read.host == "localhost" || read.host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    let onion = address::is_onion(&read.host);
    holds(read.tls || loopback || onion, "without TLS only this machine and onion services are reached")?;
    let said = match (loopback, onion) {
        (true, _) => Place::Loopback,
        (_, true) => Place::Onion,
        _ => Place::Public,
    };
    holds(place(text) == Some(said), "vault and net agree on where an address leads")?;
    let plain = format!("{}://{}:{}", if read.tls { "wss" } else { "ws" }, bracketed(&read.host), read.port);
    let same = Address { url: plain.clone(), ..read.clone() };
    holds(read.url == text && read.port != 0, "an address is kept as it was written")?;
    // Written out with its port, an address at the bound can be too long.
    holds(plain.len() > text.len() || Address::parse(&plain) == Some(same), "host and port are all that counts")?;
    Ok(Verdict::Accepted)
}

fn bracketed(host: &str) -> String {
    if host.contains(':') { format!("[{host}]") } else { host.into() }
}

/// Plays a connection: subscriptions and authentication stay within what was asked for.
fn connection(text: &str) -> Result<Verdict, Broken> {
    let mut watched = vec![(Bytes([0x11; 32]), 0)];
    let (mut subscriptions, mut auth, mut questions) = (Subscriptions::default(), Auth::default(), 0);
    let mut verdict = Verdict::Refused;
    for line in text.lines() {
        let Some(heard) = message(line)? else { continue };
        if verdict == Verdict::Refused {
            if let FromRelay::Event(_, event) = &heard {
                watched.extend(wire::mailboxes(event).map(|mailbox| (mailbox, event.created_at.saturating_sub(60))));
            }
            watched.iter().for_each(|(mailbox, since)| subscriptions.watch(*mailbox, *since));
            verdict = Verdict::Accepted;
        }
        subscriptions.open();
        match heard {
            FromRelay::Event(subscription, event) => {
                let fit = subscriptions.event(&subscription, &event);
                let asked = |(mailbox, since): &(Bytes32, u64)| {
                    event.created_at >= *since && wire::mailboxes(&event).any(|to| to == *mailbox)
                };
                let asked = event.kind == wire::ENVELOPE && watched.iter().any(asked);
                holds(fit != Fit::Wanted || asked, "only what was asked for is passed on")?;
            }
            FromRelay::Stored(subscription) => {
                let done = subscriptions.stored(&subscription);
                let known = |key: &Bytes32| watched.iter().any(|(mailbox, _)| mailbox == key);
                holds(done.iter().all(known), "only watched mailboxes are read to the end")?;
            }
            FromRelay::Ok(id, accepted, _) => {
                if auth.answered(id, accepted) {
                    subscriptions.reopen(accepted);
                }
            }
            FromRelay::Closed(subscription, _) => {
                subscriptions.closed(&subscription);
                subscriptions.reopen(false);
            }
            FromRelay::Challenge(challenge) => questions += usize::from(auth.challenged(challenge).is_some()),
            FromRelay::Notice => {}
        }
        holds(questions <= QUESTIONS, "a relay has few questions answered")?;
        // One request for each batch of mailboxes, and here there is one; a page that ends is closed.
        holds(subscriptions.out.len() <= 2, "a message from a relay causes few to it")?;
        let valid = |text: String| serde_json::from_str::<serde_json::Value>(&text).is_ok();
        holds(subscriptions.out.drain(..).all(valid), "what is sent to a relay is JSON")?;
    }
    Ok(verdict)
}
