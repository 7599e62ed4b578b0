//! What another device wrote: envelopes, invites, bundles, and the content inside the ciphertext.

use crate::{Broken, Verdict, holds, memory};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_ipc::cbor;
use bulkhead_ipc::post::{Event, FromNet};
use bulkhead_vault_core::content::{self, Body, Content};
use bulkhead_vault_core::envelope::{self, Address};
use bulkhead_vault_core::event::{self, Curve, Unverified};
use bulkhead_vault_core::invite::{Bundle, Link, PREFIX};
use bulkhead_vault_core::renewal;
use bulkhead_vault_core::session::{self, Opened, Own, PREKEY_ID, Session};
use bulkhead_vault_core::{Key, Plaintext, Secret, Time};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rand::SeedableRng;
use rand::rngs::StdRng;
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

/// What reading may allocate at once, in bytes: this, and [`FACTOR`] times the input.
const ALLOWANCE: usize = 16 * 1024;
/// See [`ALLOWANCE`].
const FACTOR: usize = 4;
const NOW: Time = Time(1_795_000_000_000);
const MAILBOX: Bytes32 = bulkhead_ipc::bytes::Bytes([1; 32]);
const NONCE: [u8; 24] = [5; 24];

/// What reaches the vault from other devices. The first byte, modulo 8, says what the rest is: content without
/// its padding; a link without checksum and base64; a link as text; a bundle; a body inside the seal, without
/// its padding; events on the post line; a libsignal message; changes to a legal libsignal message.
pub fn content(input: &[u8]) -> Result<Verdict, Broken> {
    let Some((kind, rest)) = input.split_first() else { return Ok(Verdict::Refused) };
    match kind % 8 {
        0 => padded(rest),
        1 => link(rest),
        2 => core::str::from_utf8(rest).map_or(Ok(Verdict::Refused), link_text),
        3 => bundle(rest),
        4 => sealed(rest),
        5 => events(rest),
        6 => signal(rest),
        _ => changed(rest),
    }
}

/// Whether to go on, with what was read in bounded memory.
fn read<T>(length: usize, decode: impl FnOnce() -> Option<T>) -> Result<Option<T>, Broken> {
    let (read, peak) = memory::peak(decode);
    holds(peak <= ALLOWANCE + FACTOR * length, "reading needs bounded memory")?;
    Ok(read)
}

fn padded(cbor: &[u8]) -> Result<Verdict, Broken> {
    // Bytes that are not padded as they must be are refused, whatever they are; here the padding is right.
    if let Some(content) = content::decode(cbor) {
        holds(content::encode(&content).is_some_and(|again| again.bytes() == cbor), "padded content is unique")?;
    }
    let Some(size) = content::SIZES.into_iter().find(|size| cbor.len() < *size) else { return Ok(Verdict::Refused) };
    let mut padded = cbor.to_vec();
    padded.push(0x80);
    for more in content::SIZES.into_iter().filter(|more| *more > size) {
        padded.resize(more, 0);
        holds(content::decode(&padded).is_none(), "content is padded no further than it needs")?;
    }
    padded.resize(size, 0);
    let Some(content) = read(size, || content::decode(&padded))? else { return Ok(Verdict::Refused) };
    let again = content::encode(&content).ok_or(Broken("content that is read can be written"))?;
    holds(again.bytes() == padded, "content that is read is written as the same bytes")?;
    holds(content::decode(again.bytes()) == Some(content), "content that is written is read as the same")?;
    Ok(Verdict::Accepted)
}

fn link(said: &[u8]) -> Result<Verdict, Broken> {
    let mut bytes = said.to_vec();
    bytes.extend(Sha256::digest(said).iter().take(4));
    link_text(&format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&bytes)))
}

