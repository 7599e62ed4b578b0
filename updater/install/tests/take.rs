//! Whatever the fetcher leaves in the place of a package, only the listed one is taken.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use bulkhead_install::{Installation, Taken};
use bulkhead_package::pack;
use bulkhead_trust::{Digest, Listing, Release};
use nix::sys::stat::Mode;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

struct Place(PathBuf);

impl Place {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("bulkhead-take-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("root/staging")).unwrap();
        Self(path)
    }

    fn installation(&self) -> Installation {
        Installation::at(self.0.join("root"))
    }

    /// The package of a folder, and how parties would list it.
    fn release(&self, fill: impl Fn(&Path)) -> (Vec<u8>, Listing) {
        let folder = self.0.join("folder");
        ["bin", "rules", "metadata"].iter().for_each(|top| fs::create_dir_all(folder.join(top)).unwrap());
        fill(&folder);
        let mut package = Vec::new();
        pack(&folder, &mut package).unwrap();
        let release = Release { number: 2, version: "2".into(), changes: String::new(), rules: [].into() };
        let (length, sha256) = (package.len() as u64, Digest::of(&package));
        (package, Listing { id: Digest::of(b"entry"), length, sha256, release })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn listed_package_is_taken_and_what_comes_after_it_is_not() {
    let place = Place::new("listed");
    let installation = place.installation();
    let (package, listing) = place.release(|_| ());
    fs::write(installation.staged_package(), &package).unwrap();
    assert_eq!(installation.take(&listing).unwrap(), Taken::Listed);
    fs::write(installation.staged_package(), "changed afterwards").unwrap();
    assert_eq!(fs::read(installation.package(2)).unwrap(), package);
}

#[test]
fn other_bytes_are_refused_and_removed() {
    let place = Place::new("other");
    let installation = place.installation();
    let (package, listing) = place.release(|_| ());
    let (mut changed, longer) = (package.clone(), [package.clone(), vec![0; 100_000]].concat());
    changed.reverse();
    for other in [changed, longer, package.split_last().unwrap().1.to_vec(), vec![]] {
        fs::write(installation.staged_package(), other).unwrap();
        assert!(matches!(installation.take(&listing).unwrap(), Taken::Other(..)));
        assert!(!installation.package(2).exists() && !installation.staged_package().exists());
    }
}

#[test]
fn what_is_no_file_is_neither_followed_nor_waited_for() {
    let place = Place::new("kind");
    let installation = place.installation();
    let (package, listing) = place.release(|_| ());
    // The same bytes, but not the fetcher's.
    fs::write(place.0.join("elsewhere"), &package).unwrap();
    symlink(place.0.join("elsewhere"), installation.staged_package()).unwrap();
    assert!(installation.take(&listing).is_err());
    fs::remove_file(installation.staged_package()).unwrap();
    nix::unistd::mkfifo(&installation.staged_package(), Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
    assert!(installation.take(&listing).is_err());
    fs::remove_file(installation.staged_package()).unwrap();
    fs::create_dir(installation.staged_package()).unwrap();
    assert!(installation.take(&listing).is_err());
    assert!(!installation.package(2).exists());
}

#[test]
fn package_that_says_nothing_of_itself_is_described_as_no_release() {
    let place = Place::new("silent");
    let installation = place.installation();
    let (package, listing) = place.release(|folder| {
        fs::write(folder.join("rules/ui.json"), "{\"version\": 7}").unwrap();
        fs::write(folder.join("rules/more.txt"), "no rules").unwrap();
    });
    fs::write(installation.staged_package(), &package).unwrap();
    installation.take(&listing).unwrap();
    let view = installation.unpack(&listing).unwrap();
    assert_eq!(view.inner.number, 0);
    let versions: Vec<(&str, u64)> = view.rules.iter().map(|(name, rules)| (name.as_str(), rules.version)).collect();
    assert_eq!(versions, [("more.txt", 0), ("ui", 7)]);
    // An attempt that broke off does not stand in the way of the next.
    assert_eq!(installation.unpack(&listing).unwrap(), view);
}
