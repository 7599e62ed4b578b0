//! Rollback: an older release, or older files, with a fault that is known by now. All of it was validly signed once.

use crate::bad::{Mood, mirror};
use crate::device::{World, announce, announcing, honest, of};
use bulkhead_trust::{Decision, Refusal, Role};

#[tokio::test]
async fn older_files_are_refused() {
    let mut world = World::new().await;
    let old = of(&world.houses.quality).await;
    world.publish(3).await;
    world.accept().await;
    let refusal = world.look(&[&old]).await.refusal();
    assert!(matches!(refusal, Refusal::Rollback { role: Role::Timestamp, seen: 3, offered: 2, .. }), "{refusal:?}");
    world.control(3).await;
}

/// Whoever stole the online key can say today that yesterday's targets are current.
#[tokio::test]
async fn older_targets_under_a_stolen_online_key_are_refused() {
    let mut world = World::new().await;
    let old = world.houses.quality.repository.file("metadata/2.targets.json").to_vec();
    world.publish(3).await;
    world.accept().await;
    let house = &mut world.houses.quality;
    announce(house, 4);
    let files = announcing(house, 2, old);
    let thief = mirror(Mood::Good, &files).await;
    let refusal = world.look(&[&thief]).await.refusal();
    assert!(matches!(refusal, Refusal::Rollback { role: Role::Targets, seen: 3, offered: 2, .. }), "{refusal:?}");
}

/// All three parties, under orders, list an old release again and nothing newer.
#[tokio::test]
async fn older_release_is_never_installed_even_if_all_list_it() {
    let mut world = World::new().await;
    world.publish(3).await;
    world.accept().await;
    world.device.state = world.device.state.clone().with_installed(&crate::signed::release(3));
    for party in bulkhead_trust::Party::ALL {
        let house = world.houses.of_mut(party);
        let targets = house.repository.targets(house.now, &house.releases[1..2]).unwrap().signed_by(house.by([0, 1]));
        house.repository.add_targets(&targets);
        announce(house, 4);
    }
    world.serve().await;
    let seen = world.look_honestly().await;
    assert!(matches!(seen, crate::device::Seen::Decided(Decision::UpToDate { .. })), "{seen:?}");
    let decision = world.device.judge(Some(honest(2)));
    assert_eq!(decision, Decision::Refused(Refusal::NotNewer { number: 2 }));
}
