//! The ways into the profile: passphrase and recovery code, asked for, changed, and offered once.
//!
//! A fresh code counts once the user says that it was written down, by a button of the vault's own; until then the
//! one before stays good.

use super::{Out, Parts, Phase, Session};
use crate::profile::{self, Kind, Lock, MIN_PASSPHRASE, ProfileError, RecoverySecret, StoreKey};
use crate::worker::{How, Job};
use bulkhead_ipc::intent::{Command, Notice, Recovery, ToUi};
use bulkhead_ipc::pixels::SlotKind;
use bulkhead_vault_core::{Action, Passphrase, Plaintext};
use std::sync::Arc;

/// Wrong attempts in a row after which the user is told that each takes longer.
const OFTEN: u32 = 3;

/// A code that waits to be written down.
struct Offer {
    /// The open profile's key and its fresh secret; nothing for a code of another profile that contacts' parts make.
    fresh: Option<(StoreKey, RecoverySecret)>,
    code: Plaintext,
}

/// What the session knows of them.
#[derive(Default)]
pub struct Ways {
    /// The open profile's lock, without which its key file is not changed.
    pub(super) lock: Option<Arc<Lock>>,
    offer: Option<Offer>,
    has_code: bool,
    /// The worker is busy with the open profile's passphrase.
    pub(super) busy: bool,
    pub(super) wrong: u32,
    /// The dialogue's chosen button.
    pub chosen: Answer,
}

/// The buttons below a fresh code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answer {
    /// Put it on the clipboard.
    #[default]
    Copy,
    /// Leave things as they are.
    NotNow,
    /// It counts from now on.
    Written,
}

impl Answer {
    /// The next button round.
    pub const fn next(self) -> Self {
        match self {
            Self::Copy => Self::NotNow,
            Self::NotNow => Self::Written,
            Self::Written => Self::Copy,
        }
    }
}

impl Session {
    /// The code that waits to be written down.
    pub fn offered_code(&self) -> Option<&str> {
        self.ways.offer.as_ref().map(|offer| offer.code.as_str())
    }

    /// Whether it is another profile's, made of the parts that contacts gave.
    pub fn is_gathered(&self) -> bool {
        self.ways.offer.as_ref().is_some_and(|offer| offer.fresh.is_none())
    }

    /// How the code stands, as ui may know it.
    pub(super) fn recovery(&self) -> Recovery {
        match (self.is_open(), &self.ways.offer, self.ways.has_code) {
            (true, Some(_), _) => Recovery::Offered,
            (true, None, true) => Recovery::Set,
            _ => Recovery::None,
        }
    }

    pub(super) fn tell_recovery(&mut self) {
        self.out.push(Out::Ui(ToUi::Recovery(self.recovery())));
    }

    /// The profile was opened with this key.
    pub(super) fn hold(&mut self, key: StoreKey, how: How) {
        let mended = key.is_mended();
        let kinds = profile::kinds(&self.folder).unwrap_or_default();
        let has_code = kinds.contains(&Kind::Recovery);
        self.ways = Ways { lock: Some(key.lock().clone()), has_code, ..Ways::default() };
        self.hold_parts(&key);
        self.hold_keyring(&key, how);
        match how {
            How::Created => self.offer(key),
            _ => self.tell_recovery(),
        }
        self.tell_pin();
        if mended {
            self.notice(Some(Notice::KeyFileMended));
        } else if how == How::Recovered {
            self.notice(Some(Notice::PassphraseChanged));
        }
    }

    /// The open profile's lock, unless the worker is about to write its key file.
    pub(super) fn holds(&self) -> Option<Arc<Lock>> {
        self.ways.lock.clone().filter(|_| !self.ways.busy)
    }

    /// The profile is closed: nothing here stays but the count of wrong attempts.
    pub(super) fn let_go(&mut self) {
        self.ways = Ways { wrong: self.ways.wrong, ..Ways::default() };
        self.let_go_of_pin();
        self.let_go_of_keyring();
        self.parts = Parts::default();
    }

    fn offer(&mut self, key: StoreKey) {
        if let Ok(secret) = RecoverySecret::random() {
            let code = secret.code();
            self.ways.offer = Some(Offer { fresh: Some((key, secret)), code });
            self.ways.chosen = Answer::default();
        }
        self.tell_recovery();
    }

    /// Who is to type the passphrase seldom may forget it: offers a code, if none was written down.
    pub(super) fn offer_where_there_is_none(&mut self, key: &StoreKey) {
        if !self.ways.has_code && self.ways.offer.is_none() {
            self.offer(key.clone());
        }
    }

    /// The code of another profile, to be written down and typed there.
    pub(super) fn offer_gathered(&mut self, secret: RecoverySecret) {
        self.ways.offer = Some(Offer { fresh: None, code: secret.code() });
        self.ways.chosen = Answer::default();
        self.tell_recovery();
    }

