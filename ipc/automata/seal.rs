//! vault ↔ seal: the seal line.

use super::{plain, row};
use crate::automaton::{Automaton, Carries, OnLine, Row, Side, State, Word};
use crate::seal::{FromSeal, ToSeal};
use Carries::{Choice, Ciphertext, Half, Number};
use Side::{Peer, Vault};

const SEAL: usize = 0;

const SILENT: u8 = 0;
const READY: u8 = 1;
const SEALING: u8 = 2;
const UNSEALING: u8 = 3;
const COUNTING: u8 = 4;
const DROPPING: u8 = 5;
const CONDEMNED: u8 = 6;

const STATES: &[State] = &[
    State { name: "Silent", deaf: None, why: "Nothing was said: whether there is a TPM is not known." },
    State { name: "Ready", deaf: None, why: "There is a TPM, and nothing to do." },
    State { name: "Sealing", deaf: None, why: "The TPM seals a share." },
    State { name: "Unsealing", deaf: None, why: "The TPM takes a share out, if the PIN is right." },
    State { name: "Counting", deaf: None, why: "The TPM counts on." },
    State { name: "Dropping", deaf: None, why: "The TPM does away with a counter." },
    State {
        name: "Condemned",
        deaf: Some(Vault),
        why: "seal broke a rule: it is not asked any more. The passphrase opens the profile.",
    },
];

const ROWS: &[Row] = &[
    row(SEAL, &[SILENT], Peer, "Ready", &[], READY, &[Choice, Number]),
    row(SEAL, &[READY], Vault, "Seal", &[], SEALING, &[Half]),
    row(SEAL, &[READY], Vault, "Unseal", &[], UNSEALING, &[Half, Ciphertext]),
    row(SEAL, &[READY], Vault, "NewCounter", &[], COUNTING, &[Half]),
    row(SEAL, &[READY], Vault, "Count", &[], COUNTING, &[Half, Number]),
    row(SEAL, &[READY], Vault, "DropCounter", &[], DROPPING, &[Number]),
    row(SEAL, &[SEALING], Peer, "Sealed", &[], READY, &[Ciphertext]),
    row(SEAL, &[UNSEALING], Peer, "Unsealed", &[], READY, &[Half]),
    row(SEAL, &[COUNTING], Peer, "Counted", &[], READY, &[Number]),
    row(SEAL, &[DROPPING], Peer, "Dropped", &[], READY, &[]),
    row(SEAL, &[SEALING, UNSEALING, COUNTING, DROPPING], Peer, "Refused", &[], READY, &[Choice, Number]),
];

/// The table. A process that ended is not started again while the program runs.
pub static SEALER: Automaton = plain(&["seal"], STATES, ROWS, (SILENT, CONDEMNED));

impl OnLine for ToSeal {
    const LINE: usize = SEAL;
    const SIDE: Side = Vault;
    const WIPED: bool = true;
}

impl Word for ToSeal {
    fn name(&self) -> &'static str {
        match self {
            Self::Seal { .. } => "Seal",
            Self::Unseal { .. } => "Unseal",
            Self::NewCounter { .. } => "NewCounter",
            Self::Count { .. } => "Count",
            Self::DropCounter(_) => "DropCounter",
        }
    }
}

impl OnLine for FromSeal {
    const LINE: usize = SEAL;
    const SIDE: Side = Peer;
    const WIPED: bool = true;
}

impl Word for FromSeal {
    fn name(&self) -> &'static str {
        match self {
            Self::Ready { .. } => "Ready",
            Self::Sealed(_) => "Sealed",
            Self::Unsealed(_) => "Unsealed",
            Self::Counted { .. } => "Counted",
            Self::Dropped => "Dropped",
            Self::Refused(_) => "Refused",
        }
    }
}
