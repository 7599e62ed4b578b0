//! Draws the tables: writes `automata/*.md`, one page per pair of processes, with a diagram per line.
//!
//! `cargo run -p bulkhead-ipc --example automata`; a test holds the pages against the tables.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use bulkhead_ipc::automata::ALL;
use bulkhead_ipc::automaton::{Automaton, Else, Row, Side, Step};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

fn main() {
    for table in ALL {
        std::fs::write(file(table), page(table)).unwrap();
    }
}

/// Where a table's page lies.
pub fn file(table: &Automaton) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("automata").join(format!("{}.md", table.peer))
}

fn who(table: &Automaton, side: Side) -> &'static str {
    match side {
        Side::Vault => "vault",
        Side::Peer => table.peer,
    }
}

/// A table as a page that a person reads.
pub fn page(table: &Automaton) -> String {
    let mut page = String::new();
    let out = &mut page;
    writeln!(out, "# vault ↔ {}\n", table.peer).unwrap();
    writeln!(out, "Made from `{}.rs` by `cargo run -p bulkhead-ipc --example automata`; a test", table.peer).unwrap();
    writeln!(out, "fails if the two differ. What no row allows is neither sent nor believed.").unwrap();
    for (line, name) in table.lines.iter().enumerate() {
        writeln!(out, "\n## The {name} line\n").unwrap();
        diagram(table, line, out);
        words(table, line, out);
    }
    writeln!(out, "\n## States\n\n| state | who drops what it does not expect | why |\n| --- | --- | --- |").unwrap();
    for state in table.states.iter() {
        let deaf = state.deaf.map_or("nobody", |side| who(table, side));
        writeln!(out, "| {} | {deaf} | {} |", state.name, state.why).unwrap();
    }
    if !table.ledgers.is_empty() {
        writeln!(out, "\n## Ledgers\n\n| ledger | a token is | at most | of one token |\n| --- | --- | --- | --- |")
            .unwrap();
        for ledger in table.ledgers.iter() {
            writeln!(out, "| {} | {} | {} | {} |", ledger.name, ledger.holds, ledger.at_most, ledger.each).unwrap();
        }
    }
    if !table.paces.is_empty() {
        writeln!(out, "\n## Paces, kept by the vault\n\n| who | line | word | at once | then one per |").unwrap();
        writeln!(out, "| --- | --- | --- | --- | --- |").unwrap();
        for pace in table.paces.iter() {
            let says = pace.says.unwrap_or("all but Hello");
            let (name, line) = (who(table, pace.who), table.lines[pace.line]);
            writeln!(out, "| {name} | {line} | {says} | {} | {} ms |", pace.burst, pace.refill_ms).unwrap();
        }
    }
    if !table.uses.is_empty() {
        writeln!(out, "\n## Keys\n\n| key | makes | in | at most |\n| --- | --- | --- | --- |").unwrap();
        for it in table.uses.iter() {
            writeln!(out, "| {} | {} | {} | {} per {} s |", it.key, it.makes, it.says, it.at_most, it.per_ms / 1000)
                .unwrap();
        }
    }
    page
}

fn diagram(table: &Automaton, line: usize, out: &mut String) {
    let name = |state: u8| table.states[usize::from(state)].name;
    writeln!(out, "```mermaid\nstateDiagram-v2\n    [*] --> {}", name(table.begins)).unwrap();
    let mut arrows: BTreeMap<(u8, u8, Side), Vec<&str>> = BTreeMap::new();
    for row in table.rows.iter().filter(|row| row.line == line) {
        for from in row.from {
            arrows.entry((*from, row.to, row.who)).or_default().push(row.says);
        }
    }
    for ((from, to, side), says) in arrows {
        // Long lists are in the table below.
        let says = if says.len() > 6 { format!("{} words", says.len()) } else { says.join(", ") };
        writeln!(out, "    {} --> {}: {} says {says}", name(from), name(to), who(table, side)).unwrap();
    }
    for state in 0..u8::try_from(table.states.len()).unwrap() {
        if state != table.condemned {
            writeln!(out, "    {} --> {}: {} breaks a rule", name(state), name(table.condemned), table.peer).unwrap();
        }
    }
    writeln!(out, "```\n").unwrap();
}

fn words(table: &Automaton, line: usize, out: &mut String) {
    writeln!(out, "| who | says | in | if, and then | carries |\n| --- | --- | --- | --- | --- |").unwrap();
    for row in table.rows.iter().filter(|row| row.line == line) {
        let from: Vec<_> = row.from.iter().map(|state| table.states[usize::from(*state)].name).collect();
        let from = if from.len() == table.states.len() { "every state".to_owned() } else { from.join(", ") };
        let carries: Vec<_> = row.carries.iter().map(|what| format!("{what:?}").to_lowercase()).collect();
        let carries = if carries.is_empty() { "nothing".to_owned() } else { carries.join(", ") };
        writeln!(out, "| {} | {} | {from} | {} | {carries} |", who(table, row.who), row.says, steps(table, row))
            .unwrap();
    }
}

fn steps(table: &Automaton, row: &Row) -> String {
    let otherwise = |or: Else| match or {
        Else::Illegal => "else illegal",
        Else::Ignored => "else dropped",
        Else::Wait => "else it waits",
        Else::Unseen => "as the sender sees it",
    };
    let name = |at: usize| table.ledgers[at].name;
    let step = |step: &Step| match *step {
        Step::Need(at, or) => format!("is in *{}*, {}", name(at), otherwise(or)),
        Step::Put(at, or) => format!("goes into *{}*, {}", name(at), otherwise(or)),
        Step::Take(at, or) => format!("leaves *{}*, {}", name(at), otherwise(or)),
        Step::Add(at) => format!("is added to *{}*", name(at)),
        Step::Fill(at) => format!("becomes *{}*", name(at)),
        Step::Clear(at) => format!("*{}* is emptied", name(at)),
    };
    let list: Vec<_> = row.does.iter().map(step).collect();
    if list.is_empty() { "–".to_owned() } else { list.join("; ") }
}
