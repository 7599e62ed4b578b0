//! Timestamps, snapshots and targets: order, time, and being the one that was announced.

use crate::kit::{DAY, NOW, candidate, id, keys, next, online, refused, refused_after, roles, root, state, two, view};
use crate::{DEV, QA, SEC};
use bulkhead_trust::{Decision, Forked, Refusal, Role, decide};

#[test]
fn older_files_are_refused() {
    let known = next(decide(&state(), &candidate(3), NOW));
    let refusal = refused_after(&known, |_| ());
    assert_eq!(refusal, Refusal::Rollback { party: DEV, role: Role::Timestamp, seen: 3, offered: 2 });
    let older = |part: fn(&mut bulkhead_trust::Candidate)| {
        let mut seen = candidate(3);
        seen.package = None;
        part(&mut seen);
        decide(&known, &seen, NOW)
    };
    let snapshot = older(|c| c.parties.quality.snapshot = view(QA, 2).snapshot);
    let expected = Refusal::Rollback { party: QA, role: Role::Snapshot, seen: 3, offered: 2 };
    assert_eq!(snapshot, Decision::Refused(expected));
    let targets = older(|c| {
        c.parties.quality.targets = view(QA, 2).targets;
        c.parties.quality.links.clear();
    });
    let expected = Refusal::Rollback { party: QA, role: Role::Targets, seen: 3, offered: 2 };
    assert_eq!(targets, Decision::Refused(expected));
}

#[test]
fn expired_files_are_refused() {
    let expired = |role| Refusal::Expired { party: SEC, role, since: NOW };
    assert_eq!(refused(|c| c.parties.security.timestamp.expires = NOW), expired(Role::Timestamp));
    assert_eq!(refused(|c| c.parties.security.snapshot.expires = NOW), expired(Role::Snapshot));
    assert_eq!(refused(|c| c.parties.security.targets.expires = NOW), expired(Role::Targets));
}

#[test]
fn file_that_was_not_announced_is_refused() {
    let mixed = |role| Refusal::Mixed { party: SEC, role };
    assert_eq!(refused(|c| c.parties.security.snapshot.file.length += 1), mixed(Role::Snapshot));
    assert_eq!(refused(|c| c.parties.security.timestamp.snapshot.sha256 = id("?")), mixed(Role::Snapshot));
    assert_eq!(refused(|c| c.parties.security.targets.file.sha256 = id("?")), mixed(Role::Targets));
    assert_eq!(refused(|c| c.parties.security.snapshot.targets.version += 1), mixed(Role::Targets));
}

#[test]
fn clock_that_is_a_day_off_is_tolerated_and_not_more() {
    let mut seen = candidate(2);
    seen.parties.quality.timestamp.signed = NOW + DAY;
    assert!(matches!(decide(&state(), &seen, NOW), Decision::Download { .. }));
    let refusal = refused(|c| c.parties.quality.timestamp.signed = NOW + DAY + 1);
    assert_eq!(refusal, Refusal::FromTheFuture { party: QA, by: DAY + 1 });
}

#[test]
fn timestamp_that_goes_back_in_time_is_refused() {
    let known = next(decide(&state(), &candidate(1), NOW));
    let refusal = refused_after(&known, |c| c.parties.quality.timestamp.signed -= 1);
    assert_eq!(refusal, Refusal::TimeRunsBack { party: QA });
}

#[test]
fn timestamp_names_the_one_that_was_seen_before_it() {
    let known = next(decide(&state(), &candidate(1), NOW));
    let refusal = refused_after(&known, |c| c.parties.quality.timestamp.link.predecessor = Some(id("?")));
    assert_eq!(refusal, Refusal::UnknownPredecessor { party: QA, role: Role::Timestamp });
    // After a gap nobody can tell: timestamps between are not kept by anyone.
    let mut seen = candidate(3);
    seen.parties.quality.timestamp.link.predecessor = Some(id("?"));
    assert!(matches!(decide(&known, &seen, NOW), Decision::Download { .. }));
}

#[test]
fn two_timestamps_of_one_version_cost_the_online_key_its_trust() {
    let known = next(decide(&state(), &candidate(2), NOW));
    let mut seen = candidate(2);
    seen.parties.quality.timestamp.seal.id = id("another");
    let Decision::Forked { fork, next: after } = decide(&known, &seen, NOW) else { panic!() };
    assert_eq!((fork.party, fork.of), (QA, Forked::Timestamp(2)));
    assert_eq!((fork.ours, fork.theirs), (id("the quality party timestamp 2"), id("another")));
    assert_eq!(after.revoked, online(QA));
    let refusal = refused_after(&after, |_| ());
    assert_eq!(refusal, Refusal::RevokedKey { party: QA, role: Role::Timestamp });
    // A new root names another key, and all goes on.
    let mut mended = candidate(3);
    mended.parties.quality.roots = vec![root(QA, roles(keys(20..24), keys([25])), two(QA))];
    mended.parties.quality.timestamp.seal.signers = keys([25]);
    mended.parties.quality.snapshot.seal.signers = keys([25]);
    assert!(matches!(decide(&after, &mended, NOW), Decision::Download { .. }));
}

#[test]
fn two_snapshots_of_one_version_cost_the_online_key_its_trust() {
    let known = next(decide(&state(), &candidate(2), NOW));
    let mut seen = candidate(2);
    seen.parties.quality.snapshot.seal.id = id("another");
    let Decision::Forked { fork, next } = decide(&known, &seen, NOW) else { panic!() };
    assert_eq!((fork.of, &next.revoked), (Forked::Snapshot(2), &online(QA)));
}

#[test]
fn fork_by_unsigned_files_is_none() {
    let known = next(decide(&state(), &candidate(2), NOW));
    let refusal = refused_after(&known, |c| {
        c.parties.quality.timestamp.seal.id = id("another");
        c.parties.quality.timestamp.seal.signers = two(QA);
    });
    assert!(matches!(refusal, Refusal::Signatures { .. }));
    let refusal = refused_after(&known, |c| {
        c.parties.quality.targets.link.id = id("another");
        c.parties.quality.targets.seal.signers = keys([20]);
    });
    assert!(matches!(refusal, Refusal::Signatures { .. }));
}
