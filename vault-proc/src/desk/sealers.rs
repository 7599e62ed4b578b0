//! seal and keyring: asked, and missed when they are gone. Neither is started again.

use super::Desk;
use crate::lines::Edge;
use bulkhead_ipc::{keyring, line, seal};

impl Desk {
    pub(super) fn ask_seal(&mut self, question: &seal::ToSeal) {
        if self.seal.try_send(question).is_err() {
            self.session.seal_said(seal::FromSeal::Refused(seal::Why::Failing));
        }
    }

    pub(super) fn ask_keyring(&mut self, question: &keyring::ToKeyring) {
        if self.keyring.try_send(question).is_err() {
            self.session.keyring_gone();
        }
    }

    pub(super) fn sealer_gone(&mut self, edge: Edge, error: &line::Error) {
        if error.is_breach() {
            eprintln!("bulkhead-vault: {edge:?}: {error}");
        }
        match edge {
            Edge::Keyring => self.session.keyring_gone(),
            _ => self.session.seal_gone(),
        }
    }
}
