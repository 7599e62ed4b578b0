//! What each process may ask of the kernel. Data first, loader second.
//!
//! The data are the files in `rules/`, with a reason for every line. This crate reads them strictly and lays them
//! on in two stages: [`launch`] puts a process under its outer bound before its program is executed, and the process
//! narrows itself with [`steady`] once it is set up. Nothing in a build turns this off: a process that was not
//! started by the launcher refuses to run ([`require_sandbox`]), and so does the launcher on a kernel that cannot
//! enforce the rules ([`check_kernel`]).

pub mod audit;
mod calls;
mod child;
mod compare;
mod constants;
mod files;
mod filter;
mod launch;
mod places;
mod rules;

pub use launch::{Child, Ended, Launch, launch};
use nix::errno::Errno;
use nix::sys::prctl;
pub(crate) use places::Places;
use serde::Deserialize;

/// A process that has rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Process {
    /// `bulkhead-keyring`
    Keyring,
    /// `bulkhead-net`
    Net,
    /// `bulkhead-seal`
    Seal,
    /// `bulkhead-ui`
    Ui,
    /// `bulkhead-update`
    Update,
    /// `bulkhead-vault`
    Vault,
}

impl Process {
    /// The messaging processes: what the launcher cannot do without.
    pub const ALL: [Self; 3] = [Self::Net, Self::Ui, Self::Vault];
    /// Every process that this build carries rules for.
    pub const WITH_RULES: [Self; 6] = [Self::Keyring, Self::Net, Self::Seal, Self::Ui, Self::Update, Self::Vault];

    /// The name of its program.
    pub const fn program(self) -> &'static str {
        match self {
            Self::Keyring => "bulkhead-keyring",
            Self::Net => "bulkhead-net",
            Self::Seal => "bulkhead-seal",
            Self::Ui => "bulkhead-ui",
            Self::Update => "bulkhead-update",
            Self::Vault => "bulkhead-vault",
        }
    }

    /// The name of its rules file.
    pub const fn rules_file(self) -> &'static str {
        match self {
            Self::Keyring => "keyring.json",
            Self::Net => "net.json",
            Self::Seal => "seal.json",
            Self::Ui => "ui.json",
            Self::Update => "update.json",
            Self::Vault => "vault.json",
        }
    }
}

/// Oldest Landlock that can hold the file rules (2: Linux 5.19), and the TCP rules of proxied mode (4: Linux 6.7).
const LANDLOCK_FOR_FILES: i64 = 2;
const LANDLOCK_FOR_TCP: i64 = 4;

