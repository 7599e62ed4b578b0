//! What the tables mean, read a second time and slowly: from the whole trace, with lists in place of books.

use bulkhead_ipc::automaton::{Automaton, Else, Row, Side, Step as Does, Token, Word};
use bulkhead_ipc::monitor::{Breach, Heard, May, Rule};
use std::rc::Rc;

/// What happened at one end.
pub enum Step {
    /// It wanted to say this.
    Said(Rc<dyn Word>),
    /// It heard this, with so many descriptors, at this time in milliseconds.
    Heard(Rc<dyn Word>, usize, u64),
    /// It stopped believing the other.
    Condemned,
}

/// What became of a step.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Whether it may be said.
    Said(May),
    /// Whether it counts.
    Heard(Result<Heard, Breach>),
    /// Nothing can be wrong with that.
    Condemned,
}

/// Where an end stands.
#[derive(Clone)]
pub struct Seen {
    /// Of each line.
    pub states: Vec<u8>,
    /// What each ledger holds.
    pub ledgers: Vec<Vec<Token>>,
    /// What is left of each pace, in milliseconds of refilling, and since when.
    purses: Vec<(u64, u64)>,
}

/// Reads a trace from its beginning: where the end stands, and what became of the last step.
pub fn read(table: &Automaton, end: Side, trace: &[Step]) -> (Seen, Outcome) {
    let mut seen = Seen {
        states: vec![table.begins; table.lines.len()],
        ledgers: vec![Vec::new(); table.ledgers.len()],
        purses: table.paces.iter().map(|pace| (full(pace), 0)).collect(),
    };
    let mut outcome = Outcome::Condemned;
    for step in trace {
        outcome = match step {
            Step::Condemned => {
                seen.condemn(table);
                Outcome::Condemned
            }
            Step::Said(word) => Outcome::Said(seen.said(table, end, &**word)),
            Step::Heard(word, descriptors, now) => {
                let heard = seen.heard(table, end, &**word, *descriptors, *now);
                if heard.is_err() {
                    seen.condemn(table);
                }
                Outcome::Heard(heard)
            }
        };
    }
    (seen, outcome)
}

fn full(pace: &bulkhead_ipc::automaton::Pace) -> u64 {
    u64::from(pace.burst) * u64::from(pace.refill_ms)
}

/// Why a word is not legal.
enum Not {
    OutOfTurn,
    Guard(&'static str, Else),
}

impl Seen {
    fn condemn(&mut self, table: &Automaton) {
        self.states = vec![table.condemned; table.lines.len()];
        self.ledgers = vec![Vec::new(); table.ledgers.len()];
        for (purse, pace) in self.purses.iter_mut().zip(table.paces.iter()) {
            if pace.says.is_none() {
                purse.0 = full(pace);
            }
        }
    }

    fn said(&mut self, table: &Automaton, end: Side, word: &dyn Word) -> May {
        match self.after(table, end, word) {
            Ok(after) => {
                *self = after;
                May::Now
            }
            Err(Not::Guard(_, Else::Wait)) => May::Later,
            Err(Not::Guard(ledger, _)) => May::Never(self.breach(table, word, Rule::Guard(ledger))),
            Err(Not::OutOfTurn) => May::Never(self.breach(table, word, Rule::Turn)),
        }
    }

    fn heard(
        &mut self,
        table: &Automaton,
        end: Side,
        word: &dyn Word,
        descriptors: usize,
        now: u64,
    ) -> Result<Heard, Breach> {
        let here = self.clone();
        let paid = |seen: &mut Self, heard| {
            if end == Side::Vault && !seen.pay(table, word, now) {
                return Err(here.breach(table, word, Rule::Pace));
            }
            Ok(heard)
        };
        match self.after(table, end, word) {
            Ok(_) if descriptors != word.descriptors() => Err(self.breach(table, word, Rule::Descriptors)),
            Ok(mut after) => {
                let heard = paid(&mut after, Heard::Legal);
                *self = after;
                heard
            }
            Err(Not::Guard(_, Else::Ignored)) => paid(self, Heard::Dropped),
            Err(Not::Guard(ledger, _)) => Err(self.breach(table, word, Rule::Guard(ledger))),
            Err(Not::OutOfTurn) => {
                let deaf = table.states.iter().enumerate().any(|(number, state)| {
                    self.states.get(word.line()).is_some_and(|here| usize::from(*here) == number)
                        && state.deaf == Some(end)
                });
                if deaf { paid(self, Heard::Dropped) } else { Err(self.breach(table, word, Rule::Turn)) }
            }
        }
    }

