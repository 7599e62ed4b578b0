use super::*;
use crate::automata::{ALL, LAUNCHER, NET, UI};
use crate::automaton::Carries;
use crate::bytes::Bytes;
use crate::{control, intent, pixels, post, sign, update};

const NOW: Duration = Duration::ZERO;

/// Both ends of a pair, and the words on their way, in order per line.
struct Both {
    vault: Monitor,
    peer: Monitor,
}

impl Both {
    fn new(table: &'static Automaton) -> Self {
        Self { vault: Monitor::new(table, Side::Vault), peer: Monitor::new(table, Side::Peer) }
    }

    /// Says a word at its own end and hears it at the other.
    fn pass(&mut self, word: &dyn Word) -> Result<Heard, Breach> {
        let (from, to) = match word.side() {
            Side::Vault => (&mut self.vault, &mut self.peer),
            Side::Peer => (&mut self.peer, &mut self.vault),
        };
        match from.said(word) {
            May::Now => to.heard(word, word.descriptors(), || NOW),
            May::Later => panic!("{} has to wait", word.name()),
            May::Never(breach) => Err(breach),
        }
    }

    fn legal(&mut self, words: &[&dyn Word]) {
        for word in words {
            assert_eq!(self.pass(*word), Ok(Heard::Legal), "{}", word.name());
        }
    }
}

const MAILBOX: Bytes<32> = Bytes([9; 32]);

fn relays() -> post::ToNet {
    post::ToNet::Relays(vec![post::Relay { id: 1, url: "wss://relay.example".into() }])
}

fn watch() -> post::ToNet {
    post::ToNet::Watch(post::Watch { since: 0, relays: vec![1], mailbox: MAILBOX })
}

fn publish(job: u64) -> post::ToNet {
    let event = post::Event {
        id: Bytes([0; 32]),
        sig: Bytes([0; 64]),
        kind: 1059,
        tags: vec![],
        pubkey: Bytes([0; 32]),
        content: String::new(),
        created_at: 0,
    };
    post::ToNet::Publish { job, event: Box::new(event), relays: vec![1], circuit: MAILBOX }
}

fn ack(job: u64) -> post::FromNet {
    post::FromNet::Ack { job, relay: 1, verdict: post::Verdict::Accepted }
}

fn hello(life: u32) -> post::FromNet {
    post::FromNet::Hello { life: Some(life), version: 2 }
}

fn welcome(life: u32) -> post::ToNet {
    post::ToNet::Welcome { life: Some(life), version: 2 }
}

fn net() -> Both {
    let mut both = Both::new(&NET);
    both.legal(&[&hello(1), &welcome(1), &relays(), &watch()]);
    both
}

#[test]
fn an_answer_comes_once_and_only_to_a_question() {
    let mut both = net();
    both.legal(&[&publish(7), &ack(7)]);
    assert!(matches!(both.vault.heard(&ack(7), 0, || NOW), Err(Breach { why: Rule::Guard("in flight"), .. })));
    let stored = post::FromNet::Stored { relay: 1, mailbox: MAILBOX };
    // Whatever it says now, it is not believed.
    assert_eq!(both.vault.heard(&stored, 0, || NOW), Ok(Heard::Dropped));
    assert_eq!(both.vault.state(0), "Condemned");
    assert_eq!(both.vault.heard(&hello(2), 0, || NOW), Ok(Heard::Legal));
}

#[test]
fn what_does_not_fit_in_flight_waits() {
    let mut both = net();
    let most = NET.ledgers[4].at_most as u64;
    (0..most).for_each(|job| both.legal(&[&publish(job)]));
    assert_eq!(both.vault.said(&publish(most)), May::Later);
    assert_eq!(both.peer.heard(&publish(most), 0, || NOW).map_err(|b| b.why), Err(Rule::Guard("in flight")));
}

