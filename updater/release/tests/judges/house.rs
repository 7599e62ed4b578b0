//! A repository with three parties of four people each, three mirrors, and as many commits as a test wants.

use bulkhead_release::history::{self, Report};
use bulkhead_release::policy::{FILE, SIGNATURES};
use bulkhead_release::refusal::Refusal;
use bulkhead_release::review::{self, Statement, Verdict};
use git2::build::TreeUpdateBuilder;
use git2::{FileMode, Oid, Repository, Signature, Time};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{HashAlg, LineEnding, PrivateKey};
use std::fmt::Write;
use tempfile::TempDir;

/// The second at which the first commit is made.
pub const START: i64 = 1_800_000_000;
/// People by party; the first of each signs what is said to be signed by the party.
pub const PEOPLE: [(&str, &str, [&str; 4]); 3] = [
    ("development", "developer", ["ada", "bea", "cyn", "dot"]),
    ("quality", "qa", ["eve", "fay", "gus", "hal"]),
    ("security", "security", ["ida", "jim", "kay", "leo"]),
];

/// Everything of one test.
pub struct House {
    pub repository: Repository,
    pub mirrors: Vec<Repository>,
    _folder: TempDir,
    pub clock: i64,
    pub version: u32,
}

/// The key of a person; `which` counts from 0.
pub fn key(person: &str, which: u8) -> PrivateKey {
    let mut seed = [which; 32];
    seed.iter_mut().zip(person.bytes()).for_each(|(to, from)| *to = from);
    PrivateKey::new(KeypairData::Ed25519(Ed25519Keypair::from_seed(&seed)), "").unwrap()
}

pub fn sign(key: &PrivateKey, namespace: &str, bytes: &[u8]) -> String {
    key.sign(namespace, HashAlg::Sha512, bytes).unwrap().to_pem(LineEnding::LF).unwrap()
}

/// A path, and what is to be there; nothing deletes it.
pub type Entry<'a> = (&'a str, Option<(FileMode, Vec<u8>)>);

/// What a commit is to be like, beside its changes.
pub struct Draft<'a> {
    pub author: &'a str,
    pub signer: Option<PrivateKey>,
    pub parents: Vec<Oid>,
    pub changes: Vec<Entry<'a>>,
}

