//! Paths: which rights each has.
//!
//! A rule holds for its path and everything beneath it, and a path has the rights of all rules above it together; steady
//! rules are a second layer, and only what both layers give is given. So rights change nowhere but at a path that
//! some rule names, and comparing there is comparing everywhere. Paths are compared as they are written: links
//! are not followed, and a place such as `{data}` lies beneath nothing else, wherever it may lie at run time.

use super::words::{rights, situations};
use super::{Difference, Kind, Situation};
use crate::files::{self, Granted};
use crate::rules::{FileRule, Rules};
use std::collections::BTreeSet;

/// What remains for a path in a situation.
pub(crate) fn granted(rules: &Rules, situation: Situation, path: &str) -> Granted {
    let start = rules.start.files.iter().filter(|r| r.only.is_none_or(|m| m == situation.mode));
    let outer = above(start, path);
    match &rules.steady.files {
        Some(steady) if situation.steady => outer & above(steady.iter(), path),
        _ => outer,
    }
}

fn above<'a>(rules: impl Iterator<Item = &'a FileRule>, path: &str) -> Granted {
    rules.filter(|rule| covers(&rule.path, path)).fold(Granted::EMPTY, |all, rule| all | files::rights(rule.rights))
}

/// Whether a path is another one or lies beneath it.
pub(crate) fn covers(above: &str, path: &str) -> bool {
    path.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

pub(crate) fn differences(old: &Rules, new: &Rules) -> Vec<Difference> {
    let named = |rules: &Rules| -> Vec<String> {
        rules.start.files.iter().chain(rules.steady.files.iter().flatten()).map(|r| r.path.clone()).collect()
    };
    let paths: BTreeSet<String> = named(old).into_iter().chain(named(new)).collect();
    let mut found = Vec::new();
    for path in &paths {
        for kind in [Kind::Wider, Kind::Narrower] {
            let changed = |path: &str, situation| {
                let (was, is) = (granted(old, situation, path), granted(new, situation, path));
                if kind == Kind::Wider { is & !was } else { was & !is }
            };
            let places: Vec<Situation> = Situation::ALL.into_iter().filter(|s| !changed(path, *s).is_empty()).collect();
            let Some(first) = places.first() else { continue };
            // Said once, of the path where it begins.
            let said = |above: &String| {
                above != path
                    && covers(above, path)
                    && Situation::ALL.iter().all(|s| changed(above, *s).contains(changed(path, *s)))
            };
            if paths.iter().any(said) {
                continue;
            }
            let what = rights(changed(path, *first));
            let verb = if kind == Kind::Wider { "it may now" } else { "it may no longer" };
            let place = situations(places.into_iter());
            found.push(Difference { kind, text: format!("at {path} and beneath{place}, {verb} {what}.") });
        }
    }
    found
}
