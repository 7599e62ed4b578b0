//! Wrong inner metadata: the signed package, unpacked, says something else about itself than the parties say about it.

use crate::device::{World, view};
use crate::signed::{package, release, rules};
use bulkhead_trust::{Decision, PackageView, Refusal};

async fn refused(spoil: impl FnOnce(&mut PackageView)) -> Refusal {
    let mut world = World::new().await;
    world.look_honestly().await;
    let mut package = view(&package(2), release(2));
    spoil(&mut package);
    match world.device.judge(Some(package)) {
        Decision::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn package_that_describes_itself_otherwise_is_refused() {
    assert_eq!(refused(|package| package.inner.number = 9).await, Refusal::InnerDiffers);
    assert_eq!(refused(|package| package.inner.changes = "Nothing.".to_owned()).await, Refusal::InnerDiffers);
    assert_eq!(refused(|package| package.inner.rules = rules(1)).await, Refusal::InnerDiffers);
}

#[tokio::test]
async fn package_with_other_rules_in_it_is_refused() {
    let wrong = |process: &str| Refusal::WrongRules { process: process.to_owned() };
    assert_eq!(refused(|package| package.rules = rules(1)).await, wrong("net"));
    assert_eq!(refused(|package| package.rules.retain(|process, _| process != "vault")).await, wrong("vault"));
    let more = rules(2)["ui"];
    assert_eq!(refused(|package| package.rules.extend([("another".to_owned(), more)])).await, wrong("another"));
}
