//! The file that people download: how it is written, and read as a stranger's.

use crate::Error;
use bulkhead_package::header::{BLOCK, END, block, claimed, padding};
use bulkhead_staging::Staged;
use bulkhead_trust::read::{MOST_ROOTS, longest};
use bulkhead_trust::{Digest, Party, PerParty, Role, links};
use sha2::{Digest as _, Sha256};
use std::io::{self, Read, Write};

/// The program that installs, outside and inside the package.
pub const INSTALLER: &str = "bulkhead-install";
/// The release.
pub const PACKAGE: &str = "package";
/// The longest installer, in bytes.
const LONGEST_INSTALLER: u64 = 64 * 1024 * 1024;
/// All links of a party, in bytes, as in the staging folder.
const LONGEST_LINKS: u64 = 128 * 1024 * 1024;
/// Read at once.
const PIECE: usize = 64 * 1024;

/// The file, read up to its package.
pub struct Bundle<R> {
    archive: Archive<R>,
    /// The digest of the installer in it.
    pub installer: Digest,
    /// What the parties publish: [`Staged::trusted`] is the first root.
    pub parties: PerParty<Staged>,
    /// The package's length in bytes, as the file claims it.
    pub length: u64,
}

impl<R: Read> Bundle<R> {
    /// Reads what comes before the package. Nothing in it is trusted.
    pub fn read(from: R) -> Result<Self, Error> {
        let mut archive = Archive { from, at: 0, sum: Sha256::new() };
        let length = archive.expect(INSTALLER, LONGEST_INSTALLER)?;
        let installer = archive.content(length, &mut io::sink())?;
        let parties = PerParty::try_make(|party| archive.party(party))?;
        let length = archive.expect(PACKAGE, bulkhead_package::LONGEST)?;
        Ok(Self { archive, installer, parties, length })
    }

    /// Copies the package, and sees that nothing comes after it. The answers are the package's digest and the whole file's.
    pub fn package(mut self, into: &mut impl Write) -> Result<(Digest, Digest), Error> {
        let digest = self.archive.content(self.length, into)?;
        Ok((digest, self.archive.end()?))
    }
}

