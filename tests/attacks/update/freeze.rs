//! Freeze: a network that shows what was current once, for ever, so that a mended fault is never mended here.

use crate::bad::Mood;
use crate::device::QA;
use crate::device::{World, of, with};
use crate::signed::DAY;
use bulkhead_trust::{Freshness, Refusal, Role, freshness};

#[tokio::test]
async fn frozen_files_set_off_the_alarm_and_then_expire() {
    let mut world = World::new().await;
    world.accept().await;
    let then = world.device.now;
    let frozen = of(&world.houses.quality).await;
    // A day and a half later nothing is said: clocks and services are not that exact.
    world.device.now = then + 3 * DAY / 2;
    assert!(matches!(freshness(&world.device.state, world.device.now).quality, Freshness::Fresh(_)));
    // Two days later the same files are taken still, as nothing is wrong with them; but the user is told.
    world.device.now = then + 2 * DAY;
    assert_eq!(world.look(&[&frozen]).await.downloads(), 2);
    assert!(matches!(freshness(&world.device.state, world.device.now).quality, Freshness::Frozen(_)));
    // A week later they have expired.
    world.device.now = then + 7 * DAY;
    let refusal = world.look(&[&frozen]).await.refusal();
    assert!(matches!(refusal, Refusal::Expired { role: Role::Timestamp, .. }), "{refusal:?}");
}

#[tokio::test]
async fn one_mirror_that_is_not_frozen_is_enough() {
    let mut world = World::new().await;
    let frozen = of(&world.houses.quality).await;
    world.publish(3).await;
    for seen in world.look_beside(&frozen).await {
        assert_eq!(seen.downloads(), 3);
    }
}

#[tokio::test]
async fn mirrors_that_say_nothing_are_no_reason_to_believe_that_all_is_well() {
    let mut world = World::new().await;
    world.accept().await;
    let silent = with(Mood::Silent, &world.houses.quality).await;
    world.look(&[&silent]).await.trouble();
    world.device.now += 3 * DAY;
    let ages = freshness(&world.device.state, world.device.now);
    assert!(matches!(ages.of(QA), Freshness::Frozen(_)));
}
