use super::{Failure, make};
use bulkhead_package::{Limits, unpack};
use bulkhead_trust::{Digest, Release};
use std::fs::{self, File};
use std::path::Path;
use tempfile::TempDir;

const RULES: &[u8] = br#"{"version": 3, "calls": []}"#;

fn release(about: &str) -> TempDir {
    let scratch = tempfile::tempdir().unwrap();
    for (name, bytes) in
        [("bin/bulkhead", b"program".as_slice()), ("rules/net.json", RULES), ("metadata/parties.json", b"{}")]
    {
        let path = scratch.path().join("release").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    fs::write(scratch.path().join("about.json"), about).unwrap();
    scratch
}

fn made(at: &Path) -> Result<(), Failure> {
    make(&at.join("release"), &at.join("about.json"), &at.join("package"))
}

#[test]
fn package_holds_what_was_built_and_a_description_of_it() {
    let about = r#"{"number": 7, "changes": "It is better."}"#;
    let (first, second) = (release(about), release(about));
    made(first.path()).unwrap();
    made(second.path()).unwrap();
    let package = fs::read(first.path().join("package")).unwrap();
    assert_eq!(package, fs::read(second.path().join("package")).unwrap());
    let out = first.path().join("unpacked");
    unpack(package.as_slice(), &out, Limits::default()).unwrap();
    let said: Release = serde_json::from_slice(&fs::read(out.join("metadata/release.json")).unwrap()).unwrap();
    assert_eq!((said.number, said.changes.as_str()), (7, "It is better."));
    assert_eq!(said.version, env!("CARGO_PKG_VERSION"));
    let rules: Vec<_> =
        said.rules.iter().map(|(process, rules)| (process.as_str(), rules.version, rules.sha256)).collect();
    assert_eq!(rules, [("net", 3, Digest::of(RULES))]);
    assert_eq!(fs::read(out.join("bin/bulkhead")).unwrap(), b"program");
    assert!(File::open(out.join("metadata/parties.json")).is_ok());
}

#[test]
fn what_cannot_be_a_release_is_not_packed() {
    let long = format!(r#"{{"number": 1, "changes": "{}"}}"#, "x".repeat(2001));
    for (about, said) in [
        (r#"{"number": 0, "changes": "None."}"#, "counted from 1"),
        (r#"{"number": 1, "changes": " "}"#, "in a few sentences"),
        (&long, "in a few sentences"),
        (r#"{"number": 1, "changes": "One.\nTwo."}"#, "without line breaks"),
        (r#"{"number": 1, "changes": "x", "rules": {}}"#, "unknown field"),
        ("", "about.json"),
    ] {
        let scratch = release(about);
        let failure = made(scratch.path()).unwrap_err().to_string();
        assert!(failure.contains(said), "{failure}");
        assert!(!scratch.path().join("package").exists());
    }
    let scratch = release(r#"{"number": 1, "changes": "x"}"#);
    fs::write(scratch.path().join("release/rules/net.json"), "{}").unwrap();
    assert!(made(scratch.path()).unwrap_err().to_string().contains("missing field `version`"));
}

#[test]
fn package_is_no_longer_than_promised() {
    let scratch = release(r#"{"number": 1, "changes": "x"}"#);
    // Bytes that cannot be compressed (xorshift).
    let mut state = 1_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    let bytes: Vec<u8> = std::iter::repeat_with(&mut next).take(5_100_000).flatten().collect();
    fs::write(scratch.path().join("release/bin/bulkhead"), bytes).unwrap();
    assert!(made(scratch.path()).unwrap_err().to_string().contains("promised at most 40000000"));
}
