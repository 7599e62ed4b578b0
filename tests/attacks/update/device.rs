//! A device that looks for updates: fetcher and launcher in one process, with a folder between them.

use crate::bad::{Files, Mirror, Mood, mirror, mirrors};
use crate::signed::{House, NOW, altered, first, houses, package, release, rules};
use bulkhead_fetch::Trouble;
use bulkhead_fetch::package::{Wanted, fetch};
use bulkhead_fetch::stage::{Failure, all};
use bulkhead_staging::evidence::remember;
use bulkhead_staging::{Staged, part, prepare, read};
use bulkhead_trust::{
    Candidate, Decision, Digest, Listing, PackageView, Party, PerParty, Refusal, Release, State, Time, decide,
};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

pub const QA: Party = Party::Quality;

/// What came of a look.
#[derive(Debug)]
pub enum Seen {
    /// The quality party's files did not come; the others' mirrors are honest.
    Trouble(Trouble),
    /// They came, and this was decided.
    Decided(Decision),
}

impl Seen {
    pub fn refusal(self) -> Refusal {
        match self {
            Self::Decided(Decision::Refused(refusal)) => refusal,
            other => panic!("not refused: {other:?}"),
        }
    }

    pub fn trouble(self) -> Trouble {
        match self {
            Self::Trouble(trouble) => trouble,
            other => panic!("no trouble: {other:?}"),
        }
    }

    pub fn listing(self) -> Listing {
        match self {
            Self::Decided(Decision::Download { release, .. }) => *release,
            other => panic!("not to be downloaded: {other:?}"),
        }
    }

    pub fn downloads(self) -> u64 {
        self.listing().release.number
    }

    /// What is remembered from now on.
    pub fn next(self) -> State {
        match self {
            Self::Decided(
                Decision::UpToDate { next }
                | Decision::Waiting { next, .. }
                | Decision::Download { next, .. }
                | Decision::Forked { next, .. },
            ) => *next,
            other => panic!("nothing to remember: {other:?}"),
        }
    }
}

/// A device with release 1 installed.
pub struct Device {
    pub folder: PathBuf,
    pub state: State,
    pub roots: PerParty<Vec<u8>>,
    pub now: Time,
    pub staged: Option<PerParty<Staged>>,
}

impl Drop for Device {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

impl Device {
    pub fn new(houses: &PerParty<House>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("bulkhead-attack-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&folder);
        let roots = PerParty::make(|party| houses.of(party).repository.file("metadata/1.root.json").to_vec());
        Self { folder, state: first(houses), roots, now: NOW, staged: None }
    }

    pub fn staging(&self) -> PathBuf {
        self.folder.join("staging")
    }

    /// The state as it lies on the disk.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(&self.state).unwrap()
    }

    /// Fetches, stages, reads back and decides. What was decided is not remembered yet; a refusal must leave nothing behind.
    pub async fn look(&mut self, list: &PerParty<Vec<&Mirror>>) -> Seen {
        let before = self.bytes();
        prepare(&self.staging(), &self.state, &self.roots, b"{}").unwrap();
        let sources = PerParty::make(|party| mirrors(list.of(party)));
        let came = all(&sources, &self.state, &self.roots, self.now).await;
        for party in Party::ALL {
            let known = self.state.parties.of(party);
            match came.of(party) {
                Ok((staged, _)) => staged.write(&self.staging(), party, known).unwrap(),
                Err(Failure::Refused(_, staged)) => staged.write(&self.staging(), party, known).unwrap(),
                Err(Failure::Mirrors(trouble)) => {
                    assert_eq!(party, QA);
                    return Seen::Trouble(*trouble);
                }
            }
        }
        let seen = Seen::Decided(self.judge(None));
        assert_eq!(self.bytes(), before, "looking changed the state");
        seen
    }

