//! The offer to renew a session: what somebody sends whose state is, or may be, an older copy. Format:
//! `ipc/WIRE.md`, "Renewal".
//!
//! It cannot go through libsignal, whose state is what is lost; so it is signed with the identity key that the contact
//! knows since the invite, and sealed like everything else. Who it is from and for stands under the signature.

use crate::content::{Witness, count, key};
use crate::invite::Bundle;
use crate::session::{Own, signed_by};
use crate::{Key, Secret};
use bulkhead_ipc::cbor::well_formed;
use minicbor::{Decoder, Encoder};
use rand::{CryptoRng, Rng};
use sha2::{Digest, Sha256};

/// What is signed begins with it: unlike a prekey, which begins with a type byte.
const LABEL: &[u8] = b"bulkhead/1 renewal";
/// Bytes of a signature.
const SIGNATURE: usize = 64;
/// Longest bundle in bytes: eight relays of the longest address.
const MAX_BUNDLE: usize = 5000;

/// An offer to renew a session.
#[derive(Clone, PartialEq, Eq)]
pub struct Offer {
    /// The envelope's one-time author key.
    pub erase: Key,
    /// Prekeys under the known identity, and where the sender reads.
    pub bundle: Bundle,
    /// The revision of the mailbox in the bundle.
    pub revision: u64,
    /// How far both states are, as the sender knows.
    pub witness: Witness,
    /// SHA-256 of the bundle's bytes: what makes two offers the same.
    pub hash: [u8; 32],
}

/// Writes and signs an offer around a bundle's bytes.
pub fn encode<R: Rng + CryptoRng>(
    own: &Own,
    their_identity: &[u8],
    (erase, bundle, revision, witness): (&Key, &[u8], u64, Witness),
    rng: &mut R,
) -> Option<Secret> {
    let mut out = Vec::with_capacity(bundle.len() + 256);
    let mut e = Encoder::new(&mut out);
    e.map(7).ok()?.u8(0).ok()?.u8(1).ok()?.u8(1).ok()?.bytes(erase.bytes()).ok()?.u8(2).ok()?.bytes(bundle).ok()?;
    e.u8(3).ok()?.u64(witness.said).ok()?.u8(4).ok()?.u64(witness.heard).ok()?.u8(5).ok()?.u64(witness.newest).ok()?;
    e.u8(6).ok()?.u64(revision).ok()?;
    let signature = own.sign(&signed(&own.public()?, their_identity, &out), rng)?;
    out.extend_from_slice(&signature);
    Some(Secret::new(out))
}

/// Reads an offer; `None` unless the contact signed it, for us, and it has exactly this form.
pub fn decode(own: &Own, their_identity: &[u8], body: &[u8]) -> Option<Offer> {
    let (cbor, signature) = body.split_at_checked(body.len().checked_sub(SIGNATURE)?)?;
    if !signed_by(their_identity, &signed(their_identity, &own.public()?, cbor), signature) {
        return None;
    }
    read(cbor).filter(|offer| offer.bundle.identity == their_identity)
}

/// Reads what is signed. Whether the signature holds is another matter.
pub fn read(cbor: &[u8]) -> Option<Offer> {
    well_formed(cbor).ok()?;
    let mut d = Decoder::new(cbor);
    if d.map().ok()?? != 7 {
        return None;
    }
    key(&mut d, 0)?;
    (d.u8().ok()? == 1).then_some(())?;
    key(&mut d, 1)?;
    let erase = Key::from_slice(d.bytes().ok()?)?;
    key(&mut d, 2)?;
    let bundle = d.bytes().ok().filter(|bytes| bytes.len() <= MAX_BUNDLE)?;
    let hash = Sha256::digest(bundle).into();
    let bundle = Bundle::decode(bundle)?;
    key(&mut d, 3)?;
    let said = count(&mut d)?;
    key(&mut d, 4)?;
    let heard = count(&mut d)?;
    key(&mut d, 5)?;
    let witness = Witness { said, heard, newest: count(&mut d)? };
    key(&mut d, 6)?;
    Some(Offer { erase, bundle, revision: count(&mut d)?, witness, hash })
}

fn signed(from: &[u8], to: &[u8], cbor: &[u8]) -> Vec<u8> {
    [LABEL, from, to, cbor].concat()
}

#[cfg(test)]
mod tests;
