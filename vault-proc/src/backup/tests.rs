use super::*;
use crate::profile::tests::{Folder, quick};
use crate::profile::{Kind as Slot, RecoverySecret, exists, recover, unlock};
use crate::store::Counter;
use bulkhead_ipc::seal::Half;
use bulkhead_vault_core::{Passphrase, Plaintext, Store};

type Way<'a> = dyn Fn(&Path) -> Result<StoreKey, ProfileError> + 'a;

fn typed(words: &str) -> Passphrase {
    Passphrase::new(words.to_owned())
}

/// What the program does with a backup that waits.
fn restore_with(
    folder: &Folder,
    open: impl FnOnce(&Path) -> Result<StoreKey, ProfileError>,
) -> Result<StoreKey, BackupError> {
    prepare(&folder.0)?;
    assert!(!exists(&folder.0));
    let key = open(&folder.0)?;
    restore(&key).map(|()| key)
}

/// A profile with a store in which a name stands.
fn profile(name: &str) -> (Folder, StoreKey) {
    let folder = Folder::new(name);
    let key = quick(&folder);
    let mut store = SqlStore::create(&folder.0, &key).unwrap();
    store.begin().unwrap();
    // Longer than a piece, so that there are several.
    store.put_own_name(&Plaintext::new("unmistakable ".repeat(20_000))).unwrap();
    store.commit().unwrap();
    (folder, key)
}

fn put(backup: &Path, name: &str) -> Folder {
    let folder = Folder::new(name);
    std::fs::copy(backup, waiting(&folder.0)).unwrap();
    folder
}

fn own_name(folder: &Folder, key: &StoreKey) -> (usize, bool) {
    let snapshot = SqlStore::open(&folder.0, key).unwrap().load().unwrap();
    (snapshot.own_name.unwrap().as_str().len(), snapshot.restored)
}

#[test]
fn copy_is_restored_by_passphrase_and_by_recovery_secret_and_the_profile_goes_on() {
    let (folder, key) = profile("backup-copy");
    let secret = RecoverySecret::random().unwrap();
    key.set_secret(Slot::Recovery, &secret).unwrap();
    let path = export(&key, Kind::Copy).unwrap();
    let name = path.file_name().unwrap().to_str().unwrap().to_owned();
    assert_eq!(name, format!("{}.bulkhead-backup", folder.0.file_name().unwrap().to_str().unwrap()));
    let second = export(&key, Kind::Copy).unwrap();
    assert!(second.to_str().unwrap().ends_with("-2.bulkhead-backup"), "{second:?}");
    assert_eq!(own_name(&folder, &key), (260_000, false));
    let bytes = std::fs::read(&path).unwrap();
    assert!(!bytes.windows(12).any(|part| part == b"unmistakable"));
    let ways: [&Way; 2] = [&|folder| unlock(folder, &typed("correct horse")), &|folder| recover(folder, &secret)];
    for (at, with) in ways.into_iter().enumerate() {
        let elsewhere = put(&path, &format!("backup-copy-to-{at}"));
        assert!(is_waiting(&elsewhere.0));
        let restored = restore_with(&elsewhere, with).unwrap();
        assert_eq!(own_name(&elsewhere, &restored), (260_000, true));
        assert!(!waiting(&elsewhere.0).exists());
        drop(restored);
        assert!(recover(&elsewhere.0, &secret).is_ok());
        assert!(unlock(&elsewhere.0, &typed("correct horse")).is_ok());
        std::fs::copy(&path, waiting(&elsewhere.0)).unwrap();
        assert!(!is_waiting(&elsewhere.0));
        assert_eq!(prepare(&elsewhere.0).err(), Some(BackupError::Exists));
    }
}

#[test]
fn what_comes_out_of_a_backup_has_no_counter_in_the_tpm() {
    let (folder, key) = profile("backup-counter");
    let mine = Counter { number: 7, secret: Half::new([1; 32]), value: 100, asked: 0 };
    SqlStore::open(&folder.0, &key).unwrap().put_counter(Some(&mine)).unwrap();
    let path = export(&key, Kind::Copy).unwrap();
    let elsewhere = put(&path, "backup-counter-to");
    let restored = restore_with(&elsewhere, |folder| unlock(folder, &typed("correct horse"))).unwrap();
    assert!(SqlStore::open(&elsewhere.0, &restored).unwrap().counter().unwrap().is_none());
    assert!(SqlStore::open(&folder.0, &key).unwrap().counter().unwrap() == Some(mine));
}

#[test]
fn moved_profile_opens_there_and_never_here_again() {
    let (folder, key) = profile("backup-move");
    let path = export(&key, Kind::Move).unwrap();
    drop(key);
    let elsewhere = put(&path, "backup-move-to");
    let restored = restore_with(&elsewhere, |folder| unlock(folder, &typed("correct horse"))).unwrap();
    assert_eq!(own_name(&elsewhere, &restored), (260_000, true));
    assert!(exists(&folder.0));
    let refused = unlock(&folder.0, &typed("correct horse"));
    assert_eq!(refused.err(), Some(ProfileError::Moved));
    assert_eq!(recover(&folder.0, &RecoverySecret::random().unwrap()).err(), Some(ProfileError::Moved));
}

