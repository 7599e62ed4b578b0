//! Facts made by hand: what an honest world looks like, for tests to spoil. No signatures here: who signed is a fact.
#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use bulkhead_trust::{
    Candidate, Chain, Decision, Digest, Key, Link, Listing, PackageView, Party, PartyState, PartyView, PerParty, Pin,
    Refusal, Release, RoleKeys, Roles, RootView, Rules, Seal, SnapshotView, State, TargetsView, Time, TimestampView,
    decide,
};
use std::collections::{BTreeMap, BTreeSet};

pub const DAY: Time = 24 * 60 * 60;
pub const NOW: Time = 1_800_000_000;

pub fn id(text: impl AsRef<str>) -> Digest {
    Digest::of(text.as_ref().as_bytes())
}

pub fn key(number: u8) -> Key {
    Key([number; 32])
}

pub fn keys(numbers: impl IntoIterator<Item = u8>) -> BTreeSet<Key> {
    numbers.into_iter().map(key).collect()
}

/// The first of a party's keys: 10, 20, 30. Four offline ones follow, 4 is online, from 5 on are spare ones.
pub fn base(party: Party) -> u8 {
    match party {
        Party::Development => 10,
        Party::Quality => 20,
        Party::Security => 30,
    }
}

pub fn roles(offline: BTreeSet<Key>, online: BTreeSet<Key>) -> Roles {
    let offline = RoleKeys { keys: offline, threshold: 2 };
    let online = RoleKeys { keys: online, threshold: 1 };
    Roles { root: offline.clone(), timestamp: online.clone(), snapshot: online, targets: offline }
}

pub fn first_roles(party: Party) -> Roles {
    let base = base(party);
    roles(keys(base..base + 4), keys([base + 4]))
}

pub fn two(party: Party) -> BTreeSet<Key> {
    keys([base(party), base(party) + 1])
}

pub fn online(party: Party) -> BTreeSet<Key> {
    keys([base(party) + 4])
}

pub fn rules(version: u64) -> BTreeMap<String, Rules> {
    ["net", "ui", "vault"]
        .into_iter()
        .map(|name| (name.to_owned(), Rules { version, sha256: id(format!("{name} rules {version}")) }))
        .collect()
}

pub fn release(number: u64) -> Release {
    Release { number, version: format!("1.{number}.0"), changes: "Mends a fault.".to_owned(), rules: rules(number) }
}

pub fn listing(number: u64) -> Listing {
    listed(release(number))
}

/// How any release would be listed; its digest covers all of it.
pub fn listed(release: Release) -> Listing {
    let sha256 = id(format!("package {}", release.number));
    Listing { id: id(format!("{release:?}")), length: 1_000 + release.number, sha256, release }
}

/// The state of a machine on which release 1 was just installed.
pub fn state() -> State {
    let party = |party: Party| {
        PartyState::first(
            Chain::new(id(format!("{party} root 1"))),
            first_roles(party),
            Chain::new(id(format!("{party} targets 1"))),
        )
    };
    State::first(PerParty::make(party), &release(1))
}

fn link(name: &str, party: Party, version: u64) -> Link {
    let name = |version: u64| id(format!("{party} {name} {version}"));
    Link { version, id: name(version), predecessor: (version > 1).then(|| name(version - 1)) }
}

/// What an honest party publishes at targets version `version`, which lists releases 1 to `version`.
pub fn view(party: Party, version: u64) -> PartyView {
    let timestamp = link("timestamp", party, version);
    let targets = link("targets", party, version);
    let snapshot = id(format!("{party} snapshot {version}"));
    let pin = |name: &str| Pin { version, length: 500 + version, sha256: id(format!("{party} {name} file {version}")) };
    PartyView {
        roots: vec![],
        timestamp: TimestampView {
            link: timestamp,
            seal: Seal { id: timestamp.id, signers: online(party) },
            expires: NOW + 7 * DAY,
            signed: NOW - DAY / 2,
            snapshot: pin("snapshot"),
            statement: "We have received no orders.".to_owned(),
            report: String::new(),
        },
        snapshot: SnapshotView {
            file: pin("snapshot"),
            seal: Seal { id: snapshot, signers: online(party) },
            expires: NOW + 7 * DAY,
            targets: pin("targets"),
        },
        targets: TargetsView {
            file: pin("targets"),
            link: targets,
            seal: Seal { id: targets.id, signers: two(party) },
            expires: NOW + 90 * DAY,
            releases: (1..=version).map(|number| (number, listing(number))).collect(),
        },
        links: (2..version).map(|version| link("targets", party, version)).collect(),
    }
}

/// What three honest parties publish.
pub fn candidate(version: u64) -> Candidate {
    Candidate { parties: PerParty::make(|party| view(party, version)), package: None }
}

pub fn package(number: u64) -> PackageView {
    let listing = listing(number);
    let rules = listing.release.rules.clone();
    PackageView { length: listing.length, sha256: listing.sha256, inner: listing.release, rules }
}

/// A candidate with its package.
pub fn with_package(version: u64) -> Candidate {
    Candidate { package: Some(package(version)), ..candidate(version) }
}

/// The root after `before`, with other roles, signed by some.
pub fn root_after(party: Party, before: Digest, version: u64, roles: Roles, signers: BTreeSet<Key>) -> RootView {
    let id = id(format!("{party} root {version} {roles:?}"));
    RootView {
        link: Link { version, id, predecessor: Some(before) },
        seal: Seal { id, signers },
        expires: NOW + 365 * DAY,
        roles,
    }
}

/// A second root for a party.
pub fn root(party: Party, roles: Roles, signers: BTreeSet<Key>) -> RootView {
    root_after(party, id(format!("{party} root 1")), 2, roles, signers)
}

/// What is remembered after a decision that is not a refusal.
pub fn next(decision: Decision) -> State {
    match decision {
        Decision::Refused(refusal) => panic!("refused: {refusal}"),
        Decision::Forked { next, .. }
        | Decision::UpToDate { next }
        | Decision::Waiting { next, .. }
        | Decision::Download { next, .. }
        | Decision::Install { next, .. } => *next,
    }
}

/// Spoils a candidate and says how it is refused.
pub fn refused(spoil: impl FnOnce(&mut Candidate)) -> Refusal {
    refused_after(&state(), spoil)
}

pub fn refused_after(state: &State, spoil: impl FnOnce(&mut Candidate)) -> Refusal {
    let mut candidate = with_package(2);
    spoil(&mut candidate);
    match decide(state, &candidate, NOW) {
        Decision::Refused(refusal) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}
