//! The compositions that are checked: small ones in the tests, larger ones by `make model`.
//!
//! All of them at once would be too many states. So each scope has the processes and events that can touch one
//! another in what it is about; they overlap.

use crate::scope::{Budget, Scope};

/// Nothing happens but what is owed.
pub const NONE: Budget = Budget {
    sends: 0,
    invites: 0,
    theirs: 0,
    answers: 0,
    relay_changes: 0,
    resizes: 0,
    locks: 0,
    net_crashes: 0,
    ui_crashes: 0,
    vault_crashes: 0,
    commit_failures: 0,
    losses: 0,
    duplicates: 0,
    challenges: 0,
    notes: 0,
    bad_nets: 0,
    bad_uis: 0,
    lies: 0,
    stops: 0,
};

const fn net(name: &'static str, budget: Budget) -> Scope {
    Scope { net: true, ..Scope::empty(name, budget) }
}

/// Sending: the vault ends between any two steps, the store refuses, net ends, relays lose.
pub const SEND: Scope =
    net("send", Budget { sends: 1, vault_crashes: 1, commit_failures: 1, net_crashes: 1, losses: 1, ..NONE });

/// Receiving: the same, with relays that repeat themselves.
pub const RECEIVE: Scope = Scope {
    receipts: true,
    ..net("receive", Budget { theirs: 1, vault_crashes: 1, commit_failures: 1, net_crashes: 1, duplicates: 1, ..NONE })
};

/// An invite, and two who answer it.
pub const INVITE: Scope =
    net("invite", Budget { invites: 1, answers: 2, vault_crashes: 1, commit_failures: 1, duplicates: 1, ..NONE });

/// Locking and unlocking while words are on their way, with readers that are ahead of the event loop.
pub const LOCK: Scope =
    Scope { ahead: 1, ..net("lock", Budget { theirs: 1, challenges: 1, locks: 1, net_crashes: 1, ..NONE }) };

/// Relays come and go while words about them are on their way.
pub const RELAYS: Scope =
    Scope { relays: 3, mail: 3, ..net("relays", Budget { sends: 1, theirs: 1, relay_changes: 1, notes: 1, ..NONE }) };

/// A net that says whatever it likes.
pub const BAD_NET: Scope = net("bad net", Budget { sends: 1, bad_nets: 1, lies: 2, ..NONE });

/// The same, while the user locks.
pub const BAD_NET_LOCK: Scope =
    Scope { room: 1, ..net("bad net, lock", Budget { locks: 1, bad_nets: 1, lies: 2, ..NONE }) };

/// Frames and sizes.
pub const PICTURES: Scope =
    Scope { ui: true, room: 1, ..Scope::empty("pictures", Budget { resizes: 1, ui_crashes: 1, ..NONE }) };

/// Phases, and intents that cross them.
pub const PHASES: Scope = Scope { ui: true, room: 1, ..Scope::empty("phases", Budget { locks: 1, notes: 1, ..NONE }) };

/// A ui that says whatever it likes.
pub const BAD_UI: Scope = Scope { ui: true, room: 1, ..Scope::empty("bad ui", Budget { bad_uis: 1, lies: 2, ..NONE }) };

/// The launcher tells what it does, and is asked for an end.
pub const LAUNCHER: Scope =
    Scope { told: true, ..net("launcher", Budget { locks: 1, net_crashes: 1, stops: 1, ..NONE }) };

/// Everybody, a little.
pub const ALL: Scope = Scope { ui: true, told: true, room: 1, ..net("all", Budget { sends: 1, ..NONE }) };

/// A relay asks who reads a mailbox while the vault, after a commit that failed, has it watched anew.
pub const ASKED_AGAIN: Scope =
    Scope { room: 1, ..net("asked again", Budget { challenges: 1, theirs: 1, commit_failures: 1, ..NONE }) };

/// As [`RELAYS`], for a net that puts events of two relays into one packet: not what net does.
pub const MIXED: Scope =
    Scope { relays: 3, mail: 3, mixed: true, ..net("mixed packets", Budget { theirs: 2, relay_changes: 1, ..NONE }) };

/// Every composition, with the bounds of the tests.
pub const SMALL: [Scope; 12] =
    [SEND, RECEIVE, INVITE, LOCK, RELAYS, BAD_NET, BAD_NET_LOCK, PICTURES, PHASES, BAD_UI, LAUNCHER, ALL];

const fn larger(scope: Scope, budget: Budget, ahead: usize) -> Scope {
    Scope { budget, ahead, ..scope }
}

/// The same with larger bounds.
pub const LARGE: [Scope; 12] = [
    larger(SEND, Budget { sends: 2, vault_crashes: 1, commit_failures: 1, net_crashes: 1, losses: 1, ..NONE }, 1),
    larger(
        RECEIVE,
        Budget { theirs: 2, vault_crashes: 1, commit_failures: 1, net_crashes: 1, duplicates: 1, ..NONE },
        0,
    ),
    larger(
        INVITE,
        Budget { invites: 1, answers: 2, vault_crashes: 1, commit_failures: 1, net_crashes: 1, losses: 1, ..NONE },
        0,
    ),
    larger(LOCK, Budget { sends: 1, theirs: 1, challenges: 1, locks: 1, net_crashes: 1, ..NONE }, 1),
    larger(RELAYS, Budget { sends: 1, theirs: 1, relay_changes: 2, notes: 1, net_crashes: 1, ..NONE }, 0),
    larger(BAD_NET, Budget { sends: 1, bad_nets: 1, lies: 3, ..NONE }, 0),
    larger(BAD_NET_LOCK, Budget { sends: 1, locks: 1, bad_nets: 1, lies: 2, ..NONE }, 0),
    larger(PICTURES, Budget { resizes: 2, ui_crashes: 1, ..NONE }, 1),
    larger(PHASES, Budget { locks: 1, notes: 1, ui_crashes: 1, ..NONE }, 1),
    larger(BAD_UI, Budget { bad_uis: 1, lies: 3, ..NONE }, 0),
    larger(LAUNCHER, Budget { sends: 1, locks: 1, net_crashes: 2, stops: 1, ..NONE }, 0),
    larger(ALL, Budget { sends: 1, net_crashes: 1, ..NONE }, 0),
];
