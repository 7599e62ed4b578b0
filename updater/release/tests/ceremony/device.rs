//! A device: the first installation, and an update as the launcher does it.

use bulkhead_install::{Installation, Taken};
use bulkhead_package::pack;
use bulkhead_staging::{Staged, evidence, prepare, read as staged};
use bulkhead_trust::read::{signed_bytes, snapshot, timestamp};
use bulkhead_trust::{Candidate, Decision, Party, PerParty, Release, decide, read};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

/// Names of a release's programs. Compiling them is another test's: here small texts stand for them.
const PROGRAMS: [&str; 8] = [
    "bulkhead",
    "bulkhead-install",
    "bulkhead-keyring",
    "bulkhead-net",
    "bulkhead-seal",
    "bulkhead-ui",
    "bulkhead-update",
    "bulkhead-vault",
];

pub fn now() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// The package of a checked out tree: the same bytes wherever it is made.
pub fn build(tree: &Path, release: &Release) -> Vec<u8> {
    let scratch = TempDir::new().unwrap();
    for top in ["bin", "rules", "metadata"] {
        fs::create_dir(scratch.path().join(top)).unwrap();
    }
    for name in PROGRAMS {
        let text = format!("#!/bin/sh\n# {name} {}\n", release.version);
        fs::write(scratch.path().join("bin").join(name), text).unwrap();
    }
    for process in release.rules.keys() {
        let name = format!("{process}.json");
        fs::copy(tree.join("sandbox-rules/rules").join(&name), scratch.path().join("rules").join(name)).unwrap();
    }
    fs::write(scratch.path().join("metadata/release.json"), serde_json::to_vec(release).unwrap()).unwrap();
    fs::write(scratch.path().join("metadata/parties.json"), MIRRORS).unwrap();
    let mut package = Vec::new();
    pack(scratch.path(), &mut package).unwrap();
    package
}

/// Where a real device would ask. This one reads the folders.
const MIRRORS: &[u8] = br#"{"development":["https://development.example.org"],"quality":["https://quality.example.org"],"security":["https://security.example.org"]}"#;

pub struct Device {
    installation: Installation,
    served: PerParty<PathBuf>,
}

impl Device {
    pub fn new(root: PathBuf, [development, quality, security]: [PathBuf; 3]) -> Self {
        Self { installation: Installation::at(root), served: PerParty { development, quality, security } }
    }

    fn file(&self, party: Party, name: &str) -> Vec<u8> {
        fs::read(self.served.of(party).join("metadata").join(name)).unwrap()
    }

    /// Installs for the first time, from the file that people download.
    pub fn install(&self, file: &Path) {
        bulkhead_first::install::install(file, self.installation.root(), None, now()).unwrap();
    }

    /// What the fetcher stages, from folders instead of mirrors.
    fn fetch(&self) {
        let state = self.installation.state().unwrap();
        let roots = self.installation.roots(&state).unwrap();
        prepare(&self.installation.staging(), &state, &roots, &self.installation.parties().unwrap()).unwrap();
        for party in Party::ALL {
            let stamp = self.file(party, "timestamp.json");
            let pin = timestamp(&stamp, &BTreeSet::new()).unwrap().snapshot;
            let snap = self.file(party, &format!("{}.snapshot.json", pin.version));
            let newest = snapshot(&snap, &BTreeSet::new()).unwrap().targets.version;
            let list = |version| self.file(party, &format!("{version}.targets.json"));
            let known = state.parties.of(party);
            let links = (known.targets.version() + 1..newest).map(|version| signed_bytes(&list(version)).unwrap());
            let came = Staged {
                links: links.collect(),
                timestamp: stamp,
                snapshot: snap,
                targets: list(newest),
                ..Staged::default()
            };
            came.write(&self.installation.staging(), party, known).unwrap();
        }
    }

    /// Looks for a release, as the launcher does in a round; its trial, which needs programs that run, aside.
    pub fn update(&self) -> u64 {
        self.fetch();
        let installation = &self.installation;
        let state = installation.state().unwrap();
        let roots = installation.roots(&state).unwrap();
        let came = staged(&installation.staging(), &state, &roots);
        let came = PerParty {
            development: came.development.unwrap(),
            quality: came.quality.unwrap(),
            security: came.security.unwrap(),
        };
        let parties =
            PerParty::make(|party| read(party, state.parties.of(party), &came.of(party).files(), now()).unwrap());
        let candidate = Candidate { parties, package: None };
        let Decision::Download { release, .. } = decide(&state, &candidate, now()) else {
            panic!("nothing to download")
        };
        let number = release.release.number;
        let package = self.served.security.join(format!("targets/releases/{number}/{}.package", release.sha256));
        fs::copy(package, installation.staged_package()).unwrap();
        assert_eq!(installation.take(&release).unwrap(), Taken::Listed);
        let package = Some(installation.unpack(&release).unwrap());
        let Decision::Install { next, .. } = decide(&state, &Candidate { package, ..candidate }, now()) else {
            panic!("the package is not installed")
        };
        for party in Party::ALL {
            evidence::remember(&installation.trusted(), party, came.of(party), next.parties.of(party)).unwrap();
        }
        installation.keep_state(&next).unwrap();
        installation.switch(number).unwrap();
        installation.proven().unwrap();
        number
    }
}
