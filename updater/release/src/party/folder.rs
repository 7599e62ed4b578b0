//! The folder that a party's mirrors copy. Files in it are added, in an order in which no mirror ever shows a half-published
//! release: what nothing names yet comes first, the timestamp last.

use super::PartyError;
use crate::files::replace;
use bulkhead_repository::{Lifetimes, Repository};
use bulkhead_trust::Digest;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

/// Longest metadata file, in bytes: a segment of links is the longest.
const LONGEST: u64 = 64 << 20;
/// Everybody may read what mirrors copy.
const PUBLIC: u32 = 0o644;
/// Held while the folder is changed.
const LOCK: &str = ".lock";

/// A party's folder, locked.
pub struct Folder {
    path: PathBuf,
    repository: Repository,
    _lock: File,
}

impl Folder {
    /// Opens a folder, or begins one where there is nothing.
    pub fn open(path: &Path) -> Result<Self, PartyError> {
        let at = |path: &Path| {
            let name = path.display().to_string();
            move |error| PartyError::Io(name, error)
        };
        for inner in ["metadata/links", "targets/releases"] {
            fs::create_dir_all(path.join(inner)).map_err(at(path))?;
        }
        let lock = path.join(LOCK);
        let lock = File::create(&lock).map_err(at(&lock))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Err(PartyError::Busy),
            Err(fs::TryLockError::Error(error)) => return Err(at(path)(error)),
        }
        let mut files = BTreeMap::new();
        for inner in ["metadata", "metadata/links"] {
            let folder = path.join(inner);
            for entry in fs::read_dir(&folder).map_err(at(&folder))? {
                let entry = entry.map_err(at(&folder))?;
                let file = entry.path();
                if entry.file_type().map_err(at(&file))?.is_file() {
                    let mut bytes = Vec::new();
                    let opened = File::open(&file).and_then(|file| file.take(LONGEST).read_to_end(&mut bytes));
                    opened.map_err(at(&file))?;
                    files.insert(format!("{inner}/{}", entry.file_name().to_string_lossy()), bytes);
                }
            }
        }
        let repository = Repository::load(Lifetimes::default(), files)?;
        Ok(Self { path: path.to_owned(), repository, _lock: lock })
    }

    /// What is published.
    pub const fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The newest root, empty if there is none.
    pub fn root(&self) -> &[u8] {
        self.repository.file(&format!("metadata/{}.root.json", self.repository.versions().0))
    }

    /// The newest targets file, empty if there is none.
    pub fn targets(&self) -> &[u8] {
        self.repository.file(&format!("metadata/{}.targets.json", self.repository.versions().1))
    }

    /// Writes what `changed` has and the folder has not.
    pub fn add(&mut self, changed: Repository) -> Result<(), PartyError> {
        let new = changed.files().iter().filter(|(path, bytes)| self.repository.file(path) != bytes.as_slice());
        let mut new: Vec<_> = new.collect();
        new.sort_by_key(|(path, _)| (path.as_str() == "metadata/timestamp.json", path.ends_with(".snapshot.json")));
        for (path, bytes) in new {
            let path = self.path.join(path);
            replace(&path, PUBLIC, |file| file.write_all(bytes)).map_err(|error| io_at(&path, error))?;
        }
        self.repository = changed;
        Ok(())
    }

    /// Copies a package to where clients look for it. Says whether the copy is the one wanted; if not, it is not there.
    pub fn add_package(&self, number: u64, wanted: (Digest, u64), package: &Path) -> Result<bool, PartyError> {
        let path = self.path.join(format!("targets/releases/{number}/{}.package", wanted.0));
        let mut right = false;
        let copied = replace(&path, PUBLIC, |copy| {
            io::copy(&mut File::open(package)?, copy)?;
            copy.rewind()?;
            right = hashed(copy)? == wanted;
            if right { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
        });
        match copied {
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Ok(false),
            copied => copied.map(|()| right).map_err(|error| io_at(&path, error)),
        }
    }
}

/// A file's digest and length; it is never in memory as a whole.
pub fn hashed(file: &mut File) -> io::Result<(Digest, u64)> {
    let mut hash = Sha256::new();
    let length = io::copy(file, &mut hash)?;
    Ok((Digest(hash.finalize().into()), length))
}

fn io_at(path: &Path, error: io::Error) -> PartyError {
    PartyError::Io(path.display().to_string(), error)
}
