//! What ui is told of the vault's state, all at once or after a change: numbers and states, no word.

use super::{Out, Phase, Session};
use bulkhead_ipc::intent::{self, MAX_CONTACTS, ToUi};
use bulkhead_ipc::pixels::SlotKind;
use bulkhead_ipc::post;
use bulkhead_vault_core::{ContactView, Vault};

impl Session {
    /// The phase, as ui may know it.
    pub fn told_phase(&self) -> intent::Phase {
        match self.phase {
            Phase::Setup => intent::Phase::Setup,
            Phase::Locked => intent::Phase::Locked,
            Phase::Unlocking => intent::Phase::Unlocking,
            Phase::Open(_) => intent::Phase::Open,
            Phase::Broken => intent::Phase::Broken,
        }
    }

    /// Everything that a new ui may know.
    pub fn tell_all(&mut self) {
        let searching = !self.fields.get(SlotKind::Search).is_empty();
        self.timers = None;
        self.out.push(Out::Ui(ToUi::Phase(self.told_phase())));
        self.tell_contacts();
        self.tell_relays();
        self.out.push(Out::Ui(ToUi::Invite(self.invite)));
        self.out.push(Out::Ui(ToUi::Accept(self.accept)));
        self.out.push(Out::Ui(ToUi::Searching(searching)));
        self.out.push(Out::Ui(ToUi::Notice(self.notice)));
        self.tell_recovery();
        self.tell_pin();
        self.tell_keyring();
        self.tell_shares();
        self.tell_update();
        if let Some(handle) = self.open {
            self.out.push(Out::Ui(ToUi::Show(handle)));
        }
        self.out.push(Out::Ui(ToUi::Focus(self.focus)));
    }

    pub(super) fn tell_contacts(&mut self) {
        self.stale.0 = false;
        let contacts = self.vault().map(Vault::contacts).unwrap_or_default();
        let told = |c: &ContactView| intent::Contact {
            handle: c.handle,
            unread: c.unread,
            waiting: c.waiting,
            verified: c.verified,
        };
        let list = contacts.iter().take(MAX_CONTACTS).map(told).collect();
        let timer = |c: &ContactView| intent::Timer { handle: c.handle, seconds: c.timer };
        let timers: Vec<_> = contacts.iter().take(MAX_CONTACTS).filter(|c| c.timer > 0).map(timer).collect();
        self.out.push(Out::Ui(ToUi::Contacts(list)));
        if self.timers.as_ref() != Some(&timers) {
            self.timers = Some(timers.clone());
            self.out.push(Out::Ui(ToUi::Timers(timers)));
        }
    }

    pub(super) fn tell_relays(&mut self) {
        let relays = self.vault().map(Vault::relays).unwrap_or_default();
        let told = |r: &bulkhead_vault_core::RelayView| intent::Relay { id: r.id, own: r.own, state: r.state };
        let list = relays.iter().take(post::MAX_RELAYS).map(told).collect();
        self.out.push(Out::Ui(ToUi::Relays(list)));
    }
}