    fn breach(&self, table: &Automaton, word: &dyn Word, why: Rule) -> Breach {
        let state = self.states.get(word.line()).and_then(|at| table.states.get(usize::from(*at)));
        let line = table.lines.get(word.line()).copied().unwrap_or_default();
        Breach { word: word.name(), line, state: state.map_or("", |state| state.name), why }
    }

    /// The state after a legal word: every step of its row is taken in turn, or none.
    fn after(&self, table: &Automaton, end: Side, word: &dyn Word) -> Result<Self, Not> {
        let state = self.states.get(word.line()).copied();
        let fits = |row: &&Row| {
            (row.line, row.who, row.says) == (word.line(), word.side(), word.name())
                && state.is_some_and(|state| row.from.contains(&state))
        };
        let row = table.rows.iter().find(fits).ok_or(Not::OutOfTurn)?;
        let mut after = self.clone();
        for does in row.does {
            after.take(table, end, word, *does)?;
        }
        after.states.iter_mut().skip(word.line()).take(1).for_each(|state| *state = row.to);
        Ok(after)
    }

    fn take(&mut self, table: &Automaton, end: Side, word: &dyn Word, does: Does) -> Result<(), Not> {
        let (at, otherwise) = match does {
            Does::Need(at, otherwise) | Does::Put(at, otherwise) | Does::Take(at, otherwise) => (at, Some(otherwise)),
            Does::Add(at) | Does::Fill(at) | Does::Clear(at) => (at, None),
        };
        let (Some(ledger), Some(list)) = (table.ledgers.get(at), self.ledgers.get_mut(at)) else { return Ok(()) };
        if otherwise == Some(Else::Unseen) && word.side() != end {
            return Ok(());
        }
        let mut tokens = Vec::new();
        word.tokens(at, &mut |token| tokens.push(token));
        if matches!(does, Does::Fill(_) | Does::Clear(_)) {
            list.clear();
        }
        for token in tokens {
            let there = list.iter().filter(|other| **other == token).count();
            let fine = match does {
                Does::Need(..) => there > 0,
                Does::Put(..) => {
                    list.push(token);
                    there < usize::from(ledger.each) && list.len() <= ledger.at_most
                }
                Does::Take(..) => list.iter().position(|other| *other == token).map(|at| list.remove(at)).is_some(),
                Does::Add(_) | Does::Fill(_) => {
                    if there == 0 && list.len() < ledger.at_most {
                        list.push(token);
                    }
                    true
                }
                Does::Clear(_) => true,
            };
            if !fine {
                return Err(Not::Guard(ledger.name, otherwise.unwrap_or(Else::Illegal)));
            }
        }
        Ok(())
    }

    /// Pays for a word; whether there was enough.
    fn pay(&mut self, table: &Automaton, word: &dyn Word, now: u64) -> bool {
        for (pace, (left, since)) in table.paces.iter().zip(&mut self.purses) {
            let named = match pace.says {
                Some(says) => says == word.name(),
                None => word.name() != "Hello",
            };
            if (pace.who, pace.line) == (word.side(), word.line()) && named {
                let price = u64::from(pace.refill_ms);
                *left = full(pace).min(*left + (now - *since));
                *since = now;
                let Some(rest) = left.checked_sub(price) else { return false };
                *left = rest;
            }
        }
        true
    }
}
