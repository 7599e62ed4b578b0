//! Every reason for refusal, by the smallest thing that causes it; and what is decided when there is none.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod kit;

use bulkhead_trust::{
    Decision, Fork, Forked, Freshness, Link, Party, PerParty, Refusal, Role, State, count, decide, enough, freshness,
};
use kit::{
    DAY, NOW, base, candidate, first_roles, id, key, keys, listed, listing, next, online, package, refused,
    refused_after, release, roles, root, root_after, rules, state, two, view, with_package,
};
use std::collections::BTreeSet;

const DEV: Party = Party::Development;
const QA: Party = Party::Quality;
const SEC: Party = Party::Security;

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

// Signatures.

#[test]
fn targets_signed_by_one_key_are_refused() {
    let refusal = refused(|c| c.parties.quality.targets.seal.signers = keys([20]));
    assert_eq!(refusal, Refusal::Signatures { party: QA, role: Role::Targets, counted: 1, needed: 2 });
}

#[test]
fn targets_signed_by_another_partys_keys_are_refused() {
    let refusal = refused(|c| c.parties.quality.targets.seal.signers = keys([10, 11, 12, 13, 20]));
    assert_eq!(refusal, Refusal::Signatures { party: QA, role: Role::Targets, counted: 1, needed: 2 });
}

#[test]
fn online_key_signs_no_targets() {
    let refusal = refused(|c| c.parties.quality.targets.seal.signers = keys([20, 24]));
    assert!(matches!(refusal, Refusal::Signatures { role: Role::Targets, counted: 1, .. }));
}

#[test]
fn timestamp_and_snapshot_without_the_online_key_are_refused() {
    let refusal = refused(|c| c.parties.development.timestamp.seal.signers = two(DEV));
    assert_eq!(refusal, Refusal::Signatures { party: DEV, role: Role::Timestamp, counted: 0, needed: 1 });
    let refusal = refused(|c| c.parties.development.snapshot.seal.signers = keys([]));
    assert_eq!(refusal, Refusal::Signatures { party: DEV, role: Role::Snapshot, counted: 0, needed: 1 });
}

#[test]
fn role_that_asks_for_nobody_is_never_satisfied() {
    let nobody = bulkhead_trust::RoleKeys { keys: keys([1, 2]), threshold: 0 };
    assert!(!enough(&keys([3]), &nobody, &keys([])));
    assert!(enough(&keys([1]), &nobody, &keys([])));
    assert_eq!(count(&keys([1, 2, 3]), &nobody, &keys([2])), 1);
}

#[test]
fn revoked_key_counts_nowhere() {
    let mut known = state();
    known.revoked = keys([20]);
    let refusal = refused_after(&known, |_| ());
    assert_eq!(refusal, Refusal::RevokedKey { party: QA, role: Role::Targets });
    let others = |c: &mut bulkhead_trust::Candidate| c.parties.quality.targets.seal.signers = keys([20, 22, 23]);
    let mut spared = with_package(2);
    others(&mut spared);
    assert!(matches!(decide(&known, &spared, NOW), Decision::Install { .. }));
}

// Roots.

#[test]
fn two_remaining_keys_replace_a_stolen_one() {
    let new = roles(keys([11, 12, 13, 15]), online(DEV));
    let mut seen = with_package(2);
    seen.parties.development.roots = vec![root(DEV, new.clone(), keys([11, 12, 15]))];
    seen.parties.development.targets.seal.signers = keys([11, 15]);
    let Decision::Install { next, .. } = decide(&state(), &seen, NOW) else { panic!() };
    assert_eq!(next.revoked, keys([10]));
    assert_eq!((&next.parties.development.roles, next.parties.development.roots.version()), (&new, 2));
}

#[test]
fn two_keys_lost_at_once_are_replaced_by_the_other_two() {
    let mut seen = with_package(2);
    seen.parties.development.roots = vec![root(DEV, roles(keys([12, 13, 15, 16]), online(DEV)), keys([12, 13, 15]))];
    seen.parties.development.targets.seal.signers = keys([13, 16]);
    let Decision::Install { next, .. } = decide(&state(), &seen, NOW) else { panic!() };
    assert_eq!(next.revoked, keys([10, 11]));
}

#[test]
fn stolen_key_takes_no_part_in_its_own_replacement() {
    let refusal = refused(|c| {
        c.parties.development.roots = vec![root(DEV, roles(keys([11, 12, 13, 15]), online(DEV)), keys([10, 11, 15]))];
    });
    assert_eq!(refusal, Refusal::RevokedKey { party: DEV, role: Role::Root });
}

