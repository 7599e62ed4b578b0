//! Every promise can be seen to fail: each mutant of a table breaks what it is said to break, and nothing else.

use bulkhead_model::check::{self, promise};
use bulkhead_model::mutants::MUTANTS;

#[test]
fn each_mutant_breaks_its_promise_and_no_other() {
    let mut wrong = Vec::new();
    for mutant in MUTANTS {
        let scope = (mutant.scope)();
        let (safety, liveness) = (check::safety(&scope), check::liveness(&scope));
        let mut broken: Vec<_> = safety.broken.iter().chain(&liveness.broken).collect();
        broken.sort_by_key(|(name, _)| *name);
        let names: Vec<_> = broken.iter().map(|(name, _)| *name).collect();
        println!("{}: {} states; breaks {names:?}", mutant.name, safety.states);
        if names != mutant.breaks {
            wrong.push((mutant.name, broken.into_iter().cloned().collect::<Vec<_>>()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_promise_has_a_mutant() {
    for name in promise::SAFETY.into_iter().chain([promise::NO_DEADLOCK]) {
        assert!(MUTANTS.iter().any(|mutant| mutant.breaks.contains(&name)), "{name}");
    }
}
