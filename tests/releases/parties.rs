//! Three parties with keys and repositories of their own, and a mirror on this machine that serves all of them.

use bulkhead_repository::{Entry, Lifetimes, Pair, Repository};
use bulkhead_trust::read::{root, targets};
use bulkhead_trust::{Chain, Digest, Party, PartyState, PerParty, Release, RoleKeys, Roles, Time};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

type Files = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

/// A party: keys 0 to 3 are offline, 4 is online.
struct House {
    pairs: Vec<Pair>,
    signers: [usize; 2],
    repository: Repository,
    releases: Vec<Entry>,
}

pub struct Parties {
    houses: PerParty<House>,
    served: Files,
    address: String,
    silent: Arc<AtomicBool>,
}

impl Parties {
    /// Parties that have listed nothing yet.
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let served = Files::default();
        let (files, silent) = (served.clone(), Arc::new(AtomicBool::new(false)));
        let mute = silent.clone();
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (files, mute) = (files.clone(), mute.clone());
                std::thread::spawn(move || {
                    while mute.load(Ordering::Relaxed) {
                        std::thread::sleep(Duration::from_millis(50));
                    }
                    serve(client, &files);
                });
            }
        });
        let mut parties = Self { houses: PerParty::make(House::new), served, address, silent };
        Party::ALL.into_iter().for_each(|party| parties.houses.of_mut(party).list(vec![]));
        parties.serve();
        parties
    }

    /// All three list a release and offer its package.
    pub fn publish(&mut self, release: &Release, package: &[u8]) {
        let entry = Entry { release: release.clone(), length: package.len() as u64, sha256: Digest::of(package) };
        for party in Party::ALL {
            let house = self.houses.of_mut(party);
            let releases = house.releases.iter().cloned().chain([entry.clone()]).collect();
            house.list(releases);
            house.repository.add_package(release.number, package.to_vec());
        }
        self.serve();
    }

    /// One of the parties replaces one of its keys, and signs with the others from now on.
    pub fn rotate(&mut self, party: Party) {
        let house = self.houses.of_mut(party);
        house.pairs.push(Pair::from_seed(&[200; 32]));
        house.signers = [1, 2];
        let roles = house.roles([1, 2, 3, 5]);
        let root = house.repository.root(now(), &roles).unwrap().signed_by(house.signing());
        house.repository.add_root(&root);
        let releases = house.releases.clone();
        house.list(releases);
        self.serve();
    }

    /// One of the parties says something else about a release than before.
    pub fn fork(&mut self, party: Party, number: u64) {
        let house = self.houses.of_mut(party);
        let mut releases = house.releases.clone();
        releases.iter_mut().find(|entry| entry.release.number == number).unwrap().length += 1;
        house.list(releases);
        self.serve();
    }

    /// Whether the mirrors accept connections and say nothing.
    pub fn fall_silent(&self, silent: bool) {
        self.silent.store(silent, Ordering::Relaxed);
    }

    fn serve(&self) {
        let mut served = self.served.lock().unwrap();
        for (party, house) in self.houses.iter() {
            for (name, bytes) in house.repository.files() {
                served.insert(format!("/{}/{name}", party.name()), bytes.clone());
            }
        }
    }

    /// Writes what is served into a folder.
    pub fn write(&self, folder: &Path) {
        for (name, bytes) in &*self.served.lock().unwrap() {
            let path = folder.join(name.trim_start_matches('/'));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }

    /// What an installation knows of the parties when it is made.
    pub fn first(&self) -> PerParty<PartyState> {
        PerParty::make(|party| {
            let repository = &self.houses.of(party).repository;
            let root = root(repository.file("metadata/1.root.json"), &BTreeSet::new()).unwrap();
            let targets = targets(repository.file("metadata/1.targets.json"), &BTreeSet::new()).unwrap();
            PartyState::first(Chain::new(root.link.id), root.roles, Chain::new(targets.link.id))
        })
    }

    pub fn roots(&self) -> PerParty<Vec<Vec<u8>>> {
        PerParty::make(|party| vec![self.houses.of(party).repository.file("metadata/1.root.json").to_vec()])
    }

    /// The list of mirrors, as it comes with a release.
    pub fn mirrors(&self) -> Vec<u8> {
        let list = PerParty::make(|party| vec![format!("{}/{}", self.address, party.name())]);
        serde_json::to_vec(&list).unwrap()
    }
}

impl House {
    fn new(party: Party) -> Self {
        let pair = |number: u8| Pair::from_seed(&[50 + 20 * party as u8 + number; 32]);
        let (pairs, repository) = ((0..5).map(pair).collect(), Repository::new(Lifetimes::default()));
        let mut house = Self { pairs, signers: [0, 1], repository, releases: vec![] };
        let roles = house.roles([0, 1, 2, 3]);
        let root = house.repository.root(now(), &roles).unwrap().signed_by(house.signing());
        house.repository.add_root(&root);
        house
    }

    fn roles(&self, offline: [usize; 4]) -> Roles {
        let role = |keys: &[usize], threshold| RoleKeys {
            keys: keys.iter().map(|number| self.pairs[*number].key()).collect(),
            threshold,
        };
        let (offline, online) = (role(&offline, 2), role(&[4], 1));
        Roles { root: offline.clone(), timestamp: online.clone(), snapshot: online, targets: offline }
    }

    fn signing(&self) -> impl Iterator<Item = &Pair> {
        self.signers.iter().map(|number| &self.pairs[*number])
    }

    fn list(&mut self, releases: Vec<Entry>) {
        let targets = self.repository.targets(now(), &releases).unwrap().signed_by(self.signing());
        self.repository.add_targets(&targets);
        let snapshot = self.repository.snapshot(now()).unwrap().signed_by([&self.pairs[4]]);
        self.repository.add_snapshot(&snapshot);
        let stamp = self.repository.timestamp(now(), "We have received no orders.", "Nothing.").unwrap();
        self.repository.add_timestamp(&stamp.signed_by([&self.pairs[4]]));
        self.releases = releases;
    }
}

pub fn now() -> Time {
    Time::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap()
}

/// One request; a mirror that does what it should.
fn serve(mut client: TcpStream, files: &Files) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") && client.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default();
    let file = files.lock().unwrap().get(path).cloned();
    let (status, body) = file.map_or(("404 Not Found", vec![]), |body| ("200 OK", body));
    let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = client.write_all(answer.as_bytes()).and_then(|()| client.write_all(&body));
}
