//! Every reason for refusal, by the smallest thing that causes it; and what is decided when there is none.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

mod agreement;
mod alarm;
mod chain;
mod current;
#[path = "../kit/mod.rs"]
mod kit;
mod outcomes;
mod roots;
mod signatures;

use bulkhead_trust::Party;

const DEV: Party = Party::Development;
const QA: Party = Party::Quality;
const SEC: Party = Party::Security;
