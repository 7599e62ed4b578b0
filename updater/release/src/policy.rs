//! The policy: who may do what, and how many must agree. A TOML file in the repository, judged as a whole.
//!
//! ```toml
//! format = 1
//! version = 7                       # one more than that of the policy it replaces
//! branch = "main"
//! mirrors = ["https://…", "https://…", "https://…"]
//!
//! [[party]]
//! name = "development"
//! jurisdiction = "IS"
//! threshold = 2                     # of these, to change the policy
//! signers = ["ada", "bea", "cyn", "dot"]
//!
//! [[person]]
//! id = "ada"
//! party = "development"
//! role = "developer"
//! emails = ["ada@example.org"]
//! keys = [{ key = "ssh-ed25519 AAAA…", expires = "2027-12-31" }]
//!
//! [[area]]
//! name = "net"
//! owner = "development"             # whose developers may change it
//! paths = ["net-proc"]
//! reviews = [{ party = "quality", role = "qa", count = 1 }]
//! ```

use crate::keys::{Key, KeyError, Purpose, signer};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use time::format_description::well_known::Iso8601;
use time::{Date, Time, UtcDateTime};

/// Where the policy stands in a repository.
pub const FILE: &str = ".release/policy.toml";
/// Where its signatures stand: any number of files, each made with `ssh-keygen -Y sign -n policy@bulkhead-release`.
pub const SIGNATURES: &str = ".release/signatures";
/// Longest policy, in bytes.
pub const LONGEST: usize = 256 * 1024;
/// Fewest parties, and fewest mirrors.
pub const THREE: usize = 3;

/// What a person does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Writes changes.
    Developer,
    /// Reviews what a change does.
    Qa,
    /// Reviews what a change could do.
    Security,
}

impl core::fmt::Display for Role {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Developer => "developer",
            Self::Qa => "qa",
            Self::Security => "security",
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    version: u32,
    branch: String,
    mirrors: Vec<String>,
    party: Vec<Party>,
    person: Vec<WrittenPerson>,
    area: Vec<Area>,
}

/// Some people who decide together, under one law.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// Its name.
    pub name: String,
    /// Under whose law it is; no two parties are under the same.
    pub jurisdiction: String,
    /// How many signers must agree.
    pub threshold: usize,
    /// Who signs policies.
    pub signers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenPerson {
    id: String,
    party: String,
    role: Role,
    emails: Vec<String>,
    keys: Vec<WrittenKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenKey {
    key: String,
    expires: Option<String>,
}

/// Somebody whose signature means something.
#[derive(Clone, Debug)]
pub struct Person {
    /// Short and unique.
    pub id: String,
    /// The party.
    pub party: String,
    /// What the person does.
    pub role: Role,
    /// The addresses in commits, in small letters.
    pub emails: Vec<String>,
    /// Keys, and the second after which each counts for nothing.
    keys: Vec<(Key, Option<i64>)>,
}

/// A part of the tree.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Area {
    /// Its name.
    pub name: String,
    /// The party whose developers change it.
    pub owner: String,
    /// Folders or files, relative to the root; `.` is everything that no other area has.
    pub paths: Vec<String>,
    /// Whose reviews a change needs.
    pub reviews: Vec<Needed>,
}

/// Reviews that a change needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Needed {
    /// Of people of this party,
    pub party: String,
    /// in this role,
    pub role: Role,
    /// so many.
    pub count: usize,
}

/// Why a file is not a policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Too long, or not text.
    #[error("the policy is longer than 256 KiB, or not UTF-8")]
    NotText,
    /// Not TOML of this form.
    #[error("the policy cannot be read: {0}")]
    Form(String),
    /// Of a newer tool.
    #[error("the policy has format {0}, this tool reads format 1: use a newer one")]
    Format(u32),
    /// Something in it contradicts something else.
    #[error("the policy contradicts itself: {0}")]
    Contradiction(String),
    /// A key cannot be used.
    #[error("the key of {person}: {error}")]
    Key {
        /// Whose.
        person: String,
        /// Why.
        error: KeyError,
    },
}

/// Why a policy does not replace the one before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// An older one, the same number again, or one left out.
    #[error("policy version {found} does not follow version {known}: it has to be {}", known + 1)]
    Version {
        /// The version in use.
        known: u32,
        /// The one that was found.
        found: u32,
    },
    /// Not enough signers of the policy in use agree.
    #[error(
        "{count} of {threshold} signers of {party} signed the new policy (signed: {signed}): their signatures belong in {SIGNATURES}"
    )]
    Unsigned {
        /// The party.
        party: String,
        /// How many did.
        count: usize,
        /// How many must.
        threshold: usize,
        /// Who did.
        signed: String,
    },
}

