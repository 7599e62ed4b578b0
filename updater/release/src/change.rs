//! What a commit changes: paths, and the few kinds of entries that a tree may hold.

use crate::policy::Policy;
use crate::refusal::Refusal;
use git2::{Commit, Delta, FileMode, Oid, Repository, Tree};
use std::collections::BTreeSet;

/// Paths that differ between two trees, and what is wrong with new entries.
pub struct Change {
    /// Relative to the root, in order.
    pub paths: BTreeSet<String>,
    /// Kinds of entries that nobody may add.
    pub refusals: Vec<Refusal>,
}

/// What is different in a commit's tree, compared with one before.
pub fn between(repository: &Repository, old: &Tree, commit: &Commit) -> Result<Change, git2::Error> {
    let (id, new) = (commit.id(), commit.tree()?);
    let (mut paths, mut refusals) = (BTreeSet::new(), Vec::new());
    // Renames count as what they are: something goes in one place and comes in another.
    let diff = repository.diff_tree_to_tree(Some(old), Some(&new), None)?;
    for delta in diff.deltas() {
        for file in [delta.old_file(), delta.new_file()] {
            let Some(path) = file.path_bytes().and_then(|path| core::str::from_utf8(path).ok()) else {
                refusals.push(Refusal::Path(id));
                continue;
            };
            paths.insert(path.to_owned());
        }
        if delta.status() == Delta::Deleted {
            continue;
        }
        let file = delta.new_file();
        let path = file.path_bytes().map(String::from_utf8_lossy).unwrap_or_default().into_owned();
        match file.mode() {
            FileMode::Commit => refusals.push(Refusal::Submodule { commit: id, path }),
            FileMode::Link if !stays_inside(repository, &path, file.id()) => {
                refusals.push(Refusal::Link { commit: id, path });
            }
            _ => {}
        }
    }
    Ok(Change { paths, refusals })
}

/// Whether a link, followed from where it stands, never leaves the tree.
fn stays_inside(repository: &Repository, path: &str, target: Oid) -> bool {
    let Ok(blob) = repository.find_blob(target) else { return false };
    let Ok(target) = core::str::from_utf8(blob.content()) else { return false };
    let mut depth = path.split('/').count() - 1;
    for part in target.split('/') {
        match part {
            // The root, as one of a path that begins with a slash; two slashes are one.
            "" if target.starts_with('/') || target.is_empty() => return false,
            "" | "." => {}
            ".." => match depth.checked_sub(1) {
                Some(up) => depth = up,
                None => return false,
            },
            _ => depth += 1,
        }
    }
    // Through another link `..` leads elsewhere: up is only for the beginning.
    !target.split('/').skip_while(|part| matches!(*part, "." | "..")).any(|part| part == "..")
}

/// What a commit itself did: for a merge, only what is like none of its parents.
pub fn own(repository: &Repository, commit: &Commit) -> Result<BTreeSet<String>, git2::Error> {
    let mut own: Option<BTreeSet<String>> = None;
    for parent in commit.parents() {
        let paths = between(repository, &parent.tree()?, commit)?.paths;
        own = Some(match own {
            Some(before) => before.intersection(&paths).cloned().collect(),
            None => paths,
        });
    }
    Ok(own.unwrap_or_default())
}

/// The paths of others that somebody changed, one for each area.
pub fn trespasses(policy: &Policy, commit: Oid, author: &str, paths: &BTreeSet<String>) -> Vec<Refusal> {
    let party = policy.people.get(author).map(|person| person.party.as_str());
    let mut seen = BTreeSet::new();
    let mut refusals = Vec::new();
    for path in paths {
        let Some(area) = policy.area(path) else { continue };
        if party != Some(area.owner.as_str()) && seen.insert(&area.name) {
            let (area, owner) = (area.name.clone(), area.owner.clone());
            refusals.push(Refusal::Area { commit, path: path.clone(), area, owner, author: author.to_owned() });
        }
    }
    refusals
}
