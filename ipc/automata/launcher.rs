//! vault ↔ launcher: the control line.

use super::row;
use crate::automaton::{Automaton, Carries, Else, Ledger, OnLine, Row, Side, State, Step, Token, Word};
use crate::control::{FromLauncher, ToLauncher};
use Carries::{Choice, Number, Published, Time};
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

const WISHES: usize = 0;

const LEDGERS: &[Ledger] = &[Ledger {
    name: "wishes that wait for a notice",
    holds: "a wish of the user's about updates",
    at_most: 1,
    each: 1,
}];

/// The launcher drops what it hears too early: a vault that nobody can trust any more wishes no faster than it answers.
const ROWS: &[Row] = &[
    row(CONTROL, &[RUNNING], Vault, "Wish", &[Step::Put(WISHES, Else::Ignored)], RUNNING, &[Choice]),
    row(CONTROL, &[ENDING], Vault, "Wish", &[], ENDING, &[Choice]),
    row(CONTROL, &[RUNNING], Peer, "Notice", &[Step::Clear(WISHES)], RUNNING, &[Choice, Number, Time, Published]),
    row(CONTROL, &[RUNNING], Vault, "Started", &[], RUNNING, &[]),
    row(CONTROL, &[ENDING], Vault, "Started", &[], ENDING, &[]),
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
    ledgers: Cow::Borrowed(LEDGERS),
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
            Self::Started => "Started",
            Self::Wish(_) => "Wish",
        }
    }

    fn tokens(&self, _: usize, give: &mut dyn FnMut(Token)) {
        if let Self::Wish(_) = self {
            give(Token::number(1));
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
            Self::Notice(_) => "Notice",
        }
    }
}
