//! Keeps one end of a pair of processes to its table.
//!
//! Both ends run the same table over the same words, each in the order in which it sees them. A word that is not
//! legal is not sent, and not believed: the line is condemned until a new process says Hello on it.

use crate::automaton::{Automaton, Else, Row, Side, Step, Token, Word};
use std::time::Duration;

/// Why a word is not legal. Names the line, the state and the message, never what it held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{word}` on the {line} line in state {state}: {why}")]
pub struct Breach {
    /// The message's name.
    pub word: &'static str,
    /// The line's name.
    pub line: &'static str,
    /// The state's name.
    pub state: &'static str,
    /// The rule.
    pub why: Rule,
}

/// The rule that was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    /// No row allows the message in this state.
    #[error("out of turn")]
    Turn,
    /// A guard on this ledger does not hold.
    #[error("not among the {0}")]
    Guard(&'static str),
    /// More than the table allows in this time.
    #[error("too often")]
    Pace,
    /// A descriptor too many or too few.
    #[error("wrong number of descriptors")]
    Descriptors,
}

/// What to do with a word that was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Act on it.
    Legal,
    /// Drop it: it crossed with something, or was meant for a predecessor.
    Dropped,
}

/// Whether a word may be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum May {
    /// Now.
    Now,
    /// When something in flight has been answered.
    Later,
    /// Not at all.
    Never(Breach),
}

/// The state of one pair of processes as one of its ends sees it. Its size is bounded by the table.
///
/// Two are equal if they allow the same from here on, paces aside.
#[derive(Clone, Debug)]
pub struct Monitor {
    table: &'static Automaton,
    end: Side,
    states: Vec<u8>,
    ledgers: Vec<Book>,
    /// Of each pace: how much is left, and since when.
    left: Vec<(f64, Duration)>,
}

impl PartialEq for Monitor {
    fn eq(&self, other: &Self) -> bool {
        core::ptr::eq(self.table, other.table)
            && self.end == other.end
            && self.states == other.states
            && self.ledgers == other.ledgers
    }
}

impl Eq for Monitor {}

impl core::hash::Hash for Monitor {
    fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
        (self.end, &self.states, &self.ledgers).hash(state);
    }
}

/// What a ledger holds, and how much in all.
///
/// Sorted: ledgers are short nearly always, and most of what comes in is newer than what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Book {
    tokens: Vec<(Token, u8)>,
    total: usize,
}

impl Book {
    fn find(&self, token: &Token) -> Result<usize, usize> {
        self.tokens.binary_search_by(|(other, _)| other.cmp(token))
    }

    fn count(&self, token: &Token) -> usize {
        let found = self.find(token).ok().and_then(|at| self.tokens.get(at));
        found.map_or(0, |(_, count)| usize::from(*count))
    }

    fn put(&mut self, token: Token) {
        match self.find(&token) {
            Ok(at) => {
                if let Some((_, count)) = self.tokens.get_mut(at) {
                    *count = count.saturating_add(1);
                }
            }
            Err(at) => self.tokens.insert(at, (token, 1)),
        }
        self.total += 1;
    }

    fn take(&mut self, token: Token) {
        let Ok(at) = self.find(&token) else { return };
        self.total = self.total.saturating_sub(1);
        match self.tokens.get_mut(at) {
            Some((_, count)) if *count > 1 => *count -= 1,
            _ => drop(self.tokens.remove(at)),
        }
    }

    fn clear(&mut self) {
        self.tokens.clear();
        self.total = 0;
    }
}

/// A guard that does not hold: on which ledger, and what that means.
type Failed = (usize, Else);

impl Monitor {
    /// Before anything was said.
    pub fn new(table: &'static Automaton, end: Side) -> Self {
        Self {
            table,
            end,
            states: vec![table.begins; table.lines.len()],
            ledgers: vec![Book::default(); table.ledgers.len()],
            left: table.paces.iter().map(|pace| (f64::from(pace.burst), Duration::ZERO)).collect(),
        }
    }

