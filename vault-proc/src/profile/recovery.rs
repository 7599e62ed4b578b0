//! The recovery secret, and the code in which a person writes it down.
//!
//! 256 random bits and 24 bits of checksum are 56 characters, in 14 groups of four. The characters are Crockford's
//! base 32, which leaves out letters that look like digits; whoever types them anyway is understood.

use super::ProfileError;
use bulkhead_vault_core::shares::{CHECK, check};
use bulkhead_vault_core::{Key, Plaintext};
use zeroize::Zeroizing;

/// Crockford's alphabet.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// Characters between two spaces.
const GROUP: usize = 4;
/// Characters of a code, without spaces.
pub const LENGTH: usize = 56;
const BYTES: usize = 32 + CHECK;

/// What opens a profile whose passphrase is forgotten. No `Debug`, no `Display`; wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoverySecret(Key);

/// Why characters are not a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotACode {
    /// So many characters of [`LENGTH`].
    Length(usize),
    /// All characters are there, and one of them is wrong, or two changed places.
    Mistyped,
}

impl RecoverySecret {
    /// A fresh one.
    pub fn random() -> Result<Self, ProfileError> {
        let mut bytes = Zeroizing::new([0; 32]);
        super::fill(&mut *bytes)?;
        Ok(Self(Key::new(*bytes)))
    }

    /// One that was put together elsewhere, from shares for example.
    pub const fn new(key: Key) -> Self {
        Self(key)
    }

    /// The secret's bytes.
    pub const fn key(&self) -> &Key {
        &self.0
    }

    /// The code that a person writes down: groups with a space between them.
    pub fn code(&self) -> Plaintext {
        let mut bytes = Zeroizing::new([0; BYTES]);
        let check = check(self.0.bytes());
        bytes.iter_mut().zip(self.0.bytes().iter().chain(&check)).for_each(|(to, from)| *to = *from);
        let mut words = String::with_capacity(LENGTH + LENGTH / GROUP);
        for at in 0..LENGTH {
            if at > 0 && at % GROUP == 0 {
                words.push(' ');
            }
            let five = (0..5).fold(0, |five, bit| five << 1 | bit_of(&*bytes, at * 5 + bit));
            words.push(ALPHABET.get(usize::from(five)).copied().unwrap_or_default().into());
        }
        Plaintext::new(words)
    }

    /// Reads a code as people type it: in small letters or large ones, with or without spaces and dashes, with the
    /// letters O, I and L for the digits that they look like.
    pub fn parse(typed: &str) -> Result<Self, NotACode> {
        let (mut bytes, mut count) = (Zeroizing::new([0_u8; BYTES]), 0);
        let mut known = true;
        for typed in typed.chars().filter(|c| c.is_alphanumeric()) {
            let value = value(typed);
            known &= value.is_some();
            for bit in 0..5 {
                let at = count * 5 + bit;
                if let Some(byte) = bytes.get_mut(at / 8) {
                    *byte |= (value.unwrap_or_default() >> (4 - bit) & 1) << (7 - at % 8);
                }
            }
            count += 1;
        }
        if count != LENGTH {
            return Err(NotACode::Length(count));
        }
        let (secret, told) = bytes.split_at_checked(32).ok_or(NotACode::Mistyped)?;
        if !known || told != check(secret) {
            return Err(NotACode::Mistyped);
        }
        Key::from_slice(secret).map(Self).ok_or(NotACode::Mistyped)
    }
}

fn bit_of(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at / 8).copied().unwrap_or_default() >> (7 - at % 8) & 1
}

fn value(typed: char) -> Option<u8> {
    let plain = match typed.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    ALPHABET.iter().position(|known| char::from(*known) == plain).and_then(|at| u8::try_from(at).ok())
}
