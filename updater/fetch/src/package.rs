//! A package: streamed to a file, resumed where it stopped, never longer than it was signed.

use crate::Trouble;
use crate::http::{Ask, encoded};
use crate::mirrors::Mirrors;
use crate::pace::Rate;
use bulkhead_trust::Digest;
use sha2::{Digest as _, Sha256};
use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// What is wanted, as it was signed.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// Its path below a mirror's address, not encoded.
    pub path: &'a str,
    /// Its length in bytes.
    pub length: u64,
    /// Its digest.
    pub sha256: Digest,
}

/// Fetches `wanted` into `file`, which may hold a part of it. `progress` hears how many bytes are there.
///
/// Whatever happens, the file is never longer than `wanted.length`, and if the answer is `Ok`, it is `wanted`.
pub async fn fetch(
    mirrors: &Mirrors,
    wanted: Wanted<'_>,
    file: &Path,
    mut progress: impl FnMut(u64),
) -> Result<(), Trouble> {
    let mut part = Part::open(file, wanted.length)?;
    let mut least = mirrors.patience().wanted;
    // Once parts of several mirrors made something wrong, each mirror has to serve all of it.
    let mut whole = false;
    loop {
        if part.length == wanted.length && part.digest() == wanted.sha256 {
            return part.file.sync_all().map_err(|_| Trouble::Storage);
        }
        if part.length == wanted.length {
            // It was there before, and nobody can be blamed.
            part.restart()?;
        }
        let (mut slow, mut last) = (false, Trouble::Missing);
        for index in mirrors.best() {
            if whole {
                part.restart()?;
            }
            let own = part.length == 0;
            let result = stream(mirrors, index, wanted, least, &mut part, &mut progress).await;
            match result {
                Ok(rate) if part.digest() == wanted.sha256 => {
                    mirrors.served(index, rate);
                    return part.file.sync_all().map_err(|_| Trouble::Storage);
                }
                Ok(_) => {
                    // Only a mirror that served all of it is known to be wrong.
                    mirrors.failed(index, own);
                    last = Trouble::Wrong;
                    whole = true;
                    part.restart()?;
                }
                Err(trouble @ (Trouble::Budget | Trouble::Storage)) => return Err(trouble),
                Err(trouble) => {
                    mirrors.failed(index, false);
                    slow |= trouble == Trouble::Slow;
                    last = trouble;
                }
            }
        }
        match mirrors.patience().slower(least) {
            Some(slower) if slow => least = slower,
            _ if last == Trouble::Truncated && !whole && part.grew() => {}
            _ if last == Trouble::Wrong && whole && part.retry() => {}
            _ => return Err(last),
        }
    }
}

async fn stream(
    mirrors: &Mirrors,
    index: usize,
    wanted: Wanted<'_>,
    least: Rate,
    part: &mut Part,
    progress: &mut impl FnMut(u64),
) -> Result<Rate, Trouble> {
    let (path, from) = (encoded(wanted.path), part.length);
    let most = wanted.length.saturating_sub(from);
    let ask = Ask { path: &path, from, most, pace: (mirrors.patience().window, least) };
    let mut answer = mirrors.ask(index, ask).await?;
    if answer.from < part.length {
        part.restart()?;
    }
    while let Some(piece) = answer.next().await? {
        mirrors.spend(piece.len())?;
        part.add(&piece)?;
        progress(part.length);
    }
    if part.length == wanted.length { Ok(answer.rate()) } else { Err(Trouble::Truncated) }
}

/// The file so far, and the digest of it.
struct Part {
    file: File,
    length: u64,
    hash: Sha256,
    /// The length when it was last asked whether it grew.
    before: u64,
    retried: bool,
}

impl Part {
    fn open(path: &Path, most: u64) -> Result<Self, Trouble> {
        let open = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let mut file = open.map_err(|_| Trouble::Storage)?;
        let (mut hash, mut length) = (Sha256::new(), 0_u64);
        let mut piece = vec![0; 64 * 1024];
        loop {
            let read = file.read(&mut piece).map_err(|_| Trouble::Storage)?;
            let Some(bytes @ [_, ..]) = piece.get(..read) else { break };
            hash.update(bytes);
            length = length.saturating_add(u64::try_from(read).unwrap_or(u64::MAX));
            if length > most {
                break;
            }
        }
        let mut part = Self { file, length, hash, before: 0, retried: false };
        if length > most {
            part.restart()?;
        }
        Ok(part)
    }

    fn add(&mut self, piece: &[u8]) -> Result<(), Trouble> {
        self.file.write_all(piece).map_err(|_| Trouble::Storage)?;
        self.hash.update(piece);
        self.length = self.length.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    fn restart(&mut self) -> Result<(), Trouble> {
        self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0))).map_err(|_| Trouble::Storage)?;
        (self.length, self.hash) = (0, Sha256::new());
        Ok(())
    }

    fn digest(&self) -> Digest {
        Digest(self.hash.clone().finalize().into())
    }

    /// Whether a round brought anything: then another one is worth it.
    fn grew(&mut self) -> bool {
        self.length > std::mem::replace(&mut self.before, self.length)
    }

    /// Whether to try once more, each mirror alone.
    fn retry(&mut self) -> bool {
        !std::mem::replace(&mut self.retried, true)
    }
}
