//! Files that somebody else may have made, read with care; and files that are replaced at once or not at all.

use crate::Error;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::stat::Mode;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// Opens a regular file below `folder`, which is the caller's own. No name on the way may be a link.
pub(crate) fn open_below(folder: &Path, names: &[&str]) -> Result<File, Error> {
    let path = names.iter().fold(folder.to_owned(), |path, name| path.join(name));
    let failed = |errno| match errno {
        Errno::ENOENT => Error::Missing(path.clone()),
        Errno::ELOOP | Errno::ENOTDIR => Error::NoFile(path.clone()),
        other => Error::Io(path.clone(), other.into()),
    };
    let through = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    let mut at = open(folder, through | OFlag::O_DIRECTORY, Mode::empty()).map_err(failed)?;
    let (last, folders) = names.split_last().ok_or_else(|| Error::NoFile(path.clone()))?;
    for name in folders {
        at = openat(&at, *name, through | OFlag::O_DIRECTORY, Mode::empty()).map_err(failed)?;
    }
    // A pipe would hold the reader up.
    let file = File::from(openat(&at, *last, through | OFlag::O_NONBLOCK, Mode::empty()).map_err(failed)?);
    match file.metadata() {
        Ok(found) if found.is_file() => Ok(file),
        Ok(_) => Err(Error::NoFile(path)),
        Err(error) => Err(Error::Io(path, error)),
    }
}

/// Reads a regular file of at most `most` bytes.
pub(crate) fn read_below(folder: &Path, names: &[&str], most: u64) -> Result<Vec<u8>, Error> {
    let path = || names.iter().fold(folder.to_owned(), |path, name| path.join(name));
    let file = open_below(folder, names)?;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| Error::Io(path(), error))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= most) { Ok(bytes) } else { Err(Error::TooLong(path())) }
}

/// `None` for a file that is not there.
pub(crate) fn optional<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(Error::Missing(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces a file: after a crash there is the old one or the new one. Its folder is there.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let at = |error| Error::Io(path.to_owned(), error);
    let new = beside(path);
    remove(&new)?;
    let mut file = OpenOptions::new().write(true).create_new(true).open(&new).map_err(at)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(at)?;
    drop(file);
    fs::rename(&new, path).map_err(at)
}

/// Removes a file that may be there.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::Io(path.to_owned(), error)),
        _ => Ok(()),
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    path.with_file_name(name)
}
