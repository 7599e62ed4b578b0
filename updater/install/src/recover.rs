//! What a crash left half done is done, or undone.

use crate::{Error, Installation, Selection, disk, number};
use std::fs;

impl Installation {
    /// Called by the launcher before it starts anything. The answer is what is selected.
    pub fn recover(&self) -> Result<Selection, Error> {
        let selection = self.selection()?;
        self.settle()?;
        // Nothing here is being made now: it was, when the machine stopped.
        for folder in ["releases", "packages", "."] {
            for name in self.names(folder)? {
                if name.ends_with(".partial") {
                    disk::remove(&self.root.join(folder).join(name))?;
                }
            }
        }
        disk::remove(&self.trial())?;
        Ok(selection)
    }

    /// Brings in line with the selection what may be behind it: the link, and the state. Then removes releases that
    /// nobody needs.
    pub(crate) fn settle(&self) -> Result<(), Error> {
        let selection = self.selection()?;
        self.point(&selection)?;
        let (state, current) = (self.state()?, self.description(selection.now.current)?);
        if state.installed < current.number {
            self.keep_state(&state.with_installed(&current))?;
        }
        let parties = self.release(selection.now.current).join("metadata/parties.json");
        if let Ok(parties) = disk::read(&parties, 1024 * 1024)
            && disk::read(&self.path("parties"), 1024 * 1024).ok().as_ref() != Some(&parties)
        {
            disk::replace(&self.path("parties"), &parties)?;
        }
        for name in self.names("releases")? {
            if number(&name).is_some_and(|number| !selection.keeps(number) && !self.is_held(number)) {
                disk::remove(&self.root.join("releases").join(name))?;
            }
        }
        Ok(())
    }

    /// The names in a folder of the installation; none if it is not there.
    fn names(&self, folder: &str) -> Result<Vec<String>, Error> {
        let folder = self.root.join(folder);
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let unreadable = |error| Error::Io(folder.clone(), error);
        let entries = fs::read_dir(&folder).map_err(unreadable)?;
        entries.map(|entry| Ok(entry.map_err(unreadable)?.file_name().to_string_lossy().into_owned())).collect()
    }
}
