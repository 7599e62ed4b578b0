//! Recovery codes as people type them.

use super::*;
use proptest::prelude::*;

fn secret(byte: u8) -> RecoverySecret {
    RecoverySecret::new(Key::new([byte; 32]))
}

#[test]
fn a_code_is_fourteen_groups_of_four() {
    let code = secret(0x5a).code();
    let groups: Vec<&str> = code.as_str().split(' ').collect();
    assert_eq!(groups.len(), 14);
    assert!(groups.iter().all(|group| group.len() == 4));
    assert!(RecoverySecret::parse(code.as_str()).is_ok_and(|read| read == secret(0x5a)));
}

#[test]
fn a_code_is_read_however_it_is_typed() {
    let code = secret(0).code();
    let code = code.as_str();
    for typed in [
        code.to_lowercase(),
        code.replace(' ', ""),
        code.replace(' ', " - "),
        code.replace(' ', "\n"),
        code.replace('0', "O"),
        code.replace('0', "o").replace('1', "l"),
        code.replace('1', "I"),
    ] {
        assert!(RecoverySecret::parse(&typed).is_ok_and(|read| read == secret(0)), "{typed}");
    }
}

#[test]
fn what_is_no_code_is_refused_by_reason() {
    let code = secret(7).code().as_str().to_owned();
    assert_eq!(RecoverySecret::parse("").err(), Some(NotACode::Length(0)));
    assert_eq!(RecoverySecret::parse(&code[1..]).err(), Some(NotACode::Length(55)));
    assert_eq!(RecoverySecret::parse(&format!("{code}0")).err(), Some(NotACode::Length(57)));
    assert_eq!(RecoverySecret::parse(&code.replacen(&code[..1], "U", 1)).err(), Some(NotACode::Mistyped));
    assert_eq!(RecoverySecret::parse(&"é".repeat(56)).err(), Some(NotACode::Mistyped));
    assert_eq!(RecoverySecret::parse(&"0".repeat(100_000)).err(), Some(NotACode::Length(100_000)));
}

proptest! {
    #[test]
    fn every_secret_is_read_back(bytes: [u8; 32]) {
        let secret = RecoverySecret::new(Key::new(bytes));
        prop_assert!(RecoverySecret::parse(secret.code().as_str()).is_ok_and(|read| read == secret));
    }

    #[test]
    fn a_wrong_or_swapped_character_is_noticed(bytes: [u8; 32], at in 0_usize..56, by in 1_usize..32) {
        let code = RecoverySecret::new(Key::new(bytes)).code().as_str().replace(' ', "");
        let alphabet = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut wrong = code.clone().into_bytes();
        let now = alphabet.iter().position(|c| *c == wrong[at]).unwrap();
        wrong[at] = alphabet[(now + by) % 32];
        prop_assert_eq!(RecoverySecret::parse(std::str::from_utf8(&wrong).unwrap()).err(), Some(NotACode::Mistyped));
        let mut swapped = code.clone().into_bytes();
        swapped.swap(at, (at + 1) % 56);
        if swapped != code.as_bytes() {
            prop_assert_eq!(RecoverySecret::parse(std::str::from_utf8(&swapped).unwrap()).err(), Some(NotACode::Mistyped));
        }
    }
}
