//! Two mirrors of one party show different histories: what is kept of both is a file, and `bulkhead-tuf fork` says to anyone who
//! trusts the party's first root what it proves.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod bad;
#[path = "../../trust/tests/signed/mod.rs"]
mod signed;

use bad::{Mirror, Mood, mirror, mirrors};
use bulkhead_fetch::stage::stage;
use bulkhead_staging::evidence::{keep_proof, remember};
use bulkhead_trust::{Candidate, Decision, Fork, Forked, Party, PerParty, decide};
use serde_json::json;
use signed::{House, NOW, candidate, entry, first, houses};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

const QA: Party = Party::Quality;

/// Something done to a proof.
type Change<'a> = &'a dyn Fn(&mut serde_json::Value);

/// A folder with a proof and the party's first root in it, gone with the test.
struct Found {
    folder: PathBuf,
    proof: PathBuf,
    root: PathBuf,
    fork: Fork,
}

impl Drop for Found {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn tell(proof: &Path, root: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bulkhead-tuf")).arg("fork").args([proof, root]).output().unwrap()
}

async fn served(house: &House) -> Mirror {
    let files = house.repository.files().iter();
    let below = |name: &str| name.strip_prefix("metadata/").or(name.strip_prefix("targets/")).unwrap().to_owned();
    let files = files.map(|(name, bytes)| (below(name), bytes.clone())).collect();
    mirror(Mood::Good, &Arc::new(Mutex::new(files))).await
}

/// One mirror of the quality party shows release 2, another a second version of it with a successor.
async fn found(name: &str) -> Found {
    let folder = std::env::temp_dir().join(format!("bulkhead-fork-{name}-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    let mut houses: PerParty<House> = houses();
    let state = first(&houses);
    Party::ALL.into_iter().for_each(|party| houses.of_mut(party).publish(2));
    let mut other = House::new(QA);
    for number in [2, 3] {
        let mut evil = entry(number);
        evil.release.changes = "Reads along.".to_owned();
        other.releases.push(evil);
        let targets = other.repository.targets(NOW - 3_600, &other.releases).unwrap().signed_by(other.by([1, 3]));
        other.repository.add_targets(&targets);
        let snapshot = other.repository.snapshot(NOW - 3_600).unwrap().signed_by(other.by([4]));
        other.repository.add_snapshot(&snapshot);
        other.stamp();
    }
    // A day more, so that what is current there is not what would follow here.
    other.stamp();
    let (one, two) = (served(&houses.quality).await, served(&other).await);
    let root = houses.quality.repository.file("metadata/1.root.json").to_vec();

    let known = state.parties.of(QA);
    let (ours, view) = stage(&mirrors(&[&one]), QA, known, &root, NOW).await.unwrap();
    let mut parties = candidate(&houses, &state).unwrap().parties;
    parties.quality = view;
    let Decision::Download { next: known, .. } =
        decide(&state, &Candidate { parties: parties.clone(), package: None }, NOW)
    else {
        panic!()
    };
    remember(&folder.join("trusted"), QA, &ours, known.parties.of(QA)).unwrap();
    let (theirs, view) = stage(&mirrors(&[&two]), QA, known.parties.of(QA), &root, NOW).await.unwrap();
    parties.quality = view;
    for party in [Party::Development, Party::Security] {
        let house = houses.of(party);
        *parties.of_mut(party) = house.staged(known.parties.of(party)).read(party, known.parties.of(party)).unwrap();
    }
    let Decision::Forked { fork, .. } = decide(&known, &Candidate { parties, package: None }, NOW) else { panic!() };
    assert_eq!((fork.party, fork.of), (QA, Forked::Targets(2)));
    let trusted = folder.join("trusted");
    let proof = keep_proof(&folder.join("proofs"), &trusted, &theirs, &fork, known.parties.of(QA)).unwrap();
    let path = folder.join("root.json");
    std::fs::write(&path, root).unwrap();
    Found { folder, proof, root: path, fork }
}

#[tokio::test]
async fn kept_proof_is_confirmed_by_the_command() {
    let found = found("good").await;
    let output = tell(&found.proof, &found.root);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("the quality party has signed two histories"), "{said}");
    assert!(said.contains(&found.fork.ours.to_string()) && said.contains(&found.fork.theirs.to_string()), "{said}");
}

#[tokio::test]
async fn proof_is_nothing_to_who_trusts_another_root() {
    let found = found("root").await;
    let other = House::new(Party::Security);
    std::fs::write(&found.root, other.repository.file("metadata/1.root.json")).unwrap();
    let output = tell(&found.proof, &found.root);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("does not begin with the root that is trusted"));
}

#[tokio::test]
async fn proof_that_was_changed_is_refused_in_words() {
    let found = found("changed").await;
    let honest: serde_json::Value = serde_json::from_slice(&std::fs::read(&found.proof).unwrap()).unwrap();
    let changes: [(&str, Change); 5] = [
        ("one history twice", &|proof| proof["theirs"] = proof["ours"].clone()),
        ("no roots", &|proof| proof["roots"] = json!([])),
        ("another link", &|proof| proof["theirs"]["links"][0] = json!("{}")),
        ("a file that nobody signed", &|proof| {
            let file = proof["theirs"]["file"].as_str().unwrap().replace("Reads along.", "Reads alone.");
            proof["theirs"]["file"] = json!(file);
        }),
        ("a member too many", &|proof| proof["more"] = json!(1)),
    ];
    for (what, change) in changes {
        let mut proof = honest.clone();
        change(&mut proof);
        std::fs::write(&found.proof, proof.to_string()).unwrap();
        let output = tell(&found.proof, &found.root);
        assert_eq!(output.status.code(), Some(1), "{what}: {}", String::from_utf8_lossy(&output.stdout));
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{what}");
    }
    for bytes in [b"".as_slice(), b"{}", &[0xff; 100]] {
        std::fs::write(&found.proof, bytes).unwrap();
        assert_eq!(tell(&found.proof, &found.root).status.code(), Some(1));
    }
    std::fs::File::create(&found.proof).unwrap().set_len(1 << 31).unwrap();
    assert!(String::from_utf8_lossy(&tell(&found.proof, &found.root).stderr).contains("longer than a proof"));
}
