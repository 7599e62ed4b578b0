//! Every promise holds in every composition, within the small bounds.

use bulkhead_model::check;
use bulkhead_model::scope::Scope;
use bulkhead_model::scopes::{ASKED_AGAIN, SMALL};

fn holds(scope: &Scope) {
    let (safety, liveness) = (check::safety(scope), check::liveness(scope));
    println!("{scope}: {} states, {} steps, depth {}", safety.states, safety.steps, safety.depth);
    assert!(safety.broken.is_empty(), "{}: {:#?}", scope.name, safety.broken);
    assert!(liveness.broken.is_empty(), "{}: {:#?}", scope.name, liveness.broken);
    // Two walks that know nothing of each other saw the same.
    assert_eq!(safety.states, liveness.states, "{}", scope.name);
    assert_eq!(safety.depth, liveness.depth, "{}", scope.name);
}

#[test]
fn every_promise_holds_in_every_composition() {
    SMALL.iter().for_each(holds);
}

/// The vault's own monitor holds a signature back for which there is no mailbox at this moment.
#[test]
fn a_question_that_meets_a_mailbox_being_watched_anew_is_denied() {
    holds(&ASKED_AGAIN);
}
