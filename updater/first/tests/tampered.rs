//! Files that are not what they should be: nothing is installed of them, and a sentence says where they are wrong.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

mod kit;

use bulkhead_first::install::{install, verify};
use bulkhead_first::{Error, Verified};
use bulkhead_package::header::block;
use bulkhead_staging::Staged;
use bulkhead_trust::{Party, PerParty};
use kit::{DAY, House, INSTALLER, World, bytes, made, made_of, now, tree};
use std::fs;

impl World {
    /// Nothing comes of these bytes, and the reason is told.
    fn rejects(&self, bytes: &[u8], why: &str) -> String {
        let file = self.saved("tampered.tar", bytes);
        let place = self.scratch.0.join("place");
        fs::create_dir_all(&place).unwrap();
        let done = install(&file, &place.join("bulkhead"), None, now());
        let Err(error) = done else { panic!("it was installed, which should be refused: {why}") };
        let said = error.to_string();
        assert!(said.contains(why), "{why}: {said}");
        assert_eq!(tree(&place), vec![], "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
        said
    }

    fn rejects_parties(&self, change: impl FnOnce(&mut PerParty<Staged>), why: &str) {
        let mut parties = self.collected();
        change(&mut parties);
        self.rejects(&bytes(&parties, INSTALLER, &self.package), why);
    }

    fn verified(&self, bytes: &[u8]) -> Result<Verified, Error> {
        verify(&self.saved("flipped.tar", bytes), None, &self.scratch.0, now())
    }
}

#[test]
fn any_flipped_bit_is_refused_or_changes_nothing_that_counts() {
    let world = World::new();
    let good = world.bytes();
    let honest = world.verified(&good).unwrap();
    let (mut refused, mut passed) = (0, Vec::new());
    // Steps without a common divisor with the blocks of 512 bytes, so that each part is met anywhere.
    for (count, at) in (0..good.len()).step_by(37).enumerate() {
        let mut flipped = good.clone();
        flipped[at] ^= 1 << (count % 8);
        match world.verified(&flipped) {
            Err(_) => refused += 1,
            Ok(verified) => {
                assert_ne!(verified.file, honest.file);
                passed.push((at, verified));
            }
        }
    }
    // Names of keys beside signatures are not read, so they can be anything; all that is signed, and the roots' files, stays.
    for (at, verified) in &passed {
        assert_eq!(verified.listing, honest.listing, "{at}");
        let bytes = &good[at.saturating_sub(90)..(at + 10).min(good.len())];
        assert!(String::from_utf8_lossy(bytes).contains("keyid"), "byte {at}");
        assert_eq!(verified.parties, honest.parties, "{at}");
    }
    println!("{refused} refused, {} names of keys", passed.len());
    assert!(refused > 400 && passed.len() < refused / 10, "{refused} refused, {} passed", passed.len());
}

#[test]
fn cut_off_or_prolonged_file_is_refused() {
    let world = World::new();
    let good = world.bytes();
    for length in (0..good.len()).step_by(701).chain([good.len() - 1, good.len() - 512]) {
        world.rejects(&good[..length], "it ends too early");
    }
    world.rejects(&[&good[..], b"x"].concat(), "it goes on after its end");
    world.rejects(&[&good[..], &[0; 512]].concat(), "it goes on after its end");
    let inner = good.len() - 1024;
    let member = [&good[..inner], &block("evil", 0, false).unwrap(), &good[inner..]].concat();
    world.rejects(&member, "it goes on after the package");
    let said = world.rejects(b"<html>not found</html>", "ends too early");
    assert!(said.contains("from byte 0 on"), "{said}");
}

#[test]
fn hostile_archive_is_refused() {
    let world = World::new();
    let good = world.bytes();
    let kind = |kind: u8| {
        let mut bad = good.clone();
        bad[156] = kind;
        // As a reader would that believes the sum.
        let sum: u32 = bad[..512].iter().map(|byte| u32::from(*byte)).sum::<u32>();
        let field: u32 = bad[148..156].iter().map(|byte| u32::from(*byte)).sum();
        bad[148..156].copy_from_slice(format!("{:06o}\0 ", sum - field + 8 * 32).as_bytes());
        bad
    };
    for bad in [b'1', b'2', b'3', b'5', b'6', b'L', b'x', b'g', 0] {
        world.rejects(&kind(bad), "a file's header is not written");
    }
    for name in ["../bulkhead-install", "/etc/passwd", "", "bulkhead-install/", "quality/1.root.json"] {
        let head = block(name, INSTALLER.len() as u64, name == "bulkhead-install").unwrap();
        world.rejects(&[&head[..], &good[512..]].concat(), "`bulkhead-install` should be here");
    }
    for (name, most) in [("bulkhead-install", 1 << 32), ("bulkhead-install", (64 << 20) + 1)] {
        let head = block(name, most, true).unwrap();
        world.rejects(&[&head[..], &good[512..]].concat(), "can have 67108864 at most");
    }
}

#[test]
fn party_that_is_missing_or_takes_anothers_place_is_refused() {
    let world = World::new();
    world.rejects_parties(|all| all.quality = Staged::default(), "quality/1.root.json");
    // Nothing in a party's files says which one it is: only its first root does, by which it is known.
    let mut swapped = world.collected();
    std::mem::swap(&mut swapped.quality, &mut swapped.security);
    let swapped = world.verified(&bytes(&swapped, INSTALLER, &world.package)).unwrap();
    assert_ne!(swapped.roots.all, world.verified(&world.bytes()).unwrap().roots.all);
    world.rejects_parties(|all| all.quality = all.development.clone(), "use the same key");
    world.rejects_parties(|all| all.security.timestamp.clear(), "security/");
    world.rejects_parties(|all| all.security.snapshot = all.quality.snapshot.clone(), "security/");
    world.rejects_parties(|all| all.security.targets = all.quality.targets.clone(), "security/");
    // A newer root can be withheld, by a mirror as well as here, where what there is was signed with keys of the older one, too. It
    // is said which one it is, and the first look for updates brings the next.
    let mut older = world.collected();
    older.quality.roots.pop().unwrap();
    let older = world.verified(&bytes(&older, INSTALLER, &world.package)).unwrap();
    assert_eq!((older.parties.quality.roots.0, older.parties.security.roots.0), (1, 1));
    assert_eq!(world.verified(&world.bytes()).unwrap().parties.quality.roots.0, 2);
    world.rejects_parties(|all| drop(all.quality.links.pop()), "quality/targets.json");
    world.rejects_parties(|all| drop(all.quality.links.remove(0)), "quality/targets.json");
    world.rejects_parties(|all| all.quality.links[0] = all.quality.links[1].clone(), "quality/targets.json");
}

#[test]
fn root_that_the_ceremony_would_not_make_is_refused() {
    for (offline, threshold, why) in [
        (vec![0, 1, 2], 2, "fewer than four offline keys"),
        (vec![0, 1, 2, 3], 1, "fewer than two signatures"),
        (vec![0, 1, 2, 4], 2, "kept online could sign"),
        (vec![0, 1, 2, 3], 3, "not signed by the keys that it names"),
    ] {
        let mut world = World::new();
        let releases = world.houses.security.releases.clone();
        world.houses.security = House::with(90, offline, threshold);
        world.houses.security.list(releases, now());
        let said = world.rejects(&world.bytes(), why);
        assert!(said.contains("security/1.root.json"), "{said}");
    }
}

#[test]
fn releases_that_not_all_list_alike_are_refused() {
    let mut world = World::new();
    let third = made(3);
    let listed = |house: &House| [house.releases.clone(), vec![third.entry.clone()]].concat();
    let two = [Party::Development, Party::Security];
    two.iter().for_each(|party| {
        let house = world.houses.of_mut(*party);
        house.list(listed(house), now());
    });
    // Two of three list a third one: the second is what all list, and its package is the one that counts.
    assert_eq!(world.verified(&world.bytes()).unwrap().listing.release.number, 2);
    world.rejects(&bytes(&world.collected(), INSTALLER, &third.package), "package: ");
    let mut other = listed(&world.houses.quality);
    other[2].release.changes = "Something else.".into();
    world.houses.quality.list(other, now());
    world.rejects(&world.bytes(), "disagree on release 3");
}

#[test]
fn release_that_was_described_anew_is_a_fork() {
    let mut world = World::new();
    let mut releases = world.houses.quality.releases.clone();
    releases[0].length += 1;
    world.houses.quality.list(releases.clone(), now());
    // Back to what it was, so that only the history shows it.
    releases[0].length -= 1;
    world.houses.quality.list(releases, now());
    world.rejects(&world.bytes(), "quality/links: release 1 was described in two different ways");
}

#[test]
fn nothing_that_all_list_is_nothing_to_install() {
    let world = World::new();
    let mut empty = World::new();
    for party in Party::ALL {
        let house = empty.houses.of_mut(party);
        *house = House::new(party);
        house.list(vec![], now());
    }
    empty.rejects(&empty.bytes(), "nothing to install yet");
    let first = made(1).entry;
    empty.houses.quality.list(vec![first], now());
    empty.rejects(&empty.bytes(), "is not listed by the development party and the security party yet");
    drop(world);
}

#[test]
fn package_that_is_not_the_one_is_refused() {
    let world = World::new();
    let parties = world.collected();
    let mut flipped = world.package.clone();
    *flipped.last_mut().unwrap() ^= 1;
    world.rejects(&bytes(&parties, INSTALLER, &flipped), "not the one that the three parties have signed");
    world.rejects(&bytes(&parties, INSTALLER, &made(1).package), "package: ");
    world.rejects(&bytes(&parties, INSTALLER, b""), "package: it has 0 bytes");
    world.rejects(&bytes(&parties, b"another program", &world.package), "bulkhead-install: it is not the program");
}

#[test]
fn package_that_is_signed_and_useless_is_refused() {
    let replaced =
        |name: &'static str, text: &'static str| made_of(2, move |folder| fs::write(folder.join(name), text).unwrap());
    let removed = |name: &'static str| made_of(2, move |folder| fs::remove_file(folder.join(name)).unwrap());
    for (package, why) in [
        (removed("metadata/parties.json"), "where the parties' mirrors are"),
        (
            replaced("metadata/parties.json", r#"{"development":[],"quality":["x"],"security":["x"]}"#),
            "where the parties'",
        ),
        (removed("bin/bulkhead-install"), "bulkhead-install: it is not the program"),
        (replaced("metadata/release.json", "{}"), "What the package says about itself"),
        (replaced("rules/ui.json", "{}"), "The sandbox rules in the package"),
        (replaced("rules/net.json", "{}"), "The sandbox rules in the package"),
    ] {
        let world = World::at(now(), package);
        world.rejects(&world.bytes(), why);
    }
    let mut world = World::new();
    let (package, mut entry) = (b"no archive at all".to_vec(), made(2).entry);
    (entry.length, entry.sha256) = (package.len() as u64, bulkhead_trust::Digest::of(&package));
    for party in Party::ALL {
        let house = world.houses.of_mut(party);
        let mut fresh = House::new(party);
        fresh.list(vec![entry.clone()], now());
        *house = fresh;
    }
    world.package = package;
    world.rejects(&world.bytes(), "package: ");
}

#[test]
fn old_news_is_refused() {
    let world = World::at(now() - 8 * DAY, made(2));
    let said = world.rejects(&world.bytes(), "has expired");
    assert!(said.contains("development/timestamp.json"), "{said}");
    // A day's timestamp with an older list.
    let mut world = World::new();
    let old = world.collected();
    let releases = world.houses.quality.releases.clone();
    world.houses.quality.list(releases, now());
    let mut mixed = world.collected();
    mixed.quality.targets = old.quality.targets;
    world.rejects(&bytes(&mixed, INSTALLER, &world.package), "quality/");
}
