//! The attacks that are known to succeed, each with the reason and what would end it.
//!
//! They are printed as ESCAPED like any other. The test fails on one that is not here, and on one that is here and is
//! denied after all: then its line goes.

use crate::attack::{EVERYWHERE, NET, NET_START, PROXIED, Places, UI_START, VAULT, VAULT_START};

/// An attack that succeeds.
pub struct Open {
    pub name: &'static str,
    pub from: Places,
    /// Only root can do it, sandboxed or not.
    pub root: bool,
    pub why: &'static str,
}

const fn open(name: &'static str, from: Places, why: &'static str) -> Open {
    Open { name, from, root: false, why }
}

const fn open_to_root(name: &'static str, from: Places, why: &'static str) -> Open {
    Open { name, from, root: true, why }
}

/// A program that is hostile from its first instruction.
const STARTS: Places = NET_START.and(UI_START).and(VAULT_START);

const METADATA: &str =
    "Landlock does not bound asking for a file's size, times or existence, and the filter sees no path";
const COMMANDS: &str = "fcntl is allowed with any command; `when` on the commands that are used would end it";
const LIMITS: &str = "prlimit64 is allowed for any process; `when` argument 0 is 0 and argument 2 is 0 would end it";
const OPTIONS: &str =
    "prctl is allowed with any option until a process narrows itself; `when` on the four options used would end it";
const CLOCKS: &str = "clock_gettime is allowed for any clock; `when` on the fixed clocks would end it";
const SOCKET_OPTIONS: &str = "setsockopt is allowed with any option; `when` on level and option would end it";
const FAST: &str =
    "Landlock does not see a connection that begins by sending; `when` the flags have no MSG_FASTOPEN would end it";
const NAMED: &str = "Landlock does not bound connecting to local sockets with a path, which the display needs";
const SPACES: &str =
    "clone is allowed for threads with any other flag; `when` the flags for namespaces are 0 would end it";

pub const OPEN: &[Open] = &[
    open("file-size-and-time", NET.and(UI_START).and(VAULT), METADATA),
    open("file-size-and-time-by-statx", NET_START.and(VAULT), METADATA),
    open("file-size-and-time-by-stat", VAULT_START, METADATA),
    open("file-exists", STARTS.and(VAULT), METADATA),
    open("link-target", UI_START.and(VAULT), METADATA),
    open("disk-space", VAULT_START, METADATA),
    open("watch-folder", STARTS.and(VAULT), COMMANDS),
    open_to_root("lease", STARTS.and(VAULT), COMMANDS),
    open("record-lock", NET.and(UI_START), COMMANDS),
    open("see-record-lock", NET.and(UI_START), COMMANDS),
    open("others-shared-memory", VAULT, "the vault may open all of /dev/shm, where it shares memory with the X server"),
    open("limit-other", STARTS, LIMITS),
    open("starve-other", STARTS, LIMITS),
    open("read-limits", STARTS, LIMITS),
    open("processor-time", NET.and(VAULT), CLOCKS),
    open(
        "who-is-there-by-affinity",
        NET.and(UI_START).and(VAULT),
        "sched_getaffinity is allowed for any process; refused with ENOSYS the C library would do without",
    ),
    open(
        "who-is-there-by-lock",
        EVERYWHERE,
        "futex is allowed with any operation; `when` on waiting and waking alone would end it",
    ),
    open(
        "proxy's-port-elsewhere",
        PROXIED,
        "Landlock bounds ports, not hosts: net would need connections made for it, or a network of its own",
    ),
    open("fast-open", PROXIED, FAST),
    open("fast-open-message", PROXIED, FAST),
    open("fast-open-messages", PROXIED, FAST),
    open(
        "multipath-tcp",
        PROXIED,
        "for Landlock multipath TCP is not TCP; `when` argument 2 of socket is 0 or TCP's number would end it",
    ),
    open("past-the-vpn", NET.and(PROXIED), SOCKET_OPTIONS),
    open_to_root("packet-mark", NET.and(PROXIED), SOCKET_OPTIONS),
    open("socket-filter", NET.and(VAULT_START), SOCKET_OPTIONS),
    open("session-bus", VAULT_START, NAMED),
    open("ssh-agent", VAULT_START, NAMED),
    open("journal", VAULT_START, NAMED),
    open(
        "exec-memory-by-name",
        VAULT_START,
        "Landlock does not bound executing memory; what runs then is held by the same rules",
    ),
    open(
        "exec-by-the-loader",
        STARTS,
        "the dynamic loader may be executed and maps what it may read; what runs then is held by the same rules",
    ),
    open_to_root("thread-in-network-namespace", NET.and(VAULT), SPACES),
    open_to_root("thread-in-mount-namespace", NET.and(VAULT), SPACES),
    open_to_root("thread-in-name-namespace", NET.and(VAULT), SPACES),
    open("dumpable", STARTS, OPTIONS),
    open("dumpable-dirty", STARTS, OPTIONS),
    open("outlive-the-launcher", STARTS, OPTIONS),
    open_to_root("keep-rights", STARTS, OPTIONS),
    open("keep-orphans", STARTS, OPTIONS),
    open(
        "threads",
        NET.and(VAULT),
        "the kernel's bound on threads counts all of the user's, so no number fits everybody",
    ),
    open("huge-file", VAULT, "the vault's files have no bound; a limit on file size (`fsize`) would end it"),
];
