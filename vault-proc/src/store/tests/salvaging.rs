//! Stores that are damaged in every place: whatever can be read is saved, nothing is lost without a word, and no key is
//! used twice.

use super::world::{RELAY, World, config, folder, key, words};
use crate::profile::tests::Folder;
use crate::store::SqlStore;
use crate::store::salvage::{self, Salvaged, salvage};
use bulkhead_ipc::intent::Notice;
use bulkhead_vault_core::{Action, Changed, Error, Input, MessageState, Vault};
use std::collections::BTreeSet;
use std::path::Path;

const PAGE: usize = 4096;

/// Alice with two contacts and some pages of messages; her store's folder, closed in good order.
fn filled(seed: u64) -> World {
    let mut world = World::new(seed, &["Alice", "Bob", "Carol"]);
    for who in [1, 2] {
        let link = world.invite(0);
        world.accept(who, &link);
    }
    for n in 0..90 {
        let who = 1 + n % 2;
        let contact = world.vault(0).contacts().iter().find(|c| c.name.as_str() == ["", "Bob", "Carol"][who]).unwrap();
        let contact = contact.handle;
        let text = format!("message {n} {}", "and some words more ".repeat(n % 9));
        if n % 3 == 0 {
            world.say(who, 1, &text)
        } else {
            world.say(0, contact, &text)
        }
        if n % 10 == 9 {
            world.settle();
        }
    }
    world.settle();
    world
}

type Held = Vec<(String, Vec<String>)>;

/// All that a vault shows: contacts and texts. Errors are what a user would be told.
fn held(vault: &Vault<SqlStore>) -> Result<Held, Error> {
    let mut all = Vec::new();
    for contact in vault.contacts() {
        let newest = vault.newest(contact.handle);
        let messages = vault.messages(contact.handle, 1..=newest)?;
        assert!(messages.iter().map(|m| m.seq).eq(1..=newest), "places are dense");
        let texts = messages.iter().map(|m| m.text.as_str().to_owned()).collect();
        all.push((contact.name.as_str().to_owned(), texts));
    }
    all.sort();
    Ok(all)
}

fn open(folder: &Folder, world: &World) -> Result<Vault<SqlStore>, Error> {
    Vault::open(SqlStore::open(&folder.0, &key(folder))?, &config(), world.now)
}

fn copy(from: &Path, ends: &[&str]) -> Folder {
    let to = folder();
    for end in ends {
        let name = format!("store.db{end}");
        std::fs::copy(from.join(&name), to.0.join(&name)).unwrap();
    }
    to
}

