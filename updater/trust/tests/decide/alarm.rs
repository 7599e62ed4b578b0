//! The freeze alarm, and what a refusal says to the user.

use crate::kit::{DAY, NOW, candidate, keys, next, refused, state};
use bulkhead_trust::{Freshness, PerParty, decide, freshness};

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
