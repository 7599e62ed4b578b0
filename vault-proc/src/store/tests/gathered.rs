//! What the store gathers in a transaction and writes as one row.

use super::world::{START, folder, key};
use crate::store::SqlStore;
use bulkhead_ipc::bytes::Bytes;
use bulkhead_vault_core::envelope::Stamp;
use bulkhead_vault_core::store::{JobRow, Work};
use bulkhead_vault_core::{Key, Secret, Store, Time};

fn erasure(job: u64) -> JobRow {
    let byte = u8::try_from(job).unwrap();
    let stamp = Stamp { author: Key::new([byte; 32]), nonce: [0; 24], created_at: job + 7, expires_at: job + 9 };
    let what = Work::Erase { event: Bytes([byte + 1; 32]), mailbox: Bytes([byte + 2; 32]) };
    JobRow { job, what, stamp, since: Time(START + job), relays: (0..job as u16 % 3).collect() }
}

fn envelope(job: u64) -> JobRow {
    JobRow { what: Work::Envelope { contact: 1, prekey: false, message: 0, revision: 0 }, ..erasure(job) }
}

fn transaction(store: &mut SqlStore, work: impl FnOnce(&mut SqlStore)) {
    store.begin().unwrap();
    work(store);
    store.commit().unwrap();
}

fn add(store: &mut SqlStore, job: u64) {
    store.add_job(&erasure(job), &Secret::new(Vec::new())).unwrap();
}

fn jobs(store: &mut SqlStore) -> Vec<u64> {
    let mut jobs: Vec<_> = store.load().unwrap().jobs.into_iter().map(|row| row.job).collect();
    jobs.sort_unstable();
    jobs
}

fn rows(store: &SqlStore) -> u32 {
    store.db.query_row("SELECT count(*) FROM erasures", [], |row| row.get(0)).unwrap()
}

#[test]
fn erasures_come_back_after_a_restart_as_they_were() {
    let folder = folder();
    let mut store = SqlStore::create(&folder.0, &key(&folder)).unwrap();
    transaction(&mut store, |store| [1, 2, 5].into_iter().for_each(|job| add(store, job)));
    drop(store);
    let mut store = SqlStore::open(&folder.0, &key(&folder)).unwrap();
    let loaded = store.load().unwrap().jobs;
    assert_eq!(loaded.len(), 3);
    for (row, job) in loaded.iter().zip([1, 2, 5]) {
        let wanted = erasure(job);
        assert!(row.what == wanted.what && row.stamp.author == wanted.stamp.author && row.relays == wanted.relays);
        let numbers = |row: &JobRow| (row.job, row.since, row.stamp.created_at, row.stamp.expires_at);
        assert_eq!(numbers(row), numbers(&wanted));
    }
}

#[test]
fn erasures_are_removed_one_by_one_and_a_row_with_its_last() {
    let folder = folder();
    let mut store = SqlStore::create(&folder.0, &key(&folder)).unwrap();
    transaction(&mut store, |store| [1, 2, 4].into_iter().for_each(|job| add(store, job)));
    transaction(&mut store, |store| {
        add(store, 6);
        store.add_job(&envelope(7), &Secret::new(vec![1])).unwrap();
        add(store, 8);
    });
    transaction(&mut store, |store| [1, 4, 6].into_iter().for_each(|job| store.remove_job(job).unwrap()));
    assert_eq!((jobs(&mut store), rows(&store)), (vec![2, 7, 8], 2));
    transaction(&mut store, |store| [2, 7].into_iter().for_each(|job| store.remove_job(job).unwrap()));
    assert_eq!((jobs(&mut store), rows(&store)), (vec![8], 1));
    // One that is gone, one that never was, and one added and removed at once.
    transaction(&mut store, |store| {
        add(store, 9);
        [1, 3, 9, 8].into_iter().for_each(|job| store.remove_job(job).unwrap());
    });
    assert_eq!((jobs(&mut store), rows(&store)), (vec![], 0));
}

#[test]
fn many_erasures_of_one_transaction_share_few_rows() {
    let folder = folder();
    let mut store = SqlStore::create(&folder.0, &key(&folder)).unwrap();
    transaction(&mut store, |store| (1..=200).for_each(|job| add(store, job)));
    assert_eq!((jobs(&mut store), rows(&store)), ((1..=200).collect(), 4));
    transaction(&mut store, |store| (50..=140).for_each(|job| store.remove_job(job).unwrap()));
    assert_eq!((jobs(&mut store), rows(&store)), ((1..50).chain(141..=200).collect(), 3));
}

#[test]
fn what_is_rolled_back_was_never_gathered() {
    let folder = folder();
    let mut store = SqlStore::create(&folder.0, &key(&folder)).unwrap();
    transaction(&mut store, |store| {
        add(store, 1);
        store.remember_event(&Bytes([1; 32]), 100).unwrap();
    });
    store.begin().unwrap();
    add(&mut store, 2);
    store.remove_job(1).unwrap();
    store.remember_event(&Bytes([2; 32]), 100).unwrap();
    store.rollback();
    let known = |store: &mut SqlStore| [1, 2].map(|id| store.knows_event(&Bytes([id; 32])).unwrap());
    assert_eq!((jobs(&mut store), known(&mut store)), (vec![1], [true, false]));
    transaction(&mut store, |_| ());
    assert_eq!(jobs(&mut store), [1]);
    drop(store);
    let mut store = SqlStore::open(&folder.0, &key(&folder)).unwrap();
    assert_eq!(known(&mut store), [true, false]);
}

#[test]
fn events_are_known_after_a_restart_until_the_last_of_their_transaction_expires() {
    let folder = folder();
    let mut store = SqlStore::create(&folder.0, &key(&folder)).unwrap();
    let known = |store: &mut SqlStore| [1, 2, 3].map(|id| store.knows_event(&Bytes([id; 32])).unwrap());
    transaction(&mut store, |store| {
        store.remember_event(&Bytes([1; 32]), 200).unwrap();
        store.remember_event(&Bytes([2; 32]), 100).unwrap();
    });
    transaction(&mut store, |store| store.remember_event(&Bytes([3; 32]), 150).unwrap());
    drop(store);
    let mut store = SqlStore::open(&folder.0, &key(&folder)).unwrap();
    assert_eq!(known(&mut store), [true; 3]);
    transaction(&mut store, |store| store.forget_events(200).unwrap());
    assert_eq!(known(&mut store), [true, true, false]);
    transaction(&mut store, |store| {
        store.remember_event(&Bytes([3; 32]), 300).unwrap();
        store.forget_events(201).unwrap();
    });
    assert_eq!(known(&mut store), [false, false, true]);
    drop(store);
    let mut store = SqlStore::open(&folder.0, &key(&folder)).unwrap();
    assert_eq!(known(&mut store), [false, false, true]);
}
