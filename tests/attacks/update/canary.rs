//! The canary: what a party has to say by hand, and what it has to report, cannot be changed by who carries it.

use crate::device::{World, serving};
use crate::signed::altered;

#[tokio::test]
async fn statement_is_the_partys_own_or_none() {
    let mut world = World::new().await;
    world.look_honestly().await;
    let staged = world.device.staged.take().unwrap();
    let keys = world.device.state.parties.quality.roles.all();
    let view = bulkhead_trust::read::timestamp(&staged.quality.timestamp, &keys).unwrap();
    assert_eq!((view.statement.as_str(), view.report.as_str()), ("We have received no orders.", "Nothing."));
    // Whoever carries it signs with a key of their own.
    let house = &world.houses.quality;
    let other = altered(house.repository.file("metadata/timestamp.json"), house.by([7]), |signed| {
        signed["x-bulkhead"]["statement"] = serde_json::json!("All is well.");
    });
    let liar = serving(house, &[("timestamp.json", Some(other))]).await;
    world.look(&[&liar]).await.trouble();
    for seen in world.look_beside(&liar).await {
        assert_eq!(seen.downloads(), 2);
    }
}