#[test]
fn a_restart_begins_anew_and_what_was_meant_for_the_predecessor_is_dropped() {
    let mut both = net();
    both.legal(&[&publish(7)]);
    both.peer = Monitor::new(&NET, Side::Peer);
    // On its way when the predecessor ended.
    assert_eq!(both.peer.heard(&publish(8), 0, || NOW), Ok(Heard::Dropped));
    both.legal(&[&hello(2)]);
    assert_eq!(both.peer.heard(&welcome(1), 0, || NOW), Ok(Heard::Dropped));
    assert!(matches!(both.vault.said(&welcome(1)), May::Never(_)));
    assert!(matches!(both.vault.said(&publish(9)), May::Never(_)));
    both.legal(&[&welcome(2), &relays(), &publish(7), &ack(7)]);
}

#[test]
fn signatures_are_given_for_watched_mailboxes_only() {
    let mut both = net();
    let ask = |mailbox| sign::FromNet::Ask { relay: 1, mailbox, challenge: "c".into() };
    let signed = |mailbox| {
        let post::ToNet::Publish { event, .. } = publish(0) else { panic!("a publication") };
        sign::ToNet::Signed { event, relay: 1, mailbox }
    };
    let greeting = sign::FromNet::Hello { life: Some(1), version: 2 };
    both.legal(&[&greeting, &sign::ToNet::Welcome { life: Some(1), version: 2 }]);
    both.legal(&[&ask(MAILBOX), &signed(MAILBOX)]);
    let foreign = Bytes([8; 32]);
    both.legal(&[&ask(foreign)]);
    let refused = Breach { word: "Signed", line: "sign", state: "Open", why: Rule::Guard("mailboxes") };
    assert_eq!(both.pass(&signed(foreign)), Err(refused));
    both.legal(&[&sign::ToNet::Denied { relay: 1, mailbox: foreign }]);
    assert!(matches!(both.vault.said(&signed(MAILBOX)), May::Never(_)), "nobody asked");
}

#[test]
fn buffers_change_hands() {
    let mut both = Both::new(&UI);
    let configure = |serial| pixels::ToUi::Configure {
        scale: 120,
        theme: pixels::Theme::Light,
        width: 10,
        height: 10,
        memory: true,
        serial,
        capacity: 400,
    };
    let frame = |serial, buffer, slots| pixels::FromUi::Frame {
        slots,
        buffer,
        cursor: pixels::Cursor::Arrow,
        damage: vec![],
        serial,
    };
    both.legal(&[&pixels::FromUi::Hello { life: Some(1), version: 2 }]);
    both.legal(&[&pixels::ToUi::Welcome { life: Some(1), version: 2 }, &configure(1)]);
    let mut hasty = both.vault.clone();
    assert_eq!(hasty.heard(&frame(1, 0, None), 0, || NOW).map_err(|b| b.why), Err(Rule::Guard("slots")));
    both.legal(&[&frame(1, 0, Some(vec![])), &frame(1, 1, None), &pixels::ToUi::Release { buffer: 0 }]);
    let mut greedy = both.vault.clone();
    assert_eq!(greedy.heard(&frame(1, 1, None), 0, || NOW).map_err(|b| b.why), Err(Rule::Guard("buffers")));
    // A frame that crosses with a new geometry is dropped, and its buffer is free.
    assert_eq!(both.peer.said(&frame(1, 0, None)), May::Now);
    assert_eq!(both.vault.said(&configure(2)), May::Now);
    assert_eq!(both.vault.heard(&frame(1, 0, None), 0, || NOW), Ok(Heard::Dropped));
    assert_eq!(both.peer.heard(&configure(2), 1, || NOW), Ok(Heard::Legal));
}

