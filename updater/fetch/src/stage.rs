//! What the parties publish, fetched file by file and read into facts.
//!
//! A mirror that serves something wrong is known at once, and the next one is asked: a root must be signed by the one before
//! it, a timestamp by the keys that the last root names, snapshot and targets must have the digest that the file
//! above them names. What is left (links) is judged as a whole by `bulkhead-trust`; if it refuses, the mirrors that served
//! those are asked last in the next try.

use crate::Trouble;
use crate::mirrors::Mirrors;
use bulkhead_trust::read::{MOST_LINKS, MOST_ROOTS, longest, root, snapshot, targets, timestamp};
use bulkhead_trust::{
    Digest, Files, Party, PartyState, PartyView, PerParty, Pin, Refusal, Role, Roles, State, Time, enough, links, read,
};
use serde::Deserialize;
use std::collections::BTreeSet;

/// A party's files, as they came.
#[derive(Clone, Debug, Default)]
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
    /// The links between the last targets file that was seen and this one.
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
}

/// Why a party's files are not there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No mirror served them.
    #[error("{0}")]
    Mirrors(#[from] Trouble),
    /// What they served is refused.
    #[error("{0}")]
    Refused(#[from] Refusal),
}

/// A party's files, and what they say.
pub type Came = Result<(Staged, PartyView), Failure>;

/// Fetches what all three parties publish, at the same time. `roots` are the roots that are trusted already.
pub async fn all(mirrors: &PerParty<Mirrors>, state: &State, roots: &PerParty<Vec<u8>>, now: Time) -> PerParty<Came> {
    let one = |party: Party| stage(mirrors.of(party), party, state.parties.of(party), roots.of(party), now);
    let (development, quality, security) =
        tokio::join!(one(Party::Development), one(Party::Quality), one(Party::Security));
    PerParty { development, quality, security }
}

/// Fetches what one party publishes, after `root`, which is the one that `known` trusts.
pub async fn stage(mirrors: &Mirrors, party: Party, known: &PartyState, root: &[u8], now: Time) -> Came {
    let mut tries = mirrors.number().max(1);
    loop {
        let mut judged = BTreeSet::new();
        let failure = match once(mirrors, known, root, &mut judged).await {
            Ok(staged) => match read(party, known, &staged.files(), now) {
                Ok(view) => return Ok((staged, view)),
                Err(refusal) => Failure::Refused(refusal),
            },
            // The file that named it may have been made up.
            Err(trouble @ (Trouble::Missing | Trouble::Wrong)) => Failure::Mirrors(trouble),
            Err(trouble) => return Err(Failure::Mirrors(trouble)),
        };
        judged.into_iter().for_each(|index| mirrors.failed(index, true));
        tries = tries.saturating_sub(1);
        if tries == 0 {
            return Err(failure);
        }
    }
}

async fn once(
    mirrors: &Mirrors,
    known: &PartyState,
    trusted: &[u8],
    judged: &mut BTreeSet<usize>,
) -> Result<Staged, Trouble> {
    let mut staged = Staged { trusted: trusted.to_vec(), ..Staged::default() };
    let mut roles = known.roles.clone();
    let mut next = known.roots.version();
    while staged.roots.len() < MOST_ROOTS {
        next = next.saturating_add(1);
        let follows = |bytes: &[u8]| successor(bytes, next, &roles).is_some();
        let Some(root) = mirrors.fitting(&format!("{next}.root.json"), most(Role::Root), follows).await? else { break };
        judged.extend(mirrors.last());
        roles = successor(&root, next, &roles).ok_or(Trouble::Wrong)?;
        staged.roots.push(root);
    }
    let keys = roles.timestamp.keys.clone();
    let signed = |bytes: &[u8]| {
        let view = timestamp(bytes, &keys).ok()?;
        enough(&view.seal.signers, &roles.timestamp, &BTreeSet::new()).then_some(view.link.version)
    };
    let stamp = mirrors.newest("timestamp.json", most(Role::Timestamp), signed).await?;
    judged.extend(mirrors.last());
    staged.timestamp = stamp.ok_or(Trouble::Missing)?;
    let pin = timestamp(&staged.timestamp, &BTreeSet::new()).map_err(|_| Trouble::Wrong)?.snapshot;
    staged.snapshot = pinned(mirrors, &format!("{}.snapshot.json", pin.version), pin, Role::Snapshot).await?;
    let pin = snapshot(&staged.snapshot, &BTreeSet::new()).map_err(|_| Trouble::Wrong)?.targets;
    staged.targets = pinned(mirrors, &format!("{}.targets.json", pin.version), pin, Role::Targets).await?;
    let head = targets(&staged.targets, &BTreeSet::new()).map_err(|_| Trouble::Wrong)?.link.version;
    staged.links = between(mirrors, known.targets.version(), head, judged).await?;
    Ok(staged)
}

/// The links after version `seen` and before version `head`.
async fn between(
    mirrors: &Mirrors,
    seen: u64,
    head: u64,
    judged: &mut BTreeSet<usize>,
) -> Result<Vec<Vec<u8>>, Trouble> {
    let (first, last) = (seen.saturating_add(1), head.saturating_sub(1));
    if last < first {
        return Ok(Vec::new());
    }
    if usize::try_from(last - first).unwrap_or(usize::MAX) >= MOST_LINKS {
        return Err(Trouble::Oversized);
    }
    let mut all = Vec::new();
    for number in links::segment(first)..=links::segment(last) {
        let name = links::name(number.saturating_mul(links::SEGMENT).saturating_add(1));
        let segment = mirrors.fitting(&name, links::longest_segment(), |bytes| links::split(bytes).is_some()).await?;
        judged.extend(mirrors.last());
        all.extend(segment.as_deref().and_then(links::split).ok_or(Trouble::Missing)?);
    }
    let before = first.saturating_sub(1) % links::SEGMENT;
    let (skip, take) = (usize::try_from(before).unwrap_or(usize::MAX), usize::try_from(last - first + 1).unwrap_or(0));
    Ok(all.into_iter().skip(skip).take(take).collect())
}

/// The roles of a root, if it follows one with these: signed by its keys, and by its own.
fn successor(bytes: &[u8], version: u64, roles: &Roles) -> Option<Roles> {
    let view = root(bytes, &roles.all()).ok()?;
    let signed = |keys| enough(&view.seal.signers, keys, &BTreeSet::new());
    (view.link.version == version && signed(&roles.root) && signed(&view.roles.root)).then(|| view.roles.clone())
}

/// The file that a pin names.
async fn pinned(mirrors: &Mirrors, path: &str, pin: Pin, role: Role) -> Result<Vec<u8>, Trouble> {
    if pin.length > most(role) {
        return Err(Trouble::Oversized);
    }
    let file = mirrors.fitting(path, pin.length, |bytes| Digest::of(bytes) == pin.sha256).await?;
    file.ok_or(Trouble::Missing)
}

fn most(role: Role) -> u64 {
    u64::try_from(longest(role)).unwrap_or(u64::MAX)
}

/// The version that a metadata file claims. Nothing is verified: it only chooses whose answer is looked at first.
pub fn version(file: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct File {
        signed: Signed,
    }
    #[derive(Deserialize)]
    struct Signed {
        version: u64,
    }
    serde_json::from_slice::<File>(file).ok().map(|file| file.signed.version)
}
