//! Derives keys from passphrases on a thread of its own: it takes most of a second, and the window stays alive.
//!
//! The thread exists from the start, as the steady sandbox allows no new one. Who guesses waits longer with each
//! wrong attempt; who mistypes twice waits for Argon2id only.

use crate::lines::{Arrival, Inbox};
use crate::profile::{self, Lock, Opening, ProfileError, RecoverySecret, Setting, StoreKey};
use crate::wiping;
use bulkhead_vault_core::Passphrase;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

/// Wrong attempts in a row that cost nothing but Argon2id.
const FREE: u32 = 3;
/// Longest wait after a wrong attempt.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What to derive.
pub enum Job {
    /// The key of a new profile in this folder.
    Create(PathBuf, Passphrase),
    /// The key of the profile in this folder.
    Unlock(PathBuf, Passphrase),
    /// The same by the recovery secret; the passphrase is the new one.
    Recover(PathBuf, RecoverySecret, Passphrase),
    /// The key of the open profile, once more.
    Confirm(Arc<Lock>, Passphrase),
    /// Another passphrase, the second, for the open profile.
    Change(Arc<Lock>, Passphrase, Passphrase),
    /// What the TPM is to be asked for this PIN, for the profile in this folder.
    Pin(PathBuf, Passphrase),
    /// A PIN, the second, for the open profile with this passphrase.
    SetPin(Arc<Lock>, Passphrase, Passphrase),
    /// No PIN any more, for the open profile with this passphrase.
    RemovePin(Arc<Lock>, Passphrase),
    /// The key of the open profile, to be opened by the keyring from now on.
    Keyring(Arc<Lock>, Passphrase),
}

/// How a profile was opened.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was made.
    Created,
    /// By its passphrase.
    Unlocked,
    /// By its recovery secret.
    Recovered,
    /// By what the desktop's keyring keeps.
    Kept,
}

/// What came of it.
pub enum Derived {
    /// The store's key.
    Opened(How, Result<StoreKey, ProfileError>),
    /// Whether the passphrase was right, and the key if so.
    Confirmed(Result<StoreKey, ProfileError>),
    /// Whether the passphrase was changed.
    Changed(Result<(), ProfileError>),
    /// The TPM can be asked for its share.
    Pin(Result<Box<Opening>, ProfileError>),
    /// The TPM can be asked to seal a share.
    SetPin(Result<Box<Setting>, ProfileError>),
    /// Whether the PIN was taken away.
    PinRemoved(Result<(), ProfileError>),
    /// Whether the passphrase was right, and the key if so.
    Keyring(Result<StoreKey, ProfileError>),
}

impl Derived {
    /// How many attempts in a row were wrong after this one.
    fn wrong_after(&self, wrong: u32) -> u32 {
        let error = match self {
            Self::Opened(_, result) | Self::Confirmed(result) | Self::Keyring(result) => result.as_ref().err(),
            Self::Changed(result) | Self::PinRemoved(result) => result.as_ref().err(),
            Self::SetPin(result) => result.as_ref().err(),
            // Whether a PIN is wrong the TPM says, and counts; nobody shortens the wait for passphrases by typing one.
            Self::Pin(_) => return wrong,
        };
        if error == Some(&ProfileError::Wrong) { wrong.saturating_add(1) } else { 0 }
    }
}

fn derive(job: Job) -> Derived {
    match job {
        Job::Create(folder, passphrase) => Derived::Opened(How::Created, profile::create(&folder, &passphrase)),
        Job::Unlock(folder, passphrase) => Derived::Opened(How::Unlocked, profile::unlock(&folder, &passphrase)),
        Job::Recover(folder, secret, passphrase) => {
            let key = profile::recover(&folder, &secret);
            let key = key.and_then(|key| key.set_passphrase(&passphrase).map(|()| key));
            Derived::Opened(How::Recovered, key)
        }
        Job::Confirm(lock, passphrase) => Derived::Confirmed(profile::confirm(lock, &passphrase)),
        Job::Keyring(lock, passphrase) => Derived::Keyring(profile::confirm(lock, &passphrase)),
        Job::Pin(folder, pin) => Derived::Pin(profile::open_with_pin(&folder, &pin).map(Box::new)),
        Job::SetPin(lock, current, pin) => Derived::SetPin(profile::set_pin(lock, &current, &pin).map(Box::new)),
        Job::RemovePin(lock, current) => {
            Derived::PinRemoved(profile::confirm(lock, &current).and_then(|key| key.remove(profile::Kind::Pin)))
        }
        // The key, and with it the profile's lock, is gone before the answer: whoever hears it may lock and unlock.
        Job::Change(lock, current, new) => {
            Derived::Changed(profile::confirm(lock, &current).and_then(|key| key.set_passphrase(&new)))
        }
    }
}

/// How long the answer to the nth wrong attempt in a row is held back.
fn wait(wrong: u32) -> Duration {
    match wrong.checked_sub(FREE + 1) {
        None => Duration::ZERO,
        Some(over) => Duration::from_secs(1 << over.min(5)).min(LONGEST_WAIT),
    }
}

/// Starts the thread; jobs are sent, answers arrive in the inbox.
pub fn start(inbox: Inbox) -> Sender<Job> {
    let (sender, jobs) = channel::<Job>();
    std::thread::spawn(move || {
        let mut wrong = 0_u32;
        for job in jobs {
            let derived = derive(job);
            wiping::stack();
            wrong = derived.wrong_after(wrong);
            let until = Instant::now() + wait(wrong);
            // Parked, as the steady sandbox knows no sleep; a wake-up without a reason only asks again.
            while let Some(left) = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
                std::thread::park_timeout(left);
            }
            if !inbox.put(Arrival::Derived(derived)) {
                return;
            }
        }
    });
    sender
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_guesses_waits_longer_and_never_for_ever() {
        let seconds: Vec<u64> = (0..12).map(|wrong| wait(wrong).as_secs()).collect();
        assert_eq!(seconds, [0, 0, 0, 0, 1, 2, 4, 8, 16, 30, 30, 30]);
        assert_eq!(wait(u32::MAX), LONGEST_WAIT);
    }

    #[test]
    fn only_what_is_right_forgets_wrong_attempts() {
        let wrong = Derived::Changed(Err(ProfileError::Wrong));
        assert_eq!((wrong.wrong_after(7), wrong.wrong_after(u32::MAX)), (8, u32::MAX));
        assert_eq!(Derived::Changed(Ok(())).wrong_after(7), 0);
        assert_eq!(Derived::Pin(Err(ProfileError::NoSlot)).wrong_after(7), 7, "a PIN says nothing of passphrases");
    }
}
