//! Endless data: a mirror that never stops sending, to fill memory, disk or the user's bill.

use crate::bad::Mood;
use crate::device::{World, with};
use bulkhead_fetch::Trouble;
use bulkhead_staging::part;
use std::sync::atomic::Ordering;

/// What a file may cost, some files, and what lies in the sockets between.
const BOUND: usize = 16 * 1024 * 1024;

#[tokio::test]
async fn endless_metadata_costs_little_and_ends() {
    let mut world = World::new().await;
    for mood in [Mood::Endless, Mood::EndlessChunks, Mood::EndlessHead] {
        let endless = with(mood, &world.houses.quality).await;
        let trouble = world.look(&[&endless]).await.trouble();
        assert!(matches!(trouble, Trouble::Oversized | Trouble::Misbehaving), "{mood:?}: {trouble:?}");
        assert!(endless.sent.load(Ordering::Relaxed) < BOUND, "{mood:?}");
        for seen in world.look_beside(&endless).await {
            assert_eq!(seen.downloads(), 2);
        }
    }
}

#[tokio::test]
async fn endless_package_is_never_longer_on_the_disk_than_it_was_signed() {
    let mut world = World::new().await;
    let listing = world.look_honestly().await.listing();
    for mood in [Mood::Endless, Mood::EndlessChunks] {
        let endless = with(mood, &world.houses.quality).await;
        assert!(world.device.fetch(&listing, &[&endless]).await.is_err(), "{mood:?}");
        let there = std::fs::metadata(part(&world.device.staging())).unwrap().len();
        assert!(there <= listing.length, "{mood:?}: {there} bytes");
        assert_eq!(world.device.fetch(&listing, &[&endless, &world.mirrors.quality]).await, Ok(()));
        std::fs::remove_file(part(&world.device.staging())).unwrap();
    }
}
