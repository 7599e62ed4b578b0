//! The only process with keys and plaintext. No network. What it says leaves as ciphertext, or as pixels on the
//! user's own screen.
//!
//! A library so that store and profile can be tested and measured without a window.

pub mod backup;
pub mod erasure;
pub mod profile;
pub mod store;
