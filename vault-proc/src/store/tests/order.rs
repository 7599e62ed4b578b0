use super::world::World;
use bulkhead_ipc::post::{Delivery, Event, FromNet, RelayState};
use bulkhead_vault_core::{Changed, Input, MessageState, Time};
use rand::Rng;
use rand::seq::SliceRandom;

/// The events of `count` messages from Alice to Bob, who is away.
fn waiting(world: &mut World, count: usize) -> Vec<Event> {
    for n in 0..count {
        world.say(0, 1, &format!("text {n}"));
        world.net(0);
    }
    std::mem::take(&mut world.stored)
}

fn deliver(world: &mut World, who: usize, events: &[Event]) {
    let list = events.iter().map(|event| Delivery { event: event.clone(), relay: 1 }).collect();
    world.input(who, Input::Post(FromNet::Events(list)));
}

/// Follows what the vault says about moved messages, as a window does.
fn follow(changes: &[Changed], mut place: u64) -> u64 {
    for change in changes {
        if let Changed::Inserted { contact: 1, seq, count } = change
            && place >= *seq
        {
            place += count;
        }
    }
    place
}

#[test]
fn any_order_and_repetition_of_arrival_gives_the_order_of_writing() {
    for seed in 0..8 {
        let mut world = World::pair(600 + seed);
        let events = waiting(&mut world, 100);
        let mut order = events.clone();
        match seed {
            0 => order.reverse(),
            1 => {}
            _ => order.shuffle(&mut world.rng),
        }
        order.extend(events.iter().filter(|_| seed > 2).take(40).cloned().collect::<Vec<_>>());
        let mut rest = order.as_slice();
        while !rest.is_empty() {
            let many = world.rng.random_range(1..=64).min(rest.len());
            let (now, later) = rest.split_at(many);
            deliver(&mut world, 1, now);
            rest = later;
            if seed % 3 == 0 {
                world.restart(1);
                world.input(1, Input::Post(FromNet::Relay { id: 1, state: RelayState::Online }));
            }
        }
        let expected: Vec<_> = (0..100).map(|n| format!("text {n}")).collect();
        assert_eq!(world.texts(1, 1), expected, "seed {seed}");
        let view = world.vault(1).contact(1).unwrap();
        assert_eq!((view.unread, view.preview.as_ref().unwrap().text.as_str()), (100, "text 99"));
        assert_eq!(world.noticed(1, bulkhead_ipc::intent::Notice::Undecryptable), 0);
    }
}

#[test]
fn own_messages_stay_behind_what_had_been_seen_and_keep_their_states() {
    let mut world = World::pair(620);
    let events = waiting(&mut world, 6);
    deliver(&mut world, 1, &events[1..2]);
    deliver(&mut world, 1, &events[4..5]);
    world.say(1, 1, "mine");
    assert_eq!(world.texts(1, 1), ["text 1", "text 4", "mine"]);
    world.people[1].changes.clear();
    world.pass(60_000);
    deliver(&mut world, 1, &[events[5].clone(), events[3].clone(), events[0].clone(), events[2].clone()]);
    assert_eq!(world.texts(1, 1), ["text 0", "text 1", "text 2", "text 3", "text 4", "mine", "text 5"]);
    let moved: Vec<_> = [1, 2, 3].iter().map(|place| follow(&world.people[1].changes, *place)).collect();
    assert_eq!(moved, [2, 5, 6]);
    let messages = world.vault(1).messages(1, 1..=7).unwrap();
    assert!(messages.is_sorted_by_key(|m| m.at), "times do not jump back");
    assert!(messages.iter().all(|m| m.at <= world.now));
    world.settle();
    let messages = world.vault(1).messages(1, 1..=7).unwrap();
    assert_eq!(messages[5].state, MessageState::Delivered, "the receipt finds the message in its new place");
    assert!(messages.iter().enumerate().all(|(n, m)| n == 5 || m.state == MessageState::Received));
    let hit = world.vault(1).search("mine", 10).unwrap().remove(0);
    assert_eq!(hit.seq, 6);
    world.restart(1);
    assert_eq!(world.texts(1, 1)[5], "mine");
}

#[test]
fn texts_keep_their_order_when_the_senders_clock_stands_still_or_runs_back() {
    let mut world = World::pair(621);
    let now = world.now;
    for n in 0..30 {
        world.now = Time(now.0 - n * 1000);
        world.say(0, 1, &format!("text {n}"));
        if n % 7 == 0 {
            world.restart(0);
        }
        world.net(0);
    }
    world.now = now;
    world.net(0);
    let mut events = std::mem::take(&mut world.stored);
    events.reverse();
    events.chunks(5).for_each(|part| deliver(&mut world, 1, part));
    let expected: Vec<_> = (0..30).map(|n| format!("text {n}")).collect();
    assert_eq!(world.texts(1, 1), expected);
}
