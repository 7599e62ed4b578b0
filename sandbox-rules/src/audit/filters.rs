//! The filter programs of each situation beside what the rules say, so that a test can hold the kernel to the rules.

use crate::calls::{self, Call};
use crate::compare::Situation;
use crate::compare::cubes::Cube;
use crate::filter::{self, Set, Stage};
use crate::rules::{self, Condition, Mode};
use crate::{Error, Process};
use seccompiler::BpfProgram;

/// What the rules say to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It goes through.
    Allowed,
    /// It fails with this error number.
    Refused(u32),
    /// The process is killed.
    Killed,
}

/// A call that the rules name, and one alternative of its conditions.
#[derive(Clone, Debug)]
pub struct Named {
    /// The call's name.
    pub call: String,
    /// Its number on this machine.
    pub number: i64,
    /// The bits of each argument's low half that the conditions fix.
    pub mask: [u32; 6],
    /// What they are.
    pub value: [u32; 6],
}

/// One situation of a process.
#[derive(Debug)]
pub struct Filters {
    /// `net start direct`, `ui steady proxied` …
    pub name: String,
    /// In the order in which they are laid on.
    pub programs: Vec<BpfProgram>,
    /// All that the rules name, allowed and refused.
    pub named: Vec<Named>,
    stages: Vec<Stage>,
}

impl Filters {
    /// What the rules say. Reads the conditions one by one, with none of the code that makes or compares programs.
    pub fn answer(&self, number: i64, arguments: &[u64; 6]) -> Answer {
        let answers = self.stages.iter().map(|stage| answer(stage, number, arguments));
        answers.fold(Answer::Allowed, |strictest, answer| match (strictest, answer) {
            (Answer::Killed, _) | (_, Answer::Killed) => Answer::Killed,
            (Answer::Refused(errno), _) | (_, Answer::Refused(errno)) => Answer::Refused(errno),
            _ => Answer::Allowed,
        })
    }
}

fn answer(stage: &Stage, number: i64, arguments: &[u64; 6]) -> Answer {
    let names = |set: &Set| {
        set.iter().any(|(name, alternatives)| {
            calls::by_name(name) == Some(Call::Number(number))
                && (alternatives.is_empty() || alternatives.iter().any(|when| when.iter().all(|c| holds(c, arguments))))
        })
    };
    match stage.refused.iter().find(|(_, set)| names(set)) {
        Some((errno, _)) => Answer::Refused(errno.number()),
        None if names(&stage.allowed) => Answer::Allowed,
        None => Answer::Killed,
    }
}

/// Whether a condition holds, on the argument's low half.
pub(crate) fn holds(condition: &Condition, arguments: &[u64; 6]) -> bool {
    let mask = condition.mask.as_ref().map_or(Ok(u32::MAX), rules::Value::get);
    let argument = arguments.get(usize::from(condition.arg)).map(|argument| argument & u64::from(u32::MAX));
    match (argument, mask, condition.equals.get()) {
        (Some(argument), Ok(mask), Ok(equals)) => argument & u64::from(mask) == u64::from(equals),
        _ => false,
    }
}

/// The situations of a process that differ: most processes do not know of a proxy.
pub fn filters(process: Process) -> Result<Vec<Filters>, Error> {
    let rules = rules::of(process)?;
    let mut all: Vec<Filters> = Vec::new();
    for situation in Situation::ALL {
        let mut stages = vec![filter::start(&rules, situation.mode)];
        stages.extend(situation.steady.then(|| filter::steady(&rules)));
        if all.iter().any(|known| known.stages == stages) {
            continue;
        }
        let mut programs = Vec::new();
        for stage in &stages {
            programs.extend(stage.programs()?);
        }
        let name = format!(
            "{} {} {}",
            process.program(),
            if situation.steady { "steady" } else { "start" },
            if situation.mode == Mode::Direct { "direct" } else { "proxied" },
        );
        let named = stages.iter().map(named).collect::<Result<Vec<_>, _>>()?.concat();
        all.push(Filters { name, programs, named, stages });
    }
    Ok(all)
}

fn named(stage: &Stage) -> Result<Vec<Named>, Error> {
    let mut all = Vec::new();
    for (call, alternatives) in stage.refused.values().chain([&stage.allowed]).flatten() {
        let Some(Call::Number(number)) = calls::by_name(call) else { continue };
        let cubes = alternatives.iter().filter_map(|when| Cube::of(when).transpose()).collect::<Result<Vec<_>, _>>()?;
        for cube in if alternatives.is_empty() { vec![Cube::ALL] } else { cubes } {
            let (mask, value) = cube.bits();
            all.push(Named { call: call.clone(), number, mask, value });
        }
    }
    Ok(all)
}
