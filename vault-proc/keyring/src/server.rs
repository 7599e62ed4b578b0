//! What the vault asks, one question at a time.

use crate::service::Secrets;
use bulkhead_ipc::keyring::{FromKeyring, ToKeyring};
use bulkhead_ipc::line::{Buffer, Error, Line};
use std::io::{Read, Write};

/// This process's end of the line.
pub type Vault = Line<FromKeyring, ToKeyring>;

/// Answers until the vault is gone, or breaks the protocol.
pub fn serve<S: Read + Write>(vault: &Vault, secrets: &mut Secrets<S>) -> Result<(), Error> {
    vault.send(&FromKeyring::Ready { version: bulkhead_ipc::VERSION })?;
    let mut buffer = Buffer::new();
    loop {
        let asked = match vault.recv(&mut buffer) {
            Err(Error::Closed) => return Ok(()),
            asked => asked?,
        };
        let answer = match &asked {
            ToKeyring::Keep { ask, name, share } => secrets.keep(*name, share, *ask).map(|()| FromKeyring::Kept),
            ToKeyring::Fetch { name } => secrets.fetch(*name).map(FromKeyring::Found),
            ToKeyring::Forget { ask, name } => secrets.forget(*name, *ask).map(|()| FromKeyring::Forgotten),
        };
        drop(asked);
        vault.send(&answer.unwrap_or_else(FromKeyring::Refused))?;
    }
}
