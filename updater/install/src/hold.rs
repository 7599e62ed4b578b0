//! Who may change the installation, and which releases are in use: several people, or one with several profiles, can run one
//! installation at the same time.

use crate::{Error, Installation, disk};
use nix::fcntl::{Flock, FlockArg};
use std::fs::File;
use std::path::Path;

/// As long as it lives, nobody else has the same; the kernel ends it with its process.
#[derive(Debug)]
pub struct Hold {
    _lock: Flock<File>,
}

impl Installation {
    /// The right to change the installation; `None` while another launcher has it.
    pub fn lock(&self) -> Result<Option<Hold>, Error> {
        let path = self.path("lock");
        if !path.exists() {
            disk::replace(&path, b"")?;
        }
        take(&path, FlockArg::LockExclusiveNonblock)
    }

    /// Keeps a release from being removed.
    pub fn hold(&self, number: u64) -> Result<Option<Hold>, Error> {
        take(&self.release(number), FlockArg::LockSharedNonblock)
    }

    /// Whether some launcher still runs a release.
    pub(crate) fn is_held(&self, number: u64) -> bool {
        !matches!(take(&self.release(number), FlockArg::LockExclusiveNonblock), Ok(Some(_)))
    }
}

fn take(path: &Path, how: FlockArg) -> Result<Option<Hold>, Error> {
    let file = File::open(path).map_err(|error| Error::Io(path.to_owned(), error))?;
    match Flock::lock(file, how) {
        Ok(lock) => Ok(Some(Hold { _lock: lock })),
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, error)) => Err(Error::Io(path.to_owned(), error.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_launcher_changes_and_many_hold() {
        let root = std::env::temp_dir().join(format!("bulkhead-hold-{}", std::process::id()));
        let installation = Installation::at(&root);
        disk::make(&installation.release(3)).unwrap();
        let first = installation.lock().unwrap();
        assert!(first.is_some() && installation.lock().unwrap().is_none());
        drop(first);
        assert!(installation.lock().unwrap().is_some());
        assert!(!installation.is_held(3));
        let (one, other) = (installation.hold(3).unwrap(), installation.hold(3).unwrap());
        assert!(one.is_some() && other.is_some() && installation.is_held(3));
        drop(one);
        assert!(installation.is_held(3));
        drop(other);
        assert!(!installation.is_held(3));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
