//! Roots: one after the other, each signed by the keys that stay and by the keys that come (TUF 5.3).

use super::{Stop, signed};
use crate::chain::Broken;
use crate::{Fork, Forked, Key, Party, PartyState, Refusal, Role, RootView, State, Time};
use std::collections::BTreeSet;

/// Follows `party`'s `roots`; the last one must not have expired. What is removed on the way is revoked for good.
pub(super) fn advance(next: &mut State, party: Party, roots: &[RootView], now: Time) -> Result<(), Stop> {
    let State { parties, revoked, .. } = next;
    for root in roots {
        step(parties.of_mut(party), revoked, party, root)?;
    }
    match roots.last() {
        Some(root) if root.expires <= now => {
            Err(Refusal::Expired { party, role: Role::Root, since: root.expires }.into())
        }
        _ => Ok(()),
    }
}

/// Follows one root. What it removes is added to `revoked`.
pub(crate) fn step(
    known: &mut PartyState,
    revoked: &mut BTreeSet<Key>,
    party: Party,
    root: &RootView,
) -> Result<(), Stop> {
    let role = Role::Root;
    let trusted = &known.roles;
    let staying = &root.roles.root.keys;
    // A key never takes part in its own replacement: whoever stole it would choose its successor.
    let leaving: BTreeSet<Key> = trusted.root.keys.difference(staying).copied().collect();
    let bad: BTreeSet<Key> = revoked.union(&leaving).copied().collect();
    let seen_before = root.link.version <= known.roots.version();
    let uncounted = if seen_before { &*revoked } else { &bad };
    if known.roots.at(root.link.version) == Some(root.link.id) {
        return Ok(());
    }
    signed(party, role, &root.seal.signers, &trusted.root, uncounted)?;
    let mut chain = known.roots.clone();
    chain.extend(&[root.link]).map_err(|broken| match broken {
        Broken::Gap => Refusal::Gap { party, role }.into(),
        Broken::Unknown => Refusal::UnknownPredecessor { party, role }.into(),
        Broken::Fork(version, ours, theirs) => {
            Stop::Forked(Fork { party, of: Forked::Root(version), ours, theirs }, BTreeSet::new())
        }
    })?;
    signed(party, role, &root.seal.signers, &root.roles.root, revoked)?;
    strong(revoked, party, root)?;

    let gone: BTreeSet<Key> = trusted.all().difference(&root.roles.all()).copied().collect();
    let replaced = |role| trusted.of(role).keys != root.roles.of(role).keys;
    if replaced(Role::Timestamp) || replaced(Role::Snapshot) {
        // TUF 5.3.11: whoever stole an online key may have signed the highest version there is, which nothing could follow.
        (known.timestamp, known.snapshot) = (None, None);
    }
    known.accept(root, chain);
    revoked.extend(gone);
    Ok(())
}

/// Whether a root leaves the party as hard to speak for as it was.
fn strong(revoked: &BTreeSet<Key>, party: Party, root: &RootView) -> Result<(), Refusal> {
    let roles = &root.roles;
    if let Some(role) = roles.weak() {
        return Err(Refusal::WeakRoot { party, role });
    }
    if let Some(key) = roles.all().intersection(revoked).next() {
        return Err(Refusal::RevokedKeyReturns { party, key: *key });
    }
    match roles.exposed() {
        Some(key) => Err(Refusal::OnlineKey { party, key }),
        None => Ok(()),
    }
}

/// Whether the parties are three: no key belongs to two of them.
pub(super) fn are_three(next: &State) -> Result<(), Refusal> {
    let pairs = [
        (Party::Development, Party::Quality),
        (Party::Development, Party::Security),
        (Party::Quality, Party::Security),
    ];
    for (first, second) in pairs {
        let keys = next.parties.of(first).roles.all();
        if let Some(key) = keys.intersection(&next.parties.of(second).roles.all()).next() {
            return Err(Refusal::SharedKey { first, second, key: *key });
        }
    }
    Ok(())
}
