//! The compositions that are checked: small ones in the tests, larger ones by `make model`.

use crate::scope::{Budget, Scope};

const NONE: Budget = Budget {
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

/// Messages out and in, with crashes of net and of the vault between any two steps.
pub const MAIL: Scope = Scope {
    net: true,
    receipts: true,
    ..Scope::empty(
        "mail",
        Budget {
            sends: 1,
            theirs: 1,
            net_crashes: 1,
            vault_crashes: 1,
            losses: 1,
            duplicates: 1,
            ..NONE
        },
    )
};
