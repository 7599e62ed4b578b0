//! The order of a repository: which version follows which, what is named by what, and which files there are.

use crate::Draft;
use bulkhead_trust::{Digest, Pin, Release, Roles, Time, links};
use std::collections::BTreeMap;

/// A release as it is listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What is said about it.
    pub release: Release,
    /// The package's length in bytes.
    pub length: u64,
    /// The package's digest.
    pub sha256: Digest,
}

/// How long files are good for, in seconds.
#[derive(Clone, Copy, Debug)]
pub struct Lifetimes {
    /// Roots.
    pub root: Time,
    /// Timestamps and snapshots, which a service signs daily.
    pub online: Time,
    /// Targets.
    pub targets: Time,
}

impl Default for Lifetimes {
    fn default() -> Self {
        const DAY: Time = 24 * 60 * 60;
        Self { root: 365 * DAY, online: 7 * DAY, targets: 180 * DAY }
    }
}

/// A party's repository, as its mirrors serve it. It takes drafts back signed, in the order in which it gave them.
#[derive(Clone, Debug)]
pub struct Repository {
    lifetimes: Lifetimes,
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    pub(crate) root: (u64, Option<Digest>),
    pub(crate) timestamp: (u64, Option<Digest>),
    pub(crate) snapshot: u64,
    pub(crate) targets: (u64, Option<Digest>),
    pub(crate) targets_pin: Option<Pin>,
    snapshot_pin: Option<Pin>,
}

impl Repository {
    /// An empty one.
    pub fn new(lifetimes: Lifetimes) -> Self {
        Self {
            lifetimes,
            files: BTreeMap::new(),
            root: (0, None),
            timestamp: (0, None),
            snapshot: 0,
            targets: (0, None),
            targets_pin: None,
            snapshot_pin: None,
        }
    }

    /// Every file by its path: `metadata/…` and `targets/…`.
    pub const fn files(&self) -> &BTreeMap<String, Vec<u8>> {
        &self.files
    }

    /// One file; empty if there is none.
    pub fn file(&self, path: &str) -> &[u8] {
        self.files.get(path).map_or(&[], Vec::as_slice)
    }

    /// The versions of root and targets.
    pub const fn versions(&self) -> (u64, u64) {
        (self.root.0, self.targets.0)
    }

    /// The next root, to be signed by two keys of the one before that stay, and by two that it names.
    pub fn root(&self, now: Time, roles: &Roles) -> Option<Draft> {
        Draft::root(self.root.0.checked_add(1)?, self.root.1, now.checked_add(self.lifetimes.root)?, roles)
    }

    /// Takes the next root.
    pub fn add_root(&mut self, root: &Draft) {
        self.root = (self.root.0.saturating_add(1), Some(root.id()));
        self.files.insert(format!("metadata/{}.root.json", self.root.0), root.file());
    }

    /// The next targets file, to be signed by two keys. It lists `releases` and nothing else.
    pub fn targets(&self, now: Time, releases: &[Entry]) -> Option<Draft> {
        let expires = now.checked_add(self.lifetimes.targets)?;
        Draft::targets(self.targets.0.checked_add(1)?, self.targets.1, expires, releases)
    }

    /// Takes the next targets file.
    pub fn add_targets(&mut self, targets: &Draft) {
        let version = self.targets.0.saturating_add(1);
        self.targets = (version, Some(targets.id()));
        let file = targets.file();
        self.targets_pin = Some(pin(version, &file));
        self.files.insert(format!("metadata/{version}.targets.json"), file);
        let segment = self.files.entry(format!("metadata/{}", links::name(version))).or_default();
        links::append(segment, targets.bytes());
    }

    /// Takes a package, under the name by which consistent snapshots find it.
    pub fn add_package(&mut self, number: u64, package: Vec<u8>) {
        let sha256 = Digest::of(&package);
        self.files.insert(format!("targets/releases/{number}/{sha256}.package"), package);
    }

    /// The next snapshot, to be signed online.
    pub fn snapshot(&self, now: Time) -> Option<Draft> {
        let expires = now.checked_add(self.lifetimes.online)?;
        Draft::snapshot(self.snapshot.checked_add(1)?, expires, self.targets_pin?)
    }

    /// Takes the next snapshot.
    pub fn add_snapshot(&mut self, snapshot: &Draft) {
        self.snapshot = self.snapshot.saturating_add(1);
        let file = snapshot.file();
        self.snapshot_pin = Some(pin(self.snapshot, &file));
        self.files.insert(format!("metadata/{}.snapshot.json", self.snapshot), file);
    }

    /// The next timestamp, to be signed online, daily at least.
    pub fn timestamp(&self, now: Time, statement: &str, report: &str) -> Option<Draft> {
        let next = (self.timestamp.0.checked_add(1)?, self.timestamp.1);
        Draft::timestamp(next, (now, now.checked_add(self.lifetimes.online)?), self.snapshot_pin?, (statement, report))
    }

    /// Takes the next timestamp.
    pub fn add_timestamp(&mut self, timestamp: &Draft) {
        self.timestamp = (self.timestamp.0.saturating_add(1), Some(timestamp.id()));
        self.files.insert("metadata/timestamp.json".to_owned(), timestamp.file());
    }
}

pub(crate) fn pin(version: u64, file: &[u8]) -> Pin {
    Pin { version, length: u64::try_from(file.len()).unwrap_or(u64::MAX), sha256: Digest::of(file) }
}
