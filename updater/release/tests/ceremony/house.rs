//! The house of the ceremony: a copy of this tree under the demo policy, three mirrors of it, three parties' folders, one device.

use crate::device::{Device, build};
use crate::people::{SIGNERS, done, fixtures, git, memory, ours, review, signed, text, tree};
use bulkhead_trust::{Digest, Party, Release, Rules};
use git2::build::CheckoutBuilder;
use git2::{IndexAddOption, IndexEntry, IndexTime, Oid, Repository, Signature};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The policy's place.
const POLICY: &str = ".release/policy.toml";

pub struct House {
    scratch: TempDir,
    /// What is written durably lies in memory: a busy disk takes minutes for what is synced here.
    quick: TempDir,
    /// Where trust begins.
    pub since: Oid,
    /// The SHA-256 of the policy there.
    pub policy: String,
}

impl House {
    /// A repository with the tree of this project, and the demo policy in it. Nothing was judged before.
    pub fn new() -> Self {
        let (scratch, quick) = (TempDir::new().unwrap(), TempDir::new_in(memory()).unwrap());
        let work = scratch.path().join("work");
        let repository = Repository::init(&work).unwrap();
        repository.set_head("refs/heads/main").unwrap();
        repository.set_workdir(&tree(), false).unwrap();
        let mut index = repository.index().unwrap();
        index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
        let policy = fs::read(fixtures().join("policy.toml")).unwrap();
        index.add_frombuffer(&entry(POLICY), &policy).unwrap();
        let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
        let ada = Signature::now("ada", "ada@development.example.org").unwrap();
        let since = repository.commit(Some("refs/heads/main"), &ada, &ada, "The tree as it is", &tree, &[]).unwrap();
        drop(tree);
        let repository = Repository::open(&work).unwrap();
        repository.checkout_head(Some(CheckoutBuilder::new().force())).unwrap();
        repository.config().unwrap().set_str("user.name", "somebody").unwrap();
        repository.config().unwrap().set_str("user.email", "somebody@example.org").unwrap();
        for name in ["keys", "packages", "joint"] {
            fs::create_dir(scratch.path().join(name)).unwrap();
        }
        for (party, _) in SIGNERS {
            Repository::init_bare(scratch.path().join(format!("git-{party}"))).unwrap();
        }
        Self { scratch, quick, since, policy: Digest::of(&policy).to_string() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        let synced = ["served-", "installed", "spoiled-"].iter().any(|start| name.starts_with(start));
        if synced { self.quick.path().join(name) } else { self.scratch.path().join(name) }
    }

    fn word(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    pub fn work(&self) -> PathBuf {
        self.path("work")
    }

    /// What is judged: everything since the beginning.
    pub fn range(&self) -> String {
        format!("{}..main", self.since)
    }

    /// Somebody changes files, and commits and signs that.
    pub fn change(&self, person: &str, party: &str, files: &[(&str, String)]) {
        for (path, content) in files {
            let path = self.work().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        git(&self.work(), &self.path("keys"), person, party, &["add", "--all"]);
        git(&self.work(), &self.path("keys"), person, party, &["commit", "-q", "-S", "-m", "why"]);
    }

    pub fn review(&self, people: &[&str]) {
        review(&self.work(), &self.path("keys"), people);
    }

    /// All signers agree on a policy with mirrors that are there.
    pub fn replace_policy(&self) {
        let mut policy = fs::read_to_string(fixtures().join("policy.toml")).unwrap();
        for (party, _) in SIGNERS {
            policy = policy
                .replace(&format!("https://git.{party}.example.org/bulkhead.git"), &self.word(&format!("git-{party}")));
        }
        policy = policy.replace("version = 1\n", "version = 2\n");
        let mut files = vec![(POLICY.to_owned(), policy.clone())];
        for person in SIGNERS.iter().flat_map(|(_, people)| people) {
            let signature = signed(&self.path("keys"), person, "policy@bulkhead-release", &policy);
            files.push((format!(".release/signatures/{person}.sig"), signature));
        }
        let files: Vec<(&str, String)> = files.iter().map(|(path, text)| (path.as_str(), text.clone())).collect();
        self.change("leo", "security", &files);
        self.review(&["eve", "ida"]);
    }

    /// Brings the branch to all mirrors.
    pub fn push(&self) {
        for (party, _) in SIGNERS {
            let mirror = self.word(&format!("git-{party}"));
            git(&self.work(), &self.path("keys"), "ada", "development", &["push", "-q", &mirror, "main"]);
        }
    }

    /// Each party makes its root: four offline keys and one online.
    pub fn found(&self) {
        for (party, _) in SIGNERS {
            let key = |number: &str| fixtures().join(format!("keys/{party}-{number}.throw-away-key"));
            let public = |number| {
                let text = fs::read_to_string(key(number)).unwrap();
                bulkhead_release::party::key::parse("", &text).unwrap().key().to_string()
            };
            let offline = ["0", "1", "2", "3"].map(public).join(",");
            let words = [
                "party",
                "draft-root",
                "--folder",
                &self.served(party),
                "--offline",
                &offline,
                "--online",
                &public("online"),
            ];
            let draft = done(&self.work(), &words, "");
            self.publish(party, &draft, ["0", "1"], None);
        }
    }

    /// The folder that a party's mirrors copy.
    pub fn served(&self, party: &str) -> String {
        self.word(&format!("served-{party}"))
    }

    /// Two holders of a party's keys sign a draft, each alone; it is published with both signatures, and not with one.
    fn publish(&self, party: &str, draft: &str, holders: [&str; 2], package: Option<&str>) {
        let (file, served) = (self.word("draft"), self.served(party));
        fs::write(&file, draft).unwrap();
        let signatures = holders.map(|holder| {
            let key = fixtures().join(format!("keys/{party}-{holder}.throw-away-key")).display().to_string();
            let path = self.word(&format!("signature-{holder}"));
            fs::write(&path, done(&self.work(), &["party", "sign", "--key", &key, &file], "")).unwrap();
            path
        });
        let mut words = vec!["party", "publish", "--folder", &served];
        words.extend(package.iter().flat_map(|package| ["--package", package]));
        words.extend([file.as_str(), &signatures[0]]);
        let half = ours(&self.work(), &words, "");
        assert!(text(&half.stderr).contains("1 of 2 signatures"), "{}", text(&half.stderr));
        words.push(&signatures[1]);
        done(&self.work(), &words, "");
    }

    /// What a release says about itself.
    pub fn describe(&self, number: u64) -> Release {
        let rules = ["keyring", "net", "seal", "ui", "update", "vault"].map(|process| {
            let bytes = fs::read(self.work().join(format!("sandbox-rules/rules/{process}.json"))).unwrap();
            let said: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
            (process.to_owned(), Rules { version: said["version"].as_u64().unwrap(), sha256: Digest::of(&bytes) })
        });
        let rules = rules.into();
        Release { number, version: format!("0.{number}.0"), changes: format!("What release {number} changes."), rules }
    }

    /// From a branch that all mirrors show to a release that all parties list: the joint signature's file.
    pub fn release(&self, number: u64) {
        let (release, version) = (self.describe(number), format!("0.{number}.0"));
        let range = self.range();
        done(&self.work(), &["verify-tree", "--policy", &self.policy, &range], "");
        // Each party builds by itself, and each of its people attests what came of that.
        let mut attestations = Vec::new();
        for (party, people) in SIGNERS {
            let package = self.word(&format!("packages/{number}-{party}"));
            fs::write(&package, build(&self.work(), &release)).unwrap();
            let words = ["attest", "--release", &version, "--package", &package, &range];
            let statement = done(&self.work(), &words, "");
            for person in people {
                let signature = signed(&self.path("keys"), person, "attest@bulkhead-release", &statement);
                let file = self.word(&format!("{person}.attestation"));
                fs::write(&file, format!("{statement}{signature}")).unwrap();
                attestations.push(file);
            }
        }
        let package = self.word(&format!("packages/{number}-development"));
        let mut words = vec!["assemble", "--release", &version, "--package", &package, &range];
        words.extend(attestations.iter().map(String::as_str));
        let joint = self.word(&format!("joint/{number}"));
        fs::write(&joint, done(&self.work(), &words, "")).unwrap();

        let (description, statement) = (self.word("release.json"), self.word("statement"));
        fs::write(&description, serde_json::to_vec(&release).unwrap()).unwrap();
        fs::write(&statement, "Nobody forces us. <b>Written by hand</b>.").unwrap();
        for (party, _) in SIGNERS {
            let (served, package) = (self.served(party), self.word(&format!("packages/{number}-{party}")));
            let mut words = vec!["party", "draft-release", "--folder", &served, "--release", &version];
            words.extend(["--package", &package, "--description", &description, &range, &joint]);
            let draft = done(&self.work(), &words, "");
            self.publish(party, &draft, ["1", "2"], Some(&package));
            let online = fixtures().join(format!("keys/{party}-online.throw-away-key")).display().to_string();
            done(
                &self.work(),
                &["party", "timestamp", "--folder", &served, "--key", &online, "--statement", &statement],
                "",
            );
        }
    }

    /// The file that people download, made of what the parties publish.
    pub fn download(&self) -> PathBuf {
        let file = self.word("bulkhead.tar");
        let mut words = vec!["bundle".to_owned(), file.clone()];
        for (party, _) in SIGNERS {
            words.extend(["--served".to_owned(), format!("{party}={}", self.served(party))]);
        }
        done(&self.work(), &words.iter().map(String::as_str).collect::<Vec<_>>(), "");
        file.into()
    }

    /// A device that has nothing installed.
    pub fn device(&self) -> Device {
        Device::new(self.path("installed"), Party::ALL.map(|party| self.path(&format!("served-{}", party.name()))))
    }

    /// An auditor's clone, with the reviews.
    pub fn clone_into(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        let clone = Repository::clone(self.work().to_str().unwrap(), &path).unwrap();
        clone.find_remote("origin").unwrap().fetch(&["+refs/notes/reviews:refs/notes/reviews"], None, None).unwrap();
        path
    }
}

fn entry(path: &str) -> IndexEntry {
    let zero = IndexTime::new(0, 0);
    IndexEntry {
        ctime: zero,
        mtime: zero,
        dev: 0,
        ino: 0,
        mode: 0o100_644,
        uid: 0,
        gid: 0,
        file_size: 0,
        id: Oid::ZERO_SHA1,
        flags: 0,
        flags_extended: 0,
        path: path.as_bytes().to_vec(),
    }
}

/// Copies a folder with all that is in it; links stay links.
pub fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (path, kind) = (to.join(entry.file_name()), entry.file_type().unwrap());
        if kind.is_dir() {
            copy(&entry.path(), &path);
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path()).unwrap(), path).unwrap();
        } else {
            fs::copy(entry.path(), path).unwrap();
        }
    }
}
