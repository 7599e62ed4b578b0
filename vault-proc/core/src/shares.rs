//! A recovery secret in parts that others keep: any `needed` of them make it, fewer say nothing about it.
//!
//! Shamir's scheme over GF(256), byte by byte, of the secret and its checksum: so parts that do not fit together are
//! noticed, and the checksum of a secret that is not there yet gives nothing away either. Who keeps, asks for and
//! gives parts, and what each side is told of it, is in [`keeping`] and [`asking`].

mod asking;
mod gathering;
mod keeping;
mod lines;

pub use gathering::Gathered;
pub use keeping::GivenPart;

use crate::{Key, Secret};
use blahaj::{Share, Sharks};
use rand::{CryptoRng, Rng, RngCore};
use sha2::{Digest, Sha256};
use std::convert::Infallible;
use zeroize::Zeroizing;

/// Fewest parts that are needed, and fewest that there are: nobody is to be able to do it alone.
pub const LEAST: u8 = 2;
/// Most parts.
pub const MOST: u8 = 10;
/// Bytes of the checksum.
pub const CHECK: usize = 3;
/// Bytes of what is shared, and so of each piece: the secret and its checksum.
pub const PIECE: usize = 32 + CHECK;

/// Names a set of parts that belong together; random.
pub type SetId = [u8; 16];

/// One part of a secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Part {
    /// Of which set.
    pub set: SetId,
    /// Which one of it, from 1.
    pub index: u8,
    /// How many are needed.
    pub needed: u8,
    /// How many there are.
    pub of: u8,
    /// [`PIECE`] bytes.
    pub piece: Secret,
}

impl Part {
    /// Whether its numbers agree with each other.
    pub fn is_sound(&self) -> bool {
        (LEAST..=MOST).contains(&self.of)
            && (LEAST..=self.of).contains(&self.needed)
            && (1..=self.of).contains(&self.index)
            && self.piece.bytes().len() == PIECE
    }

    fn share(&self) -> Option<Share> {
        let mut bytes = Zeroizing::new([0; PIECE + 1]);
        let (first, rest) = bytes.split_first_mut()?;
        *first = self.index;
        rest.copy_from_slice(self.piece.bytes().get(..PIECE)?);
        Share::try_from(bytes.as_slice()).ok()
    }
}

/// The checksum of a secret, as a recovery code has it.
pub fn check(secret: &[u8]) -> [u8; CHECK] {
    let sum: [u8; 32] = Sha256::new().chain_update(b"bulkhead recovery code").chain_update(secret).finalize().into();
    sum.first_chunk().copied().unwrap_or_default()
}

/// Makes parts of a secret; none if the numbers do not agree.
pub fn deal<R: Rng + CryptoRng>(secret: &Key, set: SetId, needed: u8, of: u8, rng: &mut R) -> Vec<Part> {
    let mut whole = Zeroizing::new([0; PIECE]);
    let sum = check(secret.bytes());
    whole.iter_mut().zip(secret.bytes().iter().chain(&sum)).for_each(|(to, from)| *to = *from);
    let shares = Sharks(needed).dealer_rng(&*whole, &mut Newer(rng));
    let parts = (1..=of).zip(shares).map(|(index, share)| {
        let mut bytes = Vec::<u8>::from(&share);
        // The first byte is the place, which counts from 1 as ours does.
        let _ = Zeroizing::new(bytes.drain(..1).collect::<Vec<u8>>());
        Part { set, index, needed, of, piece: Secret::new(bytes) }
    });
    let parts: Vec<Part> = parts.collect();
    if parts.iter().all(Part::is_sound) { parts } else { Vec::new() }
}

/// Puts parts together: just as many as are needed, of one set, each in another place. `None` if that is not so, or if
/// they do not make a secret with its checksum: then one of them is wrong at least.
pub fn join(parts: &[&Part]) -> Option<Key> {
    let first = parts.first()?;
    let alike = |part: &&Part| (part.set, part.needed, part.of) == (first.set, first.needed, first.of);
    let places: std::collections::BTreeSet<u8> = parts.iter().map(|part| part.index).collect();
    let sound = parts.iter().all(|part| part.is_sound() && alike(part));
    if !sound || places.len() != parts.len() || parts.len() != usize::from(first.needed) {
        return None;
    }
    let shares: Vec<Share> = parts.iter().map(|part| part.share()).collect::<Option<_>>()?;
    let whole = Zeroizing::new(Sharks(first.needed).recover(&shares).ok()?);
    let (secret, told) = whole.split_at_checked(32)?;
    if told != check(secret) {
        return None;
    }
    Key::from_slice(secret)
}

/// The same source of randomness for a crate that knows newer traits.
struct Newer<'a, R>(&'a mut R);

impl<R: RngCore> rand_newer::TryRng for Newer<'_, R> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next_u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.next_u64())
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill_bytes(bytes);
        Ok(())
    }
}

impl<R: RngCore + CryptoRng> rand_newer::TryCryptoRng for Newer<'_, R> {}

#[cfg(test)]
mod tests;
