use super::world::{World, words};
use bulkhead_ipc::intent::Notice;
use bulkhead_ipc::post::{Delivery, FromNet, ToNet, Verdict};
use bulkhead_vault_core::{Action, Changed, Input, MAX_TEXT, MessageState};
use rand::Rng;

fn states(world: &World, who: usize) -> Vec<MessageState> {
    let vault = world.vault(who);
    vault.messages(1, 1..=vault.newest(1)).unwrap().iter().map(|m| m.state).collect()
}

#[test]
fn message_goes_from_queued_over_relay_to_delivered() {
    let mut world = World::pair(20);
    world.say(0, 1, "  hello  ");
    assert_eq!(states(&world, 0), [MessageState::Queued]);
    world.net(0);
    assert_eq!(states(&world, 0), [MessageState::AtRelay]);
    world.settle();
    assert_eq!(states(&world, 0), [MessageState::Delivered]);
    assert_eq!(states(&world, 1), [MessageState::Received]);
    assert_eq!(world.texts(1, 1), ["hello"]);
    assert!(world.people[1].changes.contains(&Changed::Incoming { contact: 1, count: 1 }));
    let view = world.vault(1).contact(1).unwrap();
    assert_eq!((view.unread, view.preview.as_ref().unwrap().text.as_str()), (1, "hello"));
    world.act(1, Action::Read(1));
    assert_eq!(world.vault(1).contact(1).unwrap().unread, 0);
    assert_eq!(world.stored.len(), 0, "everything that was read is deleted");
}

#[test]
fn envelopes_never_share_a_circuit_with_the_reading_of_an_own_mailbox() {
    let mut world = World::pair(28);
    world.say(0, 1, "hello");
    world.net(0);
    world.deliver(1);
    let (mut envelopes, mut erasures) = (0, 0);
    for packet in &world.people[1].queue {
        let ToNet::Publish { event, circuit, .. } = packet else { continue };
        match event.kind {
            1059 => {
                envelopes += 1;
                assert_eq!(event.tags[0][1], circuit.to_hex());
                assert!(!world.people[1].watches.contains_key(circuit));
            }
            _ => {
                erasures += 1;
                assert!(world.people[1].watches.contains_key(circuit));
            }
        }
    }
    assert_eq!((envelopes, erasures), (1, 1));
}

#[test]
fn batch_of_messages_is_receipted_in_one_envelope() {
    let mut world = World::pair(21);
    let messages = (0..60).map(|n| Input::Do(Action::Send { contact: 1, text: words(&format!("message {n}")) }));
    world.inputs(0, messages.collect());
    world.net(0);
    world.net(0);
    assert_eq!(world.stored.len(), 60);
    world.deliver(1);
    let published =
        world.people[1].queue.iter().filter(|p| matches!(p, ToNet::Publish { event, .. } if event.kind == 1059));
    assert_eq!(published.count(), 1);
    world.settle();
    assert!(states(&world, 0).iter().all(|s| *s == MessageState::Delivered));
    let expected: Vec<_> = (0..60).map(|n| format!("message {n}")).collect();
    assert_eq!(world.texts(1, 1), expected);
}

#[test]
fn nothing_is_lost_or_doubled_with_loss_reordering_and_restarts_at_every_step() {
    for seed in 100..112 {
        let mut world = World::pair(seed);
        (world.loss, world.shuffle) = (30, true);
        let mut sent = [Vec::new(), Vec::new()];
        for n in 0..40 {
            let who = world.rng.random_range(0..2);
            let text = format!("{n} from {who}");
            sent[who].push(text.clone());
            world.say(who, 1, &text);
            match world.rng.random_range(0..6) {
                0 => world.restart(world.people.len() - 1 - who),
                1 => world.restart(who),
                2 => world.connect(who),
                3 => world.deliver(who),
                4 => world.net(who),
                _ => world.round(),
            }
            world.pass(500);
        }
        world.loss = 0;
        for _ in 0..12 {
            world.pass(400_000);
            world.round();
        }
        for who in 0..2 {
            let vault = world.vault(who);
            let messages = vault.messages(1, 1..=vault.newest(1)).unwrap();
            let of = |mine| messages.iter().filter(move |m| m.mine == mine).map(|m| m.text.as_str().to_owned());
            assert!(of(true).eq(sent[who].clone()), "seed {seed}");
            let theirs: Vec<_> = of(false).collect();
            assert_eq!(theirs, sent[1 - who], "seed {seed}");
            let undelivered = messages.iter().filter(|m| m.mine && m.state != MessageState::Delivered);
            assert_eq!(undelivered.count(), 0, "seed {seed}");
            assert_eq!(world.noticed(who, Notice::Undecryptable), 0, "seed {seed}");
        }
        assert_eq!(world.stored.len(), 0, "seed {seed}: everything was deleted");
    }
}

#[test]
fn restart_between_store_and_publish_publishes_the_same_event() {
    let mut world = World::pair(22);
    world.say(0, 1, "once");
    let published = |world: &World| {
        let packets = world.people[0].queue.iter();
        packets
            .filter_map(|p| if let ToNet::Publish { event, .. } = p { Some(event.id) } else { None })
            .collect::<Vec<_>>()
    };
    let first = published(&world);
    world.restart(0);
    assert_eq!(published(&world), first);
    assert_eq!(first.len(), 1);
    world.settle();
    assert_eq!(world.texts(1, 1), ["once"]);
}

