//! What the fetcher writes is what the launcher reads, and nothing but plain files of bounded length is read.
#![allow(clippy::panic, clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on fails")]

#[path = "../../trust/tests/signed/mod.rs"]
mod signed;

mod kit;

use bulkhead_staging::{Error, Given, Parties, Wanted, begin, finish, package, part, prepare, progress, read, wanted};
use bulkhead_trust::{Candidate, Decision, Digest, LONGEST_PACKAGE, Party, PerParty, State, decide};
use kit::{Folder, QA, staged};
use signed::{House, NOW, first, houses};
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::symlink;
use std::path::Path;

fn roots(houses: &PerParty<House>) -> PerParty<Vec<u8>> {
    PerParty::make(|party| houses.of(party).repository.file("metadata/1.root.json").to_vec())
}

fn parties() -> Parties {
    PerParty::make(|party| vec![format!("https://{}.example/bulkhead", party.name())])
}

/// A staging folder in which a fetcher has put what three parties publish.
fn world(folder: &Path) -> (PerParty<House>, State, PerParty<Vec<u8>>) {
    let mut houses = houses();
    let state = first(&houses);
    for party in Party::ALL {
        (2..=5).for_each(|number| houses.of_mut(party).publish(number));
    }
    let house = houses.of_mut(QA);
    let new = house.roles([0, 1, 2, 5], 4);
    house.rotate(&new, [0, 1]);
    let roots = roots(&houses);
    prepare(folder, &state, &roots, &serde_json::to_vec(&parties()).unwrap()).unwrap();
    for party in Party::ALL {
        staged(houses.of(party), &state).write(folder, party, state.parties.of(party)).unwrap();
    }
    (houses, state, roots)
}

#[test]
fn what_was_written_is_read_and_decided_on() {
    let folder = Folder::new("read");
    let (houses, state, roots) = world(&folder.0);
    let came = read(&folder.0, &state, &roots);
    for party in Party::ALL {
        assert_eq!(*came.of(party).as_ref().unwrap(), staged(houses.of(party), &state));
    }
    let views = PerParty::try_make(|party| {
        let files = came.of(party).as_ref().unwrap().files();
        bulkhead_trust::read(party, state.parties.of(party), &files, NOW)
    });
    let decision = decide(&state, &Candidate { parties: views.unwrap(), package: None }, NOW);
    assert!(matches!(decision, Decision::Download { release, .. } if release.release.number == 5));
}

#[test]
fn what_is_given_is_what_the_fetcher_reads() {
    let folder = Folder::new("given");
    let (_, state, roots) = world(&folder.0);
    assert_eq!(Given::read(&folder.0).unwrap(), Given { state, roots, parties: parties() });
    fs::write(folder.0.join("parties"), "{}").unwrap();
    assert!(matches!(Given::read(&folder.0), Err(Error::Odd(_))));
}

#[test]
fn nothing_of_an_earlier_look_is_left() {
    let folder = Folder::new("again");
    let (_, state, roots) = world(&folder.0);
    fs::write(part(&folder.0), "half").unwrap();
    prepare(&folder.0, &state, &roots, b"{}").unwrap();
    for (_, came) in read(&folder.0, &state, &roots).iter() {
        assert!(matches!(came, Err(Error::Missing(_))), "{came:?}");
    }
    assert_eq!(fs::read(part(&folder.0)).unwrap(), b"half");
    let names: Vec<_> =
        fs::read_dir(folder.0.join("quality")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["trusted.root.json"]);
}

#[test]
fn party_without_its_timestamp_is_not_whole() {
    let folder = Folder::new("whole");
    let (_, state, roots) = world(&folder.0);
    fs::remove_file(folder.0.join("quality/timestamp.json")).unwrap();
    let came = read(&folder.0, &state, &roots);
    assert!(matches!(came.quality, Err(Error::Missing(_))));
    assert!(came.security.is_ok());
}

#[test]
fn the_root_is_the_callers_own() {
    let folder = Folder::new("own");
    let (houses, state, roots) = world(&folder.0);
    // The fetcher can write here what it likes.
    fs::write(folder.0.join("quality/trusted.root.json"), houses.security.repository.file("metadata/1.root.json"))
        .unwrap();
    assert_eq!(read(&folder.0, &state, &roots).quality.unwrap().trusted, roots.quality);
}

