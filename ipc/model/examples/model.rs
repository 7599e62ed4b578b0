//! Checks every composition with the larger bounds, and prints what was found: `make model`.
//!
//! `model [small] [NAME]`: the bounds of the tests, and one composition only.

use bulkhead_model::check::{self, promise};
use bulkhead_model::scope::Scope;
use bulkhead_model::scopes;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let small = arguments.first().is_some_and(|first| first == "small");
    let name = if small { arguments.drain(..).nth(1) } else { arguments.drain(..).next() };
    let all: &[Scope] = if small { &scopes::SMALL } else { &scopes::LARGE };
    let mut sound = true;
    for scope in all.iter().filter(|scope| name.as_ref().is_none_or(|name| scope.name == name)) {
        sound &= report(scope);
    }
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Checks one composition; whether all promises hold.
fn report(scope: &Scope) -> bool {
    let (safety, liveness) = (check::safety(scope), check::liveness(scope));
    println!("{scope}");
    println!(
        "  {} states, {} steps, depth {}; {:.1} s by stateright, {:.1} s backwards",
        safety.states,
        safety.steps,
        safety.depth,
        safety.took.as_secs_f64(),
        liveness.took.as_secs_f64()
    );
    let broken: Vec<_> = safety.broken.iter().chain(&liveness.broken).collect();
    for name in promise::SAFETY.into_iter().chain([promise::NO_DEADLOCK]) {
        match broken.iter().find(|(other, _)| *other == name) {
            None => println!("  holds   {name}"),
            Some((_, way)) => {
                println!("  BROKEN  {name}");
                way.iter().for_each(|step| println!("          {step:?}"));
            }
        }
    }
    broken.is_empty()
}
