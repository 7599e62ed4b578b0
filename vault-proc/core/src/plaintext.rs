//! What a person wrote, or a name.
//!
//! A type of its own, so that words cannot slip into a log line, an error or a packet: it has no `Debug`, no
//! `Display` and no serialisation, and its memory is wiped when it is dropped.

use zeroize::Zeroize;

/// Words a person wrote, or a name: wiped on drop.
///
/// ```compile_fail
/// println!("{:?}", bulkhead_vault_core::Plaintext::new("secret".into()));
/// ```
/// ```compile_fail
/// println!("{}", bulkhead_vault_core::Plaintext::new("secret".into()));
/// ```
/// ```compile_fail
/// fn line<T: serde::Serialize>(_: T) {}
/// line(bulkhead_vault_core::Plaintext::new("secret".into()));
/// ```
#[derive(Clone, PartialEq, Eq)]
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
