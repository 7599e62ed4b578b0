//! From rules to the kernel's filter programs.
//!
//! One program has one answer for what it matches and one for the rest, so a stage is a stack: first one program
//! per error number (everything else passes), then the list of what goes through (everything else kills). The
//! kernel runs all of them and takes the strictest answer.

use crate::Error;
use crate::calls::{self, Call};
use crate::rules::{Condition, Errno, Mode, Refusal, Rules};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};
use std::collections::BTreeMap;

/// Which calls, by name, and for each the alternatives of conditions; no alternative means "always".
pub(crate) type Set = BTreeMap<String, Vec<Vec<Condition>>>;

/// What goes through in a stage, and what fails with an error number instead of killing.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Stage {
    pub allowed: Set,
    pub refused: BTreeMap<Errno, Set>,
}

/// The outer bound: `start`'s calls and `steady`'s.
pub(crate) fn start(rules: &Rules, mode: Mode) -> Stage {
    let mut stage = Stage::default();
    let in_mode = |only: Option<Mode>| only.is_none_or(|m| m == mode);
    let (start, steady) = (&rules.start, &rules.steady);
    for rule in start.calls.iter().chain(&steady.calls).filter(|r| in_mode(r.only)) {
        allow(&mut stage.allowed, &rule.call, &rule.when);
    }
    // What steady refuses is refused from the beginning, unless the set-up needs it.
    let needed = |refusal: &Refusal| {
        start.calls.iter().any(|r| r.call == refusal.call && (r.when.is_empty() || r.when == refusal.when))
    };
    let refused = start.refused.iter().chain(steady.refused.iter().filter(|r| !needed(r)));
    for rule in refused.filter(|r| in_mode(r.only)) {
        allow(stage.refused.entry(rule.errno).or_default(), &rule.call, &rule.when);
    }
    stage
}

/// What is left once the process is set up. The process does not know the mode; the launcher does, and the outer
/// bound stays on: so what one mode alone allows is allowed here, and what one mode alone refuses is left to it.
pub(crate) fn steady(rules: &Rules) -> Stage {
    let mut stage = Stage::default();
    for rule in &rules.steady.calls {
        allow(&mut stage.allowed, &rule.call, &rule.when);
    }
    for rule in rules.steady.refused.iter().filter(|r| r.only.is_none()) {
        allow(stage.refused.entry(rule.errno).or_default(), &rule.call, &rule.when);
    }
    stage
}

fn allow(set: &mut Set, call: &str, when: &[Condition]) {
    match set.get_mut(call) {
        None => {
            set.insert(call.into(), if when.is_empty() { Vec::new() } else { vec![when.to_vec()] });
        }
        Some(alternatives) if alternatives.is_empty() || when.is_empty() => alternatives.clear(),
        Some(alternatives) => alternatives.push(when.to_vec()),
    }
}

impl Stage {
    /// The programs, in the order in which they must be laid on: the last one may forbid laying on more.
    pub fn programs(&self) -> Result<Vec<BpfProgram>, Error> {
        let mut passing = self.allowed.clone();
        let mut programs = Vec::new();
        for (errno, set) in &self.refused {
            programs.push(program(set, SeccompAction::Allow, SeccompAction::Errno(errno.number()))?);
            // What an earlier program refuses must not be killed by the last one.
            for (name, alternatives) in set {
                match passing.get_mut(name) {
                    Some(passes) if passes.is_empty() || alternatives.is_empty() => passes.clear(),
                    Some(passes) => passes.extend(alternatives.iter().cloned()),
                    None => {
                        passing.insert(name.clone(), alternatives.clone());
                    }
                }
            }
        }
        programs.push(program(&passing, SeccompAction::KillProcess, SeccompAction::Allow)?);
        Ok(programs)
    }
}

fn program(set: &Set, otherwise: SeccompAction, matched: SeccompAction) -> Result<BpfProgram, Error> {
    let mut rules = BTreeMap::new();
    for (name, alternatives) in set {
        // A call that this machine never had is void.
        let Some(Call::Number(number)) = calls::by_name(name) else { continue };
        let alternatives: Result<Vec<_>, Error> = alternatives.iter().map(|when| rule(when)).collect();
        rules.insert(number, alternatives?);
    }
    let machine = std::env::consts::ARCH.try_into().map_err(Error::Filter)?;
    SeccompFilter::new(rules, otherwise, matched, machine).and_then(TryInto::try_into).map_err(Error::Filter)
}

fn rule(when: &[Condition]) -> Result<SeccompRule, Error> {
    let conditions: Result<Vec<_>, Error> = when
        .iter()
        .map(|condition| {
            let operator = match &condition.mask {
                Some(mask) => SeccompCmpOp::MaskedEq(mask.get()?.into()),
                None => SeccompCmpOp::Eq,
            };
            SeccompCondition::new(condition.arg, SeccompCmpArgLen::Dword, operator, condition.equals.get()?.into())
                .map_err(Error::Filter)
        })
        .collect();
    SeccompRule::new(conditions?).map_err(Error::Filter)
}

#[cfg(test)]
pub(crate) mod tests;