impl House {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mirrors: Vec<_> =
            (0..3).map(|n| Repository::init_bare(folder.path().join(format!("mirror-{n}"))).unwrap()).collect();
        let repository = Repository::init(folder.path().join("work")).unwrap();
        repository.config().unwrap().set_str("user.name", "somebody").unwrap();
        repository.config().unwrap().set_str("user.email", "somebody@example.org").unwrap();
        let mut house = Self { repository, mirrors, _folder: folder, clock: START, version: 1 };
        let policy = house.policy(1, |text| text);
        house.commit(Draft {
            author: "ada",
            signer: Some(key("ada", 0)),
            parents: Vec::new(),
            changes: vec![
                (FILE, file(&policy)),
                ("README.md", file("read me")),
                ("net/parser.rs", file("fn parse() {}")),
            ],
        });
        house.publish();
        house
    }

    /// The text of a policy.
    pub fn policy(&self, version: u32, change: impl FnOnce(String) -> String) -> String {
        let places: Vec<_> = self.mirrors.iter().map(|mirror| format!("{:?}", mirror.path())).collect();
        let mut text =
            format!("format = 1\nversion = {version}\nbranch = \"main\"\nmirrors = [{}]\n", places.join(", "));
        for (n, (party, role, people)) in PEOPLE.iter().enumerate() {
            let law = ["IS", "CH", "UY"][n];
            writeln!(
                text,
                "[[party]]\nname = \"{party}\"\njurisdiction = \"{law}\"\nthreshold = 2\nsigners = {people:?}"
            )
            .unwrap();
            for person in people {
                let key = key(person, 0).public_key().to_openssh().unwrap();
                writeln!(
                    text,
                    "[[person]]\nid = \"{person}\"\nparty = \"{party}\"\nrole = \"{role}\"\nemails = [\"{person}@example.org\"]\nkeys = [{{ key = \"{key}\" }}]"
                )
                .unwrap();
            }
        }
        for (area, path) in [("net", "net"), ("rest", ".")] {
            writeln!(
                text,
                "[[area]]\nname = \"{area}\"\nowner = \"development\"\npaths = [\"{path}\"]\nreviews = [{{ party = \"quality\", role = \"qa\", count = 1 }}, {{ party = \"security\", role = \"security\", count = 1 }}]"
            )
            .unwrap();
        }
        change(text)
    }

    pub fn head(&self) -> Oid {
        self.repository.find_reference("refs/heads/main").unwrap().target().unwrap()
    }

    /// Writes a commit, and nothing else. The clock goes on by a minute.
    pub fn write(&mut self, draft: &Draft) -> Oid {
        self.clock += 60;
        let parents: Vec<_> = draft.parents.iter().map(|id| self.repository.find_commit(*id).unwrap()).collect();
        let empty = self.repository.treebuilder(None).unwrap().write().unwrap();
        let base = parents.first().map_or(empty, |parent| parent.tree_id());
        let mut update = TreeUpdateBuilder::new();
        for (path, entry) in &draft.changes {
            match entry {
                Some((FileMode::Commit, id)) => {
                    update.upsert(*path, Oid::from_bytes(id).unwrap(), FileMode::Commit);
                }
                Some((mode, bytes)) => {
                    update.upsert(*path, self.repository.blob(bytes).unwrap(), *mode);
                }
                None => {
                    update.remove(*path);
                }
            }
        }
        let tree = update.create_updated(&self.repository, &self.repository.find_tree(base).unwrap()).unwrap();
        let tree = self.repository.find_tree(tree).unwrap();
        let email = format!("{}@example.org", draft.author);
        let who = Signature::new(draft.author, &email, &Time::new(self.clock, 0)).unwrap();
        let parents: Vec<_> = parents.iter().collect();
        let buffer = self.repository.commit_create_buffer(&who, &who, "why", &tree, &parents).unwrap();
        let text = buffer.as_str().unwrap().to_owned();
        match &draft.signer {
            Some(key) => self.repository.commit_signed(&text, &sign(key, "git", text.as_bytes()), None).unwrap(),
            None => self.repository.odb().unwrap().write(git2::ObjectType::Commit, text.as_bytes()).unwrap(),
        }
    }

    /// Writes a commit and puts the branch there.
    pub fn commit(&mut self, draft: Draft) -> Oid {
        let id = self.write(&draft);
        self.repository.reference("refs/heads/main", id, true, "").unwrap();
        id
    }

    /// A change by ada, not reviewed.
    pub fn change(&mut self, path: &str, text: &str) -> Oid {
        let parents = vec![self.head()];
        self.commit(Draft { author: "ada", signer: Some(key("ada", 0)), parents, changes: vec![(path, file(text))] })
    }

    /// Says that these people have looked at the newest commit.
    pub fn review(&self, people: &[&str]) {
        for person in people {
            self.say(person, Verdict::Approve, |statement| statement);
        }
    }

    pub fn say(&self, person: &str, verdict: Verdict, change: impl Fn(Statement) -> Statement) {
        let commit = self.repository.find_commit(self.head()).unwrap();
        let onto = commit.parent_id(0).unwrap();
        let said = change(Statement { onto, tree: commit.tree_id(), policy: self.version, verdict });
        let signature = sign(&key(person, 0), "review@bulkhead-release", said.text().as_bytes());
        // In the note of the tree that it should be about, whatever it says.
        let before = self.repository.find_note(Some(review::NOTES), commit.tree_id());
        let before = before.map(|note| note.message().unwrap().to_owned()).unwrap_or_default();
        let text = format!("{before}{}{signature}\n", said.text());
        let who = self.repository.signature().unwrap();
        self.repository.note(&who, &who, Some(review::NOTES), commit.tree_id(), &text, true).unwrap();
    }

    /// Puts the notes into folders, named by the first digits, as git does when there are many.
    pub fn spread_notes(&self, cuts: &[usize]) {
        let notes = self.repository.find_reference(review::NOTES).unwrap();
        let flat = notes.peel_to_tree().unwrap();
        let empty = self.repository.treebuilder(None).unwrap().write().unwrap();
        let mut spread = TreeUpdateBuilder::new();
        for note in &flat {
            let mut name = note.name().unwrap().to_owned();
            cuts.iter().rev().for_each(|cut| name.insert(*cut, '/'));
            spread.upsert(name, note.id(), FileMode::Blob);
        }
        let tree = spread.create_updated(&self.repository, &self.repository.find_tree(empty).unwrap()).unwrap();
        self.keep_notes(tree);
    }

    /// Makes this tree the notes.
    pub fn keep_notes(&self, tree: Oid) {
        let (who, tree) = (self.repository.signature().unwrap(), self.repository.find_tree(tree).unwrap());
        let id = self.repository.commit(None, &who, &who, "Notes", &tree, &[]).unwrap();
        self.repository.reference(review::NOTES, id, true, "").unwrap();
    }

    /// A change as it should be.
    pub fn good(&mut self, path: &str, text: &str) -> Oid {
        let id = self.change(path, text);
        self.review(&["eve", "ida"]);
        id
    }

    /// Replaces the policy, signed by these, and reviewed.
    pub fn replace_policy(&mut self, text: &str, signers: &[&str]) -> Oid {
        let signatures: Vec<_> = signers
            .iter()
            .map(|person| {
                (
                    format!("{SIGNATURES}/{person}.sig"),
                    sign(&key(person, 0), "policy@bulkhead-release", text.as_bytes()),
                )
            })
            .collect();
        let mut changes = vec![(FILE, file(text))];
        changes.extend(signatures.iter().map(|(path, signature)| (path.as_str(), file(signature))));
        let parents = vec![self.head()];
        let id = self.commit(Draft { author: "ada", signer: Some(key("ada", 0)), parents, changes });
        self.review(&["eve", "ida"]);
        id
    }

    /// Brings the branch to all mirrors.
    pub fn publish(&self) {
        (0..self.mirrors.len()).for_each(|n| self.publish_to(n));
    }

    pub fn publish_to(&self, mirror: usize) {
        let mut remote = self.repository.remote_anonymous(self.mirrors[mirror].path().to_str().unwrap()).unwrap();
        remote.push(&["+refs/heads/main:refs/heads/main"], None).unwrap();
    }

    /// Judges everything since a commit.
    pub fn verify(&self, since: Oid) -> Result<Report, Vec<Refusal>> {
        history::verify(&self.repository, &format!("{since}..main"), None, self.clock)
    }

    /// The same, with words.
    pub fn refusals(&self, since: Oid) -> Vec<String> {
        self.verify(since).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }
}

/// An ordinary file.
pub fn file(text: &str) -> Option<(FileMode, Vec<u8>)> {
    Some((FileMode::Blob, text.as_bytes().to_vec()))
}
