//! The proof of a fork: a file that anyone can check who knows the party's first root, and nothing else.
//!
//! It holds the party's roots, and two signed files that cannot both be true. For targets files, which follow from each other, a
//! branch may begin lower down: its links lead from there to the signed file.
//!
//! Keys that were replaced prove nothing by themselves: whoever stole them could sign another past for ever. So one of
//! the two files must be signed by keys that the last root still names.

use crate::decide::step;
use crate::read::{MOST_LINKS, MOST_ROOTS, link, listed, longest, root, snapshot, targets, timestamp};
use crate::{Chain, Digest, Fork, Forked, Key, Link, Party, PartyState, Role, Roles, Seal, enough};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A proof, as its file says it (JSON).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// Who signed both.
    pub party: Party,
    /// The party's roots from version 1 on, as files.
    pub roots: Vec<String>,
    /// What was seen first.
    pub ours: Branch,
    /// The other.
    pub theirs: Branch,
}

/// A signed file, and for a targets file what leads to it from the place of the fork.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// The canonical signed bytes of targets files, from the forking one to the one before `file`.
    pub links: Vec<String>,
    /// The signed file.
    pub file: String,
}

/// What a branch comes to.
struct Side {
    role: Role,
    seal: Seal,
    /// From the place of the fork to the signed file.
    links: Vec<Link>,
    /// The entries of the targets files.
    releases: BTreeMap<u64, Digest>,
}

impl Proof {
    /// Checks it for whoever trusts the root `first` (version 1) of the party. The answer is what there are two of.
    pub fn verify(&self, first: Digest) -> Result<Fork, &'static str> {
        let history = self.history(first)?;
        let keys = history.iter().flat_map(Roles::all).collect();
        let (ours, theirs) = (self.ours.side(&keys)?, self.theirs.side(&keys)?);
        if ours.role != theirs.role {
            return Err("the two files are of different roles");
        }
        let standing = [ours.standing(&history)?, theirs.standing(&history)?];
        if !standing.contains(&true) {
            return Err("neither file is signed by keys that the party still uses");
        }
        let (of, ours, theirs) = ours.against(&theirs)?;
        Ok(Fork { party: self.party, of, ours, theirs })
    }

    /// The roles of each root, from version 1 on.
    fn history(&self, first: Digest) -> Result<Vec<Roles>, &'static str> {
        if self.roots.len() > MOST_ROOTS || self.roots.iter().any(|root| root.len() > longest(Role::Root)) {
            return Err("its roots are too many or too long");
        }
        let mut roots = self.roots.iter();
        let view = root(roots.next().ok_or("it has no root")?.as_bytes(), &BTreeSet::new())?;
        if (view.link.version, view.link.id) != (1, first) {
            return Err("it does not begin with the root that is trusted");
        }
        let mut known = PartyState::first(Chain::new(first), view.roles.clone(), Chain::default());
        let (mut history, mut revoked) = (vec![view.roles], BTreeSet::new());
        for file in roots {
            let view = root(file.as_bytes(), &known.roles.all())?;
            step(&mut known, &mut revoked, self.party, &view).map_err(|_| "its roots do not follow each other")?;
            history.push(known.roles.clone());
        }
        Ok(history)
    }
}

impl Branch {
    fn side(&self, keys: &BTreeSet<Key>) -> Result<Side, &'static str> {
        #[derive(Deserialize)]
        struct File {
            signed: Signed,
        }
        #[derive(Deserialize)]
        struct Signed {
            _type: String,
        }
        let bytes = self.file.as_bytes();
        let file: File = serde_json::from_str(&self.file).map_err(|_| "a file is not a TUF file")?;
        let role = Role::ALL.into_iter().find(|role| role.to_string() == file.signed._type);
        let role = role.ok_or("a file is not a TUF file")?;
        if bytes.len() > longest(role) || self.links.len() > MOST_LINKS {
            return Err("a file is too long");
        }
        let (seal, head, entries) = match role {
            Role::Root => root(bytes, keys).map(|file| (file.seal, file.link, BTreeMap::new()))?,
            Role::Timestamp => timestamp(bytes, keys).map(|file| (file.seal, file.link, BTreeMap::new()))?,
            Role::Snapshot => {
                let file = snapshot(bytes, keys)?;
                let link = Link { version: file.file.version, id: file.seal.id, predecessor: None };
                (file.seal, link, BTreeMap::new())
            }
            Role::Targets => targets(bytes, keys).map(|file| (file.seal, file.link, file.releases))?,
        };
        if role != Role::Targets && !self.links.is_empty() {
            return Err("only targets files have links");
        }
        let mut links = self.links.iter().map(|bytes| link(bytes.as_bytes())).collect::<Result<Vec<Link>, _>>()?;
        links.push(head);
        let connected = links.iter().zip(links.iter().skip(1)).all(|(before, after)| {
            before.version.checked_add(1) == Some(after.version) && after.predecessor == Some(before.id)
        });
        if !connected {
            return Err("its links do not lead to the signed file");
        }
        // A release may be listed by the first of the files alone: what is said first stands.
        let mut releases: BTreeMap<u64, Digest> = BTreeMap::new();
        for bytes in &self.links {
            for (number, id) in listed(bytes.as_bytes())? {
                releases.entry(number).or_insert(id);
            }
        }
        for (number, listing) in entries {
            releases.entry(number).or_insert(listing.id);
        }
        Ok(Side { role, seal, links, releases })
    }
}

impl Side {
    /// Whether the last root's keys have signed it; an error if no root's keys have.
    fn standing(&self, history: &[Roles]) -> Result<bool, &'static str> {
        let signed = |roles: &Roles| enough(&self.seal.signers, roles.of(self.role), &BTreeSet::new());
        if !history.iter().any(signed) {
            return Err("a file is not signed by enough of the party's keys");
        }
        Ok(history.last().is_some_and(signed))
    }

    /// What there are two of, and the digests of both.
    fn against(&self, theirs: &Self) -> Result<(Forked, Digest, Digest), &'static str> {
        let (Some(one), Some(other)) = (self.links.first(), theirs.links.first()) else {
            return Err("nothing is signed");
        };
        let heirs = one.predecessor.is_some() && one.predecessor == other.predecessor;
        if one.id != other.id && (one.version == other.version || heirs) {
            let version = one.version;
            let of = match self.role {
                Role::Root => Forked::Root(version),
                Role::Timestamp => Forked::Timestamp(version),
                Role::Snapshot => Forked::Snapshot(version),
                Role::Targets => Forked::Targets(version),
            };
            return Ok((of, one.id, other.id));
        }
        let twice = self.releases.iter().find_map(|(number, ours)| {
            let theirs = theirs.releases.get(number).filter(|theirs| *theirs != ours)?;
            Some((Forked::Release(*number), *ours, *theirs))
        });
        twice.ok_or("the two files do not contradict each other")
    }
}
