//! Invites: the link that a person passes on, and the prekey bundle that waits for whoever has it. Format:
//! `ipc/WIRE.md`, "Invite".
//!
//! The link carries the hash of what the relays hold, so whoever got the link from the person has
//! authenticated the keys; relays can withhold the bundle, never replace it.

use crate::content::{self, key};
use crate::event::Curve;
use crate::{Key, Plaintext, Time};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkhead_ipc::bytes::{Bytes, Bytes32};
use bulkhead_ipc::cbor::well_formed;
use bulkhead_ipc::post::MAX_URL;
use hkdf::Hkdf;
use minicbor::{Decoder, Encoder};
use sha2::{Digest, Sha256};

/// What every link begins with.
pub const PREFIX: &str = "bulkhead://invite/";
/// How long an invite can be used, in seconds.
pub const LIFETIME: u64 = 7 * 86_400;
/// The format's version.
const VERSION: u8 = 1;
/// Longest link in characters: eight relays of the longest address.
const MAX_LINK: usize = 3200;

/// What a link says.
#[derive(Clone, PartialEq, Eq)]
pub struct Link {
    /// From which mailbox and seal are derived.
    pub secret: Key,
    /// SHA-256 of the sealed bundle.
    pub hash: Bytes32,
    /// Unix time after which nobody accepts it.
    pub expires_at: u32,
    /// Where the bundle waits, 1 to 8 addresses.
    pub relays: Vec<String>,
}

/// Why a text is not a link that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkError {
    /// Not a link, or cut off, or mistyped.
    NotAnInvite,
    /// Of a newer version.
    TooNew,
}

impl Link {
    /// Writes the link.
    pub fn encode(&self) -> Plaintext {
        let mut out = vec![VERSION];
        out.extend_from_slice(self.secret.bytes());
        out.extend_from_slice(&self.hash.0);
        out.extend_from_slice(&self.expires_at.to_be_bytes());
        let count = self.relays.len().min(content::MAX_RELAYS);
        out.push(u8::try_from(count).unwrap_or_default());
        for url in self.relays.iter().take(count) {
            let url = url.get(..url.len().min(255)).unwrap_or_default();
            out.push(u8::try_from(url.len()).unwrap_or_default());
            out.extend_from_slice(url.as_bytes());
        }
        let checksum: [u8; 32] = Sha256::digest(&out).into();
        out.extend(checksum.iter().take(4));
        Plaintext::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(&out)))
    }

    /// Reads a link; white space around it is ignored.
    pub fn decode(text: &str) -> Result<Self, LinkError> {
        let text = text.trim();
        let body = text.strip_prefix(PREFIX).filter(|_| text.len() <= MAX_LINK).ok_or(LinkError::NotAnInvite)?;
        let bytes = URL_SAFE_NO_PAD.decode(body).map_err(|_| LinkError::NotAnInvite)?;
        match bytes.first() {
            Some(&VERSION) => Self::read(&bytes).ok_or(LinkError::NotAnInvite),
            Some(&version) if version > VERSION => Err(LinkError::TooNew),
            _ => Err(LinkError::NotAnInvite),
        }
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (said, checksum) = bytes.split_at_checked(bytes.len().checked_sub(4)?)?;
        if !Sha256::digest(said).starts_with(checksum) {
            return None;
        }
        let (secret, rest) = said.get(1..)?.split_first_chunk::<32>()?;
        let (hash, rest) = rest.split_first_chunk::<32>()?;
        let (expires_at, rest) = rest.split_first_chunk::<4>()?;
        let (count, mut rest) = rest.split_first()?;
        if !(1..=content::MAX_RELAYS).contains(&usize::from(*count)) {
            return None;
        }
        let mut relays = Vec::new();
        for _ in 0..*count {
            let (length, after) = rest.split_first()?;
            let (url, after) = after.split_at_checked(usize::from(*length))?;
            relays.push(core::str::from_utf8(url).ok().filter(|url| url.len() <= MAX_URL)?.to_owned());
            rest = after;
        }
        rest.is_empty().then_some(())?;
        let (secret, hash) = (Key::new(*secret), Bytes(*hash));
        Some(Self { secret, hash, expires_at: u32::from_be_bytes(*expires_at), relays })
    }

    /// The rendezvous mailbox's secret key. A scalar out of range (chance 2⁻¹²⁸) makes an invite unusable.
    pub fn mailbox(&self) -> Key {
        derive(&self.secret, b"bulkhead/1 invite mailbox")
    }

    /// The key that seals the bundle.
    pub fn seal(&self) -> Key {
        derive(&self.secret, b"bulkhead/1 invite seal")
    }

    /// Whether it is past its time.
    pub fn expired(&self, now: Time) -> bool {
        now.seconds() >= u64::from(self.expires_at)
    }
}

