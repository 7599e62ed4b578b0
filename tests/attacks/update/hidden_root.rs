//! A new root is hidden: a mirror says 404, so that a stolen key goes on counting.

use crate::device::{World, announce, of, serving};
use bulkhead_trust::Refusal;

#[tokio::test]
async fn mirror_that_hides_a_new_root_is_outdone_and_gains_nothing_alone() {
    let mut world = World::new().await;
    let before = of(&world.houses.quality).await;
    let house = &mut world.houses.quality;
    let new = house.roles([1, 2, 3, 5], 6);
    house.rotate(&new, [1, 2, 5]);
    let targets = house.repository.targets(house.now, &house.releases).unwrap().signed_by(house.by([1, 5]));
    house.repository.add_targets(&targets);
    announce(house, 6);
    world.serve().await;
    let hiding = serving(&world.houses.quality, &[("2.root.json", None)]).await;
    for bad in [&hiding, &before] {
        for seen in world.look_beside(bad).await {
            assert!(!seen.next().revoked.is_empty(), "the new root was not followed");
        }
    }
    // Alone it can show the time before the root, which ends with the alarm; and what came after is signed by nobody known.
    assert_eq!(world.look(&[&before]).await.downloads(), 2);
    world.look(&[&hiding]).await.trouble();
    // Who has followed the root does not go back behind it.
    world.accept().await;
    let refusal = world.look(&[&before]).await;
    let refused = matches!(
        &refusal,
        crate::device::Seen::Decided(bulkhead_trust::Decision::Refused(Refusal::Signatures { .. }))
            | crate::device::Seen::Trouble(..)
    );
    assert!(refused, "{refusal:?}");
}
