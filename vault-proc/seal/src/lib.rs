//! Speaks with the machine's TPM. Holds half of what opens a profile, and only while it is asked for it.
//!
//! | module | what |
//! | --- | --- |
//! | [`wire`] | commands and answers as bytes (TPM 2.0 Library, part 2) |
//! | [`session`] | salted sessions: whoever listens between processor and TPM hears neither share nor PIN (part 1, 18 to 21) |
//! | [`tpm`] | sealing and unsealing |
//! | [`server`] | what the vault asks, one question at a time |

pub mod server;
pub mod session;
pub mod tpm;
pub mod wire;