/// Who may do what. Only [`Policy::parse`] makes one.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Counts the policies of a repository.
    pub version: u32,
    /// The branch that it is about.
    pub branch: String,
    /// Where others keep copies of it.
    pub mirrors: Vec<String>,
    /// By name.
    pub parties: BTreeMap<String, Party>,
    /// By `id`.
    pub people: BTreeMap<String, Person>,
    /// In the order of the file.
    pub areas: Vec<Area>,
    by_point: BTreeMap<[u8; 32], String>,
}

fn wrong(why: impl Into<String>) -> PolicyError {
    PolicyError::Contradiction(why.into())
}

/// The last second of a day, since 1970.
fn end_of(day: &str) -> Option<i64> {
    let day = Date::parse(day, &Iso8601::DATE).ok()?;
    Some(UtcDateTime::new(day, Time::MAX).unix_timestamp())
}

impl Person {
    /// The fingerprint of each key, and the last second at which it counts, if there is one.
    pub fn fingerprints(&self) -> impl Iterator<Item = (String, Option<i64>)> {
        self.keys.iter().map(|(key, expires)| (key.fingerprint(), *expires))
    }
}

impl Policy {
    /// Reads one, and looks at all that can be wrong with it.
    pub fn parse(file: &[u8]) -> Result<Self, PolicyError> {
        let text = core::str::from_utf8(file).ok().filter(|text| text.len() <= LONGEST).ok_or(PolicyError::NotText)?;
        let written: Written = toml::from_str(text).map_err(|error| PolicyError::Form(error.message().to_owned()))?;
        if written.format != 1 {
            return Err(PolicyError::Format(written.format));
        }
        let parties = parties(written.party)?;
        let (people, by_point) = people(written.person, &parties)?;
        let policy = Self {
            version: written.version,
            branch: written.branch,
            mirrors: written.mirrors,
            parties,
            people,
            areas: written.area,
            by_point,
        };
        policy.check_signers()?;
        policy.check_areas()?;
        let places: BTreeSet<_> = policy.mirrors.iter().collect();
        if places.len() < THREE || places.len() != policy.mirrors.len() {
            return Err(wrong("it needs three mirrors in different places"));
        }
        if !git2::Reference::is_valid_name(&policy.reference()) {
            return Err(wrong("the branch cannot have this name"));
        }
        Ok(policy)
    }

    /// The full name of the branch.
    pub fn reference(&self) -> String {
        format!("refs/heads/{}", self.branch)
    }

    fn check_signers(&self) -> Result<(), PolicyError> {
        for party in self.parties.values() {
            let distinct: BTreeSet<_> = party.signers.iter().collect();
            let strangers = distinct.iter().any(|id| self.people.get(*id).is_none_or(|p| p.party != party.name));
            if strangers || distinct.len() != party.signers.len() {
                return Err(wrong(format!("the signers of {} are not different people of it", party.name)));
            }
            if party.threshold < 2 || party.threshold > distinct.len() {
                return Err(wrong(format!("the threshold of {} is not between 2 and its signers", party.name)));
            }
        }
        Ok(())
    }

    fn check_areas(&self) -> Result<(), PolicyError> {
        let (mut names, mut paths) = (BTreeSet::new(), BTreeSet::new());
        for area in &self.areas {
            if !names.insert(&area.name) || !self.parties.contains_key(&area.owner) || area.paths.is_empty() {
                return Err(wrong(format!("area {} is there twice, has no path, or no owner", area.name)));
            }
            for path in &area.paths {
                let plain = path == "." || path.split('/').all(|part| !matches!(part, "" | "." | ".."));
                if !plain || !paths.insert(path) {
                    return Err(wrong(format!(
                        "path {path} of area {} is not a plain one, or has two areas",
                        area.name
                    )));
                }
            }
            if area.reviews.is_empty() {
                return Err(wrong(format!("area {} can be changed without any review", area.name)));
            }
            for needed in &area.reviews {
                let able = self.people.values().filter(|p| p.party == needed.party && p.role == needed.role).count();
                if needed.role == Role::Developer || needed.count == 0 || able < needed.count {
                    return Err(wrong(format!(
                        "area {} asks for {} reviews ({}, {}), which nobody can give",
                        area.name, needed.count, needed.party, needed.role
                    )));
                }
            }
        }
        if paths.iter().any(|path| *path == ".") { Ok(()) } else { Err(wrong("no area has the path .")) }
    }

