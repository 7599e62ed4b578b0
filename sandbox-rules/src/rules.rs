//! The rules as data: what the files in `rules/` may say, and the refusal of everything else.
//!
//! A rule that this module does not understand completely is an error, never skipped: a misspelt field in a
//! sandbox is a hole that nobody sees. Each rule says why it is there, or it is not a rule.

mod check;
mod release;
mod value;

use crate::{Error, Process};
pub(crate) use release::Release;
use serde::Deserialize;
pub(crate) use value::Value;

/// The only format that this loader reads.
pub(crate) const FORMAT: u32 = 1;

/// One process's rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    pub format: u32,
    /// Only grows: `rules/released/` holds what each version of a release said.
    pub version: u32,
    /// The release that this version first ships with.
    pub release: Release,
    pub process: Process,
    pub namespaces: Namespaces,
    /// Why rules may stand here that no run has used, where that is so for all of them: see [`CallRule::foresight`].
    pub foresight: Option<String>,
    /// The outer bound: laid on by the launcher before the program is executed. It permits what `steady`
    /// permits as well, so that `steady` can only narrow.
    pub start: Start,
    /// Laid on by the process itself once it is set up.
    pub steady: Steady,
}

/// The kernel's namespaces that a process is moved into. The loader knows none, and refuses a file that names one:
/// the field is there so that the decision and its reason are data as well, and a change of it is seen.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Namespaces {
    pub enter: Vec<String>,
    pub why: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    #[serde(default)]
    pub calls: Vec<CallRule>,
    #[serde(default)]
    pub refused: Vec<Refusal>,
    pub files: Vec<FileRule>,
    pub tcp: Vec<TcpRule>,
    pub scopes: Vec<ScopeRule>,
    pub limits: Vec<LimitRule>,
    pub environment: Vec<EnvironmentRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Steady {
    pub calls: Vec<CallRule>,
    #[serde(default)]
    pub refused: Vec<Refusal>,
    /// What remains of `start`'s files; all of them if absent.
    pub files: Option<Vec<FileRule>>,
}

/// A rule that holds only with, or only without, a SOCKS proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mode {
    Direct,
    Proxied,
}

impl Mode {
    pub const ALL: [Self; 2] = [Self::Direct, Self::Proxied];
}

/// A call that goes through.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallRule {
    pub call: String,
    /// All must hold; several rules for one call are alternatives.
    #[serde(default)]
    pub when: Vec<Condition>,
    pub only: Option<Mode>,
    pub why: String,
    /// For a call that no recorded run makes: why it stays nevertheless. Without it such a rule is a finding.
    pub foresight: Option<String>,
}

/// A call that fails with an error number instead of ending the process: what a library tries and can do without.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Refusal {
    pub call: String,
    #[serde(default)]
    pub when: Vec<Condition>,
    pub errno: Errno,
    pub only: Option<Mode>,
    pub why: String,
}

/// `argument & mask == equals`, on the argument's low 32 bits.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Condition {
    pub arg: u8,
    pub mask: Option<Value>,
    pub equals: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[allow(clippy::upper_case_acronyms)]
pub(crate) enum Errno {
    EACCES,
    EINTR,
    ENOMEM,
    ENOSYS,
    EPERM,
}

impl Errno {
    pub fn number(self) -> u32 {
        let number = match self {
            Self::EACCES => libc::EACCES,
            Self::EINTR => libc::EINTR,
            Self::ENOMEM => libc::ENOMEM,
            Self::ENOSYS => libc::ENOSYS,
            Self::EPERM => libc::EPERM,
        };
        number.unsigned_abs()
    }
}

/// A file, or a folder with all beneath it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileRule {
    /// Absolute, or beginning with a place such as `{data}`. What does not exist is not opened up.
    pub path: String,
    pub rights: Rights,
    pub only: Option<Mode>,
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Rights {
    /// Read files, list folders.
    Read,
    /// Read and execute.
    Run,
    /// Read, write, create, rename and remove files; no folders, no devices.
    Write,
    /// As `write`, and make sockets.
    WriteAndSockets,
}

/// TCP ports to connect to. Binding is never allowed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TcpRule {
    pub connect: Port,
    pub only: Option<Mode>,
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) enum Port {
    #[serde(rename = "any")]
    Any,
    #[serde(rename = "{proxy}")]
    Proxy,
}

/// What may not cross into the sandboxes' outside.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ScopeRule {
    pub scope: Scope,
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Scope {
    Signals,
    AbstractSockets,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitRule {
    pub limit: Limit,
    pub value: u64,
    pub why: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Limit {
    /// Bytes of address space.
    As,
    /// Bytes of a core dump.
    Core,
    /// Bytes of memory that only this process can write: heap, private mappings, threads' stacks.
    Data,
    /// Bytes of any one file that is written to.
    Fsize,
    /// Bytes that are kept from being swapped out.
    Memlock,
    /// One more than the highest descriptor.
    Nofile,
    /// Bytes of the first thread's stack.
    Stack,
}

/// A variable that is passed on as it is, if it is set.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnvironmentRule {
    pub name: String,
    pub why: String,
}

/// Reads and judges one file.
pub(crate) fn parse(text: &str) -> Result<Rules, Error> {
    let rules: Rules = serde_json::from_str(text).map_err(Error::Syntax)?;
    if rules.format != FORMAT {
        return Err(Error::Format(rules.format));
    }
    rules.check()?;
    Ok(rules)
}

/// The rules that this build carries for a process.
pub(crate) fn of(process: Process) -> Result<Rules, Error> {
    let rules = shipped(process)?;
    #[cfg(feature = "test-driver")]
    let rules = if process == Process::Vault { rules.with_test_driver()? } else { rules };
    Ok(rules)
}

/// The rules as they ship, without what a build for tests lays over them.
pub(crate) fn shipped(process: Process) -> Result<Rules, Error> {
    let text = match process {
        Process::Keyring => include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/keyring.json")),
        Process::Net => include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/net.json")),
        Process::Seal => include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/seal.json")),
        Process::Ui => include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/ui.json")),
        Process::Update => include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/update.json")),
        Process::Vault => include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/rules/vault.json")),
    };
    let rules = parse(text).map_err(|error| error.at(process.rules_file()))?;
    if rules.process == process { Ok(rules) } else { Err(Error::Mismatch.at(process.rules_file())) }
}

/// What the test driver needs on top: laid over the vault's rules in builds for tests, absent from all others.
#[cfg(feature = "test-driver")]
mod overlay {
    use super::{CallRule, EnvironmentRule, FileRule, Rules};
    use crate::Error;
    use serde::Deserialize;

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Overlay {
        calls: Vec<CallRule>,
        files: Vec<FileRule>,
        environment: Vec<EnvironmentRule>,
    }

    impl Rules {
        pub(crate) fn with_test_driver(mut self) -> Result<Self, Error> {
            let overlay: Overlay = serde_json::from_str(include_str!(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/rules/vault-test-driver.json"
            )))
            .map_err(Error::Syntax)?;
            self.steady.calls.extend(overlay.calls);
            self.start.files.extend(overlay.files);
            self.start.environment.extend(overlay.environment);
            self.check()?;
            Ok(self)
        }
    }
}

#[cfg(test)]
mod tests;
