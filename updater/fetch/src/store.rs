//! Where the TUF client keeps what it has verified: one folder, files replaced at once or not at all.

use sigstore_tuf::{Error, MetadataStore, Result};
use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

/// Longest file that is read back.
const LONGEST: u64 = 8 * 1024 * 1024;

/// A folder of verified metadata, by TUF's names without versions.
#[derive(Clone, Debug)]
pub struct Store(PathBuf);

impl Store {
    /// Keeps files in `folder`, which exists.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }
}

impl MetadataStore for Store {
    fn load(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let Some(path) = place(&self.0, name) else { return Ok(None) };
        let at = |error| Error::io("reading stored metadata", error);
        match fs::metadata(&path) {
            Ok(file) if file.len() > LONGEST => Ok(None),
            Ok(_) => fs::read(&path).map(Some).map_err(at),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(error)),
        }
    }

    fn store(&self, name: &str, bytes: &[u8]) -> Result<()> {
        match place(&self.0, name) {
            Some(path) => replace(&path, bytes).map_err(|error| Error::io("storing metadata", error)),
            None => Ok(()),
        }
    }
}

/// Where a file belongs; `None` for what is not kept (targets, and files under versioned names).
fn place(folder: &Path, name: &str) -> Option<PathBuf> {
    let (inner, file) = name.rsplit_once('/').map_or((None, name), |(inner, file)| (Some(inner), file));
    let versioned = file
        .split_once('.')
        .is_some_and(|(first, rest)| first.bytes().all(|b| b.is_ascii_digit()) && rest == "snapshot.json");
    let plain = !file.is_empty() && !file.starts_with('.') && !file.contains(['/', '\0']);
    match inner {
        None if plain && !versioned => Some(folder.join(file)),
        Some("root_history") if plain => Some(folder.join("root_history").join(file)),
        _ => None,
    }
}

/// Replaces a file at once: after a crash there is the old one or the new one.
pub fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let new = folder.join(name);
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&new, path)
}