    /// The launcher's part: from staged bytes alone.
    pub fn judge(&mut self, package: Option<PackageView>) -> Decision {
        let staged = read(&self.staging(), &self.state, &self.roots);
        let staged = PerParty { development: staged.development, quality: staged.quality, security: staged.security };
        let staged = PerParty {
            development: staged.development.unwrap(),
            quality: staged.quality.unwrap(),
            security: staged.security.unwrap(),
        };
        let read =
            |party| bulkhead_trust::read(party, self.state.parties.of(party), &staged.of(party).files(), self.now);
        let decision = match PerParty::try_make(read) {
            Ok(parties) => decide(&self.state, &Candidate { parties, package }, self.now),
            Err(refusal) => Decision::Refused(refusal),
        };
        self.staged = Some(staged);
        decision
    }

    /// Looks, and remembers what was accepted, with all that could prove a fork later.
    pub async fn accept(&mut self, list: &PerParty<Vec<&Mirror>>) {
        let next = self.look(list).await.next();
        let staged = self.staged.take().unwrap();
        for party in Party::ALL {
            remember(&self.folder.join("trusted"), party, staged.of(party), next.parties.of(party)).unwrap();
            if let Some(root) = staged.of(party).roots.last() {
                self.roots.of_mut(party).clone_from(root);
            }
        }
        self.state = next;
    }

    /// Fetches the package of a release into the staging folder.
    pub async fn fetch(&self, listing: &Listing, from: &[&Mirror]) -> Result<(), Trouble> {
        let path = format!("releases/{}/{}.package", listing.release.number, listing.sha256);
        let wanted = Wanted { path: &path, length: listing.length, sha256: listing.sha256 };
        fetch(&mirrors(from), wanted, &part(&self.staging()), |_| ()).await
    }
}

/// What a package is, as the launcher finds out: its bytes, and what is in it.
pub fn view(bytes: &[u8], inner: Release) -> PackageView {
    let rules = inner.rules.clone();
    PackageView { length: bytes.len() as u64, sha256: Digest::of(bytes), inner, rules }
}

/// The honest package of a release.
pub fn honest(number: u64) -> PackageView {
    view(&package(number), release(number))
}

/// What a mirror serves once somebody with the online key has it say that `targets`, version `version`, is current:
/// these targets, and snapshot and timestamp that name them.
pub fn announcing(house: &House, version: u64, targets: Vec<u8>) -> Files {
    let file = |name: &str| house.repository.file(&format!("metadata/{name}")).to_vec();
    let stamped: serde_json::Value = serde_json::from_slice(&file("timestamp.json")).unwrap();
    let number = stamped["signed"]["meta"]["snapshot.json"]["version"].as_u64().unwrap();
    let newest = format!("{number}.snapshot.json");
    let snapshot =
        altered(&file(&newest), house.by([4]), |signed| pin(&mut signed["meta"]["targets.json"], version, &targets));
    let stamp = altered(&file("timestamp.json"), house.by([4]), |signed| {
        pin(&mut signed["meta"]["snapshot.json"], number, &snapshot);
    });
    let served = files(house);
    let names = [format!("{version}.targets.json"), newest, "timestamp.json".to_owned()];
    served.lock().unwrap().extend(names.into_iter().zip([targets, snapshot, stamp]));
    served
}

fn pin(pin: &mut serde_json::Value, version: u64, file: &[u8]) {
    (pin["version"], pin["length"]) = (json!(version), json!(file.len()));
    pin["hashes"]["sha256"] = json!(Digest::of(file));
}

/// Three parties at release 2, their honest mirrors, and a device that has shown that it takes this release.
pub struct World {
    pub houses: PerParty<House>,
    pub mirrors: PerParty<Mirror>,
    pub device: Device,
}

impl World {
    pub async fn new() -> Self {
        let mut houses = houses();
        let device = Device::new(&houses);
        Party::ALL.into_iter().for_each(|party| houses.of_mut(party).publish(2));
        let mirrors = PerParty {
            development: of(&houses.development).await,
            quality: of(&houses.quality).await,
            security: of(&houses.security).await,
        };
        let mut world = Self { houses, mirrors, device };
        world.control(2).await;
        world
    }

