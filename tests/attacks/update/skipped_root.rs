//! A root under another number (tough CVE-2025-2885: the version in a root file was not compared with the one asked for), and
//! one that follows another history.

use crate::device::{World, announce, serving};
use crate::signed::altered;
use bulkhead_trust::Digest;
use serde_json::json;

#[tokio::test]
async fn root_that_is_not_the_next_is_not_followed() {
    let mut world = World::new().await;
    let house = &mut world.houses.quality;
    let new = house.roles([1, 2, 3, 5], 4);
    house.rotate(&new, [1, 2, 5]);
    let targets = house.repository.targets(house.now, &house.releases).unwrap().signed_by(house.by([1, 2]));
    house.repository.add_targets(&targets);
    announce(house, 4);
    let house = &world.houses.quality;
    let root = house.repository.file("metadata/2.root.json");
    let skipping = altered(root, house.by([1, 2, 5]), |signed| signed["version"] = json!(7));
    let again = house.repository.file("metadata/1.root.json").to_vec();
    for file in [skipping, again] {
        let liar = serving(&world.houses.quality, &[("2.root.json", Some(file))]).await;
        let seen = world.look(&[&liar]).await;
        assert!(matches!(seen, crate::device::Seen::Trouble(..)), "{seen:?}");
    }
    // Signed by enough keys, and following a root that this device has never seen.
    let house = &world.houses.quality;
    let root = house.repository.file("metadata/2.root.json");
    let elsewhere = altered(root, house.by([1, 2, 5]), |signed| {
        signed["x-bulkhead"]["predecessor"] = json!(Digest::of(b"another history"));
    });
    let liar = serving(&world.houses.quality, &[("2.root.json", Some(elsewhere))]).await;
    let refusal = world.look(&[&liar]).await.refusal();
    assert!(matches!(refusal, bulkhead_trust::Refusal::UnknownPredecessor { .. }), "{refusal:?}");
}
