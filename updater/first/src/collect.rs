//! What a party's mirrors serve, collected from a folder as a first installation needs it: everything from the first root on.

use crate::Error;
use bulkhead_staging::Staged;
use bulkhead_trust::read::{MOST_ROOTS, link, longest, signed_bytes, snapshot, targets, timestamp};
use bulkhead_trust::{Listing, Party, Role, links};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Reads the folder that `party`'s mirrors copy. Nothing is verified: that is [`crate::verify`]'s part.
pub fn collect(folder: &Path, party: Party) -> Result<Staged, Error> {
    let metadata = folder.join("metadata");
    let file = |name: String, most: u64| read(&metadata.join(name), most);
    let most = |role| u64::try_from(longest(role)).unwrap_or(u64::MAX);
    let odd = |role: &str, what: &str| {
        let path = metadata.join(format!("…{role}.json"));
        Error::Io(path, io::Error::other(format!("{what}: have {party} publish it again")))
    };
    let mut roots = vec![file("1.root.json".into(), most(Role::Root))?];
    while roots.len() <= MOST_ROOTS {
        let name = format!("{}.root.json", roots.len().saturating_add(1));
        if !metadata.join(&name).exists() {
            break;
        }
        roots.push(file(name, most(Role::Root))?);
    }
    let trusted = roots.remove(0);
    let stamp = file("timestamp.json".into(), most(Role::Timestamp))?;
    let nobody = BTreeSet::new();
    let pin = timestamp(&stamp, &nobody).map_err(|what| odd("timestamp", what))?.snapshot;
    let snap = file(format!("{}.snapshot.json", pin.version), most(Role::Snapshot))?;
    let pin = snapshot(&snap, &nobody).map_err(|what| odd("snapshot", what))?.targets;
    let list = file(format!("{}.targets.json", pin.version), most(Role::Targets))?;
    let head = targets(&list, &nobody).map_err(|what| odd("targets", what))?.link;
    let own = signed_bytes(&list).map_err(|what| odd("targets", what))?;
    let mut all = Vec::new();
    for number in 0..=links::segment(head.version) {
        let segment = file(format!("links/{number}"), links::longest_segment())?;
        let entries = links::split(&segment).ok_or_else(|| odd("targets", "a segment of links is damaged"))?;
        // The list that is current is in the last segment as well, and others may be that nothing names yet.
        all.extend(
            entries
                .into_iter()
                .filter(|bytes| *bytes != own && link(bytes).is_ok_and(|link| link.version < head.version)),
        );
    }
    Ok(Staged { trusted, roots, timestamp: stamp, snapshot: snap, targets: list, links: all })
}

/// Where a folder has the package of a release.
pub fn package(folder: &Path, listing: &Listing) -> PathBuf {
    folder.join(format!("targets/releases/{}/{}.package", listing.release.number, listing.sha256))
}

fn read(path: &Path, most: u64) -> Result<Vec<u8>, Error> {
    let at = |error| Error::Io(path.to_owned(), error);
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(most.saturating_add(1)).read_to_end(&mut bytes)).map_err(at)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= most) {
        return Ok(bytes);
    }
    Err(at(io::Error::other("it is longer than such a file can be")))
}
