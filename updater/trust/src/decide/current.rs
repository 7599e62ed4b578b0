//! What is current: timestamp, snapshot, targets (TUF 5.4 to 5.6), each bound to the one above it.

use super::{Stop, signed};
use crate::chain::Broken;
use crate::freshness::TOLERANCE;
use crate::{
    Digest, Fork, Forked, Key, Link, Party, PartyState, PartyView, Pin, Refusal, Role, Seal, Seen, State, Time,
};
use std::collections::{BTreeMap, BTreeSet};

/// Follows what `party` publishes now.
pub(super) fn advance(next: &mut State, party: Party, view: &PartyView, now: Time) -> Result<(), Stop> {
    let State { parties, revoked, .. } = next;
    let known = parties.of_mut(party);
    timestamp(known, revoked, party, view, now)?;
    snapshot(known, revoked, party, view, now)?;
    targets(known, revoked, party, view, now)?;
    entries(known, party, view)
}

fn timestamp(
    known: &mut PartyState,
    revoked: &BTreeSet<Key>,
    party: Party,
    view: &PartyView,
    now: Time,
) -> Result<(), Stop> {
    let role = Role::Timestamp;
    let file = &view.timestamp;
    signed(party, role, &file.seal.signers, known.roles.of(role), revoked)?;
    not_before(known.timestamp.as_ref(), party, role, file.link.version, &file.seal)?;
    if let Some(seen) = &known.timestamp {
        let follows = seen.version.checked_add(1) == Some(file.link.version);
        if follows && file.link.predecessor != Some(seen.id) {
            return Err(Refusal::UnknownPredecessor { party, role }.into());
        }
    }
    if known.signed.is_some_and(|last| file.signed < last) {
        return Err(Refusal::TimeRunsBack { party }.into());
    }
    let by = file.signed.saturating_sub(now);
    if by > TOLERANCE {
        return Err(Refusal::FromTheFuture { party, by }.into());
    }
    unexpired(party, role, file.expires, now)?;
    known.timestamp = Some(seen(file.link.version, &file.seal));
    known.signed = Some(file.signed);
    Ok(())
}

fn snapshot(
    known: &mut PartyState,
    revoked: &BTreeSet<Key>,
    party: Party,
    view: &PartyView,
    now: Time,
) -> Result<(), Stop> {
    let role = Role::Snapshot;
    let file = &view.snapshot;
    signed(party, role, &file.seal.signers, known.roles.of(role), revoked)?;
    not_before(known.snapshot.as_ref(), party, role, file.file.version, &file.seal)?;
    named(party, role, view.timestamp.snapshot, file.file)?;
    unexpired(party, role, file.expires, now)?;
    known.snapshot = Some(seen(file.file.version, &file.seal));
    Ok(())
}

fn targets(
    known: &mut PartyState,
    revoked: &BTreeSet<Key>,
    party: Party,
    view: &PartyView,
    now: Time,
) -> Result<(), Stop> {
    let role = Role::Targets;
    let file = &view.targets;
    signed(party, role, &file.seal.signers, known.roles.of(role), revoked)?;
    let links: Vec<Link> = view.links.iter().copied().chain([file.link]).collect();
    let had = known.targets.version();
    known.targets.extend(&links).map_err(|broken| match broken {
        Broken::Gap => Refusal::Gap { party, role }.into(),
        Broken::Unknown => Refusal::UnknownPredecessor { party, role }.into(),
        Broken::Fork(version, ours, theirs) => fork(party, Forked::Targets(version), ours, theirs),
    })?;
    if file.link.version < had {
        return Err(Refusal::Rollback { party, role, seen: had, offered: file.link.version }.into());
    }
    named(party, role, view.snapshot.targets, file.file)?;
    unexpired(party, role, file.expires, now)?;
    Ok(())
}

/// Whether the party still says the same about every release that it has listed before.
fn entries(known: &mut PartyState, party: Party, view: &PartyView) -> Result<(), Stop> {
    let listed: BTreeMap<u64, Digest> = view.targets.releases.iter().map(|(n, listing)| (*n, listing.id)).collect();
    for (number, theirs) in listed {
        let ours = *known.releases.entry(number).or_insert(theirs);
        if ours != theirs {
            return Err(fork(party, Forked::Release(number), ours, theirs));
        }
    }
    Ok(())
}

/// Whether a file is at least as new as the one that was seen, and the same if it has the same version.
fn not_before(last: Option<&Seen>, party: Party, role: Role, version: u64, seal: &Seal) -> Result<(), Stop> {
    let Some(last) = last else { return Ok(()) };
    if version < last.version {
        return Err(Refusal::Rollback { party, role, seen: last.version, offered: version }.into());
    }
    if version == last.version && seal.id != last.id {
        let of = if role == Role::Timestamp { Forked::Timestamp(version) } else { Forked::Snapshot(version) };
        let signers = last.signers.union(&seal.signers).copied().collect();
        return Err(Stop::Forked(Fork { party, of, ours: last.id, theirs: seal.id }, signers));
    }
    Ok(())
}

fn named(party: Party, role: Role, pin: Pin, file: Pin) -> Result<(), Refusal> {
    if pin == file { Ok(()) } else { Err(Refusal::Mixed { party, role }) }
}

fn unexpired(party: Party, role: Role, expires: Time, now: Time) -> Result<(), Refusal> {
    if now < expires { Ok(()) } else { Err(Refusal::Expired { party, role, since: expires }) }
}

fn seen(version: u64, seal: &Seal) -> Seen {
    Seen { version, id: seal.id, signers: seal.signers.clone() }
}

fn fork(party: Party, of: Forked, ours: Digest, theirs: Digest) -> Stop {
    Stop::Forked(Fork { party, of, ours, theirs }, BTreeSet::new())
}
