//! The words of all lines, without what the tables do not look at.
//!
//! Each stands for one message of `bulkhead-ipc` and gives the same tokens (`tests/words.rs` compares them).

use bulkhead_ipc::automaton::{Place as _, Side, Token};
use bulkhead_ipc::control::Peer;

/// A line, by the process at its other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Line {
    /// vault ↔ net.
    Post,
    /// vault ↔ net.
    Sign,
    /// vault ↔ ui.
    Pixels,
    /// vault ↔ ui.
    Intent,
    /// vault ↔ launcher.
    Control,
}

impl Line {
    /// Which table is meant.
    pub const fn pair(self) -> Pair {
        match self {
            Self::Post | Self::Sign => Pair::Net,
            Self::Pixels | Self::Intent => Pair::Ui,
            Self::Control => Pair::Launcher,
        }
    }

    /// Its place in that table.
    pub const fn index(self) -> usize {
        match self {
            Self::Post | Self::Pixels | Self::Control => 0,
            Self::Sign | Self::Intent => 1,
        }
    }
}

/// Whose table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pair {
    /// vault ↔ net.
    Net,
    /// vault ↔ ui.
    Ui,
    /// vault ↔ launcher.
    Launcher,
}

/// A process that is restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// `bulkhead-net`.
    Net,
    /// `bulkhead-ui`.
    Ui,
}

impl Who {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Net, Self::Ui];

    /// Its lines to the vault.
    pub const fn lines(self) -> [Line; 2] {
        match self {
            Self::Net => [Line::Post, Line::Sign],
            Self::Ui => [Line::Pixels, Line::Intent],
        }
    }
}

impl From<Peer> for Who {
    fn from(peer: Peer) -> Self {
        match peer {
            Peer::Net => Self::Net,
            Peer::Ui => Self::Ui,
        }
    }
}

/// A set of relays: bit 0 is relay 1.
pub type Relays = u8;

/// The relays in a set.
pub fn each(set: Relays) -> impl Iterator<Item = u8> {
    (1..=8).filter(move |relay| set & bit(*relay) != 0)
}

/// The set that holds one relay.
pub const fn bit(relay: u8) -> Relays {
    1 << (relay.saturating_sub(1) & 7)
}

/// Something that travels through relays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Event {
    /// The user's n-th message.
    Mine(u8),
    /// The bundle of the invite.
    Bundle,
    /// A receipt for what a contact wrote.
    Receipt(u8),
    /// The n-th message of the contact.
    Theirs(u8),
    /// The n-th answer to the invite.
    Answer(u8),
}

/// A contact's mailbox, which is ours to read.
pub const CONTACT: u8 = 1;
/// The invite's mailbox, ours while the invite is open and of its contact afterwards.
pub const INVITE: u8 = 2;
/// A mailbox that was never ours.
pub const FOREIGN: u8 = 3;

/// The ledger of publications without an answer, in net's table.
pub const FLIGHTS: usize = 4;
/// The ledger of questions without an answer, in net's table.
pub const ASKED: usize = 5;

impl Event {
    /// The own mailbox that it is for, if it came in.
    pub const fn mailbox(self) -> Option<u8> {
        match self {
            Self::Theirs(_) => Some(CONTACT),
            Self::Answer(_) => Some(INVITE),
            Self::Mine(_) | Self::Bundle | Self::Receipt(_) => None,
        }
    }
}

/// What the user sees of the vault.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Waits for the passphrase.
    #[default]
    Locked,
    /// Derives the key.
    Unlocking,
    /// Ready.
    Open,
}

