//! The key file: who opens it, and what becomes of it when it is changed, damaged or cut short.

use super::*;
use std::path::PathBuf;

mod codes;
mod keyring;
mod pins;

/// A key without the second that Argon2id takes, with the folder's lock.
pub fn quick_key(folder: &Path) -> StoreKey {
    StoreKey { key: Key::new([42; 32]), lock: Lock::take(folder).unwrap(), mended: false }
}

/// A folder that goes away with the test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("bulkhead-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn typed(words: &str) -> Passphrase {
    Passphrase::new(words.to_owned())
}

#[test]
fn passphrase_opens_what_it_made_and_another_does_not() {
    let folder = Folder::new("passphrase");
    let made = create(&folder.0, &typed("correct horse")).unwrap();
    let key = made.key.clone();
    drop(made);
    assert!(matches!(unlock(&folder.0, &typed("wrong horse")), Err(ProfileError::Wrong)));
    assert!(unlock(&folder.0, &typed("correct horse")).unwrap().key == key);
}

#[test]
fn second_program_is_refused_until_the_first_ends() {
    let folder = Folder::new("lock");
    let first = create(&folder.0, &typed("correct horse")).unwrap();
    assert!(matches!(unlock(&folder.0, &typed("correct horse")), Err(ProfileError::InUse)));
    drop(first);
    assert!(unlock(&folder.0, &typed("correct horse")).is_ok());
}

/// Little enough work for a test.
const LITTLE: [u32; 3] = [8 * 1024, 1, 1];

/// A profile whose passphrase takes little work, and its key.
pub fn quick(folder: &Folder) -> StoreKey {
    let key = quick_key(&folder.0);
    key.write(&Slots::new(vec![Slot::passphrase(&key.key, &typed("correct horse"), LITTLE).unwrap()])).unwrap();
    key
}

fn quick_unlock(folder: &Folder, words: &str) -> Result<Key, ProfileError> {
    unlock_at(Lock::take(&folder.0)?, &typed(words), LITTLE).map(|key| key.key)
}

fn bytes(folder: &Folder) -> Vec<u8> {
    std::fs::read(file::path(&folder.0)).unwrap()
}

/// The first form of the file, as it was written before there were slots.
fn first_form(key: &StoreKey) -> Vec<u8> {
    let slots = Slots::new(vec![Slot::passphrase(&key.key, &typed("correct horse"), LITTLE).unwrap()]);
    let second = slots.encode(&key.key).unwrap();
    // Without number of slots, kind and length; without tag and checksum.
    [b"bulkhead".as_slice(), &[1], &second[13..second.len() - 40]].concat()
}

#[test]
fn key_file_of_another_form_is_refused_by_reason() {
    let folder = Folder::new("forms");
    drop(quick(&folder));
    let good = bytes(&folder);
    let try_with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        std::fs::write(file::path(&folder.0), bytes).unwrap();
        quick_unlock(&folder, "correct horse").err()
    };
    assert_eq!(try_with(&|b| b[8] = 3), Some(ProfileError::TooNew));
    assert_eq!(try_with(&|b| b[8] = 0), Some(ProfileError::Damaged));
    assert_eq!(try_with(&|b| b[0] = 0), Some(ProfileError::Damaged));
    assert_eq!(try_with(&|b| b[9] = 0), Some(ProfileError::Damaged), "no slot");
    assert_eq!(try_with(&|b| b[13] = 0xff), Some(ProfileError::Damaged), "a cost that no machine has");
    assert_eq!(try_with(&|b| b.extend_from_slice(&[0; 9000])), Some(ProfileError::Damaged));
    for length in 0..good.len() {
        assert_eq!(try_with(&|b| b.truncate(length)), Some(ProfileError::Damaged), "{length} bytes");
    }
    assert_eq!(try_with(&|_| {}), None);
}

#[test]
fn a_damaged_file_is_told_from_a_wrong_passphrase() {
    let folder = Folder::new("bits");
    drop(quick(&folder));
    let good = bytes(&folder);
    // Salt, nonce and wrapped key, from bit to bit.
    for at in [25, 40, 41, 64, 65, 112] {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        std::fs::write(file::path(&folder.0), bad).unwrap();
        assert_eq!(quick_unlock(&folder, "correct horse").err(), Some(ProfileError::Damaged), "byte {at}");
    }
    std::fs::write(file::path(&folder.0), good).unwrap();
    assert_eq!(quick_unlock(&folder, "wrong horse").err(), Some(ProfileError::Wrong));
}

