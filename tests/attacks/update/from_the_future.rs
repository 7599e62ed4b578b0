//! A statement from the future, to keep the freeze alarm silent for years; and a machine whose clock is wrong.

use crate::device::{QA, World, serving};
use crate::signed::{DAY, altered};
use bulkhead_trust::Refusal;
use serde_json::json;

#[tokio::test]
async fn statement_from_the_future_is_refused() {
    let mut world = World::new().await;
    let house = &world.houses.quality;
    let stamp = altered(house.repository.file("metadata/timestamp.json"), house.by([4]), |signed| {
        (signed["version"], signed["expires"]) = (json!(3), json!("2040-01-01T00:00:00Z"));
        signed["x-bulkhead"]["signed"] = json!("2039-01-01T00:00:00Z");
    });
    let ahead = serving(house, &[("timestamp.json", Some(stamp))]).await;
    let refusal = world.look(&[&ahead]).await.refusal();
    assert!(matches!(refusal, Refusal::FromTheFuture { party: QA, .. }), "{refusal:?}");
    assert!(refusal.to_string().contains("date and time"), "{refusal}");
    world.control(2).await;
}

/// Somebody sets the machine's clock back, so that what has expired is good again: what was seen later is still known.
#[tokio::test]
async fn clock_that_is_set_back_brings_back_nothing_old() {
    let mut world = World::new().await;
    let old = crate::device::of(&world.houses.quality).await;
    world.publish(3).await;
    world.accept().await;
    world.device.now -= DAY / 2;
    let refusal = world.look(&[&old]).await.refusal();
    assert!(matches!(refusal, Refusal::Rollback { .. }), "{refusal:?}");
}
