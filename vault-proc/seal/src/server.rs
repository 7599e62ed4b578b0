//! What the vault asks, one question at a time.

use crate::tpm::Tpm;
use crate::wire::Device;
use bulkhead_ipc::line::{Buffer, Error, Line};
use bulkhead_ipc::seal::{FromSeal, ToSeal};

/// This process's end of the line.
pub type Vault = Line<FromSeal, ToSeal>;

/// Answers until the vault is gone, or breaks the protocol. Without a TPM that answers it is told nothing.
pub fn serve<D: Device>(vault: &Vault, tpm: &mut Tpm<D>) -> Result<(), Error> {
    let Some(guarded) = tpm.look() else { return Ok(()) };
    vault.send(&FromSeal::Ready { guarded, version: bulkhead_ipc::VERSION })?;
    let mut buffer = Buffer::new();
    loop {
        let asked = match vault.recv(&mut buffer) {
            Err(Error::Closed) => return Ok(()),
            asked => asked?,
        };
        let answer = match &asked {
            ToSeal::Seal { pin, share } => tpm.seal(pin, share).map(FromSeal::Sealed),
            ToSeal::Unseal { pin, object } => tpm.unseal(pin, object).map(FromSeal::Unsealed),
            ToSeal::NewCounter { secret } => tpm.new_counter(secret).map(|(counter, value)| counted(counter, value)),
            ToSeal::Count { secret, counter } => tpm.count(*counter, secret).map(|value| counted(*counter, value)),
            ToSeal::DropCounter(counter) => tpm.drop_counter(*counter).map(|()| FromSeal::Dropped),
        };
        drop(asked);
        vault.send(&answer.unwrap_or_else(FromSeal::Refused))?;
    }
}

const fn counted(counter: u32, value: u64) -> FromSeal {
    FromSeal::Counted { value, counter }
}
