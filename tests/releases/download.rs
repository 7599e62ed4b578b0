//! The first release comes from the download, installed by the program in it; the next ones as updates.

use crate::kit::{Contents, World};

#[test]
fn release_from_the_download_starts_and_updates_itself() {
    let mut world = World::downloaded();
    assert_eq!(world.selected(), (1, 1));
    world.starts_and_says("up to date");
    world.publish(Contents::honest(2));
    world.starts_and_says("release 2 is ready");
    assert_eq!(world.selected(), (1, 2));
}
