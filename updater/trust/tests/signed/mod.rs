//! A world with real keys and real repositories.
#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

use bulkhead_repository::{Draft, Entry, Lifetimes, Pair, Repository};
use bulkhead_trust::read::{root, signed_bytes, targets};
use bulkhead_trust::{
    Candidate, Chain, Digest, Files, Key, Party, PartyState, PartyView, PerParty, Refusal, Release, RoleKeys, Roles,
    Rules, State, Time, links, read,
};
use std::collections::{BTreeMap, BTreeSet};

pub const DAY: Time = 24 * 60 * 60;
pub const NOW: Time = 1_800_000_000;

/// A party with its keys: 0 to 3 offline, 4 online, then spare ones.
pub struct House {
    pub party: Party,
    pub pairs: Vec<Pair>,
    pub repository: Repository,
    pub releases: Vec<Entry>,
    /// The time at which it does everything that it does.
    pub now: Time,
    /// What its mirrors serve instead of what it published.
    pub replaced: BTreeMap<String, Vec<u8>>,
}

pub fn pair(party: Party, number: u8) -> Pair {
    Pair::from_seed(&[100 + 20 * party as u8 + number; 32])
}

pub fn rules(version: u64) -> BTreeMap<String, Rules> {
    let rules = Rules { version, sha256: Digest::of(&version.to_be_bytes()) };
    ["net", "ui", "vault"].map(|process| (process.to_owned(), rules)).into()
}

pub fn release(number: u64) -> Release {
    Release { number, version: format!("1.{number}.0"), changes: "Mends a fault.".to_owned(), rules: rules(number) }
}

pub fn package(number: u64) -> Vec<u8> {
    format!("the package of release {number}").into_bytes()
}

pub fn entry(number: u64) -> Entry {
    let package = package(number);
    Entry { release: release(number), length: package.len() as u64, sha256: Digest::of(&package) }
}

pub fn roles(offline: BTreeSet<Key>, online: Key) -> Roles {
    let offline = RoleKeys { keys: offline, threshold: 2 };
    let online = RoleKeys { keys: BTreeSet::from([online]), threshold: 1 };
    Roles { root: offline.clone(), timestamp: online.clone(), snapshot: online, targets: offline }
}

impl House {
    /// A party whose release 1 was published an hour ago.
    pub fn new(party: Party) -> Self {
        Self::at(party, NOW)
    }

    /// The same, at another time.
    pub fn at(party: Party, now: Time) -> Self {
        let pairs: Vec<Pair> = (0..8).map(|number| pair(party, number)).collect();
        let mut house = Self {
            party,
            pairs,
            repository: Repository::new(Lifetimes::default()),
            releases: vec![],
            now,
            replaced: BTreeMap::new(),
        };
        let roles = house.roles([0, 1, 2, 3], 4);
        let root = house.repository.root(now - DAY, &roles).unwrap().signed_by(house.by([0, 1]));
        house.repository.add_root(&root);
        house.publish(1);
        house
    }

    pub fn by(&self, numbers: impl IntoIterator<Item = usize>) -> impl Iterator<Item = &Pair> {
        numbers.into_iter().map(|number| &self.pairs[number])
    }

    pub fn roles(&self, offline: impl IntoIterator<Item = usize>, online: usize) -> Roles {
        roles(self.by(offline).map(Pair::key).collect(), self.pairs[online].key())
    }

    /// Lists the release, keeping the last three, and says that it is current.
    pub fn publish(&mut self, number: u64) {
        self.releases.push(entry(number));
        let from = self.releases.len().saturating_sub(3);
        let targets = self.repository.targets(self.now - 3_600, &self.releases[from..]).unwrap();
        let targets = targets.signed_by(self.by([0, 1]));
        self.repository.add_targets(&targets);
        self.repository.add_package(number, package(number));
        let snapshot = self.repository.snapshot(self.now - 3_600).unwrap().signed_by(self.by([4]));
        self.repository.add_snapshot(&snapshot);
        self.stamp();
    }

