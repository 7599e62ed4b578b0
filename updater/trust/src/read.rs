//! From bytes to facts: what a party's files say, and which keys' signatures on them verify.
//!
//! Two readers look at the same bytes. The TUF library's verifier follows the client workflow of TUF 1.0 from the
//! trusted root on. Then the facts are taken down here, signatures by key bytes: each signature is tried with each
//! key that the roots name, and the key ids, which a repository can choose as it likes, are not read at all.
//!
//! Beyond TUF, in the `signed` part of each file, under `x-bulkhead`:
//!
//! | file | members |
//! | --- | --- |
//! | root, timestamp, targets | `predecessor`: SHA-256 of the canonical signed bytes of the version before; none in version 1 |
//! | timestamp | `signed`: when (RFC 3339); `statement`, `report`: text for people |
//!
//! Pins (`meta` in timestamp and snapshot) must have length and SHA-256, targets exactly a SHA-256, and every release is the
//! target `releases/<number>/package` with a [`Release`] as its custom data. There are no delegations.

use crate::provider::{install, verify};
use crate::release::path;
use crate::view::{PartyView, Pin, RootView, Seal, SnapshotView, TargetsView, TimestampView};
use crate::{Digest, Key, Link, Listing, Party, PartyState, Refusal, Release, Role, RoleKeys, Roles, Time};
use serde::Deserialize;
use serde_json::Value;
use sigstore_tuf::canonical_json::to_canonical_bytes;
use sigstore_tuf::{MetaFile, Metadata, Root, Snapshot, Targets, Timestamp, TrustedMetadataSet, metadata};
use std::collections::{BTreeMap, BTreeSet};

/// The longest file of a role, in bytes; what is longer is refused before it is parsed.
pub const fn longest(role: Role) -> usize {
    match role {
        Role::Timestamp => 16 * 1024,
        Role::Root | Role::Snapshot | Role::Targets => 64 * 1024,
    }
}

/// Roots that are followed at once.
pub const MOST_ROOTS: usize = 1_024;
/// Links that are followed at once; a party that made one a day would need 179 years.
pub const MOST_LINKS: usize = 65_536;
/// Signatures on one file, so that a file cannot cost more than its share of time.
const MOST_SIGNATURES: usize = 16;
/// Text for people in a timestamp, in bytes.
const MOST_TEXT: usize = 4 * 1024;

/// A party's files as they were staged. Nothing about them is trusted.
#[derive(Clone, Copy, Debug)]
pub struct Files<'a> {
    /// The root that is trusted already.
    pub trusted: &'a [u8],
    /// Roots after it, in order.
    pub roots: &'a [Vec<u8>],
    /// The timestamp.
    pub timestamp: &'a [u8],
    /// The snapshot that it names.
    pub snapshot: &'a [u8],
    /// The targets file that the snapshot names.
    pub targets: &'a [u8],
    /// The canonical signed bytes of the targets files between the last one that was seen and this one, in order.
    pub links: &'a [Vec<u8>],
}

/// Reads a party's files. `known` says which root is trusted; `now` is for the TUF library's expiry checks.
pub fn read(party: Party, known: &PartyState, files: &Files<'_>, now: Time) -> Result<PartyView, Refusal> {
    install();
    let at = |role| move |reason| Refusal::Unreadable { party, role, reason };
    bounded(files).map_err(|(role, reason)| at(role)(reason))?;
    let trusted = root(files.trusted, &BTreeSet::new()).map_err(at(Role::Root))?;
    // The staging folder is not trusted to know which root is.
    if (trusted.link.version, Some(trusted.link.id)) != (known.roots.version(), known.roots.head()) {
        return Err(at(Role::Root)("it does not begin where this device's trust ends"));
    }
    follow(files, now).map_err(|error| refusal(party, &error))?;

    let mut roots = Vec::with_capacity(files.roots.len());
    let mut keys = trusted.roles;
    for bytes in files.roots {
        let view = root(bytes, &keys.all()).map_err(at(Role::Root))?;
        keys = view.roles.clone();
        roots.push(view);
    }
    let keys = keys.all();
    Ok(PartyView {
        roots,
        timestamp: timestamp(files.timestamp, &keys).map_err(at(Role::Timestamp))?,
        snapshot: snapshot(files.snapshot, &keys).map_err(at(Role::Snapshot))?,
        targets: targets(files.targets, &keys).map_err(at(Role::Targets))?,
        links: links(files.links).map_err(at(Role::Targets))?,
    })
}

