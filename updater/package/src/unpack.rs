//! From a package to a folder.

use crate::header::{BLOCK, END, Header};
use crate::{Error, MOST_BYTES, MOST_FILES, is_program};
use flate2::bufread::GzDecoder;
use std::collections::BTreeSet;
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Read at once; a package of any length is handled within a few of these.
const PIECE: usize = 64 * 1024;

/// How much a package may hold.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Files.
    pub files: usize,
    /// Bytes of all files.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { files: MOST_FILES, bytes: MOST_BYTES }
    }
}

/// Unpacks into the folder `into`, which must not be there yet. What was written is on the disk when this returns.
///
/// If it fails, a part of the folder may be there: it belongs to nobody and is to be removed.
pub fn unpack(package: impl Read, into: &Path, limits: Limits) -> Result<(), Error> {
    let folder = DirBuilder::new().mode(0o755).create(into);
    folder.map_err(|error| if error.kind() == ErrorKind::AlreadyExists { Error::Exists } else { error.into() })?;
    let mut archive = Archive { packed: GzDecoder::new(BufReader::with_capacity(PIECE, package)), at: 0 };
    let mut folders = BTreeSet::from([into.to_path_buf()]);
    let (mut left, mut last, mut files) = (limits.bytes, String::new(), 0_usize);
    while let Some(header) = archive.header()? {
        files = files.saturating_add(1);
        left = left.checked_sub(header.length).filter(|_| files <= limits.files).ok_or(Error::TooLarge)?;
        // In order, so no name is there twice, and no file is where a folder has to be.
        if header.name <= last {
            return Err(Error::Form(archive.at));
        }
        let path = into.join(&header.name);
        if let Some(parent) = path.parent() {
            make(parent, &mut folders)?;
        }
        let mode = if is_program(&header.name) { 0o755 } else { 0o644 };
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
        archive.content(header.length, &mut file)?;
        file.sync_all()?;
        last = header.name;
    }
    archive.end()?;
    folders.iter().rev().try_for_each(|folder| File::open(folder)?.sync_all())?;
    Ok(())
}

fn make(folder: &Path, made: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    if made.contains(folder) {
        return Ok(());
    }
    if let Some(parent) = folder.parent() {
        make(parent, made)?;
    }
    DirBuilder::new().mode(0o755).create(folder)?;
    made.insert(folder.to_path_buf());
    Ok(())
}

/// The archive inside, and how far it was read.
struct Archive<R> {
    packed: GzDecoder<BufReader<R>>,
    at: u64,
}

impl<R: Read> Archive<R> {
    /// The next file's header; `None` at the archive's end.
    fn header(&mut self) -> Result<Option<Header>, Error> {
        let mut block = [0; BLOCK];
        self.fill(&mut block)?;
        if block != [0; BLOCK] {
            return Header::read(&block).map(Some).ok_or(Error::Form(self.at));
        }
        let mut rest = [0; END - BLOCK];
        self.fill(&mut rest)?;
        if rest == [0; END - BLOCK] { Ok(None) } else { Err(Error::Form(self.at)) }
    }

    fn content(&mut self, length: u64, file: &mut File) -> Result<(), Error> {
        let mut piece = vec![0; PIECE];
        let mut left = length;
        while left > 0 {
            let now = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE);
            let bytes = piece.get_mut(..now).unwrap_or_default();
            self.fill(bytes)?;
            file.write_all(bytes)?;
            left = left.saturating_sub(u64::try_from(now).unwrap_or(u64::MAX));
        }
        let mut padding = [0; BLOCK];
        let padding = padding.get_mut(..Header::padding(length)).unwrap_or_default();
        self.fill(padding)?;
        if padding.iter().all(|byte| *byte == 0) { Ok(()) } else { Err(Error::Form(self.at)) }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.packed.read_exact(bytes).map_err(|error| self.blame(error))?;
        self.at = self.at.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Nothing may follow: neither in the archive, nor after what was compressed.
    fn end(mut self) -> Result<(), Error> {
        let mut more = [0];
        // Reading to the end is also what holds the content against gzip's checksum.
        match self.packed.read(&mut more) {
            Ok(0) => {}
            Ok(_) => return Err(Error::Trailing),
            Err(error) => return Err(self.blame(error)),
        }
        if self.packed.get_mut().fill_buf()?.is_empty() { Ok(()) } else { Err(Error::Trailing) }
    }

    fn blame(&self, error: io::Error) -> Error {
        match error.kind() {
            ErrorKind::UnexpectedEof => Error::Truncated,
            ErrorKind::InvalidInput | ErrorKind::InvalidData => Error::Form(self.at),
            _ => error.into(),
        }
    }
}
