use super::*;

/// A key without the second that Argon2id takes, with the folder's lock.
pub fn quick_key(folder: &Path) -> StoreKey {
    StoreKey { key: Key::new([42; 32]), lock: lock(folder).unwrap() }
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

#[test]
fn key_file_of_another_form_is_refused_by_reason() {
    let folder = Folder::new("forms");
    drop(create(&folder.0, &typed("correct horse")).unwrap());
    let good = std::fs::read(key_file(&folder.0)).unwrap();
    let try_with = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        std::fs::write(key_file(&folder.0), bytes).unwrap();
        unlock(&folder.0, &typed("correct horse")).map(drop)
    };
    assert!(matches!(try_with(&|b| b[8] = 2), Err(ProfileError::TooNew)));
    assert!(matches!(try_with(&|b| b[0] = 0), Err(ProfileError::Damaged)));
    assert!(matches!(try_with(&|b| b.truncate(50)), Err(ProfileError::Damaged)));
    assert!(matches!(try_with(&|b| b.push(0)), Err(ProfileError::Damaged)));
    assert!(matches!(try_with(&|b| b[9] = 0xff), Err(ProfileError::Damaged)));
    assert!(matches!(try_with(&|b| b[30] ^= 1), Err(ProfileError::Wrong)));
    assert!(try_with(&|_| {}).is_ok());
}
