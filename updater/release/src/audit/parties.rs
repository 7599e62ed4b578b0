//! What one party's mirrors serve, from its first root to its daily statement, read as clients read it and without a gap.

use super::folders::read as bounded;
use super::report::{Step, many};
use bulkhead_first::report::time;
use bulkhead_trust::read::{MOST_LINKS, MOST_ROOTS, longest, root, signed_bytes, snapshot, targets, timestamp};
use bulkhead_trust::{
    Chain, Digest, Files, Key, Listing, Party, PartyState, PartyView, Refusal, Role, Roles, Time, count, enough, links,
    read,
};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A party's history, as far as it is in order by itself.
pub struct Followed {
    /// Where the files are.
    pub folder: PathBuf,
    /// The digest of the first root, with which trust in the party begins.
    pub first: Digest,
    /// The first root's file.
    pub root: Vec<u8>,
    /// What somebody knows who knows the first root and nothing else.
    pub known: PartyState,
    /// What the party shows after it.
    pub view: PartyView,
    /// What it has ever listed, by number.
    pub listings: BTreeMap<u64, Listing>,
}

/// The files of a party's folder.
struct Served {
    roots: Vec<Vec<u8>>,
    targets: Vec<Vec<u8>>,
    snapshot: Vec<u8>,
    timestamp: Vec<u8>,
}

fn most(role: Role) -> u64 {
    u64::try_from(longest(role)).unwrap_or(u64::MAX)
}

impl Served {
    fn read(folder: &Path) -> Result<Self, String> {
        let metadata = folder.join("metadata");
        let file = |name: &str, role: Role| bounded(&metadata.join(name), most(role));
        let odd = |name: &str, why: &str| format!("{}: {why}", metadata.join(name).display());
        let mut roots = vec![file("1.root.json", Role::Root)?];
        while roots.len() <= MOST_ROOTS {
            let name = format!("{}.root.json", roots.len() + 1);
            if metadata.join(&name).symlink_metadata().is_err() {
                break;
            }
            roots.push(file(&name, Role::Root)?);
        }
        let stamp = file("timestamp.json", Role::Timestamp)?;
        let named = timestamp(&stamp, &BTreeSet::new()).map_err(|why| odd("timestamp.json", why))?.snapshot;
        let name = format!("{}.snapshot.json", named.version);
        let snap = file(&name, Role::Snapshot)?;
        let newest = snapshot(&snap, &BTreeSet::new()).map_err(|why| odd(&name, why))?.targets.version;
        if newest > u64::try_from(MOST_LINKS).unwrap_or(u64::MAX) {
            return Err(odd(&name, "it names a version that no party comes to"));
        }
        let targets = (1..=newest).map(|version| file(&format!("{version}.targets.json"), Role::Targets));
        Ok(Self { roots, targets: targets.collect::<Result<_, _>>()?, snapshot: snap, timestamp: stamp })
    }
}

/// Follows a party. The step says how far that went.
pub fn follow(party: Party, folder: &Path, now: Time) -> (Step, Option<Followed>) {
    let title = format!("Signatures and history of {party}");
    let mut facts = vec![format!("read from {}", folder.display())];
    match judged(party, folder, now, &mut facts) {
        Ok((followed, against)) if against.is_empty() => (Step::verified(title, facts), Some(followed)),
        Ok((_, against)) => (Step::judged(title, facts, against), None),
        Err(why) => {
            let why =
                format!("{why} (copy the folder again, from another mirror; if all show this, ask {party} in public)");
            (Step::judged(title, facts, vec![why]), None)
        }
    }
}

fn judged(party: Party, folder: &Path, now: Time, facts: &mut Vec<String>) -> Result<(Followed, Vec<String>), String> {
    let served = Served::read(folder)?;
    let mut against = Vec::new();
    let mut roles = Vec::new();
    for (version, file) in (1..).zip(&served.roots) {
        let view = root(file, &BTreeSet::new()).map_err(|why| format!("metadata/{version}.root.json: {why}"))?;
        roles.push((view.link.id, view.seal, view.roles));
    }
    let Some((first, seal, named)) = roles.first() else { return Err("metadata/1.root.json is missing".into()) };
    let signed = count(&seal.signers, &named.root, &BTreeSet::new());
    if !enough(&seal.signers, &named.root, &BTreeSet::new()) {
        against.push(format!(
            "metadata/1.root.json: {signed} of its own keys signed it, and {} have to: there is no trust to begin with",
            named.root.threshold
        ));
    }
    if let Some(role) = named.weak() {
        against.push(format!(
            "metadata/1.root.json: too few keys speak for {role}, or more than a party can keep: a program refuses every such root after it"
        ));
    }
    if let Some(key) = named.exposed() {
        against.push(format!("metadata/1.root.json: {key} is kept online and could sign releases: ask {party} why"));
    }
    let (first, named) = (*first, named.clone());
    let known = PartyState::first(Chain::new(first), named, Chain::default());
    let links = served.targets.iter().map(|file| signed_bytes(file)).collect::<Result<Vec<_>, _>>();
    let links = links.map_err(|why| format!("a targets file: {why}"))?;
    let (head, earlier) = links.split_last().ok_or("it lists nothing yet")?;
    let files = Files {
        trusted: served.roots.first().map(Vec::as_slice).unwrap_or_default(),
        roots: served.roots.get(1..).unwrap_or_default(),
        timestamp: &served.timestamp,
        snapshot: &served.snapshot,
        targets: served.targets.last().map(Vec::as_slice).unwrap_or_default(),
        links: earlier,
    };
    let view = read(party, &known, &files, now).map_err(|refusal| told(&refusal))?;
    let last = roles.last().map(|(.., roles)| roles).ok_or("metadata/1.root.json is missing")?;
    facts.extend(figures(&served, &view, last, first));
    against.extend(segments(folder, earlier.iter().chain([head]))?);
    let roles: Vec<&Roles> = roles.iter().map(|(.., roles)| roles).collect();
    let (listings, more) = listings(&served, &roles)?;
    against.extend(more);
    let root = served.roots.into_iter().next().unwrap_or_default();
    Ok((Followed { folder: folder.to_owned(), first, root, known, view, listings }, against))
}

