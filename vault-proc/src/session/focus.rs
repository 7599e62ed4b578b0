//! Which slots are on screen, and which of them has the keyboard.
//!
//! ui says where slots lie and asks for the keyboard on the user's behalf; what may be shown, and who gets the keys,
//! is decided here.

use super::{Answer, Out, Phase, Session};
use bulkhead_ipc::intent::ToUi;
use bulkhead_ipc::pixels::{Slot, SlotKey, SlotKind};
use std::time::Instant;

impl Session {
    /// Gives the keyboard to a slot, or takes it from all, and tells ui.
    pub fn set_focus(&mut self, key: Option<SlotKey>) {
        let key = key.filter(|key| key.kind.is_focusable() && self.may_show(*key));
        if key.is_none_or(|key| key.kind != SlotKind::MessageList) {
            self.list.close_menu();
        }
        if self.focus != key {
            self.focus = key;
            self.out.push(Out::Ui(ToUi::Focus(key)));
        }
    }

    /// Gives the keyboard to the slot of this kind, if there is one.
    pub fn focus_kind(&mut self, kind: SlotKind) {
        if let Some(handle) = self.shown(kind) {
            self.set_focus(Some(SlotKey { kind, handle }));
        }
    }

    /// Whether a slot has something to show now. Others are painted empty and take no keys: a ui that asks
    /// for a passphrase on an open vault, or for another conversation's messages, gets nothing.
    pub fn may_show(&self, key: SlotKey) -> bool {
        use SlotKind::{
            Compose, CurrentPassphrase, MessageList, NewPassphrase, NewPin, OwnName, Pin, RepeatPassphrase, RepeatPin,
            TypeRecovery, Unlock,
        };
        match (&self.phase, key.kind) {
            (Phase::Setup, kind) => matches!(kind, NewPassphrase | RepeatPassphrase | OwnName),
            (Phase::Locked, NewPassphrase | RepeatPassphrase) => self.shown(TypeRecovery).is_some(),
            (Phase::Locked, kind) => matches!(kind, Unlock | TypeRecovery | Pin),
            (Phase::Unlocking | Phase::Broken, _) => false,
            (Phase::Open(_), NewPassphrase | RepeatPassphrase | NewPin | RepeatPin) => {
                self.shown(CurrentPassphrase).is_some()
            }
            (Phase::Open(_), Unlock | TypeRecovery | Pin) => false,
            (Phase::Open(_), MessageList | Compose) => self.open == Some(key.handle),
            (Phase::Open(_), _) => true,
        }
    }

    /// ui's newest frame has these slots.
    pub fn set_slots(&mut self, slots: &[Slot]) {
        self.list_moved(slots);
        let keys: Vec<SlotKey> = slots.iter().map(|slot| slot.key).collect();
        let old = std::mem::replace(&mut self.slots, keys);
        let fresh: Vec<SlotKey> = self.slots.iter().filter(|key| !old.contains(key)).copied().collect();
        for key in fresh {
            self.appeared(key);
        }
        let gone: Vec<SlotKey> = old.iter().filter(|key| !self.slots.contains(key)).copied().collect();
        gone.into_iter().for_each(|key| self.vanished(key.kind));
        if self.focus.is_some_and(|key| !self.slots.contains(&key)) {
            self.set_focus(None);
        }
        if let Some(key) = self.wanted.filter(|key| self.slots.contains(key)) {
            self.wanted = None;
            self.set_focus(Some(key));
        }
        if self.focus.is_none() {
            // Where there is only one thing to type, one can begin at once.
            match self.phase {
                Phase::Locked if self.shown(SlotKind::Unlock).is_some() => self.focus_kind(SlotKind::Unlock),
                Phase::Locked if self.shown(SlotKind::Pin).is_some() => self.focus_kind(SlotKind::Pin),
                Phase::Locked if old.is_empty() => self.focus_kind(SlotKind::TypeRecovery),
                // Nor is a passphrase continued in the name's field because ui drew nothing for a moment.
                Phase::Setup if self.acts.is_typing() => {}
                Phase::Setup if old.is_empty() || self.fields.get(SlotKind::OwnName).is_empty() => {
                    self.focus_kind(SlotKind::OwnName)
                }
                _ => {}
            }
        }
    }

    /// A secret that was begun does not wait in memory for the page to come back. What was typed at first start, or
    /// is being looked at, stays.
    fn vanished(&mut self, kind: SlotKind) {
        use SlotKind::{CurrentPassphrase, NewPassphrase, NewPin, Pin, RepeatPassphrase, RepeatPin, TypeRecovery};
        if kind == SlotKind::ConfirmParts {
            self.parts_vanished();
        }
        let waits = matches!(self.phase, Phase::Open(_) | Phase::Locked);
        let entered = matches!(kind, CurrentPassphrase | NewPassphrase | RepeatPassphrase | TypeRecovery);
        if waits && (entered || matches!(kind, Pin | NewPin | RepeatPin)) {
            drop(self.fields.take(kind));
        }
    }

    fn appeared(&mut self, key: SlotKey) {
        match (key.kind, self.is_open()) {
            (SlotKind::Rename, true) => {
                let name = self.contact(key.handle).map(|contact| contact.name.as_str().to_owned());
                self.fields.set(key.kind, name.unwrap_or_default());
            }
            (SlotKind::OwnName, true) => {
                let name = self.vault().map(|vault| vault.own_name().as_str().to_owned());
                self.fields.set(key.kind, name.unwrap_or_default());
            }
            (SlotKind::PasteInvite | SlotKind::NewRelay | SlotKind::ConfirmErase, true) => {
                drop(self.fields.take(key.kind))
            }
            (SlotKind::ConfirmDelete, true) => {
                self.delete_chosen = false;
                // A question that nobody asked for does not take the keyboard from who is typing.
                if self.acts.is_fresh(Instant::now()) {
                    self.set_focus(Some(key));
                }
            }
            (SlotKind::RecoveryCode, true) => {
                self.ways.chosen = Answer::default();
                if self.acts.is_fresh(Instant::now()) {
                    self.set_focus(Some(key));
                }
            }
            (SlotKind::ConfirmParts, true) => {
                self.parts.chosen = 0;
                if self.acts.is_fresh(Instant::now()) {
                    self.set_focus(Some(key));
                }
            }
            _ => {}
        }
    }
}
