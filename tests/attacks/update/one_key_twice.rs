//! One key twice: a stolen key that counts for two, because it has two names or is in two parties.

use crate::bad::{Mood, mirror};
use crate::device::{QA, World, announce, announcing};
use crate::signed::{altered, roles};
use bulkhead_trust::read::root;
use bulkhead_trust::{Chain, Party, PartyState, Refusal, Role};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A weakness of several TUF clients: they count ids of keys, which a repository chooses.
#[tokio::test]
async fn key_with_two_ids_counts_once() {
    let mut world = World::new().await;
    let house = &world.houses.quality;
    let stolen = house.pairs[0].key();
    // An installation that shipped with a root in which one key has a second name.
    let aliased = altered(house.repository.file("metadata/1.root.json"), house.by([0, 1]), |signed| {
        let keys = signed["keys"].as_object_mut().unwrap();
        let value = keys.values().find(|value| value["keyval"]["public"] == json!(stolen)).unwrap().clone();
        keys.insert("alias".to_owned(), value);
        signed["roles"]["targets"]["keyids"].as_array_mut().unwrap().push(json!("alias"));
    });
    let view = root(&aliased, &BTreeSet::new()).unwrap();
    world.device.state.parties.quality = PartyState::first(Chain::new(view.link.id), view.roles, house.first().targets);
    world.device.roots.quality = aliased;
    world.control(2).await;
    // The stolen key signs, under both of its names.
    let house = &world.houses.quality;
    let once = altered(house.repository.file("metadata/2.targets.json"), house.by([0]), |_| ());
    let mut file: Value = serde_json::from_slice(&once).unwrap();
    let mut again = file["signatures"][0].clone();
    again["keyid"] = json!("alias");
    file["signatures"].as_array_mut().unwrap().push(again);
    let targets = file.to_string().into_bytes();
    let files = announcing(house, 2, targets);
    let thief = mirror(Mood::Good, &files).await;
    let refusal = world.look(&[&thief]).await.refusal();
    assert_eq!(refusal, Refusal::Signatures { party: QA, role: Role::Targets, counted: 1, needed: 2 });
}

/// Two parties with a key in common are not two parties.
#[tokio::test]
async fn key_of_another_party_is_no_key_of_this_one() {
    let mut world = World::new().await;
    let theirs = world.houses.development.pairs[0].key();
    let house = &mut world.houses.quality;
    let mut offline: BTreeSet<_> = house.by([0, 1, 2]).map(bulkhead_repository::Pair::key).collect();
    offline.insert(theirs);
    let shared = roles(offline, house.pairs[4].key());
    house.rotate(&shared, [0, 1]);
    announce(house, 4);
    world.serve().await;
    let refusal = world.look_honestly().await.refusal();
    assert_eq!(refusal, Refusal::SharedKey { first: Party::Development, second: QA, key: theirs });
}
