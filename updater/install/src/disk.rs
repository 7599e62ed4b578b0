//! Files and folders that are there at once or not at all, also after a power cut.
//!
//! A file's content is on the disk after `fsync` of the file, its name after `fsync` of its folder; a rename over an old
//! file is atomic (rename(2)). So: write beside, sync, rename, sync the folder.

use crate::Error;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What a file is called until it is complete.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    path.with_file_name(name)
}

/// Reads a file of at most `most` bytes.
pub(crate) fn read(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let at = |error| Error::Io(path.to_owned(), error);
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(most.saturating_add(1)).read_to_end(&mut bytes)).map_err(at)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= most) {
        Ok(bytes)
    } else {
        Err(Error::Damaged(path.to_owned()))
    }
}

/// Replaces a file, or makes it, and its folder if need be.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let folder = path.parent().unwrap_or(Path::new("/"));
    make(folder)?;
    let (new, at) = (beside(path), |error| Error::Io(path.to_owned(), error));
    remove(&new)?;
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&new).map_err(at)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(at)?;
    drop(file);
    rename(&new, path)
}

/// Renames what is complete and on the disk.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(|error| Error::Io(to.to_owned(), error))?;
    sync(to.parent().unwrap_or(Path::new("/")))
}

/// Points a link to `target`, which is not looked at.
pub(crate) fn link(target: &Path, path: &Path) -> Result<(), Error> {
    if fs::read_link(path).is_ok_and(|old| old == target) {
        return Ok(());
    }
    let new = beside(path);
    remove(&new)?;
    std::os::unix::fs::symlink(target, &new).map_err(|error| Error::Io(path.to_owned(), error))?;
    rename(&new, path)
}

/// Makes a folder and those above it.
pub(crate) fn make(folder: &Path) -> Result<(), Error> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make(parent)?;
    }
    fs::create_dir(folder).map_err(|error| Error::Io(folder.to_owned(), error))?;
    sync(folder.parent().unwrap_or(Path::new("/")))
}

/// Removes a file or a folder with all that is in it, if it is there. Links are removed, not followed.
pub(crate) fn remove(path: &Path) -> Result<(), Error> {
    let removed = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::Io(path.to_owned(), error)),
        _ => Ok(()),
    }
}

fn sync(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| Error::Io(folder.to_owned(), error))
}
