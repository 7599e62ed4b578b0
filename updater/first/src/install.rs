//! From the downloaded file to an installation, or to the knowledge that one could be made of it.

use crate::bundle::{Bundle, INSTALLER};
use crate::place::{Found, Place, look};
use crate::verify::{self, Read};
use crate::{Error, Verified};
use bulkhead_install::{Installation, Taken};
use bulkhead_staging::{Parties, Staged, evidence};
use bulkhead_trust::{Digest, Listing, Party, PerParty, Refusal, State, Time};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// It was installed.
    Installed(Verified),
    /// It was installed already, by the same parties; nothing was changed.
    There(Verified),
}

/// Verifies the file. What has to be unpacked for that goes into a folder in `scratch`, and is gone afterwards.
pub fn verify(file: &Path, insist: Option<Digest>, scratch: &Path, now: Time) -> Result<Verified, Error> {
    let download = Download::open(file, insist, now)?;
    let place = Place::begin(&scratch.join(format!("bulkhead-verify-{}", std::process::id())))?;
    Ok(download.unpacked(&Installation::at(place.folder()), now)?.0)
}

/// Verifies the file and installs it in `to`, which is absolute. If that fails, nothing of it is left.
pub fn install(file: &Path, to: &Path, insist: Option<Digest>, now: Time) -> Result<Done, Error> {
    let download = Download::open(file, insist, now)?;
    let offered = download.listing.release.number;
    let installed = match look(to)? {
        Found::Installed(installed) => Some(installed),
        Found::Nothing => None,
    };
    if let Some(installed) = installed.filter(|installed| *installed != offered) {
        let folder = to.to_owned();
        return Err(if installed > offered {
            Error::Older { folder, installed, offered }
        } else {
            Error::UpdatesItself { folder, installed, offered }
        });
    }
    if installed.is_some() && !download.parties.iter().all(|(party, staged)| trusts(to, party, &staged.trusted)) {
        return Err(Error::Strangers(to.to_owned()));
    }
    let place = Place::begin(to)?;
    let made = Installation::at(place.folder());
    let (verified, parties, state) = download.unpacked(&made, now)?;
    if installed.is_some() {
        return Ok(Done::There(verified));
    }
    for party in Party::ALL {
        evidence::remember(&made.trusted(), party, parties.of(party), state.parties.of(party))?;
    }
    made.begin(offered, &state)?;
    place.finish()?;
    Ok(Done::Installed(verified))
}

/// A file that is found to be good, as far as can be said without its package.
struct Download {
    bundle: Bundle<BufReader<File>>,
    parties: PerParty<Staged>,
    read: Read,
    listing: Listing,
}

impl Download {
    fn open(path: &Path, insist: Option<Digest>, now: Time) -> Result<Self, Error> {
        let unreadable = |error| Error::Io(path.to_owned(), error);
        let file = File::open(path).map_err(unreadable)?;
        if !file.metadata().map_err(unreadable)?.is_file() {
            return Err(unreadable(io::Error::other("it is not a file")));
        }
        let mut bundle = Bundle::read(BufReader::with_capacity(128 * 1024, file))?;
        let parties = std::mem::take(&mut bundle.parties);
        let read = verify::parties(&parties, insist, now)?;
        let listing = read.release(now)?;
        if bundle.length != listing.length {
            let (signed, came) = (listing.length, bundle.length);
            return Err(Error::Package(format!("it has {came} bytes; what was signed has {signed}.")));
        }
        Ok(Self { bundle, parties, read, listing })
    }

    /// Takes the package over into a new installation, and judges what is in it.
    fn unpacked(self, into: &Installation, now: Time) -> Result<(Verified, PerParty<Staged>, State), Error> {
        into.clear_staging()?;
        let path = into.staged_package();
        let at = |error| Error::Disk(bulkhead_install::Error::Io(path.clone(), error));
        let mut package = File::create_new(&path).map_err(at)?;
        let installer = self.bundle.installer;
        let (came, whole) = self.bundle.package(&mut package)?;
        let wrong = |came| Error::Package(Refusal::WrongPackage { signed: self.listing.sha256, came }.to_string());
        if came != self.listing.sha256 {
            return Err(wrong(came));
        }
        if let Taken::Other(_, came) = into.take(&self.listing)? {
            return Err(wrong(came));
        }
        let view = into.unpack(&self.listing)?;
        let (verified, state) = self.read.package(view, whole, now)?;
        let candidate = into.candidate(self.listing.release.number);
        if hash(&candidate.join("bin").join(INSTALLER)).ok() != Some(installer) {
            return Err(Error::Installer);
        }
        let mirrors = fs::read(candidate.join("metadata/parties.json")).unwrap_or_default();
        let mirrors: Option<Parties> = serde_json::from_slice(&mirrors).ok();
        if mirrors.is_none_or(|mirrors| mirrors.iter().any(|(_, list)| list.is_empty())) {
            let what = "it does not say where the parties' mirrors are (metadata/parties.json), so that no update would ever come.";
            return Err(Error::Package(what.into()));
        }
        Ok((verified, self.parties, state))
    }
}

/// Whether an installation began with this root of a party.
fn trusts(installation: &Path, party: Party, root: &[u8]) -> bool {
    Installation::at(installation).root_file(party, 1).is_ok_and(|kept| kept == root)
}

fn hash(path: &Path) -> io::Result<Digest> {
    let mut sum = Sha256::new();
    io::copy(&mut File::open(path)?, &mut sum)?;
    Ok(Digest(sum.finalize().into()))
}

/// Where the program is installed if nobody says otherwise: apart from `$XDG_DATA_HOME/bulkhead`, which holds the profiles,
/// so that a backup of one is not one of the other (file-hierarchy(7), "home directory").
pub fn usual(environment: &dyn Fn(&str) -> Option<std::ffi::OsString>) -> Result<PathBuf, Error> {
    let home = environment("HOME").map(PathBuf::from).filter(|home| home.is_absolute()).ok_or(Error::Nowhere)?;
    Ok(home.join(".local/lib/bulkhead"))
}