/// HKDF-SHA256 without salt.
fn derive(secret: &Key, label: &[u8]) -> Key {
    let mut out = [0; 32];
    // 32 bytes are one block: expansion cannot fail.
    let _ = Hkdf::<Sha256>::new(None, secret.bytes()).expand(label, &mut out);
    Key::new(out)
}

/// Draws a secret whose rendezvous mailbox is valid.
pub fn fresh_secret<R: rand::Rng + rand::CryptoRng>(curve: &Curve, rng: &mut R) -> Key {
    loop {
        let secret = Key::random(rng);
        if curve.public(&derive(&secret, b"bulkhead/1 invite mailbox")).is_some() {
            return secret;
        }
    }
}

/// A public key with its number and the identity's signature.
#[derive(Clone, PartialEq, Eq)]
pub struct Signed {
    /// Number.
    pub id: u32,
    /// Serialised by libsignal, with its type byte.
    pub key: Vec<u8>,
    /// XEdDSA by the identity key over `key`.
    pub signature: Vec<u8>,
}

/// What waits at the rendezvous: everything that is needed to write the first message.
#[derive(Clone, PartialEq, Eq)]
pub struct Bundle {
    /// libsignal registration number, 1 to 0x3fff.
    pub registration: u32,
    /// Identity key, 33 bytes.
    pub identity: Vec<u8>,
    /// Signed EC prekey, 33 bytes.
    pub signed: Signed,
    /// One-time EC prekey: number and 33 bytes.
    pub one_time: (u32, Vec<u8>),
    /// One-time Kyber1024 prekey, 1569 bytes.
    pub kyber: Signed,
    /// How to reach the inviter.
    pub hello: content::Hello,
    /// As in the link.
    pub expires_at: u32,
}

impl Bundle {
    /// Writes the bundle.
    pub fn encode(&self) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(4096);
        let mut e = Encoder::new(&mut out);
        e.map(16).ok()?.u8(0).ok()?.u8(VERSION).ok()?.u8(1).ok()?.u32(self.registration).ok()?;
        e.u8(2).ok()?.bytes(&self.identity).ok()?;
        e.u8(3).ok()?.u32(self.signed.id).ok()?.u8(4).ok()?.bytes(&self.signed.key).ok()?;
        e.u8(5).ok()?.bytes(&self.signed.signature).ok()?;
        e.u8(6).ok()?.u32(self.one_time.0).ok()?.u8(7).ok()?.bytes(&self.one_time.1).ok()?;
        e.u8(8).ok()?.u32(self.kyber.id).ok()?.u8(9).ok()?.bytes(&self.kyber.key).ok()?;
        e.u8(10).ok()?.bytes(&self.kyber.signature).ok()?;
        e.u8(11).ok()?.bytes(&self.hello.mailbox.0).ok()?.u8(12).ok()?.bytes(self.hello.seal.bytes()).ok()?;
        e.u8(13).ok()?.array(self.hello.relays.len() as u64).ok()?;
        self.hello.relays.iter().try_for_each(|url| e.str(url).ok().map(drop))?;
        e.u8(14).ok()?.str(self.hello.name.as_str()).ok()?.u8(15).ok()?.u32(self.expires_at).ok()?;
        Some(out)
    }

    /// Reads a bundle. Lengths are checked here, keys and signatures when a session is made of it.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        well_formed(bytes).ok()?;
        let mut d = Decoder::new(bytes);
        if d.map().ok()?? != 16 {
            return None;
        }
        key(&mut d, 0)?;
        (d.u8().ok()? == VERSION).then_some(())?;
        key(&mut d, 1)?;
        let registration = d.u32().ok().filter(|n| (1..=0x3fff).contains(n))?;
        let identity = exactly(&mut d, 2, 33)?;
        key(&mut d, 3)?;
        let signed = Signed { id: d.u32().ok()?, key: exactly(&mut d, 4, 33)?, signature: exactly(&mut d, 5, 64)? };
        key(&mut d, 6)?;
        let one_time = (d.u32().ok()?, exactly(&mut d, 7, 33)?);
        key(&mut d, 8)?;
        let kyber = Signed { id: d.u32().ok()?, key: exactly(&mut d, 9, 1569)?, signature: exactly(&mut d, 10, 64)? };
        let mailbox = Bytes(exactly(&mut d, 11, 32)?.try_into().ok()?);
        let seal = Key::from_slice(&exactly(&mut d, 12, 32)?)?;
        key(&mut d, 13)?;
        let relays = content::relays(&mut d)?;
        key(&mut d, 14)?;
        let name = content::name(d.str().ok()?)?;
        key(&mut d, 15)?;
        let expires_at = d.u32().ok()?;
        let hello = content::Hello { name, mailbox, seal, relays };
        Some(Self { registration, identity, signed, one_time, kyber, hello, expires_at })
    }
}

fn exactly(d: &mut Decoder<'_>, field: u8, length: usize) -> Option<Vec<u8>> {
    key(d, field)?;
    d.bytes().ok().filter(|bytes| bytes.len() == length).map(<[u8]>::to_vec)
}
