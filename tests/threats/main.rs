//! `THREATS.md` says for each actor, asset and deed which test defends, or that nothing does: this holds the page to
//! it. Every cell is filled, every letter stands for a defence, every defence is a test that is there.

#![allow(missing_docs, clippy::expect_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const ASSETS: [&str; 6] = ["text", "keys", "contacts", "metadata", "service", "release"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_path_buf()
}

/// The page's sections by heading.
fn sections() -> Vec<(String, Vec<Vec<String>>)> {
    let page = fs::read_to_string(root().join("tests/THREATS.md")).expect("the page");
    let rows = |text: &str| {
        let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
        text.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| ---")).map(cells).skip(1).collect()
    };
    let section = |text: &str| {
        let (heading, rest) = text.split_once('\n').expect("a heading");
        (heading.to_owned(), rows(rest))
    };
    page.split("\n## ").skip(1).map(section).collect()
}

fn actors() -> Vec<(String, Vec<Vec<String>>)> {
    sections().into_iter().filter(|(heading, _)| heading != "Defences").collect()
}

fn defences() -> Vec<Vec<String>> {
    sections().into_iter().find(|(heading, _)| heading == "Defences").expect("the list").1
}

/// The letters in a cell; what is in brackets explains.
fn letters(cell: &str) -> Vec<&str> {
    let is = |word: &&str| {
        let mut characters = word.chars();
        characters.next().is_some_and(|c| c.is_ascii_uppercase())
            && !characters.as_str().is_empty()
            && characters.all(|c| c.is_ascii_digit())
    };
    cell.split('(').next().unwrap_or_default().split([' ', ':']).filter(is).collect()
}

#[test]
fn every_actor_has_every_asset_and_every_cell_an_answer() {
    let actors = actors();
    assert!(actors.len() >= 12, "{} actors", actors.len());
    for (actor, rows) in actors {
        let assets: Vec<&str> = rows.iter().filter_map(|row| row.first()).map(String::as_str).collect();
        assert_eq!(assets, ASSETS, "{actor}");
        for row in rows {
            assert_eq!(row.len(), 5, "{actor}: {row:?}");
            for cell in row.iter().skip(1).filter(|cell| *cell != "–") {
                let (severity, answer) = cell.split_once(": ").unwrap_or_default();
                assert!(["H", "M", "L"].contains(&severity), "{actor}: `{cell}` has no severity");
                let answered = !letters(answer).is_empty() || answer.starts_with("*not defended*");
                assert!(answered, "{actor}: `{cell}` names no defence and does not say that there is none");
            }
        }
    }
}

#[test]
fn every_letter_is_a_defence_and_every_defence_is_used() {
    let listed: Vec<String> = defences().into_iter().filter_map(|row| row.first().cloned()).collect();
    let known: BTreeSet<&str> = listed.iter().map(String::as_str).collect();
    assert_eq!(known.len(), listed.len(), "a letter is there twice");
    let cells: Vec<String> = actors().into_iter().flat_map(|(_, rows)| rows.into_iter().flatten()).collect();
    let used: BTreeSet<&str> = cells.iter().flat_map(|cell| letters(cell)).collect();
    assert_eq!(used, known);
}

#[test]
fn every_defence_is_a_test_that_is_there() {
    for row in defences() {
        let tests = row.get(2).expect("three columns");
        let named: Vec<&str> = tests.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty() && named.len().is_multiple_of(2), "{row:?}: a file and what to look for in it");
        for pair in named.chunks(2) {
            let [file, what] = pair else { continue };
            let text = fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            assert!(text.contains(what), "{file} has no `{what}`");
        }
    }
}
