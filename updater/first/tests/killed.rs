//! Killed before each call that changes the disk, and a disk that is full at each: there is no installation, or a whole one, and
//! the next attempt succeeds. Calls are counted and cut off by `strace`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

mod kit;

use bulkhead_install::{Installation, Selection};
use kit::{World, tree};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// The calls by which a disk changes.
const CHANGES: &str = "mkdir,write,fsync,rename,unlink,unlinkat,rmdir,symlink,copy_file_range,sendfile";

/// Runs the installer with this done to its calls; the program's home is fresh.
fn traced(world: &World, home: &Path, words: &[&str]) -> Output {
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq"]).args(words).arg(env!("CARGO_BIN_EXE_bulkhead-install"));
    strace.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", home);
    strace.arg(world.scratch.0.join("bulkhead.tar")).output().unwrap()
}

fn whole(home: &Path) {
    let root = home.join(".local/lib/bulkhead");
    let installation = Installation::at(&root);
    assert_eq!(installation.selection().unwrap(), Selection::first(2));
    assert_eq!(installation.state().unwrap().installed, 2);
    assert_eq!(Command::new(root.join("bulkhead")).output().unwrap().stdout, b"launcher 2\n");
    let beside: Vec<_> =
        fs::read_dir(root.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(beside, ["bulkhead"]);
}

#[test]
fn killed_anywhere_leaves_nothing_or_all_and_the_next_attempt_succeeds() {
    let world = World::new();
    world.file();
    let home = world.scratch.0.join("home");
    let (mut kills, mut installed) = (0, 0);
    for call in CHANGES.split(',') {
        for nth in 1.. {
            let _ = fs::remove_dir_all(&home);
            fs::create_dir(&home).unwrap();
            let inject = format!("inject={call}:signal=KILL:when={nth}");
            let done = traced(&world, &home, &["-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &inject]);
            if done.status.success() {
                whole(&home);
                break;
            }
            kills += 1;
            // What lies at the place of the installation is one.
            if home.join(".local/lib/bulkhead").exists() {
                whole(&home);
                installed += 1;
            }
            world.succeeds(&["bulkhead.tar"]);
            whole(&home);
            assert!(home.join(".local/share/applications/bulkhead.desktop").is_file(), "{call} {nth}");
        }
    }
    println!("killed before each of {kills} calls; it was installed already at {installed}");
    assert!(kills > 60 && installed > 3, "{kills} {installed}");
}

#[test]
fn full_disk_leaves_nothing_and_says_so() {
    let world = World::new();
    world.file();
    let home = world.home();
    let mut failures = 0;
    for call in ["mkdir", "write", "fsync", "rename", "symlink"] {
        for nth in 1.. {
            let inject = format!("inject={call}:error=ENOSPC:when={nth}");
            let done = traced(&world, &home, &["-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &inject]);
            let said = String::from_utf8_lossy(&done.stderr).into_owned();
            if home.join(".local/lib/bulkhead").exists() {
                // From here on it is the folder's last sync, the menu, or what is printed.
                whole(&home);
                fs::remove_dir_all(home.join(".local")).unwrap();
                break;
            }
            failures += 1;
            assert!(!done.status.success() && said.contains("refused"), "{call} {nth}: {said}");
            assert!(said.contains("o space left"), "{call} {nth}: {said}");
            assert_eq!(tree(&home), vec![], "{call} {nth}");
        }
    }
    println!("full at {failures} calls");
    assert!(failures > 50, "{failures}");
}

#[test]
fn nothing_is_named_before_it_is_on_the_disk() {
    let world = World::new();
    world.file();
    let (home, record) = (world.home(), world.scratch.0.join("record"));
    let trace = format!("trace={CHANGES},openat");
    let done = traced(&world, &home, &["-y", "-s", "4096", "-e", &trace, "-o", record.to_str().unwrap()]);
    assert!(done.status.success());
    let partial = home.join(".local/lib/bulkhead.partial").to_str().unwrap().to_owned();
    let parent = |path: &str| path.rsplit_once('/').unwrap().0.to_owned();
    let (mut open, mut named) = (BTreeSet::new(), false);
    for line in fs::read_to_string(&record).unwrap().lines() {
        let call = line.split_whitespace().nth(1).unwrap_or_default().split('(').next().unwrap_or_default();
        let quoted: Vec<&str> = line.split('"').skip(1).step_by(2).filter(|path| path.starts_with(&partial)).collect();
        let descriptor = line.split('<').nth(1).and_then(|rest| rest.split('>').next());
        match (call, quoted.as_slice()) {
            ("rename", [from, ..]) if *from == partial => {
                assert!(open.is_empty(), "not on the disk: {open:?}");
                named = true;
            }
            ("openat", [path]) if line.contains("O_CREAT") => open.extend([(*path).to_owned(), parent(path)]),
            ("mkdir" | "symlink", [path]) => drop(open.insert(parent(path))),
            // What is gone needs no sync; that it is gone does.
            ("unlink" | "rmdir", [path]) => {
                open.remove(*path);
                open.insert(parent(path));
            }
            ("unlinkat", _) => {
                let name = line.split('"').nth(1).unwrap_or_default();
                descriptor.map(|folder| open.remove(&format!("{folder}/{name}")));
            }
            ("rename", [from, to]) => {
                open.remove(*from);
                open.extend([parent(from), parent(to)]);
            }
            ("fsync", _) => drop(descriptor.map(|path| open.remove(path))),
            _ => {}
        }
        open.retain(|path| path.starts_with(&partial));
    }
    assert!(named, "the record was not understood");
}
