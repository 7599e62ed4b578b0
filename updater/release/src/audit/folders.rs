//! Files, read and compared as those of somebody else: no links, nothing endless, and the first byte that differs is named.

use crate::party::folder::hashed;
use bulkhead_trust::Digest;
use std::collections::BTreeMap;
use std::fs::{self, File, Permissions};
use std::io::{self, BufReader, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tempfile::TempDir;

/// Read at once.
const PIECE: usize = 64 * 1024;
/// Most entries of a folder that are compared.
const MOST: usize = 4096;

/// A folder for what is unpacked, which nobody else can read; it goes when this does.
pub fn scratch() -> io::Result<TempDir> {
    tempfile::Builder::new().prefix("bulkhead-audit-").permissions(Permissions::from_mode(0o700)).tempdir()
}

/// A regular file of at most so many bytes.
pub fn read(path: &Path, most: u64) -> Result<Vec<u8>, String> {
    let told = |error: io::Error| format!("{}: {error}", path.display());
    if !fs::symlink_metadata(path).map_err(told)?.is_file() {
        return Err(format!("{}: not a regular file", path.display()));
    }
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(most.saturating_add(1)).read_to_end(&mut bytes)).map_err(told)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= most) {
        Ok(bytes)
    } else {
        Err(format!("{}: longer than {most} bytes", path.display()))
    }
}

/// SHA-256 and length of a regular file, which may be reached through a link.
pub fn hash(path: &Path) -> Result<(Digest, u64), String> {
    let told = |error: io::Error| format!("{}: {error}", path.display());
    // A pipe would never end.
    if !fs::metadata(path).map_err(told)?.is_file() {
        return Err(format!("{}: not a regular file", path.display()));
    }
    File::open(path).and_then(|mut file| hashed(&mut file)).map_err(told)
}

/// What is at a path below a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Folder { mode: u32 },
    File { length: u64, mode: u32 },
    Other,
}

fn list(folder: &Path, name: &str, into: &mut BTreeMap<String, Kind>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let inner = entry.file_name().to_string_lossy().into_owned();
        let inner = if name.is_empty() { inner } else { format!("{name}/{inner}") };
        let found = fs::symlink_metadata(entry.path())?;
        let kind = if found.is_dir() {
            Kind::Folder { mode: found.permissions().mode() & 0o7777 }
        } else if found.is_file() {
            Kind::File { length: found.len(), mode: found.permissions().mode() & 0o7777 }
        } else {
            Kind::Other
        };
        into.insert(inner.clone(), kind);
        if into.len() > MOST {
            return Err(io::Error::other("it holds more than any release"));
        }
        if matches!(kind, Kind::Folder { .. }) {
            list(&entry.path(), &inner, into)?;
        }
    }
    Ok(())
}

/// In what a folder differs from one that is as it should be: each path once. Nobody may have been given more rights to
/// a file than it should have; fewer are no harm.
pub fn differences(right: &Path, found: &Path) -> io::Result<Vec<String>> {
    let (mut wanted, mut there) = (BTreeMap::new(), BTreeMap::new());
    list(right, "", &mut wanted)?;
    list(found, "", &mut there)?;
    let mut told = Vec::new();
    for (name, kind) in &wanted {
        match (kind, there.get(name)) {
            (_, None) => told.push(format!("{name} is missing")),
            (Kind::File { mode, .. }, Some(Kind::File { mode: given, .. })) => {
                if let Some(at) = first_difference(&right.join(name), &found.join(name))? {
                    told.push(format!("{name} differs from byte {at} on"));
                }
                if given & !(mode | 0o644) != 0 {
                    told.push(format!("{name} has the mode {given:o}, and may have {mode:o}"));
                }
                if mode & 0o100 != 0 && given & 0o100 == 0 {
                    told.push(format!("{name} is not executable"));
                }
            }
            (Kind::Folder { .. }, Some(Kind::Folder { mode })) => {
                if mode & 0o022 != 0 {
                    told.push(format!("{name} can be changed by others than its owner (mode {mode:o})"));
                }
            }
            (_, Some(_)) => told.push(format!("{name} is of another kind: a link, a folder or a file")),
        }
    }
    told.extend(
        there.keys().filter(|name| !wanted.contains_key(*name)).map(|name| format!("{name} does not belong there")),
    );
    Ok(told)
}

/// How many files a folder holds, and their bytes.
pub fn counted(folder: &Path) -> io::Result<(usize, u64)> {
    let mut all = BTreeMap::new();
    list(folder, "", &mut all)?;
    let lengths: Vec<u64> = all
        .values()
        .filter_map(|kind| if let Kind::File { length, .. } = kind { Some(*length) } else { None })
        .collect();
    Ok((lengths.len(), lengths.iter().sum()))
}

