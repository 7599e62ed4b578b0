//! A damaged store's pages, each read by itself.
//!
//! SQLCipher encrypts and authenticates every page for itself (AES-256-CBC, then HMAC-SHA-256 over ciphertext, vector
//! and page number; <https://www.zetetic.net/sqlcipher/design/>). So whatever authenticates is exactly what was
//! written, and what does not is not used.

use super::PAGE;
use super::wal::Wal;
use aes::cipher::block_padding::NoPadding;
use aes::cipher::{BlockDecryptMut, KeyIvInit};
use bulkhead_vault_core::Key;
use hmac::{Hmac, Mac};
use sha2::{Sha256, Sha512};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use zeroize::Zeroizing;

/// Initialisation vector and authentication code at the end of a page.
const RESERVED: usize = 16 + 32;
/// What of a page is encrypted.
const SEALED: usize = PAGE - RESERVED;
/// What SQLite leaves free at a page's end in stores of this program: room for SQLCipher's longest code, as the
/// shorter one is chosen after that, and SQLite never takes room back.
const FREE: usize = 80;
/// The salt stands where SQLite's name would.
const SALT: usize = 16;

/// All pages of a store and its log.
pub struct Pages {
    main: File,
    log: Option<File>,
    /// How many there are.
    pub count: u32,
    /// Where the newest state of a page is in the log.
    newest: BTreeMap<u32, u64>,
    /// What of a page SQLite uses.
    pub usable: usize,
    key: Zeroizing<[u8; 32]>,
    code: Zeroizing<[u8; 32]>,
    /// Which could not be read.
    pub lost: BTreeSet<u32>,
    /// A part of the log is lost, and nobody knows of which page it was: any page may be an older one.
    pub doubtful: bool,
}

impl Pages {
    /// Opens a store's files. `None` if not one page of it authenticates.
    pub fn open(store: &Path, log: &Path, key: &Key) -> std::io::Result<Option<Self>> {
        let main = File::open(store)?;
        let wal = Wal::read(log)?;
        let length = u32::try_from(main.metadata()?.len().div_ceil(PAGE as u64)).unwrap_or(u32::MAX);
        let mut pages = Self {
            main,
            log: if wal.frames.is_empty() { None } else { Some(File::open(log)?) },
            count: length,
            newest: BTreeMap::new(),
            usable: PAGE - FREE,
            key: Zeroizing::new([0; 32]),
            code: Zeroizing::new([0; 32]),
            lost: BTreeSet::new(),
            doubtful: wal.short,
        };
        pages.key.copy_from_slice(key.bytes());
        for frame in &wal.frames {
            if frame.whole {
                pages.newest.insert(frame.page, frame.at);
                pages.count = pages.count.max(frame.page);
            } else {
                pages.doubtful = true;
            }
        }
        if !pages.find_salt()? {
            return Ok(None);
        }
        // Where a frame is damaged, its page's number may be what is wrong with it.
        for frame in wal.frames.iter().filter(|frame| frame.whole && !frame.chained) {
            let authentic = pages.log_page(frame.at)?.is_some_and(|bytes| pages.authentic(frame.page, &bytes));
            pages.doubtful |= !authentic;
        }
        // The first page says so itself, if it can be read.
        if let Some(free) = pages.read(1)?.and_then(|first| first.get(20).copied()) {
            pages.usable = PAGE - usize::from(free).max(RESERVED);
        }
        Ok(Some(pages))
    }

    fn log_page(&self, at: u64) -> std::io::Result<Option<Vec<u8>>> {
        let mut bytes = vec![0; PAGE];
        match self.log.as_ref().map(|log| log.read_exact_at(&mut bytes, at)) {
            Some(Ok(())) => Ok(Some(bytes)),
            Some(Err(error)) if error.raw_os_error() != Some(nix::libc::EIO) => Err(error),
            _ => Ok(None),
        }
    }

