//! What was accepted is kept, and proves a fork when one is seen.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

#[path = "../../trust/tests/signed/mod.rs"]
mod signed;

mod kit;

use bulkhead_staging::Staged;
use bulkhead_staging::evidence::{Unproven, export, keep_proof, kept, proof, remember};
use bulkhead_trust::proof::Proof;
use bulkhead_trust::read::signed_bytes;
use bulkhead_trust::{Candidate, Decision, Digest, Fork, Forked, Party, PerParty, State, decide, links, read};
use kit::{Folder, QA, staged};
use serde_json::json;
use signed::{DAY, House, NOW, altered, entry, first, houses};
use std::fs;
use std::path::{Path, PathBuf};

impl Folder {
    fn trusted(&self) -> PathBuf {
        self.0.join("trusted")
    }

    fn proofs(&self) -> PathBuf {
        self.0.join("proofs")
    }
}

fn decided(state: &State, staged: &PerParty<Staged>) -> Decision {
    let parties = PerParty::try_make(|party| read(party, state.parties.of(party), &staged.of(party).files(), NOW));
    decide(state, &Candidate { parties: parties.unwrap(), package: None }, NOW)
}

/// Looks, accepts, and keeps what was accepted.
fn accept(folder: &Folder, houses: &PerParty<House>, state: &State) -> State {
    let staged = PerParty::make(|party| staged(houses.of(party), state));
    let next = match decided(state, &staged) {
        Decision::UpToDate { next } | Decision::Waiting { next, .. } | Decision::Download { next, .. } => *next,
        other => panic!("{other:?}"),
    };
    for party in Party::ALL {
        remember(&folder.trusted(), party, staged.of(party), next.parties.of(party)).unwrap();
    }
    next
}

/// Looks, and sees a fork of the quality party.
fn forked(houses: &PerParty<House>, state: &State, theirs: impl FnOnce(&mut Staged)) -> (Fork, Staged) {
    let mut come = PerParty::make(|party| staged(houses.of(party), state));
    theirs(come.of_mut(QA));
    match decided(state, &come) {
        Decision::Forked { fork, .. } => (fork, come.quality),
        other => panic!("{other:?}"),
    }
}

fn trusted_root(house: &House) -> Digest {
    Digest::of(&signed_bytes(house.repository.file("metadata/1.root.json")).unwrap())
}

/// Keeps the proof and lets anyone check it.
fn prove(folder: &Folder, houses: &PerParty<House>, state: &State, fork: &Fork, come: &Staged) -> Proof {
    let known = state.parties.of(QA);
    let path = keep_proof(&folder.proofs(), &folder.trusted(), come, fork, known).unwrap();
    assert_eq!(proof(&folder.proofs(), fork), Some(path.clone()));
    let proof: Proof = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    assert_eq!(proof.verify(trusted_root(&houses.quality)), Ok(fork.clone()));
    proof
}

/// A second history of the quality party from version `after` on, which the first house does not know of.
fn other_history(after: u64, to: u64) -> House {
    let mut house = House::new(QA);
    (2..=after).for_each(|number| house.publish(number));
    for number in after + 1..=to {
        let mut other = entry(number);
        other.release.changes = "Reads along.".to_owned();
        house.releases.push(other);
        let from = house.releases.len().saturating_sub(3);
        let targets =
            house.repository.targets(NOW - 3_600, &house.releases[from..]).unwrap().signed_by(house.by([1, 2]));
        house.repository.add_targets(&targets);
        let snapshot = house.repository.snapshot(NOW - 3_600).unwrap().signed_by(house.by([4]));
        house.repository.add_snapshot(&snapshot);
        house.stamp();
    }
    house
}

fn publish(houses: &mut PerParty<House>, numbers: impl IntoIterator<Item = u64> + Clone) {
    for party in Party::ALL {
        numbers.clone().into_iter().for_each(|number| houses.of_mut(party).publish(number));
    }
}

#[test]
fn second_targets_file_is_proven() {
    let (folder, mut houses) = (Folder::new("targets"), houses());
    let state = first(&houses);
    publish(&mut houses, 2..=3);
    let state = accept(&folder, &houses, &state);
    let other = other_history(2, 3);
    let (fork, come) = forked(&houses, &state, |come| {
        *come = staged(&other, &state);
        come.timestamp = altered(&come.timestamp, houses.quality.by([4]), |signed| signed["version"] = json!(9));
        come.snapshot = other.repository.file("metadata/3.snapshot.json").to_vec();
        resign(&houses.quality, come, 9);
    });
    assert_eq!(fork.of, Forked::Targets(3));
    let proof = prove(&folder, &houses, &state, &fork, &come);
    assert_eq!((proof.ours.links.len(), proof.theirs.links.len()), (0, 0));
}

