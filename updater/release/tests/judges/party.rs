//! A party's folder: what gets into it, what does not, and that a client believes what comes out.

use bulkhead_release::party::PartyError;
use bulkhead_release::party::folder::Folder;
use bulkhead_release::party::key::{Signature, make, parse, sign};
use bulkhead_release::party::publish::{draft_release, draft_root, publish, roles};
use bulkhead_release::party::timestamp::{Words, stamp};
use bulkhead_repository::{Draft, Pair};
use bulkhead_trust::read::{root, targets, timestamp};
use bulkhead_trust::{
    Candidate, Chain, Decision, Digest, Files, Key, Party, PartyState, PerParty, Release, Rules, State, decide, links,
    read,
};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

const DAY: i64 = 24 * 60 * 60;
const NOW: i64 = 1_800_000_000;
const WORDS: Words<'static> = Words { statement: "Nobody forces us. 15 January 2027, Ada", report: "No orders." };

/// A party: four offline keys, the online one, a spare one.
struct House {
    party: Party,
    keys: Vec<Pair>,
    home: TempDir,
}

fn release(number: u64) -> Release {
    let rules = Rules { version: 1, sha256: Digest::of(b"rules") };
    let rules = ["net", "ui", "vault"].map(|process| (process.to_owned(), rules)).into();
    Release { number, version: format!("1.{number}.0"), changes: "Mends a fault.".into(), rules }
}

impl House {
    fn new(party: Party) -> Self {
        let seed = |number: u8| Pair::from_seed(&[party as u8 * 16 + number; 32]);
        Self { party, keys: (1..7).map(seed).collect(), home: TempDir::new().unwrap() }
    }

    fn folder(&self) -> Folder {
        // A program that another test starts at this moment has the lock until it is executed: it is a fork of this one.
        for _ in 0..1000 {
            match Folder::open(&self.home.path().join("served")) {
                Err(PartyError::Busy) => std::thread::sleep(Duration::from_millis(5)),
                folder => return folder.unwrap(),
            }
        }
        panic!("the folder stays locked");
    }

    fn key(&self, number: usize) -> Key {
        self.keys[number].key()
    }

    fn signed(&self, draft: &Draft, by: &[usize]) -> Vec<(String, Signature)> {
        by.iter().map(|number| (format!("of {number}"), sign(&self.keys[*number], draft.bytes()))).collect()
    }

    fn root(&self, offline: &[usize], by: &[usize], now: i64) -> Result<u64, PartyError> {
        let mut folder = self.folder();
        let keys = roles(offline.iter().map(|number| self.key(*number)).collect(), self.key(4))?;
        let draft = draft_root(&folder, &keys, now)?;
        publish(&mut folder, draft.bytes(), &self.signed(&draft, by), None).map(|done| done.version)
    }

    fn package(&self, number: u64) -> PathBuf {
        let path = self.home.path().join(format!("package-{number}"));
        std::fs::write(&path, format!("the package of release {number}")).unwrap();
        path
    }

    fn release(&self, number: u64, by: &[usize]) -> Result<u64, PartyError> {
        let (mut folder, package) = (self.folder(), self.package(number));
        let draft = draft_release(&folder, release(number), &package, NOW)?;
        publish(&mut folder, draft.bytes(), &self.signed(&draft, by), Some(&package)).map(|done| done.version)
    }

    fn stamp(&self, now: i64) -> Result<u64, PartyError> {
        stamp(&mut self.folder(), &self.keys[4], WORDS, now).map(|done| done.version)
    }

    /// A party with a first release.
    fn begun(party: Party) -> Self {
        let house = Self::new(party);
        assert_eq!(house.root(&[0, 1, 2, 3], &[0, 2], NOW).unwrap(), 1);
        assert_eq!(house.release(1, &[1, 2]).unwrap(), 1);
        assert_eq!(house.stamp(NOW).unwrap(), 1);
        house
    }

    fn file(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.home.path().join("served/metadata").join(name)).unwrap()
    }

    fn first(&self) -> PartyState {
        let root = root(&self.file("1.root.json"), &BTreeSet::new()).unwrap();
        let targets = targets(&self.file("1.targets.json"), &BTreeSet::new()).unwrap();
        PartyState::first(Chain::new(root.link.id), root.roles, Chain::new(targets.link.id))
    }

    /// Everything below the folder, and what is in it.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn walk(folder: &Path, into: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() { walk(&path, into) } else { into.push((path.clone(), std::fs::read(&path).unwrap())) }
            }
        }
        let mut files = Vec::new();
        walk(&self.home.path().join("served"), &mut files);
        files.sort();
        files
    }

    /// Nothing that the mirrors serve changes.
    fn refused(&self, act: impl FnOnce(&Self) -> Result<u64, PartyError>, why: &str) {
        drop(self.folder());
        let before = self.files();
        let error = act(self).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
        assert_eq!(self.files(), before, "{error}");
    }
}

