//! Killed before each call that changes the disk: a complete release is selected each time, and the next attempt succeeds.
//!
//! This program plays the launcher's part as well: `promote` and `back` do one change in the folder that they are given. The
//! calls are counted and cut off by `strace`.

#![allow(missing_docs, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

use bulkhead_install::{Installation, Selection, Taken, Under};
use bulkhead_package::pack;
use bulkhead_trust::{Chain, Digest, Listing, PartyState, PerParty, Release, RoleKeys, Roles, Rules};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The calls by which a disk changes.
const CHANGES: &str =
    "mkdir,mkdirat,write,fsync,rename,renameat,renameat2,unlink,unlinkat,rmdir,symlink,symlinkat,ftruncate";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [_, "promote", root] => promote(&Installation::at(root)),
        [_, "back", root] => drop(Installation::at(root).roll_back().unwrap()),
        _ => judge(),
    }
}

fn judge() {
    let world = World::new();
    let promoted = Under { enforcer: 2, current: 3 };
    let kept = Under { enforcer: 1, current: 2 };
    let kills = world.killed_everywhere("promote", &world.second, (kept, promoted));
    println!("a promotion was killed before each of its {kills} calls");
    assert!(kills > 40, "{kills}");
    let kills = world.killed_everywhere("back", &world.third, (promoted, kept));
    println!("a rollback was killed before each of its {kills} calls");
    assert!(kills > 10, "{kills}");
    world.nothing_is_named_before_it_is_on_the_disk();
    println!("nothing is named before it is on the disk");
}

/// As the launcher does it, but for the decision and the trial.
fn promote(installation: &Installation) {
    installation.recover().unwrap();
    if installation.selection().unwrap().now.current == 3 {
        return;
    }
    let bytes = fs::read(installation.staged_package()).unwrap();
    let (length, sha256) = (bytes.len() as u64, Digest::of(&bytes));
    let listing = Listing { id: Digest::of(b"an entry"), length, sha256, release: release(3) };
    assert_eq!(installation.take(&listing).unwrap(), Taken::Listed);
    assert_eq!(installation.unpack(&listing).unwrap().inner, release(3));
    installation.switch(3).unwrap();
    installation.clear_staging().unwrap();
}

/// Installations with one, two and three releases, and a place to ruin copies of them.
struct World {
    place: PathBuf,
    second: PathBuf,
    third: PathBuf,
}

impl World {
    fn new() -> Self {
        let place = std::env::temp_dir().join(format!("bulkhead-killed-{}", std::process::id()));
        let _ = fs::remove_dir_all(&place);
        fs::create_dir_all(&place).unwrap();
        let (second, third) = (place.join("second"), place.join("third"));
        let package = place.join("package");
        fs::write(&package, packed(1)).unwrap();
        let installed = Installation::first(
            &second,
            &package,
            PerParty::make(|_| nobody()),
            &PerParty::make(|_| vec![vec![]]),
            b"{}",
        )
        .unwrap();
        stage(&installed, 2);
        let bytes = packed(2);
        let listing = Listing {
            id: Digest::of(b"x"),
            length: bytes.len() as u64,
            sha256: Digest::of(&bytes),
            release: release(2),
        };
        assert_eq!(installed.take(&listing).unwrap(), Taken::Listed);
        installed.unpack(&listing).unwrap();
        installed.switch(2).unwrap();
        installed.proven().unwrap();
        installed.clear_staging().unwrap();
        stage(&installed, 3);
        copy(&second, &third);
        promote(&Installation::at(&third));
        Self { place, second, third }
    }

    /// Kills `what` before its first, second, … change of a copy of `start`, until it gets through. How often it did.
    fn killed_everywhere(&self, what: &str, start: &Path, (before, after): (Under, Under)) -> u32 {
        // The tracer counts each kind of call by itself.
        CHANGES.split(',').map(|call| self.killed_at(what, call, start, (before, after))).sum()
    }

