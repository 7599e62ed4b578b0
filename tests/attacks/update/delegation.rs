//! Delegations (tough CVE-2025-2886 and 2887: terminating ones were not followed as they should, and delegated files could be
//! rolled back): a party cannot hand its say to anyone. And (CVE-2025-2888) what was refused is not kept.

use crate::bad::{Mood, mirror};
use crate::device::{QA, World, announce, announcing};
use crate::signed::altered;
use bulkhead_trust::{Refusal, Role};
use serde_json::json;

#[tokio::test]
async fn targets_that_delegate_are_refused_and_nothing_of_them_is_kept() {
    let mut world = World::new().await;
    let house = &mut world.houses.quality;
    announce(house, 4);
    let house = &world.houses.quality;
    let targets = altered(house.repository.file("metadata/2.targets.json"), house.by([0, 1]), |signed| {
        signed["delegations"] = json!({"keys": {}, "roles": []});
    });
    let files = announcing(house, 2, targets);
    let before = world.device.bytes();
    let refusal = world.look(&[&mirror(Mood::Good, &files).await]).await.refusal();
    let reason = "it delegates";
    assert_eq!(refusal, Refusal::Unreadable { party: QA, role: Role::Targets, reason });
    assert_eq!(world.device.bytes(), before);
    // The next look begins where the last accepted one ended.
    world.control(2).await;
}
