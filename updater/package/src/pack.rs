//! From a folder to a package.

use crate::header::{BLOCK, END, Header};
use crate::{Error, LONGEST, MOST_BYTES, MOST_FILES, is_name};
use flate2::{Compression, GzBuilder};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

/// The folders that a release is made of.
const TOPS: [&str; 3] = ["bin", "rules", "metadata"];

/// Writes the package of `folder`. The same files give the same bytes, wherever and whenever they lie there; owners,
/// times and modes of the files do not matter.
pub fn pack(folder: &Path, into: impl Write) -> Result<(), Error> {
    let mut files = BTreeMap::new();
    for top in TOPS {
        list(&folder.join(top), top, &mut files)?;
    }
    // No name, no time, and an operating system that is not said.
    let bounded = Bounded { into, left: LONGEST };
    let mut packed = GzBuilder::new().mtime(0).operating_system(255).write(bounded, Compression::default());
    let mut left = MOST_BYTES;
    for (name, path) in files {
        let file = File::open(path)?;
        let length = file.metadata()?.len();
        left = left.checked_sub(length).ok_or(Error::TooLarge)?;
        let header = Header { name, length };
        packed.write_all(&header.write().ok_or_else(|| Error::Name(header.name.clone()))?)?;
        if io::copy(&mut file.take(length), &mut packed)? != length {
            return Err(Error::Truncated);
        }
        packed.write_all([0; BLOCK].get(..Header::padding(length)).unwrap_or_default())?;
    }
    packed.write_all(&[0; END])?;
    packed.finish()?.into.flush()?;
    Ok(())
}

fn list(folder: &Path, name: &str, files: &mut BTreeMap<String, PathBuf>) -> Result<(), Error> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let inner = format!("{name}/{}", entry.file_name().to_str().unwrap_or("?"));
        let kind = entry.file_type()?;
        if kind.is_dir() {
            list(&entry.path(), &inner, files)?;
        } else if !kind.is_file() {
            return Err(Error::Kind(inner));
        } else if !is_name(&inner) {
            return Err(Error::Name(inner));
        } else {
            files.insert(inner, entry.path());
        }
        if files.len() > MOST_FILES {
            return Err(Error::TooLarge);
        }
    }
    Ok(())
}

/// Takes so many bytes and no more.
struct Bounded<W> {
    into: W,
    left: u64,
}

impl<W: Write> Write for Bounded<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(length).ok_or_else(|| io::Error::other("the package would be too long"))?;
        self.into.write_all(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.into.flush()
    }
}
