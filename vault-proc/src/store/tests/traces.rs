//! What is left of deleted things in the files of a profile, for somebody who has its key: every page of the store and
//! every frame of its log is decrypted, those not in use any more as well.

use super::disk::{Disk, Fault};
use super::world::{World, words};
use crate::profile::tests::Folder;
use crate::store::SqlStore;
use crate::store::wash::EMPTIED;
use aes::Aes256;
use aes::cipher::generic_array::GenericArray;
use aes::cipher::{BlockDecrypt, KeyInit};
use bulkhead_vault_core::{Action, Input, Secret, Store, Vault};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// SQLCipher's page, and what it keeps of it for itself: 16 bytes of vector, 32 of tag.
const PAGE: usize = 4096;
const RESERVED: usize = 48;
/// The key of the tests' stores.
const KEY: [u8; 32] = [42; 32];

/// AES-256 in CBC mode. Of the first page 16 bytes are salt, in the clear.
fn decrypted(page: &[u8], first: bool) -> Vec<u8> {
    let cipher = Aes256::new(&KEY.into());
    let (body, reserved) = page.split_at(PAGE - RESERVED);
    let mut before: [u8; 16] = reserved[..16].try_into().unwrap();
    let mut plain = Vec::with_capacity(PAGE);
    for block in body[if first { 16 } else { 0 }..].chunks_exact(16) {
        let mut out = *GenericArray::from_slice(block);
        cipher.decrypt_block(&mut out);
        plain.extend(out.iter().zip(before).map(|(byte, mask)| byte ^ mask));
        before = block.try_into().unwrap();
    }
    plain
}

/// All that the profile's files hold, readable as far as the key goes.
pub fn contents(folder: &Path) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let (name, raw) = entry.map(|entry| (entry.file_name(), std::fs::read(entry.path()).unwrap())).unwrap();
        match name.to_str().unwrap() {
            "store.db" => all.extend(raw.chunks_exact(PAGE).enumerate().map(|(n, page)| decrypted(page, n == 0))),
            "store.db-wal" if raw.len() > 32 => {
                // As the page of any number: of the first only the salt would be lost.
                all.extend(raw[32..].chunks_exact(24 + PAGE).map(|frame| decrypted(&frame[24..], false)));
                all.extend(raw[32..].chunks_exact(24 + PAGE).map(|frame| decrypted(&frame[24..], true)));
            }
            _ => {}
        }
        all.push(raw);
    }
    all
}

pub fn holds(contents: &[Vec<u8>], needle: &[u8]) -> bool {
    contents.iter().any(|part| part.windows(needle.len()).any(|window| window == needle))
}

/// Which of many needles of one length are there, in one walk.
fn which<'a>(contents: &[Vec<u8>], needles: &HashSet<&'a [u8]>) -> HashSet<&'a [u8]> {
    let length = needles.iter().next().map_or(1, |needle| needle.len());
    contents.iter().flat_map(|part| part.windows(length)).filter_map(|window| needles.get(window).copied()).collect()
}

/// Words that occur once, and share no beginning: the index writes a word's beginning only if the one before differs.
fn rare(rng: &mut impl Rng) -> String {
    (0..12).map(|_| char::from(rng.random_range(b'a'..=b'z'))).collect()
}

fn found<'a>(contents: &[Vec<u8>], words: impl IntoIterator<Item = &'a String>) -> Vec<&'a str> {
    // The end of a word stands in the index even where its beginning is left out.
    let words: Vec<&str> = words.into_iter().map(String::as_str).collect();
    let there = which(contents, &words.iter().map(|word| &word.as_bytes()[5..]).collect());
    words.into_iter().filter(|word| there.contains(&word.as_bytes()[5..])).collect()
}

/// The record of the session with the first contact.
fn record(vault: &Vault<SqlStore>) -> Vec<u8> {
    vault.store().db.query_row("SELECT record FROM sessions", [], |row| row.get(0)).unwrap()
}