#[test]
fn root_signed_by_newcomers_alone_is_refused() {
    let refusal = refused(|c| {
        c.parties.development.roots = vec![root(DEV, roles(keys([15, 16, 17, 18]), online(DEV)), keys([15, 16, 17]))];
    });
    assert!(matches!(refusal, Refusal::Signatures { party: DEV, role: Role::Root, counted: 0, needed: 2 }));
}

#[test]
fn root_is_signed_by_its_own_keys_too() {
    // Root's own threshold of three is not reached, although the old one of two is.
    let mut new = first_roles(DEV);
    new.root = bulkhead_trust::RoleKeys { keys: keys([10, 11, 12, 13, 15]), threshold: 3 };
    let refusal = refused(|c| c.parties.development.roots = vec![root(DEV, new, keys([10, 11]))]);
    assert_eq!(refusal, Refusal::Signatures { party: DEV, role: Role::Root, counted: 2, needed: 3 });
}

#[test]
fn revoked_key_does_not_come_back_in_any_party() {
    let mut known = state();
    known.revoked = keys([10]);
    for (party, offline) in [(DEV, [11, 12, 13, 10]), (QA, [21, 22, 23, 10])] {
        let base = base(party);
        let new = roles(keys(offline), online(party));
        let refusal = refused_after(&known, |c| {
            c.parties.of_mut(party).roots = vec![root(party, new, keys([base + 1, base + 2, base + 3]))];
        });
        assert_eq!(refusal, Refusal::RevokedKeyReturns { party, key: key(10) });
    }
}

#[test]
fn root_that_lowers_the_bar_is_refused() {
    let weak = |change: &dyn Fn(&mut bulkhead_trust::Roles), role| {
        let mut new = first_roles(QA);
        change(&mut new);
        let refusal = refused(|c| c.parties.quality.roots = vec![root(QA, new, keys([20, 21, 22]))]);
        assert_eq!(refusal, Refusal::WeakRoot { party: QA, role });
    };
    weak(&|new| new.root.threshold = 1, Role::Root);
    weak(&|new| new.targets.threshold = 1, Role::Targets);
    weak(&|new| new.root.keys = keys([20, 21, 22]), Role::Root);
    weak(&|new| new.targets.keys = keys([20, 21, 22]), Role::Targets);
    weak(&|new| new.timestamp.threshold = 0, Role::Timestamp);
    weak(&|new| new.snapshot.keys = keys([]), Role::Snapshot);
    weak(&|new| new.targets.keys = keys(100..117), Role::Targets);
    weak(&|new| new.targets.threshold = u32::MAX, Role::Targets);
}

#[test]
fn as_many_keys_as_allowed_are_allowed() {
    let mut new = first_roles(QA);
    new.targets.keys = keys([20, 21].into_iter().chain(100..114));
    let mut seen = candidate(2);
    seen.parties.quality.roots = vec![root(QA, new, two(QA))];
    assert!(matches!(decide(&state(), &seen, NOW), Decision::Download { .. }));
}

#[test]
fn online_key_does_not_become_an_offline_one() {
    let refusal = refused(|c| {
        c.parties.quality.roots = vec![root(QA, roles(keys([20, 21, 22, 24]), online(QA)), keys([20, 21]))];
    });
    assert_eq!(refusal, Refusal::OnlineKey { party: QA, key: key(24) });
}

#[test]
fn key_in_two_parties_is_refused() {
    for (first, second) in [(DEV, QA), (DEV, SEC), (QA, SEC)] {
        let (mine, theirs) = (base(second), base(first));
        let new = roles(keys([mine, mine + 1, mine + 2, theirs]), online(second));
        let refusal = refused(|c| c.parties.of_mut(second).roots = vec![root(second, new, two(second))]);
        assert_eq!(refusal, Refusal::SharedKey { first, second, key: key(theirs) });
    }
}

