//! From rules to a Landlock ruleset: files, TCP ports, and what may not cross to the outside.

use crate::rules::{FileRule, Mode, Port, Rights, Rules, Scope};
use crate::{Error, Places};
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, NetPort, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreated,
    RulesetCreatedAttr,
};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// The newest Landlock whose rights the rules speak about. Older kernels enforce what they know of it;
/// [`crate::check_kernel`] has made sure that they know enough.
const SPOKEN: ABI = ABI::V6;

/// The outer bound of a process, for the launcher to lay on.
pub(crate) fn start(rules: &Rules, mode: Mode, places: &Places) -> Result<OwnedFd, Error> {
    let start = &rules.start;
    let in_mode = |only: Option<Mode>| only.is_none_or(|m| m == mode);
    let ports: Vec<Port> = start.tcp.iter().filter(|r| in_mode(r.only)).map(|r| r.connect).collect();

    let mut ruleset =
        Ruleset::default().handle_access(AccessFs::from_all(SPOKEN))?.handle_access(AccessNet::BindTcp)?;
    if !ports.contains(&Port::Any) {
        ruleset = ruleset.handle_access(AccessNet::ConnectTcp)?;
    }
    for rule in &start.scopes {
        ruleset = ruleset.scope(match rule.scope {
            Scope::Signals => landlock::Scope::Signal,
            Scope::AbstractSockets => landlock::Scope::AbstractUnixSocket,
        })?;
    }
    let mut ruleset = ruleset.create()?;
    for port in ports {
        match (port, places.proxy) {
            (Port::Any, _) => {}
            (Port::Proxy, Some(port)) => ruleset = ruleset.add_rule(NetPort::new(port, AccessNet::ConnectTcp))?,
            (Port::Proxy, None) => return Err(Error::NoPlace("proxy".into())),
        }
    }
    for rule in start.files.iter().filter(|r| in_mode(r.only)) {
        ruleset = open_up(ruleset, rule, places)?;
    }
    descriptor(ruleset)
}

/// What remains of the files, for the process itself to lay on; `None` if nothing is taken away.
pub(crate) fn steady(rules: &Rules) -> Result<Option<OwnedFd>, Error> {
    let Some(files) = &rules.steady.files else { return Ok(None) };
    let mut ruleset = Ruleset::default().handle_access(AccessFs::from_all(SPOKEN))?.create()?;
    for rule in files {
        ruleset = open_up(ruleset, rule, &Places::default())?;
    }
    descriptor(ruleset).map(Some)
}

fn open_up(ruleset: RulesetCreated, rule: &FileRule, places: &Places) -> Result<RulesetCreated, Error> {
    let Some(path) = resolve(&rule.path, places)? else { return Ok(ruleset) };
    // What is not there cannot be reached, and cannot be named to Landlock either.
    let Ok(metadata) = std::fs::metadata(&path) else { return Ok(ruleset) };
    let mut rights = rights(rule.rights);
    if !metadata.is_dir() {
        rights &= AccessFs::from_file(SPOKEN);
    }
    let Ok(opened) = PathFd::new(&path) else { return Ok(ruleset) };
    Ok(ruleset.add_rule(PathBeneath::new(opened, rights))?)
}

/// Fills in the place that a path begins with; `None` if this machine or user has no such place.
fn resolve(path: &str, places: &Places) -> Result<Option<PathBuf>, Error> {
    let Some((place, rest)) = path.strip_prefix('{').and_then(|rest| rest.split_once('}')) else {
        return Ok(Some(PathBuf::from(path)));
    };
    let beneath =
        |root: &Path| if rest.is_empty() { root.to_path_buf() } else { root.join(rest.trim_start_matches('/')) };
    let required = |root: &Option<PathBuf>| match root {
        Some(root) if root.exists() => Ok(Some(beneath(root))),
        _ => Err(Error::NoPlace(place.into())),
    };
    match place {
        "exe" => required(&places.exe),
        "data" => required(&places.data),
        "staging" => required(&places.staging),
        "home" => Ok(places.home.as_deref().map(beneath)),
        "xauthority" => Ok(places.xauthority.as_deref().map(beneath)),
        "driver" => Ok(places.driver.as_deref().map(beneath)),
        _ => Err(Error::NoPlace(place.into())),
    }
}

/// What Landlock may be told to permit at a path.
pub(crate) type Granted = BitFlags<AccessFs>;

pub(crate) fn rights(rights: Rights) -> Granted {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write = read | AccessFs::WriteFile | AccessFs::Truncate | AccessFs::MakeReg | AccessFs::RemoveFile;
    match rights {
        Rights::Read => read,
        Rights::Run => read | AccessFs::Execute,
        Rights::Write => write,
        Rights::WriteAndSockets => write | AccessFs::MakeSock,
    }
}

fn descriptor(ruleset: RulesetCreated) -> Result<OwnedFd, Error> {
    Option::<OwnedFd>::from(ruleset).ok_or(Error::NoLandlock)
}
