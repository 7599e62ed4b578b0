//! Starts of a release that has not run well yet, and the way back from one that does not.

use crate::{Error, Installation, Selection, disk};
use bulkhead_trust::Release;
use serde::{Deserialize, Serialize};

/// How often a release may fail to start before the one before it runs again.
const PATIENCE: u32 = 3;

/// The content of `<root>/unproven` (JSON). Without the file, the current release has run well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Unproven {
    release: u64,
    starts: u32,
}

impl Installation {
    /// The release of this number still has to prove that it starts.
    pub(crate) fn expect(&self, release: u64) -> Result<(), Error> {
        self.note(Unproven { release, starts: 0 })
    }

    /// Counts a start of the current release, if it has not proven itself yet. Says whether it has.
    pub fn starting(&self, selection: &Selection) -> Result<bool, Error> {
        let Some(noted) = self.unproven(selection) else { return Ok(true) };
        self.note(Unproven { starts: noted.starts.saturating_add(1), ..noted })?;
        Ok(false)
    }

    /// A start that said nothing about the release, such as one without a display, does not count.
    pub fn uncount(&self, selection: &Selection) -> Result<(), Error> {
        match self.unproven(selection) {
            Some(noted) => self.note(Unproven { starts: noted.starts.saturating_sub(1), ..noted }),
            None => Ok(()),
        }
    }

    /// The current release has started: all its processes greeted, and the window was drawn.
    pub fn proven(&self) -> Result<(), Error> {
        disk::remove(&self.path("unproven"))
    }

    /// Whether the current release has failed to start too often.
    pub fn is_hopeless(&self, selection: &Selection) -> bool {
        self.unproven(selection).is_some_and(|noted| noted.starts >= PATIENCE)
    }

    /// Goes back to what ran well before, under the rules that held for it then; the failed release is not tried again.
    /// `None` if nothing ran before.
    pub fn roll_back(&self) -> Result<Option<Selection>, Error> {
        let selection = self.selection()?;
        let Some(back) = selection.back() else { return Ok(None) };
        // First: a crash after it leaves a release that is tried once more, and nothing worse.
        self.keep_state(&self.state()?.with_failed(selection.now.current))?;
        let failed = self.described(selection.now.current);
        let path = self.path("rolled-back");
        disk::replace(&path, &serde_json::to_vec(&failed).map_err(|_| Error::Damaged(path.clone()))?)?;
        self.select(&back)?;
        self.proven()?;
        self.settle()?;
        Ok(Some(back))
    }

    /// The release that was rolled back last, until a newer one is installed.
    pub fn rolled_back(&self) -> Option<Release> {
        let release: Release = self.json("rolled-back", 1024 * 1024).ok()?;
        (self.selection().ok()?.now.current < release.number).then_some(release)
    }

    /// What a release says about itself; at least its number, if it is too damaged to say anything.
    fn described(&self, number: u64) -> Release {
        let nothing = || Release { number, version: number.to_string(), changes: String::new(), rules: [].into() };
        self.description(number).unwrap_or_else(|_| nothing())
    }

    fn unproven(&self, selection: &Selection) -> Option<Unproven> {
        // A note that cannot be read, or is of another release, is none: it never makes a good release go.
        self.json("unproven", 4096).ok().filter(|noted: &Unproven| noted.release == selection.now.current)
    }

    fn note(&self, noted: Unproven) -> Result<(), Error> {
        let path = self.path("unproven");
        disk::replace(&path, &serde_json::to_vec(&noted).map_err(|_| Error::Damaged(path.clone()))?)
    }
}