/// Signs timestamp and snapshot anew, with a version that was not seen, so that only what is below them differs.
fn resign(house: &House, come: &mut Staged, version: u64) {
    let targets = (come.targets.len(), Digest::of(&come.targets));
    come.snapshot = altered(&come.snapshot, house.by([4]), |signed| {
        signed["version"] = json!(version);
        signed["meta"]["targets.json"]["length"] = json!(targets.0);
        signed["meta"]["targets.json"]["hashes"]["sha256"] = json!(targets.1);
    });
    let snapshot = (come.snapshot.len(), Digest::of(&come.snapshot));
    come.timestamp = altered(&come.timestamp, house.by([4]), |signed| {
        signed["version"] = json!(version);
        signed["meta"]["snapshot.json"] =
            json!({"version": version, "length": snapshot.0, "hashes": {"sha256": snapshot.1}});
    });
}

#[test]
fn fork_far_back_is_proven_by_the_links_that_are_kept() {
    let (folder, mut houses) = (Folder::new("back"), houses());
    let state = first(&houses);
    // In two looks, so that what is kept is put together; and across the end of a segment.
    publish(&mut houses, 2..=250);
    let state = accept(&folder, &houses, &state);
    publish(&mut houses, 251..=260);
    let state = accept(&folder, &houses, &state);
    // All but the first, which the installation knows by its digest alone.
    assert_eq!(kept(&folder.trusted(), QA, state.parties.of(QA)).unwrap().links.len(), 259);
    let other = other_history(247, 262);
    let (fork, come) = forked(&houses, &state, |come| {
        *come = staged(&other, &state);
        let all = (0..=1).flat_map(|n| links::split(other.repository.file(&format!("metadata/links/{n}"))).unwrap());
        come.links = all.skip(247).take(262 - 248).collect();
        resign(&houses.quality, come, 999);
    });
    assert_eq!(fork.of, Forked::Targets(248));
    let proof = prove(&folder, &houses, &state, &fork, &come);
    assert_eq!((proof.ours.links.len(), proof.theirs.links.len()), (12, 14));
}

#[test]
fn release_that_was_described_otherwise_long_ago_is_proven() {
    let (folder, mut houses) = (Folder::new("release"), houses());
    let state = first(&houses);
    // Release 2 is listed in versions 2 to 4, and no longer in the last.
    publish(&mut houses, 2..=6);
    let mut state = accept(&folder, &houses, &state);
    // In three looks: a client that saw only the last would not know what release 2 was.
    let second = links::split(houses.quality.repository.file("metadata/links/0")).unwrap()[1].clone();
    let ours = bulkhead_trust::read::listed(&second).unwrap()[&2];
    state.parties.quality.releases.insert(2, ours);
    let house = houses.of_mut(QA);
    let mut other = entry(2);
    other.release.changes = "Reads along.".to_owned();
    house.releases.push(other);
    let targets = house.repository.targets(NOW, &house.releases[4..]).unwrap().signed_by(house.by([0, 1]));
    house.repository.add_targets(&targets);
    let snapshot = house.repository.snapshot(NOW).unwrap().signed_by(house.by([4]));
    house.repository.add_snapshot(&snapshot);
    house.stamp();
    let (fork, come) = forked(&houses, &state, |_| ());
    assert_eq!(fork.of, Forked::Release(2));
    let proof = prove(&folder, &houses, &state, &fork, &come);
    assert_eq!((proof.ours.links.len(), proof.theirs.links.len()), (2, 0));
}

#[test]
fn two_timestamps_and_two_snapshots_are_proven() {
    let (folder, mut houses) = (Folder::new("online"), houses());
    let state = first(&houses);
    publish(&mut houses, 2..=2);
    let state = accept(&folder, &houses, &state);
    let (fork, come) = forked(&houses, &state, |come| {
        come.timestamp = altered(&come.timestamp, houses.quality.by([4]), |signed| {
            signed["x-bulkhead"]["statement"] = json!("We have received an order.");
        });
    });
    assert_eq!(fork.of, Forked::Timestamp(2));
    prove(&folder, &houses, &state, &fork, &come);
    let (fork, come) = forked(&houses, &state, |come| {
        come.snapshot =
            altered(&come.snapshot, houses.quality.by([4]), |signed| signed["expires"] = json!("2027-06-01T00:00:00Z"));
        let snapshot = (come.snapshot.len(), Digest::of(&come.snapshot));
        come.timestamp = altered(&come.timestamp, houses.quality.by([4]), |signed| {
            signed["version"] = json!(7);
            signed["meta"]["snapshot.json"] =
                json!({"version": 2, "length": snapshot.0, "hashes": {"sha256": snapshot.1}});
        });
    });
    assert_eq!(fork.of, Forked::Snapshot(2));
    prove(&folder, &houses, &state, &fork, &come);
}

