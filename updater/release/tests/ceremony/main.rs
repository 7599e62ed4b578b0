//! A release from commit to installed bits, with the demo policy and its throw-away keys on a copy of this very tree; then all
//! of it judged again by `audit`, and everything spoiled that an audit is there to notice.

#![allow(missing_docs, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod device;
mod house;
mod people;
mod rewritten;
mod spoiled;

use house::House;
use people::{ours, text};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

/// A house in which two releases were made, and a device that has installed both.
fn house() -> &'static House {
    static HOUSE: OnceLock<House> = OnceLock::new();
    HOUSE.get_or_init(|| {
        let house = House::new();
        house.replace_policy();
        house.change("ada", "development", &[("net-proc/README.md", "read this first\n".into())]);
        house.review(&["fay", "jim"]);
        house.push();
        house.found();
        house.release(1);
        let device = house.device();
        device.install(&house.download());

        house.change("hal", "quality", &[("tests/README.md", "read this, too\n".into())]);
        house.review(&["gus", "kay"]);
        house.push();
        house.release(2);
        assert_eq!(device.update(), 2);
        // The branch goes on after a release.
        house.clone_into("clone-of-then");
        house.change("bea", "development", &[("README.md", "and this\n".into())]);
        house.review(&["eve", "ida"]);
        house.push();
        house.clone_into("clone");
        house
    })
}

/// What an auditor gives, to be changed for each test.
#[derive(Clone)]
struct Audit {
    clone: PathBuf,
    joint: PathBuf,
    package: PathBuf,
    served: [PathBuf; 3],
    roots: [PathBuf; 3],
    installed: PathBuf,
    html: PathBuf,
    release: &'static str,
    policy: String,
}

const PARTIES: [&str; 3] = ["development", "quality", "security"];

impl Audit {
    fn of(house: &House, name: &str) -> Self {
        let served = PARTIES.map(|party| house.path(&format!("served-{party}")));
        Self {
            clone: house.path("clone"),
            joint: house.path("joint/2"),
            package: house.path("packages/2-security"),
            roots: served.clone().map(|folder| folder.join("metadata/1.root.json")),
            served,
            installed: house.path("installed"),
            html: house.path(&format!("{name}.html")),
            release: "0.2.0",
            policy: house.policy.clone(),
        }
    }

    fn run(&self, since: &str) -> Output {
        let word = |path: &Path| path.display().to_string();
        let mut words = vec!["audit".to_owned(), "--from".into(), since.into(), "--policy".into(), self.policy.clone()];
        for (option, path) in [
            ("--joint", &self.joint),
            ("--package", &self.package),
            ("--installed", &self.installed),
            ("--html", &self.html),
        ] {
            words.extend([option.to_owned(), word(path)]);
        }
        for (n, party) in PARTIES.iter().enumerate() {
            words.extend(["--served".to_owned(), format!("{party}={}", word(&self.served[n]))]);
            words.extend(["--root".to_owned(), format!("{party}={}", word(&self.roots[n]))]);
        }
        words.push(self.release.into());
        ours(&self.clone, &words.iter().map(String::as_str).collect::<Vec<_>>(), "")
    }
}

#[test]
fn a_release_is_made_from_commit_to_installed_bits_and_audited() {
    let house = house();
    let audit = Audit::of(house, "honest");
    let done = audit.run(&house.since.to_string());
    let said = text(&done.stdout);
    assert!(done.status.success(), "{said}{}", text(&done.stderr));
    assert!(
        said.ends_with("Release 0.2.0 was verified in every step, from its commits to the installed bits.\n"),
        "{said}"
    );
    assert!(!said.contains("REFUSED") && !said.contains("not verified"), "{said}");
    for fact in [
        "3 commits in 3 steps of the branch",
        "authors (3): ada, hal, leo",
        "by 6 people: eve, fay, gus, ida, jim, kay",
        "version 2 since commit",
        "the release's commit is 1 step before it",
        "quality: eve, fay",
        "kay, security of security: SHA256:",
        "2 of 4 offline keys sign: ",
        "release 2, 0.2.0: SHA-256",
        "sandbox rules of ui: version",
        "releases/1: ",
        "release 2 runs, under launcher and rules of release 1",
        "security party: 1 root and 2 lists of releases",
        "files of the commit, byte for byte: rules/keyring.json",
        "made by the build: bin/bulkhead, ",
    ] {
        assert!(said.contains(fact), "{fact} is not in\n{said}");
    }
    let page = std::fs::read_to_string(&audit.html).unwrap();
    assert!(page.contains("&lt;b&gt;Written by hand&lt;/b&gt;") && !page.contains("<b>") && !page.contains("<script"));
}

#[test]
fn what_was_not_given_is_said_not_to_be_verified() {
    let house = house();
    let since = house.since.to_string();
    let joint = house.path("joint/1").display().to_string();
    let done = ours(&house.path("clone"), &["audit", "--from", &since, "--joint", &joint, "0.1.0"], "");
    let said = text(&done.stdout);
    assert!(done.status.success(), "{said}{}", text(&done.stderr));
    for title in
        ["Where trust begins", "Your own build", "Signatures and history of the quality party", "Installed bits"]
    {
        assert!(said.lines().any(|line| line == format!("not verified  {title}")), "{title}: {said}");
    }
    assert!(said.contains("verified      Joint signature"), "{said}");
    assert!(said.contains("2 commits in 2 steps") && said.contains("2 steps before it"), "{said}");
    assert!(said.contains("Nothing speaks against release 0.1.0, but 9 steps were NOT verified"), "{said}");
}

#[test]
fn first_roots_are_known_by_a_digest_too() {
    let house = house();
    let mut words: Vec<String> = ["audit", "--from"].map(ToString::to_string).into();
    words.extend([house.since.to_string(), "--joint".into(), house.path("joint/2").display().to_string()]);
    let files =
        PARTIES.map(|party| std::fs::read(house.path(&format!("served-{party}/metadata/1.root.json"))).unwrap());
    for party in PARTIES {
        words.extend(["--served".into(), format!("{party}={}", house.path(&format!("served-{party}")).display())]);
    }
    for (digest, outcome) in
        [(bulkhead_release::keys::digest(&files.concat()), "verified     "), ("0".repeat(64), "REFUSED      ")]
    {
        let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
        words.extend(["--roots", &digest, "0.2.0"]);
        let said = text(&ours(&house.path("clone"), &words, "").stdout);
        assert!(said.contains(&format!("{outcome} First roots of the parties")), "{said}");
        assert!(said.contains("not verified  Installed bits"), "{said}");
    }
}

#[test]
fn wrong_words_are_told() {
    let house = house();
    for words in [
        &["audit", "0.2.0"][..],
        &["audit", "--from", "x", "--joint", "y", "../0.2.0"],
        &["audit", "--from", "x", "--joint", "y", "--served", "nobody=z", "0.2.0"],
        &["audit", "--from", "x", "--joint", "y", "--root", "quality=z", "--root", "quality=z", "0.2.0"],
    ] {
        assert_eq!(ours(&house.path("clone"), words, "").status.code(), Some(2), "{words:?}");
    }
}
