//! Makes a party's repository: what its keys sign, and the files that its mirrors serve.
//!
//! A file is made in two steps, so that offline keys can stay where they are: a [`Draft`] gives the bytes to sign,
//! takes signatures from anywhere and becomes the file. [`Repository`] keeps the order (versions, predecessors, pins)
//! and the set of files; it never holds a key.

mod draft;
mod load;
mod pair;
mod repository;

pub use draft::Draft;
pub use load::Unreadable;
pub use pair::Pair;
pub use repository::{Entry, Lifetimes, Repository};
