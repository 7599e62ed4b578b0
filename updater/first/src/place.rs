//! Where an installation is made: in a folder beside the one that it gets its name from by one rename, once all is there.

use crate::{Error, disk};
use std::ffi::OsString;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// The mode's bit by which everybody may write.
const ANYBODY: u32 = 0o002;
/// The mode's bit by which a folder's names are changed by their owners only.
const STICKY: u32 = 0o1000;

/// What is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing, or an empty folder.
    Nothing,
    /// An installation with this current release.
    Installed(u64),
}

/// Looks, and changes nothing.
pub fn look(to: &Path) -> Result<Found, Error> {
    let unreadable = |error| Error::Io(to.to_owned(), error);
    let found = match fs::symlink_metadata(to) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        found => found.map_err(unreadable)?,
    };
    if found.file_type().is_symlink() {
        return Err(Error::Link(to.to_owned()));
    }
    if !found.is_dir() {
        return Err(Error::Occupied(to.to_owned()));
    }
    if fs::read_dir(to).map_err(unreadable)?.next().is_none() {
        return Ok(Found::Nothing);
    }
    let selected = bulkhead_install::Installation::at(to).selection();
    selected.map(|selection| Found::Installed(selection.now.current)).map_err(|_| Error::Occupied(to.to_owned()))
}

/// A folder to make an installation in. What is in it is removed with this value, unless it was finished.
#[derive(Debug)]
pub struct Place {
    to: PathBuf,
    partial: PathBuf,
    /// Folders above it that were not there.
    made: Vec<PathBuf>,
    /// Whoever has it works in the folder.
    _lock: File,
    finished: bool,
}

impl Place {
    /// Makes the folder beside `to`, which is absolute, or takes over what an attempt before this one left there.
    pub fn begin(to: &Path) -> Result<Self, Error> {
        let parent = to.parent().ok_or_else(|| Error::Occupied(to.to_owned()))?;
        let made = above(parent)?;
        let begun = Self::within(to, parent, &made);
        if begun.is_err() {
            made.iter().for_each(|folder| drop(fs::remove_dir(folder)));
        }
        begun
    }

    fn within(to: &Path, parent: &Path, made: &[PathBuf]) -> Result<Self, Error> {
        guarded(parent)?;
        let mut name: OsString = to.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = parent.join(name);
        let at = |error| Error::Disk(bulkhead_install::Error::Io(partial.clone(), error));
        match DirBuilder::new().mode(0o755).create(&partial) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(at(error)),
            _ => {}
        }
        let flags = nix::libc::O_NOFOLLOW | nix::libc::O_DIRECTORY;
        let lock = OpenOptions::new().read(true).custom_flags(flags).open(&partial);
        let lock = lock.map_err(|_| Error::Occupied(partial.clone()))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(Error::Busy(to.to_owned())),
            Err(fs::TryLockError::Error(error)) => return Err(at(error)),
        }
        let (ours, named) = (lock.metadata().map_err(at)?, fs::symlink_metadata(&partial));
        if !named.is_ok_and(|named| (named.dev(), named.ino()) == (ours.dev(), ours.ino())) {
            // Somebody else has finished meanwhile.
            return Err(Error::Busy(to.to_owned()));
        }
        if ours.uid() != nix::unistd::geteuid().as_raw() {
            return Err(Error::Occupied(partial));
        }
        disk::empty(&partial).map_err(at)?;
        Ok(Self { to: to.to_owned(), partial, made: made.to_vec(), _lock: lock, finished: false })
    }

    /// The folder to work in.
    pub fn folder(&self) -> &Path {
        &self.partial
    }

    /// All is there: it gets its name.
    pub fn finish(mut self) -> Result<(), Error> {
        let at = |error| Error::Disk(bulkhead_install::Error::Io(self.to.clone(), error));
        disk::sync_all(&self.partial).map_err(at)?;
        // Takes the place of an empty folder, and of nothing else.
        fs::rename(&self.partial, &self.to).map_err(|error| match error.kind() {
            ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists | ErrorKind::NotADirectory => {
                Error::Occupied(self.to.clone())
            }
            _ => at(error),
        })?;
        self.finished = true;
        disk::sync(self.to.parent().unwrap_or(Path::new("/"))).map_err(|error| Error::Io(self.to.clone(), error))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.finished {
            let _ = fs::remove_dir_all(&self.partial);
            self.made.iter().for_each(|folder| drop(fs::remove_dir(folder)));
        }
    }
}

/// Makes a folder and those above it; which were not there, the lowest first.
fn above(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut missing = Vec::new();
    for folder in folder.ancestors() {
        match fs::metadata(folder) {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::NotFound => missing.push(folder.to_owned()),
            Err(error) => return Err(Error::Io(folder.to_owned(), error)),
        }
    }
    for (index, folder) in missing.iter().enumerate().rev() {
        let made = DirBuilder::new().mode(0o755).create(folder);
        if let Err(error) = made.and_then(|()| disk::sync(folder.parent().unwrap_or(Path::new("/")))) {
            missing.iter().skip(index).for_each(|made| drop(fs::remove_dir(made)));
            return Err(Error::Disk(bulkhead_install::Error::Io(folder.clone(), error)));
        }
    }
    Ok(missing)
}

/// Whether no other user can put something else in the place of a folder that lies in this one.
fn guarded(folder: &Path) -> Result<(), Error> {
    let real = folder.canonicalize().map_err(|error| Error::Io(folder.to_owned(), error))?;
    for above in real.ancestors() {
        let mode = fs::metadata(above).map_err(|error| Error::Io(above.to_owned(), error))?.mode();
        if mode & ANYBODY != 0 && mode & STICKY == 0 {
            return Err(Error::Open(above.to_owned()));
        }
    }
    Ok(())
}
