//! Three parties' real repositories over real sockets: fetched, read, decided; past mirrors that hide or make up things.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod bad;
#[path = "../../trust/tests/signed/mod.rs"]
mod signed;

use bad::{Files, Mirror, Mood, mirror, mirrors};
use bulkhead_fetch::Trouble;
use bulkhead_fetch::package::{Wanted, fetch};
use bulkhead_fetch::stage::{Failure, all, stage};
use bulkhead_trust::{Candidate, Decision, Digest, PackageView, Party, PerParty, Refusal, State, decide, path};
use serde_json::json;
use signed::{House, NOW, altered, first, houses, package, release};
use std::sync::{Arc, Mutex};

const QA: Party = Party::Quality;

/// What a mirror of this party serves.
fn served(house: &House) -> Files {
    let files = house.repository.files().iter();
    let below = |name: &str| name.strip_prefix("metadata/").or(name.strip_prefix("targets/")).unwrap().to_owned();
    Arc::new(Mutex::new(files.map(|(name, bytes)| (below(name), bytes.clone())).collect()))
}

fn root(house: &House) -> Vec<u8> {
    house.repository.file("metadata/1.root.json").to_vec()
}

fn decided(state: &State, came: PerParty<bulkhead_fetch::stage::Came>, package: Option<PackageView>) -> Decision {
    let PerParty { development, quality, security } = came;
    let parties =
        PerParty { development: development.unwrap().1, quality: quality.unwrap().1, security: security.unwrap().1 };
    decide(state, &Candidate { parties, package }, NOW)
}

#[tokio::test]
async fn release_is_found_fetched_and_found_good() {
    let mut houses = houses();
    let state = first(&houses);
    for party in Party::ALL {
        houses.of_mut(party).publish(2);
    }
    let served: PerParty<Mirror> = PerParty {
        development: mirror(Mood::Good, &served(&houses.development)).await,
        quality: mirror(Mood::Chunked, &served(&houses.quality)).await,
        security: mirror(Mood::Unsized, &served(&houses.security)).await,
    };
    let sources = PerParty::make(|party| mirrors(&[served.of(party)]));
    let roots = PerParty::make(|party| root(houses.of(party)));
    let Decision::Download { release: wanted, .. } = decided(&state, all(&sources, &state, &roots, NOW).await, None)
    else {
        panic!()
    };
    let file = std::env::temp_dir().join(format!("bulkhead-stage-{}", std::process::id()));
    let (folder, _) = path(2).rsplit_once('/').map(|(a, b)| (a.to_owned(), b.to_owned())).unwrap();
    let at = format!("{folder}/{}.package", wanted.sha256);
    let what = Wanted { path: &at, length: wanted.length, sha256: wanted.sha256 };
    assert_eq!(fetch(&sources.quality, what, &file, |_| ()).await, Ok(()));
    let bytes = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    assert_eq!(bytes, package(2));
    let inner = release(2);
    let rules = inner.rules.clone();
    let view = PackageView { length: bytes.len() as u64, sha256: Digest::of(&bytes), inner, rules };
    let came = all(&sources, &state, &roots, NOW).await;
    assert!(matches!(decided(&state, came, Some(view)), Decision::Install { .. }));
}

#[tokio::test]
async fn thousand_releases_are_caught_up_with_in_one_look() {
    let mut house = House::new(QA);
    let known = house.first();
    (2..=1_001).for_each(|number| house.publish(number));
    let one = mirror(Mood::Good, &served(&house)).await;
    let (_, view) = stage(&mirrors(&[&one]), QA, &known, &root(&house), NOW).await.unwrap();
    assert_eq!((view.links.len(), view.links[0].version, view.links[998].version), (999, 2, 1_000));
    // One question for each file and each segment, not for each release.
    assert!(one.asked.lock().unwrap().len() < 10);
}

