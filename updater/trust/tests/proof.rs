//! Proofs of forks: what proves one to anybody, and what does not.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod signed;

use bulkhead_trust::proof::{Branch, Proof};
use bulkhead_trust::read::signed_bytes;
use bulkhead_trust::{Digest, Forked, Party};
use serde_json::json;
use signed::{House, altered};

const QA: Party = Party::Quality;

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn metadata(house: &House, name: &str) -> String {
    text(house.repository.file(&format!("metadata/{name}")))
}

fn alone(file: String) -> Branch {
    Branch { links: vec![], file }
}

fn first(house: &House) -> Digest {
    Digest::of(&signed_bytes(house.repository.file("metadata/1.root.json")).unwrap())
}

/// A house at release 2, and a second targets file of version 2.
fn two() -> (House, Proof) {
    let mut house = House::new(QA);
    house.publish(2);
    let other = altered(house.repository.file("metadata/2.targets.json"), house.by([1, 2]), |signed| {
        signed["targets"]["releases/2/package"]["custom"]["changes"] = json!("Reads along.");
    });
    let roots = vec![metadata(&house, "1.root.json")];
    let proof =
        Proof { party: QA, roots, ours: alone(metadata(&house, "2.targets.json")), theirs: alone(text(&other)) };
    (house, proof)
}

#[test]
fn two_targets_files_of_one_version_prove_a_fork() {
    let (house, proof) = two();
    let fork = proof.verify(first(&house)).unwrap();
    assert_eq!((fork.party, fork.of), (QA, Forked::Targets(2)));
    assert_eq!(fork.ours, Digest::of(&signed_bytes(proof.ours.file.as_bytes()).unwrap()));
    let written = serde_json::to_vec(&proof).unwrap();
    assert_eq!(serde_json::from_slice::<Proof>(&written).unwrap(), proof);
}

#[test]
fn branches_that_part_lower_down_prove_a_fork() {
    let (house, mut proof) = two();
    // Theirs goes on for two versions; only the last is shown signed.
    let link = |file: &str| text(&signed_bytes(file.as_bytes()).unwrap());
    let id = |bytes: &str| Digest::of(bytes.as_bytes());
    let after = |file: &str, version: u64, predecessor: Digest| {
        text(&altered(file.as_bytes(), house.by([0, 3]), |signed| {
            signed["version"] = json!(version);
            signed["x-bulkhead"]["predecessor"] = json!(predecessor);
        }))
    };
    let second = link(&proof.theirs.file);
    let third = after(&proof.theirs.file, 3, id(&second));
    let fourth = after(&proof.theirs.file, 4, id(&link(&third)));
    proof.theirs = Branch { links: vec![second.clone(), link(&third)], file: fourth.clone() };
    let fork = proof.verify(first(&house)).unwrap();
    assert_eq!((fork.of, fork.theirs), (Forked::Targets(2), id(&second)));
    // A link that does not lead there proves nothing.
    proof.theirs.links = vec![second];
    assert_eq!(proof.verify(first(&house)), Err("its links do not lead to the signed file"));
    proof.theirs = alone(fourth);
    assert_eq!(proof.verify(first(&house)).unwrap().of, Forked::Release(2));
}

#[test]
fn two_timestamps_or_snapshots_or_roots_of_one_version_prove_a_fork() {
    let (mut house, mut proof) = two();
    let new = house.roles([1, 2, 3, 5], 4);
    house.rotate(&new, [1, 2]);
    let stamp = metadata(&house, "timestamp.json");
    let other = altered(stamp.as_bytes(), house.by([4]), |signed| signed["x-bulkhead"]["statement"] = json!("Orders."));
    (proof.ours, proof.theirs) = (alone(stamp), alone(text(&other)));
    assert_eq!(proof.verify(first(&house)).unwrap().of, Forked::Timestamp(2));
    let snapshot = metadata(&house, "2.snapshot.json");
    let other = altered(snapshot.as_bytes(), house.by([4]), |signed| signed["expires"] = json!("2030-01-01T00:00:00Z"));
    (proof.ours, proof.theirs) = (alone(snapshot), alone(text(&other)));
    assert_eq!(proof.verify(first(&house)).unwrap().of, Forked::Snapshot(2));
    let root = metadata(&house, "2.root.json");
    let other = altered(root.as_bytes(), house.by([0, 1]), |signed| signed["expires"] = json!("2030-01-01T00:00:00Z"));
    (proof.ours, proof.theirs) = (alone(root), alone(text(&other)));
    assert_eq!(proof.verify(first(&house)).unwrap().of, Forked::Root(2));
}