#[test]
fn a_file_of_the_first_form_opens_and_is_upgraded_with_the_next_change() {
    let folder = Folder::new("first-form");
    let key = quick_key(&folder.0);
    let old = first_form(&key);
    std::fs::write(file::path(&folder.0), &old).unwrap();
    drop(key);
    let key = unlock_at(Lock::take(&folder.0).unwrap(), &typed("correct horse"), LITTLE).unwrap();
    assert!(key.key == Key::new([42; 32]) && !key.is_mended());
    assert_eq!(bytes(&folder), old, "opening alone changes nothing");
    let secret = key.set_recovery().unwrap();
    drop(key);
    assert_eq!(bytes(&folder)[8], 2);
    assert!(quick_unlock(&folder, "correct horse").unwrap() == Key::new([42; 32]), "without having been typed again");
    assert!(recover(&folder.0, &secret).unwrap().key == Key::new([42; 32]));
}

#[test]
fn a_new_passphrase_takes_the_place_of_the_old_one() {
    let folder = Folder::new("change");
    let key = quick(&folder);
    let before = bytes(&folder);
    confirm(key.lock().clone(), &typed("correct horse")).unwrap().set_passphrase(&typed("battery staple")).unwrap();
    drop(key);
    assert!(unlock(&folder.0, &typed("battery staple")).unwrap().key == Key::new([42; 32]));
    assert_eq!(unlock(&folder.0, &typed("correct horse")).err(), Some(ProfileError::Wrong));
    let after = bytes(&folder);
    assert!(!after.windows(16).any(|piece| before[25..113].windows(16).any(|old| old == piece)));
}

#[test]
fn who_does_not_know_the_passphrase_changes_nothing() {
    let folder = Folder::new("confirm");
    let key = quick(&folder);
    let before = bytes(&folder);
    assert_eq!(confirm(key.lock().clone(), &typed("wrong horse")).err(), Some(ProfileError::Wrong));
    assert_eq!(bytes(&folder), before);
}

#[test]
fn a_recovery_secret_opens_until_another_takes_its_place_or_it_is_removed() {
    let folder = Folder::new("recovery");
    let key = quick(&folder);
    let first = key.set_recovery().unwrap();
    let second = key.set_recovery().unwrap();
    let shared = RecoverySecret::random().unwrap();
    let set = key.add_shares(&shared).unwrap();
    drop(key);
    assert_eq!(kinds(&folder.0).unwrap(), [Kind::Passphrase, Kind::Recovery, Kind::Shares]);
    assert_eq!(recover(&folder.0, &first).err(), Some(ProfileError::Wrong));
    assert!(recover(&folder.0, &shared).unwrap().key == Key::new([42; 32]));
    let key = recover(&folder.0, &second).unwrap();
    key.remove(Kind::Recovery).unwrap();
    assert_eq!(key.keep_shares(&[set]), Ok(vec![set]));
    assert_eq!(key.keep_shares(&[]), Ok(Vec::new()));
    assert_eq!(key.remove(Kind::Passphrase), Err(ProfileError::NoSlot));
    drop(key);
    assert_eq!(recover(&folder.0, &second).err(), Some(ProfileError::NoSlot));
    assert!(quick_unlock(&folder, "correct horse").is_ok());
}

#[test]
fn parts_open_the_profile_until_those_that_replace_them_are_out() {
    let folder = Folder::new("sets");
    let key = quick(&folder);
    let [old, new, newest] = [(); 3].map(|()| RecoverySecret::random().unwrap());
    let first = key.add_shares(&old).unwrap();
    let second = key.add_shares(&new).unwrap();
    assert_eq!(key.add_shares(&newest), Err(ProfileError::NoSlot), "nothing takes the place of one that opens");
    let unlock = || unlock_at(Lock::take(&folder.0).unwrap(), &typed("correct horse"), LITTLE).unwrap();
    let opens = |secret| recover(&folder.0, secret).is_ok();
    let again = |key: StoreKey| {
        drop(key);
        assert_eq!([opens(&old), opens(&new)], [true, true]);
        unlock()
    };
    let key = again(key);
    assert_eq!(key.keep_shares(&[first, [1; 16]]), Ok(vec![first]));
    drop(key);
    assert_eq!([opens(&old), opens(&new)], [true, false], "the new one did not get out");
    let key = unlock();
    let third = key.add_shares(&new).unwrap();
    assert!(third != second);
    let key = again(key);
    assert_eq!(key.keep_shares(&[third]), Ok(vec![third]));
    drop(key);
    assert_eq!([opens(&old), opens(&new)], [false, true]);
}

