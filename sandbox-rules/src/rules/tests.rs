use super::{Rules, of, parse};
use crate::{Error, Process};

fn with(start_calls: &str, steady_calls: &str, environment: &str) -> Result<Rules, Error> {
    parse(&format!(
        r#"{{"format": 1, "version": 1, "release": "0.1.0", "process": "ui",
        "namespaces": {{"enter": [], "why": "a test has none"}},
        "start": {{"calls": [{start_calls}], "files": [], "tcp": [], "scopes": [], "limits": [], "environment": [{environment}]}},
        "steady": {{"calls": [{steady_calls}]}}}}"#
    ))
    .map_err(bare)
}

/// The error without the place where it is.
fn bare(error: Error) -> Error {
    match error {
        Error::At { error, .. } => bare(*error),
        other => other,
    }
}

fn calls(list: &str) -> Result<Rules, Error> {
    with("", list, "")
}

#[test]
fn the_shipped_files_are_read_and_their_counts_are_kept() {
    let driver = if cfg!(feature = "test-driver") { 5 } else { 0 };
    let small = [(Process::Keyring, 15), (Process::Seal, 15), (Process::Ui, 15)];
    for (process, most) in small.into_iter().chain([(Process::Net, 30), (Process::Vault, 45 + driver)]) {
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
        assert!(matches!(parse(&text).map_err(bare), Err(Error::BadPath(_))), "{path}");
    }
    let text = include_str!("../../rules/ui.json").replacen(
        "\"files\": []",
        r#""files": [{"path": "{data}", "rights": "read", "why": "steady rules know no places"}]"#,
        1,
    );
    assert!(matches!(parse(&text).map_err(bare), Err(Error::BadPath(_))));
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

fn edited(process: Process, from: &str, to: &str) -> Result<Rules, Error> {
    let path = format!("{}/rules/{}", env!("CARGO_MANIFEST_DIR"), process.rules_file());
    let text = std::fs::read_to_string(path).expect("a rules file");
    assert!(text.contains(from), "{from}");
    parse(&text.replacen(from, to, 1))
}

#[test]
fn a_version_is_counted_from_1_and_bound_to_a_release() {
    assert!(matches!(edited(Process::Ui, "\"version\": 1", "\"version\": 0"), Err(Error::NoVersion)));
    assert!(matches!(edited(Process::Ui, "  \"release\": \"0.1.0\",\n", ""), Err(Error::Syntax(_))));
    for release in ["0.1", "0.1.0-rc", "v0.1.0", "0.01.0", "+1.0.0", "0.1.0.0", ""] {
        let error = edited(Process::Ui, "\"release\": \"0.1.0\"", &format!("\"release\": \"{release}\""));
        assert!(error.expect_err(release).to_string().contains("three numbers"), "{release}");
    }
}

#[test]
fn a_namespace_to_enter_is_refused_with_a_way_to_the_reason() {
    let error = edited(Process::Ui, "\"enter\": []", "\"enter\": [\"net\"]").expect_err("refused");
    assert!(matches!(&error, Error::At { error, .. } if matches!(**error, Error::Namespace(_))));
    assert!(error.to_string().contains("README"), "{error}");
}

#[test]
fn an_error_says_in_which_file_and_rule_it_is() {
    let error = calls_with_place(
        r#"{"call": "poll", "why": "waits for its lines"}, {"call": "pol", "why": "waits for its lines"}"#,
    );
    assert!(error.starts_with("steady.calls, rule 2: sandbox rule names `pol`"), "{error}");
    let folder = std::env::temp_dir().join(format!("bulkhead-rules-{}.json", std::process::id()));
    std::fs::write(&folder, "{\"format\": 1,\n\"version\": 1, \"verison\": 2}").expect("written");
    let error = crate::audit::Collection::read(&folder).expect_err("refused").to_string();
    std::fs::remove_file(&folder).expect("removed");
    assert!(error.contains("bulkhead-rules-") && error.contains("verison") && error.contains("line 2"), "{error}");
}

fn calls_with_place(list: &str) -> String {
    let text = include_str!("../../rules/ui.json");
    let (before, _) = text.split_once("\"steady\"").expect("steady");
    parse(&format!("{before}\"steady\": {{\"calls\": [{list}]}}}}")).expect_err("refused").to_string()
}

#[test]
fn a_place_belongs_to_the_process_that_has_it() {
    for (process, place) in [
        (Process::Ui, "{data}"),
        (Process::Net, "{home}/.ssh"),
        (Process::Net, "{staging}"),
        (Process::Vault, "{staging}"),
        (Process::Update, "{data}"),
        (Process::Update, "{xauthority}"),
    ] {
        assert!(matches!(edited(process, "\"{exe}\"", &format!("{place:?}")).map_err(bare), Err(Error::BadPath(_))));
    }
    assert!(of(Process::Update).expect("rules").start.files.iter().any(|rule| rule.path == "{staging}"));
}

#[test]
fn a_path_has_one_spelling() {
    for path in ["/lib/", "//lib", "/usr//lib", "/usr/./lib", "{exe}/", "{exe}//a"] {
        let result = edited(Process::Ui, "\"/usr/lib\"", &format!("{path:?}"));
        assert!(matches!(result.map_err(bare), Err(Error::BadPath(_))), "{path}");
    }
}

#[test]
fn conditions_that_exclude_each_other_or_say_nothing_are_refused() {
    for when in [
        r#"{"arg": 0, "equals": 2}, {"arg": 0, "equals": 10}"#,
        r#"{"arg": 0, "mask": 3, "equals": 1}, {"arg": 0, "mask": 6, "equals": 2}"#,
        r#"{"arg": 0, "mask": 0, "equals": 0}"#,
    ] {
        let rule = format!(r#"{{"call": "socket", "when": [{when}], "why": "connections to relays"}}"#);
        assert!(matches!(calls(&rule), Err(Error::BadCondition(_))), "{when}");
    }
}

#[test]
fn a_value_that_is_no_number_below_2_32_is_refused_in_words() {
    for value in ["4294967296", "-1", "1.5", "null", "[]"] {
        let rule = format!(r#"{{"call": "socket", "when": [{{"arg": 0, "equals": {value}}}], "why": "connections"}}"#);
        assert!(calls(&rule).expect_err(value).to_string().contains("a number below 2^32"), "{value}");
    }
}

#[test]
fn foresight_is_a_sentence() {
    let rule = |why: &str| format!(r#"{{"call": "poll", "foresight": "{why}", "why": "waits for its lines"}}"#);
    assert!(matches!(calls(&rule("later")), Err(Error::NoReason(_))));
    calls(&rule("an older C library waits so")).expect("read");
}

#[test]
fn what_ui_and_net_can_take_of_the_machine_is_bounded() {
    use super::Limit;
    for process in [Process::Ui, Process::Net, Process::Keyring, Process::Seal, Process::Update] {
        let rules = of(process).expect("rules");
        let limit = |which| rules.start.limits.iter().find(|rule| rule.limit == which).map(|rule| rule.value);
        assert!(limit(Limit::Data).is_some_and(|bytes| bytes <= 512 << 20), "{process:?}");
        assert!(limit(Limit::As).is_some_and(|bytes| bytes <= 2 << 30), "{process:?}");
        assert_eq!((limit(Limit::Core), limit(Limit::Memlock)), (Some(0), Some(0)), "{process:?}");
    }
}
