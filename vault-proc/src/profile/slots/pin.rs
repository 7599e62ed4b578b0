//! The slot that a PIN opens, with what this machine's TPM gives out for it.
//!
//! Argon2id makes 32 bytes of the PIN, and HKDF two secrets of those: an *image* of the PIN, which the TPM has to see,
//! and a *half* that never leaves the vault. The slot's key is made of that half and of the share that the TPM keeps.
//! So neither who has the file, nor who has the TPM's share, nor who listens on the line to the TPM, has the key.

use super::{COST, Kind, Slot, cost_in, stretch};
use crate::profile::{ProfileError, fill};
use bulkhead_ipc::seal::{Half, Object};
use bulkhead_vault_core::{Key, Passphrase};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

/// Bytes of the cost, before the TPM's object.
const COST_BYTES: usize = 12;

/// What was made of a PIN as it was typed, for one slot.
pub struct Stretched {
    image: Half,
    half: Key,
    salt: [u8; 16],
    cost: [u32; 3],
}

impl Stretched {
    /// For a slot that is to be made.
    pub fn fresh(typed: &Passphrase) -> Result<Self, ProfileError> {
        let mut salt = [0; 16];
        fill(&mut salt)?;
        Self::new(typed, salt, COST)
    }

    fn new(typed: &Passphrase, salt: [u8; 16], cost: [u32; 3]) -> Result<Self, ProfileError> {
        let stretched = stretch(typed, &salt, cost)?;
        let image = Half::new(*part(stretched.bytes(), &salt, b"bulkhead PIN for the TPM")?);
        let half = Key::new(*part(stretched.bytes(), &salt, b"bulkhead PIN for the slot")?);
        Ok(Self { image, half, salt, cost })
    }

    /// What the TPM has to see.
    pub const fn image(&self) -> &Half {
        &self.image
    }

    /// The slot's key.
    fn key(&self, share: &Half) -> Result<Key, ProfileError> {
        let both = Zeroizing::new([self.half.bytes().as_slice(), share.bytes()].concat());
        Ok(Key::new(*part(&both, &self.salt, b"bulkhead profile.key slot\x04")?))
    }
}

impl Slot {
    /// Wraps the store's key under a PIN and a share, of which the TPM made this object.
    pub fn pin(store: &Key, typed: &Stretched, share: &Half, object: &Object) -> Result<Self, ProfileError> {
        let cost: Vec<u8> = typed.cost.iter().flat_map(|n| n.to_be_bytes()).collect();
        Self::wrap(store, Kind::Pin, [cost.as_slice(), object.bytes()].concat(), typed.salt, |_| typed.key(share))
    }

    /// Makes of a PIN as it was typed what this slot needs.
    pub fn stretch_pin(&self, typed: &Passphrase) -> Result<Stretched, ProfileError> {
        let cost = self.parameters.get(..COST_BYTES).ok_or(ProfileError::Damaged)?;
        Stretched::new(typed, self.salt, cost_in(cost)?)
    }

    /// What the TPM made of the share.
    pub fn object(&self) -> Result<Object, ProfileError> {
        let bytes = self.parameters.get(COST_BYTES..).unwrap_or_default();
        Object::new(bytes.to_vec()).ok_or(ProfileError::Damaged)
    }

    /// The store's key, if these are the PIN and the share.
    pub fn open_with_share(&self, typed: &Stretched, share: &Half) -> Result<Key, ProfileError> {
        self.unwrap(&typed.key(share)?)
    }
}

fn part(secret: &[u8], salt: &[u8], name: &[u8]) -> Result<Zeroizing<[u8; 32]>, ProfileError> {
    let mut part = Zeroizing::new([0; 32]);
    Hkdf::<Sha256>::new(Some(salt), secret).expand(name, &mut *part).map_err(|_| ProfileError::Damaged)?;
    Ok(part)
}