impl Phase {
    const fn token(self) -> Token {
        Token::number(match self {
            Self::Locked => 2,
            Self::Unlocking => 3,
            Self::Open => 4,
        })
    }
}

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Word {
    /// First words of every process on each line.
    Hello(Line, u8),
    /// The answer.
    Welcome(Line, u8),
    /// What cannot be decoded.
    Garbage(Line),

    /// `post::ToNet::Relays`.
    Relays(Relays),
    /// `post::ToNet::Watch`.
    Watch(u8, Relays),
    /// `post::ToNet::Unwatch`.
    Unwatch(u8),
    /// `post::ToNet::Publish`.
    Publish(u8, Event, Relays),
    /// `post::FromNet::Relay`.
    Relay(u8),
    /// `post::FromNet::Events`, with one delivery or two.
    Events((u8, Event), Option<(u8, Event)>),
    /// `post::FromNet::Stored`.
    Stored(u8, u8),
    /// `post::FromNet::Ack`: job, relay, and whether the relay has it.
    Ack(u8, u8, bool),

    /// `sign::FromNet::Ask`: relay and mailbox.
    Ask(u8, u8),
    /// `sign::ToNet::Signed`.
    Signed(u8, u8),
    /// `sign::ToNet::Denied`.
    Denied(u8, u8),

    /// `pixels::ToUi::Configure`.
    Configure(u8),
    /// `pixels::ToUi::Release`.
    Release(u8),
    /// `pixels::FromUi::Frame`: geometry, buffer, and whether the slots come along.
    Frame(u8, u8, bool),

    /// `intent::ToUi::Phase`.
    Phase(Phase),
    /// `intent::ToUi::Contacts`: one, or none.
    Contacts(bool),
    /// `intent::FromUi::Unlock`.
    Unlock,
    /// `intent::FromUi::Lock`.
    Lock,
    /// `intent::FromUi::Open` of the only contact.
    OpenContact,

    /// `control::ToLauncher::Restart`.
    Restart(Who),
    /// `control::FromLauncher::Restarting`.
    Restarting(Who),
    /// `control::FromLauncher::Quit`.
    Quit,
}

impl Word {
    /// The line that it travels on.
    pub const fn on(&self) -> Line {
        match self {
            Self::Hello(line, _) | Self::Welcome(line, _) | Self::Garbage(line) => *line,
            Self::Relays(_)
            | Self::Watch(..)
            | Self::Unwatch(_)
            | Self::Publish(..)
            | Self::Relay(_)
            | Self::Events(..)
            | Self::Stored(..)
            | Self::Ack(..) => Line::Post,
            Self::Ask(..) | Self::Signed(..) | Self::Denied(..) => Line::Sign,
            Self::Configure(_) | Self::Release(_) | Self::Frame(..) => Line::Pixels,
            Self::Phase(_) | Self::Contacts(_) | Self::Unlock | Self::Lock | Self::OpenContact => Line::Intent,
            Self::Restart(_) | Self::Restarting(_) | Self::Quit => Line::Control,
        }
    }

    /// The table's ledgers for the pair, in the order of the tables.
    fn give(&self, ledger: usize, give: &mut dyn FnMut(Token)) {
        match self.on().pair() {
            Pair::Net => self.give_net(ledger, give),
            Pair::Ui => self.give_ui(ledger, give),
            Pair::Launcher => {}
        }
    }

    fn give_net(&self, ledger: usize, give: &mut dyn FnMut(Token)) {
        const LIFE: usize = 0;
        const SIGN_LIFE: usize = 1;
        const RELAYS: usize = 2;
        const MAILBOXES: usize = 3;
        let relay = |relay: u8| Token::at(0, u16::from(relay));
        let mailbox = |name: u8| Token::key([name; 32], 0);
        match (*self, ledger) {
            (Self::Hello(Line::Post, life) | Self::Welcome(Line::Post, life), LIFE)
            | (Self::Hello(Line::Sign, life) | Self::Welcome(Line::Sign, life), SIGN_LIFE) => {
                give(Token::number(u64::from(life)));
            }
            (Self::Relays(set) | Self::Watch(_, set) | Self::Publish(_, _, set), RELAYS) => {
                each(set).for_each(|id| give(relay(id)));
            }
            (Self::Relay(id) | Self::Stored(id, _) | Self::Signed(id, _), RELAYS) => give(relay(id)),
            (Self::Events(first, second), RELAYS) => {
                give(relay(first.0));
                second.into_iter().for_each(|(id, _)| give(relay(id)));
            }
            (Self::Watch(name, _) | Self::Unwatch(name) | Self::Stored(_, name) | Self::Signed(_, name), MAILBOXES) => {
                give(mailbox(name));
            }
            (Self::Publish(job, _, set), FLIGHTS) => {
                each(set).for_each(|id| give(Token::at(u64::from(job), u16::from(id))));
            }
            (Self::Ack(job, id, _), FLIGHTS) => give(Token::at(u64::from(job), u16::from(id))),
            (Self::Ask(id, name) | Self::Signed(id, name) | Self::Denied(id, name), ASKED) => {
                give(Token::key([name; 32], u16::from(id)));
            }
            _ => {}
        }
    }

