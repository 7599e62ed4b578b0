//! Roots: who follows whom, and what a root may say.

use crate::kit::{
    NOW, base, candidate, first_roles, id, key, keys, next, online, refused, refused_after, roles, root, root_after,
    state, two, with_package,
};
use crate::{DEV, QA, SEC};
use bulkhead_trust::{Decision, Forked, Refusal, Role, decide};

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

#[test]
fn stolen_online_key_that_ran_ahead_is_recovered_from_by_a_root() {
    // As high as a version can be: nothing honest could ever follow.
    let mut ahead = candidate(2);
    ahead.parties.quality.timestamp.link.version = u64::MAX;
    ahead.parties.quality.snapshot.file.version = u64::MAX;
    ahead.parties.quality.timestamp.snapshot.version = u64::MAX;
    let known = next(decide(&state(), &ahead, NOW));
    let refusal = Refusal::Rollback { party: QA, role: Role::Timestamp, seen: u64::MAX, offered: 3 };
    assert_eq!(decide(&known, &candidate(3), NOW), Decision::Refused(refusal.clone()));
    // A root that replaces no online key changes nothing about it.
    let mut seen = candidate(3);
    seen.parties.quality.roots = vec![root(QA, roles(keys([20, 21, 22, 25]), online(QA)), two(QA))];
    assert_eq!(decide(&known, &seen, NOW), Decision::Refused(refusal));
    // One that replaces the key for either role does: snapshot's alone, timestamp's alone.
    for role in [Role::Timestamp, Role::Snapshot] {
        let mut new = first_roles(QA);
        let spare = bulkhead_trust::RoleKeys { keys: keys([25]), threshold: 1 };
        let mut seen = candidate(3);
        match role {
            Role::Timestamp => {
                new.timestamp = spare;
                seen.parties.quality.timestamp.seal.signers = keys([25]);
            }
            _ => {
                new.snapshot = spare;
                seen.parties.quality.snapshot.seal.signers = keys([25]);
            }
        }
        seen.parties.quality.roots = vec![root(QA, new, two(QA))];
        let after = next(decide(&known, &seen, NOW));
        assert_eq!(after.parties.quality.timestamp.map(|seen| seen.version), Some(3), "{role}");
        assert_eq!(after.parties.quality.snapshot.map(|seen| seen.version), Some(3), "{role}");
    }
}
