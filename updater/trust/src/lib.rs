//! Decides from bytes alone whether a release may be installed.
//!
//! Two steps. [`read()`] turns the files of a party's TUF repository into facts: which keys signed what, which hashes
//! are named, when it expires. [`decide()`] judges facts of all three parties against what is remembered ([`State`])
//! and the time, and gives either a refusal, which changes nothing, or what to do next and what to remember then.
//! Neither reads a file, asks a clock or opens a connection: the sandboxed fetcher and the launcher run the same
//! code on the same bytes, and so does anyone who checks a proof of a fork ([`proof`]).

mod chain;
pub mod decide;
mod digest;
pub mod evidence;
mod freshness;
mod keys;
pub mod links;
mod party;
pub mod proof;
mod provider;
pub mod read;
mod refusal;
mod release;
mod state;
mod view;

pub use chain::{Chain, Link};
pub use decide::{Decision, decide};
pub use digest::Digest;
pub use freshness::{Freshness, freshness};
pub use keys::{Key, RoleKeys, Roles, count, enough};
pub use party::{Party, PerParty};
pub use provider::{hash, install as install_provider, verify};
pub use read::{Files, read};
pub use refusal::{Refusal, Role};
pub use release::{LONGEST_PACKAGE, Listing, Release, Rules, path};
pub use state::{Fork, Forked, PartyState, Seen, State};
pub use view::{Candidate, PackageView, PartyView, Pin, RootView, Seal, SnapshotView, TargetsView, TimestampView};

/// Seconds since 1970-01-01T00:00:00Z, as TUF's times are.
pub type Time = i64;
