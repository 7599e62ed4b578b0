//! The whole way with the programs that people use: git and ssh-keygen sign, `bulkhead-release` judges.

use crate::house::{House, PEOPLE};
use ssh_key::LineEnding;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub fn run(command: &mut Command, input: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn ours(repository: &Path, words: &[&str], input: &str) -> Output {
    run(Command::new(env!("CARGO_BIN_EXE_bulkhead-release")).arg("--repo").arg(repository).args(words), input)
}

/// A private key as a file that only its owner reads.
fn key_file(folder: &Path, person: &str) -> PathBuf {
    use std::os::unix::fs::OpenOptionsExt;
    let path = folder.join(person);
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&path).unwrap();
    file.write_all(crate::house::key(person, 0).to_openssh(LineEnding::LF).unwrap().as_bytes()).unwrap();
    path
}

fn git(repository: &Path, person: &str, key: &Path, words: &[&str]) {
    let mut command = Command::new("git");
    command.arg("-C").arg(repository).env("HOME", "/nonexistent").env("GIT_CONFIG_NOSYSTEM", "1");
    for (name, value) in [
        ("user.name", person.to_owned()),
        ("user.email", format!("{person}@example.org")),
        ("gpg.format", "ssh".to_owned()),
        ("user.signingkey", key.display().to_string()),
    ] {
        command.args(["-c", &format!("{name}={value}")]);
    }
    let done = run(command.args(words), "");
    assert!(done.status.success(), "git {words:?}: {}", text(&done.stderr));
}

fn ssh_sign(keys: &Path, person: &str, namespace: &str, statement: &str) -> String {
    let mut sign = Command::new("ssh-keygen");
    let signed = run(sign.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(key_file(keys, person)), statement);
    assert!(signed.status.success(), "{}", text(&signed.stderr));
    text(&signed.stdout)
}

#[test]
fn what_git_and_ssh_keygen_sign_is_judged() {
    let mut house = House::new();
    let keys = tempfile::TempDir::new().unwrap();
    // The clock of this machine judges: the house's first commit must not be of the future.
    house.clock = 1_700_000_000;
    let text_of = house.policy(1, |text| text);
    let changes = vec![
        (bulkhead_release::policy::FILE, crate::house::file(&text_of)),
        ("README.md", crate::house::file("read me")),
    ];
    let signer = Some(crate::house::key("ada", 0));
    let since = house.commit(crate::house::Draft { author: "ada", signer, parents: Vec::new(), changes });
    house.repository.set_head("refs/heads/main").unwrap();
    house.repository.checkout_head(Some(git2::build::CheckoutBuilder::new().force())).unwrap();
    let work = house.repository.workdir().unwrap().to_path_buf();
    let ada = key_file(keys.path(), PEOPLE[0].2[0]);
    std::fs::write(work.join("README.md"), "read me twice").unwrap();
    git(&work, "ada", &ada, &["commit", "-q", "-a", "-S", "-m", "why"]);
    house.publish();

    let range = format!("{since}..main");
    let refused = ours(&work, &["verify-tree", &range], "");
    assert_eq!(refused.status.code(), Some(1));
    assert!(text(&refused.stderr).contains("0 of 1 reviews by quality (qa)"), "{}", text(&refused.stderr));

    for person in ["eve", "ida"] {
        let statement = text(&ours(&work, &["review", "main"], "").stdout);
        let signature = ssh_sign(keys.path(), person, "review@bulkhead-release", &statement);
        let added = ours(&work, &["add-review", "main"], &signature);
        assert!(added.status.success(), "{}", text(&added.stderr));
    }
    let policy = bulkhead_release::keys::digest(text_of.as_bytes());
    let verified = ours(&work, &["verify-tree", "--policy", &policy, &range], "");
    assert!(verified.status.success(), "{}", text(&verified.stderr));
    assert!(text(&verified.stdout).starts_with("verified: 1 commits in 1 steps"), "{}", text(&verified.stdout));
    released(&work, keys.path(), &range);
    let other = ours(&work, &["verify-tree", "--policy", &"0".repeat(64), &range], "");
    assert!(text(&other.stderr).contains("is not the trusted one"), "{}", text(&other.stderr));
}

/// Six people of three parties attest a package, one after the other; there is no release before the last did.
fn released(work: &Path, keys: &Path, range: &str) {
    let package = keys.join("package");
    std::fs::write(&package, "bits").unwrap();
    let about = ["--release", "0.2.0", "--package", package.to_str().unwrap(), range];
    let statement = text(&ours(work, &[&["attest"], &about[..]].concat(), "").stdout);
    assert!(statement.starts_with("bulkhead-attestation 1\nrelease 0.2.0\ncommit "), "{statement}");
    let mut words: Vec<String> = ["assemble"].iter().chain(&about).map(ToString::to_string).collect();
    for person in PEOPLE.iter().flat_map(|(_, _, people)| &people[..2]) {
        let early = ours(work, &words.iter().map(String::as_str).collect::<Vec<_>>(), "");
        assert!(text(&early.stderr).contains("of 2 signers of") && early.stdout.is_empty());
        let file = keys.join(format!("{person}.attestation"));
        let signature = ssh_sign(keys, person, "attest@bulkhead-release", &statement);
        std::fs::write(&file, format!("{statement}{signature}")).unwrap();
        words.push(file.display().to_string());
    }
    let joint = ours(work, &words.iter().map(String::as_str).collect::<Vec<_>>(), "");
    assert!(joint.status.success(), "{}", text(&joint.stderr));
    assert_eq!(text(&joint.stdout).matches("BEGIN SSH SIGNATURE").count(), 6);
    crate::publishing::published(work, keys, range, package.to_str().unwrap(), &text(&joint.stdout));
    std::fs::write(&package, "bots").unwrap();
    let other = ours(work, &words.iter().map(String::as_str).collect::<Vec<_>>(), "");
    assert!(text(&other.stderr).contains("the parties agree on another package"), "{}", text(&other.stderr));
}

#[test]
fn wrong_words_are_told_and_nothing_else_happens() {
    let house = House::new();
    let work = house.repository.workdir().unwrap();
    for words in [&["verify-tree"][..], &["verify"], &["verify", "x"], &["--force", "verify-tree", "x..y"]] {
        let done = ours(work, words, "");
        assert_eq!(done.status.code(), Some(2), "{words:?}");
        assert!(text(&done.stderr).contains("verify-tree [--policy SHA256] OLD..NEW"));
    }
    let done = ours(work, &["verify-tree", "nowhere..main"], "");
    assert_eq!(done.status.code(), Some(1));
    assert!(text(&done.stderr).contains("nowhere: give a range as OLD..NEW"));
    let done = ours(work, &["add-review", "main"], "no signature");
    assert_eq!(done.status.code(), Some(1));
}
