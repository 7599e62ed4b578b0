//! Bytes that must not leave, and must not stay.
//!
//! No `Debug`, no `Display`, no serialisation; wiped on drop. A store gets at the bytes by an explicit call.

use crate::arena::Place;
use rand::{CryptoRng, Rng};
use zeroize::Zeroize;

/// Secret bytes of any length: session records, prekeys of a key encapsulation, what waits to be sent. In ordinary
/// memory: all but the prekeys live for one turn.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes the bytes.
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes, for a store or a cipher.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A secret key of 32 bytes, in memory that [`crate::reserve`] set aside.
pub struct Key(Place);

impl Key {
    /// Takes the bytes. The caller wipes its own copy, or leaves none.
    pub fn new(mut bytes: [u8; 32]) -> Self {
        let key = Self::copy(&bytes);
        bytes.zeroize();
        key
    }

    /// Takes the bytes if there are 32.
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::copy)
    }

    /// A fresh one.
    pub fn random<R: Rng + CryptoRng>(rng: &mut R) -> Self {
        let mut place = Place::new();
        rng.fill_bytes(place.bytes_mut());
        Self(place)
    }

    /// The bytes, for a store or a cipher.
    pub const fn bytes(&self) -> &[u8; 32] {
        self.0.bytes()
    }

    fn copy(bytes: &[u8; 32]) -> Self {
        let mut place = Place::new();
        *place.bytes_mut() = *bytes;
        Self(place)
    }
}

impl Clone for Key {
    fn clone(&self) -> Self {
        Self::copy(self.bytes())
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.bytes() == other.bytes()
    }
}

impl Eq for Key {}
