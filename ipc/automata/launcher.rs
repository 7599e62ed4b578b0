//! vault ↔ launcher: the control line.

use super::row;
use crate::automaton::{Automaton, Carries, OnLine, Row, Side, State, Word};
use crate::control::{FromLauncher, ToLauncher};
use Carries::{Choice, Number};
use Side::{Peer, Vault};
use std::borrow::Cow;

const CONTROL: usize = 0;

const RUNNING: u8 = 0;
const ENDING: u8 = 1;
const CONDEMNED: u8 = 2;

const STATES: &[State] = &[
    State { name: "Running", deaf: None, why: "The program works." },
    State { name: "Ending", deaf: None, why: "The user asked for an end: nothing is started any more." },
    State { name: "Condemned", deaf: Some(Vault), why: "The launcher broke a rule: the vault ends, and all with it." },
];

const ROWS: &[Row] = &[
    row(CONTROL, &[RUNNING], Vault, "Restart", &[], RUNNING, &[Choice]),
    row(CONTROL, &[ENDING], Vault, "Restart", &[], ENDING, &[Choice]),
    row(CONTROL, &[RUNNING], Peer, "Restarting", &[], RUNNING, &[Choice, Number]),
    row(CONTROL, &[RUNNING], Peer, "Quit", &[], ENDING, &[]),
];

/// The table.
pub static LAUNCHER: Automaton = Automaton {
    peer: "launcher",
    lines: &["control"],
    states: Cow::Borrowed(STATES),
    ledgers: Cow::Borrowed(&[]),
    rows: Cow::Borrowed(ROWS),
    paces: Cow::Borrowed(&[]),
    uses: Cow::Borrowed(&[]),
    begins: RUNNING,
    condemned: CONDEMNED,
};

impl OnLine for ToLauncher {
    const LINE: usize = CONTROL;
    const SIDE: Side = Vault;
}

impl Word for ToLauncher {
    fn name(&self) -> &'static str {
        match self {
            Self::Restart(_) => "Restart",
        }
    }
}

impl OnLine for FromLauncher {
    const LINE: usize = CONTROL;
    const SIDE: Side = Peer;
}

impl Word for FromLauncher {
    fn name(&self) -> &'static str {
        match self {
            Self::Restarting { .. } => "Restarting",
            Self::Quit => "Quit",
        }
    }
}
