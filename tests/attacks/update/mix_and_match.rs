//! Mix and match: files of two times, each validly signed, put together to a state that never was.

use crate::device::{World, of, serving};
use bulkhead_fetch::Trouble;
use bulkhead_trust::{Decision, Refusal, Role};

#[tokio::test]
async fn mirror_that_mixes_times_is_outdone_and_believed_by_nobody() {
    let mut world = World::new().await;
    let old = |name: &str| Some(world.houses.quality.repository.file(&format!("metadata/{name}")).to_vec());
    let (snapshot, targets) = (old("2.snapshot.json"), old("2.targets.json"));
    world.publish(3).await;
    for (name, file) in [("3.snapshot.json", snapshot), ("3.targets.json", targets)] {
        let mixed = serving(&world.houses.quality, &[(name, file)]).await;
        assert_eq!(world.look(&[&mixed]).await.trouble(), Trouble::Wrong);
        for seen in world.look_beside(&mixed).await {
            assert_eq!(seen.downloads(), 3);
        }
    }
}

/// The fetcher itself may be hostile: it stages what it likes.
#[tokio::test]
async fn fetcher_that_mixes_times_is_refused_by_the_launcher() {
    let mut world = World::new().await;
    let old = world.houses.quality.repository.file("metadata/2.targets.json").to_vec();
    world.publish(3).await;
    let honest = of(&world.houses.quality).await;
    assert_eq!(world.look(&[&honest]).await.downloads(), 3);
    std::fs::write(world.device.staging().join("quality/targets.json"), old).unwrap();
    let decision = world.device.judge(None);
    let refused =
        matches!(decision, Decision::Refused(Refusal::Tuf { .. } | Refusal::Mixed { role: Role::Targets, .. }));
    assert!(refused, "{decision:?}");
}