    /// A button below the code was pressed.
    pub fn answer_offer(&mut self, answer: Answer) {
        let Some(offer) = &self.ways.offer else { return };
        match answer {
            Answer::Copy => {
                self.out.push(Out::Clipboard(offer.code.as_str().to_owned()));
                return self.notice(Some(Notice::RecoveryCopied));
            }
            Answer::NotNow => {}
            Answer::Written => match &offer.fresh {
                Some((key, secret)) => {
                    if key.set_secret(Kind::Recovery, secret).is_err() {
                        return self.notice(Some(Notice::StoreNotWritable));
                    }
                    self.ways.has_code = true;
                    self.notice(Some(Notice::RecoverySet));
                }
                None => self.act(Action::ForgetParts),
            },
        }
        self.ways.offer = None;
        self.set_focus(None);
        if self.shown(SlotKind::RecoveryCode).is_some() {
            self.command(Command::Escape);
        }
        self.tell_recovery();
    }

    /// The sentence for a passphrase that is wrong.
    pub(super) fn wrong(&mut self) -> Notice {
        self.ways.wrong = self.ways.wrong.saturating_add(1);
        if self.ways.wrong >= OFTEN { Notice::WrongOften } else { Notice::WrongPassphrase }
    }

    /// What is in the two fields for a new passphrase, if it will do; else the user is told.
    pub(super) fn new_passphrase(&mut self) -> Option<Passphrase> {
        if self.fields.get(SlotKind::NewPassphrase).chars().count() < MIN_PASSPHRASE {
            self.focus_kind(SlotKind::NewPassphrase);
            self.notice(Some(Notice::PassphraseTooShort));
            return None;
        }
        if self.fields.get(SlotKind::NewPassphrase) != self.fields.get(SlotKind::RepeatPassphrase) {
            let _ = self.fields.take(SlotKind::RepeatPassphrase);
            self.focus_kind(SlotKind::RepeatPassphrase);
            self.notice(Some(Notice::PassphrasesDiffer));
            return None;
        }
        self.notice(None);
        let _ = self.fields.take(SlotKind::RepeatPassphrase);
        Some(self.fields.take(SlotKind::NewPassphrase).into())
    }

    /// Opens the profile with the code typed, and takes the new passphrase typed.
    pub(super) fn recover(&mut self) {
        let Ok(secret) = RecoverySecret::parse(self.fields.get(SlotKind::TypeRecovery)) else {
            self.focus_kind(SlotKind::TypeRecovery);
            return self.notice(Some(Notice::NotARecoveryCode));
        };
        let Some(passphrase) = self.new_passphrase() else { return };
        self.set_phase(Phase::Unlocking);
        self.out.push(Out::Derive(Job::Recover(self.folder.clone(), secret, passphrase)));
    }

    /// What was typed as the passphrase in use, and the lock of the profile that it is for.
    pub(super) fn current(&mut self) -> Option<(Arc<Lock>, Passphrase)> {
        let lock = self.ways.lock.clone().filter(|_| !self.ways.busy)?;
        if self.fields.get(SlotKind::CurrentPassphrase).is_empty() {
            self.focus_kind(SlotKind::CurrentPassphrase);
            return None;
        }
        Some((lock, self.fields.take(SlotKind::CurrentPassphrase).into()))
    }

    /// Takes the new passphrase typed, if the one in use is right.
    pub(super) fn change_passphrase(&mut self) {
        if self.ways.busy || self.fields.get(SlotKind::CurrentPassphrase).is_empty() {
            return self.focus_kind(SlotKind::CurrentPassphrase);
        }
        let Some(new) = self.new_passphrase() else { return };
        let Some((lock, current)) = self.current() else { return };
        self.ways.busy = true;
        self.out.push(Out::Derive(Job::Change(lock, current, new)));
    }

    /// Makes a code to be written down, if the passphrase typed is right.
    pub(super) fn new_recovery(&mut self) {
        let Some((lock, current)) = self.current() else { return };
        self.notice(None);
        self.ways.busy = true;
        self.out.push(Out::Derive(Job::Confirm(lock, current)));
    }

    /// The worker looked at the passphrase of the open profile. An answer to who locked meanwhile is dropped.
    pub(super) fn confirmed(&mut self, key: Result<StoreKey, ProfileError>) {
        if !self.is_open() || !std::mem::take(&mut self.ways.busy) {
            return;
        }
        match key {
            Ok(key) => {
                self.ways.wrong = 0;
                if !self.parts_confirmed(&key) {
                    self.offer(key);
                }
            }
            Err(error) => {
                self.parts_refused();
                self.refused(error);
            }
        }
    }

    /// The same for a new passphrase.
    pub(super) fn changed_passphrase(&mut self, changed: Result<(), ProfileError>) {
        if !self.is_open() || !std::mem::take(&mut self.ways.busy) {
            return;
        }
        match changed {
            Ok(()) => {
                self.ways.wrong = 0;
                self.set_focus(None);
                if self.shown(SlotKind::CurrentPassphrase).is_some() {
                    self.command(Command::Escape);
                }
                self.notice(Some(Notice::PassphraseChanged));
            }
            Err(error) => self.refused(error),
        }
    }

    pub(super) fn refused(&mut self, error: ProfileError) {
        let notice = match error {
            ProfileError::Wrong => self.wrong(),
            ProfileError::Io => Notice::StoreNotWritable,
            _ => Notice::KeyFileMended,
        };
        self.notice(Some(notice));
        self.focus_kind(SlotKind::CurrentPassphrase);
    }
}
