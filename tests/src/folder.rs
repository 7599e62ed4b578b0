//! Where the judges find the binaries and leave what they made.

use crate::{Error, system};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Which build of the binaries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Build {
    /// As a user gets it.
    Shipped,
    /// With the vault's window replaced by the control socket.
    Driver,
}

/// The folder that holds the binaries of a build. `BULKHEAD_BINARIES` names another one than `make test` uses.
pub fn binaries(build: Build) -> Result<PathBuf, Error> {
    let root = std::env::var_os("BULKHEAD_BINARIES").map_or_else(|| target().join("binaries"), PathBuf::from);
    let folder = root.join(match build {
        Build::Shipped => "shipped",
        Build::Driver => "driver",
    });
    if folder.join("bulkhead").is_file() { Ok(folder) } else { Err(Error::Binaries(folder.display().to_string())) }
}

/// The workspace's `target` folder.
pub fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../target")
}

/// A folder for pictures that people look at after a run: `target/pictures`.
pub fn pictures() -> Result<PathBuf, Error> {
    let folder = target().join("pictures");
    std::fs::create_dir_all(&folder).map_err(system("making the folder for pictures"))?;
    folder.canonicalize().map_err(system("finding the folder for pictures"))
}

/// A temporary folder that goes away with its value.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes an empty one.
    pub fn new() -> Result<Self, Error> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        loop {
            let name = format!("bulkhead-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
            let path = std::env::temp_dir().join(name);
            match std::fs::create_dir(&path) {
                Ok(()) => return Ok(Self(path)),
                // What a judge left that was killed, before the numbers of processes began anew.
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(system("making a temporary folder")(error)),
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
