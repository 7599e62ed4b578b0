//! Salted sessions: whoever listens between processor and TPM hears neither share nor PIN.
//!
//! "TPM 2.0 Library", part 1: the salt travels by elliptic-curve Diffie-Hellman to a key of the TPM's (annex C.6), the
//! session's key is made of it (19.6.8), the first parameter is encrypted with AES-128 in CFB mode (21.3), and an HMAC
//! covers each command and each answer (19.6.5). A PIN is never sent: it goes into the HMAC.

use crate::wire::{Device, Error, Reader, SESSIONS, Writer, command, exchange};
use aes::Aes128;
use aes::cipher::{BlockEncrypt, KeyInit};
use hmac::{Hmac, Mac};
use ring::agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, agree_ephemeral};
use ring::rand::{SecureRandom, SystemRandom};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// TPM_RH_NULL: no key, no object.
const NOTHING: u32 = 0x4000_0007;
/// TPM_RS_PW: a password in place of a session.
const PASSWORD: u32 = 0x4000_0009;
const START: u32 = 0x176;
const SHA256: u16 = 0x000b;
const AES: u16 = 0x0006;
const CFB: u16 = 0x0043;

/// Which first parameter is encrypted; as bits of a session's attributes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hidden {
    /// There is none, or nothing that has to be.
    Nothing = 0,
    /// The command's.
    Asked = 0x20,
    /// The answer's.
    Answered = 0x40,
}

/// A thing in the TPM that a command names, and its name there.
#[derive(Clone, Copy)]
pub(crate) struct Handle<'a> {
    pub number: u32,
    pub name: &'a [u8],
}

/// A session, for one command.
pub(crate) struct Session {
    number: u32,
    key: Zeroizing<[u8; 32]>,
    nonce: Vec<u8>,
}

/// The point of a key on the curve P-256.
#[derive(Clone, Copy)]
pub(crate) struct Point {
    pub x: [u8; 32],
    pub y: [u8; 32],
}

impl Session {
    /// Agrees on a key with the holder of the key behind `handle`, whose point is `to`.
    pub fn start(device: &mut impl Device, handle: u32, to: Point) -> Result<Self, Error> {
        let random = SystemRandom::new();
        let own = EphemeralPrivateKey::generate(&ECDH_P256, &random).map_err(|_| Error::Randomness)?;
        let public = own.compute_public_key().map_err(|_| Error::Randomness)?;
        let (_, own_point) = public.as_ref().split_first().ok_or(Error::Randomness)?;
        let (own_x, own_y) = own_point.split_at_checked(32).ok_or(Error::Randomness)?;
        let theirs = UnparsedPublicKey::new(&ECDH_P256, [[4].as_slice(), &to.x, &to.y].concat());
        let salt = agree_ephemeral(own, &theirs, |z| secret_of(z, own_x, &to.x)).map_err(|_| Error::Malformed)?;
        let ours = nonce(&random)?;
        let point = Writer::new().sized(own_x).sized(own_y).done();
        let body = Writer::new().u32(handle).u32(NOTHING).sized(&ours).sized(&point);
        // An HMAC session.
        let body = body.u8(0).u16(AES).u16(128).u16(CFB).u16(SHA256).done();
        let answer = exchange(device, &command(crate::wire::NO_SESSIONS, START, &body))?;
        let mut answer = Reader::answer(&answer)?;
        let (number, nonce) = (answer.u32()?, answer.sized()?.to_vec());
        let key = derive(&*salt, b"ATH", &nonce, &ours)?;
        Ok(Self { number, key, nonce })
    }

