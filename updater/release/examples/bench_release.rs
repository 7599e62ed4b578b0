//! What the README promises of making releases, measured: how fast a history is judged, what a ceremony takes without compiling,
//! how long a package is. `bench_release [FOLDER WITH PROGRAMS]`
#![allow(
    missing_docs,
    dead_code,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a measurement that cannot go on ends"
)]

#[path = "../tests/judges/house.rs"]
mod house;

use bulkhead_package::pack;
use bulkhead_release::attestation::{Attestation, assemble};
use bulkhead_release::audit::{Asked, Outcome, audit};
use bulkhead_release::history;
use bulkhead_release::party::folder::{Folder, hashed};
use bulkhead_release::party::key::{Signature, sign as sign_draft};
use bulkhead_release::party::publish::{draft_release, draft_root, publish, roles};
use bulkhead_release::party::timestamp::{Words, stamp};
use bulkhead_release::policy::{FILE, Policy};
use bulkhead_release::review::{Statement, Verdict};
use bulkhead_repository::{Draft, Pair};
use bulkhead_trust::{Party, PerParty, Release};
use git2::build::TreeUpdateBuilder;
use git2::{FileMode, Oid};
use house::{House, file, key, sign};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;
use tempfile::TempDir;

/// Files in the tree, as many as this project has.
const FILES: usize = 2_300;
/// Signed and reviewed commits that are judged for the rate.
const COMMITS: usize = 3_000;
/// Commits that a release brings: two months of three people's.
const RELEASE: usize = 300;
/// A package as long as one may be.
const PACKAGE: usize = 40 << 20;

fn main() {
    rate();
    ceremony();
    if let Some(folder) = std::env::args_os().nth(1) {
        length(Path::new(&folder));
    }
}

/// A house with a tree of ordinary size.
fn furnished() -> (House, Oid) {
    let mut house = House::new();
    let paths: Vec<String> = (0..FILES).map(|n| format!("part-{}/src/module-{}/file-{n}.rs", n % 7, n % 40)).collect();
    let changes = paths.iter().map(|path| (path.as_str(), file(path))).collect();
    let (parents, signer) = (vec![house.head()], Some(key("ada", 0)));
    let since = house.commit(house::Draft { author: "ada", signer, parents, changes });
    (house, since)
}

/// So many changes of one file each, signed by their author and reviewed by two people.
fn grow(house: &mut House, commits: usize) {
    let mut notes: BTreeMap<String, String> = BTreeMap::new();
    for n in 0..commits {
        let onto = house.head();
        let path = format!("part-{}/src/module-{}/file-{}.rs", n % 7, n % 40, n % FILES);
        let id = house.change(&path, &format!("{n}: {}", "a line of a program\n".repeat(50)));
        let tree = house.repository.find_commit(id).unwrap().tree_id();
        let said = Statement { onto, tree, policy: house.version, verdict: Verdict::Approve };
        for person in ["eve", "ida"] {
            let signature = sign(&key(person, 0), "review@bulkhead-release", said.text().as_bytes());
            notes.entry(tree.to_string()).or_default().push_str(&format!("{}{signature}\n", said.text()));
        }
    }
    let empty = house.repository.treebuilder(None).unwrap().write().unwrap();
    let mut tree = TreeUpdateBuilder::new();
    for (name, text) in &notes {
        let path = format!("{}/{}", &name[..2], &name[2..]);
        tree.upsert(path, house.repository.blob(text.as_bytes()).unwrap(), FileMode::Blob);
    }
    let tree = tree.create_updated(&house.repository, &house.repository.find_tree(empty).unwrap()).unwrap();
    house.keep_notes(tree);
    house.publish();
}

fn rate() {
    let (mut house, since) = furnished();
    grow(&mut house, COMMITS);
    let began = Instant::now();
    let report = house.verify(since).unwrap();
    let seconds = began.elapsed().as_secs_f64();
    println!(
        "verify-tree: {} signed and reviewed commits on a tree of {FILES} files in {seconds:.1} s, {:.0} a second (asked: ≥ 500)",
        report.commits,
        report.commits as f64 / seconds
    );
}

/// One party's keys and folder.
struct Keys {
    offline: Vec<Pair>,
    online: Pair,
    folder: PathBuf,
}