fn link_text(text: &str) -> Result<Verdict, Broken> {
    let Some(link) = read(text.len(), || Link::decode(text).ok())? else {
        return Ok(Verdict::Refused);
    };
    let again = link.encode();
    holds(again.as_str() == text.trim(), "a link that is read is written as the same text")?;
    holds(Link::decode(again.as_str()) == Ok(link), "a link that is written is read as the same")?;
    Ok(Verdict::Accepted)
}

/// A bundle, or an offer to renew a session without its signature.
fn bundle(bytes: &[u8]) -> Result<Verdict, Broken> {
    if read(bytes.len(), || renewal::read(bytes))?.is_some() {
        return Ok(Verdict::Accepted);
    }
    let Some(bundle) = read(bytes.len(), || Bundle::decode(bytes))? else { return Ok(Verdict::Refused) };
    let again = bundle.encode().ok_or(Broken("a bundle that is read can be written"))?;
    holds(again == bytes, "a bundle that is read is written as the same bytes")?;
    // Most have bad keys or signatures: that makes no session, and no harm.
    let _ = Session::begin(&PAIR.own, &bundle, NOW, &mut StdRng::seed_from_u64(1));
    Ok(Verdict::Accepted)
}

fn sealed(plain: &[u8]) -> Result<Verdict, Broken> {
    let Some(size) = envelope::SIZES.into_iter().find(|size| plain.len() + 40 <= *size) else {
        return Ok(Verdict::Refused);
    };
    let key = Key::new([1; 32]);
    let to = Address { mailbox: &MAILBOX, seal: &key };
    let padded = |size| seal(&key, plain, size).ok_or(Broken("sealing works"));
    let sealed = padded(size)?;
    let Some((kind, body)) = read(size, || envelope::open(&to, &sealed))? else { return Ok(Verdict::Refused) };
    let again = envelope::seal(&to, &NONCE, kind, &body).ok_or(Broken("a body that is opened can be sealed"))?;
    holds(again == sealed, "a body that is opened is sealed as the same bytes")?;
    for more in envelope::SIZES.into_iter().filter(|more| *more > size) {
        holds(envelope::open(&to, &padded(more)?).is_none(), "a body is padded no further than it needs")?;
    }
    Ok(Verdict::Accepted)
}

/// What a writer with the keys could send: any bytes, padded to this size and sealed.
fn seal(key: &Key, plain: &[u8], size: usize) -> Option<Vec<u8>> {
    let mut plain = plain.to_vec();
    plain.resize(size - 40, 0);
    let cipher = XChaCha20Poly1305::new(key.bytes().into());
    let sealed = cipher.encrypt(XNonce::from_slice(&NONCE), Payload { msg: &plain, aad: &MAILBOX.0 }).ok()?;
    Some([&NONCE[..], &sealed].concat())
}

fn events(packet: &[u8]) -> Result<Verdict, Broken> {
    let Ok(FromNet::Events(list)) = cbor::decode(packet) else { return Ok(Verdict::Refused) };
    list.into_iter().try_for_each(|delivery| envelope_outside(delivery.event))?;
    Ok(Verdict::Accepted)
}

fn envelope_outside(event: Event) -> Result<(), Broken> {
    if let Some((mailbox, until)) = envelope::outside(&event) {
        let tags = [["p".to_owned(), mailbox.to_hex()], ["expiration".to_owned(), until.to_string()]];
        holds(event.tags == tags, "an envelope's tags are written in one way only")?;
    }
    if let Some(sealed) = envelope::sealed_bytes(&event.content) {
        holds(envelope::SIZES.contains(&sealed.len()), "a sealed body has one of three sizes")?;
        holds(STANDARD.encode(&sealed) == event.content, "a sealed body is written in one way only")?;
    }
    // JSON as most programs write it escapes control characters that NIP-01 leaves alone; else it is the same.
    let odd = |text: &String| text.contains(|c: char| c.is_control() && !"\n\r\t\u{8}\u{c}".contains(c));
    if !event.tags.iter().flatten().any(odd) && !odd(&event.content) {
        let Event { kind, tags, pubkey, content, created_at, .. } = &event;
        let text = serde_json::json!([0, pubkey.to_hex(), created_at, kind, tags, content]).to_string();
        holds(event::id(&event).0 == *Sha256::digest(text), "an event's identifier is that of NIP-01")?;
    }
    let id = event.id;
    if let Some(verified) = PAIR.curve.verify(Unverified(event)) {
        holds(event::id(verified.get()) == id, "a verified event has the identifier of its fields")?;
    }
    Ok(())
}