/// Opens as the program does, reads everything, and saves what can be read if that fails. What was held before may
/// only be missing if something was said.
fn judge(folder: &Folder, world: &World, before: &Held, what: &str) -> Option<Salvaged> {
    let first = open(folder, world).and_then(|vault| held(&vault));
    match first {
        Ok(now) => {
            assert_eq!(now, *before, "{what}: opened without a word");
            return None;
        }
        Err(error) => assert_eq!(error, Error::Damaged, "{what}"),
    }
    let damaged = std::fs::read(folder.0.join("store.db")).unwrap();
    let saved = match salvage(&folder.0, &key(folder), world.now) {
        Ok(saved) => saved,
        Err(error) => {
            assert_eq!(error, Error::Damaged, "{what}");
            assert_eq!(std::fs::read(folder.0.join("store.db")).unwrap(), damaged, "{what}: left as it was");
            return Some(Salvaged::default());
        }
    };
    assert_eq!(std::fs::read(folder.0.join("store.db.damaged")).unwrap(), damaged, "{what}: kept as it was");
    let mut vault = open(folder, world).unwrap();
    let now = held(&vault).unwrap();
    let all: BTreeSet<_> = before.iter().flat_map(|(_, texts)| texts).collect();
    for (_, texts) in &now {
        assert!(texts.iter().all(|text| all.contains(text)), "{what}: nothing is made up");
        let of = before.iter().find(|(_, old)| texts.iter().all(|text| old.contains(text))).map(|(_, old)| old);
        let old: Vec<_> = of.unwrap().iter().filter(|text| texts.contains(text)).collect();
        assert!(old.into_iter().eq(texts.iter()), "{what}: the order stays");
        for text in texts {
            let number = text.split(' ').nth(1).unwrap();
            assert!(!vault.search(&format!("message {number}"), 100).unwrap().is_empty(), "{what}: is found again");
        }
    }
    assert_eq!(now.iter().map(|(_, texts)| texts.len() as u64).sum::<u64>(), saved.messages, "{what}");
    // Whoever cannot be written to is marked, and the others can.
    let handles: Vec<_> = vault.contacts().iter().map(|c| (c.handle, c.lost)).collect();
    assert_eq!(handles.iter().filter(|(_, lost)| *lost).count(), saved.contacts.1 as usize, "{what}");
    let renewing = vault.contacts().iter().filter(|c| c.renewing).count();
    assert_eq!(renewing, saved.renewed as usize, "{what}");
    for (contact, lost) in handles {
        let action = Action::Send { contact, text: words("after the damage") };
        let effects = vault.handle(Input::Do(action), world.now, &mut rand::rng());
        let told = effects
            .iter()
            .any(|e| matches!(e, bulkhead_vault_core::Effect::Changed(Changed::Notice(Notice::KeysLost))));
        let newest = vault.newest(contact);
        let state = vault.messages(contact, newest..=newest).unwrap().pop().unwrap().state;
        let expected = if lost { MessageState::Failed } else { MessageState::Queued };
        assert_eq!((state, told), (expected, lost), "{what}");
    }
    Some(saved)
}

#[test]
fn each_damaged_page_costs_what_is_on_it_and_nothing_else() {
    let mut world = filled(1200);
    let before = held(world.vault(0)).unwrap();
    let messages: u64 = before.iter().map(|(_, texts)| texts.len() as u64).sum();
    world.people[0].vault = None;
    let source = world.people[0].folder.0.clone();
    let bytes = std::fs::read(source.join("store.db")).unwrap();
    let pages = bytes.len() / PAGE;
    let (mut said, mut worst, mut cut, mut hopeless) = (0, 0, 0, 0);
    for page in 0..pages {
        let folder = copy(&source, &[""]);
        let mut bad = bytes.clone();
        bad[page * PAGE + 20 + (page * 611) % 4000] ^= 1 << (page % 8);
        std::fs::write(folder.0.join("store.db"), bad).unwrap();
        if let Some(saved) = judge(&folder, &world, &before, &format!("page {page} of {pages}")) {
            said += 1;
            hopeless += u32::from(saved == Salvaged::default());
            worst = worst.max(messages - saved.messages);
            cut += saved.contacts.1 + saved.renewed;
            assert_eq!(saved.pages.1, 1, "page {page}");
        }
    }
    println!("{pages} pages: {said} were noticed; {worst} of {messages} messages lost at most, {cut} sessions in all");
    assert!(said > pages / 2 && hopeless == 0 && worst < messages / 2 && worst > 0 && cut > 0);
}

#[test]
fn damaged_salt_cut_file_and_lost_beginning_are_survived_as_far_as_can_be() {
    let mut world = filled(1201);
    let before = held(world.vault(0)).unwrap();
    world.people[0].vault = None;
    let source = world.people[0].folder.0.clone();
    let bytes = std::fs::read(source.join("store.db")).unwrap();
    let attempt = |what: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let folder = copy(&source, &[""]);
        let mut bad = bytes.clone();
        change(&mut bad);
        std::fs::write(folder.0.join("store.db"), bad).unwrap();
        judge(&folder, &world, &before, what)
    };
    let messages: u64 = before.iter().map(|(_, texts)| texts.len() as u64).sum();
    let salt = attempt("a bit of the salt", &|bytes| bytes[7] ^= 4).unwrap();
    assert_eq!((salt.messages, salt.contacts), (messages, (2, 0)));
    let half = attempt("half a file", &|bytes| bytes.truncate(bytes.len() / 2)).unwrap();
    assert_eq!(half.contacts.0, half.contacts.1 + half.renewed, "{half:?}");
    // The last page may be a free one.
    let odd = attempt("cut within a page", &|bytes| bytes.truncate(bytes.len() - 1000));
    assert!(odd.is_none_or(|odd| odd.messages > messages / 2), "{odd:?}");
    let middle = attempt("a hole", &|bytes| bytes[5 * PAGE..9 * PAGE].fill(0)).unwrap();
    assert!(middle.pages.1 >= 4, "{middle:?}");
    // Without the salt nothing authenticates: that is said, and the file left alone.
    assert_eq!(attempt("no beginning", &|bytes| bytes[..PAGE].fill(0)), Some(Salvaged::default()));
    assert_eq!(attempt("no file at all", &|bytes| bytes.clear()), Some(Salvaged::default()));
}

