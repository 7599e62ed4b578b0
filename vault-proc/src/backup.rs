//! Backups: one encrypted file that holds a whole profile, to be kept or to go on with elsewhere.
//!
//! ```text
//! "bulkhead-backup" | 1 | kind | random (32) | length of key file (2) | key file | pieces
//! ```
//!
//! The key file is the profile's own, so whatever opens the profile opens its backup: the passphrase of that day, the
//! recovery code, what others keep together. The pieces are the store's file (which SQLCipher has encrypted already)
//! under HKDF-SHA256(salt = SHA-256 of all before the pieces, key = the store's key, info = `bulkhead/1 backup`), a key
//! for this file alone: 65,536 bytes each, the last one shorter, may be empty, each with 16 more for its authenticator.
//! Piece *n* from 0 is XChaCha20-Poly1305 with the nonce 19 zero bytes ‖ *n* (4) ‖ 1 for the last piece, else 0: the
//! STREAM construction, which shows when a piece is missing, doubled, changed or out of place.
//!
//! Made while the profile is closed: nothing is sent or received meanwhile. What comes out of a backup is an older
//! state by definition and is marked so: it renews every session before it sends anything ([`bulkhead_vault_core`]).

mod pieces;

use crate::profile::{self, Lock, ProfileError, StoreKey};
use crate::store::{SqlStore, staged};
use bulkhead_vault_core::{Error, Key};
use hkdf::Hkdf;
use sha2::{Digest, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 15] = b"bulkhead-backup";
const VERSION: u8 = 1;
const RANDOM: usize = 32;
/// Longest key file.
const LONGEST: usize = 8 * 1024;
/// Most backups in one folder.
const MOST: u32 = 64;
/// How the names of backups end.
const ENDING: &str = "bulkhead-backup";

/// What a backup is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To be kept: the profile goes on where it is.
    Copy,
    /// To go on elsewhere: the profile is closed for ever where it was.
    Move,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Self::Copy => 1,
            Self::Move => 2,
        }
    }

    const fn of(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Copy),
            2 => Some(Self::Move),
            _ => None,
        }
    }
}

/// Why there is no backup, or none was restored. Nothing is lost in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// Not the passphrase of the day on which it was made, nor its recovery secret.
    #[error("the passphrase is wrong: try the one that the profile had when the backup was made")]
    Wrong,
    /// From a newer version.
    #[error("the backup was made by a newer version: install that version or a later one")]
    TooNew,
    /// Cut off, changed, or no backup at all.
    #[error("this is not a whole backup: copy the file again, or use another one")]
    Damaged,
    /// The profile's own store cannot be read completely.
    #[error("the store is damaged: nothing was backed up, and the profile is as it was")]
    Store,
    /// The folder cannot be read or written.
    #[error("the folder cannot be written: make some room, or check its owner and rights, then try again")]
    Io,
    /// There is no file to be restored.
    #[error("there is no backup in the profile's folder: put the file there first")]
    Missing,
    /// There is a profile already.
    #[error("this profile exists already: choose another name with --profile")]
    Exists,
    /// Another program has the profile open.
    #[error("another copy of the program uses this profile: close it, or choose another with --profile")]
    InUse,
}

impl From<io::Error> for BackupError {
    fn from(_: io::Error) -> Self {
        Self::Io
    }
}

impl From<ProfileError> for BackupError {
    fn from(error: ProfileError) -> Self {
        match error {
            ProfileError::Wrong | ProfileError::NoSlot => Self::Wrong,
            ProfileError::TooNew => Self::TooNew,
            ProfileError::Damaged | ProfileError::Moved => Self::Damaged,
            ProfileError::Io => Self::Io,
            ProfileError::InUse => Self::InUse,
        }
    }
}

fn of_store(error: Error) -> BackupError {
    match error {
        Error::NotWritable => BackupError::Io,
        _ => BackupError::Store,
    }
}

/// Where a backup has to lie for [`restore`] to find it.
pub fn waiting(folder: &Path) -> PathBuf {
    folder.join(format!("restore.{ENDING}"))
}

/// Makes a backup of a closed profile in its own folder, and returns where it is. When it returns the file is on the
/// disk, and was read again to the end. After [`Kind::Move`] the profile does not open any more.
///
/// Whoever calls has the profile's key, so has just typed the passphrase.
pub fn export(key: &StoreKey, kind: Kind) -> Result<PathBuf, BackupError> {
    let folder = key.lock().folder().to_path_buf();
    staged::settle(SqlStore::open(&folder, key).map_err(of_store)?).map_err(of_store)?;
    let path = names(&folder).find(|path| !path.exists()).ok_or(BackupError::Io)?;
    let beside = path.with_extension("part");
    let written = write(&folder, &beside, key.key(), kind).and_then(|()| {
        // What a disk gives back is what counts, before anything depends on it.
        verify(&beside, key.key())?;
        std::fs::rename(&beside, &path)?;
        Ok(File::open(&folder)?.sync_all()?)
    });
    if let Err(error) = written {
        let _ = std::fs::remove_file(&beside);
        return Err(error);
    }
    if kind == Kind::Move {
        retire(key)?;
    }
    Ok(path)
}

/// First the store says so itself, then its key is destroyed: whatever happens in between, it is refused.
fn retire(key: &StoreKey) -> Result<(), BackupError> {
    let mut store = SqlStore::open(key.lock().folder(), key).map_err(of_store)?;
    store.mark_moved().map_err(of_store)?;
    drop(store);
    Ok(key.retire()?)
}

/// Where a folder's backups can be: `alice.bulkhead-backup`, `alice-2.bulkhead-backup` and so on. They can be counted, so
/// that whoever destroys the profile finds them.
pub fn names(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let profile = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let name = move |number: u32| match number {
        1 => format!("{profile}.{ENDING}"),
        number => format!("{profile}-{number}.{ENDING}"),
    };
    (1..=MOST).map(move |number| folder.join(name(number)))
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)
}