/// The regular files below a folder, in order.
pub fn files(folder: &Path) -> io::Result<Vec<String>> {
    let mut all = BTreeMap::new();
    list(folder, "", &mut all)?;
    Ok(all.into_iter().filter(|(_, kind)| matches!(kind, Kind::File { .. })).map(|(name, _)| name).collect())
}

/// The first byte, counted from 0, in which two files differ; where one ends, its length.
pub fn first_difference(one: &Path, other: &Path) -> io::Result<Option<u64>> {
    let (mut one, mut other) = (BufReader::new(File::open(one)?), BufReader::new(File::open(other)?));
    let (mut here, mut there) = (vec![0; PIECE], vec![0; PIECE]);
    let mut at = 0_u64;
    loop {
        let (ours, theirs) = (fill(&mut one, &mut here)?, fill(&mut other, &mut there)?);
        let (ours, theirs) = (here.get(..ours).unwrap_or_default(), there.get(..theirs).unwrap_or_default());
        let same = ours.iter().zip(theirs).take_while(|(a, b)| a == b).count();
        at = at.saturating_add(u64::try_from(same).unwrap_or(u64::MAX));
        if same < ours.len() || same < theirs.len() {
            return Ok(Some(at));
        }
        if ours.is_empty() {
            return Ok(None);
        }
    }
}

/// As much as there is, up to a piece.
fn fill(file: &mut impl Read, piece: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while let Some(rest) = piece.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest)? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn every_way_to_differ_is_told_once() {
        let scratch = scratch().unwrap();
        let (right, found) = (scratch.path().join("right"), scratch.path().join("found"));
        for folder in [&right, &found] {
            fs::create_dir_all(folder.join("bin")).unwrap();
            fs::write(folder.join("bin/a"), [7; 100_000]).unwrap();
            fs::set_permissions(folder.join("bin/a"), fs::Permissions::from_mode(0o755)).unwrap();
            fs::write(folder.join("b"), "b").unwrap();
            fs::set_permissions(folder.join("b"), fs::Permissions::from_mode(0o644)).unwrap();
        }
        let told = || differences(&right, &found).unwrap();
        assert!(told().is_empty());
        assert_eq!(counted(&right).unwrap(), (2, 100_001));

        let mut bytes = vec![7; 100_000];
        bytes[70_000] = 8;
        fs::write(found.join("bin/a"), &bytes).unwrap();
        assert_eq!(told(), ["bin/a differs from byte 70000 on"]);
        fs::write(found.join("bin/a"), [7; 99_999]).unwrap();
        assert_eq!(told(), ["bin/a differs from byte 99999 on"]);
        fs::write(found.join("bin/a"), [7; 100_000]).unwrap();

        fs::set_permissions(found.join("bin/a"), fs::Permissions::from_mode(0o4755)).unwrap();
        assert_eq!(told(), ["bin/a has the mode 4755, and may have 755"]);
        fs::set_permissions(found.join("bin/a"), fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(told(), ["bin/a is not executable"]);
        fs::set_permissions(found.join("bin/a"), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(told().is_empty(), "fewer may read it, which harms nobody else");

        fs::remove_file(found.join("b")).unwrap();
        assert_eq!(told(), ["b is missing"]);
        symlink("bin/a", found.join("b")).unwrap();
        assert_eq!(told(), ["b is of another kind: a link, a folder or a file"]);
        fs::remove_file(found.join("b")).unwrap();
        fs::write(found.join("b"), "b").unwrap();
        fs::write(found.join("bin/z"), "").unwrap();
        assert_eq!(told(), ["bin/z does not belong there"]);
        fs::remove_file(found.join("bin/z")).unwrap();
        fs::set_permissions(found.join("bin"), fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(told(), ["bin can be changed by others than its owner (mode 777)"]);
    }

    #[test]
    fn only_regular_files_of_bounded_length_are_read() {
        let scratch = scratch().unwrap();
        let path = scratch.path().join("file");
        fs::write(&path, "12345").unwrap();
        assert_eq!(read(&path, 5).unwrap(), b"12345");
        assert!(read(&path, 4).unwrap_err().ends_with("longer than 4 bytes"));
        let link = scratch.path().join("link");
        symlink(&path, &link).unwrap();
        assert!(read(&link, 5).unwrap_err().ends_with("not a regular file"));
    }
}
