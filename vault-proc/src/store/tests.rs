//! Vaults with real stores, wired together by a relay that loses, doubles and reorders.

mod broken_disk;
mod clocks;
mod delivery;
#[allow(unsafe_code, clippy::multiple_unsafe_ops_per_block)]
pub(super) mod disk;
mod failing;
mod faults;
mod gathered;
mod hostile;
mod killed;
mod moving;
mod order;
mod pairing;
mod renewing;
mod salvaging;
mod schedule;
mod searching;
mod sharing;
mod traces;
mod vanishing;
mod world;
