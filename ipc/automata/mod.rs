//! The tables: one per process that the vault talks to, and one for the vault's own conduct.

mod keyring;
mod launcher;
mod net;
mod seal;
mod ui;
pub mod vault;

use crate::automaton::{Automaton, Carries, Row, Side, State, Step, Token};
use std::borrow::Cow;

pub use keyring::KEEPER;
pub use launcher::LAUNCHER;
pub use net::{NET, SIGNATURES};
pub use seal::SEALER;
pub use ui::UI;
pub use vault::VAULT;

/// Every table of a pair of processes.
pub static ALL: [&Automaton; 5] = [&NET, &UI, &LAUNCHER, &SEALER, &KEEPER];

/// The states that lines of restartable processes share.
const SILENT: u8 = 0;
const GREETED: u8 = 1;
const OPEN: u8 = 2;
const CONDEMNED: u8 = 3;
const ANY: &[u8] = &[SILENT, GREETED, OPEN, CONDEMNED];

const fn row(
    line: usize,
    from: &'static [u8],
    who: Side,
    says: &'static str,
    does: &'static [Step],
    to: u8,
    carries: &'static [Carries],
) -> Row {
    Row { line, from, who, says, does, to, carries }
}

/// The table of a process with one line that is asked one thing at a time: nothing to remember but the state.
const fn plain(
    line: &'static [&'static str; 1],
    states: &'static [State],
    rows: &'static [Row],
    (begins, condemned): (u8, u8),
) -> Automaton {
    let [peer] = *line;
    Automaton {
        peer,
        lines: line,
        states: Cow::Borrowed(states),
        ledgers: Cow::Borrowed(&[]),
        rows: Cow::Borrowed(rows),
        paces: Cow::Borrowed(&[]),
        uses: Cow::Borrowed(&[]),
        begins,
        condemned,
    }
}

/// The token of a process's life. A process of schema version 1 has none, and is never welcomed.
fn life(number: Option<u32>, give: &mut dyn FnMut(Token)) {
    if let Some(number) = number {
        give(Token::number(u64::from(number)));
    }
}
