//! The site as it is made, as nginx serves it, as a browser shows it, and the onion service before it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod browser;
#[path = "../../../first/tests/kit/mod.rs"]
mod kit;
mod making;
mod served;
mod serving;
