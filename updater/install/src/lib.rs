//! The folder of an installation: what is in it, and how it changes without ever being broken.
//!
//! ```text
//! <root>/releases/<number>/{bin,rules,metadata}   a release, unpacked
//! <root>/packages/<number>                        its package as it came
//! <root>/selection                                which release runs, and under whose launcher and rules
//! <root>/unproven                                 starts of a release that has not run well yet
//! <root>/bulkhead                                 link to the launcher that the desktop starts
//! <root>/state                                    what decisions depend on
//! <root>/trusted/<party>/<version>.root.json      roots that are trusted
//! <root>/parties                                  where the parties' mirrors are
//! <root>/proofs/                                  proofs of forks
//! <root>/staging/                                 what the fetcher wrote: nobody trusts it
//! ```
//!
//! Every file that matters is replaced at once or not at all, and written to the disk before something depends on it. The one
//! moment of change is the renaming of `selection`: before it the old release runs, after it the new one. What a crash leaves
//! half done is done, or undone, by [`Installation::recover`].

mod begin;
mod disk;
mod first;
mod hold;
mod notes;
mod promote;
mod recover;
mod selection;

pub use hold::Hold;
pub use promote::Taken;
pub use selection::{Selection, Under};

use bulkhead_trust::{LONGEST_PACKAGE, Party, PerParty, State, Time};
use std::path::{Path, PathBuf};

// What is fetched can be unpacked, and the other way round.
const _: () = assert!(LONGEST_PACKAGE == bulkhead_package::LONGEST);

/// Why the installation cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file is missing, or the disk does not take it.
    #[error("{0} cannot be read or written: {1}")]
    Io(PathBuf, std::io::Error),
    /// A file does not say what it should.
    #[error("{0} is damaged: install Bulkhead again; your profile is not part of it")]
    Damaged(PathBuf),
    /// The package is no package.
    #[error(transparent)]
    Package(#[from] bulkhead_package::Error),
}

/// An installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    root: PathBuf,
}

impl Installation {
    /// The installation in this folder.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The installation that a launcher belongs to, and the number of its release. `None` if it lies elsewhere: then
    /// somebody else keeps it up to date.
    pub fn of(launcher: &Path) -> Option<(Self, u64)> {
        let bin = launcher.parent().filter(|bin| bin.file_name().is_some_and(|name| name == "bin"))?;
        let release = bin.parent()?;
        let number = number(release.file_name()?.to_str()?)?;
        let releases = release.parent().filter(|folder| folder.file_name().is_some_and(|name| name == "releases"))?;
        let found = Self::at(releases.parent()?);
        found.path("selection").is_file().then_some((found, number))
    }

    /// Its folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a release lies.
    pub fn release(&self, number: u64) -> PathBuf {
        self.root.join("releases").join(number.to_string())
    }

    /// Where a release lies that was not accepted yet.
    pub fn candidate(&self, number: u64) -> PathBuf {
        self.root.join("releases").join(format!("{number}.partial"))
    }

    /// A release's launcher.
    pub fn launcher(&self, number: u64) -> PathBuf {
        self.release(number).join("bin/bulkhead")
    }

    /// A release's package, as it came.
    pub fn package(&self, number: u64) -> PathBuf {
        self.root.join("packages").join(number.to_string())
    }

    /// What the fetcher may write.
    pub fn staging(&self) -> PathBuf {
        self.path("staging")
    }

    /// The package that the fetcher wrote.
    pub fn staged_package(&self) -> PathBuf {
        self.path("staging/package")
    }

    /// Where a new release is tried, with a profile of its own.
    pub fn trial(&self) -> PathBuf {
        self.path("trial")
    }

    /// What decisions depend on.
    pub fn state(&self) -> Result<State, Error> {
        self.json("state", 64 * 1024 * 1024)
    }

    /// Remembers what decisions depend on. Written only if it is another than before.
    pub fn keep_state(&self, state: &State) -> Result<(), Error> {
        let path = self.path("state");
        let bytes = serde_json::to_vec(state).map_err(|_| Error::Damaged(path.clone()))?;
        if disk::read(&path, u64::MAX).is_ok_and(|old| old == bytes) {
            return Ok(());
        }
        disk::replace(&path, &bytes)
    }

    /// The root of `party` that `state` trusts, as a file.
    pub fn root_file(&self, party: Party, version: u64) -> Result<Vec<u8>, Error> {
        disk::read(&self.root_path(party, version), LONGEST_ROOT)
    }

    /// The roots that `state` trusts, as files.
    pub fn roots(&self, state: &State) -> Result<PerParty<Vec<u8>>, Error> {
        PerParty::try_make(|party| self.root_file(party, state.parties.of(party).roots.version()))
    }

    pub(crate) fn keep_root(&self, party: Party, version: u64, file: &[u8]) -> Result<(), Error> {
        disk::replace(&self.root_path(party, version), file)
    }

    /// The folder of what was accepted of the parties: roots, and what proves forks.
    pub fn trusted(&self) -> PathBuf {
        self.path("trusted")
    }

    /// The folder of proofs of forks.
    pub fn proofs(&self) -> PathBuf {
        self.path("proofs")
    }

    /// Where the parties' mirrors are, as a file.
    pub fn parties(&self) -> Result<Vec<u8>, Error> {
        disk::read(&self.path("parties"), 64 * 1024)
    }

    /// When the mirrors were last asked with success, in seconds since 1970.
    pub fn checked(&self) -> Option<Time> {
        std::str::from_utf8(&disk::read(&self.path("checked"), 20).ok()?).ok()?.parse().ok()
    }

    /// The mirrors were asked with success.
    pub fn note_checked(&self, now: Time) -> Result<(), Error> {
        disk::replace(&self.path("checked"), now.to_string().as_bytes())
    }

    fn root_path(&self, party: Party, version: u64) -> PathBuf {
        self.root.join("trusted").join(party.name()).join(format!("{version}.root.json"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    fn json<T: serde::de::DeserializeOwned>(&self, name: &str, most: u64) -> Result<T, Error> {
        let path = self.path(name);
        let bytes = disk::read(&path, most)?;
        serde_json::from_slice(&bytes).map_err(|_| Error::Damaged(path))
    }
}

/// The longest root, as `bulkhead_trust` reads them.
const LONGEST_ROOT: u64 = 64 * 1024;

/// The number of a release in the one way of writing it.
fn number(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| *number > 0 && number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn launcher_outside_an_installation_belongs_to_none() {
        let root = std::env::temp_dir().join(format!("bulkhead-of-{}", std::process::id()));
        let of = |path: &str| Installation::of(&root.join(path)).map(|(_, number)| number);
        std::fs::create_dir_all(&root).unwrap();
        assert_eq!(of("releases/7/bin/bulkhead"), None, "without a selection");
        std::fs::write(root.join("selection"), "").unwrap();
        assert_eq!(of("releases/7/bin/bulkhead"), Some(7));
        for path in
            ["releases/07/bin/bulkhead", "releases/0/bin/bulkhead", "releases/7/bulkhead", "target/7/bin/bulkhead"]
        {
            assert_eq!(of(path), None, "{path}");
        }
        std::fs::remove_dir_all(&root).unwrap();
    }
}