/// A root file's facts; tried with its own keys and with `trusted` ones.
pub fn root(bytes: &[u8], trusted: &BTreeSet<Key>) -> Result<RootView, &'static str> {
    let parsed: Parsed<Root> = parse(bytes)?;
    let file = parsed.signed();
    let role = |name: &str| {
        let role = file.role(name).ok_or("a role is missing")?;
        let keys = role.keyids.iter().map(|id| file.keys.get(id).ok_or("a key is missing").and_then(key));
        let threshold = u32::try_from(role.threshold).map_err(|_| "a threshold is too large")?;
        Ok::<_, &'static str>(RoleKeys { keys: keys.collect::<Result<_, _>>()?, threshold })
    };
    if file.keys.len() > 64 || file.roles.len() != 4 || !file.consistent_snapshot {
        return Err("not the roles, keys or snapshots that were agreed");
    }
    let roles = Roles {
        root: role("root")?,
        timestamp: role("timestamp")?,
        snapshot: role("snapshot")?,
        targets: role("targets")?,
    };
    let keys = roles.all().union(trusted).copied().collect();
    let predecessor = ours(&file.extra)?.predecessor;
    Ok(RootView {
        link: parsed.link(file.version, predecessor)?,
        seal: parsed.seal(&keys)?,
        expires: file.expires.as_second(),
        roles,
    })
}

/// A timestamp file's facts.
pub fn timestamp(bytes: &[u8], keys: &BTreeSet<Key>) -> Result<TimestampView, &'static str> {
    let parsed: Parsed<Timestamp> = parse(bytes)?;
    let file = parsed.signed();
    let ours = ours(&file.extra)?;
    let (statement, report) = (ours.statement.unwrap_or_default(), ours.report.unwrap_or_default());
    if statement.len() > MOST_TEXT || report.len() > MOST_TEXT {
        return Err("its text is too long");
    }
    Ok(TimestampView {
        link: parsed.link(file.version, ours.predecessor)?,
        seal: parsed.seal(keys)?,
        expires: file.expires.as_second(),
        signed: ours.signed.ok_or("it does not say when it was signed")?.as_second(),
        snapshot: pin(&file.meta, "snapshot.json")?,
        statement,
        report,
    })
}

/// A snapshot file's facts.
pub fn snapshot(bytes: &[u8], keys: &BTreeSet<Key>) -> Result<SnapshotView, &'static str> {
    let parsed: Parsed<Snapshot> = parse(bytes)?;
    let file = parsed.signed();
    Ok(SnapshotView {
        file: Pin { version: file.version, length: length(bytes), sha256: Digest::of(bytes) },
        seal: parsed.seal(keys)?,
        expires: file.expires.as_second(),
        targets: pin(&file.meta, "targets.json")?,
    })
}

/// A targets file's facts.
pub fn targets(bytes: &[u8], keys: &BTreeSet<Key>) -> Result<TargetsView, &'static str> {
    let parsed: Parsed<Targets> = parse(bytes)?;
    let file = parsed.signed();
    if file.delegations.is_some() {
        return Err("it delegates");
    }
    let releases = releases(file)?;
    Ok(TargetsView {
        file: Pin { version: file.version, length: length(bytes), sha256: Digest::of(bytes) },
        link: parsed.link(file.version, ours(&file.extra)?.predecessor)?,
        seal: parsed.seal(keys)?,
        expires: file.expires.as_second(),
        releases,
    })
}

/// What a link lists: `bytes` are the canonical signed bytes of a targets file.
pub fn listed(bytes: &[u8]) -> Result<BTreeMap<u64, Digest>, &'static str> {
    let file: Targets = serde_json::from_slice(bytes).map_err(|_| "a link is not a targets file")?;
    Ok(releases(&file)?.into_iter().map(|(number, listing)| (number, listing.id)).collect())
}