#[test]
fn a_client_takes_what_three_parties_published() {
    let houses = PerParty::make(House::begun);
    let state = State::first(PerParty::make(|party| houses.of(party).first()), &release(1));
    for (_, house) in houses.iter() {
        assert_eq!(house.root(&[0, 1, 2, 5], &[0, 1, 5], NOW + DAY).unwrap(), 2, "key 3 was lost");
        for number in 2..20 {
            assert_eq!(house.release(number, &[0, 5]).unwrap(), number);
        }
        assert_eq!(house.stamp(NOW + DAY).unwrap(), 2);
    }
    let parties = PerParty::make(|party| {
        let house = houses.of(party);
        let links: Vec<Vec<u8>> = links::split(&house.file("links/0")).unwrap().drain(1..18).collect();
        let (roots, targets) = (vec![house.file("2.root.json")], house.file("19.targets.json"));
        let (timestamp, snapshot) = (house.file("timestamp.json"), house.file("2.snapshot.json"));
        let trusted = house.file("1.root.json");
        let files = Files {
            trusted: &trusted,
            roots: &roots,
            timestamp: &timestamp,
            snapshot: &snapshot,
            targets: &targets,
            links: &links,
        };
        read(house.party, state.parties.of(party), &files, NOW + DAY).unwrap()
    });
    let decision = decide(&state, &Candidate { parties, package: None }, NOW + DAY);
    let Decision::Download { release: listing, .. } = decision else { panic!("{decision:?}") };
    assert_eq!(listing.release, release(19));
    for (_, house) in houses.iter() {
        let name = format!("served/targets/releases/19/{}.package", listing.sha256);
        assert_eq!(std::fs::read(house.home.path().join(name)).unwrap(), b"the package of release 19");
    }
}

#[test]
fn nothing_is_published_half_signed() {
    let house = House::new(Party::Development);
    house.refused(|house| house.root(&[0, 1, 2, 3], &[0], NOW), "1 of 2 signatures that count for the new root");
    house.refused(|house| house.root(&[0, 1, 2, 3], &[0, 5], NOW), "1 of 2 signatures");
    house.refused(|house| house.root(&[0, 1, 2, 3], &[0, 1, 5], NOW), "of 5: this key's signature is of no use here");
    house.refused(|house| house.root(&[0, 1, 2], &[0, 1], NOW), "names four offline keys at least");
    // Three of four: one key lost, and nobody speaks for the party. No client would follow such a root later.
    let mut keys = roles((0..4).map(|number| house.key(number)).collect(), house.key(4)).unwrap();
    keys.targets.threshold = 3;
    let draft = house.folder().repository().root(NOW, &keys).unwrap();
    let signatures = house.signed(&draft, &[0, 1, 2]);
    let published = |_: &House| publish(&mut house.folder(), draft.bytes(), &signatures, None).map(|done| done.version);
    house.refused(published, "two more than sign");
    house.refused(|house| house.root(&[0, 1, 2, 4], &[0, 1], NOW), "must not be one of the offline keys");
    house.refused(|house| house.release(1, &[0, 1]), "there is no root yet");
    house.refused(|house| house.stamp(NOW), "there is no root yet");

    let house = House::begun(Party::Development);
    house.refused(|house| house.release(2, &[0]), "1 of 2 signatures that count for releases");
    house.refused(|house| house.release(2, &[0, 4]), "1 of 2 signatures that count for releases");
    house.refused(|house| house.release(2, &[0, 0]), "1 of 2 signatures that count for releases");
    house.refused(|house| house.release(1, &[0, 1]), "its number is not higher");
    // Two keys were stolen, 2 and 3: they cannot take part in what takes their place.
    house.refused(|house| house.root(&[0, 1, 4, 5], &[2, 3], NOW), "must not be one of the offline keys");
    house.refused(|house| house.root(&[2, 3, 5, 0], &[2, 5], NOW), "1 of 2 signatures that count for the root before");
    assert_eq!(house.root(&[0, 1, 2, 5], &[0, 1], NOW).unwrap(), 2);
    house.refused(|house| house.release(2, &[0, 3]), "1 of 2 signatures that count for releases");
}