#[test]
fn damaged_log_is_noticed_and_no_key_is_used_again_because_of_it() {
    let world = filled(1202);
    let before = held(world.vault(0)).unwrap();
    let source = world.people[0].folder.0.clone();
    let log = std::fs::read(source.join("store.db-wal")).unwrap();
    // Behind the newest frames stand those of the log's last round, which do not count.
    let salts = |frame: usize| &log[32 + frame * (24 + PAGE) + 8..][..8];
    let frames = (0..(log.len() - 32) / (24 + PAGE)).take_while(|frame| salts(*frame) == &log[16..24]).count();
    // As a program finds it that was killed.
    let whole = copy(&source, &["", "-wal"]);
    assert!(open(&whole, &world).and_then(|vault| held(&vault)).unwrap() == before && frames > 20, "{frames}");
    let (mut noticed, mut short) = (0, 0);
    let last = frames.saturating_sub(3)..frames;
    let places = (0..32).step_by(5).chain((0..frames).step_by(1 + frames / 16).chain(last).flat_map(|frame| {
        let start = 32 + frame * (24 + PAGE);
        [start + frame % 24, start + 24 + (frame * 97) % PAGE]
    }));
    for at in places {
        let folder = copy(&source, &["", "-wal"]);
        let mut bad = log.clone();
        bad[at] ^= 1 << (at % 8);
        std::fs::write(folder.0.join("store.db-wal"), bad).unwrap();
        let first = open(&folder, &world).and_then(|vault| held(&vault));
        if let Ok(now) = first {
            // The last transaction alone looks as if the power had failed during it.
            let cut = |now: &Held| now.iter().zip(&before).all(|(a, b)| b.1.starts_with(&a.1) || a.1 == b.1);
            assert!(
                now == before || (at > 32 + frames.saturating_sub(64) * (24 + PAGE) && cut(&now)),
                "byte {at}: nothing was said"
            );
            short += u32::from(now != before);
            continue;
        }
        assert_eq!(first.err(), Some(Error::Damaged), "byte {at}");
        noticed += 1;
        let saved = salvage(&folder.0, &key(&folder), world.now).unwrap();
        let vault = open(&folder, &world).unwrap();
        held(&vault).unwrap();
        // Which page's newest state is lost is not certain, so no session is trusted.
        let judged = saved.contacts.1 + saved.renewed;
        assert!(judged == saved.contacts.0 || saved.pages.1 == 0, "byte {at}: {saved:?}");
    }
    println!("{frames} frames: {noticed} damages noticed, {short} looked like a power cut");
    assert!(noticed > 8, "{noticed}");
}

/// Alice's store, saved after the first page was damaged whose loss has this effect.
fn saved_when(seed: u64, wanted: impl Fn(&Salvaged) -> bool) -> World {
    let mut world = filled(seed);
    world.people[0].vault = None;
    let path = world.people[0].folder.0.clone();
    let bytes = std::fs::read(path.join("store.db")).unwrap();
    let found = (1..bytes.len() / PAGE).any(|page| {
        let folder = copy(&path, &[""]);
        let mut bad = bytes.clone();
        bad[page * PAGE + 100] ^= 1;
        std::fs::write(folder.0.join("store.db"), bad).unwrap();
        let fits = salvage(&folder.0, &key(&folder), world.now).is_ok_and(|saved| wanted(&saved));
        fits && std::fs::copy(folder.0.join("store.db"), path.join("store.db")).is_ok()
    });
    assert!(found, "no page is like that");
    world.restart(0);
    world
}

