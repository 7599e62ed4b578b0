//! Versions of rules: each belongs to the release that it first ships with, and means for ever what it meant there.
//!
//! `released/PROCESS-VERSION.json` is what a version said in its release. A file whose version is there must still mean
//! the same (its reasons may be worded better). One whose version is not there yet is in the making: it has the next
//! number, names the release in the making, and may change until that ships. So once the workspace's version is
//! raised, whoever forgot to put a copy into `released/` is told.

use super::{names, read};
use crate::rules::{Release, Rules};
use crate::{Error, Process, compare};
use std::collections::BTreeMap;
use std::path::Path;

/// A sentence for each thing that does not fit.
pub(super) fn judge(folder: &Path, rules: &BTreeMap<Process, Rules>, own: Release) -> Result<Vec<String>, Error> {
    let folder = folder.join("released");
    let mut wrong = Vec::new();
    let mut released: BTreeMap<Process, BTreeMap<u32, Rules>> = BTreeMap::new();
    for name in names(&folder)?.into_iter().filter(|name| name != "README.md") {
        let rules = read(&folder.join(&name))?;
        if name == copy_name(&rules) {
            released.entry(rules.process).or_default().insert(rules.version, rules);
        } else {
            wrong.push(format!("released/{name}: it holds {}: give it that name", copy_name(&rules)));
        }
    }
    for versions in released.values() {
        wrong.extend(order(versions));
    }
    for current in rules.values() {
        let none = BTreeMap::new();
        wrong.extend(current_fits(current, released.get(&current.process).unwrap_or(&none), own)?);
    }
    Ok(wrong)
}

fn copy_name(rules: &Rules) -> String {
    let file = rules.process.rules_file();
    format!("{}-{}.json", file.strip_suffix(".json").unwrap_or(file), rules.version)
}

/// Versions without a gap, each with a later release.
fn order(versions: &BTreeMap<u32, Rules>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut last: Option<Release> = None;
    for (expected, rules) in (1..).zip(versions.values()) {
        let name = copy_name(rules);
        if rules.version != expected {
            wrong.push(format!("released/{name}: version {expected} is not there: put it back from its release"));
            break;
        }
        if last.is_some_and(|last| rules.release <= last) {
            wrong
                .push(format!("released/{name}: its release is not later than that of the version before: correct it"));
        }
        last = Some(rules.release);
    }
    wrong
}

fn current_fits(rules: &Rules, released: &BTreeMap<u32, Rules>, own: Release) -> Result<Option<String>, Error> {
    let (file, version, release) = (rules.process.rules_file(), rules.version, rules.release);
    let last = released.last_key_value().map(|(version, rules)| (*version, rules));
    if let Some((_, same)) = last.filter(|(last, _)| *last == version) {
        let changed = compare::compare(same, rules)?.differences.into_iter().next();
        return Ok(match changed {
            Some(difference) => Some(format!(
                "{file}: version {version} shipped with {}, and these rules mean something else ({}): raise `version` to {} and set `release` to {own}",
                same.release,
                difference.text.trim_end_matches('.'),
                version.saturating_add(1)
            )),
            None if same.release != release => {
                Some(format!("{file}: version {version} shipped with {}: set `release` to that", same.release))
            }
            None => None,
        });
    }
    let next = last.map_or(1, |(last, _)| last.saturating_add(1));
    Ok(if version != next {
        Some(format!("{file}: its version is {version}, and the next one is {next}: correct `version`"))
    } else if last.is_some_and(|(_, rules)| rules.release >= own) {
        Some(format!("{file}: release {own} shipped with the version before: raise the workspace's version first"))
    } else if release != own {
        Some(format!(
            "{file}: version {version} is of release {release}, and this is {own}: if {release} was published, put what it shipped into released/{}; if not, set `release` to {own}",
            copy_name(rules)
        ))
    } else {
        None
    })
}

#[cfg(test)]
mod tests;