#[test]
fn only_plain_files_of_bounded_length_are_read() {
    let folder = Folder::new("plain");
    let (_, state, roots) = world(&folder.0);
    let file = folder.0.join("quality/targets.json");
    let came = || read(&folder.0, &state, &roots).quality;
    let elsewhere = folder.0.join("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    symlink(&elsewhere, &file).unwrap();
    assert!(matches!(came(), Err(Error::NoFile(_))), "a link");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(matches!(came(), Err(Error::NoFile(_))), "a folder");
    fs::remove_dir(&file).unwrap();
    nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert!(matches!(came(), Err(Error::NoFile(_))), "a pipe that nobody writes to");
    fs::remove_file(&file).unwrap();
    fs::write(&file, vec![b' '; 64 * 1024 + 1]).unwrap();
    assert!(matches!(came(), Err(Error::TooLong(_))), "too long");
    fs::rename(&elsewhere, &file).unwrap();
    assert!(came().is_ok());
    fs::rename(folder.0.join("quality"), folder.0.join("moved")).unwrap();
    symlink(folder.0.join("moved"), folder.0.join("quality")).unwrap();
    assert!(matches!(came(), Err(Error::NoFile(_))), "a folder that is a link");
    // The launcher makes its own folder instead, and follows nothing while it does.
    prepare(&folder.0, &state, &roots, b"{}").unwrap();
    assert!(folder.0.join("moved/targets.json").exists() && !folder.0.join("quality/targets.json").exists());
}

#[test]
fn links_that_are_cut_off_are_refused() {
    let folder = Folder::new("links");
    let (_, state, roots) = world(&folder.0);
    let file = folder.0.join("security/links");
    let links = fs::read(&file).unwrap();
    fs::write(&file, &links[..links.len() - 1]).unwrap();
    assert!(matches!(read(&folder.0, &state, &roots).security, Err(Error::Odd(_))));
}

#[test]
fn download_goes_on_only_with_the_same_package() {
    let folder = Folder::new("package");
    let staging = folder.0.as_path();
    fs::create_dir(staging).unwrap();
    let one = Wanted { sha256: Digest::of(b"one"), length: 3 };
    assert_eq!((progress(staging), wanted(staging).unwrap()), (None, None));
    begin(staging, one).unwrap();
    fs::write(part(staging), b"on").unwrap();
    assert_eq!(wanted(staging).unwrap(), Some(one));
    assert_eq!(progress(staging).map(|progress| (progress.done, progress.total)), Some((2, 3)));
    begin(staging, one).unwrap();
    assert_eq!(fs::read(part(staging)).unwrap(), b"on");
    fs::write(part(staging), b"one").unwrap();
    finish(staging).unwrap();
    let mut text = String::new();
    package(staging).unwrap().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "one");
    assert_eq!(progress(staging).map(|progress| progress.done), Some(3));
    // Whole already: it is looked at again, and not fetched.
    begin(staging, one).unwrap();
    assert_eq!((fs::read(part(staging)).unwrap(), package(staging).unwrap().is_none()), (b"one".to_vec(), true));
    begin(staging, Wanted { sha256: Digest::of(b"two"), length: 3 }).unwrap();
    assert!(!part(staging).exists());
}

#[test]
fn progress_never_says_more_than_there_can_be() {
    let folder = Folder::new("progress");
    let staging = folder.0.as_path();
    fs::create_dir(staging).unwrap();
    let said = |text: &str| {
        fs::write(staging.join("wanted"), text).unwrap();
        progress(staging)
    };
    fs::write(part(staging), b"0123456789").unwrap();
    let digest = Digest::of(b"?");
    assert_eq!(said(&format!("{digest} 4\n")).map(|progress| (progress.done, progress.total)), Some((4, 4)));
    for text in ["", "x", &format!("{digest} -1\n"), &format!("{digest} {}\n", LONGEST_PACKAGE + 1), &"9".repeat(999)] {
        assert_eq!(said(text), None, "{text}");
    }
}
