//! Parts of a recovery secret among contacts: given, kept, asked for, handed out, withdrawn.

use super::world::World;
use crate::store::rows;
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_ipc::intent::{Accept, Notice};
use bulkhead_ipc::post::{Delivery, Event, FromNet};
use bulkhead_vault_core::content::{self, Body, Content, ShareWord};
use bulkhead_vault_core::envelope::{self, Address, Stamp};
use bulkhead_vault_core::event::Curve;
use bulkhead_vault_core::session::Session;
use bulkhead_vault_core::shares::Part;
use bulkhead_vault_core::store::PartState;
use bulkhead_vault_core::{Action, Input, Key, MessageState, Secret};
use rand::Rng;

const SECRET: [u8; 32] = [0x42; 32];
const ALICE: usize = 0;
const AGAIN: usize = 6;
const KEEPERS: [usize; 5] = [1, 2, 3, 4, 5];

/// Two people become contacts; their handles for each other.
fn meet(world: &mut World, one: usize, other: usize) -> (u32, u32) {
    let link = world.invite(one);
    let Accept::Done { handle: there } = world.accept(other, &link) else { panic!("not accepted") };
    let here = world.vault(one).contacts().iter().map(|contact| contact.handle).max().unwrap();
    (here, there)
}

/// Alice with five contacts, who are her contacts 1 to 5 and have her as contact 1.
fn friends(seed: u64) -> World {
    let mut world = World::new(seed, &["Alice", "Bob", "Carol", "Dave", "Erin", "Frank", "Alice"]);
    for keeper in KEEPERS {
        assert_eq!(meet(&mut world, ALICE, keeper), (u32::try_from(keeper).unwrap(), 1));
    }
    world
}

fn give(world: &mut World, contacts: &[u32], needed: u8) {
    let (set, secret) = (world.rng.random(), Key::new(SECRET));
    world.act(ALICE, Action::GiveParts { contacts: contacts.to_vec(), needed, set, secret });
}

fn states(world: &World) -> Vec<PartState> {
    world.vault(ALICE).given_parts().iter().map(|part| part.state).collect()
}

/// The lines of a conversation that the program itself wrote.
fn lines(world: &World, who: usize, contact: u32) -> Vec<String> {
    let vault = world.vault(who);
    let messages = vault.messages(contact, 1..=vault.newest(contact)).unwrap();
    messages.iter().filter(|m| m.state == MessageState::Note).map(|m| m.text.as_str().to_owned()).collect()
}

fn has_line(world: &World, who: usize, contact: u32, part: &str) -> bool {
    lines(world, who, contact).iter().any(|line| line.contains(part))
}

#[test]
fn three_of_five_give_the_secret_back_and_two_do_not() {
    let mut world = friends(400);
    give(&mut world, &[1, 2, 3, 4, 5], 3);
    assert_eq!(states(&world), [PartState::Sent; 5]);
    assert_eq!(world.noticed(ALICE, Notice::PartsSent), 1);
    world.settle();
    assert_eq!(states(&world), [PartState::Kept; 5], "each keeper says so");
    for keeper in KEEPERS {
        assert!(has_line(&world, keeper, 1, "You keep a part of Alice's recovery secret. 3 of 5"));
        assert_eq!(world.vault(keeper).kept_parts(), [1]);
        assert_eq!(world.vault(keeper).contact(1).unwrap().unread, 1, "it is something new to read");
    }
    (0..6).for_each(|who| world.restart(who));
    world.settle();

    // The profile is lost: a new one, new contacts, the same people.
    for (count, keeper) in [2, 4, 5].into_iter().enumerate() {
        let (theirs, mine) = meet(&mut world, keeper, AGAIN);
        world.act(AGAIN, Action::AskPart(mine));
        assert_eq!(world.vault(AGAIN).asking_parts(), [mine]);
        world.settle();
        world.restart(keeper);
        assert_eq!(world.vault(keeper).asked_parts(), [theirs]);
        assert!(has_line(&world, keeper, theirs, "Alice asks for a part"));
        assert!(has_line(&world, AGAIN, mine, "You asked"));
        let owner = world.vault(keeper).kept_parts()[0];
        world.act(keeper, Action::AnswerPart { contact: theirs, owner: Some(owner) });
        assert!(world.vault(keeper).asked_parts().is_empty());
        world.settle();
        world.restart(AGAIN);
        let gathered = world.vault(AGAIN).gathered().unwrap();
        assert_eq!((usize::from(gathered.have), gathered.needed), (count + 1, 3));
        assert_eq!(gathered.secret.is_some(), count == 2, "two parts are not enough");
        // Each step is seen by whose part it is.
        assert!(has_line(&world, ALICE, u32::try_from(keeper).unwrap(), "to somebody who asked for it as you"));
        assert_eq!(world.noticed(ALICE, Notice::PartGivenAway), count + 1);
        assert!(has_line(&world, keeper, theirs, "You gave Alice the part of Alice's recovery secret"));
        assert!(has_line(&world, keeper, 1, "to Alice, who asked for it"));
    }
    let gathered = world.vault(AGAIN).gathered().unwrap();
    assert!(gathered.secret.is_some_and(|key| *key.bytes() == SECRET));
    assert!(gathered.wrong.is_empty());
    let (kept, away) = (PartState::Kept, PartState::GivenAway);
    assert_eq!(states(&world), [kept, away, kept, away, away]);
    world.act(AGAIN, Action::ForgetParts);
    world.restart(AGAIN);
    assert!(world.vault(AGAIN).gathered().is_none());
}

