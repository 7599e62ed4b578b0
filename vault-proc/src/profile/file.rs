//! The file `profile.key`, and the lock beside it.
//!
//! A file is replaced whole or not at all. What it held before must not open the profile any more, so the old
//! bytes are overwritten; what that means on flash memory and on file systems that never write in place is in
//! `vault-proc/README.md`.

use super::ProfileError;
use super::slots::LONGEST;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Whoever has it has the profile.
pub struct Lock {
    _file: File,
    folder: PathBuf,
    changing: Mutex<()>,
}

/// The key file of a profile.
pub fn path(folder: &Path) -> PathBuf {
    folder.join("profile.key")
}

impl Lock {
    /// Takes the profile's lock.
    pub fn take(folder: &Path) -> Result<Arc<Self>, ProfileError> {
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(folder.join("profile.lock"));
        let file = file.map_err(|_| ProfileError::Io)?;
        // The whole file, for as long as it is open; a kernel call fewer than with `flock`, as SQLCipher locks so too.
        let whole = libc::flock {
            l_type: libc::F_WRLCK as libc::c_short,
            l_whence: libc::SEEK_SET as libc::c_short,
            l_start: 0,
            l_len: 0,
            l_pid: 0,
        };
        match fcntl(&file, FcntlArg::F_OFD_SETLK(&whole)) {
            Ok(_) => Ok(Arc::new(Self { _file: file, folder: folder.to_path_buf(), changing: Mutex::new(()) })),
            Err(Errno::EAGAIN | Errno::EACCES) => Err(ProfileError::InUse),
            Err(_) => Err(ProfileError::Io),
        }
    }

    /// Who has this is the only one to read, change and write the key file: two threads do.
    pub(super) fn alone(&self) -> MutexGuard<'_, ()> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The profile's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Reads the key file.
pub fn read(folder: &Path) -> Result<Vec<u8>, ProfileError> {
    let mut bytes = Vec::new();
    let file = File::open(path(folder)).map_err(|error| match error.kind() {
        ErrorKind::NotFound => ProfileError::Damaged,
        _ => ProfileError::Io,
    })?;
    // One byte more than fits shows that it is not ours; no more is ever read.
    file.take(LONGEST as u64 + 1).read_to_end(&mut bytes).map_err(|_| ProfileError::Io)?;
    if bytes.len() > LONGEST { Err(ProfileError::Damaged) } else { Ok(bytes) }
}

/// Whole or not at all, also if the power fails: written beside, made durable, renamed, the name made durable. Then
/// the old bytes, which have no name any more, are overwritten.
pub fn replace(folder: &Path, bytes: &[u8]) -> Result<(), ProfileError> {
    let (path, beside) = (path(folder), folder.join("profile.key.new"));
    let replaced = || -> io::Result<Option<File>> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&beside)?;
        // What an interrupted change left is as secret as what it would have replaced.
        overwrite(&file)?;
        file.set_len(0)?;
        file.write_all_at(bytes, 0)?;
        file.sync_all()?;
        let old = OpenOptions::new().write(true).open(&path).ok();
        std::fs::rename(&beside, &path)?;
        File::open(folder)?.sync_all()?;
        Ok(old)
    };
    if let Some(old) = replaced().map_err(|_| ProfileError::Io)? {
        // The change is made; that the old bytes may stay is no reason to say that it was not.
        let _ = overwrite(&old);
    }
    Ok(())
}

/// Zeros over all that is there, on the disk before this returns. At a place by number: the steady sandbox knows no seek.
fn overwrite(file: &File) -> io::Result<()> {
    let length = usize::try_from(file.metadata()?.len()).unwrap_or(LONGEST).min(LONGEST);
    if length > 0 {
        file.write_all_at(&vec![0; length], 0)?;
        file.sync_all()?;
    }
    Ok(())
}