    fn killed_at(&self, what: &str, call: &str, start: &Path, (before, after): (Under, Under)) -> u32 {
        let own = std::env::current_exe().unwrap();
        let mut changed = false;
        for nth in 1..2000 {
            let root = self.place.join(format!("{what}-{nth}"));
            copy(start, &root);
            let inject = format!("inject={call}:signal=KILL:when={nth}");
            let mut strace = Command::new("strace");
            strace.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &inject]);
            let ended = strace.arg(&own).args([what]).arg(&root).status().expect("strace runs");
            if ended.success() {
                assert_eq!(Installation::at(&root).selection().unwrap().now, after);
                fs::remove_dir_all(&root).unwrap();
                return nth - 1;
            }
            let installation = Installation::at(&root);
            let selected =
                installation.recover().unwrap_or_else(|error| panic!("{what} killed at {call} {nth}: {error}"));
            // Once the new one is selected it stays so.
            assert!(
                selected.now == after || (selected.now == before && !changed),
                "{what} killed at {call} {nth}: {selected:?}"
            );
            changed |= selected.now == after;
            runnable(&root, &selected);
            assert!(
                Command::new(&own).args([what]).arg(&root).status().unwrap().success(),
                "{what} after {call} {nth}"
            );
            let again = installation.recover().unwrap();
            // A second rollback has nowhere to go.
            assert_eq!(again.now, after, "{what} killed at {call} {nth}, then again");
            runnable(&root, &again);
            fs::remove_dir_all(&root).unwrap();
        }
        panic!("{what} never ends");
    }

    /// Reads the record of a whole promotion.
    fn nothing_is_named_before_it_is_on_the_disk(&self) {
        let (root, record) = (self.place.join("order"), self.place.join("record"));
        copy(&self.second, &root);
        let mut strace = Command::new("strace");
        strace.args(["-f", "-y", "-qq", "-s", "4096", "-e", &format!("trace={CHANGES},openat"), "-o"]).arg(&record);
        assert!(strace.arg(std::env::current_exe().unwrap()).args(["promote"]).arg(&root).status().unwrap().success());
        let root = root.to_str().unwrap();
        let (mut files, mut folders) = (BTreeSet::new(), BTreeSet::new());
        let (mut selected, mut renamed) = (false, 0);
        let parent = |path: &str| path.rsplit_once('/').unwrap().0.to_owned();
        for line in fs::read_to_string(&record).unwrap().lines() {
            let call = line.split_whitespace().nth(1).unwrap_or_default().split('(').next().unwrap_or_default();
            let quoted: Vec<&str> = line.split('"').skip(1).step_by(2).filter(|path| path.starts_with(root)).collect();
            let open =
                line.split('<').nth(1).and_then(|rest| rest.split('>').next()).filter(|path| path.starts_with(root));
            match (call, quoted.as_slice(), open) {
                ("openat", [path], _) if line.contains("O_CREAT") => {
                    files.insert((*path).to_owned());
                    folders.insert(parent(path));
                }
                ("write", _, Some(path)) => drop(files.insert(path.to_owned())),
                ("fsync", _, Some(path)) => {
                    files.remove(path);
                    folders.remove(path);
                }
                ("mkdir" | "symlink", [path], _) => drop(folders.insert(parent(path))),
                ("rename", [from, to], _) => {
                    renamed += 1;
                    let inside = |path: &&String| **path == *from || path.starts_with(&format!("{from}/"));
                    assert_eq!(files.iter().chain(&folders).find(inside), None, "named too early: {to}");
                    if to.ends_with("/selection") {
                        selected = true;
                        // Its own folder has just got the name of the file beside it, which does not matter.
                        folders.remove(root);
                        assert!(files.is_empty() && folders.is_empty(), "selected too early: {files:?} {folders:?}");
                    }
                    folders.insert(parent(to));
                }
                _ => {}
            }
        }
        assert!(selected && renamed >= 5, "the record was not understood");
        assert!(files.is_empty() && folders.is_empty(), "not on the disk at the end: {files:?} {folders:?}");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.place);
    }
}

/// Whether what is selected is complete: the processes of the current release, and the launcher of its enforcer.
fn runnable(root: &Path, selection: &Selection) {
    let Under { enforcer, current } = selection.now;
    for number in [enforcer, current] {
        for (name, bytes) in contents(number) {
            let path = root.join("releases").join(number.to_string()).join(name);
            assert_eq!(fs::read(&path).unwrap_or_default(), bytes, "{}", path.display());
        }
    }
    let launcher = fs::read(root.join("bulkhead")).expect("the link leads to a launcher");
    assert_eq!(launcher, contents(enforcer)["bin/bulkhead"]);
    let state = Installation::at(root).state().unwrap();
    assert!(state.installed >= current);
    let left: Vec<_> = fs::read_dir(root.join("releases")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().ends_with(".partial")), "{left:?}");
}

fn stage(installation: &Installation, number: u64) {
    fs::create_dir_all(installation.staging()).unwrap();
    fs::write(installation.staged_package(), packed(number)).unwrap();
}

fn release(number: u64) -> Release {
    let rules = Rules { version: number, sha256: Digest::of(rules(number).as_bytes()) };
    let rules = BTreeMap::from([("ui".to_owned(), rules)]);
    Release { number, version: format!("{number}.0.0"), changes: "Something.".to_owned(), rules }
}

fn rules(number: u64) -> String {
    format!("{{\"version\": {number}}}")
}

fn contents(number: u64) -> BTreeMap<&'static str, Vec<u8>> {
    BTreeMap::from([
        ("bin/bulkhead", format!("launcher {number}").into_bytes()),
        ("bin/bulkhead-net", vec![u8::try_from(number).unwrap(); 70_000]),
        ("metadata/parties.json", format!("{{\"of\": {number}}}").into_bytes()),
        ("metadata/release.json", serde_json::to_vec(&release(number)).unwrap()),
        ("rules/ui.json", rules(number).into_bytes()),
    ])
}

fn packed(number: u64) -> Vec<u8> {
    let folder = std::env::temp_dir().join(format!("bulkhead-pack-{}-{number}", std::process::id()));
    for (name, bytes) in contents(number) {
        fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
        fs::write(folder.join(name), bytes).unwrap();
    }
    let mut bytes = Vec::new();
    pack(&folder, &mut bytes).unwrap();
    fs::remove_dir_all(&folder).unwrap();
    bytes
}

fn nobody() -> PartyState {
    let none = || RoleKeys { keys: BTreeSet::new(), threshold: 2 };
    let roles = Roles { root: none(), timestamp: none(), snapshot: none(), targets: none() };
    PartyState::first(Chain::new(Digest::of(b"root")), roles, Chain::default())
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap().success());
}
