//! From commits to the joint signature: what can be judged with a clone, the signature's file, and a package that somebody built.

use super::Asked;
use super::folders::{hash, read};
use super::report::{Step, many};
use crate::attestation::{Attestation, FIRST, assemble};
use crate::history::{Judged, judge};
use crate::keys::Purpose;
use crate::mirrors;
use crate::signed;
use bulkhead_first::report::time;
use git2::{Commit, ErrorCode, Oid, Repository};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What a package is known by: SHA-256 in hexadecimal, and bytes.
pub type Bits = (String, u64);

/// What is known of the source, as far as it holds.
#[derive(Default)]
pub struct Source {
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// The package that all parties attest.
    pub attested: Option<Bits>,
    /// The commit that it is made of.
    pub commit: Option<Oid>,
}

/// Judges all of it.
pub fn source(asked: &Asked) -> Source {
    let mut source = Source::default();
    let title = "Joint signature";
    let joint = match named(asked) {
        Ok(joint) => joint,
        Err(why) => {
            source.steps.push(Step::judged(title, Vec::new(), vec![why]));
            return source;
        }
    };
    let (text, named) = joint;
    let repository = match Repository::open(&asked.repository) {
        Ok(repository) => repository,
        Err(error) => {
            let why =
                format!("{}: {}: run this in a clone of the repository", asked.repository.display(), error.message());
            source.steps.push(Step::judged("Clone", Vec::new(), vec![why]));
            return source;
        }
    };
    if let Err(error) = repository.find_commit(named.commit) {
        let hint = if error.code() == ErrorCode::NotFound { "get it with git fetch" } else { error.message() };
        let why = format!("the joint signature names commit {}, which this clone does not have: {hint}", named.commit);
        source.steps.push(Step::judged("Clone", Vec::new(), vec![why]));
        return source;
    }
    let range = format!("{}..{}", asked.from, named.commit);
    let judged = match judge(&repository, &range, asked.policy.as_deref(), asked.now) {
        Ok(judged) => judged,
        Err(refusals) => {
            let against = refusals.iter().map(ToString::to_string).collect();
            source.steps.push(Step::judged("Commits, reviews and policies", vec![format!("range {range}")], against));
            let after = "the history has to be verified first, as its policy says whose signatures count";
            source.steps.push(Step::missing(title, Vec::new(), after));
            return source;
        }
    };
    source.steps.push(beginning(asked, &judged));
    source.steps.push(history(&judged, &range));
    source.steps.push(policies(&judged));
    source.steps.push(published(&repository, &judged));
    let built =
        asked.package.as_ref().map(|path| (path, hash(path).map(|(sha256, length)| (sha256.to_string(), length))));
    let step = attested(asked, &repository, &judged, &text, &named);
    if step.reasons.is_empty() {
        source.attested = Some((named.package.clone(), named.length));
        source.commit = Some(named.commit);
    }
    source.steps.push(step);
    source.steps.push(build(asked, &named, built));
    source
}

/// The joint signature's file, and what its first statement says. The others are held against it later.
fn named(asked: &Asked) -> Result<(String, Attestation), String> {
    let bytes = read(&asked.joint, signed::LONGEST as u64)?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{}: not text (UTF-8)", asked.joint.display()))?;
    let found = signed::all(&text, FIRST, Purpose::Attestation);
    let named = found.iter().find_map(|one| Attestation::parse(one.text)).ok_or_else(|| {
        format!("{}: holds no attestation: give the file that the assemble command printed", asked.joint.display())
    })?;
    if named.release != asked.release {
        return Err(format!(
            "{}: is of release {}, not {}: give the joint signature of the release that you ask about",
            asked.joint.display(),
            named.release,
            asked.release
        ));
    }
    Ok((text, named))
}

/// Whether somebody has said from elsewhere which policy to begin with.
fn beginning(asked: &Asked, judged: &Judged) -> Step {
    let (commit, version, digest) = judged.policies.first().cloned().unwrap_or((Oid::ZERO_SHA1, 0, String::new()));
    let facts = vec![format!("commit {commit} with policy version {version}, SHA-256 {digest}")];
    let title = "Where trust begins";
    if asked.policy.is_some() {
        return Step::verified(title, facts);
    }
    let how = format!(
        "compare this SHA-256 with one that you have from people you trust, or from another place, and give --policy {digest}"
    );
    Step::missing(title, facts, how)
}

fn history(judged: &Judged, range: &str) -> Step {
    let list = |people: &std::collections::BTreeSet<String>| people.iter().cloned().collect::<Vec<_>>().join(", ");
    let steps = judged.line.len().saturating_sub(1);
    let facts = vec![
        format!(
            "{} in {} of the branch, {range}, each signed by its author's listed key",
            many(judged.commits, "commit"),
            many(steps, "step")
        ),
        format!("authors ({}): {}", judged.authors.len(), list(&judged.authors)),
        format!(
            "{} reviews that count, by {} people: {}",
            judged.reviews,
            judged.reviewers.len(),
            list(&judged.reviewers)
        ),
    ];
    if steps == 0 {
        let how = "the release's commit is the one that trust begins with, so nothing was judged: give an older one with --from";
        return Step::missing("Commits and reviews", facts, how);
    }
    Step::verified("Commits and reviews", facts)
}