#[test]
fn who_is_not_given_a_part_has_nothing_and_the_owner_is_not_troubled() {
    let mut world = friends(401);
    give(&mut world, &[1, 2], 2);
    world.settle();
    let (theirs, mine) = meet(&mut world, 1, AGAIN);
    for _ in 0..20 {
        world.act(AGAIN, Action::AskPart(mine));
    }
    world.settle();
    assert_eq!(lines(&world, 1, theirs).len(), 1, "a flood of requests is one line");
    world.act(1, Action::AnswerPart { contact: theirs, owner: None });
    world.settle();
    assert!(world.vault(AGAIN).gathered().is_none());
    assert_eq!(states(&world), [PartState::Kept; 2]);
    // Carol keeps nothing for anybody: she is not asked at all.
    let (carols, mine) = meet(&mut world, 3, AGAIN);
    world.act(AGAIN, Action::AskPart(mine));
    world.settle();
    assert!(world.vault(3).asked_parts().is_empty() && lines(&world, 3, carols).is_empty());
    // An answer to a question that nobody asked gives nothing.
    world.act(1, Action::AnswerPart { contact: theirs, owner: Some(1) });
    world.settle();
    assert!(world.vault(AGAIN).gathered().is_none());
}

#[test]
fn withdrawn_parts_are_gone_from_the_keepers_stores() {
    let mut world = friends(402);
    give(&mut world, &[1, 2, 3], 2);
    world.settle();
    let pieces = |world: &World, who: usize| -> i64 {
        let sql = "SELECT count(*) FROM shares WHERE role = 2 AND part IS NOT NULL";
        world.vault(who).store().db.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert_eq!([1, 2, 3].map(|who| pieces(&world, who)), [1, 1, 1]);
    // New parts for others: who is not among them is told to destroy the old one.
    give(&mut world, &[2, 3], 2);
    world.settle();
    assert_eq!([1, 2, 3].map(|who| pieces(&world, who)), [0, 1, 1]);
    assert!(has_line(&world, 1, 1, "Alice withdrew the part"));
    assert!(has_line(&world, ALICE, 1, "You withdrew"));
    world.act(ALICE, Action::WithdrawParts);
    assert_eq!(states(&world), [PartState::Withdrawn; 2]);
    world.settle();
    assert!(states(&world).is_empty(), "the keepers say that they have destroyed them");
    assert_eq!([1, 2, 3].map(|who| pieces(&world, who)), [0, 0, 0]);
    assert!([1, 2, 3].iter().all(|who| world.vault(*who).kept_parts().is_empty()));
    // Deleting a contact deletes what concerns it.
    give(&mut world, &[1, 2], 2);
    world.settle();
    world.act(1, Action::Delete(1));
    assert_eq!(pieces(&world, 1), 0);
    world.act(ALICE, Action::Delete(2));
    assert_eq!(world.vault(ALICE).given_parts().len(), 1);
    (0..3).for_each(|who| world.restart(who));
}

#[test]
fn relays_that_reorder_do_not_bring_back_a_withdrawn_part() {
    for seed in 0..12 {
        let mut world = World::pair(410 + seed);
        let link = world.invite(0);
        world.accept(1, &link);
        (world.shuffle, world.loss) = (true, 20);
        for _ in 0..3 {
            give(&mut world, &[1, 2], 2);
            world.pass(1);
            world.act(0, Action::WithdrawParts);
        }
        if seed % 2 == 0 {
            give(&mut world, &[1, 2], 2);
        }
        world.settle();
        world.loss = 0;
        for _ in 0..4 {
            world.settle();
        }
        let kept = world.vault(1).kept_parts().len();
        assert_eq!(kept, if seed % 2 == 0 { 2 } else { 0 }, "seed {seed}");
    }
}

#[test]
fn parts_are_given_to_contacts_who_can_keep_them_and_in_sound_numbers() {
    let mut world = friends(403);
    for (contacts, needed) in [
        (vec![1], 1),
        (vec![1, 2], 1),
        (vec![1, 2], 3),
        (vec![1, 1], 2),
        (vec![1, 99], 2),
        (vec![], 0),
        ((1..=11).collect(), 2),
    ] {
        give(&mut world, &contacts, needed);
        assert!(world.vault(ALICE).given_parts().is_empty(), "{needed} of {contacts:?}");
    }
    assert_eq!(world.noticed(ALICE, Notice::TooFewKeepers), 7);
    assert!(lines(&world, ALICE, 1).is_empty());
}

/// What a program could send that was written to do harm: content of Bob's own making, to Alice.
struct Forger {
    session: Session,
    mailbox: Bytes32,
    seal: Key,
}

impl Forger {
    fn new(world: &World, who: usize) -> Self {
        let db = &world.vault(who).store().db;
        let row = rows::load(db).unwrap().contacts.remove(0).0;
        let record: Vec<u8> =
            db.query_row("SELECT record FROM sessions WHERE contact = ?1", [row.handle], |row| row.get(0)).unwrap();
        let session = Session::load(&row.own, &row.peer.identity, &record).unwrap();
        Self { session, mailbox: row.peer.mailbox, seal: row.peer.seal }
    }

    fn event(&mut self, world: &mut World, body: Body) -> Event {
        let curve = Curve::new();
        let stamp = Stamp::draw(&curve, world.now, &mut world.rng);
        let padded = content::encode(&Content { erase: stamp.author.clone(), body }).unwrap();
        let (prekey, bytes) = self.session.seal(&padded, world.now, &mut world.rng).unwrap();
        let to = Address { mailbox: &self.mailbox, seal: &self.seal };
        let kind = if prekey { envelope::PREKEY } else { envelope::SIGNAL };
        let sealed = envelope::seal(&to, &stamp.nonce, kind, &bytes).unwrap();
        envelope::event(&curve, &self.mailbox, &stamp, &sealed).unwrap()
    }

    fn send(&mut self, world: &mut World, body: Body) {
        let event = self.event(world, body);
        world.input(0, Input::Post(FromNet::Events(vec![Delivery { event, relay: 1 }])));
    }
}

fn part(index: u8, needed: u8, of: u8) -> Part {
    Part { set: [9; 16], index, needed, of, piece: Secret::new(vec![7; 35]) }
}

#[test]
fn parts_and_words_that_nobody_asked_for_change_nothing() {
    let mut world = World::pair(404);
    let mut bob = Forger::new(&world, 1);
    // Numbers that do not agree; more needed than there are; a place outside.
    for part in [part(3, 2, 2), part(1, 3, 2), part(10, 2, 9)] {
        bob.send(&mut world, Body::Keep { revision: 5, part });
    }
    // Nobody asked Bob for anything, and he keeps nothing.
    bob.send(&mut world, Body::Grant { request: [1; 16], part: part(1, 2, 3) });
    bob.send(&mut world, Body::Word { id: [2; 16], revision: u64::MAX, word: ShareWord::Given });
    bob.send(&mut world, Body::Ask([3; 16]));
    world.act(0, Action::SetTimer { contact: 1, seconds: 3600 });
    bob.send(&mut world, Body::Receipt(vec![[0; 16], [9; 16]]));
    let messages = world.vault(0).messages(1, 0..=100).unwrap();
    assert!(
        matches!(messages.as_slice(), [line] if line.state == MessageState::Timer),
        "a line is nobody's to receipt"
    );
    let alice = world.vault(0);
    assert!(alice.kept_parts().is_empty() && alice.gathered().is_none() && alice.asked_parts().is_empty());
    assert!(lines(&world, 0, 1).is_empty());
    assert_eq!(world.vault(0).dropped().undecryptable, 0, "all of it was read");

    // Alice asks: one answer counts, and only to her question.
    world.act(0, Action::AskPart(1));
    bob.send(&mut world, Body::Grant { request: [1; 16], part: part(1, 2, 3) });
    assert!(world.vault(0).gathered().is_none());

    // A part that is kept is not replaced by an older one, nor destroyed by an older word.
    bob.send(&mut world, Body::Keep { revision: 10, part: part(1, 2, 3) });
    bob.send(&mut world, Body::Keep { revision: 9, part: part(2, 3, 4) });
    bob.send(&mut world, Body::Keep { revision: 10, part: part(2, 3, 4) });
    bob.send(&mut world, Body::Word { id: [4; 16], revision: 10, word: ShareWord::Withdrawn });
    assert_eq!(world.vault(0).kept_parts(), [1]);
    assert_eq!(lines(&world, 0, 1).iter().filter(|line| line.contains("You keep")).count(), 1);
    // A receipt for a line of our own changes no line.
    bob.send(&mut world, Body::Receipt(vec![[0; 16]]));
    assert!(lines(&world, 0, 1).len() >= 2);
    bob.send(&mut world, Body::Word { id: [5; 16], revision: u64::MAX, word: ShareWord::Withdrawn });
    assert!(world.vault(0).kept_parts().is_empty());
    // Said again, as the receipt may have been lost: it is receipted again, and no other line stands there.
    let waiting = |world: &World| -> i64 {
        world.vault(0).store().db.query_row("SELECT count(*) FROM jobs WHERE kind = 1", [], |row| row.get(0)).unwrap()
    };
    let before = (waiting(&world), lines(&world, 0, 1).len());
    bob.send(&mut world, Body::Word { id: [6; 16], revision: u64::MAX, word: ShareWord::Withdrawn });
    assert_eq!((waiting(&world), lines(&world, 0, 1).len()), (before.0 + 1, before.1));
    world.restart(0);
    world.say(0, 1, "still here");
    world.settle();
    assert_eq!(world.texts(1, 1).last().map(String::as_str), Some("still here"));
}

#[test]
fn a_keeper_s_part_of_one_contact_is_out_of_another_contact_s_reach() {
    let mut world = friends(405);
    give(&mut world, &[1, 2], 2);
    world.settle();
    let piece = |world: &World| -> Vec<u8> {
        world.vault(1).store().db.query_row("SELECT part FROM shares WHERE contact = 1", [], |row| row.get(0)).unwrap()
    };
    let before = piece(&world);
    let (theirs, mine) = meet(&mut world, 1, AGAIN);
    assert_eq!((theirs, mine), (2, 1));
    // Who is new to Bob gives him parts of their own, many times, and withdraws: Alice's part stays as it is.
    for needed in 2..4 {
        let contacts = vec![mine, meet(&mut world, 2, AGAIN).1, meet(&mut world, 3, AGAIN).1];
        let (set, secret) = (world.rng.random(), Key::new(world.rng.random()));
        world.act(AGAIN, Action::GiveParts { contacts, needed, set, secret });
        world.settle();
        assert_eq!(world.vault(1).kept_parts(), [1, theirs]);
    }
    world.act(AGAIN, Action::WithdrawParts);
    world.settle();
    assert_eq!(world.vault(1).kept_parts(), [1]);
    assert_eq!(piece(&world), before);
    world.say(1, 1, "all well");
    world.settle();
    assert_eq!(world.texts(ALICE, 1).last().map(String::as_str), Some("all well"));
}