    /// The salt makes the key of all authentication codes. It is the store's first bytes, and those of each state of
    /// the first page in the log; one bit that is not what it was is found by trying.
    fn find_salt(&mut self) -> std::io::Result<bool> {
        let mut salts = Vec::new();
        let mut salt = [0; SALT];
        if self.main.read_exact_at(&mut salt, 0).is_ok() {
            salts.push(salt);
            for bit in 0..SALT * 8 {
                let mut flipped = salt;
                if let Some(byte) = flipped.get_mut(bit / 8) {
                    *byte ^= 1 << (bit % 8);
                }
                salts.push(flipped);
            }
        }
        if let (Some(log), Some(at)) = (&self.log, self.newest.get(&1))
            && log.read_exact_at(&mut salt, *at).is_ok()
        {
            salts.insert(0, salt);
        }
        // A few pages from different places: whoever lost all of these has lost more than a salt can give back.
        let places = [2, 3, 5, self.count / 3, self.count / 2, self.count];
        let mut samples = Vec::new();
        for page in places.into_iter().filter(|page| *page > 1) {
            samples.extend(self.raw(page)?.map(|bytes| (page, bytes)));
        }
        for salt in salts {
            self.code = code(&self.key, &salt);
            if samples.iter().any(|(page, bytes)| self.authentic(*page, bytes)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A page as it is on the disk; `None` beyond the end.
    fn raw(&self, page: u32) -> std::io::Result<Option<Vec<u8>>> {
        let mut bytes = vec![0; PAGE];
        let read = match (self.newest.get(&page), &self.log) {
            (Some(at), Some(log)) => log.read_exact_at(&mut bytes, *at),
            _ => self.main.read_exact_at(&mut bytes, u64::from(page.saturating_sub(1)) * PAGE as u64),
        };
        match read {
            Ok(()) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
            // A sector that the disk cannot read is lost like one with other bytes in it.
            Err(error) if error.raw_os_error() == Some(nix::libc::EIO) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn authentic(&self, page: u32, bytes: &[u8]) -> bool {
        let start = if page == 1 { SALT } else { 0 };
        let (Some(covered), Some(kept)) = (bytes.get(start..PAGE - 32), bytes.get(PAGE - 32..)) else { return false };
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&*self.code) else { return false };
        mac.update(covered);
        mac.update(&page.to_le_bytes());
        mac.verify_slice(kept).is_ok()
    }

    /// A page's plaintext; `None`, and noted, if it cannot be read.
    pub fn read(&mut self, page: u32) -> std::io::Result<Option<Zeroizing<Vec<u8>>>> {
        let raw = self.raw(page)?.filter(|bytes| self.authentic(page, bytes));
        let plain = raw.and_then(|bytes| self.decrypt(page, bytes));
        if plain.is_none() {
            self.lost.insert(page);
        }
        Ok(plain)
    }

    fn decrypt(&self, page: u32, mut bytes: Vec<u8>) -> Option<Zeroizing<Vec<u8>>> {
        let vector: [u8; 16] = *bytes.get(SEALED..)?.first_chunk()?;
        let start = if page == 1 { SALT } else { 0 };
        let cipher = cbc::Decryptor::<aes::Aes256>::new((&*self.key).into(), &vector.into());
        cipher.decrypt_padded_mut::<NoPadding>(bytes.get_mut(start..SEALED)?).ok()?;
        bytes.truncate(self.usable);
        Some(Zeroizing::new(bytes))
    }
}

/// The key of the authentication codes: PBKDF2-HMAC-SHA-512, two rounds, with SQLCipher's mask over the salt.
fn code(key: &[u8; 32], salt: &[u8; SALT]) -> Zeroizing<[u8; 32]> {
    let round = |bytes: &[&[u8]]| {
        let mut out = Zeroizing::new([0; 64]);
        if let Ok(mut mac) = Hmac::<Sha512>::new_from_slice(key) {
            bytes.iter().for_each(|part| mac.update(part));
            out.copy_from_slice(&mac.finalize().into_bytes());
        }
        out
    };
    let masked = salt.map(|byte| byte ^ 0x3a);
    let first = round(&[&masked, &1u32.to_be_bytes()]);
    let second = round(&[&*first]);
    let mut code = Zeroizing::new([0; 32]);
    for ((out, a), b) in code.iter_mut().zip(first.iter()).zip(second.iter()) {
        *out = a ^ b;
    }
    code
}
