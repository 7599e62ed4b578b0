//! The key as an OpenPGP key, and its signatures as OpenPGP signatures: what `apt` asks of whoever signs a repository.
//!
//! Only what that takes: version 4 packets (RFC 9580, sections 4 and 5) with the legacy form of Ed25519, which the
//! GnuPG of every Debian in use understands. OpenPGP signs a digest, so holders sign 64 bytes that say nothing to people: each
//! makes them anew from the document, with [`Certificate::digest`] or [`Certificate::digest_of_name`], and
//! signs what came out on their own machine.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::Sha1;
use sha2::{Digest, Sha512};

/// EdDSA, and the curve Ed25519 (1.3.6.1.4.1.11591.15.1).
const EDDSA: u8 = 22;
const CURVE: [u8; 10] = [9, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];
const SHA512: u8 = 10;
/// Signature types: of a document as it is, and of a name by its own key.
const DOCUMENT: u8 = 0x00;
const NAME: u8 = 0x13;
/// Packets.
const SIGNATURE: u8 = 2;
const PUBLIC_KEY: u8 = 6;
const USER_ID: u8 = 13;
/// Longest name, in bytes.
pub const LONGEST_NAME: usize = 128;

/// What OpenPGP knows of a key. The same values make the same key; another time or name makes another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Ed25519 (RFC 8032).
    pub key: [u8; 32],
    /// Seconds since 1970.
    pub created: u32,
    /// As in `Bulkhead releases <releases@example.org>`; at most [`LONGEST_NAME`] bytes.
    pub name: String,
}

impl Certificate {
    fn body(&self) -> Vec<u8> {
        let point = [&[0x40], self.key.as_slice()].concat();
        [&[4], self.created.to_be_bytes().as_slice(), &[EDDSA], &CURVE, &integer(&point)].concat()
    }

    /// The body with the head under which it is hashed.
    fn hashed_body(&self) -> Vec<u8> {
        let body = self.body();
        [&[0x99], length16(&body).as_slice(), &body].concat()
    }

    fn fingerprint(&self) -> [u8; 20] {
        Sha1::digest(self.hashed_body()).into()
    }

    /// The part of a signature that it covers itself.
    fn head(&self, kind: u8, at: u32) -> Vec<u8> {
        let mut inner = [&[5, 2], at.to_be_bytes().as_slice(), &[22, 33, 4], &self.fingerprint()].concat();
        if kind == NAME {
            // The key certifies itself and signs.
            inner.extend([2, 27, 0x03]);
        }
        [&[4, kind, EDDSA, SHA512], length16(&inner).as_slice(), &inner].concat()
    }

    fn hash(&self, kind: u8, at: u32, data: &[&[u8]]) -> [u8; 64] {
        let head = self.head(kind, at);
        let hash = data.iter().fold(Sha512::new(), |hash, part| hash.chain_update(part));
        hash.chain_update(&head).chain_update([4, 0xff]).chain_update(length32(&head)).finalize().into()
    }

    /// What holders sign once, so that the key bears its name.
    pub fn digest_of_name(&self) -> [u8; 64] {
        let length = length32(self.name.as_bytes());
        self.hash(NAME, self.created, &[&self.hashed_body(), &[0xb4], &length, self.name.as_bytes()])
    }

    /// What holders sign for a document.
    pub fn digest(&self, document: &[u8], at: u32) -> [u8; 64] {
        self.hash(DOCUMENT, at, &[document])
    }

    fn packet(&self, (kind, at): (u8, u32), digest: &[u8; 64], signature: &[u8; 64]) -> Vec<u8> {
        let (r, s) = signature.split_at(32);
        let (left, _) = digest.split_at(2);
        let issuer = self.fingerprint();
        let issuer = issuer.get(12..).unwrap_or_default();
        let head = self.head(kind, at);
        let body = [head.as_slice(), &[0, 10, 9, 16], issuer, left, &integer(r), &integer(s)].concat();
        packet(SIGNATURE, &body)
    }

    /// The key, for a file that ends with `.asc`.
    pub fn armoured(&self, signature: &[u8; 64]) -> String {
        let signed = self.packet((NAME, self.created), &self.digest_of_name(), signature);
        let all = [packet(PUBLIC_KEY, &self.body()), packet(USER_ID, self.name.as_bytes()), signed].concat();
        armour("PUBLIC KEY BLOCK", &all)
    }

    /// A signature beside its document, `Release.gpg` beside `Release` for example.
    pub fn detached(&self, document: &[u8], at: u32, signature: &[u8; 64]) -> String {
        armour("SIGNATURE", &self.packet((DOCUMENT, at), &self.digest(document, at), signature))
    }
}

/// Lengths in bytes; nothing here is longer than a name or a key.
fn length16(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len()).unwrap_or(u16::MAX).to_be_bytes()
}

fn length32(bytes: &[u8]) -> [u8; 4] {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes()
}

/// A number with its length in bits before it, and without zeros at its beginning.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let rest = bytes.get(zeros..).unwrap_or_default();
    let bits = rest.first().map_or(0, |first| rest.len() * 8 - first.leading_zeros() as usize);
    [&u16::try_from(bits).unwrap_or(u16::MAX).to_be_bytes(), rest].concat()
}

fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    let length = match u8::try_from(body.len()) {
        Ok(length @ ..192) => vec![length],
        _ => {
            let [high, low] = length16(body.get(192..).unwrap_or_default());
            vec![high.saturating_add(192), low]
        }
    };
    [&[0xc0 | tag], length.as_slice(), body].concat()
}

fn armour(what: &str, bytes: &[u8]) -> String {
    let text = STANDARD.encode(bytes);
    let mut lines = String::new();
    for (at, letter) in text.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            lines.push('\n');
        }
        lines.push(letter);
    }
    let [_, sum @ ..] = crc24(bytes).to_be_bytes();
    format!("-----BEGIN PGP {what}-----\n\n{lines}\n={}\n-----END PGP {what}-----\n", STANDARD.encode(sum))
}

/// The checksum that older programs look for (RFC 9580, section 6.1).
fn crc24(bytes: &[u8]) -> u32 {
    let mut crc = 0x00b7_04ce;
    for byte in bytes {
        crc ^= u32::from(*byte) << 16;
        for _ in 0..8 {
            crc = if crc & 0x0080_0000 == 0 { crc << 1 } else { (crc << 1) ^ 0x0186_4cfb };
        }
        crc &= 0x00ff_ffff;
    }
    crc
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checksum_and_numbers_are_those_of_the_standard() {
        assert_eq!(crc24(b"123456789"), 0x0021_cf02, "the check value of CRC-24/OPENPGP");
        assert_eq!(integer(&[0x01, 0xff]), [0, 9, 0x01, 0xff], "RFC 9580, section 3.2");
        assert_eq!(integer(&[0, 0, 1]), [0, 1, 1]);
        assert_eq!(integer(&[0, 0]), [0, 0]);
        assert_eq!(packet(2, &[7; 191])[..2], [0xc2, 191]);
        assert_eq!(packet(2, &[7; 192])[..3], [0xc2, 192, 0]);
        assert_eq!(packet(2, &[7; 1723])[..3], [0xc2, 0xc5, 0xfb], "RFC 9580, section 4.2.1.5");
    }
}
