//! Deleting: a message, out of the list's own menu, and the whole profile.
//!
//! Both are answered in the vault's own slots, and ui has no word for either.

use super::{Out, Phase, Session};
use crate::slots::message_list::{Act, Shelf};
use bulkhead_ipc::control::{Peer, ToLauncher};
use bulkhead_ipc::intent::{Accept, Command, Invite, Notice};
use bulkhead_ipc::pixels::{Slot, SlotKind};
use bulkhead_vault::erasure;
use bulkhead_vault_core::Action;

/// What has to be typed so that everything is deleted.
pub const ERASE: &str = "DELETE";

impl Session {
    /// Does what was chosen in the list's menu.
    pub fn follow_list(&mut self) {
        let (Some(act), Some(contact)) = (self.list.take_act(), self.open) else { return };
        match act {
            Act::Copy(seq) => {
                let read = self.vault().and_then(|vault| vault.messages(contact, seq..=seq).ok());
                if let Some(message) = read.as_ref().and_then(|messages| messages.first()) {
                    let text = message.text.as_str().to_owned();
                    self.copy(text);
                }
            }
            Act::Delete(seq) => self.act(Action::DeleteMessage { contact, seq }),
        }
    }

    /// The list lies elsewhere, or is seen in part: a question in it is taken back, so that nobody answers it unread or
    /// by a click that was meant for something else.
    pub(super) fn list_moved(&mut self, slots: &[Slot]) {
        let slot = slots.iter().find(|slot| slot.key.kind == SlotKind::MessageList).copied();
        if slot != self.list_slot || slot.is_some_and(|slot| slot.clip != slot.rect) {
            self.list_slot = slot;
            self.list.close_menu();
        }
    }

    /// Whether the word was typed.
    pub fn may_erase(&self) -> bool {
        self.holds().is_some() && self.is_open() && self.fields.get(SlotKind::ConfirmErase).trim() == ERASE
    }

    /// A button of the dialogue was pressed.
    pub fn confirm_erase(&mut self, erase: bool) {
        if self.shown(SlotKind::ConfirmErase).is_none() {
            return;
        }
        if !erase {
            let _ = self.fields.take(SlotKind::ConfirmErase);
            self.set_focus(None);
            return self.command(Command::Escape);
        }
        if self.may_erase() {
            self.erase_profile();
        }
    }

    /// Destroys the profile: its key first, then everything else. What is left is the program as it was installed.
    fn erase_profile(&mut self) {
        let Some(lock) = self.holds() else { return };
        self.forget_kept();
        self.fields.clear();
        self.open = None;
        self.list = Shelf::new();
        self.hits.clear();
        self.invite = Invite::None;
        self.accept = Accept::Idle;
        self.drop_counter();
        // Closes the store. The lock goes last, so that nobody opens what is being destroyed.
        self.let_go();
        self.phase = Phase::Locked;
        let done = erasure::destroy(&lock);
        self.notice(None);
        self.set_phase(Phase::Setup);
        if done.is_err() {
            self.notice(Some(Notice::NotErased));
        }
        self.tell_all();
        self.hello = (None, None);
        // The old one knows mailboxes.
        self.out.push(Out::Launcher(ToLauncher::Restart(Peer::Net)));
    }
}
