//! Speaks with the machine's TPM: half of what opens a profile, and a counter by which an older copy of it is known.
//!
//! | module | what |
//! | --- | --- |
//! | [`wire`] | commands and answers as bytes (TPM 2.0 Library, part 2) |
//! | [`session`] | salted sessions: whoever listens between processor and TPM hears neither share nor PIN (part 1, 18 to 21) |
//! | [`tpm`] | sealing and unsealing |
//! | [`server`] | what the vault asks, one question at a time |

mod counter;
pub mod server;
pub mod session;
pub mod tpm;
pub mod wire;
