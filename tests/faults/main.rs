//! Relays that misbehave: one of two or three may do whatever it likes, and nothing is lost, shown twice or out of
//! order, and messages keep passing.
//!
//! The real net and the real vault core with its store, one pair per person, talk over TLS to real relays, each with a
//! proxy in front that reads the relay protocol and breaks it (`moods.rs`, `proxy.rs`). Which relay is bad, and how, is
//! drawn from a seed, which is printed; `BULKHEAD_FAULTS=SECONDS` goes on for longer, with a seed after the other, and
//! `BULKHEAD_FAULTS_SEED` begins with another one.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod certificates;
mod device;
mod moods;
mod proxy;
mod scenario;

use scenario::{Scenario, Tally};
use std::time::{Duration, Instant};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs scenarios of one kind, for `seconds` or as long as it was asked for.
fn run(seconds: u64, first: u64, kind: impl Fn(u64) -> Scenario) {
    let time = number("BULKHEAD_FAULTS").map_or(Duration::from_secs(seconds), Duration::from_secs);
    let first = number("BULKHEAD_FAULTS_SEED").unwrap_or(first);
    let (start, mut tally, mut seeds) = (Instant::now(), Tally::default(), 0);
    while start.elapsed() < time {
        let until = (start + time).min(Instant::now() + Duration::from_secs(60));
        scenario::run(&kind(first + seeds), until, &mut tally);
        seeds += 1;
    }
    println!("{tally}");
    tally.judge();
}

#[test]
fn any_one_of_two_relays_may_do_anything() {
    run(20, 1, |seed| Scenario { seed, relays: 2, tick: 100, moving: false });
}

#[test]
fn any_one_of_three_relays_may_do_anything_while_both_change_theirs() {
    run(20, 1001, |seed| Scenario { seed, relays: 3, tick: 100, moving: true });
}

#[test]
fn messages_pass_at_once_at_the_shipped_pace_whatever_one_relay_does() {
    run(20, 2001, |seed| Scenario { seed, relays: 2, tick: 5_000, moving: false });
}