/// A long conversation, with words that occur once in each message. Every state of the session that there was, too.
fn talked(seed: u64, count: usize) -> (World, Vec<String>, Vec<Vec<u8>>) {
    let mut world = World::pair(seed);
    let (mut said, mut records) = (Vec::new(), Vec::new());
    for n in 0..count {
        let word = rare(&mut world.rng);
        let filler = "and so on ".repeat(world.rng.random_range(0..30));
        let long = if n % 40 == 7 { "a long story ".repeat(700) } else { String::new() };
        let who = world.rng.random_range(0..2);
        world.say(who, 1, &format!("message {n} {filler}{long} {word}"));
        said.push(word);
        if n % 5 == 0 {
            world.settle();
        }
        records.push(record(world.vault(0)));
    }
    world.settle();
    (world, said, records)
}

/// Where a message with this word stands.
fn place(world: &World, who: usize, word: &str) -> u64 {
    world.vault(who).search(word, 2).unwrap()[0].seq
}

fn delete(world: &mut World, who: usize, word: &str) {
    let seq = place(world, who, word);
    world.act(who, Action::DeleteMessage { contact: 1, seq });
}

#[test]
fn of_deleted_messages_nothing_is_left_and_the_others_stay() {
    let (mut world, said, _) = talked(900, 240);
    let folder = world.people[0].folder.0.clone();
    assert_eq!(found(&contents(&folder), &said).len(), said.len(), "the search finds what is there");
    let (mut gone, mut kept) = (Vec::new(), Vec::new());
    // Neighbours too, so that pages empty and are joined with others.
    for (n, word) in said.into_iter().enumerate() {
        if n % 7 != 3 { gone.push(word) } else { kept.push(word) }
    }
    // In no order: what moves to another page meanwhile leaves its copy behind, and is deleted there later.
    gone.shuffle(&mut world.rng);
    for word in &gone {
        delete(&mut world, 0, word);
    }
    let after = contents(&folder);
    assert_eq!(found(&after, &gone), Vec::<&str>::new());
    assert_eq!(found(&after, &kept).len(), kept.len());
    assert!(gone.iter().all(|word| world.vault(0).search(word, 1).unwrap().is_empty()));
    let shown = world.texts(0, 1);
    let shown_words: HashSet<&str> = shown.iter().filter_map(|text| text.rsplit(' ').next()).collect();
    assert_eq!(shown.len(), kept.len());
    assert_eq!(shown_words, kept.iter().map(String::as_str).collect());
    world.restart(0);
    assert_eq!(world.texts(0, 1), shown);
    assert_eq!(found(&contents(&folder), &gone), Vec::<&str>::new());
    // The index is still sound: what comes now is found.
    world.say(1, 1, "and afterwards: quintessence");
    world.settle();
    assert_eq!(world.vault(0).search("quintess", 5).unwrap().len(), 1);
    let check = "INSERT INTO search(search, rank) VALUES ('integrity-check', 0)";
    world.vault(0).store().db.execute_batch(check).unwrap();
}

#[test]
fn of_a_deleted_conversation_nothing_is_left_but_the_others() {
    let (mut world, said, records) = talked(901, 120);
    let link = world.invite(0);
    let _ = link;
    world.act(0, Action::Rename { contact: 1, name: words("Xenophon Quartermain") });
    world.act(0, Action::SaveDraft { contact: 1, text: words("never sent: kaleidoscope") });
    let folder = world.people[0].folder.0.clone();
    let mut secrets: Vec<Vec<u8>> = vec![b"Xenophon".to_vec(), b"Quartermain".to_vec(), b"kaleidoscope".to_vec()];
    let columns = "SELECT identity, mailbox_secret, mailbox_seal, peer_identity, peer_seal, peer_mailbox FROM contacts";
    let keys: Vec<Vec<u8>> = {
        let db = &world.vault(0).store().db;
        db.query_row(columns, [], |row| (0..6).map(|n| row.get(n)).collect()).unwrap()
    };
    secrets.extend(keys);
    let before = contents(&folder);
    assert!(secrets.iter().all(|secret| holds(&before, secret)));
    assert!(holds(&before, &record(world.vault(0))[..200]));
    world.act(0, Action::Delete(1));
    let after = contents(&folder);
    assert_eq!(found(&after, &said), Vec::<&str>::new());
    assert_eq!(secrets.iter().filter(|secret| holds(&after, secret)).count(), 0);
    // Parts of every state that the session had: ratchet keys, chain keys, message keys. What all have in common (the
    // form of the record) tells nothing.
    let own = world.vault(0).own_name().as_str().to_owned();
    let parts = records
        .iter()
        .flat_map(|record| record.chunks_exact(32).step_by(2))
        .filter(|part| part.iter().filter(|byte| **byte == 0).count() < 8);
    let parts: HashSet<&[u8]> = parts.collect();
    assert!(parts.len() > 500, "{}", parts.len());
    assert_eq!(which(&after, &parts).len(), 0);
    assert!(holds(&after, own.as_bytes()), "the search still finds what is there");
}

