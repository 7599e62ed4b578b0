//! What is packed comes out again; anything else does not come out.

#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that cannot go on fails")]

use bulkhead_package::{Error, Limits, is_name, pack, unpack};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

type Files = BTreeMap<String, Vec<u8>>;
/// Where a field of a header begins, and what is written there.
type Fields<'a> = Vec<(usize, &'a [u8])>;

/// A folder that goes away.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("bulkhead-package-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn folder(&self, files: &Files) -> PathBuf {
        let folder = self.0.join("folder");
        for top in ["bin", "rules", "metadata"] {
            fs::create_dir_all(folder.join(top)).unwrap();
        }
        for (name, bytes) in files {
            fs::create_dir_all(folder.join(name).parent().unwrap()).unwrap();
            fs::write(folder.join(name), bytes).unwrap();
        }
        folder
    }

    fn packed(&self, files: &Files) -> Vec<u8> {
        let mut bytes = Vec::new();
        pack(&self.folder(files), &mut bytes).unwrap();
        bytes
    }

    fn unpacked(&self, package: &[u8]) -> Result<PathBuf, Error> {
        let into = self.0.join("into");
        let _ = fs::remove_dir_all(&into);
        unpack(package, &into, Limits::default()).map(|()| into)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn some() -> Files {
    let files: [(&str, &[u8]); 5] = [
        ("bin/bulkhead", b"a program"),
        ("bin/bulkhead-net", &[7; 1500]),
        ("metadata/release.json", b"{}"),
        ("metadata/trusted/quality/root.json", b""),
        ("rules/ui.json", &[b'x'; 512]),
    ];
    files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect()
}

fn read(folder: &Path) -> Files {
    fn add(folder: &Path, below: &str, files: &mut Files) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{below}{}", entry.file_name().to_str().unwrap());
            match entry.file_type().unwrap().is_dir() {
                true => add(&entry.path(), &format!("{name}/"), files),
                false => drop(files.insert(name, fs::read(entry.path()).unwrap())),
            }
        }
    }
    let mut files = Files::new();
    add(folder, "", &mut files);
    files
}

