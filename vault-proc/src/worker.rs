//! Derives keys from passphrases on a thread of its own: it takes most of a second, and the window stays alive.
//!
//! The thread exists from the start, as the steady sandbox allows no new one.

use crate::lines::{Arrival, Inbox};
use crate::profile::{self, ProfileError, StoreKey};
use crate::wiping;
use bulkhead_vault_core::Passphrase;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};

/// What to derive.
pub struct Job {
    /// The profile's folder.
    pub folder: PathBuf,
    /// As typed.
    pub passphrase: Passphrase,
    /// A new profile, or the one that is there.
    pub create: bool,
}

/// What came of it.
pub struct Derived {
    /// The store's key.
    pub key: Result<StoreKey, ProfileError>,
    /// As asked.
    pub create: bool,
}

/// Starts the thread; jobs are sent, answers arrive in the inbox.
pub fn start(inbox: Inbox) -> Sender<Job> {
    let (sender, jobs) = channel::<Job>();
    std::thread::spawn(move || {
        for Job { folder, passphrase, create } in jobs {
            let key =
                if create { profile::create(&folder, &passphrase) } else { profile::unlock(&folder, &passphrase) };
            drop(passphrase);
            wiping::stack();
            if !inbox.put(Arrival::Derived(Derived { key, create })) {
                return;
            }
        }
    });
    sender
}
