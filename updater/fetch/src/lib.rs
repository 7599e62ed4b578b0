//! Fetches what the parties' mirrors serve, whatever the mirrors do.
//!
//! Mirrors are not trusted: what they serve is verified by the TUF library and then by `bulkhead-trust`. This crate sees to
//! it that a mirror cannot waste much time, memory, bandwidth or disk, and that another one is asked instead.

pub mod address;
pub mod dial;
pub mod health;
pub mod http;
pub mod mirrors;
pub mod pace;
pub mod package;
pub mod provider;
pub mod refresh;
pub mod stage;
pub mod store;

/// What went wrong with a mirror, or with fetching altogether.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// The address is not one that this program connects to.
    #[error("the address is not https://HOST[:PORT]/PATH (or http:// on this machine or at an onion service)")]
    Address,
    /// The SOCKS proxy refused or could not be reached.
    #[error("the proxy did not connect")]
    Proxy,
    /// Nobody answered at the address.
    #[error("the mirror cannot be reached")]
    Unreachable,
    /// TLS did not prove that it is the mirror.
    #[error("the mirror could not prove who it is")]
    Certificate,
    /// The connection ended too early.
    #[error("the mirror ended the connection too early")]
    Truncated,
    /// It answered with something that is not HTTP, or not what was asked for.
    #[error("the mirror does not speak HTTP as it should")]
    Misbehaving,
    /// It says with this status that it will not.
    #[error("the mirror refuses with status {0}")]
    Status(u16),
    /// It sends more than there can be.
    #[error("the mirror sends more than there is")]
    Oversized,
    /// It took the connection, and nothing came. It makes no difference how fast it would have to be.
    #[error("the mirror does not answer")]
    Silent,
    /// It is slower than it may be.
    #[error("the mirror is too slow")]
    Slow,
    /// What it sent is not what was announced.
    #[error("the mirror sends something else than was announced")]
    Wrong,
    /// All that may be spent on one update was spent.
    #[error("fetching took more bytes than an update can need")]
    Budget,
    /// No mirror has it.
    #[error("no mirror has the file")]
    Missing,
    /// The disk does not take it.
    #[error("the file cannot be stored")]
    Storage,
}