#[test]
fn roots_are_followed_one_by_one() {
    let first = root(DEV, roles(keys([11, 12, 13, 15]), online(DEV)), keys([11, 12, 15]));
    let second = root_after(DEV, first.link.id, 3, roles(keys([12, 13, 15, 16]), online(DEV)), keys([12, 13, 16]));
    let mut seen = with_package(2);
    seen.parties.development.roots = vec![first.clone(), second.clone()];
    seen.parties.development.targets.seal.signers = keys([15, 16]);
    let Decision::Install { next, .. } = decide(&state(), &seen, NOW) else { panic!() };
    assert_eq!((next.revoked.clone(), next.parties.development.roots.version()), (keys([10, 11]), 3));
    // Seen again, they change nothing.
    assert!(matches!(decide(&next, &seen, NOW), Decision::Install { .. }));
    // The second without the first is a gap, and so is one that skips a version.
    let refusal = refused(|c| c.parties.development.roots = vec![second]);
    assert_eq!(refusal, Refusal::Gap { party: DEV, role: Role::Root });
    let mut skipping = root_after(DEV, first.link.id, 3, first_roles(DEV), two(DEV));
    skipping.link.predecessor = Some(id("the development party root 1"));
    let refusal = refused(|c| c.parties.development.roots = vec![skipping]);
    assert_eq!(refusal, Refusal::Gap { party: DEV, role: Role::Root });
}

#[test]
fn root_with_an_unknown_predecessor_is_refused() {
    let refusal = refused(|c| c.parties.quality.roots = vec![root_after(QA, id("?"), 2, first_roles(QA), two(QA))]);
    assert_eq!(refusal, Refusal::UnknownPredecessor { party: QA, role: Role::Root });
}

#[test]
fn expired_root_is_refused_unless_another_follows() {
    let mut old = root(QA, first_roles(QA), two(QA));
    old.expires = NOW;
    let refusal = refused(|c| c.parties.quality.roots = vec![old.clone()]);
    assert_eq!(refusal, Refusal::Expired { party: QA, role: Role::Root, since: NOW });
    let newer = root_after(QA, old.link.id, 3, first_roles(QA), two(QA));
    let mut seen = candidate(2);
    seen.parties.quality.roots = vec![old, newer];
    assert!(matches!(decide(&state(), &seen, NOW), Decision::Download { .. }));
}

#[test]
fn second_root_of_one_version_is_a_fork() {
    let mut seen = candidate(2);
    seen.parties.quality.roots = vec![root(QA, first_roles(QA), two(QA))];
    let known = next(decide(&state(), &seen, NOW));
    let other = roles(keys([20, 21, 22, 25]), online(QA));
    seen.parties.quality.roots = vec![root(QA, other.clone(), two(QA))];
    let Decision::Forked { fork, next } = decide(&known, &seen, NOW) else { panic!() };
    assert_eq!((fork.party, fork.of), (QA, Forked::Root(2)));
    assert!(matches!(decide(&next, &candidate(2), NOW), Decision::Refused(Refusal::Forked(_))));
    // Without enough signatures it is no fork: anybody could make one up.
    seen.parties.quality.roots = vec![root(QA, other, keys([20]))];
    assert!(matches!(decide(&known, &seen, NOW), Decision::Refused(Refusal::Signatures { .. })));
}

// What is current.

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

// The chain.

#[test]
fn targets_with_an_unknown_predecessor_are_refused() {
    let refusal = refused(|c| c.parties.quality.targets.link.predecessor = Some(id("?")));
    assert_eq!(refusal, Refusal::UnknownPredecessor { party: QA, role: Role::Targets });
}

#[test]
fn file_that_is_known_under_another_version_is_no_fork() {
    let known = next(decide(&state(), &candidate(2), NOW));
    let refusal = refused_after(&known, |c| c.parties.quality.targets.link.version = 3);
    assert_eq!(refusal, Refusal::UnknownPredecessor { party: QA, role: Role::Targets });
}

#[test]
fn missing_link_is_refused() {
    let mut seen = candidate(5);
    seen.parties.quality.links.remove(1);
    let gap = Decision::Refused(Refusal::Gap { party: QA, role: Role::Targets });
    assert_eq!(decide(&state(), &seen, NOW), gap);
    seen.parties.quality.links.remove(0);
    assert_eq!(decide(&state(), &seen, NOW), gap);
    seen.parties.quality.links.clear();
    assert_eq!(decide(&state(), &seen, NOW), gap);
}

#[test]
fn link_that_the_next_one_does_not_name_is_refused() {
    let mut seen = candidate(5);
    seen.parties.quality.links[1].id = id("?");
    let unknown = Refusal::UnknownPredecessor { party: QA, role: Role::Targets };
    assert_eq!(decide(&state(), &seen, NOW), Decision::Refused(unknown));
}

