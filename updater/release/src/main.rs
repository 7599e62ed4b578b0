//! `bulkhead-release`: see the README for the order in which people use it.

use bulkhead_release::history;
use bulkhead_release::keys::digest;
use bulkhead_release::policy::{FILE, Policy};
use bulkhead_release::review::{self, Statement, Verdict};
use git2::Repository;
use lexopt::prelude::{Long, Value, ValueExt};
use std::io::Read;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

const USAGE: &str = "\
bulkhead-release COMMAND [--repo FOLDER]

  verify-tree [--policy SHA256] OLD..NEW   judges all commits between one that was verified before and the newest
  check-policy FILE                        reads a policy, and prints what it is known by
  review [--reject] COMMIT                 prints the statement to sign with ssh-keygen -Y sign -n review@bulkhead-release
  add-review [--reject] COMMIT             takes its signature from the standard input and adds it to the notes
";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(why)) => {
            eprintln!("bulkhead-release: {why}\n\n{USAGE}");
            ExitCode::from(2)
        }
        Err(Failure::Refused(list)) => {
            list.iter().for_each(|refusal| eprintln!("refused: {refusal}"));
            ExitCode::FAILURE
        }
    }
}

enum Failure {
    Usage(String),
    Refused(Vec<String>),
}

impl From<lexopt::Error> for Failure {
    fn from(error: lexopt::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<git2::Error> for Failure {
    fn from(error: git2::Error) -> Self {
        Self::Refused(vec![format!("git: {}", error.message())])
    }
}

struct Arguments {
    command: String,
    what: String,
    repository: PathBuf,
    policy: Option<String>,
    verdict: Verdict,
}

fn arguments() -> Result<Arguments, Failure> {
    let mut parser = lexopt::Parser::from_env();
    let mut words = Vec::new();
    let (mut repository, mut policy, mut verdict) = (PathBuf::from("."), None, Verdict::Approve);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("repo") => repository = parser.value()?.into(),
            Long("policy") => policy = Some(parser.value()?.string()?),
            Long("reject") => verdict = Verdict::Reject,
            Value(word) => words.push(word.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let Ok([command, what]) = <[String; 2]>::try_from(words) else {
        return Err(Failure::Usage("give a command and what it is about".into()));
    };
    Ok(Arguments { command, what, repository, policy, verdict })
}

fn run() -> Result<(), Failure> {
    let given = arguments()?;
    match given.command.as_str() {
        "verify-tree" => verify_tree(&given),
        "check-policy" => check_policy(&given),
        "review" => {
            print!("{}", statement(&Repository::open(&given.repository)?, &given)?.text());
            Ok(())
        }
        "add-review" => add_review(&given),
        other => Err(Failure::Usage(format!("{other} is not a command"))),
    }
}

fn verify_tree(given: &Arguments) -> Result<(), Failure> {
    let repository = Repository::open(&given.repository)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_secs().cast_signed());
    let report = history::verify(&repository, &given.what, given.policy.as_deref(), now)
        .map_err(|list| Failure::Refused(list.iter().map(ToString::to_string).collect()))?;
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

fn check_policy(given: &Arguments) -> Result<(), Failure> {
    let refuse = |why: String| Failure::Refused(vec![format!("{}: {why}", given.what)]);
    let mut file = Vec::new();
    let opened = std::fs::File::open(&given.what).map_err(|error| refuse(error.to_string()))?;
    let limit = bulkhead_release::policy::LONGEST as u64 + 1;
    opened.take(limit).read_to_end(&mut file).map_err(|error| refuse(error.to_string()))?;
    let policy = Policy::parse(&file).map_err(|error| refuse(error.to_string()))?;
    println!("policy version {}, SHA-256 {}", policy.version, digest(&file));
    for party in policy.parties.values() {
        println!("{} ({}): {} of {}", party.name, party.jurisdiction, party.threshold, party.signers.join(", "));
    }
    Ok(())
}

/// What a reviewer of this commit signs.
fn statement(repository: &Repository, given: &Arguments) -> Result<Statement, Failure> {
    let commit = repository.revparse_single(&given.what)?.peel_to_commit()?;
    let before = commit.parent(0)?;
    let file = before.tree()?.get_path(std::path::Path::new(FILE))?;
    let policy = Policy::parse(repository.find_blob(file.id())?.content());
    let policy = policy.map_err(|error| Failure::Refused(vec![error.to_string()]))?.version;
    Ok(Statement { onto: before.id(), tree: commit.tree_id(), policy, verdict: given.verdict })
}

fn add_review(given: &Arguments) -> Result<(), Failure> {
    use bulkhead_release::keys::{LONGEST_SIGNATURE, Purpose, signer};
    let repository = Repository::open(&given.repository)?;
    let statement = statement(&repository, given)?;
    let mut armoured = String::new();
    let refuse = |why: String| Failure::Refused(vec![format!("the signature {why}")]);
    let read = std::io::stdin().take(LONGEST_SIGNATURE as u64 + 1).read_to_string(&mut armoured);
    read.map_err(|error| refuse(format!("cannot be read: {error}")))?;
    let key = signer(armoured.as_bytes(), Purpose::Review, statement.text().as_bytes());
    let key = key.map_err(|error| refuse(error.to_string()))?;
    review::add(&repository, &statement, &armoured)?;
    println!("review by {} added to {}", key.fingerprint(), review::NOTES);
    Ok(())
}
