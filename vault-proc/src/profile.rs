//! From passphrase to store key, and the other ways to it.
//!
//! `profile.key` holds a random store key, wrapped once for each way to open the profile: under a key that Argon2id
//! makes of the passphrase, under the recovery secret that the owner wrote down. So the passphrase can change without
//! writing the store anew, and the cost can be raised with a later version. A lock on `profile.lock` keeps a second
//! program from the profile: two ratchets on one session would betray keys.

mod file;
mod keyring;
mod pin;
mod recovery;
mod slots;

use bulkhead_ipc::seal::Half;
use bulkhead_vault_core::shares::SetId;
use bulkhead_vault_core::{Key, Passphrase};
pub use file::Lock;
pub use keyring::{Keeping, Stand, keyring_stand, open_with_keyring};
pub use pin::{MIN_PIN, MIN_PIN_UNGUARDED, Opening, Setting, open_with_pin, set_pin};
pub use recovery::{LENGTH as RECOVERY_LENGTH, NotACode, RecoverySecret};
pub use slots::Kind;
use slots::{COST, Slot, Slots};
use std::path::Path;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Fewest characters in a new passphrase.
pub const MIN_PASSPHRASE: usize = 8;

/// Why a profile cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Not the passphrase, or not the recovery secret.
    #[error("the passphrase is wrong: try again")]
    Wrong,
    /// There is no slot of that kind.
    #[error("the profile cannot be opened in this way: use the passphrase")]
    NoSlot,
    /// From a newer version.
    #[error("the profile was written by a newer version: install that version or a later one")]
    TooNew,
    /// Not what this program wrote.
    #[error("the profile's key file is damaged: restore it from a backup")]
    Damaged,
    /// The folder cannot be read or written.
    #[error("the profile's folder cannot be used: check its owner, its rights and the disk's free space")]
    Io,
    /// It was moved: its key is gone from here.
    #[error("this profile was moved to another computer or folder: open it there, or choose another with --profile")]
    Moved,
    /// Another program has it open.
    #[error("another copy of the program uses this profile: close it, or choose another with --profile")]
    InUse,
}

/// The store's key, and the lock on the profile, which lasts as long as the key or the store made with it.
///
/// Whoever has it may change the ways to open the profile.
#[derive(Clone)]
pub struct StoreKey {
    pub(crate) key: Key,
    pub(crate) lock: Arc<Lock>,
    pub(crate) mended: bool,
}

/// Whether there is a profile in the folder. One whose creation was interrupted does not count.
pub fn exists(folder: &Path) -> bool {
    file::path(folder).exists() && crate::store::exists(folder)
}

/// The ways to open the profile, as far as a file says that nobody vouches for.
pub fn kinds(folder: &Path) -> Result<Vec<Kind>, ProfileError> {
    Ok(Slots::parse(&file::read(folder)?)?.kinds())
}

/// Makes a profile's key. The store is made with it afterwards.
pub fn create(folder: &Path, passphrase: &Passphrase) -> Result<StoreKey, ProfileError> {
    let lock = Lock::take(folder)?;
    if exists(folder) {
        return Err(ProfileError::Io);
    }
    let mut secret = Zeroizing::new([0; 32]);
    fill(&mut *secret)?;
    let key = StoreKey { key: Key::new(*secret), lock, mended: false };
    key.write(&Slots::new(vec![Slot::passphrase(&key.key, passphrase, COST)?]))?;
    Ok(key)
}

/// Opens a profile's key with the passphrase. One that was stretched with less work than is usual now is wrapped anew.
pub fn unlock(folder: &Path, passphrase: &Passphrase) -> Result<StoreKey, ProfileError> {
    unlock_at(Lock::take(folder)?, passphrase, COST)
}

/// The same for who has the profile open already: asks for the passphrase once more.
pub fn confirm(lock: Arc<Lock>, passphrase: &Passphrase) -> Result<StoreKey, ProfileError> {
    unlock_at(lock, passphrase, COST)
}

fn unlock_at(lock: Arc<Lock>, passphrase: &Passphrase, usual: [u32; 3]) -> Result<StoreKey, ProfileError> {
    let slots = Slots::parse(&file::read(lock.folder())?)?;
    let slot = slots.get(Kind::Passphrase).ok_or(ProfileError::NoSlot)?;
    let mut key = opened(lock, &slots, slot.open_with_passphrase(passphrase))?;
    key.mend(&slots, slot);
    let cost = slot.cost()?;
    let raised = raised(cost, usual);
    if cost != raised {
        // On a disk that cannot be written the profile still opens, and the next time may do better.
        let _ = Slot::passphrase(&key.key, passphrase, raised).and_then(|slot| key.change(|slots| slots.put(slot)));
    }
    Ok(key)
}

/// Opens a profile's key with a recovery secret, the owner's own or the one that others keep together.
pub fn recover(folder: &Path, secret: &RecoverySecret) -> Result<StoreKey, ProfileError> {
    let lock = Lock::take(folder)?;
    let slots = Slots::parse(&file::read(folder)?)?;
    let mut tried = ProfileError::NoSlot;
    for slot in [Kind::Recovery, Kind::Shares, Kind::OtherShares].into_iter().filter_map(|kind| slots.get(kind)) {
        match opened(lock.clone(), &slots, slot.open_with_secret(secret.key())) {
            Ok(mut key) => {
                key.mend(&slots, slot);
                return Ok(key);
            }
            Err(error) => tried = error,
        }
    }
    Err(tried)
}

/// The key file's bytes, for a backup.
pub(crate) fn copy(folder: &Path) -> Result<Vec<u8>, ProfileError> {
    file::read(folder)
}

