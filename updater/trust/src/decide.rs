//! The decision: pure and total.
//!
//! Input that is refused changes nothing: a refusal carries no state. A fork is remembered, as nothing from a party
//! that has signed two histories is trusted again. The order is that of the TUF client workflow (specification 1.0,
//! section 5): roots of all parties, then each party's timestamp, snapshot and targets, then what all three agree on.

mod current;
mod releases;
mod roots;

pub(crate) use roots::step;

use crate::{Candidate, Fork, Listing, Party, Refusal, State, Time, count, enough};
use crate::{Key, Role, RoleKeys};
use std::collections::BTreeSet;

/// What to do, and what to remember then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Do nothing, remember nothing.
    Refused(Refusal),
    /// Two signed things cannot both be true: keep the proof, tell the user, remember it for good.
    Forked {
        /// What there are two of.
        fork: Fork,
        /// What to remember.
        next: Box<State>,
    },
    /// Nothing newer is listed by any party.
    UpToDate {
        /// What to remember.
        next: Box<State>,
    },
    /// A newer release is listed, but not by all parties yet.
    Waiting {
        /// Its number.
        number: u64,
        /// Who does not list it.
        missing: BTreeSet<Party>,
        /// What to remember.
        next: Box<State>,
    },
    /// All three parties list this release with equal length, digest and description: fetch its package.
    Download {
        /// The release.
        release: Box<Listing>,
        /// What to remember.
        next: Box<State>,
    },
    /// The package is the one that all three have signed: it may be tried and installed.
    Install {
        /// The release.
        release: Box<Listing>,
        /// What to remember before it is tried; [`State::with_installed`] is what to remember once it runs.
        next: Box<State>,
    },
}

/// Why a judgement ends early.
pub(crate) enum Stop {
    Refused(Refusal),
    Forked(Fork, BTreeSet<Key>),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Decides what to do about `candidate`. `now` is the machine's clock.
pub fn decide(state: &State, candidate: &Candidate, now: Time) -> Decision {
    match judge(state, candidate, now) {
        Ok(decision) => decision,
        Err(Stop::Refused(refusal)) => Decision::Refused(refusal),
        Err(Stop::Forked(fork, signers)) => {
            let mut next = state.clone();
            if !fork.of.condemns() {
                next.revoked.extend(signers);
            }
            next.forks.insert(fork.clone());
            Decision::Forked { fork, next: Box::new(next) }
        }
    }
}

fn judge(state: &State, candidate: &Candidate, now: Time) -> Result<Decision, Stop> {
    if let Some(fork) = state.condemned() {
        return Err(Refusal::Forked(fork.clone()).into());
    }
    let mut next = state.clone();
    for party in Party::ALL {
        roots::advance(&mut next, party, &candidate.of(party).roots, now)?;
    }
    roots::are_three(&next)?;
    for party in Party::ALL {
        current::advance(&mut next, party, candidate.of(party), now)?;
    }
    releases::agreed(next, candidate)
}

/// Counts, and says which refusal it is if the count does not suffice.
fn signed(
    party: Party,
    role: Role,
    signers: &BTreeSet<Key>,
    keys: &RoleKeys,
    bad: &BTreeSet<Key>,
) -> Result<(), Refusal> {
    if enough(signers, keys, bad) {
        Ok(())
    } else if enough(signers, keys, &BTreeSet::new()) {
        Err(Refusal::RevokedKey { party, role })
    } else {
        Err(Refusal::Signatures { party, role, counted: count(signers, keys, bad), needed: keys.threshold })
    }
}
