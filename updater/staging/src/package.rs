//! The package on its way: what is wanted, how much of it is there, and all of it.

use crate::Error;
use crate::files::{open_below, optional, read_below, remove, replace};
use bulkhead_trust::{Digest, LONGEST_PACKAGE, Listing};
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Which package is being fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Its digest.
    pub sha256: Digest,
    /// Its length in bytes.
    pub length: u64,
}

impl Wanted {
    /// A release's package.
    pub fn of(listing: &Listing) -> Self {
        Self { sha256: listing.sha256, length: listing.length }
    }
}

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Bytes that are there.
    pub done: u64,
    /// Bytes that there will be, [`LONGEST_PACKAGE`] at most.
    pub total: u64,
}

/// Begins or goes on with a download, in the fetcher: what is there of another package is removed.
pub fn begin(staging: &Path, new: Wanted) -> Result<(), Error> {
    // It may be whole, and is then found to be.
    if package(staging)?.is_some() {
        fs::rename(staging.join("package"), part(staging)).map_err(|error| Error::Io(part(staging), error))?;
    }
    if wanted(staging).ok().flatten() == Some(new) {
        return Ok(());
    }
    remove(&part(staging))?;
    replace(&staging.join("wanted"), format!("{} {}\n", new.sha256, new.length).as_bytes())
}

/// Where the part of a package goes.
pub fn part(staging: &Path) -> PathBuf {
    staging.join("package.part")
}

/// Ends a download: the part is the package.
pub fn finish(staging: &Path) -> Result<(), Error> {
    fs::rename(part(staging), staging.join("package")).map_err(|error| Error::Io(part(staging), error))
}

/// Which package is being fetched, or was.
pub fn wanted(staging: &Path) -> Result<Option<Wanted>, Error> {
    let Some(file) = optional(read_below(staging, &["wanted"], 128))? else { return Ok(None) };
    let text = std::str::from_utf8(&file).ok().and_then(|text| text.strip_suffix('\n')?.split_once(' '));
    let wanted = text
        .and_then(|(sha256, length)| Some(Wanted { sha256: Digest::from_hex(sha256)?, length: length.parse().ok()? }));
    wanted.filter(|wanted| wanted.length <= LONGEST_PACKAGE).map(Some).ok_or_else(|| Error::Odd(staging.join("wanted")))
}

/// How far the download is, for the launcher to show: what the fetcher says, and no more than that.
pub fn progress(staging: &Path) -> Option<Progress> {
    let total = wanted(staging).ok()??.length;
    let there = ["package", "package.part"].into_iter().find_map(|name| open_below(staging, &[name]).ok())?;
    Some(Progress { done: there.metadata().ok()?.len().min(total), total })
}

/// The package that the fetcher staged, opened with care; `None` if there is none. What is in it, and how long it is, is for
/// the caller to find out: it may change while it is read.
pub fn package(staging: &Path) -> Result<Option<File>, Error> {
    optional(open_below(staging, &["package"]))
}
