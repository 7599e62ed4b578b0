//! Three parties, releases that are small, the file that people would download, and a place for them to install it.
#![allow(dead_code, reason = "each test takes what it needs")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

use bulkhead_first::bundle;
use bulkhead_package::pack;
use bulkhead_repository::{Entry, Lifetimes, Pair, Repository};
use bulkhead_staging::Staged;
use bulkhead_trust::{Digest, Party, PerParty, Release, RoleKeys, Roles, Rules, Time};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

pub const DAY: Time = 24 * 60 * 60;
pub const INSTALLER: &[u8] = b"the program that installs";

pub fn now() -> Time {
    Time::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// A party: keys 0 to 3 are offline, 4 is online, 5 is a spare one.
#[derive(Clone)]
pub struct House {
    pub seed: u8,
    pub offline: Vec<usize>,
    pub repository: Repository,
    pub releases: Vec<Entry>,
}

impl House {
    pub fn new(party: Party) -> Self {
        Self::with(10 * (party as u8 + 1), vec![0, 1, 2, 3], 2)
    }

    pub fn with(seed: u8, offline: Vec<usize>, threshold: u32) -> Self {
        let repository = Repository::new(Lifetimes::default());
        let mut house = Self { seed, offline, repository, releases: vec![] };
        let roles = house.roles(threshold, 4);
        let root = house.repository.root(now(), &roles).unwrap().signed_by(&house.pairs());
        house.repository.add_root(&root);
        house
    }

    pub fn pair(&self, number: usize) -> Pair {
        Pair::from_seed(&[self.seed + u8::try_from(number).unwrap(); 32])
    }

    /// The two that sign.
    pub fn pairs(&self) -> [Pair; 2] {
        [self.pair(self.offline[0]), self.pair(self.offline[1])]
    }

    pub fn roles(&self, threshold: u32, online: usize) -> Roles {
        let keys = |numbers: &[usize]| numbers.iter().map(|number| self.pair(*number).key()).collect();
        let offline = RoleKeys { keys: keys(&self.offline), threshold };
        let online = RoleKeys { keys: keys(&[online]), threshold: 1 };
        Roles { root: offline.clone(), timestamp: online.clone(), snapshot: online, targets: offline }
    }

    /// Key 0 is lost, and 5 takes its place.
    pub fn rotate(&mut self) {
        self.offline = vec![1, 2, 3, 5];
        let roles = self.roles(2, 4);
        let root = self.repository.root(now(), &roles).unwrap().signed_by(&self.pairs());
        self.repository.add_root(&root);
    }

    pub fn list(&mut self, releases: Vec<Entry>, at: Time) {
        let targets = self.repository.targets(at, &releases).unwrap().signed_by(&self.pairs());
        self.repository.add_targets(&targets);
        let snapshot = self.repository.snapshot(at).unwrap().signed_by(&[self.pair(4)]);
        self.repository.add_snapshot(&snapshot);
        self.stamp(at);
        self.releases = releases;
    }

    pub fn stamp(&mut self, at: Time) {
        let stamp = self.repository.timestamp(at, "Nobody forces us.", "No orders.").unwrap();
        self.repository.add_timestamp(&stamp.signed_by(&[self.pair(4)]));
    }

    /// What its mirrors serve, as a folder.
    pub fn serve(&self, folder: &Path) {
        for (name, bytes) in self.repository.files() {
            let path = folder.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    }
}

/// A release with few bytes.
pub struct Made {
    pub entry: Entry,
    pub package: Vec<u8>,
}

pub fn made(number: u64) -> Made {
    made_of(number, |_| ())
}

/// The same, with something else in its folder.
pub fn made_of(number: u64, change: impl Fn(&Path)) -> Made {
    let place = Scratch::new();
    let folder = place.0.join("release");
    ["bin", "rules", "metadata"].iter().for_each(|top| fs::create_dir_all(folder.join(top)).unwrap());
    let rules = format!("{{\"version\": {number}}}");
    fs::write(folder.join("rules/ui.json"), &rules).unwrap();
    let rules = Rules { version: number, sha256: Digest::of(rules.as_bytes()) };
    let release = Release {
        number,
        version: format!("0.{number}.0"),
        changes: format!("What release {number} changes."),
        rules: [("ui".to_owned(), rules)].into(),
    };
    fs::write(folder.join("bin/bulkhead"), format!("#!/bin/sh\necho launcher {number}\n")).unwrap();
    fs::write(folder.join("bin/bulkhead-install"), INSTALLER).unwrap();
    fs::write(folder.join("metadata/release.json"), serde_json::to_vec(&release).unwrap()).unwrap();
    let mirrors = PerParty::make(|party| vec![format!("https://mirror.example/{}", party.name())]);
    fs::write(folder.join("metadata/parties.json"), serde_json::to_vec(&mirrors).unwrap()).unwrap();
    change(&folder);
    let mut package = Vec::new();
    pack(&folder, &mut package).unwrap();
    let entry = Entry { release, length: package.len() as u64, sha256: Digest::of(&package) };
    Made { entry, package }
}

/// Parties that have listed releases 1 and 2, the second with another key of quality, and the package of the second.
pub struct World {
    pub scratch: Scratch,
    pub houses: PerParty<House>,
    pub package: Vec<u8>,
}

impl World {
    pub fn new() -> Self {
        Self::at(now(), made(2))
    }

    pub fn at(at: Time, second: Made) -> Self {
        let first = made(1);
        let houses = PerParty::make(|party| {
            let mut house = House::new(party);
            house.list(vec![], at);
            house.list(vec![first.entry.clone()], at);
            if party == Party::Quality {
                house.rotate();
            }
            house.list(vec![first.entry.clone(), second.entry.clone()], at);
            house
        });
        Self { scratch: Scratch::new(), houses, package: second.package }
    }

    /// What the parties publish, as the site collects it.
    pub fn collected(&self) -> PerParty<Staged> {
        PerParty::make(|party| {
            let folder = self.scratch.0.join(format!("served/{}", party.name()));
            let _ = fs::remove_dir_all(&folder);
            self.houses.of(party).serve(&folder);
            bulkhead_first::collect::collect(&folder, party).unwrap()
        })
    }

    /// The file to download.
    pub fn bytes(&self) -> Vec<u8> {
        bytes(&self.collected(), INSTALLER, &self.package)
    }

    pub fn file(&self) -> PathBuf {
        self.saved("bulkhead.tar", &self.bytes())
    }

    pub fn saved(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.scratch.0.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    pub fn home(&self) -> PathBuf {
        let home = self.scratch.0.join("home");
        fs::create_dir_all(&home).unwrap();
        home
    }

    /// Where it is installed by default.
    pub fn root(&self) -> PathBuf {
        self.home().join(".local/lib/bulkhead")
    }

    /// Runs the program as a user would.
    pub fn run(&self, words: &[&str]) -> Output {
        let Some(program) = option_env!("CARGO_BIN_EXE_bulkhead-install") else { panic!("no such program here") };
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.home()).env("TMPDIR", self.scratch.0.join("tmp"));
        fs::create_dir_all(self.scratch.0.join("tmp")).unwrap();
        command.current_dir(&self.scratch.0).args(words).output().unwrap()
    }

    pub fn succeeds(&self, words: &[&str]) -> String {
        let done = self.run(words);
        let said = String::from_utf8(done.stderr).unwrap();
        assert!(done.status.success(), "{words:?}: {said}");
        assert_eq!(said, "", "{words:?}");
        String::from_utf8(done.stdout).unwrap()
    }

    /// It refuses with one sentence that says `why`, and says nothing else.
    pub fn refuses(&self, words: &[&str], why: &str) {
        let done = self.run(words);
        let said = String::from_utf8(done.stderr).unwrap();
        assert!(said.contains(why), "{words:?}: {said}");
        assert!(said.starts_with("bulkhead-install: refused: ") && said.lines().count() == 1, "{said}");
        assert_eq!((done.status.code(), done.stdout.as_slice()), (Some(1), &b""[..]), "{said}");
    }
}

pub fn bytes(parties: &PerParty<Staged>, installer: &[u8], package: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    bundle::write(&mut all, installer, parties, (&mut &*package, package.len() as u64)).unwrap();
    all
}

/// Every file and folder below a folder, and what is in it.
pub fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        let Ok(entries) = fs::read_dir(&next) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() && !path.is_symlink() {
                open.push(path.clone());
            }
            found.push((path.strip_prefix(folder).unwrap().to_owned(), fs::read(&path).unwrap_or_default()));
        }
    }
    found.sort();
    found
}

pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("bulkhead-first-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
