//! From one release to the next at the user's wish; and what happens to a release that does nothing at all.

use crate::kit::{Contents, World, until};
use bulkhead_tests::person::PASSPHRASE;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a release that was selected may take until all is there.
const LONGEST: Duration = Duration::from_secs(30);

/// A program that starts and then waits for ever.
fn mute() -> Vec<u8> {
    fs::read(Path::new(env!("CARGO_BIN_EXE_bulkhead-mute"))).unwrap()
}

#[test]
fn user_presses_restart_and_the_next_release_runs() {
    let mut world = World::new();
    world.publish(Contents::honest(2));
    let mut program = world.start();
    let id = program.id();
    let driver = program.driver();
    driver.ask(&json!({"do": "resize", "width": 1280, "height": 800})).unwrap();
    driver.create("Alice", PASSPHRASE).unwrap();
    driver.keys(&["Escape"]).unwrap();
    driver.until("a release", |state| state["update"] == "Ready").unwrap();
    driver.simple("quiet").unwrap();
    // `Look at it`, above the conversations; then the last button of the page.
    driver.click_at(1154.0, 28.0).unwrap();
    driver.shown("UpdateNotice").unwrap();
    driver.keys(&["Shift+Tab"]).unwrap();
    // The answer may not come any more.
    let _ = driver.ask(&json!({"do": "key", "key": "Enter"}));
    let next = world.root().join("releases/2/bin/bulkhead-vault");
    until("the next release", || program.place_of("bulkhead-vault").as_ref() == Some(&next));
    let driver = program.prompts();
    driver.unlock(PASSPHRASE).unwrap();
    driver.until("the profile", |state| state["phase"] == "open").unwrap();
    assert_eq!(program.id(), id, "whoever started the program waits for it still");
    assert_eq!(program.launcher(), world.root().join("releases/1/bin/bulkhead"));
    program.end();
    assert_eq!(world.selected(), (1, 2));
}

#[test]
fn release_that_says_nothing_is_not_selected() {
    let (mut world, mute) = (World::new(), mute());
    world.publish(Contents { vault: Some(&mute), ..Contents::honest(2) });
    let program = world.start();
    program.says("release 2 is not installed");
    assert!(program.said().contains("not ready within a minute"), "{}", program.said());
    program.end();
    assert_eq!(world.selected(), (1, 1));
}

#[test]
fn release_that_says_nothing_any_more_is_given_up() {
    let mut world = World::new();
    world.publish(Contents::honest(2));
    world.starts_and_says("release 2 is ready");
    assert_eq!(world.selected(), (1, 2));
    fs::write(world.root().join("releases/2/bin/bulkhead-vault"), mute()).unwrap();
    // Somebody ends it twice, because no window comes. That counts: it was not ready.
    for attempt in 1..=2 {
        let program = world.start_blindly();
        until("the vault", || program.process("bulkhead-vault").is_some());
        assert_eq!(world.selected(), (1, 2), "{attempt}");
    }
    let began = Instant::now();
    let mut program = world.start_blindly();
    program.says("release 2 was given up");
    assert!(began.elapsed() >= LONGEST, "{}", program.said());
    program.prompts();
    assert_eq!(program.place_of("bulkhead-vault"), Some(world.root().join("releases/1/bin/bulkhead-vault")));
    program.end();
    assert_eq!(world.selected(), (1, 1));
}
