//! Attacks on updates, one file for each.
//!
//! Each is tried on a device: three parties' real repositories on mirrors over real sockets, fetched as `bulkhead-update` does
//! it, staged as files, read back and decided on as the launcher does it. Each has its control: the same device takes the honest
//! release, before the attack and (but for a fork) after it; and a refusal leaves the state byte-identical.
#![allow(missing_docs, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

#[path = "../../../updater/fetch/tests/bad/mod.rs"]
mod bad;
mod device;
#[path = "../../../updater/trust/tests/signed/mod.rs"]
mod signed;

mod canary;
mod delegation;
mod endless_data;
mod fast_forward;
mod fork;
mod freeze;
mod from_the_future;
mod hidden_root;
mod hostile_fetcher;
mod inner_metadata;
mod looser_rules;
mod mix_and_match;
mod one_key_twice;
mod oversized;
mod revoked_key;
mod rollback;
mod skipped_root;
mod slow_retrieval;
mod two_parties;
mod wrong_software;
