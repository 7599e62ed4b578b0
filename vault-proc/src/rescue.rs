//! Saves what can be read of a damaged store, on a thread of its own: a large one takes minutes, and the window stays
//! alive.
//!
//! The thread exists from the start, as the steady sandbox allows no new one.

use crate::clock;
use crate::lines::{Arrival, Inbox};
use crate::profile::StoreKey;
use crate::store::salvage::{Salvaged, salvage};
use crate::wiping;
use bulkhead_vault_core::Error;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};

/// What to save.
pub struct Damage {
    /// The profile's folder.
    pub folder: PathBuf,
    /// The store's key.
    pub key: StoreKey,
}

/// What came of it.
pub struct Rescued {
    /// As given.
    pub key: StoreKey,
    /// Numbers only.
    pub result: Result<Salvaged, Error>,
}

/// Starts the thread; damage is sent, answers arrive in the inbox.
pub fn start(inbox: Inbox) -> Sender<Damage> {
    let (sender, all) = channel::<Damage>();
    std::thread::spawn(move || {
        for Damage { folder, key } in all {
            let result = salvage(&folder, &key, clock::now());
            wiping::stack();
            if !inbox.put(Arrival::Rescued(Rescued { key, result })) {
                return;
            }
        }
    });
    sender
}
