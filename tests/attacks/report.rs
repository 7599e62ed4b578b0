//! The table at the end.

use crate::attack::Attack;
use crate::judge::{Outcome, PLACES};
use crate::lines::Found;
use crate::open::OPEN;

/// What was found out about one attack.
pub struct Finding {
    pub attack: &'static Attack,
    /// In the order of [`PLACES`]; `None` where it was not tried.
    pub outcomes: Vec<Option<Outcome>>,
    /// Without rules.
    pub control: Result<(), String>,
}

/// A group's findings as rows of a table.
pub fn print(title: &str, findings: &[Finding]) {
    println!("\n## {title}\n");
    println!("| attack | it | {} | without rules |", PLACES.each_ref().map(|place| place.title).join(" | "));
    println!("|{}", " --- |".repeat(PLACES.len() + 3));
    for finding in findings {
        let cell = |outcome: &Option<Outcome>| outcome.as_ref().map_or(String::new(), ToString::to_string);
        let cells: Vec<String> = finding.outcomes.iter().map(cell).collect();
        let control = match &finding.control {
            Ok(()) => "works".to_owned(),
            Err(why) => format!("not possible on this machine ({why})"),
        };
        println!("| {} | {} | {} | {control} |", finding.attack.name, finding.attack.tries, cells.join(" | "));
    }
}

/// The findings about the lines as a table.
pub fn print_lines(found: &[Found]) {
    println!("\n## lines and frames, beside the real vault and launcher\n");
    println!("| attack | from | it | outcome | the same within the rules |\n| --- | --- | --- | --- | --- |");
    for Found { name, tries, from, outcome, control } in found {
        println!(
            "| {name} | {from} | {tries} | {outcome} | {} |",
            control.as_ref().map_or("not accepted", |()| "accepted")
        );
    }
}

/// What is known to succeed, and why.
pub fn print_open() {
    println!("\n## known to succeed\n");
    for open in OPEN {
        let from: Vec<&str> = PLACES.iter().filter(|p| open.from.has(p.bit)).map(|p| p.title).collect();
        println!("* {} from {}: {}", open.name, from.join("; "), open.why);
    }
}
