//! What is remembered between decisions.

use crate::{Chain, Digest, Key, Party, PerParty, Release, Roles, RootView, Rules, Time};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// All that a decision depends on, besides the candidate and the time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// What each party has shown so far.
    pub parties: PerParty<PartyState>,
    /// Keys that never count again, in any party: removed from a root, or proven to have signed two things.
    pub revoked: BTreeSet<Key>,
    /// Forks that were seen. They are never forgotten.
    pub forks: BTreeSet<Fork>,
    /// The number of the installed release.
    pub installed: u64,
    /// Releases that did not start on this machine, and are not tried again.
    pub failed: BTreeSet<u64>,
    /// The rules that came with the installed release, by process.
    pub rules: BTreeMap<String, Rules>,
}

/// What is remembered of one party.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartyState {
    /// Every root's digest from version 1 on.
    pub roots: Chain,
    /// The keys that the last root names.
    pub roles: Roles,
    /// Every targets file's digest from version 1 on.
    pub targets: Chain,
    /// The last timestamp, once there was one.
    pub timestamp: Option<Seen>,
    /// The last snapshot, once there was one.
    pub snapshot: Option<Seen>,
    /// When the last timestamp was signed.
    pub signed: Option<Time>,
    /// What this party has listed as each release.
    pub releases: BTreeMap<u64, Digest>,
}

/// A file that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seen {
    /// Its version.
    pub version: u64,
    /// The digest of its canonical signed bytes.
    pub id: Digest,
    /// Who had signed it.
    pub signers: BTreeSet<Key>,
}

/// Two signed things that cannot both be true.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fork {
    /// Who signed both.
    pub party: Party,
    /// What there are two of.
    pub of: Forked,
    /// The digest of the one that was seen first.
    pub ours: Digest,
    /// The digest of the other.
    pub theirs: Digest,
}

/// What there can be two of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Forked {
    /// A root file of this version.
    Root(u64),
    /// A timestamp file of this version.
    Timestamp(u64),
    /// A snapshot file of this version.
    Snapshot(u64),
    /// A targets file of this version.
    Targets(u64),
    /// The entry of the release with this number.
    Release(u64),
}

impl Forked {
    /// Whether the party's offline keys signed both. Then nothing from it is trusted any more. What online keys sign
    /// twice costs them their trust, and a new root can name others.
    pub const fn condemns(self) -> bool {
        matches!(self, Self::Root(_) | Self::Targets(_) | Self::Release(_))
    }
}

impl PartyState {
    /// What a first installation knows of a party: its root, which is trusted because it came with the program, and
    /// the chains up to it.
    pub fn first(roots: Chain, roles: Roles, targets: Chain) -> Self {
        Self { roots, roles, targets, timestamp: None, snapshot: None, signed: None, releases: BTreeMap::new() }
    }

    /// Remembers a root.
    pub(crate) fn accept(&mut self, root: &RootView, roots: Chain) {
        self.roots = roots;
        self.roles = root.roles.clone();
    }
}

impl State {
    /// What a first installation knows.
    pub fn first(parties: PerParty<PartyState>, release: &Release) -> Self {
        Self {
            parties,
            revoked: BTreeSet::new(),
            forks: BTreeSet::new(),
            installed: release.number,
            failed: BTreeSet::new(),
            rules: release.rules.clone(),
        }
    }

    /// What is known once `release` runs.
    #[must_use]
    pub fn with_installed(mut self, release: &Release) -> Self {
        self.installed = self.installed.max(release.number);
        self.rules.clone_from(&release.rules);
        self
    }

    /// What is known once the release of this number has failed to start.
    #[must_use]
    pub fn with_failed(mut self, number: u64) -> Self {
        self.failed.insert(number);
        self
    }

    /// The fork for which nothing of a party is trusted any more, if there is one.
    pub fn condemned(&self) -> Option<&Fork> {
        self.forks.iter().find(|fork| fork.of.condemns())
    }
}
