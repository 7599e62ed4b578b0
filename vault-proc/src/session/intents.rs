//! What ui says the user decided, and the acts behind Enter in each field.
//!
//! ui may be hostile: everything here is checked against the phase and against what is on screen, and nothing
//! here sends a message or deletes anything.

use super::{Out, Phase, Session};
use crate::worker::Job;
use bulkhead_ipc::intent::{FromUi, Invite, Notice, ToUi};
use bulkhead_ipc::pixels::{SlotKey, SlotKind, Theme};
use bulkhead_vault_core::{Action, Passphrase, Plaintext};
use std::time::Instant;

impl Session {
    /// Hears what ui says the user decided: it counts if an act of the user's speaks for it. Otherwise ui is told how
    /// things are, in case it is only slow.
    pub fn hear_intent(&mut self, intent: FromUi) {
        let changes = match &intent {
            FromUi::Open(open) => *open != self.open,
            FromUi::Focus(key) => *key != self.focus,
            _ => true,
        };
        if !changes || self.acts.speak_for(&intent, Instant::now()) {
            return self.intent(intent);
        }
        match intent {
            FromUi::Open(_) => self.out.extend(self.open.map(|handle| Out::Ui(ToUi::Show(handle)))),
            FromUi::Focus(_) => self.out.push(Out::Ui(ToUi::Focus(self.focus))),
            _ => {}
        }
    }

    /// Does what the user decided.
    pub fn intent(&mut self, intent: FromUi) {
        match intent {
            FromUi::Hello { .. } => {}
            FromUi::Focus(key) => self.ask_focus(key),
            FromUi::Create => self.submit(SlotKind::RepeatPassphrase),
            FromUi::Unlock => self.submit(SlotKind::Unlock),
            FromUi::UnlockPin => self.submit(SlotKind::Pin),
            FromUi::Recover if matches!(self.phase, Phase::Locked) => self.recover(),
            FromUi::Lock => self.lock(),
            FromUi::Theme(theme) => self.set_theme(theme),
            FromUi::EndSearch => {
                self.search(String::new());
                if matches!(self.focus, Some(SlotKey { kind: SlotKind::Search | SlotKind::SearchResults, .. })) {
                    self.set_focus(None);
                }
            }
            FromUi::Dismiss => self.notice(None),
            FromUi::Salvage => self.rescue(),
            other if self.is_open() => self.decided(other),
            _ => {}
        }
    }

    fn decided(&mut self, intent: FromUi) {
        match intent {
            FromUi::Open(Some(handle)) => self.open_conversation(handle),
            FromUi::Open(None) => self.close_conversation(),
            FromUi::Invite => self.act(Action::Invite),
            FromUi::CopyInvite => {
                let link = self.vault().and_then(|vault| vault.invite_link()).map(|link| link.as_str().to_owned());
                if let (Some(link), true) = (link, self.invite == Invite::Ready || self.invite == Invite::Publishing) {
                    self.out.push(Out::Clipboard(link));
                    self.notice(Some(Notice::Copied));
                }
            }
            FromUi::Accept => self.submit(SlotKind::PasteInvite),
            FromUi::Rename(handle) if self.shown(SlotKind::Rename) == Some(handle) => self.submit(SlotKind::Rename),
            FromUi::Verified { handle, verified } if self.shown(SlotKind::SafetyNumber) == Some(handle) => {
                self.act(Action::Verified { contact: handle, verified });
            }
            FromUi::Timer { handle, seconds } => self.act(Action::SetTimer { contact: handle, seconds }),
            FromUi::SaveName => self.submit(SlotKind::OwnName),
            FromUi::ChangePassphrase => self.change_passphrase(),
            FromUi::NewRecovery => self.new_recovery(),
            FromUi::SetPin => self.set_pin(),
            FromUi::BackUp => self.back_up(),
            FromUi::RemovePin => self.remove_pin(),
            FromUi::ChooseKeepers(choosing) => self.choose_keepers(choosing),
            FromUi::PickKeeper(contact) => self.pick_keeper(contact),
            FromUi::NeedParts(needed) => self.need_parts(needed),
            FromUi::GiveParts => self.give_parts(),
            FromUi::WithdrawParts => self.withdraw_parts(),
            FromUi::AskPart(contact) => self.ask_part(contact),
            FromUi::AnswerPart(contact) => self.answer_part(contact),
            FromUi::ShowParts => self.show_parts(),
            FromUi::Wish(wish) => self.wish(wish),
            FromUi::AddRelay => self.submit(SlotKind::NewRelay),
            FromUi::RemoveRelay(id) => self.act(Action::RemoveRelay(id)),
            FromUi::Reconnect => self.act(Action::Reconnect),
            FromUi::Newest => self.list.to_end(),
            _ => {}
        }
    }

