//! A revoked key: stolen, found out, replaced; and used nevertheless.

use crate::device::{QA, World, announce};
use crate::signed::House;
use bulkhead_trust::{Refusal, Role};

/// Signs the same releases again, with these keys.
fn sign_again(house: &mut House, by: [usize; 2]) {
    let targets = house.repository.targets(house.now, &house.releases).unwrap().signed_by(house.by(by));
    house.repository.add_targets(&targets);
    announce(house, 4);
}

/// Keys 1 to 3 have replaced key 0 by key 5.
async fn replaced() -> World {
    let mut world = World::new().await;
    let house = &mut world.houses.quality;
    let new = house.roles([1, 2, 3, 5], 4);
    house.rotate(&new, [1, 2, 5]);
    sign_again(house, [1, 5]);
    world.serve().await;
    world.control(2).await;
    world
}

#[tokio::test]
async fn replaced_key_counts_no_more() {
    for accepted in [false, true] {
        let mut world = replaced().await;
        if accepted {
            world.accept().await;
        }
        sign_again(&mut world.houses.quality, [0, 1]);
        world.serve().await;
        let refusal = world.look_honestly().await.refusal();
        let few = Refusal::Signatures { party: QA, role: Role::Targets, counted: 1, needed: 2 };
        assert_eq!(refusal, few);
    }
}

#[tokio::test]
async fn stolen_key_takes_no_part_in_its_own_replacement() {
    let mut world = World::new().await;
    let house = &mut world.houses.quality;
    let new = house.roles([1, 2, 3, 5], 4);
    house.rotate(&new, [0, 1, 5]);
    sign_again(house, [1, 2]);
    world.serve().await;
    assert_eq!(world.look_honestly().await.refusal(), Refusal::RevokedKey { party: QA, role: Role::Root });
}

#[tokio::test]
async fn revoked_key_does_not_come_back() {
    let mut world = replaced().await;
    world.accept().await;
    let house = &mut world.houses.quality;
    let again = house.roles([1, 2, 3, 0], 4);
    house.rotate(&again, [1, 2]);
    sign_again(house, [1, 2]);
    world.serve().await;
    let key = world.houses.quality.pairs[0].key();
    assert_eq!(world.look_honestly().await.refusal(), Refusal::RevokedKeyReturns { party: QA, key });
}

/// The ceremony for two keys that are lost at once: the two that remain name two new ones, which sign as well.
#[tokio::test]
async fn two_keys_lost_at_once_are_survived() {
    let mut world = World::new().await;
    let house = &mut world.houses.quality;
    let new = house.roles([2, 3, 5, 6], 4);
    house.rotate(&new, [2, 3, 5, 6]);
    sign_again(house, [5, 6]);
    world.serve().await;
    world.control(2).await;
}
