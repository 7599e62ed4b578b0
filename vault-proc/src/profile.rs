//! From passphrase to store key.
//!
//! `profile.key` holds a random store key, wrapped under a key that Argon2id makes of the passphrase. So the
//! passphrase can change without writing the store anew, and the cost can be raised with a later version. A
//! lock on `profile.lock` keeps a second program from the profile: two ratchets on one session would betray keys.

use argon2::{Algorithm, Argon2, Params, Version};
use bulkhead_vault_core::{Key, Passphrase};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Fewest characters in a new passphrase.
pub const MIN_PASSPHRASE: usize = 8;

const MAGIC: &[u8; 8] = b"bulkhead";
const VERSION: u8 = 1;
/// Memory in KiB, passes, lanes: RFC 9106's second recommendation, with one lane as the sandbox grants one thread.
const COST: [u32; 3] = [64 * 1024, 3, 1];
/// Magic, version, cost, salt: what the wrapped key is bound to.
const HEAD: usize = 8 + 1 + 12 + 16;
/// The whole file: head, nonce, wrapped key.
const LENGTH: usize = HEAD + 24 + 48;

/// Why a profile cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// Not the passphrase.
    #[error("the passphrase is wrong: try again")]
    Wrong,
    /// From a newer version.
    #[error("the profile was written by a newer version: install that version or a later one")]
    TooNew,
    /// Not what this program wrote.
    #[error("the profile's key file is damaged: restore it from a backup")]
    Damaged,
    /// The folder cannot be read or written.
    #[error("the profile's folder cannot be used: check its owner, its rights and the disk's free space")]
    Io,
    /// Another program has it open.
    #[error("another copy of the program uses this profile: close it, or choose another with --profile")]
    InUse,
}

/// The store's key, and the lock on the profile, which lasts as long as the key or the store made with it.
pub struct StoreKey {
    pub(crate) key: Key,
    pub(crate) lock: Arc<Lock>,
}

impl StoreKey {
    /// The key.
    pub const fn key(&self) -> &Key {
        &self.key
    }
}

/// Whoever has it has the profile.
pub struct Lock(#[allow(dead_code)] File);

fn key_file(folder: &Path) -> PathBuf {
    folder.join("profile.key")
}

/// Whether there is a profile in the folder. One whose creation was interrupted does not count.
pub fn exists(folder: &Path) -> bool {
    key_file(folder).exists() && crate::store::exists(folder)
}

/// Takes the profile's lock.
pub(crate) fn lock(folder: &Path) -> Result<Arc<Lock>, ProfileError> {
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(folder.join("profile.lock"));
    let file = file.map_err(|_| ProfileError::Io)?;
    // The whole file, for as long as it is open; a kernel call fewer than with `flock`, as SQLCipher locks so too.
    let whole = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    match fcntl(&file, FcntlArg::F_OFD_SETLK(&whole)) {
        Ok(_) => Ok(Arc::new(Lock(file))),
        Err(Errno::EAGAIN | Errno::EACCES) => Err(ProfileError::InUse),
        Err(_) => Err(ProfileError::Io),
    }
}

/// Makes a profile's key. The store is made with it afterwards.
pub fn create(folder: &Path, passphrase: &Passphrase) -> Result<StoreKey, ProfileError> {
    let lock = lock(folder)?;
    if exists(folder) {
        return Err(ProfileError::Io);
    }
    let (mut secret, mut random) = (Zeroizing::new([0; 32]), [0; 16 + 24]);
    getrandom::fill(&mut *secret).and_then(|()| getrandom::fill(&mut random)).map_err(|_| ProfileError::Io)?;
    let (salt, nonce) = random.split_at(16);
    let mut file = Vec::with_capacity(LENGTH);
    file.extend_from_slice(MAGIC);
    file.push(VERSION);
    COST.iter().for_each(|n| file.extend_from_slice(&n.to_be_bytes()));
    file.extend_from_slice(salt);
    let cipher = cipher(passphrase, salt, COST)?;
    let wrapped = cipher.encrypt(XNonce::from_slice(nonce), Payload { msg: &*secret, aad: &file });
    file.extend_from_slice(nonce);
    file.extend_from_slice(&wrapped.map_err(|_| ProfileError::Damaged)?);
    write(folder, &file).map_err(|_| ProfileError::Io)?;
    Ok(StoreKey { key: Key::new(*secret), lock })
}

/// Opens a profile's key with the passphrase.
pub fn unlock(folder: &Path, passphrase: &Passphrase) -> Result<StoreKey, ProfileError> {
    let lock = lock(folder)?;
    let file = read(folder)?;
    let (head, rest) = file.split_at_checked(HEAD).ok_or(ProfileError::Damaged)?;
    if !head.starts_with(MAGIC) {
        return Err(ProfileError::Damaged);
    }
    match head.get(8) {
        Some(&VERSION) => {}
        Some(&version) if version > VERSION => return Err(ProfileError::TooNew),
        _ => return Err(ProfileError::Damaged),
    }
    if file.len() != LENGTH {
        return Err(ProfileError::Damaged);
    }
    let number = |at: usize| head.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
    let cost = [number(9), number(13), number(17)].map(Option::unwrap_or_default);
    // The file is not authentic until the key is unwrapped: a made-up cost must not exhaust the machine.
    let [memory, passes, lanes] = cost;
    if !(8 * 1024..=1024 * 1024).contains(&memory) || !(1..=64).contains(&passes) || !(1..=8).contains(&lanes) {
        return Err(ProfileError::Damaged);
    }
    let salt = head.get(21..HEAD).ok_or(ProfileError::Damaged)?;
    let (nonce, wrapped) = rest.split_at_checked(24).ok_or(ProfileError::Damaged)?;
    let cipher = cipher(passphrase, salt, cost)?;
    let secret = cipher.decrypt(XNonce::from_slice(nonce), Payload { msg: wrapped, aad: head });
    let secret = Zeroizing::new(secret.map_err(|_| ProfileError::Wrong)?);
    Ok(StoreKey { key: Key::from_slice(&secret).ok_or(ProfileError::Damaged)?, lock })
}

fn cipher(
    passphrase: &Passphrase,
    salt: &[u8],
    [memory, passes, lanes]: [u32; 3],
) -> Result<XChaCha20Poly1305, ProfileError> {
    let cost = Params::new(memory, passes, lanes, Some(32)).map_err(|_| ProfileError::Damaged)?;
    let mut key = Zeroizing::new([0; 32]);
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, cost);
    argon.hash_password_into(passphrase.bytes(), salt, &mut *key).map_err(|_| ProfileError::Damaged)?;
    Ok(XChaCha20Poly1305::new((&*key).into()))
}

fn read(folder: &Path) -> Result<Vec<u8>, ProfileError> {
    let mut bytes = Vec::new();
    let file = File::open(key_file(folder)).map_err(|error| match error.kind() {
        ErrorKind::NotFound => ProfileError::Damaged,
        _ => ProfileError::Io,
    })?;
    // One byte more than belongs there shows that it is not ours; no more is ever read.
    file.take(LENGTH as u64 + 1).read_to_end(&mut bytes).map_err(|_| ProfileError::Io)?;
    Ok(bytes)
}

/// Whole or not at all, also if the power fails: written beside, made durable, renamed, the name made durable.
fn write(folder: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = folder.join("profile.key.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&beside, key_file(folder))?;
    File::open(folder)?.sync_all()
}

#[cfg(test)]
pub(crate) mod tests;
