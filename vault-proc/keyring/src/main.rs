//! `bulkhead-keyring`: speaks with the desktop's keyring, for the vault, which speaks with no service of the desktop.
//!
//! The start table: prove the sandbox, take the line and the bus, give up all but reading and writing them, answer.

use bulkhead_ipc::automata::KEEPER;
use bulkhead_ipc::automaton::Side;
use bulkhead_ipc::descriptors::{KEYRING_BUS, KEYRING_LINE};
use bulkhead_ipc::line::{Pair, inherit};
use bulkhead_keyring::bus::Bus;
use bulkhead_keyring::server::{Vault, serve};
use bulkhead_keyring::service::Secrets;
use bulkhead_rules::{Process, require_sandbox, steady};
use std::error::Error;
use std::fs::File;
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;

/// How long the bus may be silent where it owes an answer: as long as D-Bus libraries usually wait.
const PATIENCE: Duration = Duration::from_secs(25);

fn main() -> ExitCode {
    require_sandbox();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bulkhead-keyring: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let vault: Vault = Pair::new(&KEEPER, Side::Peer).line(inherit(KEYRING_LINE)?);
    let bus = bus()?;
    steady(Process::Keyring)?;
    let mut bus = Bus::greet(bus)?;
    // A desktop without a keyring is none that anything is wrong with: the vault knows by the end of the line.
    if !bus.has_secrets()? {
        return Ok(());
    }
    Ok(serve(&vault, &mut Secrets(bus))?)
}

/// Read and written as a file: two kernel calls, which the rules bind to this one descriptor.
#[allow(unsafe_code)]
fn bus() -> std::io::Result<File> {
    // SAFETY: the launcher connected the bus and left it open under this number; it is taken over once, here.
    let socket = UnixStream::from(unsafe { OwnedFd::from_raw_fd(KEYRING_BUS) });
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(OwnedFd::from(socket).into())
}
