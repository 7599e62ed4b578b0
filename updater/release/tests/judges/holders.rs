//! Four people with a key that none of them has, each in a folder of their own; and what `apt` says about it.

use crate::command::{run, text};
use std::path::Path;
use std::process::{Command, Output};
use tempfile::TempDir;

const PEOPLE: [&str; 4] = ["ada", "bea", "cyn", "dot"];

struct Holders(TempDir);

impl Holders {
    fn step(&self, person: &str, words: &[&str]) -> Output {
        let home = self.0.path().join(person);
        std::fs::create_dir_all(&home).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_bulkhead-release"));
        run(command.current_dir(&home).arg("store-key").args(words), "")
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn save(&self, name: &str, output: Output) -> String {
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
        std::fs::write(self.path(name), output.stdout).unwrap();
        self.path(name)
    }

    /// They made a key; its public half lies in `ada.key`.
    fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let this = Self(TempDir::new().unwrap());
        let mut hellos = Vec::new();
        for me in PEOPLE {
            let others: Vec<&str> = [me].into_iter().chain(PEOPLE.into_iter().filter(|p| *p != me)).collect();
            let others = others.join(",");
            let begin = ["begin", "--share", "share", "--threshold", "2", &others];
            hellos.push(this.save(&format!("{me}.hello"), this.step(me, &begin)));
            assert!(text(&this.step(me, &begin).stderr).contains("is there already"));
            let mode = std::fs::metadata(this.0.path().join(me).join("share")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let hellos: Vec<&str> = hellos.iter().map(String::as_str).collect();
        let compared: Vec<String> = PEOPLE
            .iter()
            .map(|me| text(&this.step(me, &[&["share", "--share", "share"], &hellos[..]].concat()).stdout))
            .map(|told| told.lines().last().unwrap().to_owned())
            .collect();
        assert!(compared.iter().all(|line| line == &compared[0] && line.starts_with("compare with the others")));
        let mut keys = Vec::new();
        for me in PEOPLE {
            let from = PEOPLE.into_iter().filter(|other| *other != me);
            let parcels: Vec<String> =
                from.map(|other| this.path(&format!("{other}/{other}-to-{me}.parcel"))).collect();
            let parcels: Vec<&str> = parcels.iter().map(String::as_str).collect();
            let done = this.step(me, &[&["finish", "--share", "share"], &parcels[..]].concat());
            keys.push(std::fs::read(this.save(&format!("{me}.key"), done)).unwrap());
        }
        keys.dedup();
        assert_eq!(keys.len(), 1);
        this
    }

    /// Two of them sign; the file with the signature in hexadecimal.
    fn sign(&self, by: [&str; 2], message: &str) -> String {
        let commit = |me: &&str| self.save(&format!("{me}.commitment"), self.step(me, &["commit", "--share", "share"]));
        let mut files: Vec<String> = by.iter().map(commit).collect();
        for me in by {
            let words = ["sign", "--share", "share", "--message", message, &files[0], &files[1]];
            let part = self.save(&format!("{me}.part"), self.step(me, &words));
            assert!(text(&self.step(me, &words).stderr).contains("there is no commitment to use"));
            files.push(part);
        }
        let key = self.path("ada.key");
        let files: Vec<&str> = files.iter().map(String::as_str).collect();
        let joined = self.step("ada", &[&["join", "--key", &key, "--message", message], &files[..]].concat());
        self.save("signature", joined)
    }
}

#[test]
fn four_people_make_a_key_and_two_sign_with_it() {
    let holders = Holders::new();
    let message = holders.path("message");
    std::fs::write(&message, "a store's metadata").unwrap();
    let signature = std::fs::read_to_string(holders.sign(["bea", "dot"], &message)).unwrap();
    let signature = hex::decode(signature.trim()).unwrap();
    let line = std::fs::read_to_string(holders.path("ada.key")).unwrap();
    let point = hex::decode(line.lines().find_map(|line| line.strip_prefix("ed25519 = ")).unwrap().trim_matches('"'));
    let point: [u8; 32] = point.unwrap().try_into().unwrap();
    let key = ed25519_dalek::VerifyingKey::from_bytes(&point).unwrap();
    let signature = ed25519_dalek::Signature::from_slice(&signature).unwrap();
    key.verify_strict(b"a store's metadata", &signature).unwrap();
}

/// `apt-get update` for one repository, in a root of its own.
fn apt(root: &Path, repository: &Path, key: &str) -> Output {
    for folder in ["lists/partial", "cache/archives/partial", "etc"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    let list = format!("deb [signed-by={key}] file:{} ./\n", repository.display());
    std::fs::write(root.join("etc/sources.list"), list).unwrap();
    std::fs::write(root.join("status"), "").unwrap();
    let mut command = Command::new("apt-get");
    for (name, value) in [
        ("Dir::Etc", "etc"),
        ("Dir::State", ""),
        ("Dir::State::lists", "lists"),
        ("Dir::State::status", "status"),
        ("Dir::Cache", "cache"),
    ] {
        command.args(["-o", &format!("{name}={}", root.join(value).display())]);
    }
    command.args(["-o", "APT::Sandbox::User=root", "-o", "Acquire::Languages=none", "-qq", "update"]);
    run(command.env("LC_ALL", "C"), "")
}

/// The stock client of Debian's app store takes the repository; one bit later it does not.
#[test]
fn apt_believes_a_repository_that_two_of_four_people_signed() {
    let holders = Holders::new();
    let key = holders.path("ada.key");
    let about = ["--key", &key, "--name", "Bulkhead releases <releases@example.org>", "--created", "1790000000"];
    let made = |command: &str, more: &[&str]| holders.step("ada", &[&[command], &about[..], more].concat());

    let statement = holders.save("name", made("certify", &[]));
    let signature = holders.sign(["ada", "cyn"], &statement);
    let armoured = holders.save("releases.asc", made("certify", &[&signature]));

    let repository = holders.0.path().join("repository");
    std::fs::create_dir(&repository).unwrap();
    std::fs::write(repository.join("Packages"), "").unwrap();
    let release = repository.join("Release");
    // The digest of the empty list of packages (FIPS 180-2).
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let words = format!("Origin: Bulkhead\nDate: Sun, 20 Sep 2026 12:00:00 UTC\nSHA256:\n {empty} 0 Packages\n");
    std::fs::write(&release, &words).unwrap();
    let document = ["--at", "1790000100", "--message", release.to_str().unwrap()];
    let statement = holders.save("digest", made("document", &document));
    let wrong = made("document", &[&document[..], &[&signature]].concat());
    assert!(text(&wrong.stderr).contains("this is no signature of what it is meant for"), "{}", text(&wrong.stderr));
    let signature = holders.sign(["bea", "dot"], &statement);
    let beside = made("document", &[&document[..], &[&signature]].concat());
    assert!(beside.status.success(), "{}", text(&beside.stderr));
    std::fs::write(repository.join("Release.gpg"), beside.stdout).unwrap();

    let root = TempDir::new().unwrap();
    let taken = apt(root.path(), &repository, &armoured);
    assert!(taken.status.success() && taken.stderr.is_empty(), "{}", text(&taken.stderr));
    std::fs::write(&release, words.replace("Origin: B", "Origin: b")).unwrap();
    let refused = apt(TempDir::new().unwrap().path(), &repository, &armoured);
    assert!(text(&refused.stderr).contains("is not signed") || !refused.status.success(), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("BADSIG"), "{}", text(&refused.stderr));
}
