//! For auditors: what rules mean, which of two allow more, and whether anything in them is wrong.
//!
//! The arguments are a word and paths, without options, so they are read by hand.

use bulkhead_rules::audit::{self, Collection, Kind, Verdict};
use bulkhead_rules::{Error, Process};
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
bulkhead-rules diff OLD NEW         which of two rules files, or folders of them, allows more, and in what
    exit code: 0 equal, 1 NEW is narrower, 2 NEW is wider, 3 incomparable
bulkhead-rules explain PROCESS|FILE all rules in words, with their reasons, the most dangerous first
bulkhead-rules check [FOLDER]       form, versions, useless rules; without FOLDER: the rules of this build
    exit code: 0 nothing is wrong, 1 something is
bulkhead-rules unused FOLDER…       permissions that no recorded run used (a folder of records per run)
    exit code: 0 none, 1 some
bulkhead-rules table [README]       the numbers of each process; with README: writes them there
Any of them: 64 other arguments, 65 what was named cannot be read or is no rules file.
PROCESS is net, ui, update or vault.
";

/// Between these lines of a README stands the table.
const TABLE: (&str, &str) = ("<!-- table: bulkhead-rules table README.md -->\n", "<!-- end of table -->\n");

fn main() -> ExitCode {
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match *words {
        ["diff", old, new] => diff(Path::new(old), Path::new(new)),
        ["explain", whose] => explain(whose),
        ["check"] => check(None),
        ["check", folder] => check(Some(Path::new(folder))),
        ["unused", _, ..] => unused(words.get(1..).unwrap_or_default()),
        ["table"] => Collection::carried().map(|rules| say(0, &rules.table())),
        ["table", readme] => write_table(Path::new(readme)),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(64);
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("bulkhead-rules: {error}");
        ExitCode::from(65)
    })
}

/// Prints, also into a pipe whose reader has seen enough.
fn say(code: u8, text: &str) -> ExitCode {
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::from(code)
}

fn diff(old: &Path, new: &Path) -> Result<ExitCode, Error> {
    let comparisons = audit::diff(&Collection::read(old)?, &Collection::read(new)?)?;
    let mut text = String::new();
    for (process, comparison) in &comparisons {
        text += &format!("{}: {}\n", process.program(), word(comparison.verdict).1);
        for difference in &comparison.differences {
            let sign = match difference.kind {
                Kind::Wider => "+ wider",
                Kind::Narrower => "- narrower",
                Kind::Undecided => "? undecided",
                Kind::Remark => "  remark",
            };
            text += &format!("  {sign}: {}\n", difference.text);
        }
    }
    let (code, word) = word(audit::verdict(comparisons.iter().map(|(_, comparison)| comparison)));
    Ok(say(code, &format!("{text}NEW is {word}.\n")))
}

fn word(verdict: Verdict) -> (u8, &'static str) {
    match verdict {
        Verdict::Equal => (0, "equal to OLD"),
        Verdict::Narrower => (1, "narrower than OLD"),
        Verdict::Wider => (2, "wider than OLD"),
        Verdict::Incomparable => (3, "incomparable with OLD: more in one place, and less in another or undecided"),
    }
}

fn explain(whose: &str) -> Result<ExitCode, Error> {
    let named = Process::WITH_RULES.into_iter().find(|process| process.rules_file() == format!("{whose}.json"));
    let rules = if named.is_some() { Collection::carried()? } else { Collection::read(Path::new(whose))? };
    let texts: Vec<String> = match named {
        Some(process) => rules.explain(process).into_iter().collect(),
        None => rules.processes().filter_map(|process| rules.explain(process)).collect(),
    };
    Ok(say(0, &texts.join("\n")))
}

fn check(folder: Option<&Path>) -> Result<ExitCode, Error> {
    let findings = audit::check(folder)?;
    let notes = findings.notes.iter().map(|note| format!("note: {note}\n"));
    let wrong = findings.wrong.iter().map(|sentence| format!("wrong: {sentence}\n"));
    let end = if findings.wrong.is_empty() { "nothing is wrong\n" } else { "" };
    Ok(say(u8::from(!findings.wrong.is_empty()), &(notes.chain(wrong).collect::<String>() + end)))
}

fn unused(folders: &[&str]) -> Result<ExitCode, Error> {
    let folders: Vec<&Path> = folders.iter().map(Path::new).collect();
    let found = audit::unused(&Collection::carried()?, &folders)?;
    let mut text = String::new();
    for process in Process::WITH_RULES.into_iter().filter(|process| !found.contains_key(process)) {
        text += &format!("{}: no record shows it\n", process.program());
    }
    for (process, sentences) in &found {
        text += &sentences.iter().map(|s| format!("{}: {s}\n", process.program())).collect::<String>();
    }
    Ok(say(u8::from(found.values().any(|sentences| !sentences.is_empty())), &text))
}

fn write_table(readme: &Path) -> Result<ExitCode, Error> {
    let unreadable = |error| Error::File(readme.display().to_string(), error);
    let text = std::fs::read_to_string(readme).map_err(unreadable)?;
    let missing = || unreadable(std::io::Error::other("it has no lines between which a table stands"));
    let (before, rest) = text.split_once(TABLE.0).ok_or_else(missing)?;
    let (_, after) = rest.split_once(TABLE.1).ok_or_else(missing)?;
    let table = Collection::carried()?.table();
    std::fs::write(readme, [before, TABLE.0, &table, TABLE.1, after].concat()).map_err(unreadable)?;
    Ok(ExitCode::SUCCESS)
}
