//! Whatever is spoiled in a candidate: no panic, and what is decided is sound.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod kit;

use bulkhead_trust::{Candidate, Decision, Digest, Party, Release, Rules, State, decide};
use kit::{
    NOW, base, candidate, first_roles, id, key, keys, listed, next, online, package, release, roles, root, state,
};
use proptest::prelude::*;

/// One change to a candidate, somewhere.
#[derive(Clone, Copy, Debug)]
struct Change {
    party: u8,
    what: u8,
    value: u64,
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = (0..3_u8, 0..34_u8, prop_oneof![0..6_u64, Just(u64::MAX), any::<u64>()]);
    prop::collection::vec(change.prop_map(|(party, what, value)| Change { party, what, value }), 0..6)
}

fn spoil(seen: &mut Candidate, Change { party, what, value }: Change) {
    let party = Party::ALL[usize::from(party)];
    let small = u8::try_from(value % 6).unwrap();
    let digest: Digest = id(format!("value {}", value % 3));
    let time = NOW.wrapping_add(i64::from_ne_bytes(value.to_ne_bytes()));
    let view = seen.parties.of_mut(party);
    match what {
        0 => drop(view.timestamp.seal.signers.pop_first()),
        1 => drop(view.snapshot.seal.signers.pop_first()),
        2 => drop(view.targets.seal.signers.pop_first()),
        3 => drop(view.targets.seal.signers.insert(key(base(party) + small))),
        4 => view.timestamp.link.version = value,
        5 => view.timestamp.link.predecessor = (small > 0).then_some(digest),
        6 => view.timestamp.seal.id = digest,
        7 => view.timestamp.expires = time,
        8 => view.timestamp.signed = time,
        9 => view.timestamp.snapshot.version = value,
        10 => view.snapshot.file.version = value,
        11 => view.snapshot.seal.id = digest,
        12 => view.snapshot.expires = time,
        13 => view.snapshot.targets.length = value,
        14 => view.targets.file.version = value,
        15 => view.targets.link.version = value,
        16 => view.targets.link.id = digest,
        17 => view.targets.link.predecessor = (small > 0).then_some(digest),
        18 => view.targets.expires = time,
        19 => drop(view.targets.releases.remove(&(value % 4))),
        20 => drop(view.targets.releases.insert(value, listed(release(value % 8)))),
        21 => view.links.truncate(usize::from(small)),
        22 => view.links.iter_mut().for_each(|link| link.version = link.version.wrapping_add(value)),
        23 => view.links.reverse(),
        24 => drop(view.links.pop()),
        25 => view.roots.push(root(party, first_roles(party), keys([base(party), base(party) + small]))),
        26 => {
            let new = roles(keys((0..4).map(|n| base(party) + n + small)), online(party));
            view.roots.push(root(party, new, keys([base(party) + 2, base(party) + 3, base(party) + small])));
        }
        27 => view.roots.iter_mut().for_each(|root| root.link.version = value),
        28 => seen.package = None,
        29 => seen.package = Some(package(value % 5)),
        30 => seen.package.iter_mut().for_each(|package| package.length = value),
        31 => seen.package.iter_mut().for_each(|package| package.sha256 = digest),
        32 => seen.package.iter_mut().for_each(|package| package.inner = Release { number: value, ..release(2) }),
        _ => seen.package.iter_mut().for_each(|package| {
            package.rules.insert("ui".to_owned(), Rules { version: value, sha256: digest });
        }),
    }
}

/// What must hold of an installation, whatever led to it; written without looking at how it is decided.
fn sound(known: &State, seen: &Candidate, number: u64) -> Result<(), TestCaseError> {
    let package = seen.package.as_ref().unwrap();
    prop_assert!(number > known.installed);
    prop_assert_eq!(package.inner.number, number);
    for party in Party::ALL {
        let view = seen.of(party);
        let listing = &view.targets.releases[&number];
        prop_assert_eq!(&listing.release, &package.inner);
        prop_assert_eq!((listing.length, listing.sha256), (package.length, package.sha256));
        prop_assert!(view.targets.seal.signers.len() >= 2);
        prop_assert!(view.timestamp.expires > NOW && view.snapshot.expires > NOW && view.targets.expires > NOW);
        prop_assert_eq!(view.timestamp.snapshot, view.snapshot.file);
        prop_assert_eq!(view.snapshot.targets, view.targets.file);
    }
    prop_assert_eq!(&package.rules, &package.inner.rules);
    prop_assert!(known.rules.iter().all(|(process, had)| package.rules[process].version >= had.version));
    Ok(())
}

/// What must hold of everything that is remembered after something was decided.
fn grows(known: &State, next: &State) -> Result<(), TestCaseError> {
    prop_assert_eq!(known.installed, next.installed);
    prop_assert_eq!(&known.rules, &next.rules);
    prop_assert!(known.revoked.is_subset(&next.revoked));
    prop_assert!(known.forks.is_subset(&next.forks));
    for party in Party::ALL {
        let (before, after) = (known.parties.of(party), next.parties.of(party));
        for (old, new) in [(&before.targets, &after.targets), (&before.roots, &after.roots)] {
            prop_assert!((1..=old.version()).all(|version| old.at(version) == new.at(version)));
        }
        prop_assert!(
            before.timestamp.as_ref().map(|seen| seen.version) <= after.timestamp.as_ref().map(|seen| seen.version)
        );
        prop_assert!(
            before.snapshot.as_ref().map(|seen| seen.version) <= after.snapshot.as_ref().map(|seen| seen.version)
        );
        prop_assert!(before.signed <= after.signed);
        prop_assert!(after.roles.all().is_disjoint(&next.revoked) || !next.forks.is_empty());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_spoiled_decisions_are_sound(version in 1..5_u64, before in 1..4_u64, list in changes()) {
        let known = next(decide(&state(), &candidate(before), NOW));
        let mut seen = Candidate { package: Some(package(version)), ..candidate(version) };
        list.into_iter().for_each(|change| spoil(&mut seen, change));
        let decision = decide(&known, &seen, NOW);
        // Deterministic: the launcher comes to what the fetcher came to.
        prop_assert_eq!(&decision, &decide(&known, &seen, NOW));
        if let Decision::Install { release, .. } = &decision {
            sound(&known, &seen, release.release.number)?;
        }
        match decision {
            Decision::Refused(refusal) => prop_assert!(refusal.to_string().ends_with('.')),
            Decision::Forked { fork, next } => {
                prop_assert!(next.forks.contains(&fork) && fork.ours != fork.theirs);
                grows(&known, &next)?;
            }
            other => grows(&known, &next(other))?,
        }
    }

    #[test]
    fn state_written_and_read_is_the_same(version in 1..5_u64, list in changes()) {
        let mut seen = candidate(version);
        list.into_iter().for_each(|change| spoil(&mut seen, change));
        let known = match decide(&state(), &seen, NOW) {
            Decision::Refused(_) => state(),
            other => next(other),
        };
        let bytes = serde_json::to_vec(&known).unwrap();
        let read: State = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(serde_json::to_vec(&read).unwrap(), bytes);
        prop_assert_eq!(read, known);
    }
}