#[test]
fn intents_belong_to_a_phase_and_come_at_a_human_pace() {
    use intent::{FromUi, Phase, ToUi};
    let mut both = Both::new(&UI);
    both.legal(&[&FromUi::Hello { life: Some(1), version: 2 }]);
    both.legal(&[&ToUi::Welcome { life: Some(1), version: 2 }, &ToUi::Phase(Phase::Locked), &FromUi::Unlock]);
    assert_eq!(both.vault.heard(&FromUi::CopyInvite, 0, || NOW), Ok(Heard::Dropped));
    let contact = intent::Contact { handle: 3, unread: 0, waiting: false, verified: false };
    assert!(both.pass(&ToUi::Contacts(vec![contact])).is_err(), "a locked vault tells nothing");
    both.legal(&[&ToUi::Contacts(vec![]), &ToUi::Phase(Phase::Open), &ToUi::Contacts(vec![contact])]);
    both.legal(&[&FromUi::Open(Some(3)), &FromUi::Open(None)]);
    assert_eq!(both.vault.heard(&FromUi::Open(Some(4)), 0, || NOW), Ok(Heard::Dropped));
    let flood = (0..200).find_map(|_| both.vault.heard(&FromUi::Dismiss, 0, || NOW).err());
    assert_eq!(flood.map(|b| b.why), Some(Rule::Pace));
}

#[test]
fn hellos_without_end_are_too_many_also_for_a_condemned_process() {
    let mut vault = Monitor::new(&NET, Side::Vault);
    let breaches = (0..100).filter(|life| vault.heard(&hello(*life), 0, || NOW).is_err()).count();
    assert_eq!(breaches, 80);
    assert_eq!(vault.heard(&hello(1), 0, || Duration::from_secs(3)), Ok(Heard::Legal));
}

#[test]
fn tables_are_sound() {
    for table in ALL {
        assert!(usize::from(table.begins) < table.states.len() && usize::from(table.condemned) < table.states.len());
        let secrets: [Carries; 4] = [Carries::Plaintext, Carries::Name, Carries::SecretKey, Carries::Passphrase];
        for row in table.rows.iter() {
            let of = |r: &Row| (r.line, r.who, r.says);
            let twins = table.rows.iter().filter(|r| of(r) == of(row));
            let states: Vec<u8> = twins.flat_map(|r| r.from.iter().copied()).collect();
            let mut distinct = states.clone();
            distinct.sort_unstable();
            distinct.dedup();
            assert_eq!(distinct.len(), states.len(), "{}: two rows allow {}", table.peer, row.says);
            assert!(row.line < table.lines.len() && usize::from(row.to) < table.states.len());
            assert!(row.from.iter().all(|state| usize::from(*state) < table.states.len()));
            assert!(row.carries.iter().all(|what| !secrets.contains(what) && !what.is_secret()), "{}", row.says);
            for step in row.does {
                assert!(step.ledger() < table.ledgers.len());
            }
        }
    }
}

#[test]
fn launcher_drops_wishes_until_it_has_answered_one() {
    let mut both = Both::new(&LAUNCHER);
    let wish = control::ToLauncher::Wish(update::Wish::Check);
    let (status, details) = (update::Status::Checking, update::Words::cut(""));
    let notice = control::FromLauncher::Notice(Box::new(update::Notice { status, checked: None, details }));
    both.legal(&[&wish]);
    assert!(matches!(both.vault.said(&wish), May::Never(_)), "an honest vault waits");
    for _ in 0..1000 {
        assert_eq!(both.peer.heard(&wish, 0, || NOW), Ok(Heard::Dropped), "another one is not heard");
    }
    // What crosses with the answer is dropped at worst, and nobody is blamed.
    both.legal(&[&notice, &wish, &notice, &notice, &wish]);
    assert_eq!(both.peer.said(&notice), May::Now);
    assert_eq!(both.peer.heard(&wish, 0, || NOW), Ok(Heard::Legal));
    assert_eq!(both.vault.heard(&notice, 0, || NOW), Ok(Heard::Legal));
    assert_eq!(both.vault.said(&wish), May::Now);
    assert_eq!(both.peer.heard(&wish, 0, || NOW), Ok(Heard::Dropped));
    // While all ends, wishes come to nothing.
    both.legal(&[&control::FromLauncher::Quit]);
    assert_eq!(both.peer.heard(&wish, 0, || NOW), Ok(Heard::Legal));
    assert!(both.vault.heard(&notice, 0, || NOW).is_err());
}
