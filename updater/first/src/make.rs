//! The file to download, made of what the three parties serve, and verified as whoever downloads it will.

use crate::bundle::{INSTALLER, write};
use crate::collect::{collect, package};
use crate::{Error, Verified, disk, install, verify};
use bulkhead_package::{Limits, unpack};
use bulkhead_staging::Staged;
use bulkhead_trust::{PerParty, Time};
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// What was made.
pub struct Made {
    /// What an installer will find.
    pub verified: Verified,
    /// What the parties serve.
    pub parties: PerParty<Staged>,
    /// Addresses of each party's mirrors, as the release has them.
    pub mirrors: bulkhead_staging::Parties,
    /// The file's length in bytes.
    pub length: u64,
}

/// Makes the file `to` of the parties' folders. `scratch` is a folder for what is in between; it is not there, and not there afterwards.
/// Nothing gets the file's name before it has been verified.
pub fn make(served: &PerParty<PathBuf>, to: &Path, scratch: &Path, now: Time) -> Result<Made, Error> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| Error::Io(path, error)
    };
    fs::create_dir(scratch).map_err(at(scratch))?;
    let made = within(served, to, scratch, now);
    fs::remove_dir_all(scratch).map_err(at(scratch))?;
    made
}

fn within(served: &PerParty<PathBuf>, to: &Path, scratch: &Path, now: Time) -> Result<Made, Error> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |error| Error::Io(path, error)
    };
    let parties = PerParty::try_make(|party| collect(served.of(party), party))?;
    let listing = verify::parties(&parties, None, now)?.release(now)?;
    let places = served.iter().map(|(_, folder)| package(folder, &listing)).find(|path| path.is_file());
    let found = places.unwrap_or_else(|| package(&served.development, &listing));
    let mut file = File::open(&found).map_err(at(&found))?;
    let inside = scratch.join("package");
    unpack(&file, &inside, Limits::default())
        .map_err(|error| Error::Package(format!("{}: {error}.", found.display())))?;
    let installer = fs::read(inside.join("bin").join(INSTALLER)).map_err(|_| Error::Installer)?;
    file = File::open(&found).map_err(at(&found))?;
    let new = scratch.join("file");
    let mut into = BufWriter::new(File::create_new(&new).map_err(at(&new))?);
    write(&mut into, &installer, &parties, (&mut file, listing.length)).map_err(at(&found))?;
    into.flush().and_then(|()| into.get_ref().sync_all()).map_err(at(&new))?;
    let verified = install::verify(&new, None, scratch, now)?;
    let list = inside.join("metadata/parties.json");
    let mirrors = fs::read(&list).map_err(at(&list))?;
    let mirrors = serde_json::from_slice(&mirrors).map_err(|error| at(&list)(error.into()))?;
    let length = fs::metadata(&new).map_err(at(&new))?.len();
    fs::rename(&new, to).map_err(at(to))?;
    disk::sync(to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")))
        .map_err(at(to))?;
    Ok(Made { verified, parties, mirrors, length })
}
