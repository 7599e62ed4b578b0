//! Wrong software: another package than the one that was signed.

use crate::bad::Mood;
use crate::device::{World, honest, view, with};
use crate::signed::{package, release};
use bulkhead_fetch::Trouble;
use bulkhead_staging::part;
use bulkhead_trust::{Decision, Refusal};

#[tokio::test]
async fn mirror_that_serves_another_package_is_left_and_nothing_of_it_stays() {
    let mut world = World::new().await;
    let listing = world.look_honestly().await.listing();
    let wrong = with(Mood::Wrong, &world.houses.quality).await;
    assert_eq!(world.device.fetch(&listing, &[&wrong]).await, Err(Trouble::Wrong));
    assert_eq!(std::fs::read(part(&world.device.staging())).unwrap(), b"");
    assert_eq!(world.device.fetch(&listing, &[&wrong, &world.mirrors.quality]).await, Ok(()));
    assert_eq!(std::fs::read(part(&world.device.staging())).unwrap(), package(2));
}

/// A fetcher that was taken over stages what it likes.
#[tokio::test]
async fn package_that_was_not_signed_is_refused_by_the_launcher() {
    let mut world = World::new().await;
    world.look_honestly().await;
    let mut other = package(2);
    other[0] ^= 1;
    let before = world.device.bytes();
    for package in [view(&other, release(2)), view(&[package(2), vec![0]].concat(), release(2)), honest(1)] {
        let decision = world.device.judge(Some(package));
        assert!(matches!(decision, Decision::Refused(Refusal::WrongPackage { .. })), "{decision:?}");
    }
    assert_eq!(world.device.bytes(), before);
    world.control(2).await;
}
