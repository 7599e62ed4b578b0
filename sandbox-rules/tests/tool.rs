//! `bulkhead-rules` from outside: what it prints, its exit codes, and that the README's table is true.

#![allow(missing_docs, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn rules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rules")
}

fn tool(arguments: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bulkhead-rules")).args(arguments).output().expect("the tool runs")
}

fn word(word: &str) -> &Path {
    Path::new(word)
}

fn says(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

/// The shipped net.json with one text in place of another.
fn edited(name: &str, from: &str, to: &str) -> PathBuf {
    let text = std::fs::read_to_string(rules().join("net.json")).expect("net.json");
    assert!(text.contains(from), "{from}");
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text.replacen(from, to, 1)).expect("written");
    path
}

#[test]
fn diff_answers_by_its_exit_code() {
    let shipped = rules().join("net.json");
    let one_more = edited(
        "wider.json",
        "{\"call\": \"futex\"",
        "{\"call\": \"ptrace\", \"why\": \"an attacker needs it\"}, {\"call\": \"futex\"",
    );
    let other = edited("other.json", "{\"call\": \"futex\"", "{\"call\": \"ptrace\"");
    for (old, new, code, words) in [
        (&shipped, &shipped, 0, "NEW is equal to OLD."),
        (&one_more, &shipped, 1, "- narrower: `ptrace` gets less while starting and in steady state"),
        (
            &shipped,
            &one_more,
            2,
            "+ wider: `ptrace` gets more while starting and in steady state whatever its arguments. OLD: killed. NEW: allowed.",
        ),
        (&shipped, &other, 3, "NEW is incomparable with OLD"),
        (&shipped, &rules().join("ui.json"), 65, "rules of bulkhead-net and of bulkhead-ui"),
        (&shipped, &rules().join("nowhere"), 65, "nowhere cannot be read"),
    ] {
        let output = tool(&[word("diff"), old, new]);
        assert_eq!(output.status.code(), Some(code), "{}", says(&output));
        assert!(says(&output).contains(words), "{}", says(&output));
    }
    let folders = tool(&[word("diff"), &rules(), &rules()]);
    assert_eq!(folders.status.code(), Some(0), "{}", says(&folders));
}

#[test]
fn explain_gives_every_rule_its_reason() {
    for process in ["keyring", "net", "seal", "ui", "update", "vault"] {
        let output = tool(&[word("explain"), word(process)]);
        let text = says(&output);
        let file = std::fs::read_to_string(rules().join(format!("{process}.json"))).expect("rules");
        let reasons = file.split("\"why\": \"").skip(1).filter_map(|rest| rest.split('"').next());
        let (steady, _) = file.split_once("\"files\": [\n      {\"path\": \"/etc/resolv").unwrap_or((&file, ""));
        assert!(reasons.clone().count() > 30 && steady.len() > 1000);
        for why in reasons {
            assert!(text.contains(why), "{process}: {why}");
        }
        let place = |words: &str| text.find(words).expect("a heading");
        assert!(place("Programs, code") < place("The network") && place("The network") < place("Memory and threads"));
    }
}

#[test]
fn check_finds_nothing_in_the_shipped_rules() {
    let output = tool(&[word("check"), &rules()]);
    assert_eq!(output.status.code(), Some(0), "{}", says(&output));
    assert!(says(&output).contains("nothing is wrong"), "{}", says(&output));
    assert_eq!(tool(&[word("check")]).status.code(), Some(0));
}

#[test]
fn other_arguments_are_answered_with_the_usage() {
    for arguments in [&[][..], &[word("dif")], &[word("diff"), word("one")], &[word("unused")]] {
        let output = tool(arguments);
        assert_eq!(output.status.code(), Some(64));
        assert!(says(&output).contains("bulkhead-rules diff OLD NEW"));
    }
}

#[test]
fn the_table_in_the_readme_is_true() {
    let readme = std::fs::read_to_string(rules().join("../README.md")).expect("README.md");
    let table = says(&tool(&[word("table")]));
    assert!(
        readme.contains(&table),
        "the README's table is stale; `cargo run -p bulkhead-rules -- table sandbox-rules/README.md` writes this one:\n{table}"
    );
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("README.md");
    std::fs::write(&copy, readme.replacen("| ui | ", "| ui | 1", 1)).expect("written");
    assert_eq!(tool(&[word("table"), &copy]).status.code(), Some(0));
    assert_eq!(std::fs::read_to_string(&copy).expect("README.md"), readme);
}