#[test]
fn one_history_proves_no_fork() {
    let (house, mut proof) = two();
    proof.theirs = proof.ours.clone();
    assert_eq!(proof.verify(first(&house)), Err("the two files do not contradict each other"));
    proof.theirs = alone(metadata(&house, "1.targets.json"));
    assert_eq!(proof.verify(first(&house)), Err("the two files do not contradict each other"));
    proof.theirs = alone(metadata(&house, "timestamp.json"));
    assert_eq!(proof.verify(first(&house)), Err("the two files are of different roles"));
}

#[test]
fn files_without_enough_signatures_prove_no_fork() {
    let (house, proof) = two();
    let file = proof.theirs.file.as_bytes();
    for by in [vec![], vec![1], vec![4], vec![1, 4], vec![1, 6], vec![1, 1]] {
        let theirs = alone(text(&altered(file, house.by(by), |_| ())));
        let proof = Proof { theirs, ..proof.clone() };
        assert_eq!(proof.verify(first(&house)), Err("a file is not signed by enough of the party's keys"));
    }
}

#[test]
fn replaced_keys_alone_prove_no_fork() {
    let (mut house, mut proof) = two();
    let new = house.roles([2, 3, 5, 6], 4);
    house.rotate(&new, [2, 3]);
    // Both files are signed by keys 0 and 1, which are gone: whoever stole them made both.
    let ours = altered(proof.ours.file.as_bytes(), house.by([0, 1]), |_| ());
    let theirs = altered(proof.theirs.file.as_bytes(), house.by([0, 1]), |_| ());
    (proof.ours, proof.theirs) = (alone(text(&ours)), alone(text(&theirs)));
    assert!(proof.verify(first(&house)).is_ok());
    proof.roots.push(metadata(&house, "2.root.json"));
    assert_eq!(proof.verify(first(&house)), Err("neither file is signed by keys that the party still uses"));
    // One that the present keys have signed stands against one that the former keys had signed.
    let theirs = altered(proof.theirs.file.as_bytes(), house.by([5, 6]), |_| ());
    proof.theirs = alone(text(&theirs));
    assert_eq!(proof.verify(first(&house)).unwrap().of, Forked::Targets(2));
    assert!(proof.verify(Digest::of(b"?")).is_err());
}

#[test]
fn proof_begins_with_the_root_that_is_trusted() {
    let (house, mut proof) = two();
    let trusted = first(&house);
    let beginning = Err("it does not begin with the root that is trusted");
    assert_eq!(proof.verify(Digest::of(b"another")), beginning);
    proof.roots = vec![metadata(&House::new(Party::Security), "1.root.json")];
    assert_eq!(proof.verify(trusted), beginning);
    proof.roots = vec![];
    assert_eq!(proof.verify(trusted), Err("it has no root"));
    proof.roots = vec![metadata(&house, "1.root.json"), metadata(&House::new(Party::Security), "1.root.json")];
    assert_eq!(proof.verify(trusted), Err("its roots do not follow each other"));
}

#[test]
fn nonsense_is_no_proof() {
    let (house, proof) = two();
    for file in ["", "{}", "null", "{\"signed\":{\"_type\":\"mirror\"}}", "{\"signed\":{\"_type\":\"targets\"}}"] {
        let proof = Proof { theirs: alone(file.to_owned()), ..proof.clone() };
        assert!(proof.verify(first(&house)).is_err(), "{file}");
    }
    let theirs = Branch { links: vec!["{}".to_owned()], file: metadata(&house, "timestamp.json") };
    assert_eq!(Proof { theirs, ..proof }.verify(first(&house)), Err("only targets files have links"));
}
