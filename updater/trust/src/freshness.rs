//! The freeze alarm: whether each party's daily statement still arrives.
//!
//! A timestamp is signed again at least daily, whether there is a release or not. If none arrives, somebody keeps it
//! from us, or the party is gone: either way the user is told, and goes on reading and writing (control point U6).

use crate::{PerParty, State, Time};

/// How often a party signs at least.
pub const EVERY: Time = 24 * 60 * 60;
/// How far clocks may be apart, and how late a service may be, before the alarm.
pub const TOLERANCE: Time = 24 * 60 * 60;

/// How old what we know is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Nothing was ever fetched.
    Never,
    /// Signed so many seconds ago, within the promise.
    Fresh(Time),
    /// Nothing new has come since this time, at which it was due.
    Frozen(Time),
}

/// How old what we know of each party is.
pub fn freshness(state: &State, now: Time) -> PerParty<Freshness> {
    PerParty::make(|party| match state.parties.of(party).signed {
        None => Freshness::Never,
        Some(signed) => {
            let age = now.saturating_sub(signed);
            if age > EVERY + TOLERANCE {
                Freshness::Frozen(signed.saturating_add(EVERY))
            } else {
                Freshness::Fresh(age.max(0))
            }
        }
    })
}
