//! A key pair of a party.

use bulkhead_trust::Key;
use ed25519_dalek::{Signer as _, SigningKey};

/// An Ed25519 key pair. It is wiped when it is dropped.
pub struct Pair(SigningKey);

impl Pair {
    /// The pair that grows from 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Its public half.
    pub fn key(&self) -> Key {
        Key(self.0.verifying_key().to_bytes())
    }

    /// Signs `message` (RFC 8032).
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}
