//! Envelopes: what a relay sees of a message. Format: `ipc/WIRE.md`, "Envelope".
//!
//! Three sizes, one-time authors, random expiry: neither a relay nor net learns lengths, ratchet counters or
//! which two envelopes have the same sender.

use crate::event::{self, Curve};
use crate::{Key, Time, aead};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bulkhead_ipc::bytes::{Bytes, Bytes32};
use bulkhead_ipc::post::Event;
use rand::{CryptoRng, Rng};

/// The sizes of a sealed body in bytes.
pub const SIZES: [usize; 3] = [3072, 12288, 36864];
/// Nonce, authenticator, kind and length.
const OVERHEAD: usize = NONCE + aead::TAG + 5;
/// Bytes of the nonce, which stands before what is sealed.
const NONCE: usize = 24;
/// Body kind of an invite's prekey bundle.
pub const BUNDLE: u8 = 1;
/// Body kind of a libsignal `SignalMessage`.
pub const SIGNAL: u8 = 2;
/// Body kind of a libsignal `PreKeySignalMessage`.
pub const PREKEY: u8 = 3;
/// Body kind of a signed offer to renew a session.
pub const OFFER: u8 = 4;

/// What makes an envelope unlike any other: drawn once, stored with what waits, never used again.
#[derive(Clone)]
pub struct Stamp {
    /// One-time author key; told to the reader, who deletes the event with it.
    pub author: Key,
    /// Nonce of the seal.
    pub nonce: [u8; 24],
    /// Unix time: now minus a random 0 to 600 seconds.
    pub created_at: u64,
    /// Unix time: 14 to 28 days after `created_at`.
    pub expires_at: u64,
}

impl Stamp {
    /// Draws a stamp.
    pub fn draw<R: Rng + CryptoRng>(curve: &Curve, now: Time, rng: &mut R) -> Self {
        let author = curve.fresh(rng);
        let mut nonce = [0; 24];
        rng.fill_bytes(&mut nonce);
        let created_at = now.seconds().saturating_sub(rng.random_range(0..=600));
        let expires_at = created_at + rng.random_range(14 * 86_400..=28 * 86_400);
        Self { author, nonce, created_at, expires_at }
    }
}

/// Whom an envelope is for.
pub struct Address<'a> {
    /// The mailbox's x-only public key.
    pub mailbox: &'a Bytes32,
    /// The key that writer and reader share.
    pub seal: &'a Key,
}

/// Seals a body into the smallest size that holds it; `None` if none does.
pub fn seal(to: &Address<'_>, nonce: &[u8; 24], kind: u8, body: &[u8]) -> Option<Vec<u8>> {
    let size = SIZES.into_iter().find(|size| body.len() + OVERHEAD <= *size)?;
    let mut out = Vec::with_capacity(size);
    out.extend_from_slice(nonce);
    out.push(kind);
    out.extend_from_slice(&u32::try_from(body.len()).ok()?.to_be_bytes());
    out.extend_from_slice(body);
    out.resize(size - aead::TAG, 0);
    let tag = aead::seal(to.seal, nonce, &to.mailbox.0, out.get_mut(NONCE..)?)?;
    out.extend_from_slice(&tag);
    Some(out)
}

/// Opens a sealed body: its kind, and the libsignal or bundle bytes.
pub fn open(to: &Address<'_>, sealed: &[u8]) -> Option<(u8, Vec<u8>)> {
    if !SIZES.contains(&sealed.len()) {
        return None;
    }
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
    let mut sealed = sealed.to_vec();
    let plain = aead::open(to.seal, nonce, &to.mailbox.0, &mut sealed)?;
    let (&mut [kind, a, b, c, d], rest) = plain.split_first_chunk_mut()?;
    let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).ok()?;
    let (body, padding) = rest.split_at_checked(length)?;
    let smallest = SIZES.into_iter().find(|size| length + OVERHEAD <= *size)?;
    // Without a way out half way, so that many bytes are looked at in one step.
    if smallest != OVERHEAD + length + padding.len() || padding.iter().fold(0, |all, b| all | b) != 0 {
        return None;
    }
    Some((kind, body.to_vec()))
}

/// The bytes that an event's content stands for, if it has one of the three sizes.
pub fn sealed_bytes(content: &str) -> Option<Vec<u8>> {
    if !SIZES.iter().any(|size| size / 3 * 4 == content.len()) {
        return None;
    }
    // Padding would make it a byte or two shorter.
    STANDARD.decode(content).ok().filter(|sealed| SIZES.contains(&sealed.len()))
}

/// Builds the signed event around a sealed body.
pub fn event(curve: &Curve, mailbox: &Bytes32, stamp: &Stamp, sealed: &[u8]) -> Option<Event> {
    let tags = vec![vec!["p".into(), mailbox.to_hex()], vec!["expiration".into(), stamp.expires_at.to_string()]];
    curve.sign(&stamp.author, event::ENVELOPE, tags, STANDARD.encode(sealed), stamp.created_at)
}

/// Mailbox and expiry of an envelope; `None` unless the event has exactly an envelope's form.
pub fn outside(event: &Event) -> Option<(Bytes32, u64)> {
    let [p, expiration] = event.tags.as_slice() else { return None };
    let ([p, mailbox], [name, until]) = (p.as_slice(), expiration.as_slice()) else { return None };
    if event.kind != event::ENVELOPE || p != "p" || name != "expiration" || until.len() > 12 {
        return None;
    }
    if !until.bytes().all(|b| b.is_ascii_digit()) || until.starts_with('0') {
        return None;
    }
    Some((Bytes::from_hex(mailbox)?, until.parse().ok()?))
}
