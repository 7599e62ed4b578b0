//! Delegations (tough CVE-2025-2886 and 2887: terminating ones were not followed as they should, and delegated files could be
//! rolled back): a party cannot hand its say to anyone. And (CVE-2025-2888) what was refused is not kept.

use crate::bad::{Mood, mirror};
use crate::device::{QA, World, announce, files};
use crate::signed::altered;
use bulkhead_trust::{Digest, Refusal, Role};
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
    let snapshot = altered(house.repository.file("metadata/3.snapshot.json"), house.by([4]), |signed| {
        let pin = &mut signed["meta"]["targets.json"];
        (pin["length"], pin["hashes"]["sha256"]) = (json!(targets.len()), json!(Digest::of(&targets)));
    });
    let stamp = altered(house.repository.file("metadata/timestamp.json"), house.by([4]), |signed| {
        let pin = &mut signed["meta"]["snapshot.json"];
        (pin["length"], pin["hashes"]["sha256"]) = (json!(snapshot.len()), json!(Digest::of(&snapshot)));
    });
    let files = files(house);
    for (name, file) in [("2.targets.json", targets), ("3.snapshot.json", snapshot), ("timestamp.json", stamp)] {
        files.lock().unwrap().insert(name.to_owned(), file);
    }
    let before = world.device.bytes();
    let refusal = world.look(&[&mirror(Mood::Good, &files).await]).await.refusal();
    let reason = "it delegates";
    assert_eq!(refusal, Refusal::Unreadable { party: QA, role: Role::Targets, reason });
    assert_eq!(world.device.bytes(), before);
    // The next look begins where the last accepted one ended.
    world.control(2).await;
}