fn releases(file: &Targets) -> Result<BTreeMap<u64, Listing>, &'static str> {
    let releases = file.targets.iter().map(|(name, target)| {
        let release = target.custom.clone().ok_or("a release is not described")?;
        let release: Release =
            serde_json::from_value(release).map_err(|_| "a release's description is not as agreed")?;
        if *name != path(release.number) {
            return Err("a release's path is not its own");
        }
        if !target.extra.is_empty() {
            return Err("a release has members that were not agreed");
        }
        let entry = serde_json::to_value(target).map_err(|_| "a release cannot be written")?;
        let listing = Listing {
            id: Digest::of(&canonical(&entry)?),
            length: target.length,
            sha256: only_sha256(&target.hashes)?,
            release,
        };
        Ok((listing.release.number, listing))
    });
    releases.collect()
}

/// A link's facts: `bytes` are the canonical signed bytes of a targets file. Whether anybody signed them follows from
/// the chain that they are in.
pub fn link(bytes: &[u8]) -> Result<Link, &'static str> {
    #[derive(Deserialize)]
    struct Signed {
        _type: String,
        version: u64,
        #[serde(rename = "x-bulkhead", default)]
        ours: Ours,
    }
    let signed: Signed = serde_json::from_slice(bytes).map_err(|_| "a link is not JSON as agreed")?;
    if signed._type != "targets" {
        return Err("a link is of another role");
    }
    linked(signed.version, Digest::of(bytes), signed.ours.predecessor)
}

/// The canonical signed bytes of a file: what its signatures and its successor's predecessor cover.
pub fn signed_bytes(file: &[u8]) -> Result<Vec<u8>, &'static str> {
    let value: Value = serde_json::from_slice(file).map_err(|_| "not JSON")?;
    canonical(value.get("signed").ok_or("nothing is signed")?)
}

fn links(files: &[Vec<u8>]) -> Result<Vec<Link>, &'static str> {
    files.iter().map(|bytes| link(bytes)).collect()
}

fn bounded(files: &Files<'_>) -> Result<(), (Role, &'static str)> {
    let one = |role: Role, bytes: &[u8]| {
        if bytes.len() > longest(role) { Err((role, "it is too long")) } else { Ok(()) }
    };
    if files.roots.len() > MOST_ROOTS {
        return Err((Role::Root, "there are too many"));
    }
    if files.links.len() > MOST_LINKS {
        return Err((Role::Targets, "there are too many"));
    }
    one(Role::Root, files.trusted)?;
    files.roots.iter().try_for_each(|bytes| one(Role::Root, bytes))?;
    one(Role::Timestamp, files.timestamp)?;
    one(Role::Snapshot, files.snapshot)?;
    one(Role::Targets, files.targets)?;
    files.links.iter().try_for_each(|bytes| one(Role::Targets, bytes))
}

/// The TUF client workflow from the trusted root on, by the TUF library.
fn follow(files: &Files<'_>, now: Time) -> Result<(), sigstore_tuf::Error> {
    let now =
        jiff::Timestamp::from_second(now).unwrap_or(if now < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX });
    let mut set = TrustedMetadataSet::from_root(files.trusted)?;
    files.roots.iter().try_for_each(|bytes| set.update_root(bytes))?;
    set.check_root_expired(now)?;
    set.update_timestamp(files.timestamp, now)?;
    set.update_snapshot(files.snapshot, now)?;
    set.update_targets(files.targets, now)?;
    Ok(())
}

/// What the TUF library refuses, as this crate says it: two reasons have sentences of their own.
fn refusal(party: Party, error: &sigstore_tuf::Error) -> Refusal {
    let named = |name: &str| Role::ALL.into_iter().find(|role| role.to_string() == name);
    let known = match error {
        sigstore_tuf::Error::Expired { role, expires } => {
            named(role).map(|role| Refusal::Expired { party, role, since: expires.as_second() })
        }
        sigstore_tuf::Error::ThresholdNotMet { role, found, threshold } => {
            let needed = u32::try_from(*threshold).unwrap_or(u32::MAX);
            named(role).map(|role| Refusal::Signatures { party, role, counted: *found, needed })
        }
        _ => None,
    };
    known.unwrap_or_else(|| Refusal::Tuf { party, reason: chained(error) })
}