#[test]
fn links_that_are_known_may_be_sent_again() {
    let known = next(decide(&state(), &candidate(3), NOW));
    assert!(matches!(decide(&known, &candidate(5), NOW), Decision::Download { .. }));
}

#[test]
fn second_targets_file_of_one_version_is_a_fork_for_good() {
    let known = next(decide(&state(), &candidate(2), NOW));
    let mut seen = candidate(2);
    seen.parties.quality.targets.link.id = id("another");
    let Decision::Forked { fork, next } = decide(&known, &seen, NOW) else { panic!() };
    let expected =
        Fork { party: QA, of: Forked::Targets(2), ours: id("the quality party targets 2"), theirs: id("another") };
    assert_eq!(fork, expected);
    assert_eq!(next.condemned(), Some(&expected));
    assert_eq!(*next, State { forks: BTreeSet::from([expected.clone()]), ..known.clone() });
    for version in [2, 3, 4] {
        assert_eq!(decide(&next, &candidate(version), NOW), Decision::Refused(Refusal::Forked(expected.clone())));
    }
}

#[test]
fn second_successor_of_one_file_is_a_fork_wherever_it_stands() {
    let known = next(decide(&state(), &candidate(3), NOW));
    // The other history's version 2, vouched for by a signed version 4 whose links lead to it.
    let other = |version: u64, predecessor| Link {
        version,
        id: id(format!("other {version}")),
        predecessor: Some(predecessor),
    };
    let mut seen = candidate(4);
    let (two, three) = (other(2, id("the quality party targets 1")), other(3, id("other 2")));
    seen.parties.quality.links = vec![two, three];
    seen.parties.quality.targets.link = other(4, three.id);
    let Decision::Forked { fork, .. } = decide(&known, &seen, NOW) else { panic!() };
    assert_eq!((fork.of, fork.theirs), (Forked::Targets(2), two.id));
    // The same predecessor, and a version that jumps.
    let mut seen = candidate(4);
    seen.parties.quality.links.clear();
    seen.parties.quality.targets.link = other(4, id("the quality party targets 1"));
    let Decision::Forked { fork, .. } = decide(&known, &seen, NOW) else { panic!() };
    assert_eq!((fork.of, fork.ours), (Forked::Targets(2), id("the quality party targets 2")));
}

#[test]
fn older_targets_file_with_other_content_is_a_fork() {
    let known = next(decide(&state(), &candidate(3), NOW));
    let mut seen = candidate(3);
    seen.parties.quality.links.clear();
    seen.parties.quality.targets.link =
        Link { version: 2, id: id("another"), predecessor: Some(id("the quality party targets 1")) };
    assert!(matches!(decide(&known, &seen, NOW), Decision::Forked { fork: Fork { of: Forked::Targets(2), .. }, .. }));
}

#[test]
fn release_described_twice_is_a_fork() {
    let known = next(decide(&state(), &candidate(2), NOW));
    let mut seen = candidate(3);
    seen.parties.quality.targets.releases.get_mut(&2).unwrap().id = id("another");
    let Decision::Forked { fork, next } = decide(&known, &seen, NOW) else { panic!() };
    assert_eq!((fork.of, fork.theirs), (Forked::Release(2), id("another")));
    assert!(next.condemned().is_some());
}

// What all three agree on.

#[test]
fn disagreement_of_two_is_refused_whoever_they_are() {
    for (first, second) in [(DEV, QA), (QA, SEC)] {
        let refusal = refused(|c| {
            let mut other = release(2);
            other.changes = "Brings something else.".to_owned();
            for party in Party::ALL.into_iter().filter(|party| *party >= second) {
                c.parties.of_mut(party).targets.releases.insert(2, listed(other.clone()));
            }
        });
        assert_eq!(refusal, Refusal::Disagree { number: 2, first, second });
    }
    let refusal = refused(|c| {
        c.parties.quality.targets.releases.remove(&2);
        c.parties.security.targets.releases.get_mut(&2).unwrap().length += 1;
    });
    assert_eq!(refusal, Refusal::Disagree { number: 2, first: DEV, second: SEC });
}

#[test]
fn package_other_than_the_signed_one_is_refused() {
    let refusal = refused(|c| c.package.as_mut().unwrap().sha256 = id("?"));
    assert_eq!(refusal, Refusal::WrongPackage { signed: id("package 2"), came: id("?") });
    assert!(matches!(refused(|c| c.package.as_mut().unwrap().length += 1), Refusal::WrongPackage { .. }));
}