#[test]
fn move_that_was_interrupted_before_its_last_step_is_finished() {
    let (folder, key) = profile("backup-interrupted");
    SqlStore::open(&folder.0, &key).unwrap().mark_moved().unwrap();
    assert_eq!(SqlStore::open(&folder.0, &key).err(), Some(Error::Moved));
    drop(key);
    let refused = unlock(&folder.0, &typed("correct horse"));
    assert_eq!(refused.err(), Some(ProfileError::Moved));
}

#[test]
fn bad_file_or_passphrase_gets_its_sentence_and_leaves_nothing_behind() {
    let (folder, key) = profile("backup-bad");
    let path = export(&key, Kind::Copy).unwrap();
    let good = std::fs::read(&path).unwrap();
    drop((folder, key));
    let elsewhere = Folder::new("backup-bad-to");
    let attempt = |bytes: &[u8], words: &str| {
        std::fs::write(waiting(&elsewhere.0), bytes).unwrap();
        let error = restore_with(&elsewhere, |folder| unlock(folder, &typed(words))).err();
        if error.is_some() {
            assert!(!exists(&elsewhere.0));
            assert_eq!(std::fs::read(waiting(&elsewhere.0)).unwrap(), bytes, "the backup stays as it is");
            let left: Vec<_> = std::fs::read_dir(&elsewhere.0).unwrap().map(|e| e.unwrap().file_name()).collect();
            assert!(left.len() <= 3, "{left:?}");
        }
        error
    };
    assert_eq!(attempt(&good, "wrong horse"), Some(BackupError::Wrong));
    let mut newer = good.clone();
    newer[MAGIC.len()] = VERSION + 1;
    assert_eq!(attempt(&newer, "correct horse"), Some(BackupError::TooNew));
    assert_eq!(attempt(b"", "correct horse"), Some(BackupError::Damaged));
    let empty = [b"bulkhead-backup\x01\x01", [0; 400].as_slice()].concat();
    assert_eq!(attempt(&empty, "correct horse"), Some(BackupError::Damaged));
    // At the end of a piece too: what is missing then is whole pieces.
    let head = good.len() - (good.len() - 500) % (64 * 1024 + 16);
    for length in [10, 100, 300, head, good.len() / 2, good.len() - 17, good.len() - 1] {
        assert_eq!(attempt(&good[..length], "correct horse"), Some(BackupError::Damaged), "{length}");
    }
    for at in [0, 16, 17, 40, 300, 70_000, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        let error = attempt(&bad, "correct horse");
        assert!(matches!(error, Some(BackupError::Damaged | BackupError::Wrong)), "{at}: {error:?}");
    }
    let longer = [&good[..], b"x"].concat();
    assert_eq!(attempt(&longer, "correct horse"), Some(BackupError::Damaged));
    assert_eq!(attempt(&good, "correct horse"), None);
    assert!(exists(&elsewhere.0));
}

#[test]
fn every_end_of_every_length_is_noticed() {
    let key = Key::new([7; 32]);
    for length in [0, 1, 65_535, 65_536, 65_537, 131_072] {
        let text = vec![9; length];
        let mut sealed = Vec::new();
        pieces::seal(&key, text.as_slice(), &mut sealed).unwrap();
        let read = |bytes: &[u8]| {
            let mut out = Vec::new();
            pieces::open(&key, bytes, &mut out).map(|()| out)
        };
        assert_eq!(read(&sealed).unwrap(), text);
        let mut cuts = vec![0, 1, 15, 16, sealed.len() - 1, sealed.len().saturating_sub(17)];
        cuts.extend([65_552, 131_104].into_iter().filter(|cut| *cut < sealed.len()));
        for cut in cuts.into_iter().filter(|cut| *cut < sealed.len()) {
            assert_eq!(read(&sealed[..cut]).err(), Some(BackupError::Damaged), "{length} cut at {cut}");
        }
        if sealed.len() > 2 * 65_552 {
            let swapped = [&sealed[65_552..131_104], &sealed[..65_552], &sealed[131_104..]].concat();
            assert!(read(&swapped).is_err());
        }
        assert!(read(&[sealed.as_slice(), &sealed].concat()).is_err());
    }
}

#[test]
fn damaged_store_is_not_moved() {
    let (folder, key) = profile("backup-damaged");
    let store = folder.0.join("store.db");
    let mut bytes = std::fs::read(&store).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&store, bytes).unwrap();
    assert_eq!(export(&key, Kind::Move).err(), Some(BackupError::Store));
    drop(key);
    assert!(unlock(&folder.0, &typed("correct horse")).is_ok());
    let left = std::fs::read_dir(&folder.0).unwrap().filter(|e| {
        let name = e.as_ref().unwrap().file_name();
        name.to_string_lossy().contains("backup") || name.to_string_lossy().contains("part")
    });
    assert_eq!(left.count(), 0);
}

#[test]
fn backups_go_with_a_profile_that_is_destroyed() {
    let (folder, key) = profile("backup-destroyed");
    let paths = [export(&key, Kind::Copy).unwrap(), export(&key, Kind::Copy).unwrap()];
    std::fs::copy(&paths[0], waiting(&folder.0)).unwrap();
    crate::erasure::destroy(key.lock()).unwrap();
    assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0);
}
