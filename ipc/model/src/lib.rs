//! Checks that the tables in `ipc/automata/` keep their promises together, whatever crashes, crosses or lies.
//!
//! Nothing here is a second description of the tables: the monitors are `bulkhead-ipc`'s own, at both ends of each
//! line, and the vault does what `ipc/automata/vault.rs` says, step by step. What is written here is the
//! world around them: sockets that hold a few packets, processes that end, relays that lose and repeat, and
//! processes that say whatever the schema allows.

pub mod adversary;
pub mod check;
pub mod moves;
pub mod mutants;
pub mod peers;
pub mod scope;
pub mod scopes;
pub mod vault;
pub mod words;
pub mod world;
