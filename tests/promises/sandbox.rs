//! What the sandbox costs: at the start, and while two people chat.
//!
//! There is no way to run the program without its sandbox, not even here. So its cost while chatting is measured by
//! adding it once more: everything runs under the vault's filters as well, with each of their refusals made a consent.

use crate::{median, timed};
use bulkhead_rules::{Ended, Launch, Process, launch, require_sandbox, steady};
use bulkhead_tests::Error;
use bulkhead_tests::folder::Build;
use bulkhead_tests::person::Person;
use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

const STARTS: usize = 60;
/// `BPF_RET | BPF_K`, and what it returns for a call that goes through.
const RETURN: u16 = 0x06;
const ALLOW: u32 = 0x7fff_0000;

/// What this program is when it is started by itself.
pub fn role(arguments: &[OsString]) -> Option<ExitCode> {
    let words: Vec<_> = arguments.iter().map(|word| word.to_string_lossy()).collect();
    match words.iter().map(AsRef::as_ref).collect::<Vec<_>>().as_slice() {
        ["bare"] => Some(ExitCode::SUCCESS),
        ["confined", name] => {
            require_sandbox();
            let narrowed = process(name).is_some_and(|process| steady(process).is_ok());
            Some(if narrowed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        ["thicker", program, ..] => {
            eprintln!("bulkhead-bench: {}", thicker(program, arguments.get(2..).unwrap_or_default()));
            Some(ExitCode::FAILURE)
        }
        _ => None,
    }
}

fn process(name: &str) -> Option<Process> {
    Process::ALL.into_iter().find(|process| process.program() == name)
}

/// Lays on the filters once more, harmless, and becomes the program; returns only if that failed.
fn thicker(program: &str, arguments: &[OsString]) -> String {
    let programs = match bulkhead_rules::programs(Process::Vault) {
        Ok(programs) => programs,
        Err(error) => return error.to_string(),
    };
    for mut filter in programs {
        for instruction in filter.iter_mut().filter(|instruction| instruction.code == RETURN) {
            instruction.k = ALLOW;
        }
        if let Err(error) = seccompiler::apply_filter(&filter) {
            return error.to_string();
        }
    }
    Command::new(program).args(arguments).exec().to_string()
}

/// What starting the three processes takes longer under their rules, one after the other: from fork to the end of a
/// program that does nothing but lay on its own second stage.
pub fn starts() -> Result<(), Error> {
    let this = std::env::current_exe().map_err(|error| Error::System("finding this program", error))?;
    let folder = bulkhead_tests::folder::Scratch::new()?;
    let (mut bare, mut confined) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        bare.push(timed(|| {
            for _ in Process::ALL {
                let ended = Command::new(&this).arg("bare").stdin(Stdio::null()).status();
                ended.map_err(|error| Error::System("starting this program", error))?;
            }
            Ok(())
        })?);
        confined.push(timed(|| {
            Process::ALL.into_iter().try_for_each(|process| under_rules(&this, folder.path(), process))
        })?);
    }
    let (bare, confined) = (median(bare), median(confined));
    println!(
        "what the sandbox adds to the start of all three processes: {:.1} ms ({confined:.1} ms against {bare:.1} ms; asked: ≤ 20 ms)",
        confined - bare
    );
    Ok(())
}

fn under_rules(program: &Path, data: &Path, process: Process) -> Result<(), Error> {
    let arguments = ["confined".into(), process.program().into()];
    let (lines, environment) = ([], |_: &str| None);
    let start = Launch {
        process,
        program,
        arguments: &arguments,
        lines: &lines,
        data: Some(data),
        proxy: None,
        environment: &environment,
    };
    let ended = launch(&start).and_then(bulkhead_rules::Child::wait).map_err(|error| Error::Odd(error.to_string()))?;
    if ended == Ended::Exit(0) { Ok(()) } else { Err(Error::Odd(format!("{} {ended}", process.program()))) }
}

/// Starts a person's program under the filters twice.
pub fn twice(person: &Person) -> Result<Command, Error> {
    let ordinary = person.command(Build::Driver)?;
    let this = std::env::current_exe().map_err(|error| Error::System("finding this program", error))?;
    let mut command = Command::new(this);
    command.arg("thicker").arg(ordinary.get_program()).args(ordinary.get_args()).stdin(Stdio::null());
    Ok(command)
}
