//! Older copies of a profile: what they send, how they are noticed, and that everybody goes on.

use super::moving::live;
use super::world::{Recorded, World, words};
use crate::profile::tests::Folder;
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_ipc::intent::{Accept, Invite, Notice};
use bulkhead_ipc::post::{Delivery, Event, FromNet};
use bulkhead_vault_core::envelope::{self, Address, Stamp};
use bulkhead_vault_core::event::Curve;
use bulkhead_vault_core::{Action, Input, Key, MessageState};
use rand::Rng;
use std::collections::{BTreeMap, BTreeSet};

const HOUR: u64 = 3_600_000;

fn pair(seed: u64) -> World {
    let mut world = World::pair(seed);
    world.recording = true;
    world
}

fn talk(world: &mut World, rounds: usize) {
    for n in 0..rounds {
        world.say(0, 1, &format!("alice {n} at {}", world.now.0));
        world.settle();
        world.say(1, 1, &format!("bob {n} at {}", world.now.0));
        world.settle();
    }
}

/// A protobuf message's fields.
fn fields(mut bytes: &[u8]) -> BTreeMap<u64, (u64, Vec<u8>)> {
    let number = |bytes: &mut &[u8]| {
        let (mut value, mut shift) = (0u64, 0);
        while let Some((byte, rest)) = bytes.split_first() {
            *bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    };
    let mut found = BTreeMap::new();
    while !bytes.is_empty() {
        let tag = number(&mut bytes);
        let value = number(&mut bytes);
        match tag & 7 {
            0 => drop(found.insert(tag >> 3, (value, Vec::new()))),
            2 => {
                let (text, rest) = bytes.split_at(usize::try_from(value).unwrap());
                found.insert(tag >> 3, (0, text.to_vec()));
                bytes = rest;
            }
            other => panic!("wire type {other}"),
        }
    }
    found
}

/// Ratchet key and counter of each message that was ever published to these people, and what was sent with them.
fn used(world: &World, from: usize) -> BTreeMap<(Vec<u8>, u64), BTreeSet<Vec<u8>>> {
    let mut used: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (_, opened) in &world.history[from..] {
        let Some((kind, body)) = opened else { continue };
        let message = match *kind {
            envelope::SIGNAL => body.clone(),
            envelope::PREKEY => fields(&body[1..])[&4].1.clone(),
            _ => continue,
        };
        let said = fields(&message[1..message.len() - 8]);
        let name = (said[&1].1.clone(), said.get(&2).map_or(0, |(counter, _)| *counter));
        used.entry(name).or_default().insert(message);
    }
    assert!(used.len() > 2);
    used
}

fn undelivered(world: &World, who: usize) -> usize {
    let vault = world.vault(who);
    let messages = vault.messages(1, 1..=vault.newest(1)).unwrap();
    messages.iter().filter(|m| m.mine && m.state != MessageState::Delivered).count()
}

fn number(world: &World, who: usize) -> String {
    world.vault(who).safety_number(1).unwrap().digits
}

#[test]
fn restored_copy_sends_nothing_under_old_keys_and_both_go_on() {
    let mut world = pair(200);
    talk(&mut world, 2);
    let copy = world.copy(0);
    talk(&mut world, 3);
    let safety = number(&world, 0);
    // What only the lost device would have had is lost with it; what it never receipted is not.
    world.say(1, 1, "on its way when the disk died");
    world.net(1);
    world.put_back(0, &copy, true);
    world.say(0, 1, "written before the session was renewed");
    world.net(0);
    assert_eq!(world.texts(1, 1).len(), 11, "nothing was sent in the old session");
    assert!(world.vault(0).contact(1).unwrap().renewing);
    world.settle();
    world.settle();
    talk(&mut world, 2);
    assert!(used(&world, 0).values().all(|messages| messages.len() == 1), "no key was used twice");
    assert!(!world.vault(0).contact(1).unwrap().renewing);
    for who in 0..2 {
        assert_eq!(undelivered(&world, who), 0);
        let texts = world.texts(who, 1);
        for once in ["on its way when the disk died", "written before the session was renewed"] {
            assert_eq!(texts.iter().filter(|text| *text == once).count(), 1, "{who}: {texts:?}");
        }
        assert_eq!(world.noticed(who, Notice::OlderCopy), 0);
        assert_eq!(world.noticed(who, Notice::Undecryptable), 0);
        assert_eq!(number(&world, who), safety);
    }
    assert_eq!(
        world.stored.len(),
        2,
        "what was in the old session, and cannot be opened any more, is left to expire; and what lies at the meeting place \
         until Bob looks there"
    );
}

#[test]
fn state_older_than_all_mailboxes_finds_its_contacts_at_the_meeting_place() {
    let mut world = pair(203);
    talk(&mut world, 1);
    let copy = world.copy(0);
    let known: BTreeSet<_> = world.people[1].watches.keys().map(|mailbox| mailbox.0).collect();
    for day in 0..80 {
        world.say(0, 1, &format!("alice on day {day}"));
        world.say(1, 1, &format!("bob on day {day}"));
        live(&mut world, 1);
    }
    assert!(world.people[1].watches.keys().all(|mailbox| !known.contains(&mailbox.0)), "nobody reads there any more");
    world.put_back(0, &copy, true);
    world.say(0, 1, "after all these weeks");
    live(&mut world, 3);
    assert!(!world.vault(0).contact(1).unwrap().renewing);
    talk(&mut world, 2);
    live(&mut world, 1);
    assert!(used(&world, 0).values().all(|messages| messages.len() == 1), "no key was used twice");
    for who in 0..2 {
        assert_eq!(undelivered(&world, who), 0);
        assert_eq!(world.texts(who, 1).iter().filter(|text| *text == "after all these weeks").count(), 1);
    }
}

#[test]
fn copy_that_was_put_back_in_silence_is_noticed_and_repaired() {
    for turns in [0, 2] {
        let mut world = pair(201);
        talk(&mut world, 2);
        let copy = world.copy(0);
        world.say(0, 1, "not in the copy");
        world.settle();
        talk(&mut world, turns);
        world.pass(30 * HOUR);
        world.put_back(0, &copy, false);
        world.say(0, 1, "from the older copy");
        world.settle();
        world.settle();
        // As many messages as were lost, and not one more, were written since: counts do not tell, and only this
        // session is renewed, as the contact saw a key used twice.
        assert_eq!(world.noticed(0, Notice::OlderCopy), usize::from(turns > 0), "{turns} turns later");
        assert_eq!(world.noticed(1, Notice::OlderCopy), 0);
        let from = world.history.len();
        talk(&mut world, 2);
        assert!(used(&world, from).values().all(|messages| messages.len() == 1));
        assert_eq!((undelivered(&world, 0), undelivered(&world, 1)), (0, 0));
        let texts = world.texts(1, 1);
        assert_eq!(texts.iter().filter(|text| *text == "from the older copy").count(), 1, "{texts:?}");
    }
}

#[test]
fn both_restored_at_once_find_to_each_other() {
    for seed in 210..214 {
        let mut world = pair(seed);
        talk(&mut world, 1);
        let copies: [Folder; 2] = [world.copy(0), world.copy(1)];
        talk(&mut world, 2);
        for (who, copy) in copies.iter().enumerate() {
            world.put_back(who, copy, true);
            world.say(who, 1, "still here?");
        }
        world.settle();
        world.settle();
        talk(&mut world, 2);
        assert!(used(&world, 0).values().all(|messages| messages.len() == 1), "seed {seed}");
        for who in 0..2 {
            assert_eq!(undelivered(&world, who), 0, "seed {seed}");
            assert_eq!(world.texts(who, 1).iter().filter(|text| *text == "still here?").count(), 2, "seed {seed}");
        }
    }
}

/// A new relay, and with it a new mailbox; the other one follows.
fn change(world: &mut World, who: usize, url: &str) {
    let before: BTreeSet<_> = world.people[who].watches.keys().copied().collect();
    world.act(who, Action::AddRelay(url.into()));
    for _ in 0..10 {
        world.round();
        world.pass(1000);
    }
    assert!(world.people[who].watches.keys().any(|mailbox| !before.contains(mailbox)));
}

#[test]
fn states_that_know_fewer_moves_are_found_and_move_on() {
    for (seed, who, both) in [(241, 0, false), (242, 1, false), (243, 0, true), (244, 1, true)] {
        let mut world = pair(seed);
        talk(&mut world, 1);
        let copies = [world.copy(0), world.copy(1)];
        change(&mut world, who, "ws://127.0.0.1:7001");
        talk(&mut world, 1);
        world.put_back(who, &copies[who], true);
        if both {
            world.put_back(1 - who, &copies[1 - who], true);
        }
        for who in 0..2 {
            world.say(who, 1, "still here?");
        }
        (0..3).for_each(|_| world.settle());
        // The next mailbox has a revision that was used before.
        change(&mut world, who, "ws://127.0.0.1:7002");
        talk(&mut world, 2);
        world.settle();
        assert!(used(&world, 0).values().all(|messages| messages.len() == 1), "seed {seed}");
        for who in 0..2 {
            assert_eq!(undelivered(&world, who), 0, "seed {seed}, {who}");
            assert_eq!(world.texts(who, 1).iter().filter(|text| *text == "still here?").count(), 2, "seed {seed}");
        }
    }
}

#[test]
fn message_that_was_sent_to_an_old_mailbox_and_to_a_new_one_renews_nothing() {
    let mut world = pair(245);
    talk(&mut world, 1);
    change(&mut world, 0, "ws://127.0.0.1:7001");
    let from = world.history.len();
    world.say(1, 1, "to both");
    world.settle();
    let seal = world.vault(0).store().seals().remove(0);
    let opened = |(event, _): &Recorded| {
        let mailbox = Bytes32::from_hex(&event.tags[0][1]).unwrap();
        let (kind, body) =
            envelope::open(&Address { mailbox: &mailbox, seal: &seal }, &envelope::sealed_bytes(&event.content)?)?;
        Some((mailbox, kind, body))
    };
    let (mailbox, kind, body) = world.history[from..].iter().find_map(opened).unwrap();
    let curve = Curve::new();
    for (other, renewed) in [(false, 0), (true, 1)] {
        let mut body = body.clone();
        // Another message for the same key.
        *body.last_mut().unwrap() ^= u8::from(other);
        let stamp = Stamp::draw(&curve, world.now, &mut world.rng);
        let sealed = envelope::seal(&Address { mailbox: &mailbox, seal: &seal }, &stamp.nonce, kind, &body).unwrap();
        hand_over(&mut world, 0, envelope::event(&curve, &mailbox, &stamp, &sealed).unwrap());
        world.settle();
        assert_eq!(offers(&world).len(), renewed);
    }
}

#[test]
fn nothing_is_lost_or_doubled_by_restores_with_loss_reordering_and_restarts() {
    for seed in 220..226 {
        let mut world = pair(seed);
        (world.loss, world.shuffle) = (30, true);
        let mut sent = [Vec::new(), Vec::new()];
        for n in 0..40 {
            let who = world.rng.random_range(0..2);
            if n % 10 == 5 {
                // The state of this moment: nothing that was shown is missing from it.
                let copy = world.copy(who);
                world.put_back(who, &copy, true);
            }
            let text = format!("{n} from {who}");
            sent[who].push(text.clone());
            world.say(who, 1, &text);
            match world.rng.random_range(0..5) {
                0 => world.restart(1 - who),
                1 => world.connect(who),
                2 => world.deliver(who),
                3 => world.net(who),
                _ => world.round(),
            }
            world.pass(500);
        }
        world.loss = 0;
        for _ in 0..16 {
            world.pass(25 * HOUR);
            (0..3).for_each(|_| world.round());
        }
        assert!(used(&world, 0).values().all(|messages| messages.len() == 1), "seed {seed}");
        for who in 0..2 {
            let vault = world.vault(who);
            let messages = vault.messages(1, 1..=vault.newest(1)).unwrap();
            let of = |mine| messages.iter().filter(move |m| m.mine == mine).map(|m| m.text.as_str().to_owned());
            assert_eq!(of(true).collect::<Vec<_>>(), sent[who], "seed {seed}");
            assert_eq!(of(false).collect::<Vec<_>>(), sent[1 - who], "seed {seed}");
            assert_eq!(undelivered(&world, who), 0, "seed {seed}");
        }
    }
}

fn hand_over(world: &mut World, who: usize, event: Event) {
    world.input(who, Input::Post(FromNet::Events(vec![Delivery { event, relay: 1 }])));
}

/// The offers among what was published.
fn offers(world: &World) -> Vec<Event> {
    let offer = |opened: &Option<(u8, Vec<u8>)>| opened.as_ref().is_some_and(|(kind, _)| *kind == envelope::OFFER);
    world.history.iter().filter(|(_, opened)| offer(opened)).map(|(event, _)| event.clone()).collect()
}

#[test]
fn offer_that_is_replayed_or_forged_changes_nothing() {
    let mut world = pair(230);
    talk(&mut world, 1);
    let copy = world.copy(0);
    let before = world.copy(1);
    world.put_back(0, &copy, true);
    world.settle();
    talk(&mut world, 1);
    let [offer] = offers(&world).try_into().unwrap();
    let curve = Curve::new();
    let again = |world: &mut World, content: String| {
        let author = Key::new([world.rng.random_range(1..255); 32]);
        curve.sign(&author, 1059, offer.tags.clone(), content, offer.created_at).unwrap()
    };
    let published = world.history.len();
    let replay = again(&mut world, offer.content.clone());
    hand_over(&mut world, 1, replay);
    world.settle();
    let envelopes = |world: &World, from: usize| world.history[from..].len();
    assert_eq!(envelopes(&world, published), 0, "an offer is taken up once");
    talk(&mut world, 1);
    // Somebody who does not remember it answers in vain, and goes on in the session that works.
    world.put_back(1, &before, false);
    world.pass(25 * HOUR);
    let replay = again(&mut world, offer.content.clone());
    hand_over(&mut world, 1, replay);
    world.settle();
    world.settle();
    talk(&mut world, 2);
    assert_eq!((undelivered(&world, 0), undelivered(&world, 1)), (0, 0));
    // Signed by somebody else: any byte of it differs.
    let mailbox = Bytes32::from_hex(&offer.tags[0][1]).unwrap();
    let seals = world.vault(1).store().seals();
    let to = Address { mailbox: &mailbox, seal: &seals[0] };
    let (kind, body) = envelope::open(&to, &envelope::sealed_bytes(&offer.content).unwrap()).unwrap();
    for at in (0..body.len()).step_by(97) {
        let mut body = body.clone();
        body[at] ^= 1;
        let stamp = Stamp::draw(&curve, world.now, &mut world.rng);
        let sealed = envelope::seal(&to, &stamp.nonce, kind, &body).unwrap();
        let published = world.history.len();
        hand_over(&mut world, 1, envelope::event(&curve, &mailbox, &stamp, &sealed).unwrap());
        world.settle();
        assert_eq!(envelopes(&world, published), 0, "byte {at}");
    }
}

#[test]
fn nonsense_has_a_session_renewed_once_a_day_at_most() {
    let mut world = pair(231);
    talk(&mut world, 1);
    let mailbox = *world.people[0].watches.keys().next().unwrap();
    let seal = world.vault(0).store().seals().remove(0);
    let curve = Curve::new();
    let to_alice = |(event, opened): &Recorded| {
        let signal =
            opened.clone().filter(|(kind, _)| *kind == envelope::SIGNAL && event.tags[0][1] == mailbox.to_hex());
        signal.map(|(_, body)| body)
    };
    let heard = world.history.iter().find_map(to_alice).unwrap();
    for hour in 1..31 {
        let stamp = Stamp::draw(&curve, world.now, &mut world.rng);
        let to = Address { mailbox: &mailbox, seal: &seal };
        // Another message for a key that was used, or one in a chain that nobody began.
        let mut nonsense = heard.clone();
        let at = if hour % 2 == 0 { nonsense.len() - 1 } else { 9 };
        nonsense[at] ^= hour;
        let sealed = envelope::seal(&to, &stamp.nonce, envelope::SIGNAL, &nonsense).unwrap();
        hand_over(&mut world, 0, envelope::event(&curve, &mailbox, &stamp, &sealed).unwrap());
        world.settle();
        talk(&mut world, 1);
        world.pass(HOUR);
    }
    assert_eq!(offers(&world).len(), 2);
    assert_eq!((undelivered(&world, 0), undelivered(&world, 1)), (0, 0));
    assert!(used(&world, 0).values().all(|messages| messages.len() == 1));
}

#[test]
fn invites_of_a_restored_copy_are_withdrawn() {
    let mut world = pair(232);
    let link = world.invite(0);
    let copy = world.copy(0);
    world.put_back(0, &copy, true);
    assert_eq!(world.vault(0).invite(), Invite::None);
    world.settle();
    assert_eq!(world.accept(1, &link), Accept::Used);
    world.act(0, Action::SaveDraft { contact: 1, text: words("goes on") });
}

#[test]
fn what_is_sent_in_a_new_session_keeps_its_timer() {
    let mut world = pair(246);
    talk(&mut world, 1);
    world.act(0, Action::SetTimer { contact: 1, seconds: 3600 });
    world.settle();
    let copy = world.copy(0);
    world.put_back(0, &copy, true);
    world.say(0, 1, "gone in an hour");
    world.settle();
    world.settle();
    let vault = world.vault(1);
    let newest = vault.newest(1);
    let last = vault.messages(1, newest..=newest).unwrap().pop().unwrap();
    assert_eq!((last.text.as_str(), last.life), ("gone in an hour", 3600));
    assert_eq!(vault.contact(1).unwrap().timer, 3600);
    // The change is told again, and shown once.
    assert_eq!(vault.messages(1, 1..=newest).unwrap().iter().filter(|m| m.state == MessageState::Timer).count(), 1);
}
