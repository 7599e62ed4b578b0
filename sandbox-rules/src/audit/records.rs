//! Which rules a run used, from a tracer's record of its calls with their raw arguments.
//!
//! One file per thread. A process begins where one of our programs is executed, and is in steady state after its last
//! `seccomp` call. A thread belongs to whoever cloned it; the records do not say what one that was cloned before steady
//! state did when, so all that it did counts for both stages.

use super::{Collection, filters, names};
use crate::compare::words::conditions;
use crate::rules::{CallRule, Rules};
use crate::{Error, Process};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// How to make a record that [`unused`] reads.
pub const RECORD: &str = "strace -ff -qq -e signal=none -e raw='!execve' -o FOLDER/record bulkhead …";

/// One recorded call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Recorded {
    call: String,
    arguments: [u64; 6],
}

/// What a process did in each stage.
#[derive(Default)]
struct Used {
    start: BTreeSet<Recorded>,
    steady: BTreeSet<Recorded>,
}

/// For each process that the records show, a sentence for each permission that none of its runs used and that does
/// not say why it is kept (`foresight`). `folders` hold the records of one run each.
pub fn unused(collection: &Collection, folders: &[&Path]) -> Result<BTreeMap<Process, Vec<String>>, Error> {
    let mut used: BTreeMap<Process, Used> = BTreeMap::new();
    for folder in folders {
        read_run(folder, &mut used)?;
    }
    let mut found = BTreeMap::new();
    for (process, used) in used {
        if let Some(rules) = collection.rules.get(&process) {
            found.insert(process, of_process(rules, &used));
        }
    }
    Ok(found)
}

fn of_process(rules: &Rules, used: &Used) -> Vec<String> {
    let lists = [("start.calls", &rules.start.calls, &used.start), ("steady.calls", &rules.steady.calls, &used.steady)];
    let mut found = Vec::new();
    for (list, calls, used) in lists {
        let open = calls.iter().filter(|rule| rule.foresight.is_none() && rules.foresight.is_none());
        for rule in open.filter(|rule| !used.iter().any(|recorded| matches(rule, recorded))) {
            let when = conditions(&rule.call, &rule.when);
            found.push(format!("{list}: no run used `{}`{when} ({})", rule.call, rule.why));
        }
    }
    found
}

fn matches(rule: &CallRule, recorded: &Recorded) -> bool {
    rule.call == recorded.call && rule.when.iter().all(|condition| filters::holds(condition, &recorded.arguments))
}

/// One thread's file.
struct Thread {
    /// The program of ours that it executes, and from which line on.
    program: Option<(Process, usize)>,
    lines: Vec<(Recorded, Option<u64>)>,
}

fn read_run(folder: &Path, used: &mut BTreeMap<Process, Used>) -> Result<(), Error> {
    let mut threads: BTreeMap<u64, Thread> = BTreeMap::new();
    for name in names(folder)? {
        let Some(id) = name.rsplit('.').next().and_then(|id| id.parse().ok()) else { continue };
        threads.insert(id, read_thread(&folder.join(&name))?);
    }
    // From each program's own thread to those that it started, and on.
    let mut open: Vec<(u64, Process, usize, Began)> = threads
        .iter()
        .filter_map(|(id, thread)| thread.program.map(|(process, line)| (*id, process, line, Began::Program)))
        .collect();
    while let Some((id, process, from, began)) = open.pop() {
        let Some(thread) = threads.remove(&id) else { continue };
        let narrowed = thread.lines.iter().rposition(|(recorded, _)| recorded.call == "seccomp");
        let used = used.entry(process).or_default();
        for (line, (recorded, result)) in thread.lines.into_iter().enumerate().skip(from) {
            let (in_start, in_steady) = match began {
                Began::Program => {
                    let steady = narrowed.is_some_and(|narrowed| narrowed >= from && line > narrowed);
                    (!steady, steady)
                }
                Began::WhileStarting => (true, true),
                Began::InSteadyState => (false, true),
            };
            if let Some(child) = result.filter(|_| recorded.call == "clone") {
                open.push((child, process, 0, if in_start { Began::WhileStarting } else { Began::InSteadyState }));
            }
            if in_start {
                used.start.insert(recorded.clone());
            }
            if in_steady {
                used.steady.insert(recorded);
            }
        }
    }
    Ok(())
}

/// Where a thread comes from.
#[derive(Clone, Copy)]
enum Began {
    /// It executed the program.
    Program,
    WhileStarting,
    InSteadyState,
}

fn read_thread(path: &Path) -> Result<Thread, Error> {
    let text = std::fs::read(path).map_err(|error| Error::File(path.display().to_string(), error))?;
    let mut thread = Thread { program: None, lines: Vec::new() };
    for line in String::from_utf8_lossy(&text).lines() {
        // Signals and exits, which are no calls.
        if !line.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_') {
            continue;
        }
        let (call, rest) =
            line.split_once('(').ok_or_else(|| Error::Record(path.display().to_string(), line.into()))?;
        if call == "execve" {
            let program = rest.split('"').nth(1).and_then(|path| path.rsplit('/').next());
            let process = Process::WITH_RULES.into_iter().find(|process| Some(process.program()) == program);
            thread.program = process.map(|process| (process, thread.lines.len())).or(thread.program);
        }
        let (arguments, result) = rest.rsplit_once(" = ").unwrap_or((rest, ""));
        let mut numbers = [0; 6];
        if call != "execve" {
            let given = arguments.trim_end().trim_end_matches(')').split(',').filter_map(|text| number(text.trim()));
            numbers.iter_mut().zip(given).for_each(|(to, from)| *to = from);
        }
        let result = result.split(' ').next().and_then(number);
        thread.lines.push((Recorded { call: call.into(), arguments: numbers }, result));
    }
    Ok(thread)
}

fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests;
