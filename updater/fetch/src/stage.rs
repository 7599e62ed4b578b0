//! What the parties publish, fetched file by file and read into facts.
//!
//! A mirror that serves something wrong is known at once, and the next one is asked: a root must be signed by the one before
//! it, a timestamp by the keys that the last root names, snapshot and targets must have the digest that the file
//! above them names. What is left (links) is judged as a whole by `bulkhead-trust`; if it refuses, the mirrors that served
//! those are asked last in the next try.

use crate::Trouble;
use crate::mirrors::Mirrors;
pub use bulkhead_staging::Staged;
use bulkhead_trust::read::{MOST_LINKS, MOST_ROOTS, longest, root, snapshot, targets, timestamp};
use bulkhead_trust::{
    Chain, Digest, Link, Party, PartyState, PartyView, PerParty, Pin, Refusal, Role, Roles, State, Time, enough, links,
    read,
};
use serde::Deserialize;
use std::collections::{BTreeSet, VecDeque};

/// Why there is nothing to decide on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No mirror served the party's files.
    #[error("{0}")]
    Mirrors(#[from] Trouble),
    /// What they served is refused. The files are passed on nevertheless: whoever decides should see why.
    #[error("{0}")]
    Refused(Refusal, Box<Staged>),
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
                Err(refusal) => Failure::Refused(refusal, Box::new(staged)),
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
        // Two of one version: what was not seen before is looked at, as it is the party's second history.
        let seen = known.timestamp.as_ref().filter(|seen| seen.version == view.link.version);
        let rank = (view.link.version, seen.is_some_and(|seen| seen.id != view.link.id));
        enough(&view.seal.signers, &roles.timestamp, &BTreeSet::new()).then_some(rank)
    };
    let stamp = mirrors.newest("timestamp.json", most(Role::Timestamp), signed).await?;
    judged.extend(mirrors.last());
    staged.timestamp = stamp.ok_or(Trouble::Missing)?;
    let pin = timestamp(&staged.timestamp, &BTreeSet::new()).map_err(|_| Trouble::Wrong)?.snapshot;
    staged.snapshot = pinned(mirrors, &format!("{}.snapshot.json", pin.version), pin, Role::Snapshot).await?;
    let pin = snapshot(&staged.snapshot, &BTreeSet::new()).map_err(|_| Trouble::Wrong)?.targets;
    staged.targets = pinned(mirrors, &format!("{}.targets.json", pin.version), pin, Role::Targets).await?;
    // One that was announced and cannot be read is the party's doing: whoever judges should see it.
    if let Ok(head) = targets(&staged.targets, &BTreeSet::new()) {
        staged.links = between(mirrors, &known.targets, head.link, judged).await?;
    }
    Ok(staged)
}

/// The links between the last one of `seen` and `head`. Where these do not join what was seen, those before them as well,
/// back to where the two histories part: by these a fork is known, and proven.
async fn between(
    mirrors: &Mirrors,
    seen: &Chain,
    head: Link,
    judged: &mut BTreeSet<usize>,
) -> Result<Vec<Vec<u8>>, Trouble> {
    let mut all: VecDeque<Vec<u8>> = VecDeque::new();
    let mut oldest = head;
    if (1..=seen.version()).any(|version| seen.at(version).is_some() && seen.at(version) == head.predecessor) {
        return Ok(Vec::new());
    }
    if usize::try_from(head.version.saturating_sub(seen.version())).unwrap_or(usize::MAX) > MOST_LINKS {
        return Err(Trouble::Oversized);
    }
    while !joins(seen, oldest) {
        let name = links::name(oldest.version.saturating_sub(1));
        let fits = |bytes: &[u8]| before(bytes, seen, oldest).is_some();
        let segment = mirrors.fitting(&name, links::longest_segment(), fits).await?;
        judged.extend(mirrors.last());
        let (older, link) = segment.as_deref().and_then(|bytes| before(bytes, seen, oldest)).ok_or(Trouble::Missing)?;
        older.into_iter().for_each(|bytes| all.push_front(bytes));
        oldest = link;
        if all.len() > MOST_LINKS {
            return Err(Trouble::Oversized);
        }
    }
    Ok(all.into())
}

/// Whether what `link` names was seen where it says, or it is the first.
fn joins(seen: &Chain, link: Link) -> bool {
    link.predecessor.is_none() || seen.at(link.version.saturating_sub(1)).is_some_and(|id| Some(id) == link.predecessor)
}

/// The links of a segment that lead to `link`, newest first and no further back than is needed, and the facts of the
/// oldest. `None` if the segment is not the one that leads there.
fn before(segment: &[u8], seen: &Chain, link: Link) -> Option<(Vec<Vec<u8>>, Link)> {
    let place = usize::try_from(link.version.checked_sub(2)? % links::SEGMENT).ok()?;
    let mut entries = links::split(segment)?;
    entries.truncate(place.checked_add(1)?);
    let (mut oldest, mut older) = (link, Vec::new());
    if entries.len() <= place {
        return None;
    }
    while let Some(bytes) = entries.pop().filter(|_| !joins(seen, oldest)) {
        let next = bulkhead_trust::read::link(&bytes).ok()?;
        if next.version.checked_add(1) != Some(oldest.version) || Some(next.id) != oldest.predecessor {
            return None;
        }
        older.push(bytes);
        oldest = next;
    }
    Some((older, oldest))
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