#[test]
fn what_lies_between_the_cells_of_any_page_goes_with_the_next_deletion() {
    let (mut world, said, _) = talked(906, 60);
    let folder = world.people[0].folder.0.clone();
    let mut put = 0;
    {
        let db = &world.vault(0).store().db;
        let mut list = db.prepare("SELECT pgno, data FROM sqlite_dbpage").unwrap();
        let pages = list.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let pages: Vec<(i64, Vec<u8>)> = pages.map(Result::unwrap).collect();
        for (number, mut page) in pages {
            let start = if number == 1 { 100 } else { 0 };
            let two = |at: usize| usize::from(u16::from_be_bytes([page[start + at], page[start + at + 1]]));
            let gap = (start + 12 + 2 * two(3), two(5));
            if matches!(page[start], 2 | 5 | 10 | 13) && gap.1 > gap.0 + 60 {
                page[gap.0 + 20..gap.0 + 40].copy_from_slice(b"a word left in a gap");
                let sql = "UPDATE sqlite_dbpage SET data = ?2 WHERE pgno = ?1";
                db.execute(sql, rusqlite::params![number, page]).unwrap();
                put += 1;
            }
        }
    }
    let count = || contents(&folder).iter().filter(|part| holds(&[part.to_vec()], b"a word left in a gap")).count();
    assert!(put > 5 && count() >= put, "{put}");
    delete(&mut world, 0, &said[30]);
    assert_eq!(count(), 0);
    assert_eq!(world.texts(0, 1).len(), said.len() - 1);
    let check: String = world.vault(0).store().db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok");
}

#[test]
fn washing_goes_on_where_it_was_interrupted() {
    let (mut world, said, _) = talked(902, 60);
    let folder = world.people[0].folder.0.clone();
    // As if the power had failed after the deletion and before the washing: what was deleted is in the log.
    let (seq, vault) = (place(&world, 0, &said[10]), world.people[0].vault.as_mut().unwrap());
    let _ = vault.handle(Input::Do(Action::SaveDraft { contact: 1, text: words("x") }), world.now, &mut world.rng);
    let store = vault.store();
    store.db.execute_batch("BEGIN").unwrap();
    crate::store::removal::messages(&store.db, 1, &[seq]).unwrap();
    store.db.execute_batch("COMMIT").unwrap();
    assert!(!found(&contents(&folder), &said[10..11]).is_empty());
    let copy = super::world::folder();
    for name in ["store.db", "store.db-wal"] {
        std::fs::copy(folder.join(name), copy.0.join(name)).unwrap();
    }
    let store = SqlStore::open(&copy.0, &super::world::key(&copy)).unwrap();
    assert!(store.traces.left);
    let mut vault = Vault::open(store, &super::world::config(), world.now).unwrap();
    for _ in 0..10 {
        std::thread::sleep(crate::store::SLICES);
        let _ = vault.handle(Input::Tick, world.now, &mut world.rng);
    }
    assert!(!vault.store().traces.left);
    assert_eq!(found(&contents(&copy.0), &said[10..11]), Vec::<&str>::new());
}

#[test]
fn older_states_of_a_session_do_not_outlive_the_log() {
    let (mut world, _, records) = talked(904, 200);
    let folder = world.people[0].folder.0.clone();
    let newest = record(world.vault(0));
    // What the newest state still has may be there: libsignal keeps the last receiving chains.
    let kept: HashSet<&[u8]> = newest.windows(32).collect();
    let older = records.iter().flat_map(|record| record.chunks_exact(32));
    let older = older.filter(|part| part.iter().filter(|byte| **byte == 0).count() < 8);
    let older: HashSet<&[u8]> = older.filter(|part| !kept.contains(part)).collect();
    assert!(older.len() > 500, "{}", older.len());
    assert!(!which(&contents(&folder), &older).is_empty(), "while it runs, the log has some");
    world.people[0].vault = None;
    let left = which(&contents(&folder), &older).len();
    assert_eq!(left, 0, "of {} parts", older.len());
    assert!(holds(&contents(&folder), &newest[..64]), "the search still finds what is there");
}

