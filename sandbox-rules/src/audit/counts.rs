//! How much each process may, as numbers beside those of two well-known sandboxes.

use crate::compare::{Situation, granted, widest};
use crate::rules::{CallRule, Mode, Port, Rules};
use landlock::AccessFs;
use std::collections::BTreeSet;

/// The most that a process of another program may, for scale: `sandbox-seccomp-filter.c` of OpenSSH's child before
/// a user has proved who they are, and Firecracker's thread for a virtual processor (`resources/seccomp`).
const OTHERS: [(&str, u32); 2] = [("OpenSSH: child before authentication", 27), ("Firecracker: vCPU thread", 27)];

/// A row for each process. Without a proxy, where more is allowed than with one.
pub(super) fn table<'a>(all: impl Iterator<Item = &'a Rules>) -> String {
    let mut text = String::from(
        "| process | calls while starting | calls in steady state | of these only with certain arguments | paths to read, starting | … steady | paths to write, starting | … steady | hosts |\n| --- | --: | --: | --: | --: | --: | --: | --: | --- |\n",
    );
    for rules in all {
        let both: Vec<&CallRule> = rules.start.calls.iter().chain(&rules.steady.calls).collect();
        let steady: Vec<&CallRule> = rules.steady.calls.iter().collect();
        let always: BTreeSet<&str> =
            steady.iter().filter(|rule| rule.when.is_empty()).map(|rule| rule.call.as_str()).collect();
        let hosts = match widest(rules, Mode::Direct) {
            None => "none",
            Some(Port::Proxy) => "the proxy",
            Some(Port::Any) => "any; with `--socks` the proxy alone",
        };
        text.push_str(&format!(
            "| {} | {} | {} | {} | {} | {} | {} | {} | {hosts} |\n",
            rules.process.rules_file().trim_end_matches(".json"),
            calls(&both),
            calls(&steady),
            calls(&steady).saturating_sub(always.len()),
            paths(rules, false, AccessFs::ReadFile),
            paths(rules, true, AccessFs::ReadFile),
            paths(rules, false, AccessFs::WriteFile),
            paths(rules, true, AccessFs::WriteFile),
        ));
    }
    for (who, calls) in OTHERS {
        text.push_str(&format!("| *{who}* | | {calls} | | | | | | |\n"));
    }
    text
}

fn calls(rules: &[&CallRule]) -> usize {
    rules.iter().map(|rule| rule.call.as_str()).collect::<BTreeSet<_>>().len()
}

/// How many of the named paths give a right.
fn paths(rules: &Rules, steady: bool, right: AccessFs) -> usize {
    let named: BTreeSet<&str> =
        rules.start.files.iter().chain(rules.steady.files.iter().flatten()).map(|rule| rule.path.as_str()).collect();
    let situation = Situation { steady, mode: Mode::Direct };
    named.into_iter().filter(|path| granted(rules, situation, path).contains(right)).count()
}
