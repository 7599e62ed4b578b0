use super::world::{RELAY, START, folder, key, words};
use crate::store::SqlStore;
use bulkhead_ipc::intent::Notice;
use bulkhead_ipc::post::{FromNet, ToNet};
use bulkhead_vault_core::{Action, Changed, Config, Effect, Error, Input, Time, Vault};
use rand::SeedableRng;
use rand::rngs::StdRng;

#[test]
fn full_disk_loses_nothing_sends_nothing_and_says_so() {
    let folder = folder();
    let rng = &mut StdRng::seed_from_u64(80);
    let store = SqlStore::create(&folder.0, &key(&folder)).unwrap();
    let config = Config { relays: vec![RELAY.into()], proxied: false };
    let mut vault = Vault::create(store, &words("Alice"), &config, Time(START), rng).unwrap();
    vault.handle(Input::Post(FromNet::Hello { life: Some(1), version: bulkhead_ipc::VERSION }), Time(START), rng);
    vault.store().limit_pages(true);
    let refused = |e: &Effect| matches!(e, Effect::Changed(Changed::Notice(Notice::StoreNotWritable)));
    // Some still fit into pages that are there.
    let (mut link, mut effects) = (None, Vec::new());
    for _ in 0..10 {
        link = vault.invite_link().map(|link| link.as_str().to_owned());
        effects = vault.handle(Input::Do(Action::Invite), Time(START), rng);
        if effects.iter().any(refused) {
            break;
        }
    }
    assert!(effects.iter().any(refused));
    assert!(!effects.iter().any(|e| matches!(e, Effect::Post(ToNet::Publish { .. } | ToNet::Watch(_)))));
    assert_eq!(vault.invite_link().map(|link| link.as_str().to_owned()), link);
    vault.store().limit_pages(false);
    let effects = vault.handle(Input::Do(Action::Invite), Time(START), rng);
    assert!(effects.iter().any(|e| matches!(e, Effect::Post(ToNet::Publish { .. }))));
    assert_ne!(vault.invite_link().map(|link| link.as_str().to_owned()), link);
}

#[test]
fn store_of_a_newer_version_or_another_key_is_refused() {
    let folder = folder();
    let key = key(&folder);
    let store = SqlStore::create(&folder.0, &key).unwrap();
    store.db.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(store);
    assert_eq!(SqlStore::open(&folder.0, &key).err(), Some(Error::TooNew));
    let other = crate::profile::StoreKey { key: bulkhead_vault_core::Key::new([1; 32]), ..key.clone() };
    assert_eq!(SqlStore::open(&folder.0, &other).err(), Some(Error::Damaged));
}

#[test]
fn file_holds_no_words() {
    let mut world = super::world::World::pair(81);
    world.say(0, 1, "unmistakable words");
    world.settle();
    for entry in std::fs::read_dir(&world.people[0].folder.0).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for word in ["unmistakable", "SQLite format", "127.0.0.1"] {
            assert!(!bytes.windows(word.len()).any(|w| w == word.as_bytes()), "{word}");
        }
    }
}