#[test]
fn drafts_that_are_out_of_date_or_changed_are_refused() {
    let house = House::begun(Party::Quality);
    let package = house.package(2);
    let draft = draft_release(&house.folder(), release(2), &package, NOW).unwrap();
    let signatures = house.signed(&draft, &[0, 1]);
    let try_it = |bytes: &[u8], package: Option<&Path>| {
        publish(&mut house.folder(), bytes, &signatures, package).map(|done| done.version)
    };
    house.refused(|_| try_it(draft.bytes(), None), "give the package of the new release");
    house.refused(|_| try_it(draft.bytes(), Some(&house.package(3))), "this is not the package that was signed");
    let changed = String::from_utf8(draft.bytes().to_vec()).unwrap().replace("Mends", "Hides");
    house.refused(|_| try_it(changed.as_bytes(), Some(&package)), "not a signature of this draft");
    house.refused(|_| try_it(b"{}", Some(&package)), "not a signature of this draft");
    house.refused(|_| try_it(&[draft.bytes(), b" "].concat(), Some(&package)), "is not a draft");
    assert_eq!(try_it(draft.bytes(), Some(&package)).unwrap(), 2);
    house.refused(|_| try_it(draft.bytes(), Some(&package)), "another release was published since");
    // Two people of the party describe a release anew that users have.
    let mut entries: Vec<_> = [release(1), release(2)].into();
    entries[0].changes = "Mends nothing.".into();
    let entries: Vec<_> = entries
        .into_iter()
        .map(|release| {
            let bytes = format!("the package of release {}", release.number);
            let (length, sha256) = (bytes.len() as u64, Digest::of(bytes.as_bytes()));
            bulkhead_repository::Entry { release, length, sha256 }
        })
        .collect();
    let draft = house.folder().repository().targets(NOW, &entries).unwrap();
    let signatures = house.signed(&draft, &[0, 1]);
    let again = |_: &House| publish(&mut house.folder(), draft.bytes(), &signatures, None).map(|done| done.version);
    house.refused(again, "clients would call that a fork");
}

#[test]
fn a_timestamp_needs_words_by_hand_and_the_online_key() {
    let house = House::begun(Party::Security);
    let with = |key: usize, statement: &str| {
        let words = Words { statement, report: "" };
        stamp(&mut house.folder(), &house.keys[key], words, NOW).map(|done| done.version)
    };
    house.refused(|_| with(0, "15 January"), "does not name this key as the online one");
    house.refused(|_| with(4, " \n"), "the statement is empty");
    house.refused(|_| with(4, &"x".repeat(5_000)), "its text is too long");
    house.refused(|_| with(4, "15 January \u{1b}[2J"), "cannot be published: it holds control codes");
    assert_eq!(with(4, "Nobody forces us.\r\n\n\t15 January\n").unwrap(), 2);
    let said = std::fs::read(house.home.path().join("served/metadata/timestamp.json")).unwrap();
    assert_eq!(timestamp(&said, &BTreeSet::new()).unwrap().statement, "Nobody forces us. 15 January");
    let late = stamp(&mut house.folder(), &house.keys[4], WORDS, NOW + 340 * DAY).unwrap();
    assert_eq!(late.warnings.len(), 2, "{:?}", late.warnings);
    let open = house.folder();
    let error = Folder::open(&house.home.path().join("served")).err().unwrap().to_string();
    assert!(error.contains("another command is changing this folder"), "{error}");
    drop(open);
    std::fs::write(house.home.path().join("served/metadata/timestamp.json"), "{").unwrap();
    let error = Folder::open(&house.home.path().join("served")).err().unwrap().to_string();
    assert!(error.starts_with("metadata/timestamp.json: ") && error.contains("as the mirrors have it"), "{error}");
}

#[test]
fn a_key_and_a_signature_survive_being_carried() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("key");
    let public = make(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(make(&path).is_err(), "a key is never overwritten");
    let text = std::fs::read_to_string(&path).unwrap();
    let pair = parse("key", &text).unwrap();
    assert_eq!(pair.key(), public);
    let signature = sign(&pair, b"draft");
    assert_eq!(Signature::parse("file", &signature.text()).unwrap(), signature);
    assert!(signature.is_of(b"draft") && !signature.is_of(b"drafts"));
    for bad in ["", "bulkhead-party-key 1", "bulkhead-party-key 1 00", &text.replace("key 1", "key 2")] {
        assert!(parse("key", bad).is_err(), "{bad}");
        assert!(Signature::parse("key", bad).is_err(), "{bad}");
    }
}
