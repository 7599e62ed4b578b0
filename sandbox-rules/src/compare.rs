//! Which of two rules files allows more: by what they mean, not by what they say.
//!
//! A file means, for each stage (starting, steady) and mode (without or with a proxy): for every system call and every list
//! of arguments whether it is allowed, refused or killed; for every path the rights; the TCP ports; what may not cross to
//! the outside; the limits; the variables. Allowed is more than refused and refused is more than killed, because who
//! is refused lives on and tries the next thing. Which error number a refusal gives is neither more nor less: it is
//! reported and does not count. Steady state is judged with the start's bound still on, as it is at run time.
//!
//! NEW is *narrower* than OLD if it gives less somewhere and nowhere more.

mod calls;
pub(crate) mod cubes;
mod paths;
mod surroundings;
pub(crate) mod words;

use crate::Error;
use crate::rules::{Mode, Rules};
pub(crate) use paths::{covers, granted};
pub(crate) use surroundings::widest;

/// The answer to a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Neither gives more.
    Equal,
    /// NEW gives less.
    Narrower,
    /// NEW gives more.
    Wider,
    /// NEW gives more in one place and less in another, or a place could not be judged.
    Incomparable,
}

/// What one difference amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// NEW gives more.
    Wider,
    /// It could not be decided within bounds.
    Undecided,
    /// NEW gives less.
    Narrower,
    /// Neither more nor less.
    Remark,
}

/// One difference, for a reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What it amounts to.
    pub kind: Kind,
    /// What it is.
    pub text: String,
}

/// All differences, the widening ones first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comparison {
    /// What they amount to together.
    pub verdict: Verdict,
    /// Each of them.
    pub differences: Vec<Difference>,
}

impl Comparison {
    /// The verdict over differences.
    pub(crate) fn of(mut differences: Vec<Difference>) -> Self {
        differences.sort_by_key(|difference| difference.kind);
        let has = |kind| differences.iter().any(|d| d.kind == kind);
        let verdict = match (has(Kind::Wider), has(Kind::Narrower), has(Kind::Undecided)) {
            (false, false, false) => Verdict::Equal,
            (false, true, false) => Verdict::Narrower,
            (true, false, false) => Verdict::Wider,
            _ => Verdict::Incomparable,
        };
        Self { verdict, differences }
    }
}

/// One of the four situations that are judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Situation {
    pub steady: bool,
    pub mode: Mode,
}

impl Situation {
    pub const ALL: [Self; 4] = [
        Self { steady: false, mode: Mode::Direct },
        Self { steady: false, mode: Mode::Proxied },
        Self { steady: true, mode: Mode::Direct },
        Self { steady: true, mode: Mode::Proxied },
    ];
}

/// What `new` gives more or less than `old`; both are one process's.
pub(crate) fn compare(old: &Rules, new: &Rules) -> Result<Comparison, Error> {
    if old.process != new.process {
        return Err(Error::TwoProcesses(old.process.program(), new.process.program()));
    }
    let mut differences = calls::differences(old, new)?;
    differences.extend(paths::differences(old, new));
    differences.extend(surroundings::differences(old, new));
    Ok(Comparison::of(differences))
}

#[cfg(test)]
mod tests;