    /// Its number, for forgetting it.
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Runs a command that names these handles, for the first of which this session speaks with `secret`, the handle's
    /// own; returns the answer's parameters.
    pub fn run(
        &self,
        device: &mut impl Device,
        code: u32,
        handles: &[Handle<'_>],
        secret: &[u8],
        mut parameters: Zeroizing<Vec<u8>>,
        hidden: Hidden,
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let ours = nonce(&SystemRandom::new())?;
        let attributes = hidden as u8;
        let value = Zeroizing::new([self.key.as_slice(), secret].concat());
        if hidden == Hidden::Asked {
            let key = derive(&value, b"CFB", &ours, &self.nonce)?;
            encrypt(&key, first(&mut parameters)?);
        }
        let mut asked = Sha256::new().chain_update(code.to_be_bytes());
        handles.iter().for_each(|handle| asked.update(handle.name));
        let asked = asked.chain_update(&*parameters).finalize();
        let proof = mac(&value)?.chain_update(asked).chain_update(ours).chain_update(&self.nonce);
        let proof = proof.chain_update([attributes]).finalize().into_bytes();
        let authority = Writer::new().u32(self.number).sized(&ours).u8(attributes).sized(&proof).done();
        let answer =
            exchange(device, &framed(code, handles.iter().map(|handle| handle.number), &authority, &parameters))?;
        let mut answer = Reader::answer(&answer)?;
        let length = usize::try_from(answer.u32()?).map_err(|_| Error::Malformed)?;
        let mut parameters = Zeroizing::new(answer.bytes(length)?.to_vec());
        let (theirs, attributes, proof) = (answer.sized()?, answer.u8()?, answer.sized()?);
        let said = Sha256::new().chain_update([0; 4]).chain_update(code.to_be_bytes()).chain_update(&*parameters);
        let expected = mac(&value)?.chain_update(said.finalize()).chain_update(theirs).chain_update(ours);
        expected.chain_update([attributes]).verify_slice(proof).map_err(|_| Error::Forged)?;
        if hidden == Hidden::Answered {
            let key = derive(&value, b"CFB", theirs, &ours)?;
            decrypt(&key, first(&mut parameters)?);
        }
        Ok(parameters)
    }
}

/// Runs a command whose first handle has no secret; returns what follows the answer's head.
pub(crate) fn run_bare(
    device: &mut impl Device,
    code: u32,
    handle: u32,
    parameters: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let authority = Writer::new().u32(PASSWORD).sized(&[]).u8(0).sized(&[]).done();
    let answer = exchange(device, &framed(code, [handle], &authority, parameters))?;
    Ok(Zeroizing::new(Reader::answer(&answer)?.0.to_vec()))
}

fn framed(
    code: u32,
    handles: impl IntoIterator<Item = u32>,
    authority: &[u8],
    parameters: &[u8],
) -> Zeroizing<Vec<u8>> {
    let length = u32::try_from(authority.len()).unwrap_or(u32::MAX);
    let named = handles.into_iter().fold(Writer::new(), Writer::u32);
    command(SESSIONS, code, &named.u32(length).bytes(authority).bytes(parameters).done())
}

fn nonce(random: &SystemRandom) -> Result<[u8; 32], Error> {
    let mut nonce = [0; 32];
    random.fill(&mut nonce).map_err(|_| Error::Randomness)?;
    Ok(nonce)
}

/// KDFe (part 1, 11.4.10.3) for 256 bits.
fn secret_of(z: &[u8], ours: &[u8], theirs: &[u8]) -> Zeroizing<[u8; 32]> {
    let hash = Sha256::new().chain_update(1_u32.to_be_bytes()).chain_update(z).chain_update(b"SECRET\0");
    Zeroizing::new(hash.chain_update(ours).chain_update(theirs).finalize().into())
}

/// KDFa (part 1, 11.4.10.2) for 256 bits.
fn derive(key: &[u8], label: &[u8], newer: &[u8], older: &[u8]) -> Result<Zeroizing<[u8; 32]>, Error> {
    let mac = mac(key)?.chain_update(1_u32.to_be_bytes()).chain_update(label).chain_update([0]);
    let mac = mac.chain_update(newer).chain_update(older).chain_update(256_u32.to_be_bytes());
    Ok(Zeroizing::new(mac.finalize().into_bytes().into()))
}

fn mac(key: &[u8]) -> Result<Hmac<Sha256>, Error> {
    <Hmac<Sha256> as Mac>::new_from_slice(key).map_err(|_| Error::Malformed)
}

/// The bytes of the first parameter, without its length.
fn first(parameters: &mut [u8]) -> Result<&mut [u8], Error> {
    let length = usize::from(Reader(parameters).u16()?);
    parameters.get_mut(2..2 + length).ok_or(Error::Malformed)
}

/// Key and initial vector are the two halves of what was derived.
fn cipher(derived: &[u8; 32]) -> (Aes128, [u8; 16]) {
    let (key, vector) = derived.split_at(16);
    let vector = vector.try_into().unwrap_or_default();
    (Aes128::new(key.into()), vector)
}

fn encrypt(derived: &[u8; 32], bytes: &mut [u8]) {
    let (cipher, mut before) = cipher(derived);
    for chunk in bytes.chunks_mut(16) {
        cipher.encrypt_block((&mut before).into());
        chunk.iter_mut().zip(&mut before).for_each(|(byte, mask)| {
            *byte ^= *mask;
            *mask = *byte;
        });
    }
}

fn decrypt(derived: &[u8; 32], bytes: &mut [u8]) {
    let (cipher, mut before) = cipher(derived);
    for chunk in bytes.chunks_mut(16) {
        cipher.encrypt_block((&mut before).into());
        chunk.iter_mut().zip(&mut before).for_each(|(byte, mask)| {
            let hidden = *byte;
            *byte ^= *mask;
            *mask = hidden;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// NIST SP 800-38A, F.3.13.
    #[test]
    fn the_cipher_is_aes_128_in_cfb_mode() {
        let hex = |text: &str| -> Vec<u8> {
            (0..text.len() / 2).map(|at| u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).unwrap()).collect()
        };
        let key = hex("2b7e151628aed2a6abf7158809cf4f3c000102030405060708090a0b0c0d0e0f");
        let plain = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51");
        let mut bytes = plain.clone();
        encrypt(key.as_slice().try_into().unwrap(), &mut bytes);
        assert_eq!(bytes, hex("3b3fd92eb72dad20333449f8e83cfb4ac8a64537a0b3a93fcde3cdad9f1ce58b"));
        decrypt(key.as_slice().try_into().unwrap(), &mut bytes);
        assert_eq!(bytes, plain);
    }
}
