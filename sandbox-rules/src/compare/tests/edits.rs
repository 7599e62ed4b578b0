//! Each single edit of each shipped file, and what it must be called.

use super::super::{Comparison, Kind, Verdict, compare};
use crate::Process;
use crate::rules::parse;
use serde_json::{Value, json};

/// A shipped file, edited.
fn text(process: Process) -> Value {
    let path = format!("{}/rules/{}", env!("CARGO_MANIFEST_DIR"), process.rules_file());
    serde_json::from_str(&std::fs::read_to_string(path).expect("a rules file")).expect("rules")
}

fn judged(old: &Value, new: &Value) -> Option<Comparison> {
    let read = |value: &Value| parse(&value.to_string());
    Some(compare(&read(old).expect("shipped rules"), &read(new).ok()?).expect("one process"))
}

/// Applies `edit` to each entry of a list of each process; `edit` returns what the result must be called, or nothing
/// where the edit makes no sense. Returns how many edits were judged.
fn each(list: &str, edit: impl Fn(&mut Vec<Value>, usize) -> Option<&'static [Verdict]>) -> usize {
    let mut count = 0;
    for process in Process::WITH_RULES {
        let shipped = text(process);
        let length = shipped.pointer(list).and_then(Value::as_array).map_or(0, Vec::len);
        for index in 0..length {
            let mut edited = shipped.clone();
            let rules = edited.pointer_mut(list).and_then(Value::as_array_mut).expect("a list");
            let rule = rules[index].clone();
            let Some(expected) = edit(rules, index) else { continue };
            // What the parser refuses never comes to a comparison.
            let Some(comparison) = judged(&shipped, &edited) else { continue };
            assert!(expected.contains(&comparison.verdict), "{process:?} {list} {rule}: {comparison:#?}");
            count += 1;
        }
    }
    count
}

const EQUAL: &[Verdict] = &[Verdict::Equal];
const NARROWER: &[Verdict] = &[Verdict::Narrower];
const WIDER: &[Verdict] = &[Verdict::Wider];
/// Of a rule that another list gives as well, nothing may be left to lose or gain.
const NOT_WIDER: &[Verdict] = &[Verdict::Narrower, Verdict::Equal];
const NOT_NARROWER: &[Verdict] = &[Verdict::Wider, Verdict::Equal];

fn remove(verdict: &'static [Verdict]) -> impl Fn(&mut Vec<Value>, usize) -> Option<&'static [Verdict]> {
    move |rules, index| {
        rules.remove(index);
        Some(verdict)
    }
}

#[test]
fn a_permission_less_is_narrower() {
    // Steady gives some of start's calls as well, and then nothing changes.
    assert!(each("/start/calls", remove(NOT_WIDER)) > 60);
    assert!(each("/steady/calls", remove(NARROWER)) > 100);
    assert!(each("/start/files", remove(NARROWER)) > 40);
    assert!(each("/steady/files", remove(NARROWER)) > 5);
    assert!(each("/start/environment", remove(NARROWER)) > 5);
    assert!(each("/start/tcp", remove(NARROWER)) > 2);
}

#[test]
fn a_bound_less_is_wider() {
    assert!(each("/start/scopes", remove(WIDER)) > 5);
    assert!(each("/start/limits", remove(WIDER)) > 20);
}

#[test]
fn a_condition_less_is_wider() {
    // A refusal may hold what the condition held: of mapping executable memory, for instance.
    let loosen = |rules: &mut Vec<Value>, index: usize| {
        let call = rules[index]["call"].clone();
        rules[index].get_mut("when")?.as_array_mut()?.pop()?;
        Some(if call == "mmap" || call == "socket" { NOT_NARROWER } else { WIDER })
    };
    assert!(each("/steady/calls", loosen) > 10);
}

#[test]
fn a_condition_more_is_narrower() {
    let tighten = |rules: &mut Vec<Value>, index: usize| {
        let rule = rules[index].as_object_mut()?;
        let when = rule.entry("when").or_insert(json!([])).as_array_mut()?;
        when.push(json!({"arg": 5, "mask": 1, "equals": 0}));
        Some(NARROWER)
    };
    assert!(each("/steady/calls", tighten) > 100);
}

#[test]
fn another_value_is_both_more_and_less() {
    let change = |rules: &mut Vec<Value>, index: usize| {
        let condition = rules[index].get_mut("when")?.as_array_mut()?.first_mut()?;
        condition.get("mask").is_none().then_some(())?;
        condition["equals"] = json!(0x1234_5678);
        Some(&[Verdict::Incomparable][..])
    };
    assert!(each("/steady/calls", change) > 5);
}

#[test]
fn a_rule_for_one_mode_is_narrower_and_for_both_wider() {
    let direct = |rules: &mut Vec<Value>, index: usize| {
        let rule = rules[index].as_object_mut()?;
        if rule.contains_key("only") {
            rule.remove("only");
            // A refusal for the other mode may hold what this would give.
            return Some(NOT_NARROWER);
        }
        rule.insert("only".into(), json!("direct"));
        // The start's rules may give the call in both modes, and they hold in steady state for as long as it does not
        // narrow itself: the process does not know the mode.
        Some(NOT_WIDER)
    };
    assert!(each("/steady/calls", direct) > 100);
    assert!(each("/start/files", direct) > 20);
}

#[test]
fn more_rights_are_wider_and_other_rights_are_both() {
    let grow = |rules: &mut Vec<Value>, index: usize| {
        let rights = rules[index].get_mut("rights")?;
        let expected = if *rights == "run" { &[Verdict::Incomparable][..] } else { WIDER };
        *rights = json!("write-and-sockets");
        Some(expected)
    };
    assert!(each("/start/files", grow) > 40);
    let mut all = text(Process::Net);
    all["steady"].as_object_mut().expect("steady").remove("files");
    assert_eq!(judged(&text(Process::Net), &all).expect("rules").verdict, Verdict::Wider);
}

#[test]
fn limits_are_compared_by_height() {
    let by = |step: i64, verdict: &'static [Verdict]| {
        move |rules: &mut Vec<Value>, index: usize| {
            let value = rules[index].get_mut("value")?;
            *value = json!(value.as_u64()?.checked_add_signed(step)?);
            Some(verdict)
        }
    };
    assert!(each("/start/limits", by(1, WIDER)) > 20);
    assert!(each("/start/limits", by(-1, NARROWER)) > 15);
}

