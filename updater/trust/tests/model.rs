//! Exhaustive checks over small sets of keys, against rules written a second time, as sets of bits.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod kit;

use bulkhead_trust::{Decision, Key, Party, RoleKeys, decide};
use kit::{NOW, base, candidate, key, keys, listed, online, release, roles, root, root_after, state, with_package};
use std::collections::BTreeSet;

/// Keys by the bits of `set`: bits 0 to 3 are the party's offline keys, 4 its online key, 5 to 7 others.
fn chosen(first: u8, set: u8) -> BTreeSet<Key> {
    keys((0..8).filter(|bit| set >> bit & 1 == 1).map(|bit| first + bit))
}

/// Every next root over seven keys, one of them revoked earlier and one online, signed by every subset of them:
/// 128 × 128 roots, each judged as the rules say.
#[test]
fn every_rotation_is_judged_as_the_rules_say() {
    const OLD: u8 = 0b000_1111;
    const ONLINE: u8 = 0b001_0000;
    const REVOKED: u8 = 0b100_0000;
    let party = Party::Quality;
    let first = base(party);
    let mut known = state();
    known.revoked = chosen(first, REVOKED);
    let mut accepted = 0;
    for new in 0..128_u8 {
        let new_roles = roles(chosen(first, new), online(party));
        for signers in 0..128_u8 {
            let by_the_old = signers & OLD & new & !REVOKED;
            let by_the_new = signers & new & !REVOKED;
            let sound = by_the_old.count_ones() >= 2
                && by_the_new.count_ones() >= 2
                && new.count_ones() >= 4
                && new & (REVOKED | ONLINE) == 0;
            let mut seen = candidate(1);
            seen.parties.quality.roots = vec![root(party, new_roles.clone(), chosen(first, signers))];
            // So that only the root is in question, targets are signed by what it names.
            seen.parties.quality.targets.seal.signers = chosen(first, new);
            match decide(&known, &seen, NOW) {
                Decision::UpToDate { next } => {
                    assert!(sound, "new {new:07b}, signed by {signers:07b}");
                    assert_eq!(next.revoked, chosen(first, REVOKED | (OLD & !new)));
                    accepted += 1;
                }
                Decision::Refused(_) => assert!(!sound, "new {new:07b}, signed by {signers:07b}"),
                other => panic!("{other:?}"),
            }
        }
    }
    // The rules can be kept in more than a hundred ways.
    assert!(accepted > 100, "{accepted}");
}

/// An attacker holds some keys of each party (0 to 3 offline ones, and the online one or not) and every mirror, and
/// offers a release that nobody else knows: it is installed if and only if each party has signed it with two keys.
#[test]
fn release_is_installed_only_if_every_party_was_taken() {
    let mut evil = release(2);
    evil.changes = "Reads along.".to_owned();
    let wanted = listed(evil.clone());
    for holdings in 0..512_u32 {
        let held = |party: Party| {
            let own = holdings >> (3 * party as u32) & 0b111;
            (u8::try_from(own & 0b11).unwrap(), own & 0b100 != 0)
        };
        let mut seen = with_package(2);
        for party in Party::ALL {
            let (offline, online_too) = held(party);
            let view = seen.parties.of_mut(party);
            view.targets.releases.insert(2, wanted.clone());
            view.targets.seal.signers = keys(base(party)..base(party) + offline);
            let online = if online_too { online(party) } else { keys([]) };
            view.timestamp.seal.signers = online.clone();
            view.snapshot.seal.signers = online;
        }
        let package = seen.package.as_mut().unwrap();
        package.inner = evil.clone();
        package.rules = evil.rules.clone();
        let all = Party::ALL.into_iter().all(|party| matches!(held(party), (2.., true)));
        let decision = decide(&state(), &seen, NOW);
        assert_eq!(matches!(decision, Decision::Install { .. }), all, "{holdings:09b}");
        assert_eq!(matches!(decision, Decision::Refused(_)), !all, "{holdings:09b}");
    }
}

/// Whatever two rotations follow each other: a key that has left never counts again, and the number of keys that an
/// attacker must hold never falls below two. All pairs of rotations over six keys, signed by an attacker with one.
#[test]
fn one_stolen_key_never_becomes_two() {
    let party = Party::Security;
    let first = base(party);
    for stolen in 0..4_u8 {
        for new in 0..64_u8 {
            let taken = roles(chosen(first + 5, new << 1 & 0b110 | 1 << stolen), online(party));
            let mut seen = candidate(1);
            // With any helper of its own making, but no second key of the party.
            let signers = chosen(first + 5, 0b1111_1111).union(&keys([first + stolen])).copied().collect();
            seen.parties.security.roots = vec![root(party, taken, signers)];
            assert!(matches!(decide(&state(), &seen, NOW), Decision::Refused(_)), "{stolen} {new:06b}");
        }
    }
    // Two honest rotations: the key that leaves with the first cannot help with the second, nor come back.
    for leaving in 0..4_u8 {
        let stay: Vec<u8> = (0..4).filter(|bit| *bit != leaving).map(|bit| first + bit).collect();
        let middle = roles(keys(stay.iter().copied().chain([first + 5])), online(party));
        let step = root(party, middle.clone(), keys(stay.iter().copied()));
        for helper in &stay {
            let next = roles(keys([stay[0], stay[1], stay[2], first + 6]), online(party));
            let second = root_after(party, step.link.id, 3, next, keys([*helper, first + leaving, first + 6]));
            let mut seen = candidate(1);
            seen.parties.security.roots = vec![step.clone(), second];
            assert!(matches!(decide(&state(), &seen, NOW), Decision::Refused(_)), "{leaving} {helper}");
        }
        let back = roles(keys(stay.iter().copied().chain([first + leaving])), online(party));
        let mut seen = candidate(1);
        seen.parties.security.roots =
            vec![step.clone(), root_after(party, step.link.id, 3, back, keys(stay.iter().copied()))];
        assert!(matches!(decide(&state(), &seen, NOW), Decision::Refused(_)), "{leaving} comes back");
    }
}

/// All signer sets over eight keys, all role sets of them, all revoked pairs: the count is that of distinct bits.
#[test]
fn signatures_are_counted_as_bits() {
    for signers in 0..=255_u8 {
        for listed in (0..=255_u8).step_by(3) {
            for bad in [0, 1, 2, 4, 3, 0b1000_0001, 255] {
                let role = RoleKeys { keys: chosen(0, listed), threshold: 2 };
                let counted = bulkhead_trust::count(&chosen(0, signers), &role, &chosen(0, bad));
                let bits = (signers & listed & !bad).count_ones();
                assert_eq!(u32::try_from(counted), Ok(bits));
                assert_eq!(bulkhead_trust::enough(&chosen(0, signers), &role, &chosen(0, bad)), bits >= 2);
            }
        }
    }
    assert_eq!(key(7), Key([7; 32]));
}
