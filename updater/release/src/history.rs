//! `verify-tree`: judges every commit between one that was verified before and the newest.
//!
//! The branch is the line of first parents. Each step on it is judged by the policy of the commit before it, so that
//! nobody can write the rules for their own change: commits that the step brings in are signed by their authors, and
//! what the branch holds afterwards is reviewed by whom the policy names.

use crate::change::{self, Change};
use crate::keys::{Key, Purpose, digest, signer};
use crate::mirrors;
use crate::policy::{FILE, Needed, Policy, Role, SIGNATURES};
use crate::refusal::Refusal;
use crate::review::{Notes, Verdict};
use git2::{Commit, ErrorCode, Oid, Repository, Sort};
use std::collections::{BTreeMap, BTreeSet};

/// How far a commit may be dated before its parent or after now, in seconds: clocks of people differ.
const SKEW: i64 = 600;
/// Most signature files that are read.
const SIGNATURE_FILES: usize = 256;

/// What was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The newest commit.
    pub head: Oid,
    /// Commits, those of merged branches included.
    pub commits: usize,
    /// Steps of the branch.
    pub steps: usize,
    /// The policy at the end.
    pub policy: u32,
    /// The commit that all mirrors show.
    pub mirrored: Oid,
    /// Steps that no mirror has yet.
    pub ahead: usize,
}

/// What a range holds, before any mirror is asked.
#[derive(Clone, Debug)]
pub struct Judged {
    /// The branch: OLD, and each step after it.
    pub line: Vec<Oid>,
    /// Commits, those of merged branches included.
    pub commits: usize,
    /// Who wrote them.
    pub authors: BTreeSet<String>,
    /// Whose reviews count.
    pub reviewers: BTreeSet<String>,
    /// How many reviews count.
    pub reviews: usize,
    /// Each policy that was in force, the one at OLD first: where it stands, its version and its SHA-256.
    pub policies: Vec<(Oid, u32, String)>,
    /// The policy at the end.
    pub policy: Policy,
}

impl Judged {
    /// The newest commit.
    pub fn head(&self) -> Oid {
        self.line.last().copied().unwrap_or(Oid::ZERO_SHA1)
    }
}

/// Judges a range `OLD..NEW`, all but the mirrors. OLD and its policy are trusted; a digest given says which policy that has to be.
pub fn judge(repository: &Repository, range: &str, trusted: Option<&str>, now: i64) -> Result<Judged, Vec<Refusal>> {
    let (judged, refusals) = walk(repository, range, trusted, now).map_err(|refusal| vec![refusal])?;
    if refusals.is_empty() { Ok(judged) } else { Err(refusals) }
}

fn walk(
    repository: &Repository,
    range: &str,
    trusted: Option<&str>,
    now: i64,
) -> Result<(Judged, Vec<Refusal>), Refusal> {
    let (old, new) = ends(repository, range)?;
    let (file, policy) = policy_of(repository, &old)?;
    if let Some(trusted) = trusted
        && !digest(&file).eq_ignore_ascii_case(trusted)
    {
        return Err(Refusal::OtherPolicy { commit: old.id(), found: digest(&file) });
    }
    let line = line(&old, new)?;
    let judged = Judged {
        line: std::iter::once(old.id()).chain(line.iter().map(Commit::id)).collect(),
        commits: 0,
        authors: BTreeSet::new(),
        reviewers: BTreeSet::new(),
        reviews: 0,
        policies: vec![(old.id(), policy.version, digest(&file))],
        policy,
    };
    let mut walk = Walk { repository, notes: Notes::open(repository), judged, refusals: Vec::new(), now };
    let mut before = old;
    for commit in &line {
        walk.step(&before, commit)?;
        before = commit.clone();
    }
    Ok((walk.judged, walk.refusals))
}

/// Judges a range `OLD..NEW`, and has all mirrors show an end of it. OLD and its policy are trusted; a digest given says which policy
/// that has to be.
pub fn verify(repository: &Repository, range: &str, trusted: Option<&str>, now: i64) -> Result<Report, Vec<Refusal>> {
    let (judged, mut refusals) = walk(repository, range, trusted, now).map_err(|refusal| vec![refusal])?;
    let (head, steps) = (judged.head(), judged.line.len().saturating_sub(1));
    let Judged { line: ids, commits, policy, .. } = judged;
    let (mut mirrored, mut ahead) = (head, 0);
    match mirrors::agree(&policy, head) {
        // All show the same; where they show less than we have, that is told.
        Ok(shown) => match ids.iter().rev().position(|id| *id == shown) {
            Some(behind) => (mirrored, ahead) = (shown, behind),
            None => refusals.push(Refusal::Disagreement {
                mirror: policy.mirrors.join(", "),
                found: shown.to_string(),
                expected: head.to_string(),
            }),
        },
        Err(more) => refusals.extend(more),
    }
    if refusals.is_empty() {
        Ok(Report { head, commits, steps, policy: policy.version, mirrored, ahead })
    } else {
        Err(refusals)
    }
}

