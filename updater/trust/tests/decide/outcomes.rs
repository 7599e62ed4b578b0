//! What is decided when nothing is wrong.

use crate::kit::{DAY, NOW, candidate, id, listing, next, online, release, rules, state, view, with_package};
use crate::{DEV, QA, SEC};
use bulkhead_trust::{Decision, decide};
use std::collections::BTreeSet;

#[test]
fn nothing_newer_is_up_to_date() {
    let decision = decide(&state(), &candidate(1), NOW);
    assert!(matches!(decision, Decision::UpToDate { .. }), "{decision:?}");
}

#[test]
fn release_that_all_list_is_downloaded_and_then_installed() {
    let Decision::Download { release: wanted, next: remembered } = decide(&state(), &candidate(2), NOW) else {
        panic!()
    };
    assert_eq!(*wanted, listing(2));
    assert_eq!(remembered.installed, 1);
    let Decision::Install { release: installed, next } = decide(&remembered, &with_package(2), NOW) else { panic!() };
    assert_eq!(installed, wanted);
    let after = next.with_installed(&release(2));
    assert_eq!((after.installed, after.rules.clone()), (2, rules(2)));
    assert!(matches!(decide(&after, &candidate(2), NOW), Decision::UpToDate { .. }));
}

#[test]
fn the_newest_of_several_releases_is_taken() {
    let Decision::Install { release, next } = decide(&state(), &with_package(5), NOW) else { panic!() };
    assert_eq!(release.release.number, 5);
    assert_eq!(next.parties.quality.targets.version(), 5);
    assert_eq!(next.parties.quality.releases.len(), 5);
}

#[test]
fn release_that_one_party_does_not_list_yet_waits() {
    let mut seen = candidate(2);
    seen.parties.security = view(SEC, 1);
    let Decision::Waiting { number, missing, next } = decide(&state(), &seen, NOW) else { panic!() };
    assert_eq!((number, missing), (2, BTreeSet::from([SEC])));
    assert_eq!(next.parties.development.targets.version(), 2);
    let mut seen = candidate(3);
    seen.parties.development = view(DEV, 2);
    let Decision::Download { release, .. } = decide(&state(), &seen, NOW) else { panic!() };
    assert_eq!(release.release.number, 2);
}

#[test]
fn withdrawn_release_is_not_installed() {
    let mut seen = candidate(2);
    seen.parties.quality = view(QA, 3);
    seen.parties.quality.targets.releases.remove(&2);
    seen.parties.quality.targets.releases.remove(&3);
    assert!(matches!(decide(&state(), &seen, NOW), Decision::Waiting { number: 2, .. }));
}

#[test]
fn release_that_failed_here_is_not_tried_again() {
    let failed = state().with_failed(2);
    assert!(matches!(decide(&failed, &candidate(2), NOW), Decision::UpToDate { .. }));
    assert!(matches!(decide(&failed, &candidate(3), NOW), Decision::Download { .. }));
}

#[test]
fn what_is_remembered_is_what_was_shown() {
    let after = next(decide(&state(), &candidate(2), NOW));
    let party = &after.parties.security;
    assert_eq!(party.targets.head(), Some(id("the security party targets 2")));
    assert_eq!(party.targets.at(1), Some(id("the security party targets 1")));
    assert_eq!(party.timestamp.as_ref().unwrap().version, 2);
    assert_eq!(party.timestamp.as_ref().unwrap().signers, online(SEC));
    assert_eq!(party.snapshot.as_ref().unwrap().id, id("the security party snapshot 2"));
    assert_eq!(party.signed, Some(NOW - DAY / 2));
    assert_eq!((after.revoked, after.forks), (BTreeSet::new(), BTreeSet::new()));
}

#[test]
fn same_files_again_change_nothing() {
    let once = next(decide(&state(), &candidate(4), NOW));
    assert_eq!(next(decide(&once, &candidate(4), NOW)), once);
}

#[test]
fn thousand_releases_are_caught_up_with_at_once() {
    let after = next(decide(&state(), &with_package(1_001), NOW));
    assert_eq!(after.parties.development.targets.version(), 1_001);
}
