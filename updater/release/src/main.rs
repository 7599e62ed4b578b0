//! `bulkhead-release`: see the README for the order in which people use it.

mod arguments;
mod auditor;
mod commands;
mod holder;
mod publisher;
mod webmaster;

use arguments::{Arguments, USAGE};
use std::process::ExitCode;

/// Why a command did not do what it should.
enum Failure {
    /// The command line is wrong.
    Usage(String),
    /// Something was refused, for these reasons.
    Refused(Vec<String>),
}

impl Failure {
    fn one(reason: impl Into<String>) -> Self {
        Self::Refused(vec![reason.into()])
    }

    fn all(reasons: impl IntoIterator<Item = impl ToString>) -> Self {
        Self::Refused(reasons.into_iter().map(|reason| reason.to_string()).collect())
    }
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<git2::Error> for Failure {
    fn from(error: git2::Error) -> Self {
        Self::one(format!("git: {}", error.message()))
    }
}

fn main() -> ExitCode {
    match Arguments::read().and_then(|given| commands::run(&given)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(why)) => {
            eprintln!("bulkhead-release: {why}\n\n{USAGE}");
            ExitCode::from(2)
        }
        Err(Failure::Refused(list)) => {
            list.iter().for_each(|reason| eprintln!("refused: {reason}"));
            ExitCode::FAILURE
        }
    }
}
