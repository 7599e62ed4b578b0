//! The rules as data: what the files in `rules/` may say, and the refusal of everything else.
//!
//! A rule that this module does not understand completely is an error, never skipped: a misspelt field in a
//! sandbox is a hole that nobody sees. Each rule says why it is there, or it is not a rule.

use crate::{Error, Process, calls, constants};
use serde::Deserialize;

/// The only format that this loader reads.
pub(crate) const FORMAT: u32 = 1;
/// Shortest reason that can be one.
const SHORTEST_WHY: usize = 12;

/// One process's rules.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rules {
    pub format: u32,
    /// Only grows; bound to a release.
    pub version: u32,
    pub process: Process,
    /// The outer bound: laid on by the launcher before the program is executed. It permits what `steady`
    /// permits as well, so that `steady` can only narrow.
    pub start: Start,
    /// Laid on by the process itself once it is set up.
    pub steady: Steady,
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

/// A number, or the kernel's name for it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Value {
    Number(u32),
    Name(String),
}

impl Value {
    pub fn get(&self) -> Result<u64, Error> {
        match self {
            Self::Number(number) => Ok(u64::from(*number)),
            Self::Name(name) => constants::by_name(name).ok_or_else(|| Error::UnknownValue(name.clone())),
        }
    }
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Limit {
    /// Bytes of address space.
    As,
    /// Bytes of a core dump.
    Core,
    /// One more than the highest descriptor.
    Nofile,
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
    let rules = parse(match process {
        Process::Net => include_str!("../rules/net.json"),
        Process::Ui => include_str!("../rules/ui.json"),
        Process::Vault => include_str!("../rules/vault.json"),
    })?;
    #[cfg(feature = "test-driver")]
    let rules = if process == Process::Vault { rules.with_test_driver()? } else { rules };
    if rules.process == process { Ok(rules) } else { Err(Error::Mismatch) }
}

impl Rules {
    fn check(&self) -> Result<(), Error> {
        let Self { start, steady, .. } = self;
        for stage in [&start.calls, &steady.calls] {
            stage.iter().try_for_each(|rule| check_call(&rule.call, &rule.when, &rule.why))?;
            no_doubles(stage.iter().map(|r| (&r.call, &r.when, r.only)), |r| r.0)?;
            let always = |name: &str| stage.iter().any(|r| r.call == name && r.when.is_empty() && r.only.is_none());
            if let Some(useless) = stage.iter().find(|r| !(r.when.is_empty() && r.only.is_none()) && always(&r.call)) {
                return Err(Error::Duplicate(useless.call.clone()));
            }
        }
        for stage in [&start.refused, &steady.refused] {
            stage.iter().try_for_each(|rule| check_call(&rule.call, &rule.when, &rule.why))?;
            no_doubles(stage.iter().map(|r| (&r.call, &r.when, r.only)), |r| r.0)?;
        }
        for files in std::iter::once(&start.files).chain(&steady.files) {
            files.iter().try_for_each(FileRule::check)?;
            no_doubles(files.iter().map(|r| (&r.path, r.only)), |r| r.0)?;
        }
        // The process itself does not know the places that the launcher filled in.
        if let Some(rule) = steady.files.iter().flatten().find(|r| r.path.starts_with('{')) {
            return Err(Error::BadPath(rule.path.clone()));
        }
        start.tcp.iter().try_for_each(|r| check_why("tcp", &r.why))?;
        start.scopes.iter().try_for_each(|r| check_why("scopes", &r.why))?;
        start.limits.iter().try_for_each(|r| check_why("limits", &r.why))?;
        start.environment.iter().try_for_each(|r| check_why(&r.name, &r.why))?;
        no_doubles(start.tcp.iter().map(|r| (format!("{:?}", r.connect), r.only)), |r| &r.0)?;
        no_doubles(start.scopes.iter().map(|r| format!("{:?}", r.scope)), |r| r)?;
        no_doubles(start.limits.iter().map(|r| format!("{:?}", r.limit)), |r| r)?;
        no_doubles(start.environment.iter().map(|r| &r.name), |r| r)?;
        start.environment.iter().try_for_each(EnvironmentRule::check)
    }
}

impl FileRule {
    fn check(&self) -> Result<(), Error> {
        check_why(&self.path, &self.why)?;
        let rooted = match self.path.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
            Some((place, rest)) => PLACES.contains(&place) && (rest.is_empty() || rest.starts_with('/')),
            None => self.path.starts_with('/') && self.path.len() > 1,
        };
        if rooted && !self.path.split('/').any(|part| part == "..") {
            Ok(())
        } else {
            Err(Error::BadPath(self.path.clone()))
        }
    }
}

impl EnvironmentRule {
    fn check(&self) -> Result<(), Error> {
        // What steers the dynamic loader steers the program.
        let plain = self.name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        if plain && !self.name.is_empty() && !self.name.starts_with("LD_") {
            Ok(())
        } else {
            Err(Error::BadVariable(self.name.clone()))
        }
    }
}

/// The places that a path may begin with; [`crate::launch`] fills them in.
pub(crate) const PLACES: &[&str] = &["data", "driver", "exe", "home", "xauthority"];

fn check_call(call: &str, when: &[Condition], why: &str) -> Result<(), Error> {
    check_why(call, why)?;
    calls::by_name(call).ok_or_else(|| Error::UnknownCall(call.into()))?;
    for condition in when {
        if condition.arg > 5 {
            return Err(Error::BadCondition(call.into()));
        }
        let mask = condition.mask.as_ref().map_or(Ok(u64::from(u32::MAX)), Value::get)?;
        let equals = condition.equals.get()?;
        // A value outside its mask can never be met.
        if equals & !mask != 0 {
            return Err(Error::BadCondition(call.into()));
        }
    }
    Ok(())
}

fn check_why(what: &str, why: &str) -> Result<(), Error> {
    if why.trim().len() < SHORTEST_WHY { Err(Error::NoReason(what.into())) } else { Ok(()) }
}

fn no_doubles<T: PartialEq>(items: impl Iterator<Item = T>, name: impl Fn(&T) -> &str) -> Result<(), Error> {
    let mut seen = Vec::new();
    for item in items {
        if seen.contains(&item) {
            return Err(Error::Duplicate(name(&item).into()));
        }
        seen.push(item);
    }
    Ok(())
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
            let overlay: Overlay =
                serde_json::from_str(include_str!("../rules/vault-test-driver.json")).map_err(Error::Syntax)?;
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
