//! Messages that disappear, on both ends, whatever the host's clock does.

use super::traces::{contents, holds};
use super::world::{World, key};
use crate::store::salvage::salvage;
use bulkhead_ipc::intent::Notice;
use bulkhead_vault_core::{Action, MessageState, Time};

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
const WORD: &str = "ephemeral";

fn set(world: &mut World, who: usize, seconds: u32) {
    world.act(who, Action::SetTimer { contact: 1, seconds });
}

/// Two people with a timer of an hour, and a message that Alice sent.
fn sent(seed: u64) -> World {
    let mut world = World::pair(seed);
    set(&mut world, 0, 3600);
    world.say(0, 1, WORD);
    world.settle();
    world
}

/// The program runs, without net.
fn run(world: &mut World, milliseconds: u64) {
    for _ in 0..4 {
        world.pass(milliseconds / 4);
        (0..2).for_each(|who| world.tick(who));
    }
}

fn has(world: &World, who: usize) -> bool {
    let there = world.texts(who, 1).iter().any(|text| text == WORD);
    assert_eq!(there, !world.vault(who).search(WORD, 5).unwrap().is_empty());
    assert_eq!(there, holds(&contents(&world.people[who].folder.0), &WORD.as_bytes()[3..]));
    there
}

fn lines(world: &World, who: usize) -> Vec<(bool, u32)> {
    let vault = world.vault(who);
    let messages = vault.messages(1, 0..=u64::MAX >> 1).unwrap();
    messages.iter().filter(|m| m.state == MessageState::Timer).map(|m| (m.mine, m.life)).collect()
}

#[test]
fn the_timer_is_told_and_each_side_has_one_line() {
    let mut world = sent(950);
    assert_eq!((lines(&world, 0), lines(&world, 1)), (vec![(true, 3600)], vec![(false, 3600)]));
    assert_eq!([0, 1].map(|who| world.vault(who).contact(1).unwrap().timer), [3600, 3600]);
    set(&mut world, 0, 3600);
    set(&mut world, 0, 59);
    set(&mut world, 1, 0);
    world.settle();
    assert_eq!((lines(&world, 0).len(), lines(&world, 1)), (2, vec![(false, 3600), (true, 0)]));
    assert_eq!(world.vault(0).contact(1).unwrap().timer, 0);
    assert_eq!(world.vault(1).contact(1).unwrap().unread, 1, "a line is nothing to read");
    world.restart(0);
    assert_eq!((world.vault(0).contact(1).unwrap().timer, lines(&world, 0)), (0, vec![(true, 3600), (false, 0)]));
}

#[test]
fn of_changes_at_one_time_both_sides_keep_the_same() {
    let mut world = World::pair(951);
    set(&mut world, 0, 86_400);
    set(&mut world, 1, 3600);
    world.settle();
    assert_eq!([0, 1].map(|who| world.vault(who).contact(1).unwrap().timer), [86_400, 86_400]);
    // Somebody whose clock is behind can still change it.
    world.now = Time(world.now.0 - 10 * DAY);
    set(&mut world, 1, 3600);
    world.settle();
    assert_eq!([0, 1].map(|who| world.vault(who).contact(1).unwrap().timer), [3600, 3600]);
}

#[test]
fn the_time_begins_at_sending_and_at_reading_and_ends_on_both_sides() {
    let mut world = sent(952);
    assert!(has(&world, 0) && has(&world, 1));
    run(&mut world, HOUR + 1000);
    assert!(!has(&world, 0), "the sender's began when a relay took it");
    assert!(has(&world, 1), "nobody has read it");
    world.act(1, Action::Read(1));
    run(&mut world, HOUR - 60_000);
    assert!(has(&world, 1));
    run(&mut world, 61_000);
    assert!(!has(&world, 1));
    assert_eq!(world.vault(1).contact(1).unwrap().preview.as_ref().unwrap().state, MessageState::Timer);
    // What stood before and what comes after is not touched.
    world.say(1, 1, "still here");
    world.settle();
    assert_eq!(world.texts(0, 1).last().unwrap(), "still here");
}

#[test]
fn what_no_relay_has_taken_does_not_disappear() {
    let mut world = World::pair(953);
    set(&mut world, 0, 3600);
    world.say(0, 1, WORD);
    run(&mut world, 3 * HOUR);
    assert!(has(&world, 0));
    world.settle();
    run(&mut world, HOUR);
    assert!(!has(&world, 0));
}

#[test]
fn time_without_the_program_counts() {
    let mut world = sent(954);
    world.act(1, Action::Read(1));
    run(&mut world, HOUR / 2);
    world.pass(HOUR / 2 + 1000);
    world.restart(1);
    world.tick(1);
    assert!(!has(&world, 1), "before anything can be shown");
    // Suspended: the steady clock goes on.
    world.pass(HOUR);
    world.tick(0);
    assert!(!has(&world, 0));
}

#[test]
fn a_clock_turned_forward_erases_nothing_while_the_program_runs() {
    let mut world = sent(955);
    world.act(1, Action::Read(1));
    run(&mut world, 2000);
    let right = world.now;
    world.now = Time(right.0 + 10 * 365 * DAY);
    (0..60).for_each(|_| run(&mut world, 1000));
    assert!(has(&world, 0) && has(&world, 1));
    world.now = Time(right.0 + 60_000);
    run(&mut world, HOUR);
    assert!(!has(&world, 0) && !has(&world, 1));
}