fn write(folder: &Path, path: &Path, key: &Key, kind: Kind) -> Result<(), BackupError> {
    let slots = profile::copy(folder)?;
    let mut head = [MAGIC.as_slice(), &[VERSION, kind.byte()], &[0; RANDOM]].concat();
    if let Some(random) = head.last_chunk_mut::<RANDOM>() {
        getrandom::fill(random).map_err(|_| BackupError::Io)?;
    }
    head.extend_from_slice(&u16::try_from(slots.len()).map_err(|_| BackupError::Damaged)?.to_be_bytes());
    head.extend_from_slice(&slots);
    let mut out = create(path)?;
    out.write_all(&head)?;
    pieces::seal(&file_key(key, &head), BufReader::new(File::open(staged::whole(folder))?), &mut out)?;
    Ok(out.sync_all()?)
}

fn verify(path: &Path, key: &Key) -> Result<(), BackupError> {
    let (head, pieces) = open(path)?;
    pieces::open(&file_key(key, &head.bytes), pieces, io::sink())
}

/// A key for one file: its head is part of it.
fn file_key(key: &Key, head: &[u8]) -> Key {
    let mut out = [0; 32];
    // 32 bytes are one block: expansion cannot fail.
    let _ = Hkdf::<Sha256>::new(Some(&Sha256::digest(head)), key.bytes()).expand(b"bulkhead/1 backup", &mut out);
    Key::new(out)
}

struct Head {
    bytes: Vec<u8>,
    slots: Vec<u8>,
}

/// Reads what stands before the pieces. Nothing of it is to be believed until a piece opens.
fn open(path: &Path) -> Result<(Head, BufReader<File>), BackupError> {
    let file = File::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => BackupError::Missing,
        _ => BackupError::Io,
    })?;
    let mut file = BufReader::new(file);
    let mut bytes = Vec::with_capacity(1024);
    take(&mut file, MAGIC.len() + 1, &mut bytes)?;
    let version = bytes.strip_prefix(MAGIC).and_then(<[u8]>::first).copied().ok_or(BackupError::Damaged)?;
    match version {
        VERSION => {}
        newer if newer > VERSION => return Err(BackupError::TooNew),
        _ => return Err(BackupError::Damaged),
    }
    take(&mut file, 1 + RANDOM + 2, &mut bytes)?;
    bytes.get(MAGIC.len() + 1).copied().and_then(Kind::of).ok_or(BackupError::Damaged)?;
    let length = usize::from(bytes.last_chunk().copied().map(u16::from_be_bytes).unwrap_or_default());
    if length > LONGEST {
        return Err(BackupError::Damaged);
    }
    let at = bytes.len();
    take(&mut file, length, &mut bytes)?;
    let slots = bytes.get(at..).unwrap_or_default().to_vec();
    Ok((Head { bytes, slots }, file))
}

/// Exactly so many bytes.
fn take(file: &mut impl Read, length: usize, into: &mut Vec<u8>) -> Result<(), BackupError> {
    let read = file.take(length as u64).read_to_end(into)?;
    if read == length { Ok(()) } else { Err(BackupError::Damaged) }
}

/// Whether a backup waits in a folder without a profile.
pub fn is_waiting(folder: &Path) -> bool {
    !profile::exists(folder) && waiting(folder).exists()
}

/// Puts the key file of the backup that waits into its folder, so that whatever opened the profile on the day of the
/// backup gives its key. There is no profile yet, and the backup stays as it is.
pub fn prepare(folder: &Path) -> Result<(), BackupError> {
    let _lock = Lock::take(folder)?;
    // Even without its key file a store may still be somebody's messages.
    if staged::is_somebodys(folder) {
        return Err(BackupError::Exists);
    }
    let (head, _) = open(&waiting(folder))?;
    profile::check_copy(&head.slots)?;
    Ok(profile::put_copy(folder, &head.slots)?)
}

/// Makes a profile of the backup that waits, all of it or nothing; then the file is removed. The store is marked as
/// one of an older state.
pub fn restore(key: &StoreKey) -> Result<(), BackupError> {
    let folder = key.lock().folder();
    let (head, sealed) = open(&waiting(folder))?;
    let beside = staged::beside(folder);
    // What an attempt left that was interrupted is no part of this one.
    clear(&beside)?;
    let restored = unpack(&head, sealed, &beside, key.key()).and_then(|()| {
        if staged::is_somebodys(folder) {
            return Err(BackupError::Exists);
        }
        std::fs::rename(&beside, staged::whole(folder))?;
        Ok(File::open(folder)?.sync_all()?)
    });
    let _ = clear(&beside);
    restored?;
    // All of it is in the store now; there is nothing newer that it could be needed for.
    let _ = std::fs::remove_file(waiting(folder));
    Ok(())
}

/// Removes a store's files, if there are any.
fn clear(store: &Path) -> io::Result<()> {
    for end in ["", "-wal", "-journal"] {
        let mut left = store.as_os_str().to_owned();
        left.push(end);
        match std::fs::remove_file(left) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn unpack(head: &Head, sealed: impl Read, to: &Path, key: &Key) -> Result<(), BackupError> {
    let mut out = create(to)?;
    pieces::open(&file_key(key, &head.bytes), sealed, &mut out)?;
    out.sync_all()?;
    drop(out);
    staged::adopt(to, key).map_err(|error| match error {
        Error::NotWritable => BackupError::Io,
        Error::TooNew => BackupError::TooNew,
        _ => BackupError::Damaged,
    })
}

#[cfg(test)]
mod tests;