/// Our own members of `signed`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ours {
    predecessor: Option<Digest>,
    signed: Option<jiff::Timestamp>,
    statement: Option<String>,
    report: Option<String>,
}

fn ours(extra: &BTreeMap<String, Value>) -> Result<Ours, &'static str> {
    let Some(value) = extra.get("x-bulkhead") else { return Ok(Ours::default()) };
    serde_json::from_value(value.clone()).map_err(|_| "what it adds to TUF is not as agreed")
}

struct Parsed<T> {
    file: Metadata<T>,
}

fn parse<T: metadata::Role>(bytes: &[u8]) -> Result<Parsed<T>, &'static str> {
    let file = Metadata::from_slice(bytes).map_err(|_| "not a TUF file of this role")?;
    // The canonical form leaves control codes as they are, and JSON knows none in strings: such a file could not be
    // a link, and text for people has no need of them.
    if file.signed_canonical().iter().any(|byte| byte.is_ascii_control()) {
        return Err("it holds control codes");
    }
    Ok(Parsed { file })
}

impl<T: metadata::Role> Parsed<T> {
    fn signed(&self) -> &T {
        self.file.signed()
    }

    fn link(&self, version: u64, predecessor: Option<Digest>) -> Result<Link, &'static str> {
        linked(version, Digest::of(self.file.signed_canonical()), predecessor)
    }

    /// Tries each signature with each key until one fits, so that neither two ids for one key nor one id for two keys can fool it.
    fn seal(&self, keys: &BTreeSet<Key>) -> Result<Seal, &'static str> {
        let message = self.file.signed_canonical();
        if self.file.signatures().len() > MOST_SIGNATURES {
            return Err("it has too many signatures");
        }
        let signatures = self.file.signatures().iter().filter_map(|one| crate::digest::hex::<64>(&one.sig));
        // A signature is of one key: the key is part of what it signs (RFC 8032, 5.1.7).
        let signers = signatures.filter_map(|one| keys.iter().find(|key| verify(&key.0, message, &one)));
        Ok(Seal { id: Digest::of(message), signers: signers.copied().collect() })
    }
}

fn linked(version: u64, id: Digest, predecessor: Option<Digest>) -> Result<Link, &'static str> {
    match (version, predecessor) {
        (0, _) => Err("versions count from 1"),
        (1, Some(_)) => Err("the first version has no predecessor"),
        (2.., None) => Err("it names no predecessor"),
        _ => Ok(Link { version, id, predecessor }),
    }
}

fn key(key: &sigstore_tuf::Key) -> Result<Key, &'static str> {
    if (key.keytype.as_str(), key.scheme.as_str()) != ("ed25519", "ed25519") {
        return Err("a key is not an Ed25519 key");
    }
    crate::digest::hex(&key.keyval.public).map(Key).ok_or("a key is not 64 lower-case hexadecimal digits")
}

fn pin(meta: &BTreeMap<String, MetaFile>, name: &str) -> Result<Pin, &'static str> {
    let [(only, file)] = meta.iter().collect::<Vec<_>>()[..] else {
        return Err("it names more or fewer files than one");
    };
    let (Some(length), Some(hashes)) = (file.length, file.hashes.as_ref()) else {
        return Err("it leaves out length or digest");
    };
    if only != name {
        return Err("it names another file");
    }
    Ok(Pin { version: file.version, length, sha256: only_sha256(hashes)? })
}

fn only_sha256(hashes: &BTreeMap<String, String>) -> Result<Digest, &'static str> {
    match hashes.iter().collect::<Vec<_>>()[..] {
        [(name, hex)] if name == "sha256" => Digest::from_hex(hex).ok_or("a digest is not 64 hexadecimal digits"),
        _ => Err("digests other than one SHA-256"),
    }
}

fn canonical(value: &Value) -> Result<Vec<u8>, &'static str> {
    to_canonical_bytes(value).map_err(|_| "a number is not whole")
}

fn length(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

fn chained(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