/// From a branch that all mirrors show to a release that three parties list, as the commands do it: each party judges the history
/// for itself before it attests and again before it publishes. People's own time is not in it.
fn ceremony() {
    let (mut house, since) = furnished();
    grow(&mut house, RELEASE);
    let scratch = TempDir::new().unwrap();
    let package = scratch.path().join("package");
    release_of(PACKAGE, &scratch.path().join("release"), &package);
    let parties: Vec<Keys> = Party::ALL
        .into_iter()
        .zip(0_u8..)
        .map(|(party, n)| founded(n, scratch.path().join(party.name()), house.clock))
        .collect();
    let range = format!("{since}..main");
    let now = house.clock;
    let began = Instant::now();

    let judged = || {
        let report = history::verify(&house.repository, &range, None, now).unwrap();
        let commit = house.repository.find_commit(report.head).unwrap();
        let (package, length) = hashed(&mut File::open(&package).unwrap()).unwrap();
        let (release, package) = ("0.2.0".to_owned(), package.to_string());
        Attestation { release, commit: commit.id(), tree: commit.tree_id(), policy: report.policy, package, length }
    };
    let mut files = Vec::new();
    for people in [["ada", "bea"], ["eve", "fay"], ["ida", "jim"]] {
        let statement = judged().text();
        for person in people {
            let signature = sign(&key(person, 0), "attest@bulkhead-release", statement.as_bytes());
            files.push((person.to_owned(), format!("{statement}{signature}\n")));
        }
    }
    let policy = policy(&house);
    let joint = assemble(&policy, &judged(), &files, now).unwrap();
    let release = described();
    for party in &parties {
        assemble(&policy, &judged(), &[("joint".to_owned(), joint.clone())], now).unwrap();
        let mut folder = Folder::open(&party.folder).unwrap();
        let draft = draft_release(&folder, release.clone(), &package, now).unwrap();
        publish(&mut folder, draft.bytes(), &party.signed(&draft), Some(&package)).unwrap();
        stamp(&mut folder, &party.online, Words { statement: "Nobody forces us.", report: "" }, now).unwrap();
    }
    println!(
        "ceremony: {RELEASE} commits judged seven times, a package of {} MB attested by three parties and published by each in {:.1} s (asked: ≤ 10 s without compiling)",
        fs::metadata(&package).unwrap().len() / 1_000_000,
        began.elapsed().as_secs_f64()
    );
    audited(&house, since, &scratch, (&parties, &package, &joint));
}

/// The same release, judged again by a stranger who has everything but an installation.
fn audited(house: &House, since: Oid, scratch: &TempDir, (parties, package, joint): (&[Keys], &Path, &str)) {
    let file = scratch.path().join("joint");
    fs::write(&file, joint).unwrap();
    let folder = |n: usize| Some(parties[n].folder.clone());
    let asked = Asked {
        release: "0.2.0".into(),
        repository: house.repository.path().to_owned(),
        from: since.to_string(),
        policy: None,
        joint: file,
        package: Some(package.to_owned()),
        served: PerParty { development: folder(0), quality: folder(1), security: folder(2) },
        roots: PerParty::default(),
        installed: None,
        now: house.clock,
    };
    let began = Instant::now();
    let report = audit(&asked);
    assert!(report.holds(), "{}", report.text());
    let verified = report.steps.iter().filter(|step| step.outcome == Outcome::Verified).count();
    println!("audit: {verified} steps of that release verified again in {:.1} s", began.elapsed().as_secs_f64());
}

fn founded(number: u8, folder: PathBuf, now: i64) -> Keys {
    let pair = |n: u8| Pair::from_seed(&[number * 16 + n + 1; 32]);
    let party = Keys { offline: (0..4).map(pair).collect(), online: pair(4), folder };
    let roles = roles(party.offline.iter().map(Pair::key).collect(), party.online.key()).unwrap();
    let mut folder = Folder::open(&party.folder).unwrap();
    let draft = draft_root(&folder, &roles, now).unwrap();
    publish(&mut folder, draft.bytes(), &party.signed(&draft), None).unwrap();
    drop(folder);
    party
}

impl Keys {
    fn signed(&self, draft: &Draft) -> Vec<(String, Signature)> {
        self.offline[..2].iter().map(|pair| (String::new(), sign_draft(pair, draft.bytes()))).collect()
    }
}

fn policy(house: &House) -> Policy {
    let tree = house.repository.find_commit(house.head()).unwrap().tree().unwrap();
    let file = tree.get_path(Path::new(FILE)).unwrap().id();
    Policy::parse(house.repository.find_blob(file).unwrap().content()).unwrap()
}

fn described() -> Release {
    Release { number: 1, version: "0.2.0".into(), changes: "What changes.".into(), rules: BTreeMap::new() }
}

/// A package of about so many bytes, which do not compress.
fn release_of(length: usize, folder: &Path, package: &Path) {
    for top in ["bin", "rules", "metadata"] {
        fs::create_dir_all(folder.join(top)).unwrap();
    }
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let bytes = (0..length / 8).flat_map(|_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    fs::write(folder.join("bin/bulkhead"), bytes.collect::<Vec<u8>>()).unwrap();
    fs::write(folder.join("metadata/release.json"), serde_json::to_vec(&described()).unwrap()).unwrap();
    pack(folder, File::create(package).unwrap()).unwrap();
}

/// The package of the programs that were built, with the rules as data.
fn length(programs: &Path) {
    let scratch = TempDir::new().unwrap();
    let rules = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sandbox-rules/rules");
    for (from, to) in [(programs, "bin"), (rules.as_path(), "rules")] {
        fs::create_dir(scratch.path().join(to)).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file()) {
            fs::copy(entry.path(), scratch.path().join(to).join(entry.file_name())).unwrap();
        }
    }
    fs::create_dir(scratch.path().join("metadata")).unwrap();
    fs::write(scratch.path().join("metadata/release.json"), serde_json::to_vec(&described()).unwrap()).unwrap();
    let package = scratch.path().join("package");
    pack(scratch.path(), File::create(&package).unwrap()).unwrap();
    let bytes = fs::metadata(package).unwrap().len();
    println!("package: {:.1} MB of {} (asked: ≤ 40 MB)", bytes as f64 / 1e6, programs.display());
}
