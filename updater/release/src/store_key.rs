//! One Ed25519 key that nobody has: for shops that take a single key (R7).
//!
//! FROST (RFC 9591): the key is made by its holders together, each of whom keeps a share, and enough of them make an
//! ordinary signature (RFC 8032) together. Nobody ever holds the key, not even while it is made: there is no dealer. People
//! carry files between their machines; what must stay secret on the way is encrypted for its reader.
//!
//! | step | who | reads | writes |
//! | --- | --- | --- | --- |
//! | [`ceremony::begin`] | each holder | – | a hello for everybody |
//! | [`ceremony::share`] | each | all hellos | a parcel for each other holder |
//! | [`ceremony::finish`] | each | all parcels for them | the public key, the same at each |
//! | [`signing::commit`] | each who signs | – | a commitment, good for one signature |
//! | [`signing::sign`] | each who signs | message, all commitments | a part |
//! | [`signing::join`] | anybody | message, commitments, parts | the signature |
//!
//! The holders compare the transcript that the second step prints, by voice: it is a hash of all hellos, and whoever was
//! given another hello than the others has another one.

pub mod ceremony;
pub mod openpgp;
pub mod signing;

use frost_ed25519::Identifier;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Most holders of a key.
pub const MOST: usize = 16;
/// Longest name of a holder, in bytes.
const LONGEST_NAME: usize = 32;

/// Why a step is not taken. The state of whoever took it is as before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreKeyError {
    /// Names or numbers make no group.
    #[error("a key has 2 to 16 holders with different plain names, of whom at least 2 and at most all sign")]
    Group,
    /// Somebody who is not in the group.
    #[error("{0} is not one of the holders")]
    Stranger(String),
    /// The files are of different ceremonies.
    #[error("what {0} sent belongs to another ceremony: compare the names, the threshold and the transcript with {0}")]
    OtherCeremony(String),
    /// Files are missing.
    #[error("still missing: {0}")]
    Missing(String),
    /// Two files of one person.
    #[error("{0} is there twice: use one file of each")]
    Twice(String),
    /// What somebody sent is wrong.
    #[error("what {0} sent is wrong: begin anew, and find out why")]
    Wrong(String),
    /// A parcel cannot be opened.
    #[error("the parcel of {0} cannot be opened: it is for somebody else, or was changed on the way")]
    Parcel(String),
    /// There is no unused commitment.
    #[error("there is no commitment to use: each is good for one signature; commit again")]
    Spent,
    /// The state is not that of this step.
    #[error("this share is not at this step of the ceremony")]
    Step,
    /// Not what this program wrote.
    #[error("not a file of this program, or damaged")]
    Malformed,
}

/// Who holds shares of a key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// In alphabetical order.
    pub people: Vec<String>,
    /// How many sign.
    pub threshold: u16,
}

impl Group {
    /// A group, if it can be one.
    pub fn new(mut people: Vec<String>, threshold: u16) -> Result<Self, StoreKeyError> {
        people.sort();
        let group = Self { people, threshold };
        if group.is_one() { Ok(group) } else { Err(StoreKeyError::Group) }
    }

    fn is_one(&self) -> bool {
        let plain = |name: &String| {
            (1..=LONGEST_NAME).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        };
        (2..=MOST).contains(&self.people.len())
            && (2..=self.people.len()).contains(&usize::from(self.threshold))
            && self.people.iter().all(plain)
            && self.people.windows(2).all(|pair| pair.first() < pair.last())
    }

    /// The number by which FROST knows somebody, from 1.
    fn identifier(&self, name: &str) -> Result<Identifier, StoreKeyError> {
        let place = self.people.iter().position(|other| other == name);
        let number = place.and_then(|place| u16::try_from(place + 1).ok());
        number.and_then(|n| Identifier::try_from(n).ok()).ok_or_else(|| StoreKeyError::Stranger(name.to_owned()))
    }

    /// Whom FROST blames.
    fn blamed(&self, error: &frost_ed25519::Error) -> StoreKeyError {
        let named = |id: &Identifier| self.people.iter().find(|name| self.identifier(name).as_ref() == Ok(id));
        let names: Vec<&str> = error.culprits().iter().filter_map(named).map(String::as_str).collect();
        match names.as_slice() {
            [] => StoreKeyError::Malformed,
            names => StoreKeyError::Wrong(names.join(", ")),
        }
    }

    /// One of each of these people, by their numbers.
    fn by_identifier<T>(
        &self,
        all: impl IntoIterator<Item = (String, T)>,
    ) -> Result<BTreeMap<Identifier, T>, StoreKeyError> {
        let mut found = BTreeMap::new();
        for (name, value) in all {
            if found.insert(self.identifier(&name)?, value).is_some() {
                return Err(StoreKeyError::Twice(name));
            }
        }
        Ok(found)
    }
}

/// Bytes as they stand in files. Wiped, as some are secrets.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Hex(String);

impl Hex {
    fn of(bytes: impl AsRef<[u8]>) -> Self {
        Self(hex::encode(bytes))
    }

    fn bytes(&self) -> Result<zeroize::Zeroizing<Vec<u8>>, StoreKeyError> {
        hex::decode(&self.0).map(zeroize::Zeroizing::new).map_err(|_| StoreKeyError::Malformed)
    }

    /// As it stands in the file.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Lengths only: some are secrets.
impl core::fmt::Debug for Hex {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} bytes", self.0.len() / 2)
    }
}

/// What one holder keeps, a file that never leaves its machine.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "lowercase", deny_unknown_fields)]
pub enum Share {
    /// A hello was written.
    Begun(ceremony::Begun),
    /// Parcels were written.
    Shared(ceremony::Shared),
    /// The key exists.
    Held(signing::Held),
}