#[test]
fn message_no_relay_wants_fails_and_says_so() {
    let mut world = World::pair(23);
    world.say(0, 1, "unwanted");
    let Some(ToNet::Publish { job, relays, .. }) = world.people[0].queue.pop_front() else { panic!() };
    let refuse = |why: &str| FromNet::Ack { job, relay: relays[0], verdict: Verdict::Refused(why.into()) };
    world.input(0, Input::Post(refuse("rate-limited: slow down")));
    assert_eq!(states(&world, 0), [MessageState::Queued]);
    world.input(0, Input::Post(refuse("blocked: go away")));
    assert_eq!(states(&world, 0), [MessageState::Failed]);
    assert_eq!(world.noticed(0, Notice::Refused), 1);
}

#[test]
fn message_no_relay_takes_in_three_weeks_fails() {
    let mut world = World::pair(24);
    world.say(0, 1, "patience");
    world.people[0].queue.clear();
    world.pass(22 * 86_400_000);
    world.input(0, Input::Tick);
    assert_eq!(states(&world, 0), [MessageState::Queued], "a last try after a long absence");
    for _ in 0..3 {
        world.people[0].queue.clear();
        world.pass(300_000);
        world.input(0, Input::Tick);
    }
    assert_eq!(states(&world, 0), [MessageState::Failed]);
}

#[test]
fn message_lengths_are_bounded_and_empty_ones_ignored() {
    let mut world = World::pair(25);
    world.say(0, 1, &"x".repeat(MAX_TEXT + 1));
    assert_eq!(world.noticed(0, Notice::MessageTooLong), 1);
    world.say(0, 1, " \n ");
    assert_eq!(world.vault(0).newest(1), 0);
    world.say(0, 1, &"€".repeat(MAX_TEXT / 3));
    world.settle();
    assert_eq!(world.texts(1, 1), ["€".repeat(MAX_TEXT / 3)]);
    assert_eq!(states(&world, 0), [MessageState::Delivered]);
}

#[test]
fn draft_survives_a_restart_and_ends_with_the_message() {
    let mut world = World::pair(26);
    world.act(0, Action::SaveDraft { contact: 1, text: words("half a th") });
    world.restart(0);
    assert_eq!(world.vault(0).draft(1).unwrap().as_str(), "half a th");
    world.say(0, 1, "half a thought");
    assert!(world.vault(0).draft(1).is_none());
}

#[test]
fn session_goes_on_after_a_long_one_sided_talk() {
    let mut world = World::pair(27);
    for n in 0..300 {
        world.say(1, 1, &format!("monologue {n}"));
        if n % 50 == 0 {
            world.settle();
        }
    }
    world.settle();
    world.settle();
    world.say(0, 1, "finally");
    world.settle();
    assert_eq!(world.texts(0, 1).len(), 301);
    assert_eq!(world.texts(1, 1).last().unwrap(), "finally");
}

fn say_all(world: &mut World, texts: &[String]) {
    for part in texts.chunks(100) {
        let sends = part.iter().map(|text| Input::Do(Action::Send { contact: 1, text: words(text) }));
        world.inputs(0, sends.collect());
    }
}

/// More wait than libsignal keeps keys for, and relays answer newest first.
#[test]
fn thousands_of_waiting_messages_that_come_newest_first_are_all_read() {
    let mut world = World::pair(29);
    let expected: Vec<String> = (0..3000).map(|n| n.to_string()).collect();
    say_all(&mut world, &expected);
    while !world.people[0].queue.is_empty() {
        world.net(0);
    }
    assert_eq!(world.stored.len(), expected.len());
    world.stored.reverse();
    // A relay that breaks off half way, and a program that ends there.
    world.connect(1);
    world.net(1);
    let half: Vec<_> = world.stored[..1700].iter().map(|event| Delivery { event: event.clone(), relay: 1 }).collect();
    for part in half.chunks(64) {
        world.input(1, Input::Post(FromNet::Events(part.to_vec())));
    }
    assert_eq!(world.vault(1).newest(1), 0, "what is too far ahead waits");
    world.restart(1);
    world.net(1);
    world.deliver(1);
    assert_eq!(world.texts(1, 1), expected);
    assert_eq!(world.noticed(1, Notice::Undecryptable), 0);
    world.settle();
    assert!(states(&world, 0).iter().all(|state| *state == MessageState::Delivered));
    world.say(1, 1, "all read");
    world.settle();
    assert_eq!(world.texts(0, 1).last().map(String::as_str), Some("all read"));
}

/// A relay that withholds the oldest does not keep the others from being read.
#[test]
fn what_is_missing_is_not_waited_for_for_ever() {
    let mut world = World::pair(30);
    let expected: Vec<String> = (0..1500).map(|n| n.to_string()).collect();
    say_all(&mut world, &expected);
    while !world.people[0].queue.is_empty() {
        world.net(0);
    }
    let withheld = world.stored.remove(0);
    world.net(1);
    let rest: Vec<_> = world.stored.iter().map(|event| Delivery { event: event.clone(), relay: 1 }).collect();
    world.connect(1);
    world.net(1);
    for part in rest[1200..].chunks(64) {
        world.input(1, Input::Post(FromNet::Events(part.to_vec())));
    }
    assert_eq!(world.vault(1).newest(1), 0);
    world.pass(21_000);
    world.input(1, Input::Tick);
    assert_eq!(world.vault(1).newest(1), 299);
    for part in rest[..1200].chunks(64) {
        world.input(1, Input::Post(FromNet::Events(part.to_vec())));
    }
    world.input(1, Input::Post(FromNet::Events(vec![Delivery { event: withheld, relay: 1 }])));
    world.settle();
    assert_eq!(world.texts(1, 1), expected);
}
