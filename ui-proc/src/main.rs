//! `bulkhead-ui`: lays out the window and decides what the user is doing. Never receives message text, names or keystrokes.
//!
//! The start table: take the lines, prove the sandbox, set up what needs more, give that up, loop.

mod lines;

use bulkhead_ipc::descriptors::{UI_INTENT, UI_PIXELS};
use bulkhead_ipc::line::inherit;
use bulkhead_rules::{Process, require_sandbox, steady};
use lines::{Error, Lines};
use std::process::ExitCode;

fn main() -> ExitCode {
    require_sandbox();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bulkhead-ui: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Error> {
    let lines = Lines::new(life().ok_or(Error::Arguments)?, inherit(UI_PIXELS)?, inherit(UI_INTENT)?);
    bulkhead_canvas::fonts::install("en-US");
    // Seeding a hash map asks the kernel for random bytes; from the next line on it may not.
    drop(std::collections::HashMap::<u8, u8>::new());
    steady(Process::Ui)?;
    lines.serve()
}

/// `--life NUMBER`: the launcher's number for this start of the process.
fn life() -> Option<u32> {
    match std::env::args().skip(1).collect::<Vec<_>>().as_slice() {
        [flag, life] if flag == "--life" => life.parse().ok(),
        _ => None,
    }
}
