//! All releases that the parties have ever listed, out of what was verified.

use bulkhead_first::report::plain;
use bulkhead_trust::{Digest, Party, PerParty, Release};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// A release, as it is told on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// Its version.
    pub version: String,
    /// What it changes.
    pub changes: String,
    /// The package's digest.
    pub sha256: Digest,
    /// The package's length.
    pub length: u64,
    /// Who lists it so.
    pub by: BTreeSet<Party>,
}

/// By number. `parties` were verified: lists follow each other, and none describes a release anew. Where two parties describe one
/// differently, it is told as the first of them does, with whoever agrees.
pub fn all(parties: &PerParty<bulkhead_first::Staged>) -> BTreeMap<u64, Told> {
    let mut all: BTreeMap<u64, Told> = BTreeMap::new();
    for (party, staged) in parties.iter() {
        let head = serde_json::from_slice(&staged.targets).ok().and_then(|file: Value| file.get("signed").cloned());
        let links = staged.links.iter().filter_map(|link| serde_json::from_slice(link).ok());
        for (number, told) in links.chain(head).flat_map(|list: Value| entries(&list, party)) {
            let known = all.entry(number).or_insert_with(|| told.clone());
            if (known.sha256, known.length, &known.changes) == (told.sha256, told.length, &told.changes) {
                known.by.insert(party);
            }
        }
    }
    all
}

fn entries(list: &Value, party: Party) -> Vec<(u64, Told)> {
    let targets = list.get("targets").and_then(Value::as_object);
    let entry = |target: &Value| {
        let release: Release = serde_json::from_value(target.get("custom")?.clone()).ok()?;
        let told = Told {
            version: plain(&release.version),
            changes: plain(&release.changes),
            sha256: Digest::from_hex(target.get("hashes")?.get("sha256")?.as_str()?)?,
            length: target.get("length")?.as_u64()?,
            by: [party].into(),
        };
        Some((release.number, told))
    };
    targets.into_iter().flat_map(|targets| targets.values().filter_map(entry)).collect()
}
