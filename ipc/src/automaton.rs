//! What a table in `automata/` is made of: who may say what in which state, with which guards and limits.
//!
//! One table per pair of processes is the source for the monitor on both ends ([`crate::monitor`]), for the
//! diagrams in `automata/*.md` and for the model that is checked exhaustively. Tables are plain data; nothing in
//! them can run.

use std::borrow::Cow;

/// Which end of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// `bulkhead-vault`.
    Vault,
    /// The process that [`Automaton::peer`] names.
    Peer,
}

/// The table of one pair of processes. States are per line, ledgers are shared by the pair's lines.
#[derive(Clone, Debug)]
pub struct Automaton {
    /// The process at the other end of the vault's lines.
    pub peer: &'static str,
    /// The lines between the two.
    pub lines: &'static [&'static str],
    /// The states of a line.
    pub states: Cow<'static, [State]>,
    /// What the monitors remember.
    pub ledgers: Cow<'static, [Ledger]>,
    /// What is legal. What no row allows is not.
    pub rows: Cow<'static, [Row]>,
    /// How often.
    pub paces: Cow<'static, [Pace]>,
    /// Which key may be used for what.
    pub uses: Cow<'static, [Use]>,
    /// The state in which a line begins.
    pub begins: u8,
    /// The state of a line whose peer broke the rules.
    pub condemned: u8,
}

/// One state of a line.
#[derive(Clone, Copy, Debug)]
pub struct State {
    /// Its name.
    pub name: &'static str,
    /// The side that drops what it hears here, unless a row allows it: it may be meant for, or come from, a
    /// predecessor. For the other side nothing changes.
    pub deaf: Option<Side>,
    /// What the state means.
    pub why: &'static str,
}

/// A bounded multiset of tokens that both monitors keep.
#[derive(Clone, Copy, Debug)]
pub struct Ledger {
    /// Its name.
    pub name: &'static str,
    /// What a token stands for.
    pub holds: &'static str,
    /// Most tokens, counted with repetition.
    pub at_most: usize,
    /// How often one token may be in it.
    pub each: u8,
}

/// What a ledger holds: a number, a key, a relay, or a combination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Token {
    /// A number, or 0.
    pub number: u64,
    /// A relay's number, or 0.
    pub relay: u16,
    /// A public key, or zeros.
    pub key: [u8; 32],
}

impl Token {
    /// A bare number.
    pub const fn number(number: u64) -> Self {
        Self { number, relay: 0, key: [0; 32] }
    }

    /// A key at a relay.
    pub const fn key(key: [u8; 32], relay: u16) -> Self {
        Self { number: 0, relay, key }
    }

    /// A number at a relay.
    pub const fn at(number: u64, relay: u16) -> Self {
        Self { number, relay, key: [0; 32] }
    }
}

/// One legal word: in these states this side may say this, with these effects.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Index into [`Automaton::lines`].
    pub line: usize,
    /// States in which it may be said (indices into [`Automaton::states`]).
    pub from: &'static [u8],
    /// Who.
    pub who: Side,
    /// The message: its variant's name, which the schema in `schema/` describes.
    pub says: &'static str,
    /// Guards and effects, in order; all hold, or the word is not legal and nothing happens.
    pub does: &'static [Step],
    /// The state afterwards.
    pub to: u8,
    /// The kinds of information that the message can carry.
    pub carries: &'static [Carries],
}

/// A guard or an effect. The index names the ledger; the tokens are the message's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Every token has to be there.
    Need(usize, Else),
    /// Every token comes in; there has to be room, in all and for each.
    Put(usize, Else),
    /// Every token has to be there, and goes out once.
    Take(usize, Else),
    /// The tokens that are not there come in, as far as the ledger holds.
    Add(usize),
    /// The tokens replace what was there.
    Fill(usize),
    /// Nothing is left.
    Clear(usize),
}

