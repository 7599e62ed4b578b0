//! The staging folder: what the launcher gives the fetcher, and what the fetcher gives back.
//!
//! It is the only folder that the fetcher can reach. The launcher puts copies into it of what the fetcher has to know, and never
//! reads these back; what the fetcher wrote it reads like bytes from a stranger: regular files only, no links, each of
//! bounded length.
//!
//! ```text
//! given   state                      what is remembered (JSON)
//!         parties                    where the parties' mirrors are (JSON)
//!         <party>/trusted.root.json  the root that is trusted
//! came    <party>/<n>.root.json      roots after it
//!         <party>/links              canonical signed bytes of targets files, each after its length in four bytes
//!         <party>/targets.json
//!         <party>/snapshot.json
//!         <party>/timestamp.json     written last: without it the party's files are not whole
//!         wanted                     digest and length of the package that is being fetched
//!         package.part               what there is of it
//!         package                    all of it
//! ```
//!
//! Beside it, [`evidence`] keeps what was accepted, by which a fork can be proven.

pub mod evidence;
mod files;
mod package;
mod staged;

pub use package::{Progress, Wanted, begin, finish, package, part, progress, wanted};
pub use staged::{Given, Parties, Staged, prepare, read};

use std::path::PathBuf;

/// Why the folder cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file is missing.
    #[error("{0} is not there")]
    Missing(PathBuf),
    /// The disk does not give or take it.
    #[error("{0} cannot be read or written: {1}")]
    Io(PathBuf, std::io::Error),
    /// A link, a folder, a pipe.
    #[error("{0} is not a regular file")]
    NoFile(PathBuf),
    /// Longer than such a file can be.
    #[error("{0} is longer than such a file can be")]
    TooLong(PathBuf),
    /// It does not say what it should.
    #[error("{0} cannot be understood")]
    Odd(PathBuf),
}
