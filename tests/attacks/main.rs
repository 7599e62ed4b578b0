//! What a compromised part would want, and what it gets.
//!
//! This program is its own red team. As `twin` it stands in the place of net, ui or vault, started by the launcher's
//! own loader under the real rules, and does one act of the table. The same act is done without rules: one that does
//! not work there proves nothing.

#![allow(missing_docs, unsafe_code, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod acts;
mod attack;
mod bare_start;
mod judge;
mod kernel;
mod lines;
mod open;
mod report;
mod shipped_build;
mod twin;
mod ui_hears_nothing;

use attack::Attack;
use judge::{Outcome, PLACES, Target};
use open::OPEN;
use report::Finding;
use std::fs::File;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Fewer attacks that proved something are too few.
const ENOUGH: usize = 100;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_some_and(|word| word == "twin") {
        twin::run(&arguments[2..]);
    }
    if let [_, word, to, play] = &arguments[..]
        && word == "copy"
    {
        return lines::copy(to.as_ref(), play);
    }
    lines::play_twin(std::path::Path::new(&arguments[0]).file_name().and_then(|n| n.to_str()).unwrap_or_default());
    // Descriptors that twins are given lie on low numbers: nothing of this process's may.
    let low: Vec<File> = (0..8).map(|_| File::open("/dev/null").expect("open")).collect();
    // As with other tests, words on the command line pick the attacks whose names they are part of.
    let words: Vec<&String> = arguments[1..].iter().filter(|word| !word.starts_with('-')).collect();
    let wanted = |name: &str| words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
    let began = Instant::now();
    let mut wrong = Vec::new();
    if words.is_empty() {
        // Most of the lines' time is waiting for the launcher's next start.
        std::thread::scope(|scope| {
            let (lines, others) = (scope.spawn(lines::all), scope.spawn(others));
            the_kernels_walls(&wanted, &mut wrong);
            the_vaults_checks(&lines.join().expect("the attacks on the lines"), &mut wrong);
            others.join().expect("the other attacks");
        });
    } else {
        the_kernels_walls(&wanted, &mut wrong);
    }
    println!("{:.1} s", began.elapsed().as_secs_f32());
    drop(low);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Those with a plot of their own.
fn others() {
    bare_start::each_process_refuses_to_run_without_the_launcher().expect("bare starts");
    shipped_build::no_shipped_binary_knows_the_driver().expect("shipped builds");
    shipped_build::the_driver_build_does_or_the_search_is_broken().expect("driver builds");
    if !is_root() {
        // The processes hide their memory from the user's other programs, a tracer among them.
        println!("what ui hears, byte by byte: not possible on this machine (only root can record it)");
        return;
    }
    ui_hears_nothing::no_text_name_passphrase_or_key_stroke_reaches_ui().expect("what ui hears");
}

/// Every attack of the table, from every place where it makes sense, and without rules.
fn the_kernels_walls(wanted: &dyn Fn(&str) -> bool, wrong: &mut Vec<String>) {
    bulkhead_rules::check_kernel(true).expect("a kernel that can enforce the rules");
    let target = Target::new();
    let names: std::collections::BTreeSet<&str> =
        acts::GROUPS.iter().flat_map(|(_, list)| list.iter().map(|a| a.name)).collect();
    assert_eq!(names.len(), acts::GROUPS.iter().map(|(_, list)| list.len()).sum::<usize>(), "a name is there twice");
    for place in &PLACES {
        assert_eq!(target.under_rules(place, &acts::HARMLESS), Outcome::Escaped, "the twin is dead in {}", place.title);
    }
    let (mut proved, mut tried) = (0, 0);
    for (title, attacks) in acts::GROUPS {
        let attacks: Vec<&'static Attack> = attacks.iter().filter(|attack| wanted(attack.name)).collect();
        let findings = judge(&target, &attacks);
        report::print(title, &findings);
        for finding in &findings {
            wrong.extend(verdicts(finding));
            // One that does not work without rules proves nothing.
            if finding.control.is_ok() {
                (proved, tried) = (proved + 1, tried + finding.outcomes.iter().flatten().count());
            }
        }
    }
    report::print_open();
    println!("\n{proved} attacks that work without rules, tried {tried} times under rules");
    if wanted("") {
        wrong.extend((proved < ENOUGH).then(|| format!("{proved} attacks prove something, {ENOUGH} have to")));
    }
}

/// The lines and the frame, beside the real vault.
fn the_vaults_checks(found: &[lines::Found], wrong: &mut Vec<String>) {
    report::print_lines(found);
    for one in found {
        match (&one.outcome, &one.control) {
            (Outcome::Escaped, _) => wrong.push(format!("{} ESCAPED from {}", one.name, one.from)),
            (Outcome::Wrong(how), _) | (_, Err(how)) => wrong.push(format!("{} proves nothing: {how}", one.name)),
            (Outcome::Denied(_), Ok(())) => {}
        }
    }
    println!("\n{} attacks on the lines", found.len());
}

/// Judges attacks, two at a time: the machine has at least so many processors.
fn judge(target: &Target, attacks: &[&'static Attack]) -> Vec<Finding> {
    let next = AtomicUsize::new(0);
    let found: Mutex<Vec<(usize, Finding)>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(attack) = attacks.get(index) else { return };
                    let one =
                        |place: &judge::Place| attack.from.has(place.bit).then(|| target.under_rules(place, attack));
                    let outcomes = PLACES.iter().map(one).collect();
                    let finding = Finding { attack, outcomes, control: target.without_rules(attack) };
                    found.lock().expect("no panic").push((index, finding));
                }
            });
        }
    });
    let mut found = found.into_inner().expect("no panic");
    found.sort_by_key(|(index, _)| *index);
    found.into_iter().map(|(_, finding)| finding).collect()
}

/// What is wrong with a finding.
fn verdicts(finding: &Finding) -> Vec<String> {
    let name = finding.attack.name;
    let mut wrong = Vec::new();
    for (place, outcome) in PLACES.iter().zip(&finding.outcomes) {
        let known = OPEN.iter().find(|open| open.name == name && open.from.has(place.bit));
        match (outcome, known) {
            (Some(Outcome::Escaped), None) => wrong.push(format!("{name} ESCAPED from {}", place.title)),
            (Some(Outcome::Denied(how)), Some(_)) if finding.control.is_ok() => {
                wrong.push(format!("{name} is denied from {} ({how}): take it out of open.rs", place.title));
            }
            (Some(Outcome::Wrong(how)), _) if finding.control.is_ok() => {
                wrong.push(format!("{name} from {} proves nothing: {how}", place.title));
            }
            _ => {}
        }
    }
    wrong
}

fn is_root() -> bool {
    // SAFETY: asks for a number.
    unsafe { nix::libc::geteuid() == 0 }
}