/// Writes the file. `installer` is the program of that name in the package, which is of `length` bytes.
pub fn write(
    into: &mut impl Write,
    installer: &[u8],
    parties: &PerParty<Staged>,
    (package, length): (&mut impl Read, u64),
) -> io::Result<()> {
    file(into, INSTALLER, installer)?;
    for (party, staged) in parties.iter() {
        let mut put = |name: &str, bytes: &[u8]| file(into, &format!("{}/{name}", party.name()), bytes);
        for (version, root) in (1_u64..).zip(std::iter::once(&staged.trusted).chain(&staged.roots)) {
            put(&format!("{version}.root.json"), root)?;
        }
        let mut all = Vec::new();
        staged.links.iter().for_each(|link| links::append(&mut all, link));
        put("links", &all)?;
        put("targets.json", &staged.targets)?;
        put("snapshot.json", &staged.snapshot)?;
        put("timestamp.json", &staged.timestamp)?;
    }
    head(into, PACKAGE, length)?;
    if io::copy(&mut package.take(length), into)? != length {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    fill(into, length)?;
    into.write_all(&[0; END])
}

fn file(into: &mut impl Write, name: &str, bytes: &[u8]) -> io::Result<()> {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    head(into, name, length)?;
    into.write_all(bytes)?;
    fill(into, length)
}

fn head(into: &mut impl Write, name: &str, length: u64) -> io::Result<()> {
    into.write_all(&block(name, length, name == INSTALLER).ok_or(io::ErrorKind::InvalidInput)?)
}

fn fill(into: &mut impl Write, length: u64) -> io::Result<()> {
    into.write_all([0; BLOCK].get(..padding(length)).unwrap_or_default())
}

/// The archive, and how far it was read.
struct Archive<R> {
    from: R,
    at: u64,
    sum: Sha256,
}

impl<R: Read> Archive<R> {
    fn wrong(&self, what: impl Into<String>) -> Error {
        Error::Form { at: self.at, what: what.into() }
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.from.read_exact(bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => self.wrong("it ends too early"),
            _ => Error::Io("the downloaded file".into(), error),
        })?;
        self.sum.update(&*bytes);
        self.at = self.at.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// The next file's name and length.
    fn header(&mut self) -> Result<(String, u64), Error> {
        let (at, mut head) = (self.at, [0; BLOCK]);
        self.fill(&mut head)?;
        let found = claimed(&head).filter(|(name, length)| block(name, *length, name == INSTALLER) == Some(head));
        found.ok_or_else(|| Error::Form { at, what: "a file's header is not written as it should be".into() })
    }

    /// The header of the file of this name, which has at most `most` bytes.
    fn expect(&mut self, name: &str, most: u64) -> Result<u64, Error> {
        let (at, (found, length)) = (self.at, self.header()?);
        if found != name {
            return Err(Error::Form { at, what: format!("`{name}` should be here") });
        }
        self.bounded(name, length, most)
    }

    fn bounded(&self, name: &str, length: u64, most: u64) -> Result<u64, Error> {
        if length <= most {
            return Ok(length);
        }
        Err(self.wrong(format!("`{name}` has {length} bytes, and can have {most} at most")))
    }

    /// Copies a file's content; its digest.
    fn content(&mut self, length: u64, into: &mut impl Write) -> Result<Digest, Error> {
        let (mut piece, mut left, mut sum) = (vec![0; PIECE], length, Sha256::new());
        while left > 0 {
            let now = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE);
            let bytes = piece.get_mut(..now).unwrap_or_default();
            self.fill(bytes)?;
            sum.update(&*bytes);
            into.write_all(bytes).map_err(|error| Error::Disk(bulkhead_install::Error::Io(PACKAGE.into(), error)))?;
            left = left.saturating_sub(u64::try_from(now).unwrap_or(u64::MAX));
        }
        let mut rest = [0; BLOCK];
        let rest = rest.get_mut(..padding(length)).unwrap_or_default();
        let at = self.at;
        self.fill(rest)?;
        if rest.iter().any(|byte| *byte != 0) {
            return Err(Error::Form { at, what: "there is something between two files".into() });
        }
        Ok(Digest(sum.finalize().into()))
    }

    fn small(&mut self, name: &str, most: u64) -> Result<Vec<u8>, Error> {
        let length = self.expect(name, most)?;
        self.rest(length)
    }

    fn rest(&mut self, length: u64) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        self.content(length, &mut bytes)?;
        Ok(bytes)
    }

    /// A party's files.
    fn party(&mut self, party: Party) -> Result<Staged, Error> {
        let named = |name: &str| format!("{}/{name}", party.name());
        let most = |role| u64::try_from(longest(role)).unwrap_or(u64::MAX);
        let trusted = self.small(&named("1.root.json"), most(Role::Root))?;
        let mut roots = Vec::new();
        let length = loop {
            let (at, (found, length)) = (self.at, self.header()?);
            let next = named(&format!("{}.root.json", roots.len().saturating_add(2)));
            if found == named("links") {
                break self.bounded(&found, length, LONGEST_LINKS)?;
            }
            if found != next || roots.len() >= MOST_ROOTS {
                return Err(Error::Form { at, what: format!("`{next}` or `{}` should be here", named("links")) });
            }
            let length = self.bounded(&found, length, most(Role::Root))?;
            roots.push(self.rest(length)?);
        };
        let links = links::entries(&self.rest(length)?);
        let links = links.ok_or_else(|| self.wrong(format!("`{}` is not a list of links", named("links"))))?;
        Ok(Staged {
            trusted,
            roots,
            links,
            targets: self.small(&named("targets.json"), most(Role::Targets))?,
            snapshot: self.small(&named("snapshot.json"), most(Role::Snapshot))?,
            timestamp: self.small(&named("timestamp.json"), most(Role::Timestamp))?,
        })
    }

    /// The end of the archive and of the file; the digest of all of it.
    fn end(mut self) -> Result<Digest, Error> {
        let (at, mut end) = (self.at, [0; END]);
        self.fill(&mut end)?;
        if end != [0; END] {
            return Err(Error::Form { at, what: "it goes on after the package".into() });
        }
        let more = self.from.read(&mut [0]).map_err(|error| Error::Io("the downloaded file".into(), error))?;
        if more > 0 {
            return Err(self.wrong("it goes on after its end"));
        }
        Ok(Digest(self.sum.finalize().into()))
    }
}
