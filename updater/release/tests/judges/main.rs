//! Judges of the policy, of signatures, of histories and of the command itself.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

mod attestation;
mod command;
mod history;
mod house;
mod keys;
mod policy;
mod speed;
