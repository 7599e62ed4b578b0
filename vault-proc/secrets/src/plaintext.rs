//! What a person wrote: words, names, passphrases.
//!
//! A type of its own, so that words cannot slip into a log line, an error or a packet: it has no `Debug`, no
//! `Display` and no serialisation, and its memory is wiped when it is dropped.

use zeroize::Zeroize;

/// Words a person wrote, or a name: wiped on drop.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Plaintext(String);

impl Plaintext {
    /// Takes the words.
    pub const fn new(words: String) -> Self {
        Self(words)
    }

    /// The words.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Drop for Plaintext {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// What a person typed to open a profile: wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(Plaintext);

impl Passphrase {
    /// Takes what was typed.
    pub const fn new(typed: String) -> Self {
        Self(Plaintext::new(typed))
    }

    /// The bytes, for deriving a key.
    pub fn bytes(&self) -> &[u8] {
        self.0.as_str().as_bytes()
    }
}

impl From<Plaintext> for Passphrase {
    /// Takes what a field held.
    fn from(typed: Plaintext) -> Self {
        Self(typed)
    }
}
