//! Clocks that jump years ahead or back, at either end, with messages under way, and machines that slept.

use super::world::{START, World, words};
use bulkhead_ipc::intent::Notice;
use bulkhead_vault_core::{Action, Input, MessageState, Time};

const YEARS: i64 = 10 * 365 * 86_400_000;

fn state_of(world: &World, who: usize, text: &str) -> MessageState {
    let vault = world.vault(who);
    let messages = vault.messages(1, 1..=vault.newest(1)).unwrap();
    let mut found = messages.iter().filter(|m| m.mine && m.text.as_str() == text);
    let state = found.next().unwrap().state;
    assert!(found.next().is_none());
    state
}

/// Some minutes, in which everybody's program runs.
fn minutes(world: &mut World, count: u64) {
    for _ in 0..count * 2 {
        world.pass(29_000);
        world.round();
    }
}

#[test]
fn clock_that_jumps_years_and_back_costs_at_most_what_is_written_meanwhile() {
    for (who, skew, restarts) in
        [(0, YEARS, false), (0, -YEARS, false), (1, YEARS, true), (1, -YEARS, true), (0, YEARS, true)]
    {
        let what = format!("{who} by {skew}, restarts: {restarts}");
        let mut world = World::pair(1100);
        world.say(0, 1, "first");
        world.say(1, 1, "second");
        minutes(&mut world, 1);
        // One at the relay, one still here.
        world.say(0, 1, "at the relay");
        world.net(0);
        world.say(1, 1, "still here");
        world.people[who].skew = skew;
        if restarts {
            world.restart(who);
        }
        minutes(&mut world, 5);
        world.say(0, 1, "meanwhile a");
        world.say(1, 1, "meanwhile b");
        minutes(&mut world, 2);
        world.people[who].skew = 0;
        minutes(&mut world, 5);
        world.say(0, 1, "after a");
        world.say(1, 1, "after b");
        minutes(&mut world, 2);
        if restarts {
            world.restart(who);
            minutes(&mut world, 2);
        }
        for (of, text) in [(0, "first"), (1, "second"), (0, "after a"), (1, "after b")] {
            assert_eq!(state_of(&world, of, text), MessageState::Delivered, "{what}: {text}");
        }
        for (of, text) in [(0, "at the relay"), (1, "still here")] {
            assert!(world.texts(1 - of, 1).contains(&text.to_owned()), "{what}: {text}");
            // What a wrong clock stamped was refused, so the receipt, too.
            let state = state_of(&world, of, text);
            assert!(
                state == MessageState::Delivered || (of != who && state == MessageState::AtRelay),
                "{what}: {text}"
            );
        }
        for (of, text) in [(0, "meanwhile a"), (1, "meanwhile b")] {
            let state = state_of(&world, of, text);
            let shown = world.texts(1 - of, 1).contains(&text.to_owned());
            let honest: &[_] = match shown {
                true if of != who => &[MessageState::Delivered, MessageState::AtRelay],
                true => &[MessageState::Delivered],
                false => &[MessageState::Failed],
            };
            assert!(honest.contains(&state), "{what}: {text} is lost only if the sender is told so: {state:?}");
            assert!(shown || of == who, "{what}: only whose clock is wrong loses anything");
        }
        for of in [0, 1] {
            assert_eq!(world.noticed(of, Notice::Undecryptable), 0, "{what}");
            let vault = world.vault(of);
            let messages = vault.messages(1, 1..=vault.newest(1)).unwrap();
            let mut all: Vec<_> = messages.iter().map(|m| (m.mine, m.text.as_str())).collect();
            all.sort_unstable();
            assert!(all.windows(2).all(|two| two[0] != two[1]), "{what}: nothing came twice");
        }
    }
}

#[test]
fn contact_made_while_the_clock_was_wrong_is_heard_when_it_is_right() {
    for skew in [YEARS, -YEARS] {
        let mut world = World::new(1101, &["Alice", "Bob"]);
        let link = world.invite(0);
        world.people[0].skew = skew;
        world.round();
        // Ahead, the invite is past its time; then Alice makes another when the clock is right.
        if skew > 0 {
            world.people[0].skew = 0;
            let link = world.invite(0);
            world.people[0].skew = 3 * 86_400_000;
            world.accept(1, &link);
        } else {
            world.accept(1, &link);
        }
        minutes(&mut world, 2);
        world.people[0].skew = 0;
        minutes(&mut world, 5);
        world.say(1, 1, "do you hear me");
        minutes(&mut world, 2);
        let contact = world.vault(0).contacts()[0].handle;
        assert_eq!(world.texts(0, contact), ["do you hear me"], "{skew}");
    }
}

#[test]
fn unanswered_session_refuses_years_later_and_goes_on_when_the_clock_is_right_again() {
    let mut world = World::new(1102, &["Alice", "Bob"]);
    let link = world.invite(0);
    // Bob accepts; Alice's program does not run.
    world.act(1, Action::Accept(words(&link)));
    for _ in 0..4 {
        world.net(1);
        world.deliver(1);
        world.input(1, Input::Tick);
    }
    world.say(1, 1, "before");
    world.people[1].skew = YEARS;
    world.say(1, 1, "too late");
    assert_eq!(state_of(&world, 1, "too late"), MessageState::Failed);
    world.people[1].skew = 0;
    world.say(1, 1, "after");
    minutes(&mut world, 3);
    let contact = world.vault(0).contacts()[0].handle;
    assert_eq!(world.texts(0, contact), ["before", "after"]);
}

#[test]
fn machine_that_slept_for_days_gets_and_sends_what_waited() {
    let mut world = World::pair(1103);
    world.say(1, 1, "written before the sleep");
    world.say(0, 1, "written for a sleeper");
    world.net(0);
    // Bob's machine sleeps: no ticks, and his net's connection is gone when it wakes.
    world.pass(5 * 86_400_000);
    world.connect(1);
    minutes(&mut world, 2);
    assert_eq!(state_of(&world, 1, "written before the sleep"), MessageState::Delivered);
    assert_eq!(state_of(&world, 0, "written for a sleeper"), MessageState::Delivered);
}

#[test]
fn clock_at_its_ends_ends_nothing() {
    let mut world = World::pair(1104);
    for now in [0, u64::MAX, 1, START, u64::MAX / 2, START] {
        world.people[0].skew = 0;
        world.now = Time(now);
        world.say(0, 1, "at the end of time");
        world.input(0, Input::Tick);
        world.input(1, Input::Tick);
    }
    world.now = Time(START + 60_000);
    minutes(&mut world, 3);
    world.say(0, 1, "after all");
    minutes(&mut world, 2);
    assert_eq!(world.texts(1, 1).last().unwrap(), "after all");
}