/// Two devices, always the same: the inviter's keys, and the session and first message of who accepted.
struct Pair {
    curve: Curve,
    own: Own,
    prekeys: session::Prekeys,
    first: Vec<u8>,
    /// What `first` says.
    told: Secret,
    /// The inviter's session once `first` was read, and the next message for it.
    answered: Session,
    second: Vec<u8>,
}

static PAIR: LazyLock<Pair> = LazyLock::new(|| match pair() {
    Some(pair) => pair,
    // libsignal made no keys: nothing below could be judged.
    None => std::process::abort(),
});

fn pair() -> Option<Pair> {
    let rng = &mut StdRng::seed_from_u64(7);
    let drawn = session::draw(rng)?;
    let (identity, signed, one_time, kyber) = drawn.public;
    let relays = vec!["wss://relay.example".to_owned()];
    let hello = content::Hello { name: Plaintext::new("A".into()), mailbox: MAILBOX, seal: Key::new([3; 32]), relays };
    let (registration, one_time) = (drawn.own.registration, (PREKEY_ID, one_time));
    let bundle = Bundle { registration, identity, signed, one_time, kyber, hello, expires_at: 1 };
    let text = Plaintext::new("hello".into());
    let told =
        content::encode(&Content { erase: Key::new([9; 32]), body: Body::Text { id: [1; 16], sent_at: 7, text } })?;
    let mut theirs = Session::begin(&Own::draw(rng)?, &bundle, NOW, rng)?;
    let (_, first) = theirs.seal(&told, NOW, rng).ok()?;
    let (mut answered, _) = Session::answer(&drawn.own, &drawn.prekeys, &first, rng)?;
    let (_, reply) = answered.seal(&told, NOW, rng).ok()?;
    let Opened::Content(_) = theirs.open(false, &reply, rng) else { return None };
    let (_, second) = theirs.seal(&told, NOW, rng).ok()?;
    Some(Pair { curve: Curve::new(), own: drawn.own, prekeys: drawn.prekeys, first, told, answered, second })
}

/// A message that libsignal takes says what was told: nobody else has the keys.
fn signal(body: &[u8]) -> Result<Verdict, Broken> {
    let rng = &mut StdRng::seed_from_u64(2);
    let mut verdict = Verdict::Refused;
    let mut told = |content: Secret| {
        verdict = Verdict::Accepted;
        holds(content == PAIR.told, "a forged message is not taken")
    };
    if let Some((_, content)) = Session::answer(&PAIR.own, &PAIR.prekeys, body, rng) {
        told(content)?;
    }
    for prekey in [false, true] {
        if let Opened::Content(content) = PAIR.answered.clone().open(prekey, body, rng) {
            told(content)?;
        }
    }
    Ok(verdict)
}

/// The first byte chooses the message; then each three bytes are a place and what stands there instead.
fn changed(changes: &[u8]) -> Result<Verdict, Broken> {
    let (which, changes) = changes.split_first().unwrap_or((&0, &[]));
    let mut body = if which % 2 == 0 { PAIR.first.clone() } else { PAIR.second.clone() };
    for change in changes.chunks_exact(3) {
        let &[high, low, value] = change else { continue };
        let at = usize::from(u16::from_be_bytes([high, low])) % body.len();
        body.iter_mut().skip(at).take(1).for_each(|byte| *byte = value);
    }
    signal(&body)
}
