//! Real releases, built from this tree, follow each other: fetched, judged, tried, selected, run.
//!
//! Release 1 is installed; three parties list others on a mirror on this machine. What a later release's launcher and ui differ in is
//! compiled from the same sources with other rules (`wider/`).

#![allow(missing_docs, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod download;
mod kit;
mod parties;
mod restart;
mod wishes;

use bulkhead_trust::Party;
use bulkhead_trust::proof::Proof;
use kit::{Contents, Ear, World, until};
use std::fs;
use std::time::{Duration, Instant};

#[test]
fn wider_rules_take_two_releases_and_the_user_is_told_at_the_first() {
    let (mut world, ear) = (World::new(), Ear::new());
    assert_eq!(world.selected(), (1, 1));
    world.starts_and_says("up to date");

    world.publish(Contents::honest(2));
    // Killed wherever it is in its round, it goes on the next time.
    for patience in [200, 800, 1600] {
        let killed = world.start();
        std::thread::sleep(Duration::from_millis(patience));
        drop(killed);
    }
    let said = match world.selected() {
        (1, 1) => world.starts_and_says("release 2 is ready"),
        _ => world.starts_and_says("up to date"),
    };
    assert!(!said.contains("widens"), "{said}");
    assert_eq!(world.selected(), (1, 2));

    // Its ui behaves while it is tried, and connects from its third start on: once it has crashed.
    let asking = |number| Contents { wider: true, calls_home: Some((ear.port(), 3)), ..Contents::honest(number) };
    world.publish(asking(3));
    let second = world.start();
    assert_eq!(second.launcher(), world.root().join("releases/1/bin/bulkhead"));
    assert_eq!(second.place_of("bulkhead-net"), Some(world.root().join("releases/2/bin/bulkhead-net")));
    second.says("release 3 is ready");
    let said = second.end();
    let told: Vec<&str> = said.lines().filter(|line| line.contains("widens")).collect();
    assert!(told.iter().any(|line| line.contains("bulkhead-ui") && line.contains("socket")), "{said}");
    assert!(told.iter().any(|line| line.contains("bulkhead-ui") && line.contains("any address")), "{said}");
    assert_eq!(world.selected(), (2, 3));

    let third = world.start();
    assert_eq!(third.launcher(), world.root().join("releases/2/bin/bulkhead"));
    assert_eq!(third.place_of("bulkhead-ui"), Some(world.root().join("releases/3/bin/bulkhead-ui")));
    third.kill_ui();
    third.says("bulkhead-ui was killed by the kernel: it did what its rules do not allow");
    assert!(!ear.heard(), "ui has a network under the rules of the release before");
    third.end();

    world.parties.rotate(Party::Quality);
    world.publish(asking(4));
    let said = world.starts_and_says("release 4 is ready");
    assert!(!said.contains("widens"), "{said}");
    assert_eq!(world.selected(), (3, 4));
    let fourth = world.start();
    assert_eq!(fourth.launcher(), world.root().join("releases/3/bin/bulkhead"));
    fourth.kill_ui();
    until("ui to use what it was given", || ear.heard());
    fourth.end();

    // What nobody needs is gone, and every package is kept as it came.
    let names = |folder: &str| {
        let names = fs::read_dir(world.root().join(folder)).unwrap();
        let mut names: Vec<_> = names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    };
    assert_eq!(names("packages"), ["1", "2", "3", "4"]);
    assert_eq!(names("releases"), ["2", "3", "4"]);
}

#[test]
fn release_that_needs_more_or_does_not_start_or_goes_back_changes_nothing_for_good() {
    let (mut world, ear) = (World::new(), Ear::new());

    // A fetcher that waits for a mirror does not keep the program from ending.
    world.parties.fall_silent(true);
    let waiting = world.start();
    until("the fetcher to run", || waiting.process("bulkhead-update").is_some());
    let began = Instant::now();
    waiting.end();
    assert!(began.elapsed() < Duration::from_secs(8));
    world.parties.fall_silent(false);

    // It needs at once what the rules in force do not give.
    world.publish(Contents { wider: true, calls_home: Some((ear.port(), 1)), ..Contents::honest(2) });
    let said = world.starts_and_says("release 2 is not installed");
    assert!(said.contains("bulkhead-ui did what the rules in force do not allow"), "{said}");
    assert!(!ear.heard());
    assert_eq!(world.selected(), (1, 1));
    assert!(world.installation().state().unwrap().failed.contains(&2));

    // It works while it is tried, and not afterwards.
    world.publish(Contents::honest(3));
    world.starts_and_says("release 3 is ready");
    assert_eq!(world.selected(), (1, 3));
    fs::write(world.root().join("releases/3/bin/bulkhead-vault"), "nothing that runs").unwrap();
    let back = world.start();
    assert_eq!(back.place_of("bulkhead-vault"), Some(world.root().join("releases/1/bin/bulkhead-vault")));
    back.says("release 3 was given up");
    back.end();
    assert_eq!(world.selected(), (1, 1));

    // Its launcher would start everything without a sandbox.
    let mark = world.at("the hostile launcher ran");
    let script = format!("#!/bin/sh\ntouch '{}'\n", mark.display());
    world.publish(Contents { wider: true, launcher: Some(&script), ..Contents::honest(4) });
    world.starts_and_says("release 4 is ready");
    assert_eq!(world.selected(), (1, 4));
    let hostile = world.start();
    assert_eq!(hostile.launcher(), world.root().join("releases/1/bin/bulkhead"));
    assert_eq!(hostile.place_of("bulkhead-vault"), Some(world.root().join("releases/4/bin/bulkhead-vault")));
    hostile.end();
    assert!(!mark.exists(), "a release has started itself");

    // All parties have signed rules that are older than those in force.
    let before = fs::read(world.root().join("selection")).unwrap();
    world.publish(Contents::honest(5));
    world.starts_and_says("brings back older sandbox rules for ui");
    assert_eq!(fs::read(world.root().join("selection")).unwrap(), before);
    assert!(!mark.exists());

    // One party says two things: nothing comes from it any more, and the proof convinces whoever knows its first root.
    world.parties.fork(Party::Security, 4);
    world.starts_and_says("Security has signed two histories: do not update");
    let state = world.installation().state().unwrap();
    let fork = state.condemned().expect("a fork that is remembered");
    let proofs: Vec<_> =
        fs::read_dir(world.root().join("proofs")).unwrap().map(|proof| proof.unwrap().path()).collect();
    let proof: Proof = serde_json::from_slice(&fs::read(&proofs[0]).unwrap()).unwrap();
    let first = state.parties.of(Party::Security).roots.at(1).unwrap();
    assert_eq!((proofs.len(), proof.verify(first).as_ref()), (1, Ok(fork)));
    assert_eq!(fs::read(world.root().join("selection")).unwrap(), before);
}
