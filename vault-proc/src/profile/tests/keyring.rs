//! The slot of the desktop's keyring: its share and the file open the profile, and neither alone.

use super::*;
use bulkhead_ipc::bytes::{Bytes, Bytes32};
use bulkhead_ipc::keyring::ToKeyring;
use bulkhead_ipc::seal::Half;

/// What a keyring would keep, under which name.
fn kept(keeping: &Keeping) -> (Bytes32, Half) {
    match keeping.question(false) {
        ToKeyring::Keep { ask: false, name, share } => (name, share),
        other => panic!("{other:?}"),
    }
}

fn arm(key: &StoreKey) -> (Bytes32, Half) {
    let keeping = Keeping::fresh(keyring_stand(key.lock.folder()).name()).unwrap();
    key.arm(&keeping).unwrap();
    kept(&keeping)
}

#[test]
fn share_and_file_open_the_profile_and_neither_alone_does() {
    let folder = Folder::new("keyring");
    let key = quick(&folder);
    assert_eq!(keyring_stand(&folder.0), Stand::Off);
    let (name, share) = arm(&key);
    assert_eq!(keyring_stand(&folder.0), Stand::Armed(name));
    let expected = key.key.clone();
    drop(key);
    assert!(open_with_keyring(&folder.0, &share).unwrap().key == expected);
    assert!(matches!(open_with_keyring(&folder.0, &Half::new([7; 32])), Err(ProfileError::Wrong)));
    assert!(matches!(open_with_keyring(&folder.0, &Half::new(name.0)), Err(ProfileError::Wrong)), "the file alone");
    let file = std::fs::read(file::path(&folder.0)).unwrap();
    assert!(!file.windows(32).any(|window| window == share.bytes()), "the share is not in the file");

    let elsewhere = Folder::new("keyring-elsewhere");
    drop(quick(&elsewhere));
    assert!(matches!(open_with_keyring(&elsewhere.0, &share), Err(ProfileError::NoSlot)), "the share alone");
    assert!(unlock(&folder.0, &typed("correct horse")).unwrap().key == expected, "the passphrase stays");
}

#[test]
fn what_was_locked_no_share_opens_until_it_is_armed_with_another() {
    let folder = Folder::new("keyring-rests");
    let key = quick(&folder);
    let (name, old) = arm(&key);
    key.rest().unwrap();
    assert_eq!(keyring_stand(&folder.0), Stand::Resting(name), "the wish and the name stay");
    let open = |share| open_with_keyring(&folder.0, share).map(|key| key.key);
    let expected = key.key.clone();
    drop(key);
    assert!(matches!(open(&old), Err(ProfileError::Wrong)));

    let key = quick_key(&folder.0);
    let (again, fresh) = arm(&key);
    drop(key);
    assert!(again == name && fresh != old);
    assert!(matches!(open(&old), Err(ProfileError::Wrong)), "the share before opens nothing any more");
    assert!(open(&fresh) == Ok(expected));
}

#[test]
fn another_passphrase_keeps_it_and_turned_off_it_is_gone() {
    let folder = Folder::new("keyring-off");
    let key = quick(&folder);
    key.rest().unwrap();
    assert_eq!(keyring_stand(&folder.0), Stand::Off, "nothing rests that was never on");
    let (name, share) = arm(&key);
    key.set_passphrase(&typed("another horse")).unwrap();
    assert_eq!(keyring_stand(&folder.0), Stand::Armed(name));
    key.remove(Kind::Keyring).unwrap();
    drop(key);
    assert_eq!(kinds(&folder.0), Ok(vec![Kind::Passphrase]));
    assert!(matches!(open_with_keyring(&folder.0, &share), Err(ProfileError::NoSlot)));
}

#[test]
fn a_file_that_somebody_changed_does_not_open_by_the_keyring_and_is_left_to_the_passphrase() {
    let folder = Folder::new("keyring-changed");
    let key = quick(&folder);
    let (_, share) = arm(&key);
    let expected = key.key.clone();
    drop(key);
    let path = file::path(&folder.0);
    let good = std::fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(&path, &bad).unwrap();
        assert!(open_with_keyring(&folder.0, &share).is_err(), "byte {at}");
        assert_eq!(std::fs::read(&path).unwrap(), bad, "nothing is mended");
        let _ = keyring_stand(&folder.0);
    }
    std::fs::write(&path, &good).unwrap();
    assert!(open_with_keyring(&folder.0, &share).unwrap().key == expected);
}

/// The worker may be changing the passphrase while the window is locked.
#[test]
fn two_threads_that_change_the_file_lose_nothing_of_each_other() {
    let folder = Folder::new("keyring-threads");
    let key = quick(&folder);
    for _ in 0..20 {
        arm(&key);
        key.remove(Kind::Recovery).unwrap();
        let other = key.clone();
        let secret = RecoverySecret::random().unwrap();
        let worker = std::thread::spawn(move || other.set_secret(Kind::Recovery, &secret));
        key.rest().unwrap();
        worker.join().unwrap().unwrap();
        assert!(matches!(keyring_stand(&folder.0), Stand::Resting(_)));
        assert!(kinds(&folder.0).unwrap().contains(&Kind::Recovery));
    }
}

#[test]
fn parameters_of_another_length_or_state_open_nothing() {
    let key = Key::new([1; 32]);
    let good = slots::Slot::keyring(&key, Bytes([3; 32]), &Half::new([4; 32])).unwrap();
    assert_eq!(good.keyring_name(), Ok((Bytes([3; 32]), true)));
    let other = slots::Slot::secret(&key, Kind::Keyring, &key).unwrap();
    assert_eq!(other.keyring_name(), Err(ProfileError::Damaged));
}
