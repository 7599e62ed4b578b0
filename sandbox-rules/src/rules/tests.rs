use super::{Rules, of, parse};
use crate::{Error, Process};

fn with(start_calls: &str, steady_calls: &str, environment: &str) -> Result<Rules, Error> {
    parse(&format!(
        r#"{{"format": 1, "version": 1, "process": "ui",
        "start": {{"calls": [{start_calls}], "files": [], "tcp": [], "scopes": [], "limits": [], "environment": [{environment}]}},
        "steady": {{"calls": [{steady_calls}]}}}}"#
    ))
}

fn calls(list: &str) -> Result<Rules, Error> {
    with("", list, "")
}

#[test]
fn the_shipped_files_are_read_and_their_counts_are_kept() {
    let driver = if cfg!(feature = "test-driver") { 5 } else { 0 };
    for (process, most) in [(Process::Ui, 15), (Process::Net, 30), (Process::Vault, 45 + driver)] {
        let rules = of(process).expect("shipped rules");
        let mut names: Vec<_> = rules.steady.calls.iter().map(|r| &r.call).collect();
        names.sort();
        names.dedup();
        println!("{}: {} calls in steady state, at most {most}", process.program(), names.len());
        assert!(names.len() <= most, "{process:?}: {}", names.len());
    }
}

#[test]
fn a_well_formed_rule_is_read() {
    calls(r#"{"call": "poll", "why": "waits for its lines"}"#).expect("read");
    calls(r#"{"call": "mmap", "when": [{"arg": 2, "mask": "PROT_EXEC", "equals": 0}], "why": "never executable"}"#)
        .expect("read");
}

#[test]
fn a_rule_without_a_reason_is_refused() {
    assert!(matches!(calls(r#"{"call": "poll"}"#), Err(Error::Syntax(_))));
    for reason in ["", "            ", "needed"] {
        let rule = format!(r#"{{"call": "poll", "why": "{reason}"}}"#);
        assert!(matches!(calls(&rule), Err(Error::NoReason(name)) if name == "poll"));
    }
    assert!(matches!(with("", "", r#"{"name": "LANG", "why": ""}"#), Err(Error::NoReason(_))));
    assert!(matches!(with("", "", r#"{"name": "LANG"}"#), Err(Error::Syntax(_))));
}

#[test]
fn an_unknown_field_is_refused_by_name() {
    let error = calls(r#"{"call": "poll", "wen": [], "why": "waits for its lines"}"#).expect_err("refused");
    assert!(error.to_string().contains("wen"), "{error}");
}

#[test]
fn an_unknown_call_value_or_process_is_refused() {
    assert!(
        matches!(calls(r#"{"call": "opennat", "why": "opens what it needs"}"#), Err(Error::UnknownCall(name)) if name == "opennat")
    );
    let value = r#"{"call": "mmap", "when": [{"arg": 2, "equals": "PROT_EXE"}], "why": "never executable"}"#;
    assert!(matches!(calls(value), Err(Error::UnknownValue(name)) if name == "PROT_EXE"));
    assert!(matches!(parse(r#"{"format": 1, "version": 1, "process": "kernel"}"#), Err(Error::Syntax(_))));
}

#[test]
fn another_format_is_refused() {
    let text = include_str!("../../rules/ui.json").replacen("\"format\": 1", "\"format\": 2", 1);
    assert!(matches!(parse(&text), Err(Error::Format(2))));
}

#[test]
fn a_double_or_covered_rule_is_refused() {
    let poll = r#"{"call": "poll", "why": "waits for its lines"}"#;
    assert!(matches!(calls(&format!("{poll}, {poll}")), Err(Error::Duplicate(name)) if name == "poll"));
    let narrow = r#"{"call": "poll", "when": [{"arg": 1, "equals": 2}], "why": "waits for two lines"}"#;
    assert!(matches!(calls(&format!("{narrow}, {poll}")), Err(Error::Duplicate(_))));
    with(poll, narrow, "").expect("start may be wider than steady");
    let language = r#"{"name": "LANG", "why": "composing characters"}"#;
    assert!(matches!(with("", "", &format!("{language}, {language}")), Err(Error::Duplicate(_))));
}

#[test]
fn a_condition_that_cannot_hold_is_refused() {
    for condition in [r#"{"arg": 6, "equals": 0}"#, r#"{"arg": 2, "mask": 4, "equals": 1}"#] {
        let rule = format!(r#"{{"call": "mmap", "when": [{condition}], "why": "never executable"}}"#);
        assert!(matches!(calls(&rule), Err(Error::BadCondition(_))), "{condition}");
    }
}

#[test]
fn a_loose_path_is_refused() {
    for path in ["etc/hosts", "/", "", "/etc/../root", "{nowhere}/x", "{data}x", "{data"] {
        let text = include_str!("../../rules/ui.json").replacen("\"{exe}\"", &format!("{path:?}"), 1);
        assert!(matches!(parse(&text), Err(Error::BadPath(_))), "{path}");
    }
    let text = include_str!("../../rules/ui.json").replacen(
        "\"files\": []",
        r#""files": [{"path": "{data}", "rights": "read", "why": "steady rules know no places"}]"#,
        1,
    );
    assert!(matches!(parse(&text), Err(Error::BadPath(_))));
}

#[test]
fn a_variable_that_steers_the_loader_is_refused() {
    for name in ["LD_PRELOAD", "PATH=x", "", "lang"] {
        let rule = format!(r#"{{"name": "{name}", "why": "composing characters"}}"#);
        assert!(matches!(with("", "", &rule), Err(Error::BadVariable(_))), "{name}");
    }
}

#[test]
fn net_and_ui_get_no_variable_at_all() {
    assert!(of(Process::Net).expect("rules").start.environment.is_empty());
    assert!(of(Process::Ui).expect("rules").start.environment.is_empty());
}

#[cfg(not(feature = "test-driver"))]
#[test]
fn the_test_driver_is_absent_from_shipped_rules() {
    let rules = of(Process::Vault).expect("rules");
    assert!(rules.start.environment.iter().all(|r| !r.name.starts_with("BULKHEAD")));
    assert!(rules.start.files.iter().all(|r| r.path != "{driver}"));
    assert!(
        rules.steady.calls.iter().chain(&rules.start.calls).all(|r| !["bind", "listen", "accept4"].contains(&&*r.call))
    );
}

#[cfg(feature = "test-driver")]
#[test]
fn the_test_driver_is_laid_over_the_vault_alone() {
    let driven =
        |process| of(process).expect("rules").start.environment.iter().any(|r| r.name == "BULKHEAD_TEST_DRIVER");
    assert!(driven(Process::Vault) && !driven(Process::Net) && !driven(Process::Ui));
}