#[test]
fn package_that_describes_itself_differently_is_refused() {
    let refusal = refused(|c| c.package.as_mut().unwrap().inner.version = "9.0.0".to_owned());
    assert_eq!(refusal, Refusal::InnerDiffers);
}

#[test]
fn package_with_other_rules_is_refused() {
    let ui = Refusal::WrongRules { process: "ui".to_owned() };
    let more = Refusal::WrongRules { process: "more".to_owned() };
    let with = |spoil: &dyn Fn(&mut bulkhead_trust::PackageView)| refused(|c| spoil(c.package.as_mut().unwrap()));
    assert_eq!(with(&|p| p.rules.get_mut("ui").unwrap().sha256 = id("?")), ui);
    assert_eq!(with(&|p| p.rules.retain(|process, _| process != "ui")), ui);
    assert_eq!(with(&|p| p.rules.extend([("more".to_owned(), rules(2)["ui"])])), more);
}

#[test]
fn package_of_a_release_that_is_not_newer_is_refused() {
    let known = next(decide(&state(), &with_package(2), NOW)).with_installed(&release(2));
    assert_eq!(refused_after(&known, |_| ()), Refusal::NotNewer { number: 2 });
    assert_eq!(refused_after(&known, |c| c.package = Some(package(1))), Refusal::NotNewer { number: 1 });
}

#[test]
fn older_or_silently_changed_or_missing_rules_are_refused() {
    let with = |change: &dyn Fn(&mut bulkhead_trust::Release)| {
        let mut other = release(2);
        change(&mut other);
        refused(|c| {
            c.package = None;
            for party in Party::ALL {
                c.parties.of_mut(party).targets.releases.insert(2, listed(other.clone()));
            }
        })
    };
    let process = || "ui".to_owned();
    let mut known = state();
    known.rules = rules(3);
    let refusal = refused_after(&known, |_| ());
    assert_eq!(refusal, Refusal::RulesRollback { process: "net".to_owned(), seen: 3, offered: 2 });
    let refusal = with(&|other| other.rules.get_mut("ui").unwrap().version = 1);
    assert_eq!(refusal, Refusal::RulesChanged { process: process() });
    let refusal = with(&|other| other.rules.retain(|process, _| process != "ui"));
    assert_eq!(refusal, Refusal::RulesMissing { process: process() });
}

#[test]
fn unchanged_rules_and_rules_for_a_new_process_are_fine() {
    let mut other = release(2);
    other.rules = rules(1);
    other.rules.insert("update".to_owned(), rules(1)["ui"]);
    let mut seen = candidate(2);
    for party in Party::ALL {
        seen.parties.of_mut(party).targets.releases.insert(2, listed(other.clone()));
    }
    assert!(matches!(decide(&state(), &seen, NOW), Decision::Download { .. }));
}

// The freeze alarm.

#[test]
fn freeze_is_told_from_no_update() {
    assert_eq!(freshness(&state(), NOW), PerParty::make(|_| Freshness::Never));
    let mut known = next(decide(&state(), &candidate(1), NOW));
    known.parties.quality.signed = Some(NOW - 2 * DAY);
    known.parties.security.signed = Some(NOW - 2 * DAY - 1);
    let ages = freshness(&known, NOW);
    assert_eq!(ages.development, Freshness::Fresh(DAY / 2));
    assert_eq!(ages.quality, Freshness::Fresh(2 * DAY));
    assert_eq!(ages.security, Freshness::Frozen(NOW - DAY - 1));
}

#[test]
fn clock_behind_the_service_is_no_alarm() {
    let mut known = state();
    known.parties.quality.signed = Some(NOW + DAY);
    assert_eq!(freshness(&known, NOW).quality, Freshness::Fresh(0));
}

#[test]
fn every_refusal_says_something_to_the_user() {
    let refusals = [
        refused(|c| c.parties.quality.targets.seal.signers = keys([20])),
        refused(|c| c.parties.security.timestamp.expires = NOW),
        refused(|c| c.package.as_mut().unwrap().length += 1),
    ];
    for refusal in refusals {
        let sentence = refusal.to_string();
        assert!(sentence.ends_with('.') && sentence.starts_with("The ") && sentence.len() < 140, "{sentence}");
    }
    assert!(refused(|c| c.parties.security.timestamp.expires = NOW).to_string().contains("The security party"));
}
