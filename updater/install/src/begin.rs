//! The first installation, of a release that was decided on as an update would be.

use crate::{Error, Installation, Selection, disk};
use bulkhead_trust::State;

impl Installation {
    /// Makes the candidate of this number ([`Installation::unpack`]) the first release that runs here. `state` is what
    /// is known once it does; the roots that it trusts lie in [`Installation::trusted`] already. Whoever calls this made the folder for it, and
    /// removes it if this fails: nothing here is put in order afterwards.
    pub fn begin(&self, number: u64, state: &State) -> Result<(), Error> {
        disk::rename(&self.candidate(number), &self.release(number))?;
        // Signed as a part of the release, as every later list will be.
        let parties = disk::read(&self.release(number).join("metadata/parties.json"), 1024 * 1024)?;
        disk::replace(&self.path("parties"), &parties)?;
        self.clear_staging()?;
        self.keep_state(state)?;
        self.select(&Selection::first(number))
    }
}
