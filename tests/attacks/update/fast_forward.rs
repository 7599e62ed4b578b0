//! Fast-forward: a stolen online key signs the highest version there is, so that nothing honest can ever follow (TUF
//! specification 5.3.11 says how to recover).

use crate::device::{QA, World, announce, serving};
use crate::signed::altered;
use bulkhead_trust::{Digest, Refusal, Role};
use serde_json::json;

/// As high as a number in JSON can be that every reader agrees on.
const AHEAD: u64 = (1 << 53) - 1;

#[tokio::test]
async fn party_recovers_by_replacing_its_online_key() {
    let mut world = World::new().await;
    let house = &world.houses.quality;
    let snapshot = altered(house.repository.file("metadata/2.snapshot.json"), house.by([4]), |signed| {
        signed["version"] = json!(AHEAD);
    });
    let stamp = altered(house.repository.file("metadata/timestamp.json"), house.by([4]), |signed| {
        signed["version"] = json!(AHEAD);
        let pin = &mut signed["meta"]["snapshot.json"];
        (pin["version"], pin["length"]) = (json!(AHEAD), json!(snapshot.len()));
        pin["hashes"]["sha256"] = json!(Digest::of(&snapshot));
    });
    let name = format!("{AHEAD}.snapshot.json");
    let thief = serving(house, &[("timestamp.json", Some(stamp)), (name.as_str(), Some(snapshot))]).await;
    world.device.state = world.look(&[&thief]).await.next();
    // What is honest is older now.
    world.publish(3).await;
    let refusal = world.look_honestly().await.refusal();
    assert_eq!(refusal, Refusal::Rollback { party: QA, role: Role::Timestamp, seen: AHEAD, offered: 3 });
    // Two offline keys name another online key, and all goes on.
    let house = &mut world.houses.quality;
    let new = house.roles([0, 1, 2, 3], 5);
    house.rotate(&new, [0, 1]);
    announce(house, 5);
    world.serve().await;
    world.control(3).await;
}
