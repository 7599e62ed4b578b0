//! Drafts of roots and releases, and what it takes to publish them.

use super::PartyError;
use super::folder::{Folder, hashed};
use super::key::Signature;
use bulkhead_repository::{Draft, Entry};
use bulkhead_trust::read::{root, targets};
use bulkhead_trust::{Digest, Key, Release, Role, RoleKeys, Roles, Time, count, enough};
use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

/// How many of the offline keys sign.
const THRESHOLD: u32 = 2;
/// Releases that a targets file goes on listing; older ones are known by the chain of links.
const LISTED: usize = 16;

/// The keys that a root names, and how many of them count.
pub fn roles(offline: BTreeSet<Key>, online: Key) -> Result<Roles, PartyError> {
    let of = |keys: BTreeSet<Key>, threshold| RoleKeys { keys, threshold };
    let day = BTreeSet::from([online]);
    let roles = Roles {
        root: of(offline.clone(), THRESHOLD),
        targets: of(offline, THRESHOLD),
        timestamp: of(day.clone(), 1),
        snapshot: of(day, 1),
    };
    sound(&roles).map(|()| roles)
}

/// The next root.
pub fn draft_root(folder: &Folder, roles: &Roles, now: Time) -> Result<Draft, PartyError> {
    folder.repository().root(now, roles).ok_or(PartyError::Clock)
}

/// The next targets file: with this release, and the newest ones before it.
pub fn draft_release(folder: &Folder, release: Release, package: &Path, now: Time) -> Result<Draft, PartyError> {
    let opened = File::open(package).and_then(|mut file| hashed(&mut file));
    let (sha256, length) = opened.map_err(|error| PartyError::Io(package.display().to_string(), error))?;
    let mut entries = listed(folder)?;
    if entries.last().is_some_and(|last| last.release.number >= release.number) {
        return Err(PartyError::Draft("its number is not higher than the last release's: releases are never replaced"));
    }
    entries.push(Entry { release, length, sha256 });
    let skip = entries.len().saturating_sub(LISTED);
    folder.repository().targets(now, entries.get(skip..).unwrap_or_default()).ok_or(PartyError::Clock)
}

/// The releases that are listed now, oldest first.
fn listed(folder: &Folder) -> Result<Vec<Entry>, PartyError> {
    if folder.targets().is_empty() {
        return Ok(Vec::new());
    }
    let view = targets(folder.targets(), &BTreeSet::new()).map_err(PartyError::Draft)?;
    let entry = |listing: bulkhead_trust::Listing| Entry {
        release: listing.release,
        length: listing.length,
        sha256: listing.sha256,
    };
    Ok(view.releases.into_values().map(entry).collect())
}

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Root or targets.
    pub role: Role,
    /// Its version.
    pub version: u64,
}

/// Publishes a draft with its signatures, and a release with its package. Nothing changes if anything is missing.
pub fn publish(
    folder: &mut Folder,
    draft: &[u8],
    signatures: &[(String, Signature)],
    package: Option<&Path>,
) -> Result<Published, PartyError> {
    let value: serde_json::Value =
        serde_json::from_slice(draft).map_err(|_| PartyError::Malformed("the draft".into(), "draft"))?;
    let role = value.get("_type").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let made = Draft::of(value).filter(|made| made.bytes() == draft);
    let made = made.ok_or_else(|| PartyError::Malformed("the draft".into(), "draft"))?;
    if let Some((name, _)) = signatures.iter().find(|(_, signature)| !signature.is_of(draft)) {
        return Err(PartyError::Signature(name.clone(), "it is not a signature of this draft"));
    }
    let made = signatures.iter().fold(made, |made, (_, one)| made.with(&one.key, one.bytes));
    match role.as_str() {
        "root" => publish_root(folder, &made, signatures),
        "targets" => publish_release(folder, &made, signatures, package),
        _ => Err(PartyError::Draft("it is neither a root nor a release; the timestamp service signs all else")),
    }
}