/// What a guard that does not hold means. The sender never sends such a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Else {
    /// For the hearer: the other side broke the rules.
    Illegal,
    /// For the hearer: it crossed with something on its way; it is dropped.
    Ignored,
    /// For the sender: not yet, there is no room. For the hearer: the other side broke the rules.
    Wait,
    /// Only the sender can know; the hearer takes its word.
    Unseen,
}

/// What kind of information a message can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Carries {
    /// Numbers that mean nothing outside the machine: handles, jobs, lives, versions.
    Number,
    /// One of a few fixed choices.
    Choice,
    /// Rectangles, sizes, pointer positions.
    Geometry,
    /// Ciphertext, as a relay sees it.
    Ciphertext,
    /// A public key or signature, as a relay sees it.
    Public,
    /// A relay's address or its words.
    Relay,
    /// A time.
    Time,
    /// Words that are public: of the parties that sign releases, or the launcher's about them.
    Published,
    /// Words of a person.
    Plaintext,
    /// A name.
    Name,
    /// Half of what opens the profile, or the image of a PIN: worth nothing without the key file and the PIN.
    Half,
    /// A secret key.
    SecretKey,
    /// A passphrase, or a key press.
    Passphrase,
}

impl Carries {
    /// Whether it must never leave the vault.
    pub const fn is_secret(self) -> bool {
        matches!(self, Self::Plaintext | Self::Name | Self::SecretKey | Self::Passphrase)
    }
}

/// How often a side may say something: a bucket that holds `burst` and refills steadily. Kept by the vault alone.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Who is slowed.
    pub who: Side,
    /// Index of the line.
    pub line: usize,
    /// The only message that counts, or every one but Hello.
    pub says: Option<&'static str>,
    /// So many at once.
    pub burst: u32,
    /// One more after this many milliseconds.
    pub refill_ms: u32,
}

/// What a secret of the vault may be used for at another process's wish.
#[derive(Clone, Copy, Debug)]
pub struct Use {
    /// The key.
    pub key: &'static str,
    /// What is made with it.
    pub makes: &'static str,
    /// The message that carries the result.
    pub says: &'static str,
    /// At most so many …
    pub at_most: u32,
    /// … in this many milliseconds, for each token of the message.
    pub per_ms: u64,
}

/// A message as the tables see it.
pub trait Word: Place {
    /// The name that rows use.
    fn name(&self) -> &'static str;
    /// Its tokens for a ledger.
    fn tokens(&self, _ledger: usize, _give: &mut dyn FnMut(Token)) {}
    /// How many descriptors travel with it.
    fn descriptors(&self) -> usize {
        0
    }
}

/// Where a message is said.
pub trait Place {
    /// Who says it.
    fn side(&self) -> Side;
    /// Index into [`Automaton::lines`].
    fn line(&self) -> usize;
}

/// The line that a type's messages travel on, and the way.
pub trait OnLine {
    /// Index into [`Automaton::lines`].
    const LINE: usize;
    /// Who says them.
    const SIDE: Side;
    /// Whether a line forgets the bytes of a packet as soon as they are sent, or read.
    const WIPED: bool = false;
}

impl<T: OnLine> Place for T {
    fn side(&self) -> Side {
        T::SIDE
    }

    fn line(&self) -> usize {
        T::LINE
    }
}

impl Step {
    /// The ledger that it looks at or changes.
    pub const fn ledger(self) -> usize {
        match self {
            Self::Need(ledger, _)
            | Self::Put(ledger, _)
            | Self::Take(ledger, _)
            | Self::Add(ledger)
            | Self::Fill(ledger)
            | Self::Clear(ledger) => ledger,
        }
    }
}

impl Automaton {
    /// The row that allows a word in a state.
    pub fn row(&self, state: u8, word: &dyn Word) -> Option<&Row> {
        let (line, who, name) = (word.line(), word.side(), word.name());
        self.rows.iter().find(|r| r.line == line && r.who == who && r.says == name && r.from.contains(&state))
    }
}