#[test]
fn little_work_becomes_more_with_the_next_unlock_and_never_less() {
    let folder = Folder::new("cost");
    drop(quick(&folder));
    let cost = || Slots::parse(&bytes(&folder)).unwrap().get(Kind::Passphrase).unwrap().cost().unwrap();
    let unlock = |usual| unlock_at(Lock::take(&folder.0).unwrap(), &typed("correct horse"), usual).unwrap();
    assert!(unlock([16 * 1024, 2, 1]).key == Key::new([42; 32]));
    assert_eq!(cost(), [16 * 1024, 2, 1]);
    assert!(unlock([8 * 1024, 3, 1]).key == Key::new([42; 32]));
    assert_eq!(cost(), [16 * 1024, 3, 1]);
    assert!(unlock(LITTLE).key == Key::new([42; 32]));
    assert_eq!(cost(), [16 * 1024, 3, 1]);
}

#[test]
fn slots_from_elsewhere_are_found_out_and_dropped() {
    let folder = Folder::new("splice");
    let key = quick(&folder);
    let old = key.set_recovery().unwrap();
    let with_old = Slots::parse(&bytes(&folder)).unwrap();
    let new = key.set_recovery().unwrap();
    // Whoever can write the file puts the slot back that the owner replaced.
    let mut spliced = Slots::parse(&bytes(&folder)).unwrap();
    spliced.put(with_old.get(Kind::Recovery).unwrap().clone());
    std::fs::write(file::path(&folder.0), spliced.encode(&Key::new([1; 32])).unwrap()).unwrap();
    assert_eq!(key.set_recovery().err(), Some(ProfileError::Damaged), "a change does not make it good");
    drop(key);
    let key = unlock_at(Lock::take(&folder.0).unwrap(), &typed("correct horse"), LITTLE).unwrap();
    assert!(key.is_mended());
    drop(key);
    for secret in [old, new] {
        assert_eq!(recover(&folder.0, &secret).err(), Some(ProfileError::NoSlot));
    }
    assert!(!unlock_at(Lock::take(&folder.0).unwrap(), &typed("correct horse"), LITTLE).unwrap().is_mended());
}

#[test]
fn damage_to_one_slot_leaves_the_other_to_open_the_profile() {
    let folder = Folder::new("one-slot");
    let key = quick(&folder);
    let secret = key.set_recovery().unwrap();
    drop(key);
    let good = bytes(&folder);
    let mut bad = good.clone();
    bad[60] ^= 1;
    std::fs::write(file::path(&folder.0), &bad).unwrap();
    assert_eq!(quick_unlock(&folder, "correct horse").err(), Some(ProfileError::Damaged));
    assert!(recover(&folder.0, &secret).unwrap().is_mended());
    let mut bad = good;
    let last = bad.len() - 60;
    bad[last] ^= 1;
    std::fs::write(file::path(&folder.0), &bad).unwrap();
    assert!(quick_unlock(&folder, "correct horse").is_ok());
}

#[test]
fn old_bytes_are_overwritten_before_their_name_is_all_that_is_gone() {
    let folder = Folder::new("overwritten");
    let key = quick(&folder);
    let before = bytes(&folder);
    // A second name shows what becomes of the old file's blocks.
    let witness = folder.0.join("witness");
    std::fs::hard_link(file::path(&folder.0), &witness).unwrap();
    drop(key.set_recovery().unwrap());
    assert_eq!(std::fs::read(&witness).unwrap(), vec![0; before.len()]);
    // What an interrupted change left is written over too, not kept beside.
    std::fs::write(folder.0.join("profile.key.new"), vec![7; 5000]).unwrap();
    std::fs::hard_link(folder.0.join("profile.key.new"), folder.0.join("left")).unwrap();
    drop(key.set_recovery().unwrap());
    assert_eq!(std::fs::read(folder.0.join("left")).unwrap(), bytes(&folder));
}
