//! From a fork that was seen to its proof: what is kept of one branch, and what has come of the other.
//!
//! A proof is made by whoever saw both, and believed by nobody for that reason: [`Proof::verify`] is run on it before it is
//! kept, and by everyone who gets it.

use crate::proof::{Branch, Proof};
use crate::read::{link, listed, root, signed_bytes, snapshot, targets, timestamp};
use crate::{Digest, Files, Fork, Forked};
use std::collections::{BTreeMap, BTreeSet};

/// What is kept of a party's files that were accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Every root from version 1 on.
    pub roots: Vec<Vec<u8>>,
    /// The last timestamp.
    pub timestamp: Option<Vec<u8>>,
    /// The last snapshot.
    pub snapshot: Option<Vec<u8>>,
    /// The last targets file.
    pub targets: Option<Vec<u8>>,
    /// The canonical signed bytes of targets files, by version.
    pub links: BTreeMap<u64, Vec<u8>>,
}

/// Makes the proof of `fork` from what is `kept` and what has `come`.
pub fn prove(kept: &Kept, come: &Files<'_>, fork: &Fork) -> Result<Proof, &'static str> {
    let (ours, theirs) = match fork.of {
        Forked::Root(_) => {
            let id = |file: &[u8]| root(file, &BTreeSet::new()).ok().map(|view| view.link.id);
            let find = |files: &[Vec<u8>], wanted| files.iter().find(|file| id(file) == Some(wanted)).cloned();
            (alone(find(&kept.roots, fork.ours))?, alone(find(come.roots, fork.theirs))?)
        }
        Forked::Timestamp(_) => {
            let id = |file: &[u8]| timestamp(file, &BTreeSet::new()).ok().map(|view| view.seal.id);
            (alone(is(&kept.timestamp, fork.ours, id))?, alone(is(&Some(come.timestamp.to_vec()), fork.theirs, id))?)
        }
        Forked::Snapshot(_) => {
            let id = |file: &[u8]| snapshot(file, &BTreeSet::new()).ok().map(|view| view.seal.id);
            (alone(is(&kept.snapshot, fork.ours, id))?, alone(is(&Some(come.snapshot.to_vec()), fork.theirs, id))?)
        }
        Forked::Targets(_) => {
            let links: Vec<Vec<u8>> = kept.links.values().cloned().collect();
            let is = |wanted| move |bytes: &[u8]| Digest::of(bytes) == wanted;
            let ours = branch(&links, kept.targets.as_deref().unwrap_or_default(), is(fork.ours))?;
            (ours, branch(come.links, come.targets, is(fork.theirs))?)
        }
        Forked::Release(number) => {
            let links: Vec<Vec<u8>> = kept.links.values().cloned().collect();
            let lists = |bytes: &[u8]| listed(bytes).is_ok_and(|releases| releases.get(&number) == Some(&fork.ours));
            let theirs = come.targets.to_vec();
            let says = targets(come.targets, &BTreeSet::new())?;
            let says = says.releases.get(&number).filter(|listing| listing.id == fork.theirs);
            let ours = branch(&links, kept.targets.as_deref().unwrap_or_default(), lists)?;
            (ours, alone(says.map(|_| theirs))?)
        }
    };
    // The shorter history first: with newer roots, files that former keys signed may prove nothing any more.
    let more: Vec<Vec<u8>> = kept.roots.iter().chain(come.roots).cloned().collect();
    let first = Digest::of(&signed_bytes(kept.roots.first().ok_or(GONE)?)?);
    let mut last = Err(GONE);
    for roots in [&kept.roots, &more] {
        let roots = roots.iter().cloned().map(text).collect::<Result<_, _>>()?;
        let proof = Proof { party: fork.party, roots, ours: ours.clone(), theirs: theirs.clone() };
        match proof.verify(first) {
            Ok(found) if found == *fork => return Ok(proof),
            Ok(_) => last = Err("what is kept proves another fork"),
            Err(reason) => last = Err(reason),
        }
    }
    last
}

/// What is said when a file that would prove it is not there.
const GONE: &str = "a file that would prove it is not kept";

/// What a proof's file is called, without its ending: `quality-targets-7`.
pub fn name(fork: &Fork) -> String {
    let (role, number) = match fork.of {
        Forked::Root(number) => ("root", number),
        Forked::Timestamp(number) => ("timestamp", number),
        Forked::Snapshot(number) => ("snapshot", number),
        Forked::Targets(number) => ("targets", number),
        Forked::Release(number) => ("release", number),
    };
    format!("{}-{role}-{number}", fork.party.name())
}

fn is(file: &Option<Vec<u8>>, wanted: Digest, id: impl Fn(&[u8]) -> Option<Digest>) -> Option<Vec<u8>> {
    file.clone().filter(|file| id(file) == Some(wanted))
}

fn alone(file: Option<Vec<u8>>) -> Result<Branch, &'static str> {
    Ok(Branch { links: vec![], file: text(file.ok_or(GONE)?)? })
}

/// The branch that begins with the last of `links` that `begins`, or with the signed file itself.
fn branch(links: &[Vec<u8>], file: &[u8], begins: impl Fn(&[u8]) -> bool) -> Result<Branch, &'static str> {
    let head = signed_bytes(file).map_err(|_| GONE)?;
    let version = link(&head)?.version;
    let file = text(file.to_vec())?;
    if begins(&head) {
        return Ok(Branch { links: vec![], file });
    }
    // What is kept of the signed file as a link is not needed a second time.
    let before = |bytes: &&Vec<u8>| link(bytes).is_ok_and(|link| link.version < version);
    let links: Vec<&Vec<u8>> = links.iter().filter(before).collect();
    let at = links.iter().rposition(|bytes| begins(bytes)).ok_or(GONE)?;
    let links = links.into_iter().skip(at).cloned().map(text).collect::<Result<_, _>>()?;
    Ok(Branch { links, file })
}

fn text(bytes: Vec<u8>) -> Result<String, &'static str> {
    String::from_utf8(bytes).map_err(|_| "a file is not text")
}