#[test]
fn a_clock_turned_forward_meanwhile_is_doubted_for_an_hour_and_the_user_told() {
    let mut world = sent(956);
    world.act(1, Action::Read(1));
    run(&mut world, 60_000);
    let right = world.now;
    world.now = Time(right.0 + 10 * 365 * DAY);
    world.restart(1);
    world.people[1].changes.clear();
    run(&mut world, HOUR / 2);
    assert!(has(&world, 1));
    assert_eq!(world.noticed(1, Notice::ClockLeapt), 1);
    // Set right: only what really passed counts.
    world.now = Time(right.0 + HOUR / 2);
    run(&mut world, 60_000);
    assert!(has(&world, 1));
    // Or not: then it is as it says.
    world.now = Time(right.0 + 10 * 365 * DAY);
    world.restart(1);
    run(&mut world, HOUR / 8);
    assert!(has(&world, 1));
    set(&mut world, 1, 86_400);
    run(&mut world, HOUR);
    assert!(!has(&world, 1));
}

#[test]
fn a_clock_turned_back_keeps_nothing_longer_than_the_program_runs() {
    let mut world = sent(957);
    world.act(1, Action::Read(1));
    run(&mut world, 60_000);
    world.now = Time(1_000_000);
    world.restart(1);
    world.tick(1);
    run(&mut world, HOUR / 2);
    assert!(has(&world, 1));
    run(&mut world, HOUR / 2);
    assert!(!has(&world, 1));
}

#[test]
fn a_clock_that_is_set_after_the_start_counts_the_time_without_the_program() {
    let mut world = sent(958);
    world.act(1, Action::Read(1));
    run(&mut world, 60_000);
    let right = world.now;
    world.now = Time(1_000_000);
    world.restart(1);
    run(&mut world, 60_000);
    assert!(has(&world, 1));
    world.now = Time(right.0 + 2 * HOUR);
    world.tick(1);
    assert!(!has(&world, 1));
}

#[test]
fn many_disappear_at_once() {
    let mut world = World::pair(959);
    world.say(0, 1, "before");
    set(&mut world, 0, 3600);
    for n in 0..600 {
        world.say(0, 1, &format!("{WORD} {n}"));
        if n % 60 == 0 {
            set(&mut world, 0, if n % 120 == 0 { 0 } else { 3600 });
            world.round();
        }
    }
    world.settle();
    world.settle();
    world.act(1, Action::Read(1));
    run(&mut world, HOUR + 1000);
    for who in 0..2 {
        let texts = world.texts(who, 1);
        assert_eq!(texts[0], "before");
        let kept: Vec<_> = texts.iter().filter(|text| text.starts_with(WORD)).collect();
        let expected: Vec<_> =
            (0..600).filter(|n| (n - 1) / 60 % 2 == 0 && *n != 0).map(|n| format!("{WORD} {n}")).collect();
        assert_eq!(kept, expected.iter().collect::<Vec<_>>(), "{who}");
        assert_eq!(world.vault(who).search(WORD, 1000).unwrap().len(), kept.len());
    }
}

#[test]
fn what_disappears_still_does_in_a_store_that_was_saved_in_part() {
    for (seed, lost) in [(960, "sqlite_schema"), (961, "age"), (962, "jobs")] {
        let mut world = World::pair(seed);
        set(&mut world, 0, 86_400);
        world.say(0, 1, "an hour later");
        world.settle();
        (0..10).for_each(|_| run(&mut world, DAY));
        set(&mut world, 0, 3600);
        world.say(0, 1, WORD);
        world.settle();
        world.act(1, Action::Read(1));
        run(&mut world, 60_000);
        world.say(1, 1, "not yet sent");
        let sql = "SELECT rootpage FROM sqlite_schema WHERE name = ?1";
        let page: i64 = world.vault(1).store().db.query_row(sql, [lost], |row| row.get(0)).unwrap_or(1);
        let folder = world.people[1].folder.0.clone();
        world.people[1].vault = None;
        let mut bytes = std::fs::read(folder.join("store.db")).unwrap();
        bytes[usize::try_from(page - 1).unwrap() * 4096 + 2000] ^= 1;
        std::fs::write(folder.join("store.db"), bytes).unwrap();
        let saved = salvage(&folder, &key(&world.people[1].folder), world.now).unwrap();
        assert_eq!(saved.pages.1, 1);
        // What it replaced is kept, and has it for ever.
        for end in ["", "-wal"] {
            let _ = std::fs::remove_file(folder.join(format!("store.db.damaged{end}")));
        }
        world.restart(1);
        assert_eq!(world.vault(1).contact(1).unwrap().timer, 3600, "{lost}");
        world.tick(1);
        assert!(has(&world, 1), "{lost}");
        run(&mut world, HOUR);
        assert!(!has(&world, 1), "{lost}");
        let texts = world.texts(1, 1);
        assert_eq!(texts.iter().any(|text| text == "not yet sent"), lost != "jobs", "{lost}: {texts:?}");
    }
}
