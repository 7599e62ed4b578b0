//! Reads a passphrase from a descriptor, for desktop sessions that keep it for the user.

use bulkhead_vault_core::Passphrase;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use zeroize::Zeroizing;

/// Longest passphrase in bytes.
const LONGEST: usize = 1024;

/// The first line, without its end. Closes the descriptor.
#[allow(unsafe_code)]
pub fn read(descriptor: RawFd) -> io::Result<Passphrase> {
    // SAFETY: the launcher left this descriptor open for us and named it; it is taken over once, here.
    let file = File::from(unsafe { OwnedFd::from_raw_fd(descriptor) });
    let mut bytes = Zeroizing::new(Vec::with_capacity(LONGEST + 1));
    file.take(LONGEST as u64 + 1).read_to_end(&mut bytes)?;
    let line = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).next().unwrap_or_default();
    if line.len() > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the passphrase is longer than 1024 bytes"));
    }
    String::from_utf8(line.to_vec())
        .map(Passphrase::new)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the passphrase is not UTF-8 text"))
}
