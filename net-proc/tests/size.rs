//! What one auditor can read in an afternoon: less than 1,000 lines of our own, at most 60 crates.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unreachable
)]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Lines with code on them, and all lines, of the sources that are not tests.
fn lines(folder: &Path) -> (usize, usize) {
    let (mut code, mut all) = (0, 0);
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let (c, a) = lines(&path);
            (code, all) = (code + c, all + a);
        } else if path.file_name().is_some_and(|name| name != "tests.rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            code += text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("//")).count();
            all += text.lines().count();
        }
    }
    (code, all)
}

#[test]
fn own_code_stays_under_1000_lines() {
    let (code, all) = lines(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    println!("net-proc: {code} lines of own code ({all} with comments and blank lines)");
    assert!(code < 1000, "{code}");
}

#[test]
fn the_tree_stays_within_60_crates() {
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--package", "bulkhead-net", "--edges", "normal", "--prefix", "none", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let text = String::from_utf8(tree.stdout).unwrap();
    // cargo marks what it has shown before; the name and version are the crate.
    let crates: BTreeSet<_> = text.lines().map(|l| l.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    println!("net-proc: {} crates, itself included", crates.len());
    assert!(crates.contains("bulkhead-ipc v0.1.0") && crates.len() <= 60, "{}", crates.len());
}