    /// Whose key it is, if it counts at this second.
    pub fn person(&self, key: &Key, at: i64) -> Option<&Person> {
        let person = self.people.get(self.by_point.get(key.point())?)?;
        let counts = |(own, expires): &(Key, Option<i64>)| own.is(key) && expires.is_none_or(|end| at <= end);
        person.keys.iter().any(counts).then_some(person)
    }

    /// The area that a path belongs to: the one with the longest path that leads there.
    pub fn area(&self, path: &str) -> Option<&Area> {
        let leads = |to: &str| match path.strip_prefix(to) {
            Some(rest) => rest.is_empty() || rest.starts_with('/'),
            None => false,
        };
        let length = |to: &str| if to == "." { Some(0) } else { leads(to).then_some(to.len()) };
        let best = |area: &Area| area.paths.iter().filter_map(|to| length(to)).max();
        self.areas.iter().filter_map(|area| Some((best(area)?, area))).max_by_key(|(length, _)| *length).map(|(_, a)| a)
    }

    /// Judges the policy that is to replace this one, by the signatures that came with it, at this second.
    pub fn accepts(&self, next: &Self, file: &[u8], signatures: &[Vec<u8>], at: i64) -> Result<(), ChangeError> {
        if Some(next.version) != self.version.checked_add(1) {
            return Err(ChangeError::Version { known: self.version, found: next.version });
        }
        let signers = signatures.iter().filter_map(|signature| signer(signature, Purpose::Policy, file).ok());
        let signed: BTreeSet<&str> =
            signers.filter_map(|key| self.person(&key, at).map(|person| person.id.as_str())).collect();
        for party in self.parties.values() {
            let agreed: Vec<&str> = party.signers.iter().map(String::as_str).filter(|id| signed.contains(id)).collect();
            if agreed.len() < party.threshold {
                let signed = if agreed.is_empty() { "nobody".to_owned() } else { agreed.join(", ") };
                let (party, threshold) = (party.name.clone(), party.threshold);
                return Err(ChangeError::Unsigned { party, count: agreed.len(), threshold, signed });
            }
        }
        Ok(())
    }
}

fn parties(written: Vec<Party>) -> Result<BTreeMap<String, Party>, PolicyError> {
    let count = written.len();
    let laws: BTreeSet<String> = written.iter().map(|party| party.jurisdiction.to_lowercase()).collect();
    let parties: BTreeMap<_, _> = written.into_iter().map(|party| (party.name.clone(), party)).collect();
    if count < THREE || laws.len() != count || parties.len() != count {
        return Err(wrong("it needs three parties with different names under different laws"));
    }
    Ok(parties)
}

/// People by `id`, and whose key each point is.
type People = (BTreeMap<String, Person>, BTreeMap<[u8; 32], String>);

fn people(written: Vec<WrittenPerson>, parties: &BTreeMap<String, Party>) -> Result<People, PolicyError> {
    let (mut people, mut by_point, mut addresses) = (BTreeMap::new(), BTreeMap::new(), BTreeSet::new());
    for WrittenPerson { id, party, role, emails, keys } in written {
        if !parties.contains_key(&party) || emails.is_empty() {
            return Err(wrong(format!("{id} has no party or no address")));
        }
        let emails: Vec<String> = emails.iter().map(|email| email.to_lowercase()).collect();
        if !emails.iter().all(|email| addresses.insert(email.clone())) {
            return Err(wrong(format!("an address of {id} is there twice")));
        }
        let mut own = Vec::new();
        for written in keys {
            let key = Key::parse(&written.key).map_err(|error| PolicyError::Key { person: id.clone(), error })?;
            let expires = match &written.expires {
                Some(day) => Some(end_of(day).ok_or_else(|| wrong(format!("{id}: {day} is not a day")))?),
                None => None,
            };
            if by_point.insert(*key.point(), id.clone()).is_some() {
                return Err(wrong(format!("a key of {id} is there twice")));
            }
            own.push((key, expires));
        }
        let person = Person { id: id.clone(), party, role, emails, keys: own };
        if people.insert(id.clone(), person).is_some() {
            return Err(wrong(format!("{id} is there twice")));
        }
    }
    Ok((people, by_point))
}
