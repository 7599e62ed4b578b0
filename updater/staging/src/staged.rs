//! A party's files, on their way from the fetcher to the launcher; and what the fetcher is given.

use crate::Error;
use crate::files::{optional, read_below, remove, replace};
use bulkhead_trust::read::{MOST_ROOTS, longest};
use bulkhead_trust::{Files, Party, PartyState, PerParty, Role, State, links};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::Path;

/// Addresses of each party's mirrors. Below each are `metadata/` and `targets/`.
pub type Parties = PerParty<Vec<String>>;

/// The longest state, in bytes: a hundred thousand releases.
const LONGEST_STATE: u64 = 64 * 1024 * 1024;
/// The longest list of mirrors, in bytes.
const LONGEST_PARTIES: u64 = 64 * 1024;
/// All links of one party at once, in bytes. Some 50,000 releases.
const LONGEST_LINKS: u64 = 128 * 1024 * 1024;

/// A party's files, as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Staged {
    /// The root that is trusted already.
    pub trusted: Vec<u8>,
    /// Roots after it.
    pub roots: Vec<Vec<u8>>,
    /// The timestamp.
    pub timestamp: Vec<u8>,
    /// The snapshot.
    pub snapshot: Vec<u8>,
    /// The targets file.
    pub targets: Vec<u8>,
    /// The links between the last targets file that was seen and this one; earlier ones, too, where they do not join.
    pub links: Vec<Vec<u8>>,
}

impl Staged {
    /// For [`bulkhead_trust::read()`].
    pub fn files(&self) -> Files<'_> {
        Files {
            trusted: &self.trusted,
            roots: &self.roots,
            timestamp: &self.timestamp,
            snapshot: &self.snapshot,
            targets: &self.targets,
            links: &self.links,
        }
    }

    /// Writes what came of `party`, whose last known root is the one that `known` names. The timestamp goes first and
    /// comes last: whoever finds one finds the files that belong to it.
    pub fn write(&self, staging: &Path, party: Party, known: &PartyState) -> Result<(), Error> {
        let folder = staging.join(party.name());
        remove(&folder.join("timestamp.json"))?;
        for (number, root) in (known.roots.version().saturating_add(1)..).zip(&self.roots) {
            replace(&folder.join(format!("{number}.root.json")), root)?;
        }
        let mut links = Vec::new();
        self.links.iter().for_each(|link| links::append(&mut links, link));
        replace(&folder.join("links"), &links)?;
        replace(&folder.join("targets.json"), &self.targets)?;
        replace(&folder.join("snapshot.json"), &self.snapshot)?;
        replace(&folder.join("timestamp.json"), &self.timestamp)
    }

    /// Reads what came of `party`. `trusted` is the root that the caller trusts, and `known` names.
    fn read(staging: &Path, party: Party, known: &PartyState, trusted: &[u8]) -> Result<Self, Error> {
        let name = party.name();
        let file = |file: &str, most: u64| read_below(staging, &[name, file], most);
        let timestamp = file("timestamp.json", most(Role::Timestamp))?;
        let mut roots = Vec::new();
        for number in (known.roots.version().saturating_add(1)..).take(MOST_ROOTS) {
            match optional(file(&format!("{number}.root.json"), most(Role::Root)))? {
                Some(root) => roots.push(root),
                None => break,
            }
        }
        let links = file("links", LONGEST_LINKS)?;
        Ok(Self {
            trusted: trusted.to_vec(),
            roots,
            timestamp,
            snapshot: file("snapshot.json", most(Role::Snapshot))?,
            targets: file("targets.json", most(Role::Targets))?,
            links: links::entries(&links).ok_or_else(|| Error::Odd(staging.join(name).join("links")))?,
        })
    }
}

/// Reads what the fetcher staged; an error for each party whose files are not whole. `roots` are the roots that the launcher trusts,
/// and `state` names. Whether the files are what they should be is [`bulkhead_trust::read()`]'s question.
pub fn read(staging: &Path, state: &State, roots: &PerParty<Vec<u8>>) -> PerParty<Result<Staged, Error>> {
    PerParty::make(|party| Staged::read(staging, party, state.parties.of(party), roots.of(party)))
}

/// What the fetcher is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Given {
    /// What is remembered.
    pub state: State,
    /// The root of each party that is trusted.
    pub roots: PerParty<Vec<u8>>,
    /// Where the mirrors are.
    pub parties: Parties,
}

impl Given {
    /// Reads it, in the fetcher.
    pub fn read(staging: &Path) -> Result<Self, Error> {
        let state = read_below(staging, &["state"], LONGEST_STATE)?;
        let parties = read_below(staging, &["parties"], LONGEST_PARTIES)?;
        Ok(Self {
            state: serde_json::from_slice(&state).map_err(|_| Error::Odd(staging.join("state")))?,
            roots: PerParty::try_make(|party| read_below(staging, &[party.name(), TRUSTED], most(Role::Root)))?,
            parties: serde_json::from_slice(&parties).map_err(|_| Error::Odd(staging.join("parties")))?,
        })
    }
}

const TRUSTED: &str = "trusted.root.json";

/// Makes the folder ready for a fetcher, in the launcher: gives it what it has to know, and takes away what an earlier one left of
/// the parties' files. What there is of a package stays, as its download can go on. `parties` is the list of mirrors
/// as a file ([`Parties`] in JSON).
pub fn prepare(staging: &Path, state: &State, roots: &PerParty<Vec<u8>>, parties: &[u8]) -> Result<(), Error> {
    make(staging)?;
    for party in Party::ALL {
        let folder = staging.join(party.name());
        let removed = match fs::symlink_metadata(&folder) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(&folder),
            Ok(_) => fs::remove_file(&folder),
            Err(error) => Err(error),
        };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(Error::Io(folder, error)),
            _ => make(&folder)?,
        }
        replace(&folder.join(TRUSTED), roots.of(party))?;
    }
    let state = serde_json::to_vec(state).map_err(|_| Error::Odd(staging.join("state")))?;
    replace(&staging.join("state"), &state)?;
    replace(&staging.join("parties"), parties)
}

/// Makes a folder that is this user's alone, and those above it.
pub(crate) fn make(folder: &Path) -> Result<(), Error> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .and_then(|()| fs::set_permissions(folder, fs::Permissions::from_mode(0o700)))
        .map_err(|error| Error::Io(folder.to_owned(), error))
}

pub(crate) fn most(role: Role) -> u64 {
    u64::try_from(longest(role)).unwrap_or(u64::MAX)
}
