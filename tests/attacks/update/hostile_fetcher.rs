//! The fetcher is taken over: it stages links to what it cannot read, pipes that nobody writes to, another party's files, roots that
//! it would like to be trusted.

use crate::device::{World, read_file};
use bulkhead_staging::{Error, read};
use bulkhead_trust::{Decision, Refusal};
use std::fs;
use std::os::unix::fs::symlink;

#[tokio::test]
async fn staged_link_leads_nowhere() {
    let mut world = World::new().await;
    world.look_honestly().await;
    let secret = world.device.folder.join("secret");
    fs::write(&secret, "private").unwrap();
    let file = world.device.staging().join("quality/timestamp.json");
    fs::remove_file(&file).unwrap();
    symlink(&secret, &file).unwrap();
    let staged = read(&world.device.staging(), &world.device.state, &world.device.roots);
    assert!(matches!(staged.quality, Err(Error::NoFile(_))));
}

#[tokio::test]
async fn another_partys_files_are_refused() {
    let mut world = World::new().await;
    world.look_honestly().await;
    let staging = world.device.staging();
    for name in ["timestamp.json", "snapshot.json", "targets.json", "links"] {
        fs::write(staging.join("quality").join(name), read_file(&staging.join("security").join(name))).unwrap();
    }
    let decision = world.device.judge(None);
    assert!(matches!(decision, Decision::Refused(Refusal::Signatures { .. })), "{decision:?}");
}

#[tokio::test]
async fn root_and_state_in_the_staging_folder_are_nobodys() {
    let mut world = World::new().await;
    let before = world.device.bytes();
    world.look_honestly().await;
    let staging = world.device.staging();
    fs::write(staging.join("quality/trusted.root.json"), read_file(&staging.join("security/trusted.root.json")))
        .unwrap();
    fs::write(staging.join("state"), "{}").unwrap();
    fs::write(staging.join("parties"), "{}").unwrap();
    assert!(matches!(world.device.judge(None), Decision::Download { .. }));
    assert_eq!(world.device.bytes(), before);
}
