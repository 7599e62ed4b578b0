//! Judges of the policy, of signatures, of histories and of the command itself.

#![allow(missing_docs, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod attestation;
mod command;
mod history;
mod house;
mod keys;
mod party;
mod policy;
mod speed;
mod store_key;