fn publish_root(
    folder: &mut Folder,
    made: &Draft,
    signatures: &[(String, Signature)],
) -> Result<Published, PartyError> {
    let before = match folder.root() {
        [] => None,
        file => Some(root(file, &BTreeSet::new()).map_err(PartyError::Draft)?),
    };
    let known = before.as_ref().map(|before| before.roles.all()).unwrap_or_default();
    let view = root(&made.file(), &known).map_err(PartyError::Draft)?;
    let next = before.as_ref().map_or((1, None), |before| (before.link.version + 1, Some(before.link.id)));
    if (view.link.version, view.link.predecessor) != next {
        return Err(PartyError::Draft("another root was published since it was made: make it anew"));
    }
    sound(&view.roles)?;
    counted(&view.seal.signers, &view.roles.root, &BTreeSet::new(), "the new root")?;
    if let Some(before) = &before {
        // A key that leaves has no part in what takes its place.
        let leaving = before.roles.root.keys.difference(&view.roles.root.keys).copied().collect();
        counted(&view.seal.signers, &before.roles.root, &leaving, "the root before it")?;
    }
    let may = before.iter().flat_map(|before| &before.roles.root.keys).chain(&view.roles.root.keys).copied().collect();
    nobody_else(signatures, &may)?;
    let mut repository = folder.repository().clone();
    repository.add_root(made);
    folder.add(repository)?;
    Ok(Published { role: Role::Root, version: view.link.version })
}

/// What clients ask of a root (`bulkhead-trust`).
fn sound(roles: &Roles) -> Result<(), PartyError> {
    if roles.weak().is_some() {
        return Err(PartyError::Draft(
            "a root names four offline keys at least, two of which sign, two more than sign, and no more than sixteen",
        ));
    }
    if roles.exposed().is_some() {
        return Err(PartyError::Draft("the online key must not be one of the offline keys"));
    }
    Ok(())
}

fn publish_release(
    folder: &mut Folder,
    made: &Draft,
    signatures: &[(String, Signature)],
    package: Option<&Path>,
) -> Result<Published, PartyError> {
    let keys = root(folder.root(), &BTreeSet::new());
    let keys = keys.map_err(|_| PartyError::Draft("there is no root yet: publish one first"))?.roles.targets;
    let view = targets(&made.file(), &keys.keys).map_err(PartyError::Draft)?;
    let mut repository = folder.repository().clone();
    let before = match folder.targets() {
        [] => None,
        file => Some(targets(file, &BTreeSet::new()).map_err(PartyError::Draft)?),
    };
    let next = before.as_ref().map_or((1, None), |before| (before.link.version + 1, Some(before.link.id)));
    if (view.link.version, view.link.predecessor) != next {
        return Err(PartyError::Draft("another release was published since it was made: make it anew"));
    }
    counted(&view.seal.signers, &keys, &BTreeSet::new(), "releases")?;
    nobody_else(signatures, &keys.keys)?;
    let known = |number: &u64| before.as_ref().and_then(|before| before.releases.get(number));
    for (number, listing) in &view.releases {
        match known(number) {
            Some(old) if old.id == listing.id => {}
            Some(_) => {
                return Err(PartyError::Draft(
                    "it describes a release anew that was published: clients would call that a fork",
                ));
            }
            None => packaged(folder, *number, (listing.sha256, listing.length), package)?,
        }
    }
    repository.add_targets(made);
    folder.add(repository)?;
    Ok(Published { role: Role::Targets, version: view.link.version })
}

fn packaged(folder: &Folder, number: u64, signed: (Digest, u64), package: Option<&Path>) -> Result<(), PartyError> {
    let path = package.ok_or(PartyError::Draft("give the package of the new release as well"))?;
    let name = path.display().to_string();
    if folder.add_package(number, signed, path)? {
        Ok(())
    } else {
        Err(PartyError::Package(name, "this is not the package that was signed"))
    }
}

fn counted(signers: &BTreeSet<Key>, role: &RoleKeys, bad: &BTreeSet<Key>, what: &str) -> Result<(), PartyError> {
    if enough(signers, role, bad) {
        return Ok(());
    }
    Err(PartyError::TooFew { role: what.to_owned(), have: count(signers, role, bad), needed: role.threshold })
}

/// Signatures that count for nothing are not published: they tell who has which key.
fn nobody_else(signatures: &[(String, Signature)], may: &BTreeSet<Key>) -> Result<(), PartyError> {
    match signatures.iter().find(|(_, signature)| !may.contains(&signature.key)) {
        Some((name, _)) => Err(PartyError::Signature(name.clone(), "the root names no such key")),
        None => Ok(()),
    }
}