fn figures(served: &Served, view: &PartyView, roles: &Roles, first: Digest) -> Vec<String> {
    let offline = &roles.targets;
    let signed = |signers: &BTreeSet<Key>| count(signers, offline, &BTreeSet::new());
    let (stamp, releases) = (&view.timestamp, &view.targets);
    vec![
        format!("first root {first} (SHA-256 of its canonical signed bytes), {}", many(served.roots.len(), "root")),
        format!(
            "{} of {} offline keys sign: {}",
            offline.threshold,
            offline.keys.len(),
            offline.keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        ),
        format!(
            "{} of releases, the newest signed by {} offline keys, good until {}",
            many(served.targets.len(), "list"),
            signed(&releases.seal.signers),
            time(releases.expires)
        ),
        format!("daily statement {} of {}: “{}”", stamp.link.version, time(stamp.signed), stamp.statement),
        match stamp.report.as_str() {
            "" => "no transparency report".to_owned(),
            report => format!("transparency report: “{report}”"),
        },
    ]
}

/// Whether the segments by which clients catch up hold the very bytes of the lists.
fn segments<'a>(folder: &Path, links: impl Iterator<Item = &'a Vec<u8>>) -> Result<Vec<String>, String> {
    let mut wanted: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (version, link) in (1..).zip(links) {
        links::append(wanted.entry(links::name(version)).or_default(), link);
    }
    let mut against = Vec::new();
    for (name, bytes) in wanted {
        let path = folder.join("metadata").join(&name);
        // What was published and is not yet said to be current may stand behind.
        if !bounded(&path, links::longest_segment())?.starts_with(&bytes) {
            against.push(format!(
                "{}: not the bytes of the lists of releases: take it from another mirror",
                path.display()
            ));
        }
    }
    Ok(against)
}

/// All that was ever listed, and what speaks against it: a list that nobody signed, or a release that was described twice.
fn listings(served: &Served, roles: &[&Roles]) -> Result<(BTreeMap<u64, Listing>, Vec<String>), String> {
    let keys = roles.iter().flat_map(|roles| roles.all()).collect();
    let (mut all, mut against): (BTreeMap<u64, Listing>, Vec<String>) = Default::default();
    for (version, file) in (1..).zip(&served.targets) {
        let name = format!("metadata/{version}.targets.json");
        let view = targets(file, &keys).map_err(|why| format!("{name}: {why}"))?;
        if !roles.iter().any(|roles| enough(&view.seal.signers, &roles.targets, &BTreeSet::new())) {
            against.push(format!(
                "{name}: not signed by enough offline keys of any root: it is not what the party published"
            ));
        }
        for (number, listing) in view.releases {
            match all.get(&number) {
                Some(before) if before.id != listing.id => against.push(format!(
                    "{name}: describes release {number} otherwise than before (SHA-256 {} and {}): keep the folder, it proves a fork",
                    before.sha256, listing.sha256
                )),
                Some(_) => {}
                None => {
                    all.insert(number, listing);
                }
            }
        }
    }
    Ok((all, against))
}

/// A refusal, with what a user is not told.
pub fn told(refusal: &Refusal) -> String {
    let more = match refusal {
        Refusal::Tuf { reason, .. } => reason.clone(),
        Refusal::Signatures { counted, needed, .. } => format!("{counted} of {needed} signatures count"),
        Refusal::RevokedKeyReturns { key, .. } | Refusal::OnlineKey { key, .. } | Refusal::SharedKey { key, .. } => {
            format!("key {key}")
        }
        Refusal::Expired { since, .. } => format!("since {}", time(*since)),
        Refusal::WrongPackage { signed, came } => format!("signed {signed}, found {came}"),
        Refusal::RulesRollback { seen, offered, .. } => format!("version {seen} before, {offered} now"),
        _ => return refusal.to_string(),
    };
    format!("{refusal} ({more})")
}
