//! The package: what each party's mirrors serve of it, and what is in it.

use super::Asked;
use super::folders::{counted, differences, files, hash, read, scratch};
use super::parties::Followed;
use super::releases::Agreed;
use super::report::Step;
use super::source::Source;
use bulkhead_install::Installation;
use bulkhead_trust::{Listing, PackageView, Party, PerParty};
use git2::{ObjectType, Oid, Repository, TreeWalkMode, TreeWalkResult};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Longest file of a package that is looked for in the commit, in bytes.
const LONGEST: u64 = 16 << 20;

/// Whether a file is the listed package; otherwise what it is.
pub fn is_listed(path: &Path, listing: &Listing) -> Result<(), String> {
    let (sha256, length) = hash(path)?;
    if (sha256, length) == (listing.sha256, listing.length) {
        return Ok(());
    }
    Err(format!(
        "{}: SHA-256 {sha256}, {length} bytes, where the parties list {}, {} bytes",
        path.display(),
        listing.sha256,
        listing.length
    ))
}

/// Where a party's folder has the package.
fn place(folder: &Path, listing: &Listing) -> PathBuf {
    folder.join(format!("targets/releases/{}/{}.package", listing.release.number, listing.sha256))
}

/// What the mirrors serve.
pub fn served(followed: &PerParty<Followed>, agreed: &Agreed) -> Step {
    let title = "Package on the parties' mirrors";
    let (mut facts, mut against, mut absent) = (Vec::new(), Vec::new(), Vec::new());
    for (party, followed) in followed.iter() {
        let path = place(&followed.folder, &agreed.listing);
        if path.symlink_metadata().is_err() {
            absent.push(format!("{party}: copy {} too, which its mirrors serve", path.display()));
            continue;
        }
        match is_listed(&path, &agreed.listing) {
            Ok(()) => facts.push(format!("{party}: the listed one")),
            Err(why) => against.push(format!("{party}: {why}: take it from another mirror, and tell {party}")),
        }
    }
    if against.is_empty() && !absent.is_empty() {
        return Step { reasons: absent, ..Step::missing(title, facts, "") };
    }
    Step::judged(title, facts, against)
}

/// A package, unpacked as a program unpacks it.
pub struct Unpacked {
    view: PackageView,
    folder: PathBuf,
    _scratch: TempDir,
}

impl Unpacked {
    /// Unpacks the listed package: a copy of it, which nobody can change between looking and unpacking.
    pub fn listed(package: &Path, listing: &Listing) -> Result<Self, String> {
        Self::copied(package, listing, |copy| is_listed(copy, listing))
    }

    /// Unpacks what somebody built instead of it.
    fn other(package: &Path, listing: &Listing) -> Result<Self, String> {
        Self::copied(package, listing, |_| Ok(()))
    }

    fn copied(
        package: &Path,
        listing: &Listing,
        look: impl FnOnce(&Path) -> Result<(), String>,
    ) -> Result<Self, String> {
        let io = |error: io::Error| format!("{}: {error}", package.display());
        let scratch = scratch().map_err(io)?;
        let installation = Installation::at(scratch.path());
        let number = listing.release.number;
        let copy = installation.package(number);
        fs::create_dir(scratch.path().join("packages")).map_err(io)?;
        fs::copy(package, &copy).map_err(io)?;
        look(&copy)?;
        let view = installation.unpack(listing).map_err(|error| format!("{}: {error}", package.display()))?;
        Ok(Self { view, folder: installation.candidate(number), _scratch: scratch })
    }

    /// Its files.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// What is in the package: judged by whichever copy is at hand, which is given back.
pub fn contents(
    asked: &Asked,
    source: &Source,
    followed: &PerParty<Followed>,
    agreed: &Agreed,
) -> (Vec<Step>, Option<Unpacked>) {
    let title = "Contents of the package";
    let listing = &agreed.listing;
    let served = Party::ALL.into_iter().map(|party| place(&followed.of(party).folder, listing));
    let installed = asked.installed.iter().map(|root| Installation::at(root).package(listing.release.number));
    let mut copies = asked.package.iter().cloned().chain(served).chain(installed);
    let Some(copy) = copies.find(|path| is_listed(path, listing).is_ok()) else {
        let how = "no copy of the listed package is at hand: give one with --package, --served or --installed";
        return (vec![Step::missing(title, Vec::new(), how)], None);
    };
    let unpacked = match Unpacked::listed(&copy, listing) {
        Ok(unpacked) => unpacked,
        Err(why) => return (vec![Step::judged(title, Vec::new(), vec![why])], None),
    };
    let (files, bytes) = counted(unpacked.folder()).unwrap_or_default();
    let mut facts = vec![
        format!("read from {}: {files} files, {bytes} bytes", copy.display()),
        format!("release {}, {}: “{}”", listing.release.number, listing.release.version, listing.release.changes),
    ];
    for (process, rules) in &listing.release.rules {
        facts.push(format!("sandbox rules of {process}: version {}, SHA-256 {}", rules.version, rules.sha256));
    }
    facts.extend(in_the_commit(asked, source, unpacked.folder()));
    let against = agreed.installs(unpacked.view.clone(), asked).err().into_iter().collect();
    let mut steps = vec![Step::judged(title, facts, against)];
    steps.extend(own_build(asked, &unpacked, listing));
    (steps, Some(unpacked))
}

/// Where the auditor's own build is another one: in which files, and from which byte on.
fn own_build(asked: &Asked, right: &Unpacked, listing: &Listing) -> Option<Step> {
    let own = asked.package.as_ref().filter(|own| is_listed(own, listing).is_err())?;
    let told = Unpacked::other(own, listing)
        .and_then(|own| differences(right.folder(), own.folder()).map_err(|error| error.to_string()));
    let against = match told {
        Ok(told) if told.is_empty() => vec![format!("{}: only packed otherwise, with the same files", own.display())],
        Ok(told) => told.into_iter().map(|one| format!("{}: {one}", own.display())).collect(),
        Err(why) => vec![why],
    };
    Some(Step::judged("Where your build differs from the listed package", Vec::new(), against))
}

/// Which files of the package are files of the commit as they are; the others are what the build made.
fn in_the_commit(asked: &Asked, source: &Source, folder: &Path) -> Option<String> {
    let repository = Repository::open(&asked.repository).ok()?;
    let tree = repository.find_commit(source.commit?).ok()?.tree().ok()?;
    let mut blobs = BTreeSet::new();
    let walked = tree.walk(TreeWalkMode::PreOrder, |_, entry| {
        blobs.insert(entry.id());
        TreeWalkResult::Ok
    });
    walked.ok()?;
    let (mut from, mut made) = (Vec::new(), Vec::new());
    for name in files(folder).ok()? {
        let bytes = read(&folder.join(&name), LONGEST).ok();
        let id = bytes.and_then(|bytes| Oid::hash_object(ObjectType::Blob, &bytes).ok());
        if id.is_some_and(|id| blobs.contains(&id)) { from.push(name) } else { made.push(name) }
    }
    let list = |names: Vec<String>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Some(format!("files of the commit, byte for byte: {}; made by the build: {}", list(from), list(made)))
}
