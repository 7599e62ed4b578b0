//! From a staged package to the release that runs.

use crate::{Error, Installation, disk};
use bulkhead_package::{Limits, unpack};
use bulkhead_trust::{Digest, Listing, PackageView, Release, Rules};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, DirEntry, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The longest description of a release, and the longest rules file, in bytes.
const LONGEST_TEXT: u64 = 1024 * 1024;
/// Read at once.
const PIECE: usize = 64 * 1024;

/// What came of a staged package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is what the parties listed, byte for byte, and now lies where the fetcher cannot reach it.
    Listed,
    /// It is something else, of this length and digest; it was removed.
    Other(u64, Digest),
}

impl Installation {
    /// Takes the staged package over, if it is the listed one. It is copied while it is hashed: whoever could still
    /// write to the staged file changes nothing any more.
    pub fn take(&self, listing: &Listing) -> Result<Taken, Error> {
        let (from, to) = (self.staged_package(), self.package(listing.release.number));
        disk::make(&self.path("packages"))?;
        let new = disk::beside(&to);
        disk::remove(&new)?;
        let (length, sha256) = copy(&from, &new, listing.length)?;
        if (length, sha256) == (listing.length, listing.sha256) {
            disk::rename(&new, &to)?;
            return Ok(Taken::Listed);
        }
        disk::remove(&new)?;
        disk::remove(&from)?;
        Ok(Taken::Other(length, sha256))
    }

    /// Unpacks the package of this release beside the others, and says what it is. It was taken over before; what was
    /// there of an earlier attempt is removed.
    pub fn unpack(&self, listing: &Listing) -> Result<PackageView, Error> {
        let (package, into) = (self.package(listing.release.number), self.candidate(listing.release.number));
        disk::make(&self.path("releases"))?;
        disk::remove(&into)?;
        unpack(open(&package)?, &into, Limits::default())?;
        let (inner, rules) = describe(&into)?;
        Ok(PackageView { length: listing.length, sha256: listing.sha256, inner, rules })
    }

    /// Makes the candidate the current release. What is on the disk is complete before each step, and after each step
    /// some release is selected and complete.
    pub fn switch(&self, number: u64) -> Result<(), Error> {
        let old = self.selection()?;
        let release = self.release(number);
        disk::remove(&release)?;
        disk::rename(&self.candidate(number), &release)?;
        // A first start that fails must be counted, so this is there before the release is.
        self.expect(number)?;
        self.select(&old.with(number))?;
        self.settle()
    }

    /// Removes a candidate that was refused. Its package stays: what was offered can be examined.
    pub fn discard(&self, number: u64) -> Result<(), Error> {
        disk::remove(&self.candidate(number))
    }

    /// Empties what the fetcher wrote.
    pub fn clear_staging(&self) -> Result<(), Error> {
        disk::remove(&self.staging())?;
        disk::make(&self.staging())
    }

    /// What a release that lies here says about itself.
    pub fn description(&self, number: u64) -> Result<Release, Error> {
        description(&self.release(number))
    }
}

pub(crate) fn description(folder: &Path) -> Result<Release, Error> {
    let path = folder.join("metadata/release.json");
    serde_json::from_slice(&disk::read(&path, LONGEST_TEXT)?).map_err(|_| Error::Damaged(path))
}

/// What an unpacked release says about itself, and the rules that lie in it. What is missing or cannot be understood is
/// described as what no release is, so that the decision refuses it for that reason.
pub(crate) fn describe(folder: &Path) -> Result<(Release, BTreeMap<String, Rules>), Error> {
    #[derive(Deserialize)]
    struct File {
        version: u64,
    }
    let none = || Release { number: 0, version: String::new(), changes: String::new(), rules: [].into() };
    let inner = description(folder).unwrap_or_else(|_| none());
    let folder = folder.join("rules");
    let mut rules = BTreeMap::new();
    let entries = fs::read_dir(&folder).map(|entries| entries.collect::<Result<Vec<_>, _>>());
    // Without rules there is no folder for them.
    for path in entries.unwrap_or(Ok(Vec::new())).map_err(|error| Error::Io(folder, error))?.iter().map(DirEntry::path)
    {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.strip_suffix(".json").unwrap_or(&name).to_owned();
        let bytes = disk::read(&path, LONGEST_TEXT)?;
        let version = serde_json::from_slice(&bytes).map_or(0, |File { version }| version);
        rules.insert(name, Rules { version, sha256: Digest::of(&bytes) });
    }
    Ok((inner, rules))
}

fn open(path: &Path) -> Result<File, Error> {
    File::open(path).map_err(|error| Error::Io(path.to_owned(), error))
}

/// Copies a file that may be no file at all: the fetcher made it. Never more than one byte too many.
fn copy(from: &Path, to: &Path, most: u64) -> Result<(u64, Digest), Error> {
    let unreadable = |error| Error::Io(from.to_owned(), error);
    // A link would lead to what the fetcher cannot read, a pipe would hold us up.
    let flags = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(from).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(Error::Damaged(PathBuf::from(from)));
    }
    let unwritable = |error| Error::Io(to.to_owned(), error);
    let mut into = OpenOptions::new().write(true).create_new(true).mode(0o644).open(to).map_err(unwritable)?;
    let mut file = file.take(most.saturating_add(1));
    let (mut piece, mut length, mut hash) = (vec![0; PIECE], 0_u64, Sha256::new());
    loop {
        let read = file.read(&mut piece).map_err(unreadable)?;
        let Some(bytes @ [_, ..]) = piece.get(..read) else { break };
        hash.update(bytes);
        into.write_all(bytes).map_err(unwritable)?;
        length = length.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
    }
    into.sync_all().map_err(unwritable)?;
    Ok((length, Digest(hash.finalize().into())))
}