#[test]
fn what_is_added_is_wider() {
    for process in Process::WITH_RULES {
        let shipped = text(process);
        let added = [
            ("/steady/calls", json!({"call": "ptrace", "why": "an attacker needs it"})),
            ("/start/calls", json!({"call": "bpf", "why": "an attacker needs it"})),
            ("/start/refused", json!({"call": "keyctl", "errno": "EPERM", "why": "an attacker tries it"})),
            ("/start/files", json!({"path": "/etc/passwd", "rights": "read", "why": "an attacker needs it"})),
            ("/start/environment", json!({"name": "SSH_AUTH_SOCK", "why": "an attacker needs it"})),
        ];
        for (list, rule) in added {
            let mut edited = shipped.clone();
            if edited.pointer(list).is_none() {
                edited["start"]["refused"] = json!([]);
            }
            edited.pointer_mut(list).and_then(Value::as_array_mut).expect("a list").push(rule);
            let comparison = judged(&shipped, &edited).expect("rules");
            assert_eq!(comparison.verdict, Verdict::Wider, "{process:?} {list}");
            assert_eq!(comparison.differences.len(), 1, "{process:?} {comparison:#?}");
        }
        let mut everywhere = shipped.clone();
        everywhere["start"]["tcp"] = json!([{"connect": "any", "why": "an attacker needs it"}]);
        assert_eq!(judged(&shipped, &everywhere).expect("rules").verdict, Verdict::Wider, "{process:?}");
    }
}

#[test]
fn reasons_and_error_numbers_do_not_count() {
    for list in ["/start/calls", "/steady/calls", "/steady/refused", "/start/files", "/start/limits"] {
        let reword = |rules: &mut Vec<Value>, index: usize| {
            rules[index]["why"] = json!("the same, in other words");
            Some(EQUAL)
        };
        assert!(each(list, reword) > 10);
    }
    let renumber = |rules: &mut Vec<Value>, index: usize| {
        let errno = rules[index].get_mut("errno")?;
        *errno = json!(if *errno == "EPERM" { "EACCES" } else { "EPERM" });
        Some(EQUAL)
    };
    assert!(each("/steady/refused", renumber) > 10);
}

#[test]
fn a_refusal_less_changes_something() {
    let refused = |list| each(list, remove(&[Verdict::Narrower, Verdict::Wider, Verdict::Incomparable]));
    assert!(refused("/steady/refused") > 10);
}

#[test]
fn a_difference_says_what_when_and_for_instance() {
    let shipped = text(Process::Net);
    let mut edited = shipped.clone();
    let calls = edited["steady"]["calls"].as_array_mut().expect("calls");
    calls.push(json!({
        "call": "socket", "when": [{"arg": 0, "equals": 17}], "only": "direct", "why": "an attacker needs it"
    }));
    let comparison = judged(&shipped, &edited).expect("rules");
    let [difference] = &comparison.differences[..] else { panic!("{comparison:#?}") };
    assert_eq!(difference.kind, Kind::Wider);
    for words in [
        "`socket` gets more while starting and in steady state without a proxy, for instance with argument 0 (family) = 0x11.",
        "OLD: refused (EACCES) when argument 0 (family) = AF_UNIX",
        "or when argument 0 (family) = 17.",
    ] {
        assert!(difference.text.contains(words), "{}", difference.text);
    }
}
