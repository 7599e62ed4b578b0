//! What a release says about itself.

use crate::Failure;
use bulkhead_trust::{Digest, Release, Rules};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What people say of a release.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    number: u64,
    changes: String,
}

impl About {
    /// Bytes of the text for users: it is shown in a window, and signed by each party.
    pub const LONGEST_CHANGES: usize = 2000;
}

/// The description of the release in `folder`, of which `about` says what only people know.
pub fn describe(folder: &Path, about: &Path) -> Result<Release, Failure> {
    let About { number, changes } = read(about)?.0;
    if number == 0 {
        return Err(Failure::Number);
    }
    // No party could list a release that says more than text.
    let odd = changes.chars().any(char::is_control);
    if odd || changes.trim().is_empty() || changes.len() > About::LONGEST_CHANGES {
        return Err(Failure::Changes);
    }
    Ok(Release { number, version: env!("CARGO_PKG_VERSION").to_owned(), changes, rules: rules(&folder.join("rules"))? })
}

/// The rules in a folder, by process.
fn rules(folder: &Path) -> Result<BTreeMap<String, Rules>, Failure> {
    #[derive(Deserialize)]
    struct File {
        version: u64,
    }
    let unreadable = |error| Failure::File(folder.to_owned(), error);
    let mut rules = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let process = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let (File { version }, bytes) = read(&path)?;
        rules.insert(process, Rules { version, sha256: Digest::of(&bytes) });
    }
    Ok(rules)
}

/// A file in JSON, and its bytes.
fn read<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<(T, Vec<u8>), Failure> {
    let bytes = fs::read(path).map_err(|error| Failure::File(path.to_owned(), error))?;
    let said = serde_json::from_slice(&bytes).map_err(|error| Failure::Text(path.to_owned(), error))?;
    Ok((said, bytes))
}