    pub fn stamp(&mut self) {
        let stamp = self.repository.timestamp(self.now - 3_600, "We have received no orders.", "Nothing.").unwrap();
        let stamp = stamp.signed_by(self.by([4]));
        self.repository.add_timestamp(&stamp);
    }

    /// Lets its mirrors serve other bytes as this release's package.
    pub fn replace_package(&mut self, number: u64, bytes: Vec<u8>) {
        let name = format!("targets/releases/{number}/{}.package", Digest::of(&package(number)));
        self.replaced.insert(name, bytes);
    }

    pub fn rotate(&mut self, roles: &Roles, by: impl IntoIterator<Item = usize>) {
        let root = self.repository.root(self.now, roles).unwrap().signed_by(self.by(by));
        self.repository.add_root(&root);
    }

    /// What an installation ships: the first root, and the chain up to the first targets file.
    pub fn first(&self) -> PartyState {
        let root = root(self.repository.file("metadata/1.root.json"), &BTreeSet::new()).unwrap();
        let targets = targets(self.repository.file("metadata/1.targets.json"), &BTreeSet::new()).unwrap();
        PartyState::first(Chain::new(root.link.id), root.roles, Chain::new(targets.link.id))
    }

    pub fn staged(&self, known: &PartyState) -> Staged {
        let file = |name: String| self.repository.file(&format!("metadata/{name}")).to_vec();
        let (roots, version) = self.repository.versions();
        let snapshot = self.repository.files().keys().filter(|name| name.ends_with(".snapshot.json")).count();
        let links = (0..=links::segment(version))
            .flat_map(|n| links::split(&file(format!("links/{n}"))).unwrap())
            .skip(usize::try_from(known.targets.version()).unwrap())
            .take(usize::try_from(version.saturating_sub(known.targets.version() + 1)).unwrap())
            .collect();
        Staged {
            trusted: file(format!("{}.root.json", known.roots.version())),
            roots: (known.roots.version() + 1..=roots).map(|n| file(format!("{n}.root.json"))).collect(),
            timestamp: file("timestamp.json".to_owned()),
            snapshot: file(format!("{snapshot}.snapshot.json")),
            targets: file(format!("{version}.targets.json")),
            links,
        }
    }
}

/// A party's files, to spoil.
#[derive(Clone)]
pub struct Staged {
    pub trusted: Vec<u8>,
    pub roots: Vec<Vec<u8>>,
    pub timestamp: Vec<u8>,
    pub snapshot: Vec<u8>,
    pub targets: Vec<u8>,
    pub links: Vec<Vec<u8>>,
}

impl Staged {
    pub fn read(&self, party: Party, known: &PartyState) -> Result<PartyView, Refusal> {
        let files = Files {
            trusted: &self.trusted,
            roots: &self.roots,
            timestamp: &self.timestamp,
            snapshot: &self.snapshot,
            targets: &self.targets,
            links: &self.links,
        };
        read(party, known, &files, NOW)
    }
}

pub fn houses() -> PerParty<House> {
    PerParty::make(House::new)
}

pub fn first(houses: &PerParty<House>) -> State {
    State::first(PerParty::make(|party| houses.of(party).first()), &release(1))
}

pub fn candidate(houses: &PerParty<House>, state: &State) -> Result<Candidate, Refusal> {
    let parties = PerParty::try_make(|party| {
        let known = state.parties.of(party);
        houses.of(party).staged(known).read(party, known)
    })?;
    Ok(Candidate { parties, package: None })
}

/// Takes a file apart, changes what it says, and signs it again.
pub fn altered<'a>(
    file: &[u8],
    by: impl IntoIterator<Item = &'a Pair>,
    change: impl FnOnce(&mut serde_json::Value),
) -> Vec<u8> {
    let mut signed: serde_json::Value = serde_json::from_slice(&signed_bytes(file).unwrap()).unwrap();
    change(&mut signed);
    Draft::of(signed).unwrap().signed_by(by).file()
}
