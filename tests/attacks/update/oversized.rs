//! Oversized: files larger than such a file can be, announced or not, to exhaust who reads them.

use crate::bad::Mood;
use crate::device::{World, serving, with};
use crate::signed::altered;
use bulkhead_fetch::Trouble;
use bulkhead_staging::Error;
use serde_json::json;

#[tokio::test]
async fn mirror_that_announces_too_much_is_left() {
    let mut world = World::new().await;
    let oversized = with(Mood::Oversized, &world.houses.quality).await;
    assert_eq!(world.look(&[&oversized]).await.trouble(), Trouble::Oversized);
    for seen in world.look_beside(&oversized).await {
        assert_eq!(seen.downloads(), 2);
    }
}

/// A party that was taken over announces, with valid signatures, a snapshot of a gigabyte.
#[tokio::test]
async fn signed_announcement_of_too_much_is_not_fetched() {
    let mut world = World::new().await;
    let house = &world.houses.quality;
    let stamp = altered(house.repository.file("metadata/timestamp.json"), house.by([4]), |signed| {
        (signed["version"], signed["meta"]["snapshot.json"]["length"]) = (json!(3), json!(1_u64 << 30));
    });
    let large = serving(house, &[("timestamp.json", Some(stamp))]).await;
    assert_eq!(world.look(&[&large]).await.trouble(), Trouble::Oversized);
    world.control(2).await;
}

/// A fetcher that was taken over stages a gigabyte.
#[tokio::test]
async fn staged_file_that_is_too_long_is_not_read() {
    let mut world = World::new().await;
    world.look_honestly().await;
    let file = world.device.staging().join("quality/targets.json");
    std::fs::File::create(&file).unwrap().set_len(1 << 30).unwrap();
    let staged = bulkhead_staging::read(&world.device.staging(), &world.device.state, &world.device.roots);
    assert!(matches!(staged.quality, Err(Error::TooLong(_))));
}
