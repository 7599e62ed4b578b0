//! Opening a profile with what the desktop's keyring keeps, and giving it something to keep.

use super::{Kind, Lock, ProfileError, Slot, Slots, StoreKey, file, fill, half, opened};
use bulkhead_ipc::bytes::{Bytes, Bytes32};
use bulkhead_ipc::keyring::ToKeyring;
use bulkhead_ipc::seal::Half;
use std::path::Path;

/// How it stands with the keyring, as far as a file says that nobody vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stand {
    /// It is not to open the profile.
    Off,
    /// It is, but not before the profile was opened in another way.
    Resting(Bytes32),
    /// What it keeps under this name opens the profile.
    Armed(Bytes32),
}

impl Stand {
    /// The name under which it keeps something, or did.
    pub const fn name(self) -> Option<Bytes32> {
        match self {
            Self::Off => None,
            Self::Resting(name) | Self::Armed(name) => Some(name),
        }
    }
}

/// A fresh share for the keyring. It opens nothing before [`StoreKey::arm`].
pub struct Keeping {
    name: Bytes32,
    share: Half,
}

/// How it stands with the keyring. A file or a slot that cannot be read says that it does not open the profile.
pub fn keyring_stand(folder: &Path) -> Stand {
    let slots = file::read(folder).and_then(|bytes| Slots::parse(&bytes));
    match slots.as_ref().ok().and_then(|slots| slots.get(Kind::Keyring)).map(Slot::keyring_name) {
        Some(Ok((name, true))) => Stand::Armed(name),
        Some(Ok((name, false))) => Stand::Resting(name),
        _ => Stand::Off,
    }
}

/// Opens a profile's key. A file that somebody else changed is not mended here, as that would take the passphrase away:
/// it does not open by the keyring.
pub fn open_with_keyring(folder: &Path, share: &Half) -> Result<StoreKey, ProfileError> {
    let lock = Lock::take(folder)?;
    let slots = Slots::parse(&file::read(folder)?)?;
    let slot = slots.get(Kind::Keyring).ok_or(ProfileError::NoSlot)?;
    let key = opened(lock, &slots, slot.open_with_kept(share))?;
    if slots.is_sealed_by(&key.key) { Ok(key) } else { Err(ProfileError::Damaged) }
}

impl Keeping {
    /// Under the name that is in use, or a new one.
    pub fn fresh(name: Option<Bytes32>) -> Result<Self, ProfileError> {
        let mut random = [0; 32];
        fill(&mut random)?;
        Ok(Self { name: name.unwrap_or(Bytes(random)), share: half()? })
    }

    /// What to ask the keyring; whether it may ask the user.
    pub fn question(&self, ask: bool) -> ToKeyring {
        ToKeyring::Keep { ask, name: self.name, share: self.share.clone() }
    }
}

impl StoreKey {
    /// The keyring keeps this share: it opens the profile from now on, and the one before does not.
    pub fn arm(&self, kept: &Keeping) -> Result<(), ProfileError> {
        let slot = Slot::keyring(&self.key, kept.name, &kept.share)?;
        self.change(|slots| slots.put(slot))
    }

    /// Nothing that a keyring keeps opens the profile, until it is armed again.
    pub fn rest(&self) -> Result<(), ProfileError> {
        let Some(name) = keyring_stand(self.lock.folder()).name() else { return Ok(()) };
        let slot = Slot::resting_keyring(name)?;
        self.change(|slots| slots.put(slot))
    }
}
