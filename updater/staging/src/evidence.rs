//! What was accepted, kept so that a fork can be proven; and the proofs.
//!
//! ```text
//! <trusted>/<party>/<n>.root.json    every root from version 1 on
//!                   links/<n>        canonical signed bytes of targets files, in segments as mirrors serve them
//!                   targets.json, snapshot.json, timestamp.json    the last ones
//! <proofs>/quality-targets-7.json    a proof, for `bulkhead-tuf fork` or anyone else's eyes
//! ```
//!
//! The state is what decisions depend on; these files are not, but for the last root, which the state names by its digest. They are
//! written before the state is: after a crash between the two they know more than it, which does no harm.

use crate::files::{optional, read_below, replace};
use crate::staged::{make, most};
use crate::{Error, Staged};
use bulkhead_trust::evidence::{Kept, name, prove};
use bulkhead_trust::proof::Proof;
use bulkhead_trust::read::signed_bytes;
use bulkhead_trust::{Fork, Party, PartyState, Role, links};
use std::fs;
use std::path::{Path, PathBuf};

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum Unproven {
    /// The disk.
    #[error(transparent)]
    Files(#[from] Error),
    /// What is there does not prove it.
    #[error("the fork cannot be proven to others: {0}")]
    Evidence(&'static str),
}

/// Keeps what came of `party` and was accepted: `next` is what is remembered of the party from now on.
///
/// Called for each party when a decision is neither a refusal nor a fork, before its state is written.
pub fn remember(trusted: &Path, party: Party, staged: &Staged, next: &PartyState) -> Result<(), Error> {
    let folder = trusted.join(party.name());
    make(&folder.join("links"))?;
    let number = u64::try_from(staged.roots.len()).unwrap_or(u64::MAX);
    let trusted_root = next.roots.version().saturating_sub(number);
    let roots = std::iter::once(&staged.trusted).chain(&staged.roots);
    for (version, root) in (trusted_root..).zip(roots) {
        replace(&folder.join(format!("{version}.root.json")), root)?;
    }
    let head = signed_bytes(&staged.targets).map_err(|_| Error::Odd(folder.join("targets.json")))?;
    let first = next.targets.version().saturating_sub(u64::try_from(staged.links.len()).unwrap_or(u64::MAX));
    add(&folder, first, staged.links.iter().chain([&head]))?;
    replace(&folder.join("targets.json"), &staged.targets)?;
    replace(&folder.join("snapshot.json"), &staged.snapshot)?;
    replace(&folder.join("timestamp.json"), &staged.timestamp)
}

/// Puts links into their segments, `first` and those after it. What is not known before them stays empty.
fn add<'a>(folder: &Path, first: u64, new: impl Iterator<Item = &'a Vec<u8>>) -> Result<(), Error> {
    let mut open: Option<(u64, Vec<Vec<u8>>)> = None;
    for (version, link) in (first..).zip(new) {
        let number = links::segment(version);
        if open.as_ref().is_none_or(|(of, _)| *of != number) {
            close(folder, open.take())?;
            open = Some((number, segment(folder, number)?));
        }
        let Some((_, entries)) = &mut open else { continue };
        let at = usize::try_from(version.saturating_sub(1) % links::SEGMENT).unwrap_or(usize::MAX);
        if entries.get(at) != Some(link) {
            entries.resize(at, Vec::new());
            entries.push(link.clone());
        }
    }
    close(folder, open)
}

fn close(folder: &Path, open: Option<(u64, Vec<Vec<u8>>)>) -> Result<(), Error> {
    let Some((number, entries)) = open else { return Ok(()) };
    let mut bytes = Vec::new();
    entries.iter().for_each(|link| links::append(&mut bytes, link));
    replace(&folder.join("links").join(number.to_string()), &bytes)
}

fn segment(folder: &Path, number: u64) -> Result<Vec<Vec<u8>>, Error> {
    let bytes = optional(read_below(folder, &["links", &number.to_string()], links::longest_segment()))?;
    Ok(bytes.as_deref().and_then(links::split).unwrap_or_default())
}

/// What is kept of `party`. `known` says how far it goes.
pub fn kept(trusted: &Path, party: Party, known: &PartyState) -> Result<Kept, Error> {
    let folder = trusted.join(party.name());
    let file = |name: &str, role: Role| optional(read_below(&folder, &[name], most(role)));
    let roots = (1..=known.roots.version()).map_while(|n| file(&format!("{n}.root.json"), Role::Root).transpose());
    let mut kept = Kept {
        roots: roots.collect::<Result<_, _>>()?,
        timestamp: file("timestamp.json", Role::Timestamp)?,
        snapshot: file("snapshot.json", Role::Snapshot)?,
        targets: file("targets.json", Role::Targets)?,
        ..Kept::default()
    };
    let head = known.targets.version();
    for number in 0..=links::segment(head) {
        let first = number.saturating_mul(links::SEGMENT).saturating_add(1);
        let entries = (first..).zip(segment(&folder, number)?);
        kept.links.extend(entries.filter(|(version, link)| *version <= head && !link.is_empty()));
    }
    Ok(kept)
}

/// Makes the proof of a fork from what was kept and what has come, and keeps it in `proofs`. It has been verified as anyone else
/// would. `known` is what is remembered of the party.
pub fn keep_proof(
    proofs: &Path,
    trusted: &Path,
    staged: &Staged,
    fork: &Fork,
    known: &PartyState,
) -> Result<PathBuf, Unproven> {
    let kept = kept(trusted, fork.party, known)?;
    let proof = prove(&kept, &staged.files(), fork).map_err(Unproven::Evidence)?;
    make(proofs)?;
    let path = proofs.join(format!("{}.json", name(fork)));
    let text = serde_json::to_vec(&proof).map_err(|_| Error::Odd(path.clone()))?;
    replace(&path, &text)?;
    Ok(path)
}

/// The proof of a fork that was kept.
pub fn proof(proofs: &Path, fork: &Fork) -> Option<PathBuf> {
    let path = proofs.join(format!("{}.json", name(fork)));
    path.is_file().then_some(path)
}

/// Copies a kept proof to where the user wants it, to pass it on. It is verified again: `first` is the party's first root
/// that this device trusts.
pub fn export(proofs: &Path, fork: &Fork, first: bulkhead_trust::Digest, to: &Path) -> Result<(), Unproven> {
    let path = proofs.join(format!("{}.json", name(fork)));
    let bytes = fs::read(&path).map_err(|error| Error::Io(path.clone(), error))?;
    let proof: Proof = serde_json::from_slice(&bytes).map_err(|_| Error::Odd(path))?;
    if proof.verify(first).map_err(Unproven::Evidence)? != *fork {
        return Err(Unproven::Evidence("what is kept proves another fork"));
    }
    Ok(replace(to, &bytes)?)
}
