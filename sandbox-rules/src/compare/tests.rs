//! The verdicts are held against the compiled programs, run as the kernel runs them, over every argument list that
//! the generated rules can tell apart; and against each single edit of the shipped files.

mod edits;

use super::{Situation, Verdict, compare};
use crate::filter::tests::{ALLOW, KILL, judge, programs};
use crate::filter::{start, steady};
use crate::rules::{Rules, parse};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use seccompiler::BpfProgram;

const CALLS: [&str; 3] = ["ioctl", "socket", "read"];

/// What the rules are made of: conditions on the low three bits of two arguments, or on all of an argument.
fn condition() -> impl Strategy<Value = String> {
    (0..2u32, select(vec![None, Some(1u32), Some(2), Some(4), Some(6), Some(7)]), 0..8u32).prop_map(
        |(arg, mask, equals)| match mask {
            None => format!(r#"{{"arg": {arg}, "equals": {equals}}}"#),
            Some(mask) => format!(r#"{{"arg": {arg}, "mask": {mask}, "equals": {}}}"#, equals & mask),
        },
    )
}

fn rule(extra: &'static str) -> impl Strategy<Value = String> {
    let only = select(vec!["", "", "", r#""only": "direct", "#, r#""only": "proxied", "#]);
    (select(CALLS.to_vec()), prop::collection::vec(condition(), 0..3), only).prop_map(move |(call, when, only)| {
        format!(r#"{{"call": "{call}", "when": [{}], {extra}{only}"why": "a rule that was made up"}}"#, when.join(", "))
    })
}

fn lists() -> impl Strategy<Value = [Vec<String>; 4]> {
    let allowed = || prop::collection::vec(rule(""), 0..6);
    let refused =
        || prop::collection::vec(prop_oneof![rule(r#""errno": "EPERM", "#), rule(r#""errno": "EACCES", "#)], 0..3);
    [allowed().boxed(), refused().boxed(), allowed().boxed(), refused().boxed()]
}

fn rules([start, start_refused, steady, steady_refused]: &[Vec<String>; 4]) -> Option<Rules> {
    // What the parser refuses (doubles, conditions that exclude each other) is no rules file.
    parse(&format!(
        r#"{{"format": 1, "version": 1, "release": "0.1.0", "process": "ui",
        "namespaces": {{"enter": [], "why": "a test has none"}},
        "start": {{"calls": [{}], "refused": [{}], "files": [], "tcp": [], "scopes": [], "limits": [], "environment": []}},
        "steady": {{"calls": [{}], "refused": [{}]}}}}"#,
        start.join(", "),
        start_refused.join(", "),
        steady.join(", "),
        steady_refused.join(", "),
    ))
    .ok()
}

/// Two files with most rules in common: what is in neither, in one, or in both is drawn for each rule.
fn two() -> impl Strategy<Value = (Rules, Rules)> {
    lists()
        .prop_flat_map(|lists| {
            let part = |list: &Vec<String>| {
                let list = list.clone();
                let most = list.len();
                let fewest = most.saturating_sub(1);
                subsequence(list, fewest..=most).boxed()
            };
            let parts = |lists: &[Vec<String>; 4]| lists.each_ref().map(part);
            (parts(&lists), parts(&lists))
        })
        .prop_filter_map("no rules", |(old, new)| Some((rules(&old)?, rules(&new)?)))
}

fn stack(rules: &Rules, situation: Situation) -> Vec<BpfProgram> {
    let mut all = programs(&start(rules, situation.mode));
    all.extend(situation.steady.then(|| programs(&steady(rules))).into_iter().flatten());
    all
}

/// Killed, refused, allowed.
fn height(stack: &[BpfProgram], call: i64, arguments: &[u64; 6]) -> u8 {
    match judge(stack, call, arguments) {
        KILL => 0,
        ALLOW => 2,
        _ => 1,
    }
}

/// What the programs say: whether the second gives more somewhere, and less somewhere.
fn more_and_less(old: &Rules, new: &Rules) -> (bool, bool) {
    let (mut more, mut less) = (false, false);
    for situation in Situation::ALL {
        let (old, new) = (stack(old, situation), stack(new, situation));
        for call in [libc::SYS_ioctl, libc::SYS_socket, libc::SYS_read] {
            // Values up to 15: every combination of the three bits, with and without a bit that no rule knows.
            for n in 0..256u64 {
                let arguments = [n % 16, n / 16, 0, 0, 0, 0];
                let (was, is) = (height(&old, call, &arguments), height(&new, call, &arguments));
                (more, less) = (more || is > was, less || is < was);
            }
        }
    }
    (more, less)
}

fn verdict(old: &Rules, new: &Rules) -> Verdict {
    compare(old, new).expect("rules of one process").verdict
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]
    #[test]
    fn the_verdict_is_what_the_programs_do((old, new) in two()) {
        let expected = match more_and_less(&old, &new) {
            (false, false) => Verdict::Equal,
            (false, true) => Verdict::Narrower,
            (true, false) => Verdict::Wider,
            (true, true) => Verdict::Incomparable,
        };
        prop_assert_eq!(verdict(&old, &new), expected);
        let back = match expected {
            Verdict::Narrower => Verdict::Wider,
            Verdict::Wider => Verdict::Narrower,
            same => same,
        };
        prop_assert_eq!(verdict(&new, &old), back);
        prop_assert_eq!(verdict(&old, &old), Verdict::Equal);
    }
}

fn with_files(start: &[(String, &str)], steady: Option<&[(String, &str)]>) -> Option<Rules> {
    let list = |files: &[(String, &str)]| {
        let rule = |(path, rights): &(String, &str)| {
            format!(r#"{{"path": "{path}", "rights": "{rights}", "why": "a rule that was made up"}}"#)
        };
        files.iter().map(rule).collect::<Vec<_>>().join(", ")
    };
    let steady = steady.map(|files| format!(r#", "files": [{}]"#, list(files))).unwrap_or_default();
    parse(&format!(
        r#"{{"format": 1, "version": 1, "release": "0.1.0", "process": "ui",
        "namespaces": {{"enter": [], "why": "a test has none"}},
        "start": {{"calls": [], "files": [{}], "tcp": [], "scopes": [], "limits": [], "environment": []}},
        "steady": {{"calls": []{steady}}}}}"#,
        list(start)
    ))
    .ok()
}

/// Rights on a path, found by walking up from it, as Landlock does.
fn walk(files: &[(String, &str)], path: &str) -> u8 {
    let (mut at, mut rights) = (path, 0);
    loop {
        for (_, right) in files.iter().filter(|(named, _)| named == at) {
            rights |= match *right {
                "read" => 1,
                "run" => 3,
                "write" => 5,
                _ => 13,
            };
        }
        match at.rfind('/') {
            Some(0) | None => return rights,
            Some(cut) => at = &at[..cut],
        }
    }
}

/// Paths of up to three parts out of three names, one of which begins like another.
fn path() -> impl Strategy<Value = String> {
    prop::collection::vec(select(vec!["a", "ab", "b"]), 1..4).prop_map(|parts| format!("/{}", parts.join("/")))
}

fn files() -> impl Strategy<Value = Vec<(String, &'static str)>> {
    prop::collection::vec((path(), select(vec!["read", "run", "write", "write-and-sockets"])), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn the_verdict_on_paths_is_what_a_walk_up_finds(
        old in (files(), prop::option::of(files())), new in (files(), prop::option::of(files())),
    ) {
        let (Some(a), Some(b)) =
            (with_files(&old.0, old.1.as_deref()), with_files(&new.0, new.1.as_deref())) else { return Ok(()) };
        let (mut more, mut less) = (false, false);
        for parts in 0..120usize {
            let names = ["", "/a", "/ab", "/b", "/c"];
            let path = [parts % 5, parts / 5 % 5, parts / 25].map(|n| names[n]).concat();
            let steady = |(start, steady): &(Vec<_>, Option<Vec<_>>)| {
                walk(start, &path) & steady.as_ref().map_or(15, |steady| walk(steady, &path))
            };
            for (was, is) in [(walk(&old.0, &path), walk(&new.0, &path)), (steady(&old), steady(&new))] {
                (more, less) = (more || is & !was != 0, less || was & !is != 0);
            }
        }
        let expected = match (more, less) {
            (false, false) => Verdict::Equal,
            (false, true) => Verdict::Narrower,
            (true, false) => Verdict::Wider,
            (true, true) => Verdict::Incomparable,
        };
        prop_assert_eq!(verdict(&a, &b), expected);
    }
}

#[test]
fn alternatives_that_together_say_the_same_are_equal() {
    let one = |when: &str| format!(r#"{{"call": "ioctl", "when": [{when}], "why": "a rule that was made up"}}"#);
    let calls = |list: &[String]| rules(&[Vec::new(), Vec::new(), list.to_vec(), Vec::new()]).expect("rules");
    let whole = calls(&[one("")]);
    let halves = calls(&[one(r#"{"arg": 1, "mask": 8, "equals": 8}"#), one(r#"{"arg": 1, "mask": 8, "equals": 0}"#)]);
    assert_eq!(verdict(&whole, &halves), Verdict::Equal);
    assert_eq!(verdict(&halves, &whole), Verdict::Equal);
    let half = calls(&[one(r#"{"arg": 1, "mask": 8, "equals": 8}"#)]);
    assert_eq!(verdict(&whole, &half), Verdict::Narrower);
}

#[test]
fn rules_of_two_processes_are_not_compared() {
    let rules = |process| crate::rules::shipped(process).expect("rules");
    assert!(compare(&rules(crate::Process::Ui), &rules(crate::Process::Net)).is_err());
}