fn of(name: &str) -> usize {
    if name == "Bob" { 1 } else { 2 }
}

#[test]
fn session_that_was_lost_is_renewed_and_the_conversation_goes_on() {
    let mut world = saved_when(1203, |saved| saved.contacts == (2, 0) && saved.renewed == 1);
    let contacts = world.vault(0).contacts().iter();
    let (handle, name) =
        contacts.filter(|c| c.renewing).map(|c| (c.handle, c.name.as_str().to_owned())).next().unwrap();
    // Neither knows yet.
    world.say(of(&name), 1, "are you there?");
    world.say(0, handle, "something happened");
    (0..3).for_each(|_| world.settle());
    world.say(of(&name), 1, "I heard");
    world.settle();
    for (who, contact) in [(0, handle), (of(&name), 1)] {
        let texts = world.texts(who, contact);
        for once in ["are you there?", "something happened", "I heard"] {
            assert_eq!(texts.iter().filter(|text| *text == once).count(), 1, "{who}: {once}");
        }
    }
    assert!(world.vault(0).contacts().iter().all(|c| !c.renewing && !c.lost));
    assert_eq!(world.noticed(0, Notice::KeysLost) + world.noticed(0, Notice::OlderCopy), 0);
}

#[test]
fn contact_of_whom_only_messages_are_left_is_made_anew() {
    let mut world = saved_when(1203, |saved| saved.contacts == (2, 2));
    // The list of relays may be what was lost.
    world.act(0, Action::AddRelay(RELAY.into()));
    world.settle();
    let lost = world.vault(0).contacts().iter().find(|c| c.lost && !c.renewing).unwrap().handle;
    world.say(0, lost, "into the void");
    world.settle();
    assert_eq!(world.noticed(0, Notice::KeysLost), 1);
    let link = world.invite(0);
    world.accept(1, &link);
    let fresh = world.vault(1).contacts().iter().map(|c| c.handle).max().unwrap();
    world.say(1, fresh, "here I am again");
    world.settle();
    let mine = world.vault(0).contacts().iter().find(|c| c.name.as_str() == "Bob" && !c.lost).unwrap().handle;
    assert_eq!(world.texts(0, mine), ["here I am again"]);
}

#[test]
fn crash_while_the_new_store_takes_its_place_loses_neither() {
    let mut world = filled(1204);
    let before = held(world.vault(0)).unwrap();
    let source = world.people[0].folder.0.clone();
    let log = copy(&source, &["", "-wal"]);
    world.people[0].vault = None;
    let fresh = std::fs::read(source.join("store.db")).unwrap();
    // As after each of the steps.
    for step in 0..3 {
        let folder = copy(&log.0, &["", "-wal"]);
        std::fs::write(folder.0.join("store.db.salvaged"), &fresh).unwrap();
        if step > 0 {
            std::fs::rename(folder.0.join("store.db"), folder.0.join("store.db.damaged")).unwrap();
        }
        if step > 1 {
            std::fs::rename(folder.0.join("store.db-wal"), folder.0.join("store.db.damaged-wal")).unwrap();
        }
        assert!(crate::store::exists(&folder.0));
        assert_eq!(held(&open(&folder, &world).unwrap()).unwrap(), before);
        for (name, of) in [("store.db.damaged", "store.db"), ("store.db.damaged-wal", "store.db-wal")] {
            let (kept, was) = (folder.0.join(name), log.0.join(of));
            assert_eq!(std::fs::read(kept).unwrap(), std::fs::read(was).unwrap(), "step {step}");
        }
        assert!(!salvage::is_ready(&folder.0));
    }
}