#[test]
fn keys_that_changed_meanwhile_do_not_spoil_the_proof() {
    let (folder, mut houses) = (Folder::new("rotated"), houses());
    let state = first(&houses);
    publish(&mut houses, 2..=3);
    let state = accept(&folder, &houses, &state);
    let mut other = other_history(2, 3);
    let new = other.roles([1, 2, 3, 5], 4);
    other.rotate(&new, [1, 2, 5]);
    let (fork, come) = forked(&houses, &state, |come| {
        *come = staged(&other, &state);
        come.targets = altered(&come.targets, other.by([2, 5]), |_| ());
        resign(&houses.quality, come, 9);
    });
    let proof = prove(&folder, &houses, &state, &fork, &come);
    assert_eq!(proof.roots.len(), 2);
}

#[test]
fn what_is_not_kept_proves_nothing() {
    let (folder, mut houses) = (Folder::new("gone"), houses());
    let state = first(&houses);
    publish(&mut houses, 2..=2);
    let state = accept(&folder, &houses, &state);
    let (fork, come) = forked(&houses, &state, |come| {
        come.timestamp =
            altered(&come.timestamp, houses.quality.by([4]), |signed| signed["x-bulkhead"]["report"] = json!("?"));
    });
    let again = |name: &str| {
        fs::remove_file(folder.trusted().join("quality").join(name)).unwrap();
        keep_proof(&folder.proofs(), &folder.trusted(), &come, &fork, state.parties.of(QA))
    };
    assert!(matches!(again("timestamp.json"), Err(Unproven::Evidence(_))));
    assert!(matches!(again("1.root.json"), Err(Unproven::Evidence(_))));
    assert_eq!(proof(&folder.proofs(), &fork), None);
}

#[test]
fn kept_proof_is_exported_only_if_it_still_proves() {
    let (folder, mut houses) = (Folder::new("export"), houses());
    let state = first(&houses);
    publish(&mut houses, 2..=2);
    let state = accept(&folder, &houses, &state);
    let (fork, come) = forked(&houses, &state, |come| {
        come.timestamp =
            altered(&come.timestamp, houses.quality.by([4]), |signed| signed["x-bulkhead"]["report"] = json!("?"));
    });
    prove(&folder, &houses, &state, &fork, &come);
    let root = trusted_root(&houses.quality);
    let to = folder.0.join("for a friend.json");
    export(&folder.proofs(), &fork, root, &to).unwrap();
    assert_eq!(fs::read(&to).unwrap(), fs::read(proof(&folder.proofs(), &fork).unwrap()).unwrap());
    assert!(export(&folder.proofs(), &fork, Digest::of(b"?"), &to).is_err());
    let other = Fork { theirs: Digest::of(b"?"), ..fork };
    assert!(export(&folder.proofs(), &other, root, Path::new("/nowhere")).is_err());
}

#[test]
fn roots_are_kept_from_the_first_on() {
    let (folder, mut houses) = (Folder::new("roots"), houses());
    let state = first(&houses);
    publish(&mut houses, 2..=2);
    let state = accept(&folder, &houses, &state);
    let house = houses.of_mut(QA);
    for online in [5, 6] {
        let new = house.roles([0, 1, 2, 3], online);
        let root = house.repository.root(NOW, &new).unwrap().signed_by(house.by([0, 1]));
        house.repository.add_root(&root);
    }
    let snapshot = house.repository.snapshot(NOW - DAY / 48).unwrap().signed_by(house.by([6]));
    house.repository.add_snapshot(&snapshot);
    let stamp = house.repository.timestamp(NOW - DAY / 48, "", "").unwrap().signed_by(house.by([6]));
    house.repository.add_timestamp(&stamp);
    let state = accept(&folder, &houses, &state);
    let known = state.parties.of(QA);
    let kept = kept(&folder.trusted(), QA, known).unwrap();
    let ids: Vec<_> = kept.roots.iter().map(|file| Digest::of(&signed_bytes(file).unwrap())).collect();
    assert_eq!(ids, (1..=3).map(|version| known.roots.at(version).unwrap()).collect::<Vec<_>>());
}
