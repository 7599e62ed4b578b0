//! The types of what must not leave the vault: words, names, passphrases, keys.
//!
//! None has `Debug`, `Display` or serialisation, so none can slip into a log line, an error or a packet without a
//! change here; each is wiped when it is dropped. `tests/walls/` holds programs that would let one out, and what the
//! compiler says to each.

mod arena;
mod plaintext;
mod secret;

pub use arena::{Kept, reserve};
pub use plaintext::{Passphrase, Plaintext};
pub use secret::{Key, Secret};
