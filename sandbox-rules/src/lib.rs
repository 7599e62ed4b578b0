//! What each process may ask of the kernel. Data first, loader second.
//!
//! The data are the files in `rules/`, with a reason for every line. This crate reads them strictly and lays them
//! on in two stages: [`launch`] puts a process under its outer bound before its program is executed, and the process
//! narrows itself with [`steady`] once it is set up. Nothing in a build turns this off: a process that was not
//! started by the launcher refuses to run ([`require_sandbox`]), and so does the launcher on a kernel that cannot
//! enforce the rules ([`check_kernel`]).

mod calls;
mod child;
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
    /// `bulkhead-net`
    Net,
    /// `bulkhead-ui`
    Ui,
    /// `bulkhead-vault`
    Vault,
}

impl Process {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Net, Self::Ui, Self::Vault];

    /// The name of its program.
    pub const fn program(self) -> &'static str {
        match self {
            Self::Net => "bulkhead-net",
            Self::Ui => "bulkhead-ui",
            Self::Vault => "bulkhead-vault",
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
    /// A rules file is not well-formed, or has a field or word that this loader does not know.
    #[error("sandbox rules cannot be read: {0}")]
    Syntax(serde_json::Error),
    /// A rules file of another format.
    #[error("sandbox rules have format {0}, this loader reads format 1")]
    Format(u32),
    /// A rules file for another process.
    #[error("sandbox rules are for another process than their name says")]
    Mismatch,
    /// A rule without a reason.
    #[error("sandbox rule for `{0}` has no `why`: say in a sentence what needs it")]
    NoReason(String),
    /// The same rule twice, or one that another makes useless.
    #[error("sandbox rule for `{0}` is there twice, or is covered by another")]
    Duplicate(String),
    /// No such call.
    #[error("sandbox rule names `{0}`, which is no system call of Linux")]
    UnknownCall(String),
    /// No such constant.
    #[error(
        "sandbox rule names the value `{0}`, which this loader does not know: add it to constants.rs or write its number"
    )]
    UnknownValue(String),
    /// An argument beyond the sixth, or a value that its mask can never give.
    #[error("sandbox rule for `{0}` has a condition that can never hold")]
    BadCondition(String),
    /// Not absolute, with `..`, or with an unknown place.
    #[error(
        "sandbox rule for the path `{0}`: a path is absolute, without `..`, or begins with a known place (in steady rules: is absolute)"
    )]
    BadPath(String),
    /// Not a plain variable name, or one that steers the dynamic loader.
    #[error("sandbox rule for the variable `{0}`: no such variable may be passed on")]
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
