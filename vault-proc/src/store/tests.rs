//! Vaults with real stores, wired together by a relay that loses, doubles and reorders.

mod delivery;
mod failing;
mod faults;
mod gathered;
mod hostile;
mod order;
mod pairing;
mod renewing;
mod searching;
mod world;