    /// Publishes a release in all parties' houses and on their mirrors.
    pub async fn publish(&mut self, number: u64) {
        for party in Party::ALL {
            self.houses.of_mut(party).publish(number);
        }
        self.serve().await;
    }

    /// Lets the honest mirrors serve what the houses have published by now.
    pub async fn serve(&mut self) {
        self.mirrors = PerParty {
            development: of(&self.houses.development).await,
            quality: of(&self.houses.quality).await,
            security: of(&self.houses.security).await,
        };
    }

    /// That the device takes the honest release: otherwise an attack that fails proves nothing.
    pub async fn control(&mut self, number: u64) {
        let list = PerParty::make(|party| vec![self.mirrors.of(party)]);
        assert_eq!(self.device.look(&list).await.downloads(), number, "the control fails");
        let decision = self.device.judge(Some(honest(number)));
        assert!(matches!(decision, Decision::Install { .. }), "the control fails: {decision:?}");
    }

    /// Looks with these mirrors for the quality party, and honest ones for the others.
    pub async fn look(&mut self, quality: &[&Mirror]) -> Seen {
        let PerParty { development, security, .. } = &self.mirrors;
        let list = PerParty { development: vec![development], quality: quality.to_vec(), security: vec![security] };
        self.device.look(&list).await
    }

    /// Looks with these mirrors beside the honest one, in both orders.
    pub async fn look_beside(&mut self, bad: &Mirror) -> [Seen; 2] {
        let PerParty { development, quality, security } = &self.mirrors;
        let list = |quality| PerParty { development: vec![development], quality, security: vec![security] };
        let first = self.device.look(&list(vec![bad, quality])).await;
        [first, self.device.look(&list(vec![quality, bad])).await]
    }

    /// Looks with all honest mirrors.
    pub async fn look_honestly(&mut self) -> Seen {
        let list = PerParty::make(|party| vec![self.mirrors.of(party)]);
        self.device.look(&list).await
    }

    /// Looks with all honest mirrors, and remembers.
    pub async fn accept(&mut self) {
        let list = PerParty::make(|party| vec![self.mirrors.of(party)]);
        self.device.accept(&list).await;
    }
}

/// What a house's mirrors serve, to be changed.
pub fn files(house: &House) -> Files {
    let below = |name: &str| name.strip_prefix("metadata/").or(name.strip_prefix("targets/")).unwrap().to_owned();
    let files = house.repository.files().iter().map(|(name, bytes)| (below(name), bytes.clone()));
    Arc::new(Mutex::new(files.collect()))
}

/// A good mirror of a house.
pub async fn of(house: &House) -> Mirror {
    mirror(Mood::Good, &files(house)).await
}

/// A mirror with a mood.
pub async fn with(mood: Mood, house: &House) -> Mirror {
    mirror(mood, &files(house)).await
}

/// A mirror that serves some files otherwise; what is `None` it does not have.
pub async fn serving(house: &House, other: &[(&str, Option<Vec<u8>>)]) -> Mirror {
    let files = files(house);
    for (name, bytes) in other {
        match bytes {
            Some(bytes) => files.lock().unwrap().insert((*name).to_owned(), bytes.clone()),
            None => files.lock().unwrap().remove(*name),
        };
    }
    mirror(Mood::Good, &files).await
}

/// Signs a snapshot and a timestamp for the house's targets file, with these keys, and says that they are current.
pub fn announce(house: &mut House, online: usize) {
    let snapshot = house.repository.snapshot(house.now - 3_600).unwrap().signed_by(house.by([online]));
    house.repository.add_snapshot(&snapshot);
    let stamp = house.repository.timestamp(house.now - 3_600, "", "").unwrap().signed_by(house.by([online]));
    house.repository.add_timestamp(&stamp);
}

/// A release with other rules.
pub fn ruled(number: u64, version: u64) -> Release {
    Release { rules: rules(version), ..release(number) }
}

pub fn read_file(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap()
}
