//! Everything that an audit is there to notice, each as the one thing that is not as it should be.

use crate::house::copy;
use crate::people::{SIGNERS, signed, text};
use crate::{Audit, PARTIES, house};
use bulkhead_trust::Digest;
use std::fs;
use std::path::Path;

/// Spoils something, and says what the audit then refuses. `words` must be in a reason, and `title` be the first step refused.
pub fn refused(name: &str, title: &str, words: &str, spoil: impl FnOnce(&mut Audit, &Path)) {
    let house = house();
    let mut audit = Audit::of(house, name);
    let own = house.path(&format!("spoiled-{name}"));
    fs::create_dir(&own).unwrap();
    spoil(&mut audit, &own);
    let done = audit.run(&house.since.to_string());
    let said = text(&done.stdout);
    assert_eq!(done.status.code(), Some(1), "{name}: {said}");
    let first = said.lines().find_map(|line| line.strip_prefix("REFUSED       ")).unwrap_or_default();
    assert!(first.starts_with(title), "{name}: `{first}` is refused first\n{said}");
    assert!(said.lines().any(|line| line.trim().starts_with("refused: ") && line.contains(words)), "{name}: {said}");
    assert!(said.contains("is REFUSED ("), "{said}");
    assert!(fs::read_to_string(&audit.html).unwrap().contains("REFUSED"), "{name}");
}

/// Changes a byte of a file.
fn flip(path: &Path, at: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

fn own_installation(audit: &mut Audit, own: &Path) {
    copy(&audit.installed, &own.join("installed"));
    audit.installed = own.join("installed");
}

pub fn own_folder(audit: &mut Audit, own: &Path, party: usize) {
    let folder = own.join(PARTIES[party]);
    copy(&audit.served[party], &folder);
    audit.served[party] = folder;
}

#[test]
fn source_and_joint_signature() {
    refused("policy", "Commits, reviews and policies", "is not the trusted one", |audit, _| {
        audit.policy = "0".repeat(64)
    });
    refused("reviews", "Commits, reviews and policies", "0 of 1 reviews by quality (qa)", |audit, own| {
        // A clone without notes.
        git2::Repository::clone(audit.clone.to_str().unwrap(), own.join("clone")).unwrap();
        audit.clone = own.join("clone");
    });
    refused("party", "Joint signature", "0 of 2 signers of quality attest", |audit, own| {
        let joint = fs::read_to_string(&audit.joint).unwrap();
        let end = "-----END SSH SIGNATURE-----\n";
        let kept: Vec<String> =
            joint.split_inclusive(end).enumerate().filter(|(n, _)| n / 2 != 1).map(|(_, one)| one.into()).collect();
        audit.joint = own.join("joint");
        fs::write(&audit.joint, kept.concat()).unwrap();
    });
    refused("other-release", "Joint signature", "is of release 0.1.0, not 0.2.0", |audit, _| {
        audit.joint = audit.joint.with_file_name("1");
    });
    refused("old-clone", "Mirrors of the repository", "get it with git fetch", |audit, _| {
        audit.clone = audit.clone.with_file_name("clone-of-then");
    });
    refused("unknown-commit", "Clone", "which this clone does not have", |audit, own| {
        git2::Repository::init(own.join("clone")).unwrap();
        audit.clone = own.join("clone");
    });
}

#[test]
fn what_was_attested_and_what_is_listed() {
    // All parties' people attest one package, and all parties list another.
    refused(
        "two-packages",
        "Listed and attested package are one",
        "what is published is not what was built",
        |audit, own| {
            let joint = fs::read_to_string(&audit.joint).unwrap();
            let statement = joint.split("-----BEGIN").next().unwrap();
            audit.package = audit.package.with_file_name("1-security");
            let other = fs::read(&audit.package).unwrap();
            let lines = statement.lines().map(|line| match line.split_once(' ') {
                Some(("package", _)) => format!("package {}\n", Digest::of(&other)),
                Some(("length", _)) => format!("length {}\n", other.len()),
                _ => format!("{line}\n"),
            });
            let statement: String = lines.collect();
            let people = SIGNERS.iter().flat_map(|(_, people)| people);
            let keys = house().path("keys");
            let sign = |person| signed(&keys, person, "attest@bulkhead-release", &statement);
            let joint: Vec<String> = people.map(|person| format!("{statement}{}", sign(person))).collect();
            audit.joint = own.join("joint");
            fs::write(&audit.joint, joint.concat()).unwrap();
        },
    );
}

#[test]
fn the_auditors_own_build() {
    refused("build", "Your own build", "is not the attested package", |audit, _| {
        audit.package = audit.package.with_file_name("1-security")
    });
    refused("build-names", "Your own build", "bin/bulkhead-net differs from byte 27 on", |audit, _| {
        audit.package = audit.package.with_file_name("1-security");
    });
}

#[test]
fn what_the_parties_publish() {
    refused(
        "signature",
        "Signatures and history of the quality party",
        "1.targets.json: not signed by enough offline keys",
        |audit, own| {
            own_folder(audit, own, 1);
            let path = audit.served[1].join("metadata/1.targets.json");
            let text = fs::read_to_string(&path).unwrap();
            let at = text.find("\"sig\":\"").unwrap() + 7;
            fs::write(&path, format!("{}{}{}", &text[..at], "0".repeat(128), &text[at + 128..])).unwrap();
        },
    );
    refused("pinned", "Signatures and history of the quality party", "targets.json: length", |audit, own| {
        own_folder(audit, own, 1);
        let path = audit.served[1].join("metadata/2.targets.json");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text} ")).unwrap();
    });
    refused("gap", "Signatures and history of the security party", "1.targets.json: No such file", |audit, own| {
        own_folder(audit, own, 2);
        fs::remove_file(audit.served[2].join("metadata/1.targets.json")).unwrap();
    });
    refused("links", "Signatures and history of the security party", "links/0: not the bytes", |audit, own| {
        own_folder(audit, own, 2);
        flip(&audit.served[2].join("metadata/links/0"), 30);
    });
    refused("root", "First roots of the parties", "one of the two is not the party's", |audit, _| {
        audit.roots[0] = audit.roots[1].clone();
    });
    refused("shared", "Decision on all three parties", "use the same key", |audit, _| {
        audit.served[1] = audit.served[0].clone();
        audit.roots[1] = audit.roots[0].clone();
    });
    refused("version", "Joint signature", "no party lists a release 0.3.0", |audit, own| {
        let joint = fs::read_to_string(&audit.joint).unwrap();
        audit.release = "0.3.0";
        audit.joint = own.join("joint");
        fs::write(&audit.joint, joint).unwrap();
    });
    refused("package", "Package on the parties' mirrors", "where the parties list", |audit, own| {
        own_folder(audit, own, 1);
        let folder = audit.served[1].join("targets/releases/2");
        let package = fs::read_dir(folder).unwrap().next().unwrap().unwrap().path();
        flip(&package, 100);
    });
}

