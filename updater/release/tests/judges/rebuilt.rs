//! `build/audit.sh`: a release judged, built, and judged with what was built. The builds here are of one line.

use crate::audit::joint;
use crate::command::text;
use crate::house::{Draft, House, file, key};
use bulkhead_release::keys::digest;
use bulkhead_release::policy::FILE;
use git2::Oid;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A repository whose package is what its `net/parser.rs` says, and where trust in it begins. This machine's clock judges.
fn house() -> (House, Oid, String) {
    let mut house = House::new();
    house.clock = 1_700_000_000;
    let policy = house.policy(1, |text| text);
    let changes = vec![
        (FILE, file(&policy)),
        ("updater/release/build/fetch.sh", file("#!/bin/sh\nmkdir -p \"$1\"\n")),
        (
            "updater/release/build/build.sh",
            file("#!/bin/sh\nmkdir \"$2\" && cp \"${0%/updater/*}/net/parser.rs\" \"$2/package\"\n"),
        ),
        ("net/parser.rs", file("fn first() {}")),
    ];
    let since = house.commit(Draft { author: "ada", signer: Some(key("ada", 0)), parents: Vec::new(), changes });
    house.good("net/parser.rs", "fn second() {}");
    house.publish();
    (house, since, policy)
}

struct Desk(TempDir);

impl Desk {
    fn scratch(&self) -> PathBuf {
        self.0.path().join("scratch")
    }

    fn audit(&self, house: &House, since: Oid, joint: &Path) -> Output {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("build/audit.sh");
        let programs = Path::new(env!("CARGO_BIN_EXE_bulkhead-release")).parent().unwrap().to_owned();
        let path = std::env::join_paths([programs, "/usr/bin".into(), "/bin".into()]).unwrap();
        let mut command = Command::new(script);
        command.arg(self.0.path().join("fetched")).arg(self.scratch()).arg("--repo");
        command.arg(house.repository.workdir().unwrap()).args(["--from", &since.to_string(), "--joint"]).arg(joint);
        command.arg("0.2.0").env("PATH", path).output().unwrap()
    }
}

#[test]
fn release_is_built_again_from_its_commit_and_compared() {
    let (mut house, since, policy) = house();
    let bits = "fn second() {}";
    let joint = joint(&house, &policy, digest(bits.as_bytes()), bits.len() as u64);
    // The release is not the newest commit any more.
    house.good("net/parser.rs", "fn third() {}");
    house.publish();
    let desk = Desk(TempDir::new().unwrap());
    let done = desk.audit(&house, since, &joint);
    let said = text(&done.stdout);
    assert!(done.status.success(), "{said}{}", text(&done.stderr));
    assert!(said.contains("verified      Your own build") && !said.contains("REFUSED"), "{said}");
    assert_eq!(std::fs::read_to_string(desk.scratch().join("out/package")).unwrap(), bits);
}

#[test]
fn release_that_was_made_of_something_else_is_refused() {
    let (house, since, policy) = house();
    let other = "fn backdoor() {}";
    let joint = joint(&house, &policy, digest(other.as_bytes()), other.len() as u64);
    let done = Desk(TempDir::new().unwrap()).audit(&house, since, &joint);
    let said = text(&done.stdout);
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.contains("REFUSED       Your own build"), "{said}");
    assert!(said.contains(&digest(b"fn second() {}")), "{said}");
}

#[test]
fn nothing_of_a_release_runs_when_its_commits_are_refused() {
    let (mut house, since, policy) = house();
    house.change("updater/release/build/fetch.sh", "#!/bin/sh\ntouch \"$1-was-run\"\n");
    house.publish();
    let joint = joint(&house, &policy, digest(b"fn second() {}"), 14);
    let desk = Desk(TempDir::new().unwrap());
    let done = desk.audit(&house, since, &joint);
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stdout).contains("REFUSED       Commits, reviews and policies"), "{}", text(&done.stdout));
    assert!(text(&done.stderr).contains("it was not built"), "{}", text(&done.stderr));
    assert!(!desk.scratch().join("source").exists() && !desk.0.path().join("fetched-was-run").exists());
}