/// What went wrong, and what the reader can do about it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel has no Landlock, or it is switched off.
    #[error(
        "this kernel does not offer Landlock, which Bulkhead needs to confine its processes: use Linux 5.19 or later and make sure that `landlock` is in its `lsm=` list"
    )]
    NoLandlock,
    /// Landlock is there but too old.
    #[error("this kernel's Landlock is too old (interface {have}, needed: {need}): use Linux {linux} or later")]
    OldLandlock {
        /// The kernel's.
        have: i64,
        /// Ours.
        need: i64,
        /// The first release that has it.
        linux: &'static str,
    },
    /// The kernel takes no call filters.
    #[error(
        "this kernel does not take system-call filters (seccomp), which Bulkhead needs to confine its processes: use a kernel built with CONFIG_SECCOMP_FILTER"
    )]
    NoFilters,
    /// Where the error is: a file, or a list of rules and the number of the rule in it.
    #[error("{at}: {error}")]
    At {
        /// The place.
        at: String,
        /// What is wrong there.
        error: Box<Error>,
    },
    /// A rules file is not well-formed, or has a field or word that this loader does not know.
    #[error(
        "sandbox rules cannot be read: {0}; correct this place (the README of sandbox-rules says what a rule may say)"
    )]
    Syntax(serde_json::Error),
    /// A rules file of another format.
    #[error(
        "sandbox rules have format {0}, and this loader reads format 1: read them with the loader of their release"
    )]
    Format(u32),
    /// Version 0.
    #[error("sandbox rules have version 0: the first version is 1")]
    NoVersion,
    /// A namespace to enter.
    #[error(
        "sandbox rules name the namespace `{0}`, and this loader enters none: take it out (the README of sandbox-rules says why)"
    )]
    Namespace(String),
    /// A rules file for another process.
    #[error("sandbox rules are for another process than their file's name says: correct `process`, or the name")]
    Mismatch,
    /// A file or folder could not be read.
    #[error("{0} cannot be read: {1}; name a rules file, or a folder of them")]
    File(String, std::io::Error),
    /// A folder without rules.
    #[error("{0} holds no rules: name a rules file, or a folder of them")]
    NoRules(String),
    /// The workspace's version is no release's number.
    #[error("this build is of version `{0}`, which is no number of a release: three numbers with points between them")]
    NoRelease(&'static str),
    /// A line of a tracer's record.
    #[error("the record {0} has a line that cannot be understood: `{1}`; record with `{record}`", record = audit::RECORD)]
    Record(String, String),
    /// Rules of two processes were to be compared.
    #[error("these are the rules of {0} and of {1}: compare rules of one process")]
    TwoProcesses(&'static str, &'static str),
    /// A rule without a reason.
    #[error("sandbox rule for `{0}` has no `why` (or an empty `foresight`): say in a sentence what needs it")]
    NoReason(String),
    /// The same rule twice, or one that another makes useless.
    #[error("sandbox rule for `{0}` is there twice, or is covered by another: take it out")]
    Duplicate(String),
    /// No such call.
    #[error("sandbox rule names `{0}`, which is no system call of Linux: correct the name, or add it to calls.rs")]
    UnknownCall(String),
    /// No such constant.
    #[error(
        "sandbox rule names the value `{0}`, which this loader does not know: add it to constants.rs or write its number"
    )]
    UnknownValue(String),
    /// An argument beyond the sixth, or a value that its mask can never give.
    #[error(
        "sandbox rule for `{0}` has a condition that can never hold, or that always does: `arg` is 0 to 5, `mask` is not 0, `equals` lies within `mask`, and two conditions must not exclude each other"
    )]
    BadCondition(String),
    /// Not absolute, with `..`, or with an unknown place.
    #[error(
        "sandbox rule for the path `{0}`: write it absolute and plain (no `..`, `.`, `//`, no `/` at its end), or begin it with a place that this process has (in steady rules: absolute)"
    )]
    BadPath(String),
    /// Not a plain variable name, or one that steers the dynamic loader.
    #[error("sandbox rule for the variable `{0}`: no such variable may be passed on; take the rule out")]
    BadVariable(String),
    /// The launcher did not fill in a place.
    #[error("sandbox rules speak of `{{{0}}}`, which does not exist")]
    NoPlace(String),
    /// A rule could not be turned into a filter.
    #[error("sandbox rules make no filter: {0}")]
    Filter(seccompiler::BackendError),
    /// A filter was not taken.
    #[error("the kernel did not take the filter: {0}")]
    Apply(seccompiler::Error),
    /// A Landlock ruleset was not taken.
    #[error("the kernel did not take the Landlock rules: {0}")]
    Landlock(#[from] landlock::RulesetError),
    /// The child could not be set up or executed.
    #[error("the process was not started; {0} failed: {1}")]
    NotStarted(&'static str, Errno),
    /// The child's report could not be read.
    #[error("the process was not started; its report could not be read: {0}")]
    Report(std::io::Error),
    /// A zero byte in an argument or variable.
    #[error("an argument or variable holds a zero byte, which no program can be given")]
    ZeroByte,
    /// Another kernel call failed.
    #[error("the kernel refused: {0}")]
    Kernel(#[from] Errno),
}

impl Error {
    /// The same error, with the place where it is.
    pub(crate) fn at(self, place: &str) -> Self {
        Self::At { at: place.into(), error: Box::new(self) }
    }
}

/// Whether this kernel can enforce the rules; the launcher starts nothing otherwise.
///
/// `proxied`: whether connections are to be held to the SOCKS proxy, which takes a newer Landlock.
pub fn check_kernel(proxied: bool) -> Result<(), Error> {
    judge_kernel(child::landlock_version().ok(), child::filters_can_kill(), proxied)
}

fn judge_kernel(landlock: Option<i64>, filters: bool, proxied: bool) -> Result<(), Error> {
    let have = landlock.ok_or(Error::NoLandlock)?;
    let (need, linux) = if proxied { (LANDLOCK_FOR_TCP, "6.7") } else { (LANDLOCK_FOR_FILES, "5.19") };
    if have < need {
        return Err(Error::OldLandlock { have, need, linux });
    }
    if filters { Ok(()) } else { Err(Error::NoFilters) }
}

/// First line of every sandboxed `main`: ends the process (exit code 78) unless it runs under the launcher's
/// sandbox, and keeps its memory from others of the same user: not dumpable, not traceable.
pub fn require_sandbox() {
    // Some container managers filter too; but none of them keeps its programs from looking at `/`.
    let confined = prctl::get_no_new_privs() == Ok(true) && child::filtered() && std::fs::read_dir("/").is_err();
    if !confined || prctl::set_dumpable(false).is_err() {
        let name = std::env::args_os().next().unwrap_or_default();
        let name = std::path::Path::new(&name).file_name().unwrap_or_default().to_string_lossy().into_owned();
        eprintln!("{name} runs only under the launcher: start `bulkhead`.");
        std::process::exit(78);
    }
}

/// Narrows this process to what it needs once it is set up. There is no way back.
///
/// Calls: all threads. Files: the calling thread and those that it starts later. A process whose rules name steady
/// files starts its threads between [`narrow_files`] and [`narrow_calls`] instead.
pub fn steady(process: Process) -> Result<(), Error> {
    narrow_files(process)?;
    narrow_calls(process)
}

/// The first half of [`steady`]: the files that remain, for the calling thread and those that it starts later.
pub fn narrow_files(process: Process) -> Result<(), Error> {
    match files::steady(&rules::of(process)?)? {
        Some(ruleset) => Ok(child::restrict(&ruleset)?),
        None => Ok(()),
    }
}

/// The second half: the calls that remain, for all threads.
pub fn narrow_calls(process: Process) -> Result<(), Error> {
    let programs = filter::steady(&rules::of(process)?).programs()?;
    programs.iter().try_for_each(|program| seccompiler::apply_filter_all_threads(program)).map_err(Error::Apply)
}

/// Whether this build carries the vault's rules for end-to-end tests. `false` in every shipped build.
pub const CARRIES_TEST_DRIVER: bool = cfg!(feature = "test-driver");

/// The version of the rules that this build carries for a process. It only grows.
pub fn version(process: Process) -> Result<u32, Error> {
    Ok(rules::of(process)?.version)
}

/// Both stages' call filters of a process in direct mode, as the kernel gets them: for those who look at them or weigh
/// them.
pub fn programs(process: Process) -> Result<Vec<seccompiler::BpfProgram>, Error> {
    let rules = rules::of(process)?;
    let mut programs = filter::start(&rules, rules::Mode::Direct).programs()?;
    programs.extend(filter::steady(&rules).programs()?);
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::{Error, judge_kernel};

    #[test]
    fn a_kernel_that_cannot_enforce_is_refused_in_words() {
        let says = |result: Result<(), Error>| result.expect_err("refused").to_string();
        assert!(says(judge_kernel(None, true, false)).contains("Landlock"));
        assert!(says(judge_kernel(Some(1), true, false)).contains("5.19"));
        assert!(says(judge_kernel(Some(3), true, true)).contains("6.7"));
        assert!(says(judge_kernel(Some(7), false, true)).contains("seccomp"));
        assert!(judge_kernel(Some(2), true, false).is_ok());
    }
}
