//! The first installation: a package whose authenticity its user has checked, and what it trusts.

use crate::promote::describe;
use crate::{Error, Installation, Selection, disk};
use bulkhead_package::{Limits, unpack};
use bulkhead_trust::{Party, PartyState, PerParty, State};
use std::fs::File;
use std::path::{Path, PathBuf};

impl Installation {
    /// Makes an installation of `package` in `root`. `parties` is what it knows of each party, `roots` the roots that
    /// it trusts, from version 1 on; `mirrors` says where the parties' mirrors are.
    ///
    /// Nothing selects anything before all is there, so an attempt that breaks off can be repeated.
    pub fn first(
        root: impl Into<PathBuf>,
        package: &Path,
        parties: PerParty<PartyState>,
        roots: &PerParty<Vec<Vec<u8>>>,
        mirrors: &[u8],
    ) -> Result<Self, Error> {
        let made = Self::at(root);
        disk::make(&made.path("releases"))?;
        let unreadable = |error| Error::Io(package.to_owned(), error);
        let partial = made.path("releases/first.partial");
        disk::remove(&partial)?;
        unpack(File::open(package).map_err(unreadable)?, &partial, Limits::default())?;
        let (release, rules) = describe(&partial)?;
        if rules != release.rules || release.number == 0 {
            return Err(Error::Damaged(package.to_owned()));
        }
        let number = release.number;
        disk::remove(&made.release(number))?;
        disk::rename(&partial, &made.release(number))?;
        disk::make(&made.path("packages"))?;
        let copy = disk::beside(&made.package(number));
        std::fs::copy(package, &copy).map_err(unreadable)?;
        File::open(&copy).and_then(|file| file.sync_all()).map_err(unreadable)?;
        disk::rename(&copy, &made.package(number))?;
        for party in Party::ALL {
            for (version, root) in (1..).zip(roots.of(party)) {
                made.keep_root(party, version, root)?;
            }
        }
        disk::replace(&made.path("parties"), mirrors)?;
        disk::make(&made.staging())?;
        made.keep_state(&State::first(parties, &release))?;
        made.select(&Selection::first(number))?;
        Ok(made)
    }
}
