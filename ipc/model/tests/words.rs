//! The model's words are the real messages, as far as the tables look at them.

use bulkhead_ipc::automata::{ALL, LAUNCHER, NET, UI, VAULT};
use bulkhead_ipc::automaton::{Automaton, Place as _, Row, Step, Token, Word as Says};
use bulkhead_ipc::bytes::Bytes;
use bulkhead_ipc::control::{self, Peer};
use bulkhead_ipc::{intent, pixels, post, sign};
use bulkhead_model::words::{CONTACT, Event, Line, Phase, Who, Word};
use std::collections::BTreeSet;

/// What a word gives the ledgers that its row looks at.
fn tokens(word: &dyn Says, table: &Automaton) -> Vec<(usize, Vec<Token>)> {
    let same = |row: &&Row| (row.line, row.who, row.says) == (word.line(), word.side(), word.name());
    let steps = table.rows.iter().find(same).map(|row| row.does).unwrap_or_default();
    let of = |step: &Step| {
        if matches!(step, Step::Clear(_)) {
            return None;
        }
        let ledger = step.ledger();
        let mut list = Vec::new();
        word.tokens(ledger, &mut |token| list.push(token));
        Some((ledger, list))
    };
    steps.iter().filter_map(of).collect()
}

fn event() -> post::Event {
    let (id, sig, pubkey) = (Bytes([0; 32]), Bytes([0; 64]), Bytes([0; 32]));
    post::Event { id, sig, kind: 1059, tags: vec![], pubkey, content: String::new(), created_at: 0 }
}

fn frame(slots: Option<Vec<pixels::Slot>>) -> pixels::FromUi {
    pixels::FromUi::Frame { slots, buffer: 1, cursor: pixels::Cursor::Arrow, damage: vec![], serial: 2 }
}

fn pairs() -> Vec<(Word, Box<dyn Says>, &'static Automaton)> {
    let mailbox = Bytes([CONTACT; 32]);
    let theirs = (2, Event::Theirs(1));
    let delivery = |relay| post::Delivery { event: event(), relay };
    let (life, version) = (Some(4), 2);
    let contact = intent::Contact { handle: 1, unread: 0, waiting: false, verified: false };
    let relay = |id| post::Relay { id, url: "wss://relay.example".into() };
    let configure = pixels::ToUi::Configure {
        scale: 120,
        theme: pixels::Theme::Light,
        width: 10,
        height: 10,
        memory: false,
        serial: 2,
        capacity: 400,
    };
    let publish =
        post::ToNet::Publish { job: 7, event: Box::new(event()), relays: vec![1, 2], circuit: Bytes([0; 32]) };
    let online = post::RelayState::Online;
    let refused = post::Verdict::Lost;
    vec![
        (Word::Hello(Line::Post, 4), Box::new(post::FromNet::Hello { life, version }), &NET),
        (Word::Welcome(Line::Post, 4), Box::new(post::ToNet::Welcome { life, version }), &NET),
        (Word::Hello(Line::Sign, 4), Box::new(sign::FromNet::Hello { life, version }), &NET),
        (Word::Welcome(Line::Sign, 4), Box::new(sign::ToNet::Welcome { life, version }), &NET),
        (Word::Relays(3), Box::new(post::ToNet::Relays(vec![relay(1), relay(2)])), &NET),
        (
            Word::Watch(CONTACT, 3),
            Box::new(post::ToNet::Watch(post::Watch { since: 0, relays: vec![1, 2], mailbox })),
            &NET,
        ),
        (Word::Unwatch(CONTACT), Box::new(post::ToNet::Unwatch(mailbox)), &NET),
        (Word::Publish(7, Event::Mine(1), 3), Box::new(publish), &NET),
        (Word::Relay(2), Box::new(post::FromNet::Relay { id: 2, state: online }), &NET),
        (Word::Events(theirs, None), Box::new(post::FromNet::Events(vec![delivery(2)])), &NET),
        (
            Word::Events(theirs, Some((1, Event::Theirs(2)))),
            Box::new(post::FromNet::Events(vec![delivery(2), delivery(1)])),
            &NET,
        ),
        (Word::Stored(2, CONTACT), Box::new(post::FromNet::Stored { relay: 2, mailbox }), &NET),
        (Word::Ack(7, 2, false), Box::new(post::FromNet::Ack { job: 7, relay: 2, verdict: refused }), &NET),
        (Word::Ask(2, CONTACT), Box::new(sign::FromNet::Ask { relay: 2, mailbox, challenge: "c".into() }), &NET),
        (Word::Signed(2, CONTACT), Box::new(sign::ToNet::Signed { event: Box::new(event()), relay: 2, mailbox }), &NET),
        (Word::Denied(2, CONTACT), Box::new(sign::ToNet::Denied { relay: 2, mailbox }), &NET),
        (Word::Hello(Line::Pixels, 4), Box::new(pixels::FromUi::Hello { life, version }), &UI),
        (Word::Welcome(Line::Pixels, 4), Box::new(pixels::ToUi::Welcome { life, version }), &UI),
        (Word::Hello(Line::Intent, 4), Box::new(intent::FromUi::Hello { life, version }), &UI),
        (Word::Welcome(Line::Intent, 4), Box::new(intent::ToUi::Welcome { life, version }), &UI),
        (Word::Configure(2), Box::new(configure), &UI),
        (Word::Release(1), Box::new(pixels::ToUi::Release { buffer: 1 }), &UI),
        (Word::Frame(2, 1, true), Box::new(frame(Some(vec![]))), &UI),
        (Word::Frame(2, 1, false), Box::new(frame(None)), &UI),
        (Word::Phase(Phase::Locked), Box::new(intent::ToUi::Phase(intent::Phase::Locked)), &UI),
        (Word::Phase(Phase::Unlocking), Box::new(intent::ToUi::Phase(intent::Phase::Unlocking)), &UI),
        (Word::Phase(Phase::Open), Box::new(intent::ToUi::Phase(intent::Phase::Open)), &UI),
        (Word::Contacts(true), Box::new(intent::ToUi::Contacts(vec![contact])), &UI),
        (Word::Contacts(false), Box::new(intent::ToUi::Contacts(vec![])), &UI),
        (Word::Unlock, Box::new(intent::FromUi::Unlock), &UI),
        (Word::Lock, Box::new(intent::FromUi::Lock), &UI),
        (Word::OpenContact, Box::new(intent::FromUi::Open(Some(1))), &UI),
        (Word::Restart(Who::Net), Box::new(control::ToLauncher::Restart(Peer::Net)), &LAUNCHER),
        (
            Word::Restarting(Who::Net),
            Box::new(control::FromLauncher::Restarting { peer: Peer::Net, life: Some(3), delay: 0 }),
            &LAUNCHER,
        ),
        (Word::Quit, Box::new(control::FromLauncher::Quit), &LAUNCHER),
    ]
}

