//! Keys, and the one function that counts signatures.
//!
//! A key is its 32 bytes. TUF's key ids are names that the repository chose, and a repository can give one key two
//! of them (a known weakness of clients that count ids); here they are not even read. A signer is therefore in a set
//! once, whatever it is called.

use crate::digest::hex;
use crate::refusal::Role;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use std::{collections::BTreeSet, fmt};

/// Keys that a role may have at most: more could not be kept safe by one party, and would cost time.
const MOST_KEYS: usize = 16;
/// Of offline keys so many must sign at least, and so many more must exist: that many can be lost at once.
const OFFLINE: (u32, u32) = (2, 2);

/// An Ed25519 public key (RFC 8032); 64 lower-case hexadecimal digits in files.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub [u8; 32]);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        hex(&text).map(Self).ok_or_else(|| D::Error::custom("not 64 lower-case hexadecimal digits"))
    }
}

/// Who may sign for a role, and how many of them must.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleKeys {
    /// The keys.
    pub keys: BTreeSet<Key>,
    /// How many different ones must sign.
    pub threshold: u32,
}

/// The keys of a root: who may sign what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Roles {
    /// Signs the next root.
    pub root: RoleKeys,
    /// Says daily what is current; online.
    pub timestamp: RoleKeys,
    /// Says which versions belong together; online.
    pub snapshot: RoleKeys,
    /// Signs releases.
    pub targets: RoleKeys,
}

impl Roles {
    /// One role's keys.
    pub const fn of(&self, role: Role) -> &RoleKeys {
        match role {
            Role::Root => &self.root,
            Role::Timestamp => &self.timestamp,
            Role::Snapshot => &self.snapshot,
            Role::Targets => &self.targets,
        }
    }

    /// Every key of every role.
    pub fn all(&self) -> BTreeSet<Key> {
        Role::ALL.iter().flat_map(|role| self.of(*role).keys.iter().copied()).collect()
    }

    /// The keys that are kept offline: whoever has two of them speaks for the party.
    pub fn offline(&self) -> BTreeSet<Key> {
        self.root.keys.union(&self.targets.keys).copied().collect()
    }

    /// The keys on a server that signs every day.
    pub fn online(&self) -> BTreeSet<Key> {
        self.timestamp.keys.union(&self.snapshot.keys).copied().collect()
    }

    /// The first role for which too few keys speak, or more than one party can keep safe.
    pub fn weak(&self) -> Option<Role> {
        Role::ALL.into_iter().find(|role| {
            let keys = self.of(*role);
            let (threshold, spare) = match role {
                Role::Root | Role::Targets => OFFLINE,
                Role::Timestamp | Role::Snapshot => (1, 0),
            };
            let least = usize::try_from(keys.threshold.saturating_add(spare)).unwrap_or(usize::MAX);
            keys.threshold < threshold || keys.keys.len() < least || keys.keys.len() > MOST_KEYS
        })
    }

    /// A key that is kept online and could sign releases or roots.
    pub fn exposed(&self) -> Option<Key> {
        self.offline().intersection(&self.online()).next().copied()
    }
}

/// How many of `signers` count for `role`: different keys that the role lists, none of them in `bad`.
///
/// This is the only place where signatures are counted. Its input are sets of key bytes, so that no key can count
/// twice; that no key counts for two parties is judged where the roots are (no key may be in two).
pub fn count(signers: &BTreeSet<Key>, role: &RoleKeys, bad: &BTreeSet<Key>) -> usize {
    signers.intersection(&role.keys).filter(|key| !bad.contains(key)).count()
}

/// Whether `signers` suffice for `role`. A role that asks for nobody is never satisfied.
pub fn enough(signers: &BTreeSet<Key>, role: &RoleKeys, bad: &BTreeSet<Key>) -> bool {
    let counted = count(signers, role, bad);
    counted > 0 && u32::try_from(counted).unwrap_or(u32::MAX) >= role.threshold
}
