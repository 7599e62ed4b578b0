//! `bulkhead`, the launcher.
//!
//! From top to bottom: what the user asked for, whether the kernel can hold the processes, the start table, the loop.

use bulkhead_updater::Error;
use bulkhead_updater::arguments::{self, Arguments, HELP, Request};
use bulkhead_updater::processes::Table;
use bulkhead_updater::supervise;
use bulkhead_updater::voices::Voices;
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
    match run(&arguments) {
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
    let _voices = Voices::take()?;
    let folder = std::env::current_exe().map_err(Error::Folder)?;
    let table = Table::new(folder.parent().unwrap_or(&folder), arguments)?;
    supervise::run(table, signals)
}
