//! What the README promises, measured: a chain of 10,000 releases of three parties, read and decided on.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a measurement that cannot go on ends")]

#[path = "../tests/signed/mod.rs"]
mod signed;

use bulkhead_trust::{Candidate, Decision, Party, PerParty, decide};
use signed::{NOW, first, houses};
use std::time::Instant;

const RELEASES: u64 = 10_000;

fn main() {
    let mut houses = houses();
    let state = first(&houses);
    for party in Party::ALL {
        (2..=RELEASES).for_each(|number| houses.of_mut(party).publish(number));
    }
    let staged = PerParty::make(|party| houses.of(party).staged(state.parties.of(party)));
    let began = Instant::now();
    let parties = PerParty::try_make(|party| staged.of(party).read(party, state.parties.of(party))).unwrap();
    let read = began.elapsed();
    let decision = decide(&state, &Candidate { parties, package: None }, NOW);
    let decided = began.elapsed();
    assert!(matches!(decision, Decision::Download { .. }));
    println!(
        "{RELEASES} releases of three parties: read in {:.2} s, with the decision in {:.2} s (asked: ≤ 1 s for a chain)",
        read.as_secs_f64(),
        decided.as_secs_f64()
    );
}
