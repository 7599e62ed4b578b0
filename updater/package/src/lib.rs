//! A release as one file: packed the same way everywhere, unpacked only if it is exactly that.
//!
//! A package is a ustar archive (POSIX.1-1988), compressed with gzip (RFC 1952). Of what those formats allow it uses the
//! least: regular files below `bin/`, `rules/` and `metadata/`, in the order of their names, all with one owner and one time,
//! executable in `bin/` and nowhere else. There is one way to write each header, and a header that is written any other
//! way is refused: so there are no links, no devices, no name that leads elsewhere, and nothing that another reader could take
//! for something else.
//!
//! Whether a package is the one that was signed is not judged here: its digest is compared before it is unpacked.

pub mod header;
mod names;
mod pack;
mod unpack;

pub use names::{is_name, is_program};
pub use pack::pack;
pub use unpack::{Limits, unpack};

/// Files in a package.
pub const MOST_FILES: usize = 512;
/// Bytes of all files in a package.
pub const MOST_BYTES: u64 = 512 * 1024 * 1024;
/// Bytes of a package.
pub const LONGEST: u64 = 256 * 1024 * 1024;

/// Why a folder does not become a package, or a package no folder.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file has a name that no package may hold.
    #[error(
        "the name `{0}` cannot be in a package: files lie below bin/, rules/ or metadata/, and their names are of letters, digits, `.`, `-` and `_`"
    )]
    Name(String),
    /// Something that is neither a file nor a folder.
    #[error("`{0}` is neither a file nor a folder: a package holds nothing else")]
    Kind(String),
    /// A header that is not written the one way, or a file in the wrong place.
    #[error(
        "the package is not written as packages are, at its byte {0} (unpacked): it is damaged, or of another kind"
    )]
    Form(u64),
    /// The end is missing.
    #[error("the package ends too early")]
    Truncated,
    /// There is more after the end.
    #[error("the package goes on after its end")]
    Trailing,
    /// Too many files, or too much in them.
    #[error("the package holds more than a release can have")]
    TooLarge,
    /// The folder to unpack into is there already.
    #[error("the folder to unpack into is there already")]
    Exists,
    /// Reading or writing failed.
    #[error("a file cannot be read or written: {0}")]
    Io(#[from] std::io::Error),
}
