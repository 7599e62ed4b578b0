//! The three parties whose agreement makes a release.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A party: a legal entity with its own keys, its own repository and its own mirrors (control point U2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Party {
    /// Writes the program.
    Development,
    /// Tests it.
    Quality,
    /// Looks for weaknesses in it.
    Security,
}

impl Party {
    /// All of them; a release counts only if each lists it.
    pub const ALL: [Self; 3] = [Self::Development, Self::Quality, Self::Security];

    /// The name in folders and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Quality => "quality",
            Self::Security => "security",
        }
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Development => "the development party",
            Self::Quality => "the quality party",
            Self::Security => "the security party",
        })
    }
}

/// One value for each party.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerParty<T> {
    /// [`Party::Development`]'s
    pub development: T,
    /// [`Party::Quality`]'s
    pub quality: T,
    /// [`Party::Security`]'s
    pub security: T,
}

impl<T> PerParty<T> {
    /// Makes each party's value.
    pub fn make(mut value: impl FnMut(Party) -> T) -> Self {
        Self {
            development: value(Party::Development),
            quality: value(Party::Quality),
            security: value(Party::Security),
        }
    }

    /// The same, where making a value can fail; the first failure is the answer.
    pub fn try_make<E>(mut value: impl FnMut(Party) -> Result<T, E>) -> Result<Self, E> {
        Ok(Self {
            development: value(Party::Development)?,
            quality: value(Party::Quality)?,
            security: value(Party::Security)?,
        })
    }

    /// One party's value.
    pub const fn of(&self, party: Party) -> &T {
        match party {
            Party::Development => &self.development,
            Party::Quality => &self.quality,
            Party::Security => &self.security,
        }
    }

    /// One party's value, to change.
    pub const fn of_mut(&mut self, party: Party) -> &mut T {
        match party {
            Party::Development => &mut self.development,
            Party::Quality => &mut self.quality,
            Party::Security => &mut self.security,
        }
    }

    /// All values, in the order of [`Party::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (Party, &T)> {
        Party::ALL.into_iter().map(|party| (party, self.of(party)))
    }
}
