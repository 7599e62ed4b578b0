//! Opening a profile with a PIN and this machine's TPM, in two steps each: what is made of the PIN, which takes most of a
//! second, and what is done with the TPM's answer, which takes none.

use super::slots::Stretched;
use super::{Kind, Lock, ProfileError, Slot, Slots, StoreKey, confirm, file, half, opened};
use bulkhead_ipc::seal::{Half, Object, ToSeal};
use bulkhead_vault_core::Passphrase;
use std::path::Path;
use std::sync::Arc;

/// Fewest characters in a new PIN. The TPM counts wrong ones, so it need not withstand a search.
pub const MIN_PIN: usize = 6;
/// The same where whoever has the machine can reset the count, and try as fast as the TPM is: some ten a second.
pub const MIN_PIN_UNGUARDED: usize = 10;

/// A PIN was typed to open a profile: the TPM is to be asked.
pub struct Opening {
    lock: Arc<Lock>,
    slots: Slots,
    slot: Slot,
    typed: Stretched,
}

/// A PIN was typed to be set: the TPM is to be asked.
pub struct Setting {
    key: StoreKey,
    share: Half,
    typed: Stretched,
}

/// The first step of opening.
pub fn open_with_pin(folder: &Path, pin: &Passphrase) -> Result<Opening, ProfileError> {
    let lock = Lock::take(folder)?;
    let slots = Slots::parse(&file::read(folder)?)?;
    let slot = slots.get(Kind::Pin).ok_or(ProfileError::NoSlot)?.clone();
    let typed = slot.stretch_pin(pin)?;
    Ok(Opening { lock, slots, slot, typed })
}

/// The first step of setting, for who has the profile open and knows its passphrase.
pub fn set_pin(lock: Arc<Lock>, current: &Passphrase, pin: &Passphrase) -> Result<Setting, ProfileError> {
    let key = confirm(lock, current)?;
    Ok(Setting { key, share: half()?, typed: Stretched::fresh(pin)? })
}

impl Opening {
    /// What to ask the TPM.
    pub fn question(&self) -> Result<ToSeal, ProfileError> {
        Ok(ToSeal::Unseal { pin: self.typed.image().clone(), object: self.slot.object()? })
    }

    /// The profile's key. A file that somebody else changed is not mended here, as that would take the passphrase
    /// away: it does not open by a PIN.
    pub fn finish(self, share: &Half) -> Result<StoreKey, ProfileError> {
        let key = opened(self.lock, &self.slots, self.slot.open_with_share(&self.typed, share))?;
        if self.slots.is_sealed_by(&key.key) { Ok(key) } else { Err(ProfileError::Damaged) }
    }
}

impl Setting {
    /// What to ask the TPM.
    pub fn question(&self) -> ToSeal {
        ToSeal::Seal { pin: self.typed.image().clone(), share: self.share.clone() }
    }

    /// Makes this the PIN; the one before opens nothing any more.
    pub fn finish(self, object: &Object) -> Result<(), ProfileError> {
        let slot = Slot::pin(&self.key.key, &self.typed, &self.share, object)?;
        self.key.change(|slots| slots.put(slot))
    }
}
