//! vault ↔ net: the post line and the sign line.

use super::{ANY, CONDEMNED, GREETED, OPEN, SILENT, life, row};
use crate::automaton::{Automaton, Carries, Else, Ledger, OnLine, Pace, Row, Side, State, Step, Token, Use, Word};
use crate::{post, sign};
use Carries::{Choice, Ciphertext, Number, Public, Relay as Address, Time};
use Else::{Ignored, Illegal, Unseen, Wait};
use Side::{Peer, Vault};
use std::borrow::Cow;

const POST: usize = 0;
const SIGN: usize = 1;

const POST_LIFE: usize = 0;
const SIGN_LIFE: usize = 1;
const RELAYS: usize = 2;
const MAILBOXES: usize = 3;
const FLIGHTS: usize = 4;
const ASKED: usize = 5;

/// What a mailbox's secret may sign at net's wish.
pub const SIGNATURES: Use = Use {
    key: "mailbox secret",
    makes: "one event of kind 22242 over a relay's own address and its challenge (NIP-42)",
    says: "Signed",
    at_most: 6,
    per_ms: 60_000,
};

const STATES: &[State] = &[
    State { name: "Silent", deaf: Some(Peer), why: "Nothing was said. What net hears was meant for a predecessor." },
    State {
        name: "Greeted",
        deaf: Some(Peer),
        why: "net said Hello. The vault answers once it is unlocked; until then it decrypts and signs nothing.",
    },
    State { name: "Open", deaf: None, why: "Both know whom they talk to." },
    State {
        name: "Condemned",
        deaf: Some(Vault),
        why: "net broke a rule, or the vault was locked: it is being restarted, and not believed until it has been.",
    },
];

const LEDGERS: &[Ledger] = &[
    Ledger { name: "life on post", holds: "the life that said Hello", at_most: 1, each: 1 },
    Ledger { name: "life on sign", holds: "the life that said Hello", at_most: 1, each: 1 },
    Ledger { name: "relays", holds: "a relay's number", at_most: post::MAX_RELAYS, each: 1 },
    Ledger { name: "mailboxes", holds: "a mailbox that net watches", at_most: 16_384, each: 1 },
    Ledger { name: "in flight", holds: "a job at a relay, not answered yet", at_most: 2_048, each: 1 },
    Ledger { name: "asked", holds: "a question for a mailbox at a relay", at_most: 8_192, each: 5 },
];

const ROWS: &[Row] = &[
    row(
        POST,
        ANY,
        Peer,
        "Hello",
        &[Step::Fill(POST_LIFE), Step::Clear(RELAYS), Step::Clear(MAILBOXES), Step::Clear(FLIGHTS)],
        GREETED,
        &[Number],
    ),
    row(POST, &[GREETED], Vault, "Welcome", &[Step::Need(POST_LIFE, Ignored)], OPEN, &[Number]),
    row(POST, &[OPEN], Vault, "Relays", &[Step::Fill(RELAYS)], OPEN, &[Number, Address]),
    row(
        POST,
        &[OPEN],
        Vault,
        "Watch",
        &[Step::Need(RELAYS, Illegal), Step::Add(MAILBOXES)],
        OPEN,
        &[Number, Public, Time],
    ),
    row(POST, &[OPEN], Vault, "Unwatch", &[Step::Take(MAILBOXES, Illegal)], OPEN, &[Public]),
    row(
        POST,
        &[OPEN],
        Vault,
        "Publish",
        &[Step::Need(RELAYS, Illegal), Step::Put(FLIGHTS, Wait)],
        OPEN,
        &[Number, Public, Ciphertext, Time],
    ),
    row(POST, &[OPEN], Vault, "Reconnect", &[], OPEN, &[]),
    row(POST, &[OPEN], Peer, "Relay", &[Step::Need(RELAYS, Ignored)], OPEN, &[Number, Choice]),
    row(POST, &[OPEN], Peer, "Events", &[Step::Need(RELAYS, Ignored)], OPEN, &[Number, Public, Ciphertext, Time]),
    row(
        POST,
        &[OPEN],
        Peer,
        "Stored",
        &[Step::Need(RELAYS, Ignored), Step::Need(MAILBOXES, Ignored)],
        OPEN,
        &[Number, Public],
    ),
    row(POST, &[OPEN], Peer, "Ack", &[Step::Take(FLIGHTS, Illegal)], OPEN, &[Number, Choice, Address]),
    row(SIGN, ANY, Peer, "Hello", &[Step::Fill(SIGN_LIFE), Step::Clear(ASKED)], GREETED, &[Number]),
    row(SIGN, &[GREETED], Vault, "Welcome", &[Step::Need(SIGN_LIFE, Ignored)], OPEN, &[Number]),
    row(SIGN, &[OPEN], Peer, "Ask", &[Step::Put(ASKED, Wait)], OPEN, &[Number, Public, Address]),
    row(
        SIGN,
        &[OPEN],
        Vault,
        "Signed",
        &[Step::Need(MAILBOXES, Unseen), Step::Need(RELAYS, Unseen), Step::Take(ASKED, Illegal)],
        OPEN,
        &[Number, Public, Address, Time],
    ),
    row(SIGN, &[OPEN], Vault, "Denied", &[Step::Take(ASKED, Illegal)], OPEN, &[Number, Public]),
];

