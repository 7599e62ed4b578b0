//! What is done with a whole profile between its key and its store: it is made of a backup, backed up, or moved.
//!
//! Right then nothing else has it open, and the user has just typed the passphrase.

use super::{Phase, Session};
use crate::backup::{self, BackupError, Kind};
use crate::profile::{self, ProfileError, StoreKey};
use bulkhead_ipc::intent::Notice;

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Errand {
    /// Make the profile of the backup in its folder.
    Restore,
    /// Make a backup.
    Backup(Kind),
}

/// The sentence for what went wrong.
fn notice(error: BackupError) -> Notice {
    match error {
        BackupError::Wrong => Notice::WrongPassphrase,
        BackupError::TooNew => Notice::StoreTooNew,
        BackupError::Damaged | BackupError::Missing => Notice::BackupDamaged,
        BackupError::Store => Notice::StoreDamaged,
        BackupError::Io => Notice::StoreNotWritable,
        BackupError::Exists => Notice::BackupInTheWay,
        BackupError::InUse => Notice::ProfileInUse,
    }
}

impl Session {
    /// Looks whether a backup waits to be restored, and takes what the start line asks for.
    pub fn look_for_errands(&mut self, wanted: Option<Kind>) {
        self.errand = wanted.map(Errand::Backup);
        if profile::kinds(&self.folder) == Err(ProfileError::Moved) {
            return self.broken(Notice::Moved);
        }
        if !backup::is_waiting(&self.folder) {
            if backup::waiting(&self.folder).exists() {
                self.done = Some(Notice::BackupInTheWay);
            }
            return;
        }
        self.errand = Some(Errand::Restore);
        // Whatever opened the profile on that day opens it now.
        match backup::prepare(&self.folder) {
            Ok(()) => {
                self.set_phase(Phase::Locked);
                self.notice(Some(Notice::RestoreWaits));
            }
            Err(error) => self.broken(notice(error)),
        }
    }

    /// Closes the profile, to back it up when it is opened again: who sits at an open window takes nothing along.
    pub(super) fn back_up(&mut self) {
        if self.is_open() && !self.suspect {
            self.lock();
            self.errand = Some(Errand::Backup(Kind::Copy));
            self.notice(Some(Notice::BackupWaits));
        }
    }

    /// Does what is to be done with the profile before it is opened. An error is a sentence with which nothing goes
    /// on; one about a mere backup is shown when the profile is open.
    pub fn run_errand(&mut self, key: &StoreKey) -> Result<(), Notice> {
        let Some(errand) = self.errand.take() else { return Ok(()) };
        match errand {
            Errand::Restore => {
                backup::restore(key).map_err(|error| {
                    self.errand = Some(errand);
                    notice(error)
                })?;
                self.done = Some(Notice::Restored);
            }
            Errand::Backup(kind) => {
                let kept = self.kept();
                match (backup::export(key, kind), kind) {
                    (Ok(_), Kind::Copy) => self.done = Some(Notice::BackedUp),
                    (Ok(_), Kind::Move) => {
                        self.forget(kept);
                        return Err(Notice::MoveDone);
                    }
                    (Err(error), _) => self.done = Some(notice(error)),
                }
            }
        }
        Ok(())
    }
}