#[test]
fn package_is_the_same_wherever_and_whenever_it_is_packed() {
    let (one, other) = (Place::new(), Place::new());
    let first = one.packed(&some());
    let folder = other.folder(&some());
    fs::set_permissions(folder.join("bin/bulkhead"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(folder.join("rules/ui.json"), fs::Permissions::from_mode(0o777)).unwrap();
    let mut second = Vec::new();
    pack(&folder, &mut second).unwrap();
    assert_eq!(first, second);
    // Another compressor would make another package of the same release, and the parties could not compare theirs.
    let mut sum = flate2::Crc::new();
    sum.update(&first);
    assert_eq!((first.len(), sum.sum()), (235, 2_199_327_428), "the compressor writes other bytes than it did");
}

#[test]
fn only_programs_are_executable() {
    let place = Place::new();
    let folder = place.unpacked(&place.packed(&some())).unwrap();
    let mode = |name: &str| fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o111;
    assert_ne!(mode("bin/bulkhead-net"), 0);
    assert_eq!([mode("rules/ui.json"), mode("metadata/release.json")], [0, 0]);
}

#[test]
fn package_can_be_read_by_others() {
    let place = Place::new();
    let file = place.0.join("package.tar.gz");
    fs::write(&file, place.packed(&some())).unwrap();
    let listed = std::process::Command::new("tar").arg("-tzf").arg(&file).output().unwrap();
    let names: Vec<String> = String::from_utf8(listed.stdout).unwrap().lines().map(str::to_owned).collect();
    assert_eq!(names, some().keys().cloned().collect::<Vec<_>>());
}

#[test]
fn folder_with_something_else_is_not_packed() {
    let refused = |spoil: &dyn Fn(&Path)| {
        let place = Place::new();
        let folder = place.folder(&some());
        spoil(&folder);
        pack(&folder, std::io::sink()).unwrap_err()
    };
    assert!(matches!(refused(&|at| symlink("/etc/passwd", at.join("bin/x")).unwrap()), Error::Kind(_)));
    assert!(matches!(refused(&|at| symlink("/etc", at.join("metadata/x")).unwrap()), Error::Kind(_)));
    assert!(matches!(refused(&|at| fs::write(at.join("bin/.x"), "").unwrap()), Error::Name(_)));
    assert!(matches!(refused(&|at| fs::write(at.join("rules/a b"), "").unwrap()), Error::Name(_)));
    assert!(matches!(refused(&|at| fs::remove_dir_all(at.join("rules")).unwrap()), Error::Io(_)));
}

/// An archive as an attacker writes it: each entry a header, changed at will and summed up again, and its content.
fn archive(entries: &[(Fields<'_>, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (fields, content) in entries {
        let mut block = [0_u8; 512];
        let size = format!("{:011o}", content.len());
        let usual: [(usize, &[u8]); 8] = [
            (100, b"0000755"),
            (108, b"0000000"),
            (116, b"0000000"),
            (124, size.as_bytes()),
            (136, b"00000000000"),
            (156, b"0"),
            (257, b"ustar\x0000"),
            (148, b"        "),
        ];
        for (at, field) in usual.iter().chain(fields) {
            block[*at..at + field.len()].copy_from_slice(field);
        }
        let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        bytes.extend(block);
        bytes.extend(*content);
        bytes.resize(bytes.len().next_multiple_of(512), 0);
    }
    bytes.extend([0; 1024]);
    bytes
}

fn pressed(archive: &[u8]) -> Vec<u8> {
    let mut pressed = GzEncoder::new(Vec::new(), Compression::fast());
    pressed.write_all(archive).unwrap();
    pressed.finish().unwrap()
}

#[test]
fn honest_archive_by_hand_is_unpacked() {
    let place = Place::new();
    let package = pressed(&archive(&[(vec![(0, b"bin/a")], b"one"), (vec![(0, b"bin/b")], b"two")]));
    assert_eq!(read(&place.unpacked(&package).unwrap()).len(), 2);
}

#[test]
fn hostile_entry_is_refused() {
    let long = [b'a'; 100];
    let entries: [(&str, Fields<'_>); 18] = [
        ("leads out", vec![(0, b"bin/../../x")]),
        ("is absolute", vec![(0, b"/bin/x")]),
        ("is elsewhere", vec![(0, b"etc/x")]),
        ("is hidden", vec![(0, b"bin/.x")]),
        ("has no end and no folder", vec![(0, &long)]),
        ("goes on after its end", vec![(0, b"bin/x\0y")]),
        ("has a prefix", vec![(0, b"bin/x"), (345, b"..")]),
        ("is a hard link", vec![(0, b"bin/x"), (156, b"1"), (157, b"/etc/passwd")]),
        ("is a symbolic link", vec![(0, b"bin/x"), (156, b"2"), (157, b"/etc/passwd")]),
        ("is a device", vec![(0, b"bin/x"), (156, b"3")]),
        ("is a folder", vec![(0, b"bin/x"), (156, b"5")]),
        ("is an extended header", vec![(0, b"bin/x"), (156, b"x")]),
        ("is a long name", vec![(0, b"bin/x"), (156, b"L")]),
        ("is of the old kind", vec![(0, b"bin/x"), (156, b"\0")]),
        ("is set-uid", vec![(0, b"bin/x"), (100, b"0004755")]),
        ("is an executable rule", vec![(0, b"rules/x")]),
        ("has an owner", vec![(0, b"bin/x"), (108, b"0000001")]),
        ("has a time", vec![(0, b"bin/x"), (136, b"00000000001")]),
    ];
    for (what, fields) in entries {
        let place = Place::new();
        let refused = place.unpacked(&pressed(&archive(&[(fields, b"content")])));
        assert!(matches!(refused, Err(Error::Form(_))), "{what}: {refused:?}");
        assert!(!place.0.join("x").exists());
    }
}

#[test]
fn names_out_of_order_or_twice_are_refused() {
    for names in [["bin/b", "bin/a"], ["bin/a", "bin/a"], ["rules/a", "bin/a"]] {
        let entries = names.map(|name| {
            let mode: &[u8] = if name.starts_with("bin") { b"0000755" } else { b"0000644" };
            (vec![(0, name.as_bytes()), (100, mode)], b"x".as_slice())
        });
        assert!(matches!(Place::new().unpacked(&pressed(&archive(&entries))), Err(Error::Form(_))), "{names:?}");
    }
}

#[test]
fn file_in_the_place_of_a_folder_is_refused() {
    let file = |name: &'static [u8]| (vec![(0, name), (100, b"0000644".as_slice())], b"x".as_slice());
    let package = pressed(&archive(&[file(b"metadata/a"), file(b"metadata/a/b")]));
    assert!(Place::new().unpacked(&package).is_err());
}

#[test]
fn size_that_is_none_or_too_large_is_refused() {
    for size in [b"77777777777", b"-0000000001", b" 0000000001", b"0000000001\0", b"\x80\0\0\0\0\0\0\0\0\0\x01"] {
        let package = pressed(&archive(&[(vec![(0, b"bin/x"), (124, size)], b"x")]));
        assert!(Place::new().unpacked(&package).is_err(), "{size:?}");
    }
}

#[test]
fn more_than_the_limits_is_refused() {
    let place = Place::new();
    let package = place.packed(&some());
    let total = some().values().map(Vec::len).sum::<usize>() as u64;
    let with = |limits| {
        let into = place.0.join("into");
        let _ = fs::remove_dir_all(&into);
        unpack(package.as_slice(), &into, limits)
    };
    assert!(with(Limits { files: 5, bytes: total }).is_ok());
    assert!(matches!(with(Limits { files: 4, bytes: total }), Err(Error::TooLarge)));
    assert!(matches!(with(Limits { files: 5, bytes: total - 1 }), Err(Error::TooLarge)));
    // A small package that never ends unpacked.
    let bomb = pressed(&archive(&[(vec![(0, b"bin/x")], &vec![0; 1 << 20])]));
    let into = place.0.join("bomb");
    assert!(matches!(unpack(bomb.as_slice(), &into, Limits { files: 1, bytes: 1 << 16 }), Err(Error::TooLarge)));
    assert_eq!(read(&into), Files::new());
}

#[test]
fn what_is_there_is_not_overwritten() {
    let place = Place::new();
    let package = place.packed(&some());
    fs::create_dir(place.0.join("target")).unwrap();
    assert!(matches!(unpack(package.as_slice(), &place.0.join("target"), Limits::default()), Err(Error::Exists)));
    symlink(place.0.join("target"), place.0.join("link")).unwrap();
    assert!(matches!(unpack(package.as_slice(), &place.0.join("link"), Limits::default()), Err(Error::Exists)));
    assert_eq!(fs::read_dir(place.0.join("target")).unwrap().count(), 0);
}

#[test]
fn anything_after_the_end_is_refused() {
    let place = Place::new();
    let honest = archive(&[(vec![(0, b"bin/a")], b"one")]);
    let longer = [honest.clone(), vec![0; 512]].concat();
    assert!(matches!(place.unpacked(&pressed(&longer)), Err(Error::Trailing)));
    let two = [pressed(&honest), pressed(&honest)].concat();
    assert!(matches!(place.unpacked(&two), Err(Error::Trailing)));
    let more = [pressed(&honest), b"x".to_vec()].concat();
    assert!(matches!(place.unpacked(&more), Err(Error::Trailing)));
    let mut half = honest.clone();
    half.truncate(honest.len() - 512);
    assert!(matches!(place.unpacked(&pressed(&half)), Err(Error::Truncated)));
    let mut padded = honest;
    padded[512 + 3] = 1;
    assert!(matches!(place.unpacked(&pressed(&padded)), Err(Error::Form(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_packed_comes_out_again(
        files in proptest::collection::btree_map(
            "(bin|rules|metadata|metadata/[a-c])/[a-f0-9][-_.a-z]{0,9}",
            proptest::collection::vec(any::<u8>(), 0..3000),
            0..12,
        )
    ) {
        // One name may be another's folder; no folder has both.
        let clash = |name: &String| files.keys().any(|other| other.starts_with(&format!("{name}/")));
        prop_assume!(files.keys().all(|name| is_name(name) && !clash(name)));
        let place = Place::new();
        let package = place.packed(&files);
        prop_assert_eq!(read(&place.unpacked(&package).unwrap()), files);
    }

    #[test]
    fn spoiled_package_is_refused_or_the_same(at in any::<prop::sample::Index>(), change in 1_u8..=255) {
        let place = Place::new();
        let mut package = place.packed(&some());
        let at = at.index(package.len());
        package[at] ^= change;
        // Bytes 4 to 9 of gzip's head are a time and hints, which no checksum covers; the signed digest does.
        match place.unpacked(&package) {
            Ok(folder) => {
                prop_assert!((3..10).contains(&at), "byte {} does not matter", at);
                prop_assert_eq!(read(&folder), some());
            }
            Err(error) => prop_assert!(!matches!(error, Error::Exists)),
        }
    }

    #[test]
    fn cut_off_package_is_refused(keep in any::<prop::sample::Index>()) {
        let place = Place::new();
        let package = place.packed(&some());
        let keep = keep.index(package.len());
        prop_assert!(place.unpacked(&package[..keep]).is_err());
    }

    #[test]
    fn noise_is_refused(noise in proptest::collection::vec(any::<u8>(), 0..2000)) {
        let place = Place::new();
        prop_assert!(place.unpacked(&noise).is_err());
        prop_assert!(place.unpacked(&pressed(&noise)).is_err());
    }
}