#[tokio::test]
async fn mirror_that_hides_a_new_root_is_outdone() {
    let mut house = House::new(QA);
    let known = house.first();
    let old = served(&house);
    let new = house.roles([1, 2, 3, 5], 4);
    house.rotate(&new, [1, 2]);
    let targets = house.repository.targets(NOW, &house.releases).unwrap().signed_by(house.by([1, 5]));
    house.repository.add_targets(&targets);
    let snapshot = house.repository.snapshot(NOW).unwrap().signed_by(house.by([4]));
    house.repository.add_snapshot(&snapshot);
    house.stamp();
    let (hiding, good) = (mirror(Mood::Good, &old).await, mirror(Mood::Good, &served(&house)).await);
    for list in [[&hiding, &good], [&good, &hiding]] {
        let (_, view) = stage(&mirrors(&list), QA, &known, &root(&house), NOW).await.unwrap();
        assert_eq!((view.roots.len(), view.targets.link.version), (1, 2));
    }
}

#[tokio::test]
async fn mirror_that_shows_old_files_is_outdone() {
    let mut house = House::new(QA);
    let known = house.first();
    let old = served(&house);
    house.publish(2);
    let (frozen, good) = (mirror(Mood::Good, &old).await, mirror(Mood::Good, &served(&house)).await);
    for list in [[&frozen, &good], [&good, &frozen]] {
        let (_, view) = stage(&mirrors(&list), QA, &known, &root(&house), NOW).await.unwrap();
        assert_eq!(view.targets.link.version, 2);
    }
}

#[tokio::test]
async fn mirror_that_makes_things_up_is_asked_last() {
    let mut house = House::new(QA);
    let known = house.first();
    house.publish(2);
    let honest = served(&house);
    let forged = |name: &str, change: &dyn Fn(&mut serde_json::Value)| {
        let files = served(&house);
        let bytes = files.lock().unwrap()[name].clone();
        files.lock().unwrap().insert(name.to_owned(), altered(&bytes, house.by([7]), change));
        files
    };
    let newer = forged("timestamp.json", &|signed| signed["version"] = json!(99));
    let elsewhere = forged("timestamp.json", &|signed| {
        signed["version"] = json!(99);
        signed["meta"]["snapshot.json"]["version"] = json!(77);
    });
    let snapshot = forged("2.snapshot.json", &|signed| signed["version"] = json!(3));
    let targets = forged("2.targets.json", &|signed| signed["targets"] = json!({}));
    let rooted = served(&house);
    rooted.lock().unwrap().insert("2.root.json".to_owned(), b"{}".to_vec());
    for files in [newer, elsewhere, snapshot, targets, rooted] {
        let (liar, good) = (mirror(Mood::Good, &files).await, mirror(Mood::Good, &honest).await);
        let both = mirrors(&[&liar, &good]);
        let (_, view) = stage(&both, QA, &known, &root(&house), NOW).await.unwrap();
        assert_eq!(view.targets.releases.len(), 2);
        assert_eq!(both.best(), [1, 0]);
        // Alone, it is refused.
        assert!(stage(&mirrors(&[&liar]), QA, &known, &root(&house), NOW).await.is_err());
    }
}

#[tokio::test]
async fn refusal_and_silence_are_told_apart() {
    let mut house = House::new(QA);
    let known = house.first();
    house.publish(2);
    let files = served(&house);
    let one = mirror(Mood::Good, &files).await;
    let late = stage(&mirrors(&[&one]), QA, &known, &root(&house), NOW + 365 * 86_400).await;
    assert!(matches!(late, Err(Failure::Refused(Refusal::Expired { .. }, _))), "{late:?}");
    let gone = mirror(Mood::Silent, &files).await;
    let silent = stage(&mirrors(&[&gone]), QA, &known, &root(&house), NOW).await;
    assert_eq!(silent.unwrap_err(), Failure::Mirrors(Trouble::Silent));
    let empty = mirror(Mood::Missing, &files).await;
    let missing = stage(&mirrors(&[&empty]), QA, &known, &root(&house), NOW).await;
    assert_eq!(missing.unwrap_err(), Failure::Mirrors(Trouble::Missing));
}
