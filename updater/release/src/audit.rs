//! `audit`: all of a release judged again, by somebody who believes nobody: from the commits to the installed bits.
//!
//! Each part is judged by the code that judges it in use: histories by [`crate::history`], joint signatures by
//! [`crate::attestation`], what parties publish by `bulkhead-trust`, as the program itself does before it installs anything. What
//! was not given cannot be judged, and the report says so, step by step. It starts no other program: a build is made by the
//! auditor, and its package is held against what the parties attest.

mod folders;
mod html;
mod installed;
mod packages;
mod parties;
mod releases;
mod report;
mod source;

pub use html::page;
pub use report::{Outcome, Report, Step};

use crate::keys::digest;
use bulkhead_first::report::time;
use bulkhead_trust::{Party, PerParty, Role, Time, read};
use parties::{Followed, follow};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// What is to be judged, and with what.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The release, as people name it.
    pub release: String,
    /// A clone of the repository.
    pub repository: PathBuf,
    /// The commit with which trust begins.
    pub from: String,
    /// The SHA-256 of the policy there.
    pub policy: Option<String>,
    /// The joint signature.
    pub joint: PathBuf,
    /// A package that whoever asks has built.
    pub package: Option<PathBuf>,
    /// Copies of what the parties' mirrors serve.
    pub served: PerParty<Option<PathBuf>>,
    /// The parties' first roots, from elsewhere.
    pub roots: PerParty<Option<PathBuf>>,
    /// Or what all three are known by: SHA-256 of their files, one after the other in the order of [`Party::ALL`].
    pub fingerprint: Option<String>,
    /// An installation.
    pub installed: Option<PathBuf>,
    /// Seconds since 1970.
    pub now: Time,
}

/// Judges all of it.
pub fn audit(asked: &Asked) -> Report {
    let source = source::source(asked);
    let mut steps = source.steps.clone();
    steps.extend(published(asked, &source));
    let made = format!(
        "made {} by bulkhead-release {} in {}",
        time(asked.now),
        env!("CARGO_PKG_VERSION"),
        asked.repository.display()
    );
    Report { release: asked.release.clone(), made, steps }
}

/// What parties publish, and what comes of it on a device.
fn published(asked: &Asked, source: &source::Source) -> Vec<Step> {
    let (mut steps, mut absent) = (Vec::new(), Vec::new());
    let followed = PerParty::make(|party| {
        let Some(folder) = asked.served.of(party) else {
            absent.push(party.name());
            return None;
        };
        let (step, followed) = follow(party, folder, asked.now);
        steps.push(step);
        followed
    });
    let given = absent.len() < Party::ALL.len();
    for name in &absent {
        let how = format!("copy the folders metadata and targets from a mirror of it, and give --served {name}=FOLDER");
        steps.push(Step::missing(format!("Signatures and history of the {name} party"), Vec::new(), how));
    }
    let PerParty { development: Some(development), quality: Some(quality), security: Some(security) } = followed else {
        let how =
            if given { "all three parties have to be verified first" } else { "give --served for all three parties" };
        let rest = [
            "Decision on all three parties",
            "Package on the parties' mirrors",
            "Contents of the package",
            "Installed bits",
        ];
        steps.extend(rest.map(|title| Step::missing(title, Vec::new(), how)));
        return steps;
    };
    let followed = PerParty { development, quality, security };
    steps.push(first_roots(asked, &followed));
    let (more, agreed) = releases::agreed(asked, &followed);
    steps.extend(more);
    let Some(agreed) = agreed else {
        let rest = ["Package on the parties' mirrors", "Contents of the package", "Installed bits"];
        steps.extend(rest.map(|title| Step::missing(title, Vec::new(), "the releases have to be verified first")));
        return steps;
    };
    steps.push(agreed.is_attested(source.attested.as_ref()));
    steps.push(packages::served(&followed, &agreed));
    let (more, unpacked) = packages::contents(asked, source, &followed, &agreed);
    steps.extend(more);
    steps.extend(installed::installed(asked, &followed, &agreed, unpacked.as_ref()));
    steps
}

/// Whether trust in the parties begins with what somebody else has said it begins with.
fn first_roots(asked: &Asked, followed: &PerParty<Followed>) -> Step {
    let title = "First roots of the parties";
    let (mut facts, mut against, mut open) = (Vec::new(), Vec::new(), Vec::new());
    let files: Vec<&[u8]> = followed.iter().map(|(_, followed)| followed.root.as_slice()).collect();
    let fingerprint = digest(&files.concat());
    facts.push(format!("SHA-256 of the three files 1.root.json, one after the other: {fingerprint}"));
    let agreed = asked.fingerprint.as_ref().map(|given| given.eq_ignore_ascii_case(&fingerprint));
    if agreed == Some(false) {
        against.push(
            "it is another one than was given with --roots: one of the two is not the parties'; ask them in public"
                .to_owned(),
        );
    }
    for (party, followed) in followed.iter() {
        let first = followed.first;
        if agreed == Some(true) && asked.roots.of(party).is_none() {
            continue;
        }
        let Some(path) = asked.roots.of(party) else {
            open.push(format!(
                "{party}: compare {first} with what you have from elsewhere, or give --root {}=FILE, or --roots SHA256 for all three",
                party.name()
            ));
            continue;
        };
        let bytes = folders::read(path, u64::try_from(read::longest(Role::Root)).unwrap_or(u64::MAX));
        let named = bytes
            .and_then(|bytes| read::root(&bytes, &BTreeSet::new()).map_err(|why| format!("{}: {why}", path.display())));
        match named {
            Ok(view) if view.link.id == first => facts.push(format!("{party}: {first}, as {} has it", path.display())),
            Ok(view) => against.push(format!(
                "{party}: {} is {}, its mirrors begin with {first}: one of the two is not the party's; ask it in public",
                path.display(),
                view.link.id
            )),
            Err(why) => against.push(format!("{why}: give the party's first root")),
        }
    }
    if against.is_empty() && !open.is_empty() {
        return Step { reasons: open, ..Step::missing(title, facts, "") };
    }
    Step::judged(title, facts, against)
}
