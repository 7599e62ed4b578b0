//! Chains: every root and every targets file names the one before it by the hash of its canonical signed bytes.
//!
//! The hash covers what is signed, not the file, whose signatures anyone may reorder or add to. A chain is only ever
//! extended: a file whose predecessor is not the last link is refused, and one that stands where another stands
//! already is a fork (control points U7, U8).

use crate::Digest;
use serde::{Deserialize, Serialize};

/// The digests of versions 1, 2, 3 … of one file, without a gap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Chain(Vec<Digest>);

/// One file's place in a chain, as the file says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its version, 1 for the first.
    pub version: u64,
    /// The digest of its canonical signed bytes.
    pub id: Digest,
    /// What it names as the one before it; the first one names none.
    pub predecessor: Option<Digest>,
}

/// Why links do not extend a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A link names a predecessor that is not the last known one, and nothing more can be said.
    Unknown,
    /// The versions are not consecutive.
    Gap,
    /// A link stands where the chain has another: the version of it, ours and theirs.
    Fork(u64, Digest, Digest),
}

impl Chain {
    /// The chain of the first file.
    pub fn new(first: Digest) -> Self {
        Self(vec![first])
    }

    /// The version of the last link; 0 if there is none.
    pub fn version(&self) -> u64 {
        u64::try_from(self.0.len()).unwrap_or(u64::MAX)
    }

    /// The digest of the last link.
    pub fn head(&self) -> Option<Digest> {
        self.0.last().copied()
    }

    /// The digest of a version.
    pub fn at(&self, version: u64) -> Option<Digest> {
        self.0.get(usize::try_from(version.checked_sub(1)?).ok()?).copied()
    }

    /// Adds `links`, in order. They may begin with ones that are known, and must then be those.
    ///
    /// Whether the last one is signed is the caller's question; all others are covered by its predecessor.
    pub fn extend(&mut self, links: &[Link]) -> Result<(), Broken> {
        // Theirs is whole first: a fork is only a fork if the signed last link vouches for it.
        for (before, after) in links.iter().zip(links.iter().skip(1)) {
            if before.version.checked_add(1) != Some(after.version) {
                return Err(Broken::Gap);
            }
            if after.predecessor != Some(before.id) {
                return Err(Broken::Unknown);
            }
        }
        for link in links {
            if let Some(ours) = self.at(link.version) {
                if ours != link.id {
                    return Err(Broken::Fork(link.version, ours, link.id));
                }
                continue;
            }
            if link.version != self.version().saturating_add(1) {
                return Err(Broken::Gap);
            }
            if link.predecessor != self.head() {
                return Err(self.second_heir(link).unwrap_or(Broken::Unknown));
            }
            self.0.push(link.id);
        }
        Ok(())
    }

    /// Whether `link` names a predecessor whose successor is another one here: two files with one predecessor.
    fn second_heir(&self, link: &Link) -> Option<Broken> {
        let named = link.predecessor?;
        let at = self.0.iter().position(|id| *id == named)?;
        let heir = self.0.get(at.checked_add(1)?).filter(|heir| **heir != link.id)?;
        Some(Broken::Fork(u64::try_from(at).ok()?.checked_add(2)?, *heir, link.id))
    }
}