/// Whether bytes are a key file that this version reads. Whether it is a good one only its key tells.
pub(crate) fn check_copy(bytes: &[u8]) -> Result<(), ProfileError> {
    let slots = Slots::parse(bytes)?;
    if slots.intact { Ok(()) } else { Err(ProfileError::Damaged) }
}

/// Puts the key file of a backup into its folder.
pub(crate) fn put_copy(folder: &Path, bytes: &[u8]) -> Result<(), ProfileError> {
    file::replace(folder, bytes)
}

/// A slot that does not open in a file whose checksum is wrong is damaged, whatever was typed.
fn opened(lock: Arc<Lock>, slots: &Slots, key: Result<Key, ProfileError>) -> Result<StoreKey, ProfileError> {
    match key {
        Ok(key) => Ok(StoreKey { key, lock, mended: false }),
        Err(ProfileError::Wrong) if !slots.intact => Err(ProfileError::Damaged),
        Err(error) => Err(error),
    }
}

/// No number lower than it is; memory and passes as is usual now, or more.
fn raised([memory, passes, lanes]: [u32; 3], [usual_memory, usual_passes, _]: [u32; 3]) -> [u32; 3] {
    [memory.max(usual_memory), passes.max(usual_passes), lanes]
}

impl StoreKey {
    /// The key.
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// Puts a mark in the place of the key file: the profile goes on elsewhere, and nothing opens it here any more.
    pub(crate) fn retire(&self) -> Result<(), ProfileError> {
        file::replace(self.lock.folder(), &slots::MOVED)
    }

    /// The lock on the profile.
    pub const fn lock(&self) -> &Arc<Lock> {
        &self.lock
    }

    /// Whether the key file had been changed or damaged from outside: the slots that were not used to open it are
    /// gone.
    pub const fn is_mended(&self) -> bool {
        self.mended
    }

    /// Makes this the passphrase; the one before opens nothing any more.
    pub fn set_passphrase(&self, passphrase: &Passphrase) -> Result<(), ProfileError> {
        let slot = Slot::passphrase(&self.key, passphrase, COST)?;
        self.change(|slots| slots.put(slot))
    }

    /// Makes this the recovery secret of a kind; the one before opens nothing any more.
    pub fn set_secret(&self, kind: Kind, secret: &RecoverySecret) -> Result<(), ProfileError> {
        let slot = Slot::secret(&self.key, kind, secret.key())?;
        self.change(|slots| slots.put(slot))
    }

    /// Lets a secret open the profile of which others are to keep parts, beside the one of which they do already, and
    /// names the set of parts.
    pub fn add_shares(&self, secret: &RecoverySecret) -> Result<SetId, ProfileError> {
        let mut set = SetId::default();
        fill(&mut set)?;
        let taken = Slots::parse(&file::read(self.lock.folder())?)?.kinds();
        let free = [Kind::Shares, Kind::OtherShares].into_iter().find(|kind| !taken.contains(kind));
        let slot = Slot::shares(&self.key, free.ok_or(ProfileError::NoSlot)?, set, secret.key())?;
        self.change(|slots| slots.put(slot))?;
        Ok(set)
    }

    /// Lets no sets of parts open the profile but these, and returns those that do.
    pub fn keep_shares(&self, sets: &[SetId]) -> Result<Vec<SetId>, ProfileError> {
        let mut kept = Slots::parse(&file::read(self.lock.folder())?)?;
        let before = kept.kinds();
        kept.keep_sets(sets);
        if kept.kinds() != before {
            self.change(|slots| slots.keep_sets(sets))?;
        }
        Ok(kept.sets())
    }

    /// Makes a recovery secret, in place of the one before, and returns it.
    pub fn set_recovery(&self) -> Result<RecoverySecret, ProfileError> {
        let secret = RecoverySecret::random()?;
        self.set_secret(Kind::Recovery, &secret)?;
        Ok(secret)
    }

    /// Takes a way to open the profile away. The passphrase stays.
    pub fn remove(&self, kind: Kind) -> Result<(), ProfileError> {
        if kind == Kind::Passphrase {
            return Err(ProfileError::NoSlot);
        }
        self.change(|slots| slots.remove(kind))
    }

    fn change(&self, change: impl FnOnce(&mut Slots)) -> Result<(), ProfileError> {
        // The worker changes it, too.
        let _alone = self.lock.alone();
        let mut slots = Slots::parse(&file::read(self.lock.folder())?)?;
        // Slots that nobody vouches for do not become good ones by the way.
        if !slots.is_sealed_by(&self.key) {
            return Err(ProfileError::Damaged);
        }
        change(&mut slots);
        self.write(&slots)
    }

    fn write(&self, slots: &Slots) -> Result<(), ProfileError> {
        file::replace(self.lock.folder(), &slots.encode(&self.key)?)
    }

    /// Writes a file that somebody else changed, or the disk, anew: with the slot that opened it, as nothing speaks
    /// for the others.
    fn mend(&mut self, slots: &Slots, opened: &Slot) {
        if !slots.is_sealed_by(&self.key) {
            self.mended = true;
            // On a disk that cannot be written it is found out again the next time.
            let _ = self.write(&Slots::new(vec![opened.clone()]));
        }
    }
}

/// 32 random bytes.
pub fn half() -> Result<Half, ProfileError> {
    let mut bytes = Zeroizing::new([0; 32]);
    fill(&mut *bytes)?;
    Ok(Half::new(*bytes))
}

/// Random bytes from the kernel.
fn fill(bytes: &mut [u8]) -> Result<(), ProfileError> {
    getrandom::fill(bytes).map_err(|_| ProfileError::Io)
}

#[cfg(test)]
pub(crate) mod tests;