/// The first parents from the new commit back to the old one, oldest first.
fn line<'a>(old: &Commit<'a>, new: Commit<'a>) -> Result<Vec<Commit<'a>>, Refusal> {
    let head = new.id();
    let mut line = Vec::new();
    let mut at = new;
    while at.id() != old.id() {
        let parent = match at.parent(0) {
            Ok(parent) => parent,
            Err(error) if error.code() == ErrorCode::NotFound => {
                return Err(Refusal::Rewritten { old: old.id(), new: head });
            }
            Err(error) => return Err(error.into()),
        };
        line.push(core::mem::replace(&mut at, parent));
    }
    line.reverse();
    Ok(line)
}

fn ends<'a>(repository: &'a Repository, range: &str) -> Result<(Commit<'a>, Commit<'a>), Refusal> {
    let commit = |name: &str| {
        let found = repository.revparse_single(name).and_then(|object| object.peel_to_commit());
        found.map_err(|_| Refusal::Range(name.to_owned()))
    };
    let (old, new) = range.split_once("..").ok_or_else(|| Refusal::Range(range.to_owned()))?;
    Ok((commit(old)?, commit(if new.is_empty() { "HEAD" } else { new })?))
}

/// The policy file of a commit, if it has one.
fn file_of(repository: &Repository, commit: &Commit) -> Result<Option<Vec<u8>>, git2::Error> {
    match commit.tree()?.get_path(std::path::Path::new(FILE)) {
        Ok(entry) => Ok(Some(repository.find_blob(entry.id())?.content().to_vec())),
        Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn policy_of(repository: &Repository, commit: &Commit) -> Result<(Vec<u8>, Policy), Refusal> {
    let file = file_of(repository, commit)?.ok_or_else(|| Refusal::NoPolicy(commit.id()))?;
    let policy = Policy::parse(&file).map_err(|error| Refusal::Policy { commit: commit.id(), error })?;
    Ok((file, policy))
}

/// The files beside the policy.
fn signatures_of(repository: &Repository, commit: &Commit) -> Result<Vec<Vec<u8>>, git2::Error> {
    let tree = match commit.tree()?.get_path(std::path::Path::new(SIGNATURES)) {
        Ok(entry) => repository.find_tree(entry.id())?,
        Err(error) if error.code() == ErrorCode::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let blobs = tree.iter().take(SIGNATURE_FILES).filter_map(|entry| repository.find_blob(entry.id()).ok());
    Ok(blobs.map(|blob| blob.content().to_vec()).collect())
}

struct Walk<'a> {
    repository: &'a Repository,
    notes: Notes<'a>,
    /// So far; its policy is the one that judges the next step.
    judged: Judged,
    refusals: Vec<Refusal>,
    now: i64,
}

impl Walk<'_> {
    /// One step of the branch. What is wrong with it is kept; only what leaves nothing to judge by ends the walk.
    fn step(&mut self, before: &Commit, commit: &Commit) -> Result<(), Refusal> {
        let at = commit.time().seconds();
        let early = before.time().seconds() - at;
        for (seconds, direction) in [(early, "before its parent"), (at - self.now, "in the future")] {
            if seconds > SKEW {
                self.refusals.push(Refusal::Time { commit: commit.id(), seconds, direction });
            }
        }
        let change = change::between(self.repository, &before.tree()?, commit)?;
        let mut authors = BTreeSet::new();
        for id in self.brought(before, commit)? {
            self.judged.commits += 1;
            let brought = self.repository.find_commit(id)?;
            match self.author(&brought, at)? {
                Ok(author) => {
                    // On a straight line the step and the commit are the same change.
                    let own = match commit.parent_count() {
                        1 => None,
                        _ => Some(change::own(self.repository, &brought)?),
                    };
                    let own = own.as_ref().unwrap_or(&change.paths);
                    self.refusals.extend(change::trespasses(&self.judged.policy, id, &author, own));
                    self.judged.authors.insert(author.clone());
                    authors.insert(author);
                }
                Err(refusal) => self.refusals.push(refusal),
            }
        }
        let Change { paths, refusals } = change;
        self.refusals.extend(refusals);
        if commit.tree_id() == before.tree_id() {
            self.refusals.push(Refusal::Empty(commit.id()));
        } else {
            self.reviewed(before.id(), commit, &paths, &authors, at);
        }
        if paths.contains(FILE) { self.follow(commit, at) } else { Ok(()) }
    }

    /// The commits that a step brings into the branch, the step itself among them.
    fn brought(&mut self, before: &Commit, commit: &Commit) -> Result<Vec<Oid>, git2::Error> {
        if commit.parent_count() == 1 {
            return Ok(vec![commit.id()]);
        }
        let mut walk = self.repository.revwalk()?;
        walk.set_sorting(Sort::TOPOLOGICAL | Sort::REVERSE)?;
        walk.push(commit.id())?;
        walk.hide(before.id())?;
        let all = walk.collect::<Result<Vec<_>, _>>()?;
        for id in &all {
            if self.repository.find_commit(*id)?.parent_count() == 0 {
                self.refusals.push(Refusal::Rootless(*id));
            }
        }
        Ok(all)
    }

    /// Whose commit it is: the same one who wrote, committed and signed it.
    fn author(&self, commit: &Commit, at: i64) -> Result<Result<String, Refusal>, git2::Error> {
        let id = commit.id();
        let (signature, signed) = match self.repository.extract_signature(&id, None) {
            Ok(found) => found,
            Err(error) if error.code() == ErrorCode::NotFound => return Ok(Err(Refusal::Unsigned(id))),
            Err(error) => return Err(error),
        };
        let key = match signer(&signature, Purpose::Commit, &signed) {
            Ok(key) => key,
            Err(error) => return Ok(Err(Refusal::Signature { commit: id, error })),
        };
        let Some(person) = self.judged.policy.person(&key, at) else {
            return Ok(Err(Refusal::UnknownKey { commit: id, key: key.fingerprint() }));
        };
        for (what, named) in [("author", commit.author()), ("committer", commit.committer())] {
            let named = String::from_utf8_lossy(named.email_bytes()).to_lowercase();
            if !person.emails.contains(&named) {
                let signer = person.id.clone();
                return Ok(Err(Refusal::OtherAuthor { commit: id, what, named, signer }));
            }
        }
        Ok(Ok(person.id.clone()))
    }

    /// Whether those have looked at it who have to.
    fn reviewed(&mut self, onto: Oid, commit: &Commit, paths: &BTreeSet<String>, authors: &BTreeSet<String>, at: i64) {
        let tree = commit.tree_id();
        let (mut approved, mut hints): (BTreeSet<String>, BTreeSet<String>) = Default::default();
        for review in self.notes.of(tree) {
            let said = review.statement;
            let person = review.signer.as_ref().ok().and_then(|key: &Key| self.judged.policy.person(key, at));
            let why = match (person, &review.signer) {
                (_, Err(error)) => format!("one {error}"),
                (None, Ok(key)) => format!("one is by {}, which the policy does not list", key.fingerprint()),
                (Some(person), _) if said.onto != onto || said.tree != tree => {
                    format!("that of {} is of another change", person.id)
                }
                (Some(person), _) if said.policy != self.judged.policy.version => {
                    format!("that of {} is under policy {}", person.id, said.policy)
                }
                (Some(person), _) if said.verdict == Verdict::Reject && person.role != Role::Developer => {
                    let reviewer = person.id.clone();
                    self.refusals.push(Refusal::Rejected { commit: commit.id(), reviewer });
                    continue;
                }
                (Some(person), _) if authors.contains(&person.id) => format!("{} is an author of it", person.id),
                (Some(person), _) => {
                    approved.insert(person.id.clone());
                    continue;
                }
            };
            hints.insert(why);
        }
        self.judged.reviews += approved.len();
        self.judged.reviewers.extend(approved.iter().cloned());
        for (needed, (area, path)) in self.needed(paths) {
            let able = |id: &&String| {
                self.judged.policy.people.get(*id).is_some_and(|p| p.party == needed.party && p.role == needed.role)
            };
            let count = approved.iter().filter(able).count();
            if count < needed.count {
                let list: Vec<&str> = hints.iter().map(String::as_str).collect();
                let hint = if list.is_empty() { String::new() } else { format!("; {}", list.join("; ")) };
                let whose = format!("{} ({})", needed.party, needed.role);
                let (commit, place, needed) = (commit.id(), format!("{area} ({path})"), needed.count);
                self.refusals.push(Refusal::Unreviewed { commit, place, count, needed, whose, hint });
            }
        }
    }

    /// Which reviews a change of these paths needs, and for which area and path.
    fn needed(&self, paths: &BTreeSet<String>) -> BTreeMap<Needed, (String, String)> {
        let mut needed = BTreeMap::new();
        for path in paths {
            let Some(area) = self.judged.policy.area(path) else { continue };
            for review in &area.reviews {
                needed.entry(review.clone()).or_insert_with(|| (area.name.clone(), path.clone()));
            }
        }
        needed
    }

    /// Takes the policy that a step brings for the next ones, if the signers of the one before want it.
    fn follow(&mut self, commit: &Commit, at: i64) -> Result<(), Refusal> {
        let id = commit.id();
        let (file, next) = policy_of(self.repository, commit)?;
        let signatures = signatures_of(self.repository, commit)?;
        let accepted = self.judged.policy.accepts(&next, &file, &signatures, at);
        accepted.map_err(|error| Refusal::PolicyChange { commit: id, error })?;
        self.judged.policies.push((id, next.version, digest(&file)));
        self.judged.policy = next;
        Ok(())
    }
}
