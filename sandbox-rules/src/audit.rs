//! For those who judge rules: reading files, comparing, explaining and checking them. No process runs any of this.

mod counts;
mod coverage;
mod explain;
mod filters;
mod history;
mod records;

pub use crate::compare::{Comparison, Difference, Kind, Verdict};
use crate::rules::{self, Release, Rules};
use crate::{Error, Process, compare};
pub use filters::{Answer, Filters, Named, filters};
pub use records::{RECORD, unused};
use std::collections::BTreeMap;
use std::path::Path;

/// The file of the rules folder that is laid over the vault's rules in builds for tests, and ships with nothing.
const OVERLAY: &str = "vault-test-driver.json";

/// Rules of some processes.
#[derive(Debug)]
pub struct Collection {
    rules: BTreeMap<Process, Rules>,
    /// A folder of them, not one file: then a process that is missing has no rules.
    whole: bool,
}

impl Collection {
    /// Reads a rules file, or a folder of them.
    pub fn read(path: &Path) -> Result<Self, Error> {
        if !path.is_dir() {
            let rules = read(path)?;
            return Ok(Self { rules: BTreeMap::from([(rules.process, rules)]), whole: false });
        }
        let mut all = BTreeMap::new();
        for name in names(path)?.into_iter().filter(|name| name.ends_with(".json") && name != OVERLAY) {
            let rules = read(&path.join(&name))?;
            if rules.process.rules_file() != name {
                return Err(Error::Mismatch.at(&name));
            }
            all.insert(rules.process, rules);
        }
        if all.is_empty() {
            Err(Error::NoRules(path.display().to_string()))
        } else {
            Ok(Self { rules: all, whole: true })
        }
    }

    /// What this build carries, as it ships.
    pub fn carried() -> Result<Self, Error> {
        let rules = Process::WITH_RULES.map(|process| Ok((process, rules::shipped(process)?)));
        Ok(Self { rules: rules.into_iter().collect::<Result<_, Error>>()?, whole: true })
    }

    /// Whose rules these are.
    pub fn processes(&self) -> impl Iterator<Item = Process> + '_ {
        self.rules.keys().copied()
    }

    /// One process's rules in words, the most dangerous first. Nothing if there are none.
    pub fn explain(&self, process: Process) -> Option<String> {
        self.rules.get(&process).map(explain::explain)
    }

    /// The table of the README, in Markdown.
    pub fn table(&self) -> String {
        counts::table(self.rules.values())
    }
}

fn read(path: &Path) -> Result<Rules, Error> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::File(path.display().to_string(), error))?;
    rules::parse(&text).map_err(|error| error.at(&path.display().to_string()))
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Result<Vec<String>, Error> {
    let unreadable = |error| Error::File(folder.display().to_string(), error);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        names.push(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Compares process by process. A process that only one side has rules for can only there be started.
pub fn diff(old: &Collection, new: &Collection) -> Result<Vec<(Process, Comparison)>, Error> {
    let only = |process: Process, kind, text: &str| {
        (process, Comparison::of(vec![Difference { kind, text: format!("{} {text}.", process.program()) }]))
    };
    let mut found = Vec::new();
    for process in Process::WITH_RULES {
        match (old.rules.get(&process), new.rules.get(&process)) {
            (Some(old), Some(new)) => found.push((process, compare::compare(old, new)?)),
            (Some(_), None) if new.whole => {
                found.push(only(process, Kind::Narrower, "has no rules any more, and so cannot be started"));
            }
            (None, Some(_)) if old.whole => {
                found.push(only(process, Kind::Wider, "had no rules, and now can be started"));
            }
            _ => {}
        }
    }
    match (found.is_empty(), old.processes().next(), new.processes().next()) {
        (true, Some(old), Some(new)) => Err(Error::TwoProcesses(old.program(), new.program())),
        _ => Ok(found),
    }
}

/// The verdict over several processes.
pub fn verdict<'a>(comparisons: impl Iterator<Item = &'a Comparison>) -> Verdict {
    Comparison::of(comparisons.flat_map(|c| c.differences.iter().cloned()).collect()).verdict
}

/// What `check` found.
#[derive(Debug, Default)]
pub struct Findings {
    /// What must be put right, a sentence each.
    pub wrong: Vec<String>,
    /// What a reader should know, a sentence each.
    pub notes: Vec<String>,
}

/// Checks the rules of a folder, or those that this build carries: form (by reading them), that no rule is useless,
/// and for a folder that the versions agree with what was released.
pub fn check(folder: Option<&Path>) -> Result<Findings, Error> {
    let collection = folder.map_or_else(Collection::carried, Collection::read)?;
    let mut findings = Findings::default();
    for rules in collection.rules.values() {
        let file = rules.process.rules_file();
        findings.wrong.extend(coverage::useless(rules)?.into_iter().map(|text| format!("{file}: {text}: take it out")));
        findings.notes.extend(coverage::in_both(rules)?.into_iter().map(|text| format!("{file}: {text}")));
        findings.notes.extend(kept_on_foresight(rules).into_iter().map(|text| format!("{file}: {text}")));
    }
    match folder {
        Some(folder) if collection.whole => {
            let own = Release::own().ok_or(Error::NoRelease(env!("CARGO_PKG_VERSION")))?;
            findings.wrong.extend(history::judge(folder, &collection.rules, own)?);
        }
        _ => findings.notes.push("versions were not compared with what was released: name the folder for that".into()),
    }
    Ok(findings)
}

fn kept_on_foresight(rules: &Rules) -> Vec<String> {
    let all = rules.foresight.iter().map(|why| format!("all calls are kept on foresight: {why}"));
    let calls = rules.start.calls.iter().chain(&rules.steady.calls);
    let single = calls.filter_map(|r| Some(format!("`{}` is kept on foresight: {}", r.call, r.foresight.as_ref()?)));
    all.chain(single).collect()
}
