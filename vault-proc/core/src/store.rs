//! Where the vault keeps its state.

/// Durable storage with transactions.
pub trait Store {}
