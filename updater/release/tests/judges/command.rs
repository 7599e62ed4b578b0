//! The whole way with the programs that people use: git and ssh-keygen sign, `bulkhead-release` judges.

use crate::house::{House, PEOPLE};
use ssh_key::LineEnding;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn run(command: &mut Command, input: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> String {
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
        let key = key_file(keys.path(), person);
        let statement = text(&ours(&work, &["review", "main"], "").stdout);
        let mut sign = Command::new("ssh-keygen");
        let signed = run(sign.args(["-q", "-Y", "sign", "-n", "review@bulkhead-release", "-f"]).arg(key), &statement);
        assert!(signed.status.success(), "{}", text(&signed.stderr));
        let added = ours(&work, &["add-review", "main"], &text(&signed.stdout));
        assert!(added.status.success(), "{}", text(&added.stderr));
    }
    let policy = bulkhead_release::keys::digest(text_of.as_bytes());
    let verified = ours(&work, &["verify-tree", "--policy", &policy, &range], "");
    assert!(verified.status.success(), "{}", text(&verified.stderr));
    assert!(text(&verified.stdout).starts_with("verified: 1 commits in 1 steps"), "{}", text(&verified.stdout));
    let other = ours(&work, &["verify-tree", "--policy", &policy.replace('0', "1"), &range], "");
    assert!(text(&other.stderr).contains("is not the trusted one"), "{}", text(&other.stderr));
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
