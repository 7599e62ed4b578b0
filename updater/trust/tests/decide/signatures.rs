//! Who has to sign what.

use crate::kit::{NOW, keys, refused, refused_after, state, two, with_package};
use crate::{DEV, QA};
use bulkhead_trust::{Decision, Refusal, Role, count, decide, enough};

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
