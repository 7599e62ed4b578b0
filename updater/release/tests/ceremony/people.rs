//! What people do: git, ssh-keygen and `bulkhead-release`, with the throw-away keys of `tests/fixtures/throw-away-parties`.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// People by party: two of each sign in this ceremony.
pub const SIGNERS: [(&str, [&str; 2]); 3] =
    [("development", ["ada", "bea"]), ("quality", ["eve", "fay"]), ("security", ["ida", "jim"])];

/// The root of this project's tree.
pub fn tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

pub fn fixtures() -> PathBuf {
    tree().join("tests/fixtures/throw-away-parties")
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn run(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// A folder for small files that lies in memory, where there is one.
pub fn memory() -> PathBuf {
    let memory = PathBuf::from("/dev/shm");
    if memory.is_dir() { memory } else { std::env::temp_dir() }
}

/// Runs `bulkhead-release` in a repository.
pub fn ours(repository: &Path, words: &[&str], input: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulkhead-release"));
    run(command.arg("--repo").arg(repository).args(words).env("TMPDIR", memory()), input)
}

/// The same, where it must do what it is asked for: what it prints.
pub fn done(repository: &Path, words: &[&str], input: &str) -> String {
    let output = ours(repository, words, input);
    assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Somebody's key, as ssh-keygen wants it: readable by its owner alone.
fn key(keys: &Path, person: &str) -> PathBuf {
    let path = keys.join(person);
    if !path.exists() {
        let from = fs::read(fixtures().join(format!("people/{person}.throw-away-key"))).unwrap();
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).unwrap();
        file.write_all(&from).unwrap();
    }
    path
}

/// Signs with a person's key.
pub fn signed(keys: &Path, person: &str, namespace: &str, statement: &str) -> String {
    let mut command = Command::new("ssh-keygen");
    let output = run(command.args(["-q", "-Y", "sign", "-n", namespace, "-f"]).arg(key(keys, person)), statement);
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// Somebody's git, on a machine that is configured for nobody.
pub fn git(repository: &Path, keys: &Path, person: &str, party: &str, words: &[&str]) {
    let mut command = Command::new("git");
    command.arg("-C").arg(repository).env("HOME", "/nonexistent").env("GIT_CONFIG_NOSYSTEM", "1");
    for (name, value) in [
        ("user.name", person.to_owned()),
        ("user.email", format!("{person}@{party}.example.org")),
        ("gpg.format", "ssh".to_owned()),
        ("user.signingkey", key(keys, person).display().to_string()),
    ] {
        command.args(["-c", &format!("{name}={value}")]);
    }
    let output = run(command.args(words), "");
    assert!(output.status.success(), "git {words:?}: {}", text(&output.stderr));
}

/// Reviews of the newest commit.
pub fn review(repository: &Path, keys: &Path, people: &[&str]) {
    for person in people {
        let statement = done(repository, &["review", "main"], "");
        done(repository, &["add-review", "main"], &signed(keys, person, "review@bulkhead-release", &statement));
    }
}
