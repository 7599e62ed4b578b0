//! What updater/README.md promises, measured: a chain of 10,000 releases of three parties, read and decided on; and
//! the metadata that one release costs.
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
    let one = &staged.quality;
    let metadata = 3 * (one.timestamp.len() + one.snapshot.len() + one.targets.len());
    println!("{RELEASES} releases of three parties: read {read:?}, read and decided {decided:?}");
    println!("metadata of one release, all parties: {metadata} bytes");
}
