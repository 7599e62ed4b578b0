//! `bulkhead-seal`: speaks with the machine's TPM, for the vault, which may open no device.
//!
//! The start table: prove the sandbox, take the line and the TPM, give up all but reading and writing them, answer.

use bulkhead_ipc::automata::SEALER;
use bulkhead_ipc::automaton::Side;
use bulkhead_ipc::descriptors::{SEAL_LINE, SEAL_TPM};
use bulkhead_ipc::line::{Pair, inherit};
use bulkhead_rules::{Process, require_sandbox, steady};
use bulkhead_seal::server::{Vault, serve};
use bulkhead_seal::tpm::Tpm;
use std::error::Error;
use std::fs::File;
use std::os::fd::{FromRawFd, OwnedFd};
use std::process::ExitCode;

fn main() -> ExitCode {
    require_sandbox();
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bulkhead-seal: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let vault: Vault = Pair::new(&SEALER, Side::Peer).line(inherit(SEAL_LINE)?);
    let mut tpm = Tpm(tpm());
    steady(Process::Seal)?;
    Ok(serve(&vault, &mut tpm)?)
}

#[allow(unsafe_code)]
fn tpm() -> File {
    // SAFETY: the launcher opened the TPM and left it open under this number; it is taken over once, here.
    unsafe { OwnedFd::from_raw_fd(SEAL_TPM) }.into()
}
