//! The first installation: one file to download, verified as an update would be, and installed from.
//!
//! Who installs for the first time has no state that anything could be held against. So the file brings what an
//! installation would have seen by now: each party's roots and lists of releases from the first one on, what is current today, and the
//! package. They are judged by the same code as an update's, beginning with nothing but the three first roots; these are
//! what there is to compare with other places ([`Roots`]). The file is a plain ustar archive:
//!
//! ```text
//! bulkhead-install              this program; the same bytes as bin/bulkhead-install in the package
//! <party>/1.root.json, 2.…      every root, from the first one on
//! <party>/links                 canonical signed bytes of all earlier targets files, each after its length in four bytes
//! <party>/targets.json          the list of releases
//! <party>/snapshot.json
//! <party>/timestamp.json        what is current, as of today
//! package                       the release
//! ```
//!
//! with the parties in the order development, quality, security. There is one way to write it, and any other is refused.

pub mod bundle;
pub mod collect;
pub mod disk;
pub mod install;
pub mod make;
pub mod menu;
mod place;
pub mod report;
pub mod verify;

pub use bulkhead_staging::Staged;
pub use report::{Roots, Verified};

use bulkhead_trust::{Digest, Party, Refusal};
use std::io;
use std::path::PathBuf;

/// What is of use whenever the file itself is refused.
const AGAIN: &str = "Download it again, from another of the places where it lies if you can. If it is refused again, do not install \
                     it, and tell the three parties";

/// Why nothing is installed. Each says where it is wrong, and what would make it pass.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    /// The disk does not take it.
    #[error("{0}; nothing was left behind. Make room or choose another folder (--folder), and start again")]
    Disk(bulkhead_install::Error),
    /// The file is not written as such files are.
    #[error("from byte {at} on, the file is not what Bulkhead's download is: {what}. {AGAIN}")]
    Form {
        /// Where, counted from 0.
        at: u64,
        /// What about it.
        what: String,
    },
    /// What the parties say is refused, as it would be in an update.
    #[error("{file}: {refusal} {advice}")]
    Refused {
        /// Which of the files within the file.
        file: String,
        /// Why.
        refusal: Box<Refusal>,
        /// What would make it pass.
        advice: &'static str,
    },
    /// A party's first root could not have been made by the ceremony.
    #[error("{}/1.root.json: {what}. {AGAIN}", party.name())]
    Root {
        /// Whose.
        party: Party,
        /// What about it.
        what: &'static str,
    },
    /// One party has described one release in two ways.
    #[error("{}/links: release {number} was described in two different ways: {party} has forked its history. Do not install it, and tell the three parties", party.name())]
    Twice {
        /// Whose.
        party: Party,
        /// Which release.
        number: u64,
    },
    /// Not all of them list the release.
    #[error(
        "release {number} is not listed by {missing} yet: wait until it is, and download the file that is there then"
    )]
    Waiting {
        /// Which.
        number: u64,
        /// Who.
        missing: String,
    },
    /// Nothing is listed.
    #[error("no release is listed by all three parties: there is nothing to install yet")]
    Nothing,
    /// The roots are others than the user insists on.
    #[error(
        "the three first roots (*/1.root.json) have the fingerprint {found}, not {wanted}. Whoever made this file is not who you want it from, unless there is a slip in what was given with --roots"
    )]
    OtherRoots {
        /// Their fingerprint.
        found: Digest,
        /// What the user gave.
        wanted: Digest,
    },
    /// The package is not the one that was signed, or cannot be unpacked.
    #[error("package: {0} {AGAIN}")]
    Package(String),
    /// The installer beside the package is another than the one in it.
    #[error(
        "bulkhead-install: it is not the program of this name in the package that the parties have signed. {AGAIN}"
    )]
    Installer,
    /// The folder is a link.
    #[error("{0} is a link: name the folder that it leads to with --folder")]
    Link(PathBuf),
    /// Something else lies there.
    #[error("{0} is not empty and holds no installation: choose another folder with --folder, or remove what is there")]
    Occupied(PathBuf),
    /// Everybody on the machine could change it.
    #[error(
        "{0} can be changed by every user of this machine, and so could the program: choose a folder of your own with --folder, or take that right away (chmod o-w)"
    )]
    Open(PathBuf),
    /// Another installer is at work.
    #[error("another installation into {0} is under way: wait until it has ended, then start again")]
    Busy(PathBuf),
    /// A newer release is installed.
    #[error(
        "{folder}: release {installed} is installed, this file holds release {offered}: an older one never takes the place of a newer one. There is nothing to do"
    )]
    Older {
        /// Where.
        folder: PathBuf,
        /// What is there.
        installed: u64,
        /// What the file holds.
        offered: u64,
    },
    /// An older release is installed.
    #[error("{folder}: release {installed} is installed and updates itself to release {offered}, under its own rules: start {}", folder.join("bulkhead").display())]
    UpdatesItself {
        /// Where.
        folder: PathBuf,
        /// What is there.
        installed: u64,
        /// What the file holds.
        offered: u64,
    },
    /// The same release by other parties is installed.
    #[error(
        "{0}: an installation that trusts other parties' roots is there. Find out which of the two is the one that you want; choose another folder with --folder meanwhile"
    )]
    Strangers(PathBuf),
    /// Nobody says where to.
    #[error("no home folder is known: say where to install with --folder")]
    Nowhere,
}

impl From<bulkhead_staging::Error> for Error {
    fn from(error: bulkhead_staging::Error) -> Self {
        match error {
            bulkhead_staging::Error::Io(path, error) => Self::Disk(bulkhead_install::Error::Io(path, error)),
            other => Self::Package(format!("{other}.")),
        }
    }
}

impl From<bulkhead_install::Error> for Error {
    fn from(error: bulkhead_install::Error) -> Self {
        match error {
            bulkhead_install::Error::Io(..) | bulkhead_install::Error::Package(bulkhead_package::Error::Io(_)) => {
                Self::Disk(error)
            }
            // What all three have signed is not what a package should be.
            other => Self::Package(format!("{other}.")),
        }
    }
}
