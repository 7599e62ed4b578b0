//! The slot that the desktop's keyring opens, with the share that it keeps.
//!
//! ```text
//! parameters:  armed (1) or resting (0) | name (32)
//! ```
//!
//! The share, 256 random bits, wraps the store's key as a recovery secret does: the keyring has the share and no file,
//! the file the wrapped key and no share. A slot that rests wraps nothing: it says that the user wants one, and under
//! which name the keyring keeps it.

use super::{Kind, Slot, expand};
use crate::profile::{ProfileError, fill};
use bulkhead_ipc::bytes::{Bytes, Bytes32};
use bulkhead_ipc::seal::Half;
use bulkhead_vault_core::Key;

const RESTING: u8 = 0;
const ARMED: u8 = 1;

impl Slot {
    /// Wraps the store's key under a share that the keyring keeps under this name.
    pub fn keyring(store: &Key, name: Bytes32, share: &Half) -> Result<Self, ProfileError> {
        let parameters = [[ARMED].as_slice(), &name.0].concat();
        Self::wrap(store, Kind::Keyring, parameters, super::salt()?, |salt| opener(share, salt))
    }

    /// Holds a name and opens nothing: what stands in a wrapped key's place is random.
    pub fn resting_keyring(name: Bytes32) -> Result<Self, ProfileError> {
        let parameters = [[RESTING].as_slice(), &name.0].concat();
        let mut slot = Self { kind: Kind::Keyring, parameters, salt: super::salt()?, nonce: [0; 24], wrapped: [0; 48] };
        fill(&mut slot.nonce)?;
        fill(&mut slot.wrapped)?;
        Ok(slot)
    }

    /// Under which name the keyring keeps the share, and whether the slot is armed.
    pub fn keyring_name(&self) -> Result<(Bytes32, bool), ProfileError> {
        match self.parameters.split_first() {
            Some((&state @ (RESTING | ARMED), name)) => {
                let name = name.try_into().map_err(|_| ProfileError::Damaged)?;
                Ok((Bytes(name), state == ARMED))
            }
            _ => Err(ProfileError::Damaged),
        }
    }

    /// The store's key, if this is the share.
    pub fn open_with_kept(&self, share: &Half) -> Result<Key, ProfileError> {
        self.unwrap(&opener(share, &self.salt)?)
    }
}

fn opener(share: &Half, salt: &[u8]) -> Result<Key, ProfileError> {
    expand(&Key::new(*share.bytes()), Kind::Keyring, salt)
}
