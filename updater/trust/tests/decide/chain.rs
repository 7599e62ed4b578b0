//! Histories, and two of them.

use crate::QA;
use crate::kit::{NOW, candidate, id, next, refused, refused_after, state};
use bulkhead_trust::{Decision, Fork, Forked, Link, Refusal, Role, State, decide};
use std::collections::BTreeSet;

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
