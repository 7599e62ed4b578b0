//! Opens the machine's TPM, for the one process that speaks with it. Nothing is written or read here.

use nix::libc::O_NOCTTY;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;

/// The kernel's first TPM, behind its own resource manager: other programs use it at the same time.
pub const FIRST: &str = "/dev/tpmrm0";

/// Opens a TPM: a device, or the socket of a TPM in software.
///
/// Whoever may choose the path could as well start another program in the launcher's place.
pub fn open(path: &Path) -> io::Result<OwnedFd> {
    let kind = std::fs::metadata(path)?.file_type();
    if kind.is_socket() {
        return UnixStream::connect(path).map(Into::into);
    }
    if !kind.is_char_device() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no device"));
    }
    OpenOptions::new().read(true).write(true).custom_flags(O_NOCTTY).open(path).map(Into::into)
}
