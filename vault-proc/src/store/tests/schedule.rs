//! Nothing is kept longer than it is needed: after as many days as the schedule of `RETENTION.md` gives it, each table is
//! empty, and nothing is left in the file.

use super::traces::{contents, holds};
use super::world::{RELAY, World, words};
use crate::store::SqlStore;
use bulkhead_ipc::post::ToNet;
use bulkhead_vault_core::{Action, Vault};

const DAY: u64 = 86_400_000;

fn count(vault: &Vault<SqlStore>, table: &str) -> i64 {
    vault.store().db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
}

fn counts(world: &World) -> [i64; 4] {
    ["invites", "jobs", "erasures", "events"].map(|table| count(world.vault(0), table))
}

/// Days go by without a relay. The last minutes of each pass in steps: after a leap nothing is given up for a while.
fn days(world: &mut World, days: u64) {
    for _ in 0..days {
        for step in [DAY - 900_000, 450_000, 450_000] {
            world.pass(step);
            world.people[0].queue.clear();
            world.tick(0);
        }
    }
}

#[test]
fn after_the_days_of_the_schedule_the_tables_are_empty() {
    let mut world = World::pair(970);
    world.say(1, 1, "hello");
    world.settle();
    let link = world.invite(0);
    // From here on no relay answers Alice: two messages and the deletions of two more stay undone.
    world.say(1, 1, "one more");
    world.net(1);
    world.deliver(0);
    world.people[0].queue.clear();
    world.say(0, 1, "into the void");
    world.say(0, 1, "another");
    let at_first = counts(&world);
    assert!(at_first.iter().all(|count| *count > 0), "{at_first:?}");
    days(&mut world, 6);
    assert_eq!(counts(&world)[0], 1);
    let folder = world.people[0].folder.0.clone();
    let prekey: Vec<u8> =
        world.vault(0).store().db.query_row("SELECT one_time FROM invites", [], |row| row.get(0)).unwrap();
    assert!(holds(&contents(&folder), &prekey) && holds(&contents(&folder), link.as_bytes()));
    days(&mut world, 1);
    assert_eq!(counts(&world)[0], 0, "an invite lives 7 days");
    assert!(!holds(&contents(&folder), &prekey) && !holds(&contents(&folder), link.as_bytes()));
    assert!(counts(&world)[1] > 0 && counts(&world)[2] > 0);
    // The invite's own deletion was queued on the seventh day. What comes later is news of a mailbox that moved.
    let last = "SELECT max((SELECT max(job) FROM jobs), (SELECT max(n) FROM erasures))";
    let last: i64 = world.vault(0).store().db.query_row(last, [], |row| row.get(0)).unwrap();
    let left = |world: &World| {
        let count =
            "SELECT (SELECT count(*) FROM jobs WHERE job <= ?1) + (SELECT count(*) FROM erasures WHERE n <= ?1)";
        world.vault(0).store().db.query_row(count, [last], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert!(left(&world) > 0);
    days(&mut world, 21);
    assert_eq!(left(&world), 0, "what waits is given up after 21 days");
    days(&mut world, 4);
    assert_eq!(counts(&world)[3], 0, "an event is known until it expires, after 31 days at the latest");
}

#[test]
fn the_keys_of_an_invite_whose_first_message_came_to_nothing_go_with_it() {
    let mut world = World::new(971, &["Alice", "Bob"]);
    let link = world.invite(0);
    world.act(1, Action::Accept(words(&link)));
    world.net(1);
    world.deliver(1);
    // Bob's hello is lost, what he writes afterwards arrives: it is opened with the invite's keys and waits.
    world.say(1, 1, "anybody there?");
    let is_hello = |n: usize| n == 0;
    let queue: Vec<_> = world.people[1].queue.drain(..).collect();
    let envelopes = queue.into_iter().filter_map(|packet| match packet {
        ToNet::Publish { event, .. } if event.kind == 1059 => Some(*event),
        _ => None,
    });
    let later: Vec<_> = envelopes.enumerate().filter(|(n, _)| !is_hello(*n)).map(|(_, event)| event).collect();
    assert_eq!(later.len(), 1);
    later.into_iter().for_each(|event| world.publish_at(RELAY, event));
    world.deliver(0);
    assert!(world.vault(0).contacts().is_empty());
    assert_eq!(count(world.vault(0), "invites"), 1);
    let folder = world.people[0].folder.0.clone();
    let keys: Vec<Vec<u8>> = {
        let sql = "SELECT one_time, signed, identity, mailbox_secret FROM invites";
        let read = |row: &rusqlite::Row<'_>| (0..4).map(|n| row.get(n)).collect();
        world.vault(0).store().db.query_row(sql, [], read).unwrap()
    };
    assert!(keys.iter().all(|key| holds(&contents(&folder), key)));
    world.restart(0);
    days(&mut world, 8);
    assert_eq!(count(world.vault(0), "invites"), 0);
    assert_eq!(keys.iter().filter(|key| holds(&contents(&folder), key)).count(), 0);
}

#[test]
fn what_no_relay_has_is_not_sent_once_it_is_deleted() {
    let mut world = World::pair(972);
    world.say(0, 1, "never mind");
    // net has not got to it.
    world.people[0].queue.clear();
    let seq = world.vault(0).newest(1);
    world.act(0, Action::DeleteMessage { contact: 1, seq });
    assert_eq!(count(world.vault(0), "jobs"), 0);
    world.restart(0);
    world.say(0, 1, "better so");
    world.settle();
    assert_eq!(world.texts(1, 1), ["better so"]);
}
