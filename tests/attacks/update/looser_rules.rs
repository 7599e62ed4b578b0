//! Older, looser sandbox rules, validly signed once, come back with a new release (gittuf CVE-2026-44544: a policy rolled
//! back to an older one that was signed as well).

use crate::device::{World, announce, ruled};
use crate::signed::{entry, rules};
use bulkhead_repository::Entry;
use bulkhead_trust::{Digest, Party, Refusal, Release, Rules};

/// All three parties list release 3 as this.
async fn listed(world: &mut World, release: Release) -> Refusal {
    for party in Party::ALL {
        let house = world.houses.of_mut(party);
        let other = Entry { release: release.clone(), ..entry(3) };
        let targets = house.repository.targets(house.now, &[other]).unwrap().signed_by(house.by([0, 1]));
        house.repository.add_targets(&targets);
        announce(house, 4);
    }
    world.serve().await;
    world.look_honestly().await.refusal()
}

async fn at_rules_of_release_2() -> World {
    let mut world = World::new().await;
    world.accept().await;
    world.device.state = world.device.state.clone().with_installed(&crate::signed::release(2));
    assert_eq!(world.device.state.rules, rules(2));
    world
}

#[tokio::test]
async fn older_rules_in_a_newer_release_are_refused() {
    let refusal = listed(&mut at_rules_of_release_2().await, ruled(3, 1)).await;
    assert_eq!(refusal, Refusal::RulesRollback { process: "net".to_owned(), seen: 2, offered: 1 });
}

#[tokio::test]
async fn other_rules_under_the_same_number_are_refused() {
    let mut release = ruled(3, 2);
    release.rules.insert("ui".to_owned(), Rules { version: 2, sha256: Digest::of(b"looser") });
    let refusal = listed(&mut at_rules_of_release_2().await, release).await;
    assert_eq!(refusal, Refusal::RulesChanged { process: "ui".to_owned() });
}

#[tokio::test]
async fn process_does_not_lose_its_rules() {
    let mut release = ruled(3, 3);
    release.rules.remove("vault");
    let refusal = listed(&mut at_rules_of_release_2().await, release).await;
    assert_eq!(refusal, Refusal::RulesMissing { process: "vault".to_owned() });
}
