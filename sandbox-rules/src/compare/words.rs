//! Rules and their parts in words.

use super::Situation;
use super::cubes::Cube;
use crate::files::Granted;
use crate::filter::{Set, Stage};
use crate::rules::{Condition, Errno, Limit, Mode, Port, Scope};
use landlock::AccessFs;

/// What the arguments of calls are, where a condition has a use for it.
const NAMES: &[(&str, usize, &str)] = &[
    ("clone", 0, "flags"),
    ("fcntl", 1, "command"),
    ("ioctl", 1, "request"),
    ("madvise", 2, "advice"),
    ("memfd_create", 1, "flags"),
    ("mmap", 2, "protection"),
    ("mmap", 3, "flags"),
    ("mprotect", 2, "protection"),
    ("openat", 2, "flags"),
    ("prctl", 0, "option"),
    ("rt_sigaction", 0, "signal"),
    ("socket", 0, "family"),
    ("socket", 1, "type"),
    ("write", 0, "descriptor"),
];

fn name(call: &str, index: usize) -> String {
    let known = NAMES.iter().find(|(known, at, _)| *known == call && *at == index);
    known.map_or_else(|| format!("argument {index}"), |(_, _, name)| format!("argument {index} ({name})"))
}

/// A rule's conditions: ` when …`, or nothing.
pub(crate) fn conditions(call: &str, when: &[Condition]) -> String {
    let one = |condition: &Condition| {
        let name = name(call, usize::from(condition.arg));
        match &condition.mask {
            Some(mask) => format!("{name} & {mask} = {}", condition.equals),
            None => format!("{name} = {}", condition.equals),
        }
    };
    let all: Vec<String> = when.iter().map(one).collect();
    if all.is_empty() { String::new() } else { format!(" when {}", all.join(" and ")) }
}

/// What a stage says of a call.
pub(crate) fn call(stage: &Stage, call: &str) -> String {
    let in_set = |set: &Set, verb: &str| {
        let alternatives = set.get(call)?;
        let texts: Vec<String> = alternatives.iter().map(|when| conditions(call, when)).collect();
        Some(if texts.is_empty() { verb.to_string() } else { format!("{verb}{}", texts.join(", or")) })
    };
    let refused = stage.refused.iter().filter_map(|(errno, set)| in_set(set, &format!("refused ({errno:?})")));
    let said: Vec<String> = refused.chain(in_set(&stage.allowed, "allowed")).collect();
    if said.is_empty() { "killed".into() } else { said.join("; ") }
}

/// An example: `, for instance with …`, or nothing if it holds for all arguments.
pub(crate) fn arguments(call: &str, example: &Cube) -> String {
    let sample = example.sample();
    let fixed: Vec<String> = example
        .arguments()
        .filter_map(|(index, ..)| Some(format!("{} = {:#x}", name(call, index), sample.get(index)?)))
        .collect();
    if fixed.is_empty() {
        " whatever its arguments".into()
    } else {
        format!(", for instance with {}", fixed.join(", "))
    }
}

/// ` while starting`, ` in steady state with a proxy` …; nothing if it holds in all situations.
pub(crate) fn situations(which: impl Iterator<Item = Situation>) -> String {
    let which: Vec<Situation> = which.collect();
    let stages = |mode| {
        let in_stage = |steady| which.contains(&Situation { steady, mode });
        match (in_stage(false), in_stage(true)) {
            (false, false) => None,
            (true, false) => Some("while starting"),
            (false, true) => Some("in steady state"),
            (true, true) => Some("while starting and in steady state"),
        }
    };
    match (stages(Mode::Direct), stages(Mode::Proxied)) {
        (None, None) => String::new(),
        (Some(direct), Some(proxied)) if direct == proxied => format!(" {direct}"),
        (Some(direct), Some(proxied)) => format!(" {direct} without a proxy, and {proxied} with one"),
        (Some(direct), None) => format!(" {direct} without a proxy"),
        (None, Some(proxied)) => format!(" {proxied} with a proxy"),
    }
}

/// Rights on a path.
pub(crate) fn rights(granted: Granted) -> String {
    let words = [
        (AccessFs::Execute, "execute programs"),
        (AccessFs::WriteFile, "write files"),
        (AccessFs::Truncate, "shorten files"),
        (AccessFs::MakeReg, "create files"),
        (AccessFs::RemoveFile, "remove files"),
        (AccessFs::MakeSock, "make sockets"),
        (AccessFs::ReadFile, "read files"),
        (AccessFs::ReadDir, "list folders"),
    ];
    let known: Vec<&str> = words.into_iter().filter(|(right, _)| granted.contains(*right)).map(|(_, w)| w).collect();
    known.join(", ")
}

/// Where it can connect to.
pub(crate) fn port(port: Option<Port>) -> &'static str {
    match port {
        None => "nothing",
        Some(Port::Proxy) => "the SOCKS proxy's port alone",
        Some(Port::Any) => "any address and port",
    }
}

/// What a scope holds back.
pub(crate) fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Signals => "signals",
        Scope::AbstractSockets => "connections to abstract sockets",
    }
}

/// What a limit limits.
pub(crate) fn limit(limit: Limit) -> &'static str {
    match limit {
        Limit::As => "address space (`as`)",
        Limit::Core => "size of a core dump (`core`)",
        Limit::Data => "memory of its own (`data`)",
        Limit::Fsize => "size of a file that it writes (`fsize`)",
        Limit::Memlock => "memory kept from being swapped out (`memlock`)",
        Limit::Nofile => "open descriptors (`nofile`)",
        Limit::Stack => "size of the first thread's stack (`stack`)",
    }
}

/// A limit's value.
pub(crate) fn bytes(limit: Limit, value: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    if limit == Limit::Nofile {
        return value.to_string();
    }
    let unit = UNITS.into_iter().find(|(size, _)| value >= *size && value.is_multiple_of(*size));
    unit.map_or_else(|| format!("{value} bytes"), |(size, name)| format!("{} {name}", value / size))
}

/// An error number that a refusal gives.
pub(crate) fn errno(errno: Errno) -> &'static str {
    match errno {
        Errno::EACCES => "permission denied",
        Errno::ENOSYS => "no such call",
        Errno::EINTR => "interrupted",
        Errno::ENOMEM => "no memory",
        Errno::EPERM => "not permitted",
    }
}