    /// The name of a line's state.
    pub fn state(&self, line: usize) -> &'static str {
        let state = self.states.get(line).copied().unwrap_or_default();
        self.table.states.get(usize::from(state)).map_or("", |state| state.name)
    }

    /// How many tokens a ledger holds.
    pub fn held(&self, ledger: usize) -> usize {
        self.ledgers.get(ledger).map_or(0, |book| book.total)
    }

    /// Takes note that this end says it, if it may.
    pub fn said(&mut self, word: &dyn Word) -> May {
        match self.plan(word) {
            Ok(row) => {
                self.apply(row, word);
                May::Now
            }
            Err(may) => may,
        }
    }

    /// The row by which this end may say this now, to be applied once it has been said.
    pub(crate) fn plan(&self, word: &dyn Word) -> Result<&'static Row, May> {
        self.allow(word).map_err(|(breach, otherwise)| match otherwise {
            Some(Else::Wait) => May::Later,
            _ => May::Never(breach),
        })
    }

    /// Takes a word of the other end, at a time since any fixed moment, which is asked for only where a pace applies. A
    /// breach condemns all lines of the pair.
    pub fn heard(&mut self, word: &dyn Word, descriptors: usize, now: impl Fn() -> Duration) -> Result<Heard, Breach> {
        let allowed = match self.allow(word) {
            Ok(row) if descriptors == word.descriptors() => {
                if self.spend(word, &now) {
                    self.apply(row, word);
                    return Ok(Heard::Legal);
                }
                Err(self.breach(word, Rule::Pace))
            }
            Ok(_) => Err(self.breach(word, Rule::Descriptors)),
            Err((_, Some(Else::Ignored))) => Ok(Heard::Dropped),
            Err((_, None)) if self.is_deaf(word.line()) => Ok(Heard::Dropped),
            Err((breach, _)) => Err(breach),
        };
        // What is dropped counts too, or it would be a way around the pace.
        let allowed = match allowed {
            Ok(_) if !self.spend(word, &now) => Err(self.breach(word, Rule::Pace)),
            other => other,
        };
        if allowed.is_err() {
            self.condemn();
        }
        allowed
    }

    /// The peer is not to be believed any more: nothing counts until the next process says Hello.
    pub fn condemn(&mut self) {
        self.states.fill(self.table.condemned);
        self.ledgers.iter_mut().for_each(Book::clear);
        // The next process is not to suffer for this one. Hellos stay counted: they are how a process begins anew.
        for (left, pace) in self.left.iter_mut().zip(self.table.paces.iter()) {
            if pace.says.is_none() {
                left.0 = f64::from(pace.burst);
            }
        }
    }

    /// Whether this end drops what it hears on this line and does not expect.
    pub(crate) fn is_deaf(&self, line: usize) -> bool {
        let state = self.states.get(line).copied().unwrap_or_default();
        self.table.states.get(usize::from(state)).is_some_and(|state| state.deaf == Some(self.end))
    }

    fn breach(&self, word: &dyn Word, why: Rule) -> Breach {
        let line = word.line();
        Breach { word: word.name(), line: self.table.lines.get(line).unwrap_or(&""), state: self.state(line), why }
    }

    /// The row that allows a word, all of its guards checked.
    fn allow(&self, word: &dyn Word) -> Result<&'static Row, (Breach, Option<Else>)> {
        let state = self.states.get(word.line()).copied().unwrap_or_default();
        let Some(row) = self.table.row(state, word) else { return Err((self.breach(word, Rule::Turn), None)) };
        for step in row.does {
            if let Err((ledger, otherwise)) = self.check(*step, word) {
                let name = self.table.ledgers.get(ledger).map_or("", |ledger| ledger.name);
                return Err((self.breach(word, Rule::Guard(name)), Some(otherwise)));
            }
        }
        Ok(row)
    }

    fn check(&self, step: Step, word: &dyn Word) -> Result<(), Failed> {
        let (ledger, otherwise) = match step {
            Step::Need(ledger, otherwise) | Step::Put(ledger, otherwise) | Step::Take(ledger, otherwise) => {
                (ledger, otherwise)
            }
            Step::Add(_) | Step::Fill(_) | Step::Clear(_) => return Ok(()),
        };
        if otherwise == Else::Unseen && word.side() != self.end {
            return Ok(());
        }
        let (Some(book), Some(rule)) = (self.ledgers.get(ledger), self.table.ledgers.get(ledger)) else {
            return Err((ledger, otherwise));
        };
        // What this word itself has put in or taken out so far, for words that name a token twice.
        let (mut first, mut others, mut count): (Option<Token>, Vec<Token>, usize) = (None, Vec::new(), 0);
        let mut holds = true;
        let putting = matches!(step, Step::Put(..));
        let needing = matches!(step, Step::Need(..));
        word.tokens(ledger, &mut |token| {
            let there = book.count(&token);
            if needing {
                holds &= there > 0;
                return;
            }
            let mine = first.iter().chain(&others).filter(|other| **other == token).count();
            if first.is_none() {
                first = Some(token)
            } else {
                others.push(token)
            }
            count += 1;
            holds &= if putting { there + mine < usize::from(rule.each) } else { there > mine };
        });
        if putting {
            holds &= book.total + count <= rule.at_most;
        }
        if holds { Ok(()) } else { Err((ledger, otherwise)) }
    }

    /// Takes note of a word that this row allows.
    pub(crate) fn apply(&mut self, row: &Row, word: &dyn Word) {
        for step in row.does {
            let at = step.ledger();
            let most = self.table.ledgers.get(at).map_or(0, |ledger| ledger.at_most);
            let Some(book) = self.ledgers.get_mut(at) else { continue };
            match step {
                Step::Need(..) => {}
                Step::Put(..) => word.tokens(at, &mut |token| book.put(token)),
                Step::Take(..) => word.tokens(at, &mut |token| book.take(token)),
                Step::Clear(_) => book.clear(),
                Step::Add(_) | Step::Fill(_) => {
                    if matches!(step, Step::Fill(_)) {
                        book.clear();
                    }
                    word.tokens(at, &mut |token| {
                        if book.total < most && book.count(&token) == 0 {
                            book.put(token);
                        }
                    });
                }
            }
        }
        if let Some(state) = self.states.get_mut(word.line()) {
            *state = row.to;
        }
    }

    /// Counts a word against its paces; whether there was room. Only the vault counts: it is who must not be flooded.
    fn spend(&mut self, word: &dyn Word, now: &dyn Fn() -> Duration) -> bool {
        if self.end != Side::Vault {
            return true;
        }
        let (who, line, name) = (word.side(), word.line(), word.name());
        for (pace, (left, since)) in self.table.paces.iter().zip(self.left.iter_mut()) {
            let counts = pace.says.map_or(name != "Hello", |says| says == name);
            if pace.who != who || pace.line != line || !counts {
                continue;
            }
            let now = now();
            let refill = now.saturating_sub(*since).as_secs_f64() * 1000.0 / f64::from(pace.refill_ms);
            *left = (*left + refill).min(f64::from(pace.burst));
            *since = now;
            if *left < 1.0 {
                return false;
            }
            *left -= 1.0;
        }
        true
    }
}

#[cfg(test)]
mod tests;