#[test]
fn words_are_what_they_stand_for() {
    for (word, message, table) in pairs() {
        let of = |says: &dyn Says| (says.side(), says.line(), says.name(), tokens(says, table));
        assert_eq!(of(&word), of(message.as_ref()), "{word:?}");
        let row = |r: &&Row| (r.line, r.who, r.says) == (word.line(), word.side(), word.name());
        assert!(table.rows.iter().any(|r| row(&r)), "{word:?} has no row");
    }
}

#[test]
fn the_lines_that_carry_messages_are_covered() {
    let spoken: BTreeSet<_> = pairs().iter().map(|(word, _, table)| (table.peer, word.line(), word.name())).collect();
    let left_out: Vec<_> = ALL
        .iter()
        .flat_map(|table| table.rows.iter().map(move |row| (table.peer, row.line, row.says)))
        .filter(|row| !spoken.contains(row))
        .map(|(peer, _, says)| (peer, says))
        .collect();
    // These have no effect on any ledger but what `Contacts` and `Open` show already, or none at all.
    let known = [
        ("net", "Reconnect"),
        ("ui", "Relays"),
        ("ui", "Invite"),
        ("ui", "Accept"),
        ("ui", "Searching"),
        ("ui", "Focus"),
        ("ui", "Show"),
        ("ui", "Notice"),
        ("ui", "Command"),
        ("ui", "Pointer"),
        ("ui", "Create"),
        ("ui", "CopyInvite"),
        ("ui", "Rename"),
        ("ui", "Verified"),
        ("ui", "Timer"),
        ("ui", "SaveName"),
        ("ui", "AddRelay"),
        ("ui", "RemoveRelay"),
        ("ui", "Reconnect"),
        ("ui", "Theme"),
        ("ui", "Newest"),
        ("ui", "EndSearch"),
        ("ui", "Dismiss"),
        ("ui", "Recovery"),
        ("ui", "Timers"),
        ("ui", "ChangePassphrase"),
        ("ui", "NewRecovery"),
        ("ui", "Recover"),
        ("ui", "Salvage"),
        ("ui", "Pin"),
        ("ui", "UnlockPin"),
        ("ui", "SetPin"),
        ("ui", "RemovePin"),
        ("ui", "Keyring"),
        // The keyring line is asked one question at a time, too.
        ("keyring", "Ready"),
        ("keyring", "Keep"),
        ("keyring", "Fetch"),
        ("keyring", "Forget"),
        ("keyring", "Kept"),
        ("keyring", "Found"),
        ("keyring", "Forgotten"),
        ("keyring", "Refused"),
        ("ui", "BackUp"),
        // What is said and wished of updates concerns no message; how often a wish may be said is the monitors' affair.
        ("ui", "Update"),
        ("ui", "Wish"),
        ("launcher", "Wish"),
        ("launcher", "Notice"),
        ("launcher", "Started"),
        // The seal line is asked one question at a time, and answers with nothing that any other line knows of.
        ("seal", "Ready"),
        ("seal", "Seal"),
        ("seal", "Unseal"),
        ("seal", "Sealed"),
        ("seal", "Unsealed"),
        ("seal", "NewCounter"),
        ("seal", "Count"),
        ("seal", "DropCounter"),
        ("seal", "Counted"),
        ("seal", "Dropped"),
        ("seal", "Refused"),
        ("ui", "Shares"),
        ("ui", "ChooseKeepers"),
        ("ui", "PickKeeper"),
        ("ui", "NeedParts"),
        ("ui", "GiveParts"),
        ("ui", "WithdrawParts"),
        ("ui", "AskPart"),
        ("ui", "AnswerPart"),
        ("ui", "ShowParts"),
    ];
    assert!(left_out.iter().all(|row| known.contains(row)), "{left_out:?}");
}

#[test]
fn the_conduct_has_one_row_for_each_occasion() {
    let occasions: BTreeSet<_> = VAULT.iter().map(|row| row.on).collect();
    assert_eq!(occasions.len(), VAULT.len());
    assert!(VAULT.iter().all(|row| !row.why.is_empty() && !row.does.is_empty()));
}