const PACES: &[Pace] = &[
    Pace { who: Peer, line: POST, says: Some("Hello"), burst: 20, refill_ms: 3_000 },
    Pace { who: Peer, line: SIGN, says: Some("Hello"), burst: 20, refill_ms: 3_000 },
];

/// The table.
pub static NET: Automaton = Automaton {
    peer: "net",
    lines: &["post", "sign"],
    states: Cow::Borrowed(STATES),
    ledgers: Cow::Borrowed(LEDGERS),
    rows: Cow::Borrowed(ROWS),
    paces: Cow::Borrowed(PACES),
    uses: Cow::Borrowed(&[SIGNATURES]),
    begins: SILENT,
    condemned: CONDEMNED,
};

impl OnLine for post::ToNet {
    const LINE: usize = POST;
    const SIDE: Side = Vault;
}

impl Word for post::ToNet {
    fn name(&self) -> &'static str {
        match self {
            Self::Welcome { .. } => "Welcome",
            Self::Relays(_) => "Relays",
            Self::Watch(_) => "Watch",
            Self::Unwatch(_) => "Unwatch",
            Self::Publish { .. } => "Publish",
            Self::Reconnect => "Reconnect",
        }
    }

    fn tokens(&self, ledger: usize, give: &mut dyn FnMut(Token)) {
        match (self, ledger) {
            (Self::Welcome { life: number, .. }, POST_LIFE) => life(*number, give),
            (Self::Relays(relays), RELAYS) => relays.iter().for_each(|relay| give(Token::at(0, relay.id))),
            (Self::Watch(watch), RELAYS) => watch.relays.iter().for_each(|relay| give(Token::at(0, *relay))),
            (Self::Watch(watch), MAILBOXES) => give(Token::key(watch.mailbox.0, 0)),
            (Self::Unwatch(mailbox), MAILBOXES) => give(Token::key(mailbox.0, 0)),
            (Self::Publish { relays, .. }, RELAYS) => relays.iter().for_each(|relay| give(Token::at(0, *relay))),
            (Self::Publish { job, relays, .. }, FLIGHTS) => {
                relays.iter().for_each(|relay| give(Token::at(*job, *relay)));
            }
            _ => {}
        }
    }
}

impl OnLine for post::FromNet {
    const LINE: usize = POST;
    const SIDE: Side = Peer;
}

impl Word for post::FromNet {
    fn name(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "Hello",
            Self::Relay { .. } => "Relay",
            Self::Events(_) => "Events",
            Self::Stored { .. } => "Stored",
            Self::Ack { .. } => "Ack",
        }
    }

    fn tokens(&self, ledger: usize, give: &mut dyn FnMut(Token)) {
        match (self, ledger) {
            (Self::Hello { life: number, .. }, POST_LIFE) => life(*number, give),
            (Self::Relay { id, .. }, RELAYS) => give(Token::at(0, *id)),
            (Self::Events(list), RELAYS) => list.iter().for_each(|delivery| give(Token::at(0, delivery.relay))),
            (Self::Stored { relay, .. }, RELAYS) => give(Token::at(0, *relay)),
            (Self::Stored { mailbox, .. }, MAILBOXES) => give(Token::key(mailbox.0, 0)),
            (Self::Ack { job, relay, .. }, FLIGHTS) => give(Token::at(*job, *relay)),
            _ => {}
        }
    }
}

impl OnLine for sign::ToNet {
    const LINE: usize = SIGN;
    const SIDE: Side = Vault;
}

impl Word for sign::ToNet {
    fn name(&self) -> &'static str {
        match self {
            Self::Welcome { .. } => "Welcome",
            Self::Signed { .. } => "Signed",
            Self::Denied { .. } => "Denied",
        }
    }

    fn tokens(&self, ledger: usize, give: &mut dyn FnMut(Token)) {
        match (self, ledger) {
            (Self::Welcome { life: number, .. }, SIGN_LIFE) => life(*number, give),
            (Self::Signed { mailbox, .. }, MAILBOXES) => give(Token::key(mailbox.0, 0)),
            (Self::Signed { relay, .. }, RELAYS) => give(Token::at(0, *relay)),
            (Self::Signed { relay, mailbox, .. } | Self::Denied { relay, mailbox }, ASKED) => {
                give(Token::key(mailbox.0, *relay));
            }
            _ => {}
        }
    }
}

impl OnLine for sign::FromNet {
    const LINE: usize = SIGN;
    const SIDE: Side = Peer;
}

impl Word for sign::FromNet {
    fn name(&self) -> &'static str {
        match self {
            Self::Hello { .. } => "Hello",
            Self::Ask { .. } => "Ask",
        }
    }

    fn tokens(&self, ledger: usize, give: &mut dyn FnMut(Token)) {
        match (self, ledger) {
            (Self::Hello { life: number, .. }, SIGN_LIFE) => life(*number, give),
            (Self::Ask { relay, mailbox, .. }, ASKED) => give(Token::key(mailbox.0, *relay)),
            _ => {}
        }
    }
}
