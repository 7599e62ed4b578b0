//! Destroying a whole profile.
//!
//! First its key: without it the store is noise, whatever copies of it a disk, a journal or a backup still holds. Then
//! the rest. A power failure in between leaves files that nobody can open, and no profile.

use crate::backup;
use crate::profile::{Lock, ProfileError};
use crate::store::{salvage, wash};
use std::fs::{File, OpenOptions, remove_file};
use std::io::{ErrorKind, Write};
use std::path::Path;

/// What is destroyed first, in this order: everything that holds a key, wrapped; backups, too, which begin with theirs.
const KEYS: [&str; 2] = ["profile.key", "profile.key.new"];
/// All else that the program keeps in the folder. The lock comes last: until then the profile is in use.
const REST: [&str; 12] = [
    "store.db-wal",
    "store.db-journal",
    "store.db-shm",
    "store.db",
    "store.db.draft",
    "store.db.salvaged",
    "store.db.new-wal",
    "store.db.new-journal",
    "store.db.new",
    "appearance",
    "lock-after",
    "profile.lock",
];
/// As many damaged stores as are looked for.
const DAMAGED: u32 = 64;

/// Destroys the profile that this is the lock of; its store must be closed. Goes on after an error, and then says so.
pub fn destroy(lock: &Lock) -> Result<(), ProfileError> {
    let folder = lock.folder();
    let mut done = true;
    for name in KEYS {
        done &= shred(&folder.join(name)).is_ok();
    }
    for path in backup::names(folder).chain([backup::waiting(folder), folder.join("restore.part")]) {
        done &= shred(&path).is_ok() && shred(&path.with_extension("part")).is_ok();
    }
    done &= File::open(folder).and_then(|folder| folder.sync_all()).is_ok();
    for number in 1..=DAMAGED {
        for end in ["-wal", ""] {
            done &= discard(&salvage::kept(folder, number, end)).is_ok();
        }
    }
    for name in REST {
        done &= discard(&folder.join(name)).is_ok();
    }
    done &= File::open(folder).and_then(|folder| folder.sync_all()).is_ok();
    if done { Ok(()) } else { Err(ProfileError::Io) }
}

/// Overwrites a small file with random bytes and zeros, each made durable, and removes it.
fn shred(path: &Path) -> std::io::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let noise = || -> std::io::Result<()> {
        let mut file = OpenOptions::new().write(true).open(path)?;
        let length = usize::try_from(file.metadata()?.len()).unwrap_or_default().min(1 << 16);
        let mut bytes = vec![0; length];
        getrandom::fill(&mut bytes).map_err(|_| ErrorKind::Other)?;
        file.write_all(&bytes)?;
        file.sync_all()
    };
    // Whatever fails, the name goes.
    let overwritten = noise().and_then(|()| wash::overwrite(path));
    remove_file(path).and(overwritten)
}

/// Overwrites a file with zeros and removes it. That the zeros do not fit in is no reason to keep it.
fn discard(path: &Path) -> std::io::Result<()> {
    if !path.exists() {
        return Ok(());
    }
    let _ = wash::overwrite(path);
    remove_file(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{self, tests::Folder};
    use crate::store::SqlStore;
    use bulkhead_vault_core::Passphrase;

    #[test]
    fn of_a_profile_nothing_is_left_and_another_can_be_made() {
        let folder = Folder::new("destroyed");
        let passphrase = || Passphrase::new("correct horse".into());
        let key = profile::create(&folder.0, &passphrase()).unwrap();
        drop(SqlStore::create(&folder.0, &key).unwrap());
        drop(key);
        std::fs::write(folder.0.join("appearance"), "dark\n").unwrap();
        std::fs::write(folder.0.join("profile.key.new"), "half a key").unwrap();
        for name in ["lock-after", "store.db.damaged", "store.db.damaged-wal", "store.db.damaged.3", "store.db.draft"] {
            std::fs::write(folder.0.join(name), "something").unwrap();
        }
        std::fs::write(folder.0.join("notes.txt"), "the user's own").unwrap();
        let linked = folder.0.join("kept");
        std::fs::hard_link(folder.0.join("profile.key"), &linked).unwrap();
        destroy(&Lock::take(&folder.0).unwrap()).unwrap();
        assert!(std::fs::read(&linked).unwrap().iter().all(|byte| *byte == 0), "the key was overwritten where it was");
        let mut left: Vec<_> = std::fs::read_dir(&folder.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["kept", "notes.txt"]);
        assert!(!profile::exists(&folder.0));
        profile::create(&folder.0, &passphrase()).unwrap();
    }
}
