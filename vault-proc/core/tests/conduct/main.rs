//! The vault does what `ipc/automata/vault.rs` says, as far as the steps can be seen from outside: random histories of
//! two vaults over a relay that loses, repeats and reorders, with stores that write down what is done to them and
//! now and then refuse a commit.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod store;
mod world;

use bulkhead_ipc::automata::vault::{Deed, Occasion, Record, VAULT};
use bulkhead_ipc::post::ToNet;
use bulkhead_vault_core::{Changed, Effect};
use std::collections::BTreeSet;
use store::{Log, Seen};
use world::World;

/// What of a row can be seen by a store, in order.
fn visible(on: Occasion) -> Vec<Record> {
    let row = VAULT.iter().find(|row| row.on == on).expect("a row");
    let before = row.does.iter().take_while(|deed| **deed != Deed::Commit);
    before.filter_map(|deed| if let Deed::Keep(record) = deed { Some(*record) } else { None }).collect()
}

/// Whether a transaction was as the table says; the number of invites that it used.
fn obeys(log: &Log, effects: &[Effect], greeted: bool) -> usize {
    let seen = &log.seen;
    let began = seen.iter().filter(|step| **step == Seen::Begin).count();
    assert_eq!(began, 1, "one input is one transaction: {seen:?}");
    let end = seen.iter().position(|step| matches!(step, Seen::Commit | Seen::Refused)).expect("an end");
    let committed = seen[end] == Seen::Commit;
    let (within, after) = seen.split_at(end);
    let writes = |step: &Seen| {
        matches!(step, Seen::Kept(_) | Seen::EventId(_) | Seen::Job(_) | Seen::RemovedInvite(_) | Seen::Commit)
    };
    assert!(committed || after.contains(&Seen::Rollback));
    assert!(!after.iter().skip(1).any(writes), "nothing is written past the commit: {seen:?}");
    for effect in effects {
        match effect {
            // Deed::Commit before Speech::Publish, on every occasion.
            Effect::Post(ToNet::Publish { job, .. }) => {
                assert!(committed && log.durable.jobs.contains_key(job), "published before it was stored");
            }
            Effect::Changed(Changed::Messages(_) | Changed::Incoming { .. } | Changed::Added(_)) => {
                assert!(committed, "shown before it was stored");
            }
            Effect::Post(ToNet::Relays(_) | ToNet::Watch(_) | ToNet::Unwatch(_)) => {
                assert!(committed, "net was told what is not durable");
            }
            Effect::Post(ToNet::Welcome { .. }) => assert!(greeted),
            _ => {}
        }
    }
    // An event is asked about before it is taken, and taken once.
    for (at, step) in within.iter().enumerate() {
        if let Seen::EventId(id) = step {
            assert!(within[..at].contains(&Seen::Asked(*id, false)), "taken without asking");
            assert!(!within[at + 1..].contains(step), "taken twice");
        }
    }
    // Deed::DropInvite stands with Record::Contact and Record::Session in one transaction.
    let used = within.iter().filter(|step| matches!(step, Seen::RemovedInvite(_))).count();
    let took = within.iter().any(|step| matches!(step, Seen::EventId(_)));
    if used > 0 && took {
        for record in visible(Occasion::EventOfInvite) {
            let there = match record {
                Record::EventId => took,
                record => within.contains(&Seen::Kept(record)),
            };
            assert!(there, "an invite was used without {record:?}: {seen:?}");
        }
    }
    // A text that comes in: its event, itself, what is owed for it, and the ratchet, together.
    let received = took && used == 0 && within.contains(&Seen::Kept(Record::Message));
    if received {
        for record in visible(Occasion::EventOfContact).into_iter().filter(|record| *record != Record::EventId) {
            assert!(within.contains(&Seen::Kept(record)), "a message came without {record:?}: {seen:?}");
        }
        let place = |wanted: &Seen| within.iter().position(|step| step == wanted);
        let (message, session) = (Seen::Kept(Record::Message), Seen::Kept(Record::Session));
        assert!(within.iter().position(|step| matches!(step, Seen::EventId(_))) < place(&message));
        assert!(
            place(&message) < place(&Seen::Kept(Record::Receipt))
                && place(&Seen::Kept(Record::Receipt)) < place(&session)
        );
    }
    // A text that goes out.
    if !took && within.contains(&Seen::Kept(Record::Message)) {
        let kept: Vec<Record> = within
            .iter()
            .filter_map(|step| if let Seen::Kept(record) = step { Some(*record) } else { None })
            .filter(|record| visible(Occasion::Send).contains(record))
            .collect();
        assert_eq!(kept, visible(Occasion::Send), "{seen:?}");
    }
    usize::from(committed && used > 0 && took)
}

#[test]
fn the_vault_obeys_the_table_of_its_conduct() {
    let (mut transactions, mut published, mut refused, mut used, mut read) = (0, 0, 0, 0, 0);
    for seed in 0..12 {
        let mut world = World::new(seed);
        (0..400).for_each(|_| world.step());
        transactions += world.transactions;
        published += world.published;
        refused += world.refused;
        used += world.invites_used;
        for person in &world.people {
            let messages = person.log.borrow().durable.messages.clone();
            let theirs: Vec<_> = messages.iter().filter(|row| !row.mine).map(|row| row.id).collect();
            let distinct: BTreeSet<_> = theirs.iter().collect();
            assert_eq!(distinct.len(), theirs.len(), "a message stands in a conversation twice");
            read += theirs.len();
        }
    }
    println!(
        "{transactions} transactions, {published} publications, {refused} refusals, {used} invites used, {read} messages"
    );
    // The histories are no use if nothing happens in them.
    assert!(published > 100 && refused > 20 && used > 5 && read > 50);
}
