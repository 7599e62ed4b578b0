//! The last steps of a release, as people do them: a party's keys, its root, the release, the timestamp.

use crate::command::{run, text};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn party(work: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bulkhead-release"));
    run(command.arg("--repo").arg(work).arg("party").args(words), "")
}

/// Somebody's desk: files by their names.
struct Desk<'a> {
    work: &'a Path,
    folder: PathBuf,
}

impl Desk<'_> {
    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// Runs a command that must do what it is asked for, and keeps what it prints.
    fn kept(&self, name: &str, words: &[&str]) -> String {
        let done = party(self.work, words);
        assert!(done.status.success(), "{words:?}: {}", text(&done.stderr));
        std::fs::write(self.folder.join(name), &done.stdout).unwrap();
        text(&done.stdout)
    }

    /// Two holders sign a draft, each with the key that they have.
    fn signed(&self, draft: &str, by: [usize; 2]) -> [String; 2] {
        by.map(|number| {
            let name = format!("{draft}-by-{number}");
            self.kept(&name, &["sign", "--key", &self.path(&format!("key-{number}")), &self.path(draft)]);
            self.path(&name)
        })
    }
}

/// From the joint signature of a package to what the party's mirrors serve.
pub fn published(work: &Path, folder: &Path, range: &str, package: &str, joint: &str) {
    let desk = Desk { work, folder: folder.join("party") };
    std::fs::create_dir(&desk.folder).unwrap();
    let (joint_file, description, statement) = (desk.path("joint"), desk.path("release.json"), desk.path("statement"));
    std::fs::write(&joint_file, joint).unwrap();
    let rules = format!(r#"{{"version":1,"sha256":"{}"}}"#, "0".repeat(64));
    let words = format!(r#"{{"number":1,"version":"0.2.0","changes":"First.","rules":{{"ui":{rules}}}}}"#);
    std::fs::write(&description, words).unwrap();
    let served = desk.path("served");

    let keys: Vec<String> = (0..5)
        .map(|number| desk.kept("public", &["new-key", "--key", &desk.path(&format!("key-{number}"))]))
        .map(|key| key.trim().to_owned())
        .collect();
    let offline = keys[..4].join(",");
    desk.kept("root", &["draft-root", "--folder", &served, "--offline", &offline, "--online", &keys[4]]);
    let [first, second] = desk.signed("root", [0, 3]);
    let half = party(work, &["publish", "--folder", &served, &desk.path("root"), &first]);
    assert!(text(&half.stderr).contains("refused: 1 of 2 signatures"), "{}", text(&half.stderr));
    let done = desk.kept("done", &["publish", "--folder", &served, &desk.path("root"), &first, &second]);
    assert_eq!(done, "published root version 1\n");

    let about = ["--folder", &served, "--release", "0.2.0", "--package", package, "--description", &description];
    let alone = party(work, &[&["draft-release"], &about[..], &[range]].concat());
    assert!(text(&alone.stderr).contains("of 2 signers of"), "a release that nobody attests: {}", text(&alone.stderr));
    desk.kept("release", &[&["draft-release"], &about[..], &[range, &joint_file]].concat());
    let [first, second] = desk.signed("release", [1, 2]);
    let release = desk.path("release");
    let done = ["publish", "--folder", &served, "--package", package, &release, &first, &second];
    assert_eq!(desk.kept("done", &done), "published targets version 1\n");

    let stamp = ["timestamp", "--folder", &served, "--key", &desk.path("key-4"), "--statement", &statement];
    let missing = party(work, &stamp);
    assert!(text(&missing.stderr).contains("statement: No such file"), "{}", text(&missing.stderr));
    std::fs::write(&statement, "Nobody forces us. 20 September 2026, Ada").unwrap();
    assert_eq!(desk.kept("done", &stamp), "published timestamp version 1\n");
    let served = std::fs::read_to_string(desk.folder.join("served/metadata/timestamp.json")).unwrap();
    assert!(served.contains("Nobody forces us. 20 September 2026, Ada"));
}
