//! Reviews: signed statements in git's notes, one note for each tree that somebody looked at.
//!
//! ```text
//! bulkhead-review 1
//! onto 5d2b…          the commit of the branch that the change was made for
//! tree 8a01…          what the branch holds after it
//! policy 7            under which rules it was looked at
//! verdict approve     or: reject
//! -----BEGIN SSH SIGNATURE-----
//! ```
//!
//! Bound to a place in the history and to what is there afterwards, a review counts for nothing else: neither for the
//! same change after a revert, nor once the policy changed. Servers keep reviews, but do not make them.

use crate::keys::{Key, Purpose, SignatureError};
use crate::signed::{self, Signed};
use git2::{Oid, Repository, Tree};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Where notes with reviews are kept.
pub const NOTES: &str = "refs/notes/reviews";
const FIRST: &str = "bulkhead-review 1\n";

/// What a reviewer found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may be in the branch.
    Approve,
    /// It may not.
    Reject,
}

/// What is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Statement {
    /// The commit before.
    pub onto: Oid,
    /// The tree after.
    pub tree: Oid,
    /// The policy's version.
    pub policy: u32,
    /// The reviewer's word.
    pub verdict: Verdict,
}

impl Statement {
    /// The bytes to sign with `ssh-keygen -Y sign -n review@bulkhead-release`.
    pub fn text(&self) -> String {
        let verdict = match self.verdict {
            Verdict::Approve => "approve",
            Verdict::Reject => "reject",
        };
        let Self { onto, tree, policy, .. } = self;
        format!("{FIRST}onto {onto}\ntree {tree}\npolicy {policy}\nverdict {verdict}\n")
    }

    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_prefix(FIRST)?.lines();
        let mut field = |name: &str| lines.next()?.strip_prefix(name);
        let onto = Oid::from_str(field("onto ")?).ok()?;
        let tree = Oid::from_str(field("tree ")?).ok()?;
        let policy = field("policy ")?.parse().ok()?;
        let verdict = match field("verdict ")? {
            "approve" => Verdict::Approve,
            "reject" => Verdict::Reject,
            _ => return None,
        };
        let statement = Self { onto, tree, policy, verdict };
        // One way to write it, so that what was signed is what was read.
        (statement.text() == text).then_some(statement)
    }
}

/// A statement, and the key that signed it.
#[derive(Debug)]
pub struct Review {
    /// What was said.
    pub statement: Statement,
    /// By which key, or why that is not known.
    pub signer: Result<Key, SignatureError>,
}

/// The notes with reviews, opened once: looked for one by one, each costs as much time as there are notes.
pub struct Notes<'a> {
    repository: &'a Repository,
    root: Option<Tree<'a>>,
    /// Folders by which git keeps its notes apart once they are many: `8a/01…`.
    folders: RefCell<BTreeMap<Oid, Rc<Tree<'a>>>>,
}

impl<'a> Notes<'a> {
    /// Those of a repository; none if it has none, or they cannot be read.
    pub fn open(repository: &'a Repository) -> Self {
        let root = repository.find_reference(NOTES).and_then(|notes| notes.peel_to_tree());
        Self { repository, root: root.ok(), folders: RefCell::default() }
    }

    /// All reviews of a tree. What does not have the form of one is left out: anybody can write notes.
    pub fn of(&self, tree: Oid) -> Vec<Review> {
        let blob = self.note(&tree.to_string()).and_then(|note| self.repository.find_blob(note).ok());
        let Some(blob) = blob else { return Vec::new() };
        let Ok(text) = core::str::from_utf8(blob.content()) else { return Vec::new() };
        let read = |Signed { text, signer, .. }| Some(Review { statement: Statement::parse(text)?, signer });
        signed::all(text, FIRST, Purpose::Review).into_iter().filter_map(read).collect()
    }

    /// The blob that is a note's text.
    fn note(&self, name: &str) -> Option<Oid> {
        let root = self.root.as_ref()?;
        if let Some(entry) = root.get_name(name) {
            return Some(entry.id());
        }
        let (folder, mut rest) = name.split_at_checked(2)?;
        let mut at = self.folder(root.get_name(folder)?.id())?;
        loop {
            if let Some(entry) = at.get_name(rest) {
                return Some(entry.id());
            }
            let (folder, further) = rest.split_at_checked(2)?;
            let next = self.folder(at.get_name(folder)?.id())?;
            (at, rest) = (next, further);
        }
    }

    fn folder(&self, id: Oid) -> Option<Rc<Tree<'a>>> {
        if let Some(known) = self.folders.borrow().get(&id) {
            return Some(known.clone());
        }
        let found = Rc::new(self.repository.find_tree(id).ok()?);
        self.folders.borrow_mut().insert(id, found.clone());
        Some(found)
    }
}

/// Puts a signed statement beside those that are there. Git has no other place for it than the note's text.
pub fn add(repository: &Repository, statement: &Statement, armoured: &str) -> Result<(), git2::Error> {
    let before = match repository.find_note(Some(NOTES), statement.tree) {
        Ok(note) => note.message().unwrap_or_default().to_owned(),
        Err(_) => String::new(),
    };
    let text = signed::append(&before, &statement.text(), armoured);
    let whose = repository.signature()?;
    repository.note(&whose, &whose, Some(NOTES), statement.tree, &text, true).map(drop)
}
