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
    // Roles' names come percent-encoded, so that one called `../x` is a file `..%2Fx.json` like any other.
    let plain = file.len() < 200 && file.ends_with(".json") && !file.contains(['/', '\0']);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_stay_in_their_folder() {
        let folder = Path::new("/f");
        let kept = |name| place(folder, name).map(|path| path.display().to_string());
        assert_eq!(kept("root.json").as_deref(), Some("/f/root.json"));
        assert_eq!(kept("..%2Fx.json").as_deref(), Some("/f/..%2Fx.json"));
        assert_eq!(kept("root_history/2.root.json").as_deref(), Some("/f/root_history/2.root.json"));
        for name in
            ["../x.json", "/x.json", "a/b.json", "targets/x.json", "7.snapshot.json", "..", "", "x", "root_history/.."]
        {
            assert_eq!(kept(name), None, "{name}");
        }
        assert_eq!(place(folder, &format!("{}.json", "x".repeat(200))), None);
    }

    #[test]
    fn file_is_replaced_at_once() {
        let folder = std::env::temp_dir().join(format!("bulkhead-store-{}", std::process::id()));
        let store = Store::new(&folder);
        store.store("root.json", b"one").unwrap();
        store.store("root.json", b"two").unwrap();
        store.store("targets/x.json", b"three").unwrap();
        assert_eq!(store.load("root.json").unwrap().as_deref(), Some(b"two".as_slice()));
        assert_eq!(store.load("other.json").unwrap(), None);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
        fs::remove_dir_all(&folder).unwrap();
    }
}
