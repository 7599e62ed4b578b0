//! Facts about a candidate, read from bytes and not judged yet.

use crate::{Digest, Key, Link, Listing, Party, PerParty, Release, Roles, Rules, Time};
use std::collections::{BTreeMap, BTreeSet};

/// What a signed file is called, and which keys' signatures on it verify.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// The digest of its canonical signed bytes.
    pub id: Digest,
    /// The keys. Whether they count is [`crate::count`]'s question.
    pub signers: BTreeSet<Key>,
}

/// What a file says about the file below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin {
    /// Its version.
    pub version: u64,
    /// Its length in bytes.
    pub length: u64,
    /// The digest of the file as it is.
    pub sha256: Digest,
}

/// A root file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RootView {
    /// Its place in the chain of roots.
    pub link: Link,
    /// Its signatures.
    pub seal: Seal,
    /// When it expires.
    pub expires: Time,
    /// The keys that it names.
    pub roles: Roles,
}

/// A timestamp file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimestampView {
    /// Its version and the one before it.
    pub link: Link,
    /// Its signatures.
    pub seal: Seal,
    /// When it expires.
    pub expires: Time,
    /// When it was signed.
    pub signed: Time,
    /// The snapshot that is current.
    pub snapshot: Pin,
    /// What the party says today, by hand.
    pub statement: String,
    /// What the party has to report, such as orders by courts.
    pub report: String,
}

/// A snapshot file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotView {
    /// What it is: version, length and digest of the file.
    pub file: Pin,
    /// Its signatures.
    pub seal: Seal,
    /// When it expires.
    pub expires: Time,
    /// The targets file that is current.
    pub targets: Pin,
}

/// A targets file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetsView {
    /// What it is: version, length and digest of the file.
    pub file: Pin,
    /// Its place in the chain.
    pub link: Link,
    /// Its signatures.
    pub seal: Seal,
    /// When it expires.
    pub expires: Time,
    /// The releases that it lists, by number.
    pub releases: BTreeMap<u64, Listing>,
}

/// What one party publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyView {
    /// Roots after the one that is trusted, in order.
    pub roots: Vec<RootView>,
    /// The current timestamp.
    pub timestamp: TimestampView,
    /// The current snapshot.
    pub snapshot: SnapshotView,
    /// The current targets file.
    pub targets: TargetsView,
    /// The targets files between the last one that was seen and the current one, in order.
    pub links: Vec<Link>,
}

/// A package that has arrived, as its bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackageView {
    /// Its length in bytes.
    pub length: u64,
    /// Its digest.
    pub sha256: Digest,
    /// What it says about itself.
    pub inner: Release,
    /// The rules files in it.
    pub rules: BTreeMap<String, Rules>,
}

/// All that is there to decide on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What each party publishes.
    pub parties: PerParty<PartyView>,
    /// The package, once it is there.
    pub package: Option<PackageView>,
}

impl Candidate {
    /// One party's view.
    pub const fn of(&self, party: Party) -> &PartyView {
        self.parties.of(party)
    }
}
