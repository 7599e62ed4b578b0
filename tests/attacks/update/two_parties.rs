//! Two parties only: two of the three are taken over completely, all of their keys with them.

use crate::device::{Seen, World, announce, view};
use crate::signed::{entry, package, release};
use bulkhead_repository::Entry;
use bulkhead_trust::{Decision, Party, Refusal, Release};
use std::collections::BTreeSet;

/// Release 3 of the attacker, signed by these parties.
async fn taken_over(parties: &[Party]) -> World {
    let mut world = World::new().await;
    for party in parties {
        let house = world.houses.of_mut(*party);
        let evil = Entry { release: Release { changes: "Reads along.".to_owned(), ..release(3) }, ..entry(3) };
        let list = [house.releases.clone(), vec![evil]].concat();
        let targets = house.repository.targets(house.now, &list).unwrap().signed_by(house.by([0, 1, 2, 3]));
        house.repository.add_targets(&targets);
        announce(house, 4);
    }
    world.serve().await;
    world
}

#[tokio::test]
async fn release_that_two_parties_list_waits_for_the_third() {
    for left in Party::ALL {
        let two: Vec<Party> = Party::ALL.into_iter().filter(|party| *party != left).collect();
        let mut world = taken_over(&two).await;
        // Release 2, which all list, is the newest that counts; once it is installed, release 3 waits.
        assert_eq!(world.look_honestly().await.downloads(), 2);
        world.device.state = world.device.state.clone().with_installed(&release(2));
        match world.look_honestly().await {
            Seen::Decided(Decision::Waiting { number: 3, missing, .. }) => assert_eq!(missing, BTreeSet::from([left])),
            other => panic!("{other:?}"),
        }
        let evil = Release { changes: "Reads along.".to_owned(), ..release(3) };
        let decision = world.device.judge(Some(view(&package(3), evil)));
        assert_eq!(decision, Decision::Refused(Refusal::NotNewer { number: 3 }));
    }
}

#[tokio::test]
async fn release_that_the_third_describes_otherwise_is_refused() {
    let mut world = taken_over(&[Party::Development, Party::Quality]).await;
    world.houses.security.publish(3);
    world.serve().await;
    let refusal = world.look_honestly().await.refusal();
    let (first, second) = (Party::Quality, Party::Security);
    assert_eq!(refusal, Refusal::Disagree { number: 3, first, second });
}
