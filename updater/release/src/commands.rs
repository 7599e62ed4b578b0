//! What the commands do: read, ask the library, print.

use crate::Failure;
use crate::arguments::Arguments;
use bulkhead_release::attestation::{Attestation, assemble};
use bulkhead_release::history::{self, Report};
use bulkhead_release::keys::{LONGEST_SIGNATURE, Purpose, digest, signer};
use bulkhead_release::policy::{FILE, LONGEST, Policy};
use bulkhead_release::review::{self, Statement};
use bulkhead_release::signed;
use git2::{Commit, Repository};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, stdin};
use std::path::Path;
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
            let (_, attestation) = attestation(given)?;
            print!("{}", attestation.text());
            Ok(())
        }
        "assemble" => print_joint(given),
        "store-key" => crate::holder::run(given),
        other => Err(Failure::Usage(format!("{other} is not a command"))),
    }
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs().cast_signed())
}

fn verified(repository: &Repository, given: &Arguments) -> Result<Report, Failure> {
    history::verify(repository, &given.what, given.policy.as_deref(), now()).map_err(Failure::all)
}

fn verify_tree(given: &Arguments) -> Result<(), Failure> {
    let report = verified(&Repository::open(&given.repository)?, given)?;
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
fn attestation(given: &Arguments) -> Result<(Policy, Attestation), Failure> {
    let (Some(release), Some(package)) = (&given.release, &given.package) else {
        return Err(Failure::Usage("give --release and --package".into()));
    };
    if !Attestation::is_release(release) {
        return Err(Failure::Usage("a release is named by up to 64 letters, digits, dots and hyphens".into()));
    }
    let repository = Repository::open(&given.repository)?;
    let report = verified(&repository, given)?;
    if report.ahead > 0 {
        let reason =
            format!("the mirrors show {}: publish all steps before a release is made of them", report.mirrored);
        return Err(Failure::one(reason));
    }
    let commit = repository.find_commit(report.head)?;
    let policy = policy_in(&repository, &commit)?;
    let (package, length) = hashed(package)?;
    let (commit, tree) = (commit.id(), commit.tree_id());
    Ok((policy, Attestation { release: release.clone(), commit, tree, policy: report.policy, package, length }))
}

/// A package's digest and length; it is never in memory as a whole.
fn hashed(path: &Path) -> Result<(String, u64), Failure> {
    let fail = |error| Failure::one(format!("{}: {error}", path.display()));
    let mut file = File::open(path).map_err(fail)?;
    let (mut hash, mut length, mut buffer) = (Sha256::new(), 0, vec![0; 64 * 1024]);
    loop {
        let count = file.read(&mut buffer).map_err(fail)?;
        let Some(bytes) = buffer.get(..count).filter(|bytes| !bytes.is_empty()) else { break };
        hash.update(bytes);
        length += count as u64;
    }
    Ok((hex::encode(hash.finalize()), length))
}

fn print_joint(given: &Arguments) -> Result<(), Failure> {
    let (policy, ours) = attestation(given)?;
    let mut files = Vec::new();
    for path in &given.files {
        let text = String::from_utf8_lossy(&read(path, signed::LONGEST)?).into_owned();
        files.push((path.display().to_string(), text));
    }
    print!("{}", assemble(&policy, &ours, &files, now()).map_err(Failure::all)?);
    Ok(())
}
