//! What the commands do: read, ask the library, print.

use crate::Failure;
use crate::arguments::Arguments;
use bulkhead_release::attestation::{Attestation, assemble};
use bulkhead_release::history::{self, Report};
use bulkhead_release::keys::{LONGEST_SIGNATURE, Purpose, digest, signer};
use bulkhead_release::party::folder::hashed;
use bulkhead_release::policy::{FILE, LONGEST, Policy};
use bulkhead_release::review::{self, Statement};
use bulkhead_release::signed;
use bulkhead_trust::Release;
use git2::{Commit, Repository};
use std::fs::File;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// Does what the command says.
pub fn run(given: &Arguments) -> Result<(), Failure> {
    match given.command.as_str() {
        "verify-tree" => verify_tree(given),
        "check-policy" => check_policy(given),
        "review" => {
            print!("{}", statement(&Repository::open(&given.repository)?, given)?.text());
            Ok(())
        }
        "add-review" => add_review(given),
        "attest" => {
            let (_, attestation) = attestation(given, &given.what)?;
            print!("{}", attestation.text());
            Ok(())
        }
        "assemble" => {
            print!("{}", joint(given, &given.what, &given.files)?);
            Ok(())
        }
        "audit" => crate::auditor::run(given),
        "store-key" => crate::holder::run(given),
        "party" => crate::publisher::run(given),
        "bundle" => crate::webmaster::bundle(given),
        "site" => crate::webmaster::site(given),
        other => Err(Failure::Usage(format!("{other} is not a command"))),
    }
}

/// Seconds since 1970.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs().cast_signed())
}

fn verified(repository: &Repository, given: &Arguments, range: &str) -> Result<Report, Failure> {
    history::verify(repository, range, given.policy.as_deref(), now()).map_err(Failure::all)
}

fn verify_tree(given: &Arguments) -> Result<(), Failure> {
    let report = verified(&Repository::open(&given.repository)?, given, &given.what)?;
    println!(
        "verified: {} commits in {} steps up to {}, policy version {}",
        report.commits, report.steps, report.head, report.policy
    );
    match report.ahead {
        0 => println!("all mirrors show {}", report.mirrored),
        ahead => println!("all mirrors show {}: the last {ahead} steps are not published yet", report.mirrored),
    }
    Ok(())
}

/// A file, as long as it is not longer than this.
pub fn read(path: &Path, limit: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let opened = File::open(path).and_then(|file| file.take(limit as u64 + 1).read_to_end(&mut bytes));
    opened.map_err(|error| Failure::one(format!("{}: {error}", path.display())))?;
    Ok(bytes)
}

fn check_policy(given: &Arguments) -> Result<(), Failure> {
    let file = read(Path::new(&given.what), LONGEST)?;
    let policy = Policy::parse(&file).map_err(|error| Failure::one(format!("{}: {error}", given.what)))?;
    println!("policy version {}, SHA-256 {}", policy.version, digest(&file));
    for party in policy.parties.values() {
        println!("{} ({}): {} of {}", party.name, party.jurisdiction, party.threshold, party.signers.join(", "));
    }
    Ok(())
}

/// The policy that a commit holds.
fn policy_in(repository: &Repository, commit: &Commit) -> Result<Policy, Failure> {
    let file = commit.tree()?.get_path(Path::new(FILE))?;
    Policy::parse(repository.find_blob(file.id())?.content()).map_err(|error| Failure::one(error.to_string()))
}

/// What a reviewer of this commit signs.
fn statement(repository: &Repository, given: &Arguments) -> Result<Statement, Failure> {
    let commit = repository.revparse_single(&given.what)?.peel_to_commit()?;
    let before = commit.parent(0)?;
    let policy = policy_in(repository, &before)?.version;
    Ok(Statement { onto: before.id(), tree: commit.tree_id(), policy, verdict: given.verdict })
}

fn add_review(given: &Arguments) -> Result<(), Failure> {
    let repository = Repository::open(&given.repository)?;
    let statement = statement(&repository, given)?;
    let mut armoured = String::new();
    let read = stdin().take(LONGEST_SIGNATURE as u64 + 1).read_to_string(&mut armoured);
    read.map_err(|error| Failure::one(format!("the signature cannot be read: {error}")))?;
    let key = signer(armoured.as_bytes(), Purpose::Review, statement.text().as_bytes());
    let key = key.map_err(|error| Failure::one(format!("the signature {error}")))?;
    review::add(&repository, &statement, &armoured)?;
    println!("review by {} added to {}", key.fingerprint(), review::NOTES);
    Ok(())
}

/// What this machine has to say of a package: only after the whole history is verified and published.
fn attestation(given: &Arguments, range: &str) -> Result<(Policy, Attestation), Failure> {
    let (Some(release), Some(package)) = (&given.release, &given.package) else {
        return Err(Failure::Usage("give --release and --package".into()));
    };
    if !Attestation::is_release(release) {
        return Err(Failure::Usage("a release is named by up to 64 letters, digits, dots and hyphens".into()));
    }
    let repository = Repository::open(&given.repository)?;
    let report = verified(&repository, given, range)?;
    if report.ahead > 0 {
        let reason =
            format!("the mirrors show {}: publish all steps before a release is made of them", report.mirrored);
        return Err(Failure::one(reason));
    }
    let commit = repository.find_commit(report.head)?;
    let policy = policy_in(&repository, &commit)?;
    let hashed = File::open(package).and_then(|mut file| hashed(&mut file));
    let (package, length) = hashed.map_err(|error| Failure::one(format!("{}: {error}", package.display())))?;
    let package = package.to_string();
    let (commit, tree) = (commit.id(), commit.tree_id());
    Ok((policy, Attestation { release: release.clone(), commit, tree, policy: report.policy, package, length }))
}

/// The joint signature, if there is one: the history is judged again, and what every party says.
fn joint(given: &Arguments, range: &str, files: &[PathBuf]) -> Result<String, Failure> {
    let (policy, ours) = attestation(given, range)?;
    let mut texts = Vec::new();
    for path in files {
        let text = String::from_utf8_lossy(&read(path, signed::LONGEST)?).into_owned();
        texts.push((path.display().to_string(), text));
    }
    assemble(&policy, &ours, &texts, now()).map_err(Failure::all)
}

/// The description of a release that all parties attest.
pub fn joint_release(given: &Arguments) -> Result<Release, Failure> {
    let (Some((range, files)), Some(description)) = (given.files.split_first(), &given.party.description) else {
        return Err(Failure::Usage("give --description, the range, and the joint signature".into()));
    };
    joint(given, &range.to_string_lossy(), files)?;
    let release = serde_json::from_slice(&read(description, LONGEST)?);
    let release: Release =
        release.map_err(|error| Failure::one(format!("{}: not a description: {error}", description.display())))?;
    if given.release.as_deref() != Some(&release.version) {
        return Err(Failure::one(format!("{} describes release {}", description.display(), release.version)));
    }
    Ok(release)
}
