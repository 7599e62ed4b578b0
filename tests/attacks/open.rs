//! The attacks that are known to succeed, each with the reason and what would end it.
//!
//! They are printed as ESCAPED like any other. The test fails on one that is not here, and on one that is here and is
//! denied after all: then its line goes.

use crate::attack::{KEYRING_START, NET, NET_START, PROXIED, Places, SEAL_START, UI_START, VAULT, VAULT_START};

/// An attack that succeeds.
pub struct Open {
    pub name: &'static str,
    pub from: Places,
    pub why: &'static str,
}

const fn open(name: &'static str, from: Places, why: &'static str) -> Open {
    Open { name, from, why }
}

/// A program that is hostile from its first instruction.
const STARTS: Places = KEYRING_START.and(NET_START).and(SEAL_START).and(UI_START).and(VAULT_START);

const METADATA: &str =
    "Landlock does not bound asking for a file's size, times or existence, and the filter sees no path";
const NAMED: &str = "Landlock does not bound connecting to local sockets with a path, which the display needs";

pub const OPEN: &[Open] = &[
    open("file-size-and-time", KEYRING_START.and(NET).and(SEAL_START).and(UI_START).and(VAULT), METADATA),
    open("file-size-and-time-by-statx", NET_START, METADATA),
    open("file-size-and-time-by-stat", VAULT_START, METADATA),
    open("file-exists", STARTS.and(VAULT), METADATA),
    open("link-target", UI_START.and(VAULT_START), METADATA),
    open("disk-space", VAULT_START, METADATA),
    open("others-shared-memory", VAULT, "the vault may open all of /dev/shm, where it shares memory with the X server"),
    open(
        "proxy's-port-elsewhere",
        PROXIED,
        "Landlock bounds ports, not hosts: net would need connections made for it, or a network of its own",
    ),
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
    open(
        "threads",
        NET_START.and(VAULT_START),
        "the kernel's bound on threads counts all of the user's, so no number fits everybody",
    ),
];