    /// The obvious act of a field: what Enter does in it.
    pub fn submit(&mut self, kind: SlotKind) {
        let next = |session: &mut Self, kind| session.focus_kind(kind);
        match (&self.phase, kind) {
            (Phase::Locked, SlotKind::Unlock) => self.unlock(),
            (Phase::Locked, SlotKind::Pin) => self.unlock_with_pin(),
            // Whether the keyring opens the profile is decided by the vault's own button.
            (Phase::Open(_), SlotKind::CurrentPassphrase) if self.shown(SlotKind::Keyring).is_some() => {
                next(self, SlotKind::Keyring);
            }
            (Phase::Open(_), SlotKind::CurrentPassphrase) if self.shown(SlotKind::NewPin).is_some() => {
                next(self, SlotKind::NewPin);
            }
            (Phase::Open(_), SlotKind::NewPin) => next(self, SlotKind::RepeatPin),
            (Phase::Open(_), SlotKind::RepeatPin) => self.set_pin(),
            (Phase::Locked, SlotKind::TypeRecovery) => next(self, SlotKind::NewPassphrase),
            (Phase::Locked, SlotKind::RepeatPassphrase) => self.recover(),
            (Phase::Open(_), SlotKind::CurrentPassphrase) if self.is_choosing_keepers() => self.give_parts(),
            (Phase::Open(_), SlotKind::CurrentPassphrase) if self.shown(SlotKind::NewPassphrase).is_none() => {
                self.new_recovery();
            }
            (Phase::Open(_), SlotKind::CurrentPassphrase) => next(self, SlotKind::NewPassphrase),
            (Phase::Open(_) | Phase::Locked, SlotKind::NewPassphrase) => next(self, SlotKind::RepeatPassphrase),
            (Phase::Open(_), SlotKind::RepeatPassphrase) => self.change_passphrase(),
            (Phase::Setup, SlotKind::OwnName) => next(self, SlotKind::NewPassphrase),
            (Phase::Setup, SlotKind::NewPassphrase) => next(self, SlotKind::RepeatPassphrase),
            (Phase::Setup, SlotKind::RepeatPassphrase) => self.create(),
            (Phase::Open(_), SlotKind::OwnName) => match self.name(kind) {
                Some(name) => {
                    self.act(Action::OwnName(name));
                    self.set_focus(None);
                }
                None => self.notice(Some(Notice::NameMissing)),
            },
            (Phase::Open(_), SlotKind::Rename) => match (self.shown(kind), self.name(kind)) {
                (Some(contact), Some(name)) => {
                    self.act(Action::Rename { contact, name });
                    self.set_focus(None);
                }
                _ => self.notice(Some(Notice::NameMissing)),
            },
            (Phase::Open(_), SlotKind::PasteInvite) => {
                let link = self.fields.get(kind).trim().to_owned();
                if !link.is_empty() {
                    self.act(Action::Accept(Plaintext::new(link)));
                }
            }
            (Phase::Open(_), SlotKind::NewRelay) => {
                let url = self.fields.get(kind).trim().to_owned();
                if !url.is_empty() && !self.act_and_refused(Action::AddRelay(url)) {
                    self.fields.set(kind, String::new());
                }
            }
            (Phase::Open(_), SlotKind::Compose) => self.send(),
            (Phase::Open(_), SlotKind::ConfirmErase) => self.confirm_erase(true),
            _ => {}
        }
    }

    fn name(&self, kind: SlotKind) -> Option<Plaintext> {
        let name = self.fields.get(kind).trim();
        (!name.is_empty()).then(|| Plaintext::new(name.to_owned()))
    }

    fn unlock(&mut self) {
        let typed = self.fields.take(SlotKind::Unlock);
        if typed.as_str().is_empty() {
            return self.focus_kind(SlotKind::Unlock);
        }
        self.unlock_with(typed.into());
    }

    fn create(&mut self) {
        let Some(name) = self.name(SlotKind::OwnName) else {
            self.focus_kind(SlotKind::OwnName);
            return self.notice(Some(Notice::NameMissing));
        };
        let Some(passphrase) = self.new_passphrase() else { return };
        self.new_name = Some(name);
        self.set_phase(Phase::Unlocking);
        self.out.push(Out::Derive(Job::Create(self.folder.clone(), passphrase)));
    }

    /// Unlocks.
    pub fn unlock_with(&mut self, passphrase: Passphrase) {
        if matches!(self.phase, Phase::Locked) {
            self.notice(None);
            self.set_phase(Phase::Unlocking);
            self.out.push(Out::Derive(Job::Unlock(self.folder.clone(), passphrase)));
        }
    }

    /// Sends the message that was written.
    pub fn send(&mut self) {
        let (Some(contact), text) = (self.open, self.fields.message.text()) else { return };
        if text.trim().is_empty() {
            return;
        }
        let text = Plaintext::new(text);
        if !self.act_and_refused(Action::Send { contact, text }) {
            self.fields.set_message("");
            self.list.to_end();
            self.list.end_divider();
        }
    }

    fn set_theme(&mut self, theme: Theme) {
        if theme != self.theme {
            self.theme = theme;
            self.out.push(Out::Theme(theme));
        }
    }

    /// ui asks for the keyboard to be given to a slot. Frames and intents come on two lines, so the slot may
    /// be in a frame that is not here yet: then the wish waits for it.
    fn ask_focus(&mut self, key: Option<SlotKey>) {
        self.wanted = None;
        match key {
            Some(key) if self.slots.contains(&key) => self.set_focus(Some(key)),
            Some(key) => self.wanted = Some(key),
            None => self.set_focus(None),
        }
    }

    /// Searches as one types.
    pub fn search(&mut self, words: String) {
        let before = !self.fields.get(SlotKind::Search).is_empty();
        let ended = words.is_empty();
        self.fields.set(SlotKind::Search, words);
        self.find();
        if before == ended {
            self.out.push(Out::Ui(ToUi::Searching(!ended)));
        }
    }
}
