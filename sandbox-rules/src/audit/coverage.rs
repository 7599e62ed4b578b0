//! Rules that give nothing: what they allow is allowed by others, never comes to bear, or is not there to be given.

use crate::Error;
use crate::compare::cubes::{Cube, TooMuch, minus};
use crate::compare::words::conditions;
use crate::compare::{Situation, granted};
use crate::filter;
use crate::rules::{CallRule, Condition, FileRule, Mode, Refusal, Rules};

/// A sentence for each useless rule.
pub(super) fn useless(rules: &Rules) -> Result<Vec<String>, Error> {
    let (start, steady) = (&rules.start, &rules.steady);
    let mut found = Vec::new();
    for (list, calls) in [("start.calls", &start.calls), ("steady.calls", &steady.calls)] {
        found.extend(covered(list, parts(calls), parts(calls))?);
    }
    found.extend(never(rules)?);
    for (list, refused) in [("start.refused", &start.refused), ("steady.refused", &steady.refused)] {
        found.extend(covered(list, parts(refused), parts(refused))?);
    }
    found.extend(files("start.files", &start.files));
    found.extend(files("steady.files", steady.files.as_deref().unwrap_or_default()));
    found.extend(nothing_to_keep(rules));
    Ok(found)
}

/// What a rule is about, whichever kind it is.
struct Part<'a> {
    id: *const (),
    call: &'a str,
    when: &'a [Condition],
    only: Option<Mode>,
}

impl<'a> From<&'a CallRule> for Part<'a> {
    fn from(rule: &'a CallRule) -> Self {
        Self { id: std::ptr::from_ref(rule).cast(), call: &rule.call, when: &rule.when, only: rule.only }
    }
}

impl<'a> From<&'a Refusal> for Part<'a> {
    fn from(rule: &'a Refusal) -> Self {
        Self { id: std::ptr::from_ref(rule).cast(), call: &rule.call, when: &rule.when, only: rule.only }
    }
}

fn parts<'a, T>(rules: &'a [T]) -> Vec<Part<'a>>
where
    Part<'a>: From<&'a T>,
{
    rules.iter().map(Part::from).collect()
}

/// A sentence for each of start's permissions that steady gives as well: no fault, as each says what needs it when,
/// but whoever wants to take the call away must take out both.
pub(super) fn in_both(rules: &Rules) -> Result<Vec<String>, Error> {
    covered("start.calls, besides steady.calls", parts(&rules.steady.calls), parts(&rules.start.calls))
}

/// Rules all of whose argument lists other rules for the same call hold, in every mode that the rule knows.
fn covered(list: &str, others: Vec<Part<'_>>, judged: Vec<Part<'_>>) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for rule in judged {
        let Some(cube) = Cube::of(rule.when)? else { continue };
        let mut modes = Mode::ALL.into_iter().filter(|mode| rule.only.is_none_or(|only| only == *mode));
        let in_mode = |mode| -> Result<bool, Error> {
            let rest = others.iter().filter(|other| {
                other.call == rule.call && other.id != rule.id && other.only.is_none_or(|only| only == mode)
            });
            let rest: Vec<Cube> =
                rest.filter_map(|other| Cube::of(other.when).transpose()).collect::<Result<_, _>>()?;
            Ok(!rest.is_empty() && nothing_left(&[cube], &rest))
        };
        if modes.try_fold(true, |all, mode| in_mode(mode).map(|covered| all && covered))? {
            found.push(format!(
                "{list}: the rule for `{}`{} gives nothing that others do not give",
                rule.call,
                conditions(rule.call, rule.when)
            ));
        }
    }
    Ok(found)
}

/// What cannot be decided is no finding.
fn nothing_left(of: &[Cube], taken: &[Cube]) -> bool {
    minus(of, taken).unwrap_or_else(|TooMuch| of.to_vec()).is_empty()
}

/// Permissions that a refusal takes back entirely, in both modes.
fn never(rules: &Rules) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    let stages = [
        ("start.calls", &rules.start.calls, Mode::ALL.map(|mode| filter::start(rules, mode))),
        ("steady.calls", &rules.steady.calls, Mode::ALL.map(|_| filter::steady(rules))),
    ];
    for (list, calls, stages) in stages {
        for rule in calls {
            let Some(cube) = Cube::of(&rule.when)? else { continue };
            let mut taken_back = true;
            for stage in &stages {
                let mut refused = Vec::new();
                for alternatives in stage.refused.values().filter_map(|set| set.get(&rule.call)) {
                    refused.extend(alternatives.is_empty().then_some(Cube::ALL));
                    for when in alternatives {
                        refused.extend(Cube::of(when)?);
                    }
                }
                taken_back &= nothing_left(&[cube], &refused);
            }
            if taken_back {
                let when = conditions(&rule.call, &rule.when);
                found.push(format!("{list}: what the rule for `{}`{when} allows is refused", rule.call));
            }
        }
    }
    Ok(found)
}

fn files(list: &str, rules: &[FileRule]) -> Vec<String> {
    let covers = |other: &FileRule, rule: &FileRule| {
        !std::ptr::eq(other, rule)
            && crate::compare::covers(&other.path, &rule.path)
            && crate::files::rights(other.rights).contains(crate::files::rights(rule.rights))
            && (other.only.is_none() || other.only == rule.only)
    };
    let useless = rules.iter().filter(|rule| rules.iter().any(|other| covers(other, rule)));
    useless.map(|r| format!("{list}: {} gives nothing that a rule above it does not give", r.path)).collect()
}

/// Steady rules for files that the start's rules do not open up: there is nothing that could remain.
fn nothing_to_keep(rules: &Rules) -> Vec<String> {
    let outer = |path: &str| {
        let start = Mode::ALL.map(|mode| granted(rules, Situation { steady: false, mode }, path));
        start.into_iter().all(|rights| rights.is_empty())
    };
    let lost = rules.steady.files.iter().flatten().filter(|rule| outer(&rule.path));
    lost.map(|r| format!("steady.files: {} is not among start's files, so nothing of it can remain", r.path)).collect()
}
