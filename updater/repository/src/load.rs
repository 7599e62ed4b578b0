//! A repository that was begun before: its place in every chain, out of the files that its mirrors serve.

use crate::{Lifetimes, Repository};
use bulkhead_trust::Digest;
use bulkhead_trust::read::{signed_bytes, timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Why files are no repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}: {reason}")]
pub struct Unreadable {
    /// Which file.
    pub file: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Repository {
    /// Goes on with a repository. Its next snapshot has to be made before its next timestamp.
    ///
    /// `files` are those below `metadata/`, by their paths; packages are not needed. Signatures are not looked at: whoever
    /// publishes does that with each file that is added.
    pub fn load(lifetimes: Lifetimes, files: BTreeMap<String, Vec<u8>>) -> Result<Self, Unreadable> {
        let mut loaded = Self::new(lifetimes);
        loaded.root = chain(&files, "root")?;
        loaded.targets = chain(&files, "targets")?;
        if let Some(file) = files.get(&metadata(loaded.targets.0, "targets")) {
            loaded.targets_pin = Some(super::repository::pin(loaded.targets.0, file));
        }
        // A number that was used once is not used again, even if the timestamp that would have named it never came.
        let numbers = files.keys().filter_map(|path| path.strip_prefix("metadata/")?.strip_suffix(".snapshot.json"));
        loaded.snapshot = numbers.filter_map(|number| number.parse().ok()).max().unwrap_or(0);
        let path = "metadata/timestamp.json".to_owned();
        if let Some(file) = files.get(&path) {
            let view = timestamp(file, &BTreeSet::new()).map_err(|reason| Unreadable { file: path, reason })?;
            loaded.timestamp = (view.link.version, Some(view.link.id));
        }
        loaded.files = files;
        Ok(loaded)
    }
}

fn metadata(version: u64, role: &str) -> String {
    format!("metadata/{version}.{role}.json")
}

/// The newest version of a role, and what the next one names as its predecessor.
fn chain(files: &BTreeMap<String, Vec<u8>>, role: &str) -> Result<(u64, Option<Digest>), Unreadable> {
    let mut newest = (0, None);
    while let Some(file) = files.get(&metadata(newest.0 + 1, role)) {
        let version = newest.0 + 1;
        let signed = signed_bytes(file).map_err(|reason| Unreadable { file: metadata(version, role), reason })?;
        newest = (version, Some(Digest::of(&signed)));
    }
    Ok(newest)
}
