//! System calls: which argument lists are allowed, refused or killed.

use super::cubes::{Cube, TooMuch, meet, minus};
use super::words::{self, arguments, situations};
use super::{Difference, Kind, Situation};
use crate::Error;
use crate::filter::{self, Set, Stage};
use crate::rules::{Errno, Rules};
use std::collections::{BTreeMap, BTreeSet};

/// What one call gets. What is in neither is killed.
#[derive(Default)]
pub(crate) struct Answers {
    pub allowed: Vec<Cube>,
    pub refused: Vec<Cube>,
}

/// Both bounds of a situation: the inner one only in steady state.
pub(crate) struct Bounds {
    outer: Stage,
    inner: Option<Stage>,
}

/// Either not decided, or the rules are no rules.
pub(crate) enum Stopped {
    TooMuch,
    Rules(Error),
}

impl From<TooMuch> for Stopped {
    fn from(_: TooMuch) -> Self {
        Self::TooMuch
    }
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Rules(error)
    }
}

impl Bounds {
    pub fn of(rules: &Rules, situation: Situation) -> Self {
        let inner = situation.steady.then(|| filter::steady(rules));
        Self { outer: filter::start(rules, situation.mode), inner }
    }

    /// The rules that speak, for a reader: in steady state the inner bound's, which is the narrower one.
    pub fn speaking(&self) -> &Stage {
        self.inner.as_ref().unwrap_or(&self.outer)
    }

    /// What a call gets under both bounds.
    pub fn answers(&self, call: &str) -> Result<Answers, Stopped> {
        let outer = answers(&self.outer, call)?;
        let Some(inner) = &self.inner else { return Ok(outer) };
        let inner = answers(inner, call)?;
        let lives = |answers: &Answers| [&answers.allowed[..], &answers.refused[..]].concat();
        let allowed = meet(&outer.allowed, &inner.allowed)?;
        let refused = minus(&meet(&lives(&outer), &lives(&inner))?, &allowed)?;
        Ok(Answers { allowed, refused })
    }

    fn names(&self) -> impl Iterator<Item = &String> {
        self.outer.allowed.keys().chain(self.outer.refused.values().flat_map(Set::keys))
    }
}

/// The alternatives of a call in a set.
fn cubes(set: &Set, call: &str) -> Result<Vec<Cube>, Error> {
    match set.get(call) {
        None => Ok(Vec::new()),
        Some(alternatives) if alternatives.is_empty() => Ok(vec![Cube::ALL]),
        Some(alternatives) => alternatives.iter().filter_map(|when| Cube::of(when).transpose()).collect(),
    }
}

/// One bound's answers: a refusal goes before a permission, as the kernel takes the strictest answer.
fn answers(stage: &Stage, call: &str) -> Result<Answers, Stopped> {
    let mut refused = Vec::new();
    for set in stage.refused.values() {
        refused.extend(cubes(set, call)?);
    }
    let allowed = minus(&cubes(&stage.allowed, call)?, &refused)?;
    Ok(Answers { allowed, refused })
}

/// Where a call gets more, and where less: an example each.
struct Change {
    more: Option<Cube>,
    less: Option<Cube>,
    /// It fails with another error number.
    errno: bool,
}

fn change(old: &Bounds, new: &Bounds, call: &str) -> Result<Change, Stopped> {
    let (was, is) = (old.answers(call)?, new.answers(call)?);
    let more = gained(&was, &is)?;
    let less = gained(&is, &was)?;
    let numbers = |bounds: &Bounds| -> Result<BTreeMap<Errno, Vec<Cube>>, Error> {
        let refused = &bounds.speaking().refused;
        refused.iter().map(|(errno, set)| Ok((*errno, cubes(set, call)?))).collect()
    };
    let (was, is) = (numbers(old)?, numbers(new)?);
    let mut errno = false;
    for number in [Errno::EACCES, Errno::ENOSYS, Errno::EPERM] {
        let of = |map: &BTreeMap<Errno, Vec<Cube>>| map.get(&number).cloned().unwrap_or_default();
        errno |= !minus(&of(&is), &of(&was))?.is_empty() || !minus(&of(&was), &of(&is))?.is_empty();
    }
    let errno = errno && more.is_none() && less.is_none();
    Ok(Change { more, less, errno })
}

/// An example of what the second allows or refuses, and the first refuses or kills.
fn gained(first: &Answers, second: &Answers) -> Result<Option<Cube>, Stopped> {
    let lives = [&first.allowed[..], &first.refused[..]].concat();
    let allowed = minus(&second.allowed, &first.allowed)?;
    let refused = if allowed.is_empty() { minus(&second.refused, &lives)? } else { Vec::new() };
    Ok(allowed.first().or(refused.first()).copied())
}

pub(crate) fn differences(old: &Rules, new: &Rules) -> Result<Vec<Difference>, Error> {
    let bounds = Situation::ALL.map(|s| (s, Bounds::of(old, s), Bounds::of(new, s)));
    let names: BTreeSet<&String> = bounds.iter().flat_map(|(_, old, new)| old.names().chain(new.names())).collect();
    let mut found = Vec::new();
    for call in names {
        let (mut more, mut less, mut errno, mut undecided) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (situation, old, new) in &bounds {
            match change(old, new, call) {
                Ok(change) => {
                    more.extend(change.more.map(|example| (*situation, old, new, example)));
                    less.extend(change.less.map(|example| (*situation, old, new, example)));
                    errno.extend(change.errno.then_some((*situation, old, new, Cube::ALL)));
                }
                Err(Stopped::TooMuch) => undecided.push((*situation, old, new, Cube::ALL)),
                Err(Stopped::Rules(error)) => return Err(error),
            }
        }
        for (kind, changes, what) in [
            (Kind::Wider, more, "gets more"),
            (Kind::Narrower, less, "gets less"),
            (Kind::Remark, errno, "fails with another error number"),
            (Kind::Undecided, undecided, "has so many alternatives that they were not compared to the end"),
        ] {
            let Some((_, old, new, example)) = changes.first() else { continue };
            let place = situations(changes.iter().map(|(situation, ..)| *situation));
            let (was, is) = (words::call(old.speaking(), call), words::call(new.speaking(), call));
            let example = match kind {
                Kind::Wider | Kind::Narrower => arguments(call, example),
                Kind::Remark | Kind::Undecided => String::new(),
            };
            found.push(Difference { kind, text: format!("`{call}` {what}{place}{example}. OLD: {was}. NEW: {is}.") });
        }
    }
    Ok(found)
}
