//! The demo policy is one, and is of this very tree.

use bulkhead_release::party::key::parse;
use bulkhead_release::policy::Policy;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn tree() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn fixtures() -> PathBuf {
    tree().join("tests/fixtures/throw-away-parties")
}

fn policy() -> Policy {
    Policy::parse(&fs::read(fixtures().join("policy.toml")).unwrap()).unwrap()
}

#[test]
fn each_folder_of_this_tree_has_an_area_and_each_area_is_there() {
    let policy = policy();
    for area in &policy.areas {
        for path in area.paths.iter().filter(|path| *path != ".release") {
            assert!(tree().join(path).exists(), "{path} of area {}", area.name);
        }
    }
    for entry in fs::read_dir(tree()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_dir() && !matches!(name.as_str(), ".git" | "target") {
            assert_ne!(policy.area(&name).unwrap().name, "rest", "{name} has no area of its own");
        }
    }
}

#[test]
fn who_is_held_to_rules_and_tests_does_not_write_them() {
    let policy = policy();
    let owner = |path: &str| policy.area(path).unwrap().owner.as_str();
    assert_eq!(owner("vault-proc/src/main.rs"), "development");
    assert_eq!(owner("tests/attacks/main.rs"), "quality");
    assert_eq!(owner("sandbox-rules/rules/ui.json"), "security");
    assert_eq!(owner(".release/policy.toml"), "security");
    for area in &policy.areas {
        let reviewers: BTreeSet<_> = area.reviews.iter().map(|needed| needed.party.as_str()).collect();
        assert_eq!(reviewers, ["quality", "security"].into(), "{}", area.name);
    }
}

#[test]
fn every_key_is_marked_as_thrown_away() {
    assert!(fs::read_to_string(fixtures().join("policy.toml")).unwrap().starts_with("# THROW-AWAY TEST KEYS"));
    assert!(fs::read_to_string(fixtures().join("README.md")).unwrap().contains("**THROW-AWAY TEST KEYS."));
    let policy = policy();
    for (id, person) in &policy.people {
        let text = fs::read(fixtures().join(format!("people/{id}.throw-away-key"))).unwrap();
        let key = ssh_key::PrivateKey::from_openssh(text).unwrap();
        assert!(key.comment().starts_with("THROW-AWAY TEST KEY"), "{id}");
        let public = bulkhead_release::keys::Key::parse(&key.public_key().to_openssh().unwrap()).unwrap();
        assert_eq!(policy.person(&public, 1_800_000_000).unwrap().id, person.id);
    }
    let mut points = BTreeSet::new();
    for party in policy.parties.keys() {
        for which in ["0", "1", "2", "3", "online"] {
            let name = format!("{party}-{which}.throw-away-key");
            let text = fs::read_to_string(fixtures().join("keys").join(&name)).unwrap();
            assert!(points.insert(parse(&name, &text).unwrap().key()), "{name} is there twice");
        }
    }
    let files = |folder: &str| fs::read_dir(fixtures().join(folder)).unwrap().count();
    assert_eq!((files("people"), files("keys")), (policy.people.len(), points.len()));
}