#[test]
fn older_states_of_many_sessions_do_not_either() {
    let folder = super::world::folder();
    let mut store = SqlStore::create(&folder.0, &super::world::key(&folder)).unwrap();
    store.db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    let rng = &mut StdRng::seed_from_u64(905);
    let (mut newest, mut older) = (BTreeMap::new(), Vec::new());
    for _ in 0..600 {
        let (contact, length) = (rng.random_range(1..30), rng.random_range(300..6000));
        let state: Vec<u8> = (0..length).map(|_| rng.random()).collect();
        store.begin().unwrap();
        store.put_session(contact, &Secret::new(state.clone())).unwrap();
        store.commit().unwrap();
        older.extend(newest.insert(contact, state));
    }
    drop(store);
    let older: HashSet<&[u8]> = older.iter().flat_map(|state| state.chunks_exact(32)).collect();
    let left = which(&contents(&folder.0), &older).len();
    assert_eq!(left, 0, "of {} parts", older.len());
    let newest: HashSet<&[u8]> = newest.values().map(|state| &state[..32]).collect();
    assert_eq!(which(&contents(&folder.0), &newest).len(), newest.len());
}

/// A store in a folder of its own with all of its log, on a disk that fails; and a second name for its log.
fn copied(folder: &Path) -> (Folder, Arc<Disk>, SqlStore, PathBuf) {
    let copy = super::world::folder();
    for name in ["store.db", "store.db-wal"] {
        std::fs::copy(folder.join(name), copy.0.join(name)).unwrap();
    }
    let disk = Disk::under(&copy.0);
    let store = SqlStore::open(&copy.0, &super::world::key(&copy)).unwrap();
    let linked = copy.0.join("linked");
    std::fs::hard_link(copy.0.join("store.db-wal"), &linked).unwrap();
    (copy, disk, store, linked)
}

#[test]
fn the_log_is_overwritten_before_it_goes() {
    let (world, ..) = talked(903, 30);
    let folder = world.people[0].folder.0.clone();
    let mut overwritten = 0;
    for call in 0.. {
        let (_copy, disk, store, linked) = copied(&folder);
        disk.fail(call, Fault::Once);
        drop(store);
        if !disk.mend() {
            break;
        }
        // Where cutting it failed, it is seen as it was before.
        let left = std::fs::read(&linked).unwrap();
        if left.starts_with(EMPTIED) && left[16..].iter().all(|byte| *byte == 0) {
            overwritten += 1;
        }
    }
    assert!(overwritten > 0);
}

#[test]
fn a_power_cut_while_the_log_is_overwritten_loses_nothing() {
    let (mut world, ..) = talked(907, 30);
    let folder = world.people[0].folder.0.clone();
    let count = |store: &SqlStore| -> (i64, Vec<u8>) {
        let sql = "SELECT (SELECT count(*) FROM messages), record FROM sessions";
        store.db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    let before = count(world.vault(0).store());
    assert!(std::fs::metadata(folder.join("store.db-wal")).unwrap().len() > 128 * 1024);
    let mut cut = true;
    for call in 0.. {
        for kept in 0..3 {
            let (copy, disk, store, _) = copied(&folder);
            disk.fail(call, Fault::Power);
            drop(store);
            cut = disk.mend();
            disk.power_back(|number| number % 3 == kept);
            let store = SqlStore::open(&copy.0, &super::world::key(&copy)).unwrap();
            assert!(count(&store) == before, "call {call}, {kept}");
        }
        if !cut {
            break;
        }
    }
    world.people[0].vault = None;
}

#[test]
fn closing_leaves_no_older_states_behind() {
    let (mut world, _, records) = talked(903, 30);
    let folder = world.people[0].folder.0.clone();
    let log = folder.join("store.db-wal");
    assert!(std::fs::metadata(&log).unwrap().len() > 0);
    world.people[0].vault = None;
    assert!(!log.exists());
    let newest = records.last().unwrap();
    let older: Vec<_> = records.iter().filter(|record| *record != newest).collect();
    assert!(older.iter().all(|record| !holds(&contents(&folder), record)));
}
