//! A fork: one history for most users, another for a few. Whoever sees both has proof, and nothing from the party counts again.

use crate::device::{QA, Seen, World, announce, of, read_file, serving};
use crate::signed::{altered, entry};
use bulkhead_staging::evidence::{keep_proof, proof};
use bulkhead_trust::proof::Proof;
use bulkhead_trust::read::signed_bytes;
use bulkhead_trust::{Decision, Digest, Fork, Forked, Refusal};
use serde_json::json;

/// The quality party, under orders, signs another version 3 beside the one that the device has seen, and one that follows it.
async fn forked(later: bool) -> (World, crate::bad::Mirror) {
    let mut world = World::new().await;
    let mut other = crate::signed::House::new(QA);
    other.publish(2);
    world.publish(3).await;
    world.accept().await;
    let last = if later { 5 } else { 3 };
    for number in 3..=last {
        let mut evil = entry(number);
        evil.release.changes = "Reads along.".to_owned();
        other.releases.push(evil);
        let targets = other.repository.targets(other.now, &other.releases[1..]).unwrap().signed_by(other.by([2, 3]));
        other.repository.add_targets(&targets);
        announce(&mut other, 4);
    }
    // More timestamps, so that what is current looks newer.
    (0..4).for_each(|_| announce(&mut other, 4));
    let other = of(&other).await;
    (world, other)
}

async fn seen(world: &mut World, other: &crate::bad::Mirror) -> (Fork, bulkhead_trust::State) {
    match world.look(&[other]).await {
        Seen::Decided(Decision::Forked { fork, next }) => (fork, *next),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn second_history_is_a_fork_for_good_and_its_proof_is_kept() {
    for later in [false, true] {
        let (mut world, other) = forked(later).await;
        let (fork, next) = seen(&mut world, &other).await;
        assert_eq!((fork.party, fork.of), (QA, Forked::Targets(3)));
        let staged = world.device.staged.take().unwrap();
        let folder = &world.device.folder;
        let known = world.device.state.parties.of(QA);
        let kept = keep_proof(&folder.join("proofs"), &folder.join("trusted"), &staged.quality, &fork, known).unwrap();
        assert_eq!(proof(&folder.join("proofs"), &fork), Some(kept.clone()));
        let proof: Proof = serde_json::from_slice(&read_file(&kept)).unwrap();
        let root = Digest::of(&signed_bytes(&world.device.roots.quality).unwrap());
        assert_eq!(proof.verify(root), Ok(fork.clone()));
        // The honest mirrors do not help the party any more.
        world.device.state = next;
        assert_eq!(world.look_honestly().await.refusal(), Refusal::Forked(fork));
    }
}

/// One says to a few what it does not say to the others, on the same day.
#[tokio::test]
async fn second_timestamp_of_one_version_is_seen_beside_the_first() {
    let mut world = World::new().await;
    world.accept().await;
    let house = &world.houses.quality;
    let stamp = altered(house.repository.file("metadata/timestamp.json"), house.by([4]), |signed| {
        signed["x-bulkhead"]["statement"] = json!("We have received orders.");
    });
    let other = serving(house, &[("timestamp.json", Some(stamp))]).await;
    for seen in world.look_beside(&other).await {
        let Seen::Decided(Decision::Forked { fork, .. }) = seen else { panic!("{seen:?}") };
        assert_eq!((fork.party, fork.of), (QA, Forked::Timestamp(2)));
    }
}

/// Whoever could make up a fork could end everybody's updates.
#[tokio::test]
async fn fork_cannot_be_made_up() {
    let (mut world, other) = forked(false).await;
    let (fork, _) = seen(&mut world, &other).await;
    let staged = world.device.staged.take().unwrap();
    let folder = &world.device.folder;
    let known = world.device.state.parties.of(QA);
    let kept = keep_proof(&folder.join("proofs"), &folder.join("trusted"), &staged.quality, &fork, known).unwrap();
    let honest: Proof = serde_json::from_slice(&read_file(&kept)).unwrap();
    let root = Digest::of(&signed_bytes(&world.device.roots.quality).unwrap());
    let house = &world.houses.quality;
    for by in [vec![], vec![0], vec![4], vec![0, 4], vec![0, 7], vec![6, 7]] {
        let file = altered(honest.ours.file.as_bytes(), house.by(by), |signed| {
            signed["expires"] = json!("2030-01-01T00:00:00Z")
        });
        let mut made = honest.clone();
        made.theirs.file = String::from_utf8(file).unwrap();
        assert!(made.verify(root).is_err());
    }
    // Every byte of it that is changed proves the same fork, or nothing.
    let text = read_file(&kept);
    for at in (0..text.len()).step_by(7) {
        let mut spoilt = text.clone();
        spoilt[at] ^= 1;
        let proof = serde_json::from_slice::<Proof>(&spoilt).ok();
        if let Some(found) = proof.and_then(|proof| proof.verify(root).ok()) {
            assert_eq!(Fork { party: fork.party, ..found }, fork, "byte {at}");
        }
    }
}
