//! vault ↔ keyring: the keyring line.

use super::{plain, row};
use crate::automaton::{Automaton, Carries, OnLine, Row, Side, State, Word};
use crate::keyring::{FromKeyring, ToKeyring};
use Carries::{Choice, Half, Number};
use Side::{Peer, Vault};

const KEYRING: usize = 0;

const SILENT: u8 = 0;
const READY: u8 = 1;
const KEEPING: u8 = 2;
const FETCHING: u8 = 3;
const FORGETTING: u8 = 4;
const CONDEMNED: u8 = 5;

const STATES: &[State] = &[
    State { name: "Silent", deaf: None, why: "Nothing was said: whether the desktop has a keyring is not known." },
    State { name: "Ready", deaf: None, why: "There is a keyring, and nothing to do." },
    State { name: "Keeping", deaf: None, why: "The keyring takes a share in, perhaps after asking the user." },
    State { name: "Fetching", deaf: None, why: "The keyring is to give a share back, perhaps after asking the user." },
    State { name: "Forgetting", deaf: None, why: "The keyring destroys a share, perhaps after asking the user." },
    State {
        name: "Condemned",
        deaf: Some(Vault),
        why: "keyring broke a rule: it is not asked any more. The passphrase opens the profile.",
    },
];

const ROWS: &[Row] = &[
    row(KEYRING, &[SILENT], Peer, "Ready", &[], READY, &[Number]),
    row(KEYRING, &[READY], Vault, "Keep", &[], KEEPING, &[Half, Number, Choice]),
    row(KEYRING, &[READY], Vault, "Fetch", &[], FETCHING, &[Number]),
    row(KEYRING, &[READY], Vault, "Forget", &[], FORGETTING, &[Number, Choice]),
    row(KEYRING, &[KEEPING], Peer, "Kept", &[], READY, &[]),
    row(KEYRING, &[FETCHING], Peer, "Found", &[], READY, &[Half]),
    row(KEYRING, &[FORGETTING], Peer, "Forgotten", &[], READY, &[]),
    row(KEYRING, &[KEEPING, FETCHING, FORGETTING], Peer, "Refused", &[], READY, &[Choice]),
];

/// The table. A process that ended is not started again while the program runs.
pub static KEEPER: Automaton = plain(&["keyring"], STATES, ROWS, (SILENT, CONDEMNED));

impl OnLine for ToKeyring {
    const LINE: usize = KEYRING;
    const SIDE: Side = Vault;
    const WIPED: bool = true;
}

impl Word for ToKeyring {
    fn name(&self) -> &'static str {
        match self {
            Self::Keep { .. } => "Keep",
            Self::Fetch { .. } => "Fetch",
            Self::Forget { .. } => "Forget",
        }
    }
}

impl OnLine for FromKeyring {
    const LINE: usize = KEYRING;
    const SIDE: Side = Peer;
    const WIPED: bool = true;
}

impl Word for FromKeyring {
    fn name(&self) -> &'static str {
        match self {
            Self::Ready { .. } => "Ready",
            Self::Kept => "Kept",
            Self::Found(_) => "Found",
            Self::Forgotten => "Forgotten",
            Self::Refused(_) => "Refused",
        }
    }
}
