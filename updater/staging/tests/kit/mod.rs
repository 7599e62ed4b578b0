//! What both tests of the staging folder need: a folder of their own, and what a fetcher puts there.

use crate::signed::{self, House};
use bulkhead_staging::Staged;
use bulkhead_trust::{Party, State};
use std::fs;
use std::path::PathBuf;

pub const QA: Party = Party::Quality;

/// The path of a folder that is not there yet, and is gone with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("bulkhead-staging-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn staged(house: &House, state: &State) -> Staged {
    let signed::Staged { trusted, roots, timestamp, snapshot, targets, links } =
        house.staged(state.parties.of(house.party));
    Staged { trusted, roots, timestamp, snapshot, targets, links }
}
