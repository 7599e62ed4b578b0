//! Judges of the policy, of signatures, of histories and of the command itself.

#![allow(missing_docs, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod attestation;
mod audit;
mod command;
mod downloads;
mod fixtures;
mod history;
mod holders;
mod house;
mod keys;
mod party;
mod policy;
mod publishing;
mod rebuilt;
mod speed;
mod store_key;
