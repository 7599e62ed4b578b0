//! `bulkhead`, the launcher.
//!
//! From top to bottom: what the user asked for, whether the kernel can hold the processes, which release runs, the start table, the
//! loop; and then, where a release failed or another is ready, once more from the beginning.

use bulkhead_updater::Error;
use bulkhead_updater::arguments::{self, Arguments, HELP, Request};
use bulkhead_updater::installed::{self, After, Before};
use bulkhead_updater::processes::Table;
use bulkhead_updater::supervise;
use bulkhead_updater::trial::{self, Tried};
use bulkhead_updater::voices::Voices;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let environment = |name: &str| std::env::var_os(name);
    let arguments = match arguments::parse(std::env::args_os().skip(1), &environment) {
        Ok(Request::Run(arguments)) => arguments,
        Ok(Request::Help) => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        Ok(Request::Version) => {
            println!("bulkhead {}", env!("CARGO_PKG_VERSION"));
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("bulkhead: {error}. See `bulkhead --help`.");
            return ExitCode::from(2);
        }
    };
    let done = match &arguments.trial {
        Some(programs) => attempt(programs, &arguments),
        None => run(&arguments),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("bulkhead: {error}.");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<u8, Error> {
    bulkhead_rules::check_kernel(arguments.socks.is_some())?;
    let signals = supervise::take_signals()?;
    let program = std::env::current_exe().map_err(Error::Folder)?;
    let chosen = match installed::choose(&program, arguments)? {
        Before::Run(chosen) => chosen,
        Before::HandOver(launcher) => return Err(installed::hand_over(&launcher, installed::words())),
    };
    let (programs, patience) = (chosen.programs.clone(), chosen.patience());
    let voices = Voices::take()?;
    let ended =
        Table::new(&programs, arguments).and_then(|table| supervise::run(table, signals, chosen.updates()?, patience));
    drop(voices);
    match chosen.after(ended)? {
        After::Exit(code) => Ok(code),
        After::Again(launcher, words) => Err(installed::hand_over(&launcher, words.into_iter())),
    }
}

fn attempt(programs: &Path, arguments: &Arguments) -> Result<u8, Error> {
    bulkhead_rules::check_kernel(arguments.socks.is_some())?;
    let voices = Voices::take()?;
    let tried = trial::run(programs, arguments);
    // From here on standard output is the caller's again: no process that was tried can write there.
    drop(voices);
    Ok(match tried? {
        Tried::Works => 0,
        Tried::Fails(why) => {
            println!("{why}");
            trial::DID_NOT_START
        }
        Tried::Unknown(why) => {
            println!("{why}");
            1
        }
    })
}
