//! The slot of a PIN: both halves open it, and neither alone.

use super::*;
use bulkhead_ipc::seal::{Half, Object, ToSeal};

/// What a TPM would do: a share, and the image of the PIN that it wants to see.
fn sealed(question: ToSeal) -> (Half, Half) {
    match question {
        ToSeal::Seal { pin, share } => (pin, share),
        _ => panic!("something is to be sealed"),
    }
}

fn asked(opening: &Opening) -> (Half, Object) {
    match opening.question().unwrap() {
        ToSeal::Unseal { pin, object } => (pin, object),
        _ => panic!("something is to be unsealed"),
    }
}

fn with_pin(folder: &Folder) -> (Key, Half, Half, Object) {
    let key = quick(folder);
    let setting = set_pin(key.lock.clone(), &typed("correct horse"), &typed("482915")).unwrap();
    let (image, share) = sealed(setting.question());
    let object = Object::new(vec![7; 300]).unwrap();
    setting.finish(&object).unwrap();
    (key.key, image, share, object)
}

#[test]
fn pin_and_share_open_the_profile_and_neither_alone_does() {
    let folder = Folder::new("pin");
    let (key, image, share, object) = with_pin(&folder);
    let opening = open_with_pin(&folder.0, &typed("482915")).unwrap();
    assert!(asked(&opening) == (image.clone(), object), "the TPM is asked with what it was given");
    assert!(opening.finish(&share).unwrap().key == key);

    let opening = open_with_pin(&folder.0, &typed("482916")).unwrap();
    assert!(asked(&opening).0 != image, "another PIN has another image");
    assert!(matches!(opening.finish(&share), Err(ProfileError::Wrong)), "the share alone");
    let opening = open_with_pin(&folder.0, &typed("482915")).unwrap();
    assert!(matches!(opening.finish(&image), Err(ProfileError::Wrong)), "the PIN and its image alone");
    assert!(unlock(&folder.0, &typed("correct horse")).unwrap().key == key, "the passphrase stays");
}

#[test]
fn only_who_knows_the_passphrase_sets_a_pin_or_removes_it() {
    let folder = Folder::new("pin-set");
    let (key, _, old, _) = with_pin(&folder);
    let lock = Lock::take(&folder.0).unwrap();
    assert!(matches!(set_pin(lock.clone(), &typed("wrong horse"), &typed("1")), Err(ProfileError::Wrong)));

    let setting = set_pin(lock.clone(), &typed("correct horse"), &typed("135790")).unwrap();
    let (_, share) = sealed(setting.question());
    assert!(share != old, "each PIN has a share of its own");
    setting.finish(&Object::new(vec![8; 300]).unwrap()).unwrap();
    drop(lock);
    assert_eq!(kinds(&folder.0), Ok(vec![Kind::Passphrase, Kind::Pin]));
    let opened = |pin, share| open_with_pin(&folder.0, &typed(pin)).unwrap().finish(share);
    assert!(matches!(opened("482915", &old), Err(ProfileError::Wrong)), "the PIN before opens nothing");
    assert!(opened("135790", &share).unwrap().key == key);

    unlock(&folder.0, &typed("correct horse")).unwrap().remove(Kind::Pin).unwrap();
    assert!(matches!(open_with_pin(&folder.0, &typed("135790")), Err(ProfileError::NoSlot)));
}

#[test]
fn a_changed_file_does_not_open_by_a_pin_and_keeps_its_passphrase() {
    let folder = Folder::new("pin-changed");
    let (key, _, share, _) = with_pin(&folder);
    let path = file::path(&folder.0);
    let whole = std::fs::read(&path).unwrap();
    // A slot of a kind to come, which somebody added from outside.
    let slots = Slots::parse(&whole).unwrap();
    let mut forged = slots.clone();
    forged.put(Slot::secret(&Key::new([1; 32]), Kind::Other(9), &Key::new([2; 32])).unwrap());
    std::fs::write(&path, forged.encode(&Key::new([1; 32])).unwrap()).unwrap();
    let opening = open_with_pin(&folder.0, &typed("482915")).unwrap();
    assert!(matches!(opening.finish(&share), Err(ProfileError::Damaged)));
    assert!(kinds(&folder.0).unwrap().contains(&Kind::Passphrase));
    assert!(unlock(&folder.0, &typed("correct horse")).unwrap().key == key);

    // Any byte of the slot: it opens nothing else, and asks for no more memory than a passphrase may.
    let start = whole.len() - 40 - (3 + 12 + 300 + 88);
    for at in (start..whole.len() - 40).step_by(61) {
        let mut changed = whole.clone();
        changed[at] ^= 0x80;
        std::fs::write(&path, &changed).unwrap();
        let opened = open_with_pin(&folder.0, &typed("482915")).and_then(|opening| {
            opening.question()?;
            opening.finish(&share)
        });
        assert!(opened.is_err(), "byte {at}");
    }
}