#[test]
fn installed_bits() {
    refused("bits", "Installed bits", "releases/2/bin/bulkhead-net differs from byte 5 on", |audit, own| {
        own_installation(audit, own);
        flip(&audit.installed.join("releases/2/bin/bulkhead-net"), 5);
    });
    refused("enforcers-bits", "Installed bits", "releases/1/rules/ui.json differs from byte 0 on", |audit, own| {
        own_installation(audit, own);
        flip(&audit.installed.join("releases/1/rules/ui.json"), 0);
    });
    refused("added", "Installed bits", "releases/2/bin/more does not belong there", |audit, own| {
        own_installation(audit, own);
        fs::write(audit.installed.join("releases/2/bin/more"), "").unwrap();
    });
    refused("kept-package", "Installed bits", "packages/2: SHA-256", |audit, own| {
        own_installation(audit, own);
        flip(&audit.installed.join("packages/2"), 40);
    });
    refused("own-rules", "Whose rules hold", "release 2 runs under rules of release 2", |audit, own| {
        own_installation(audit, own);
        let path = audit.installed.join("selection");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replacen("\"enforcer\":1", "\"enforcer\":2", 1)).unwrap();
    });
    refused("link", "Whose rules hold", "leads to `releases/2/bin/bulkhead`", |audit, own| {
        own_installation(audit, own);
        fs::remove_file(audit.installed.join("bulkhead")).unwrap();
        std::os::unix::fs::symlink("releases/2/bin/bulkhead", audit.installed.join("bulkhead")).unwrap();
    });
    refused("another-history", "What the device was shown", "was shown another list of releases 1", |audit, own| {
        own_installation(audit, own);
        let path = audit.installed.join("state");
        let mut state: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        state["parties"]["quality"]["targets"][0] = "ab".repeat(32).into();
        fs::write(&path, serde_json::to_vec(&state).unwrap()).unwrap();
    });
    refused("another-root", "What the device was shown", "development/1.root.json: not the root", |audit, own| {
        own_installation(audit, own);
        fs::copy(&audit.roots[1], audit.installed.join("trusted/development/1.root.json")).unwrap();
    });
}