fn policies(judged: &Judged) -> Step {
    let mut facts: Vec<String> = judged
        .policies
        .iter()
        .map(|(commit, version, digest)| format!("version {version} since commit {commit}, SHA-256 {digest}"))
        .collect();
    for party in judged.policy.parties.values() {
        let (name, law, threshold) = (&party.name, &party.jurisdiction, party.threshold);
        facts.push(format!("{name} ({law}): {threshold} of {}", party.signers.join(", ")));
    }
    for person in judged.policy.people.values() {
        let keys = person.fingerprints().map(|(key, expires)| match expires {
            Some(end) => format!("{key} until {}", time(end)),
            None => key,
        });
        let keys = keys.collect::<Vec<_>>().join(", ");
        facts.push(format!("{}, {} of {}: {keys}", person.id, person.role, person.party));
    }
    Step::verified("Policies, each signed as the one before it asks", facts)
}

/// Whether all mirrors show one branch that holds the release.
fn published(repository: &Repository, judged: &Judged) -> Step {
    let title = "Mirrors of the repository";
    let (commit, mirrors) = (judged.head(), &judged.policy.mirrors);
    let mut facts: Vec<String> = mirrors.iter().map(|mirror| format!("asked: {mirror}")).collect();
    let shown = match mirrors::agree(&judged.policy, commit) {
        Ok(shown) => shown,
        Err(refusals) => return Step::judged(title, facts, refusals.iter().map(ToString::to_string).collect()),
    };
    facts.push(format!("all show {shown}"));
    match steps_after(repository, shown, commit) {
        Ok(Some(steps)) => {
            facts.push(format!("the release's commit is {} before it", many(steps, "step")));
            Step::verified(title, facts)
        }
        Ok(None) => {
            let why = format!(
                "the branch that all mirrors show does not hold commit {commit}: it was not published, or history was rewritten; keep the clone and ask all parties"
            );
            Step::judged(title, facts, vec![why])
        }
        Err(_) => Step::judged(title, facts, vec![format!("this clone does not have {shown}: get it with git fetch")]),
    }
}

/// How many steps of the branch follow a commit, if it is on it.
fn steps_after(repository: &Repository, head: Oid, commit: Oid) -> Result<Option<usize>, git2::Error> {
    let mut at: Commit = repository.find_commit(head)?;
    let mut steps = 0;
    while at.id() != commit {
        at = match at.parent(0) {
            Ok(parent) => parent,
            Err(error) if error.code() == ErrorCode::NotFound && at.parent_count() == 0 => return Ok(None),
            Err(error) => return Err(error),
        };
        steps += 1;
    }
    Ok(Some(steps))
}

/// Judges the joint signature again. Keys have to count when the release's commit was made: a release stays one when people's
/// keys expire; which of them count no more is told.
fn attested(asked: &Asked, repository: &Repository, judged: &Judged, text: &str, named: &Attestation) -> Step {
    let title = "Joint signature";
    let Ok(commit) = repository.find_commit(named.commit) else {
        return Step::judged(title, Vec::new(), vec![format!("commit {} cannot be read", named.commit)]);
    };
    let ours = Attestation {
        release: asked.release.clone(),
        commit: commit.id(),
        tree: commit.tree_id(),
        policy: judged.policy.version,
        ..named.clone()
    };
    let files = [(asked.joint.display().to_string(), text.to_owned())];
    let mut facts = vec![
        format!("commit {}, tree {}, policy version {}", ours.commit, ours.tree, ours.policy),
        format!("package SHA-256 {}, {} bytes", ours.package, ours.length),
    ];
    if let Err(dissents) = assemble(&judged.policy, &ours, &files, commit.time().seconds()) {
        return Step::judged(title, facts, dissents.iter().map(ToString::to_string).collect());
    }
    for (party, people) in signers(judged, text, commit.time().seconds()) {
        facts.push(format!("{party}: {}", people.join(", ")));
    }
    if assemble(&judged.policy, &ours, &files, asked.now).is_err() {
        facts.push("with the keys that count today it could not be made again: some have expired since".into());
    }
    Step::verified(title, facts)
}

/// Who signed for which party.
fn signers(judged: &Judged, text: &str, at: i64) -> BTreeMap<String, Vec<String>> {
    let mut by_party: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in signed::all(text, FIRST, Purpose::Attestation) {
        let person = one.signer.ok().and_then(|key| judged.policy.person(&key, at));
        if let Some(person) = person {
            let people = by_party.entry(person.party.clone()).or_default();
            if !people.contains(&person.id) {
                people.push(person.id.clone());
            }
        }
    }
    by_party
}

/// Holds the package that the auditor built against the attested one. Nothing is built here: whoever built it knows of what.
fn build(asked: &Asked, named: &Attestation, built: Option<(&PathBuf, Result<Bits, String>)>) -> Step {
    let title = "Your own build";
    let commit = named.commit;
    let Some((path, bits)) = built else {
        let how = format!(
            "that commit {commit} makes these bits: check it out, build the package on a machine that you trust, and give it with --package"
        );
        return Step::missing(title, Vec::new(), how);
    };
    let name = path.display();
    let (sha256, length) = match bits {
        Ok(bits) => bits,
        Err(why) => return Step::judged(title, Vec::new(), vec![why]),
    };
    let facts = vec![
        format!("{name}: SHA-256 {sha256}, {length} bytes"),
        format!(
            "this program built nothing: that {name} was made of commit {commit} is the word of whoever ran the build and this audit"
        ),
    ];
    if (&sha256, length) == (&named.package, named.length) {
        return Step::verified(title, facts);
    }
    let why = format!(
        "{name} is not the attested package ({}, {} bytes): build exactly commit {commit} of release {} again; if it stays another one, tell all parties",
        named.package, named.length, asked.release
    );
    Step::judged(title, facts, vec![why])
}