    fn give_ui(&self, ledger: usize, give: &mut dyn FnMut(Token)) {
        const LIFE: usize = 0;
        const INTENT_LIFE: usize = 1;
        const GEOMETRY: usize = 2;
        const BUFFERS: usize = 3;
        const SLOTS: usize = 4;
        const PHASE: usize = 5;
        const CONTACTS: usize = 6;
        match (*self, ledger) {
            (Self::Hello(Line::Pixels, life) | Self::Welcome(Line::Pixels, life), LIFE)
            | (Self::Hello(Line::Intent, life) | Self::Welcome(Line::Intent, life), INTENT_LIFE) => {
                give(Token::number(u64::from(life)));
            }
            (Self::Configure(serial) | Self::Frame(serial, ..), GEOMETRY) => give(Token::number(u64::from(serial))),
            (Self::Release(buffer) | Self::Frame(_, buffer, _), BUFFERS) => give(Token::number(u64::from(buffer))),
            (Self::Frame(..), SLOTS) => give(Token::number(1)),
            (Self::Phase(phase), PHASE) => give(phase.token()),
            (Self::Unlock, PHASE) => give(Phase::Locked.token()),
            (Self::Contacts(true) | Self::Lock | Self::OpenContact, PHASE) => give(Phase::Open.token()),
            (Self::Contacts(true) | Self::OpenContact, CONTACTS) => give(Token::number(1)),
            _ => {}
        }
    }
}

impl bulkhead_ipc::automaton::Place for Word {
    fn side(&self) -> Side {
        match self {
            Self::Welcome(..)
            | Self::Relays(_)
            | Self::Watch(..)
            | Self::Unwatch(_)
            | Self::Publish(..)
            | Self::Signed(..)
            | Self::Denied(..)
            | Self::Configure(_)
            | Self::Release(_)
            | Self::Phase(_)
            | Self::Contacts(_)
            | Self::Restart(_) => Side::Vault,
            _ => Side::Peer,
        }
    }

    fn line(&self) -> usize {
        self.on().index()
    }
}

impl bulkhead_ipc::automaton::Word for Word {
    fn name(&self) -> &'static str {
        match self {
            Self::Hello(..) => "Hello",
            Self::Welcome(..) => "Welcome",
            Self::Garbage(_) => "what cannot be read",
            Self::Relays(_) => "Relays",
            Self::Watch(..) => "Watch",
            Self::Unwatch(_) => "Unwatch",
            Self::Publish(..) => "Publish",
            Self::Relay(_) => "Relay",
            Self::Events(..) => "Events",
            Self::Stored(..) => "Stored",
            Self::Ack(..) => "Ack",
            Self::Ask(..) => "Ask",
            Self::Signed(..) => "Signed",
            Self::Denied(..) => "Denied",
            Self::Configure(_) => "Configure",
            Self::Release(_) => "Release",
            Self::Frame(_, _, true) => "Frame",
            Self::Frame(_, _, false) => "Frame with the same slots",
            Self::Phase(_) => "Phase",
            Self::Contacts(_) => "Contacts",
            Self::Unlock => "Unlock",
            Self::Lock => "Lock",
            Self::OpenContact => "Open",
            Self::Restart(_) => "Restart",
            Self::Restarting(_) => "Restarting",
            Self::Quit => "Quit",
        }
    }

    fn tokens(&self, ledger: usize, give: &mut dyn FnMut(Token)) {
        self.give(ledger, give);
    }
}

/// Whether the vault says it.
pub fn of_vault(word: &Word) -> bool {
    word.side() == Side::Vault
}
