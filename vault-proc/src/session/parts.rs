//! Recovery with the help of contacts: giving parts of a secret, withdrawing them, asking for them, handing them out.
//!
//! ui says which contacts the user chose; what becomes of that is asked in the vault's own slot, with names, and its
//! buttons do it.

use super::{Out, Phase, Session};
use crate::profile::{RecoverySecret, StoreKey};
use crate::worker::Job;
use bulkhead_ipc::intent::{self, MAX_PARTS, MAX_SHARES, Notice, Shares, ToUi};
use bulkhead_vault_core::shares::{LEAST, SetId};
use bulkhead_vault_core::store::PartState;
use bulkhead_vault_core::{Action, Key};

/// What the session knows of them.
#[derive(Default)]
pub struct Parts {
    /// Contacts that are chosen, while the user chooses.
    picked: Option<Vec<u32>>,
    /// How many parts are to be needed.
    needed: u8,
    /// What the passphrase was asked for.
    purpose: Option<Purpose>,
    question: Option<Question>,
    /// The question's chosen button.
    pub chosen: usize,
}

/// What the passphrase is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Give,
    Withdraw,
}

/// What waits for an answer.
pub enum Question {
    /// Give parts?
    Give {
        /// The open profile's key.
        key: StoreKey,
        /// To whom.
        contacts: Vec<u32>,
        /// How many are needed.
        needed: u8,
    },
    /// Withdraw them?
    Withdraw(StoreKey),
    /// Ask this contact for a part?
    Ask(u32),
    /// What does this contact get?
    Answer {
        /// Who asked.
        contact: u32,
        /// Whose parts are kept here.
        owners: Vec<u32>,
        /// Which of them is meant.
        at: usize,
    },
}

/// A button below a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Press {
    /// Nothing is done.
    No,
    /// Another contact's part.
    Next,
    /// It is done.
    Yes,
}

impl Question {
    /// Its buttons; the first one is chosen at first.
    pub fn buttons(&self) -> &'static [Press] {
        match self {
            Self::Answer { owners, .. } if owners.len() > 1 => &[Press::No, Press::Next, Press::Yes],
            _ => &[Press::No, Press::Yes],
        }
    }
}

impl Session {
    /// The question that waits.
    pub fn parts_question(&self) -> Option<&Question> {
        self.parts.question.as_ref()
    }

    /// Contacts that are chosen to keep a part.
    #[cfg(feature = "test-driver")]
    pub fn picked_keepers(&self) -> Vec<u32> {
        self.parts.picked.clone().unwrap_or_default()
    }

    /// How it stands, as ui may know it.
    fn shares(&self) -> Shares {
        let Some(vault) = self.vault() else { return Shares::default() };
        let few = |list: Vec<u32>| list.into_iter().take(MAX_SHARES).collect();
        let given = vault.given_parts();
        let told = |state| match state {
            PartState::Sent => intent::PartState::Sent,
            PartState::Kept => intent::PartState::Kept,
            PartState::Failed => intent::PartState::Failed,
            PartState::GivenAway => intent::PartState::GivenAway,
            PartState::Withdrawn | PartState::Destroyed => intent::PartState::Withdrawn,
        };
        let parts = given.iter().map(|part| intent::GivenPart { state: told(part.state), handle: part.contact });
        let counts = |state| state != intent::PartState::Withdrawn;
        let needed = given.iter().find(|part| counts(told(part.state))).map_or(0, |part| part.needed);
        let gathered = vault.gathered().map(|gathered| intent::Gathered {
            have: gathered.have,
            needed: gathered.needed,
            complete: gathered.secret.is_some(),
        });
        Shares {
            asked: few(vault.asked_parts()),
            parts: parts.take(MAX_SHARES).collect(),
            asking: few(vault.asking_parts()),
            needed: if self.parts.picked.is_some() && needed == 0 { self.parts.needed } else { needed },
            picked: self.parts.picked.clone().unwrap_or_default(),
            gathered,
            confirming: self.parts.question.is_some(),
        }
    }

    pub(super) fn tell_shares(&mut self) {
        let shares = self.shares();
        self.out.push(Out::Ui(ToUi::Shares(shares)));
    }

    /// The profile was opened with this key. Key file and store are written one after the other, and a crash may have
    /// come in between.
    pub(super) fn hold_parts(&mut self, key: &StoreKey) {
        self.settle_parts(key);
        self.tell_shares();
    }

    /// A secret of which nobody has parts is to open nothing, and parts that open nothing are withdrawn. Returns whether
    /// that is so now.
    fn settle_parts(&mut self, key: &StoreKey) -> bool {
        let Some(vault) = self.vault() else { return false };
        let out = vault.given_parts().into_iter().filter(|part| part.state != PartState::Withdrawn);
        let out: Vec<SetId> = out.map(|part| part.set).collect();
        match key.keep_shares(&out) {
            Ok(open) if out.iter().any(|set| !open.contains(set)) => !self.act_and_refused(Action::WithdrawParts),
            Ok(_) => true,
            // The next time may do better.
            Err(_) => false,
        }
    }

    /// The user begins to choose, or stops.
    pub(super) fn choose_keepers(&mut self, choosing: bool) {
        self.parts.picked = choosing.then(Vec::new);
        self.parts.needed = 0;
        self.tell_shares();
    }

    /// A contact is chosen, or not any more. Most of them are needed unless the user says otherwise.
    pub(super) fn pick_keeper(&mut self, contact: u32) {
        let may = self.vault().is_some_and(|vault| vault.may_keep(contact));
        // ui's word that the choosing begins may have come too late after the act that it answers.
        let picked = self.parts.picked.get_or_insert_default();
        if picked.contains(&contact) {
            picked.retain(|other| *other != contact);
        } else if may && picked.len() < MAX_PARTS {
            picked.push(contact);
        } else {
            self.notice(Some(Notice::TooFewKeepers));
        }
        let of = self.parts.picked.as_ref().map_or(0, |picked| u8::try_from(picked.len()).unwrap_or_default());
        self.parts.needed = if of < LEAST { 0 } else { of / 2 + 1 };
        self.tell_shares();
    }

    /// So many parts are to be needed.
    pub(super) fn need_parts(&mut self, needed: u8) {
        let of = self.parts.picked.as_ref().map_or(0, Vec::len);
        if needed >= LEAST && usize::from(needed) <= of {
            self.parts.needed = needed;
        }
        self.tell_shares();
    }

    /// Whether the passphrase that is typed is for parts.
    pub(super) fn is_choosing_keepers(&self) -> bool {
        self.parts.picked.is_some()
    }

    /// Asks whether to give the parts, once the passphrase typed is right.
    pub(super) fn give_parts(&mut self) {
        if self.parts.picked.as_ref().is_none_or(|picked| picked.len() < usize::from(LEAST)) {
            return self.notice(Some(Notice::TooFewKeepers));
        }
        self.confirm_for(Purpose::Give);
    }

    /// The same for withdrawing them.
    pub(super) fn withdraw_parts(&mut self) {
        self.confirm_for(Purpose::Withdraw);
    }

    fn confirm_for(&mut self, purpose: Purpose) {
        let Some((lock, current)) = self.current() else { return };
        self.notice(None);
        self.parts.purpose = Some(purpose);
        self.ways.busy = true;
        self.out.push(Out::Derive(Job::Confirm(lock, current)));
    }

    /// The passphrase is right: the question it was for, if it was for one.
    pub(super) fn parts_confirmed(&mut self, key: &StoreKey) -> bool {
        let Some(purpose) = self.parts.purpose.take() else { return false };
        let question = match (purpose, &self.parts.picked) {
            (Purpose::Withdraw, _) => Some(Question::Withdraw(key.clone())),
            (Purpose::Give, Some(contacts)) => {
                Some(Question::Give { key: key.clone(), contacts: contacts.clone(), needed: self.parts.needed })
            }
            (Purpose::Give, None) => None,
        };
        self.ask_about_parts(question);
        true
    }

    /// It was wrong.
    pub(super) fn parts_refused(&mut self) {
        self.parts.purpose = None;
    }

    /// Asks whether to ask a contact for a part.
    pub(super) fn ask_part(&mut self, contact: u32) {
        self.ask_about_parts(Some(Question::Ask(contact)));
    }

    /// Asks what a contact gets who asked.
    pub(super) fn answer_part(&mut self, contact: u32) {
        let Some(vault) = self.vault() else { return };
        let (asked, owners) = (vault.asked_parts().contains(&contact), vault.kept_parts());
        match (asked, owners.is_empty()) {
            (true, false) => self.ask_about_parts(Some(Question::Answer { contact, owners, at: 0 })),
            // What was kept has been withdrawn meanwhile.
            (true, true) => self.act(Action::AnswerPart { contact, owner: None }),
            _ => {}
        }
    }

    fn ask_about_parts(&mut self, question: Option<Question>) {
        self.parts.chosen = 0;
        self.parts.question = question;
        self.tell_shares();
    }

    /// The next button.
    pub(super) fn switch_parts(&mut self) {
        let count = self.parts_question().map_or(1, |question| question.buttons().len());
        self.parts.chosen = (self.parts.chosen + 1) % count.max(1);
    }

    /// The chosen button.
    pub(super) fn press_parts(&mut self) {
        let press = self.parts_question().and_then(|question| question.buttons().get(self.parts.chosen));
        if let Some(press) = press.copied() {
            self.answer_parts(press);
        }
    }

    /// A button was pressed.
    pub fn answer_parts(&mut self, press: Press) {
        if let (Press::Next, Some(Question::Answer { owners, at, .. })) = (press, &mut self.parts.question) {
            *at = (*at + 1) % owners.len().max(1);
            return;
        }
        let Some(question) = self.parts.question.take() else { return };
        match (press, question) {
            (Press::Yes, Question::Give { key, contacts, needed }) => self.give(&key, contacts, needed),
            (Press::Yes, Question::Withdraw(key)) => self.withdraw(&key),
            (Press::Yes, Question::Ask(contact)) => self.act(Action::AskPart(contact)),
            (Press::Yes, Question::Answer { contact, owners, at }) => {
                self.act(Action::AnswerPart { contact, owner: owners.get(at).copied() });
            }
            (Press::No, Question::Answer { contact, .. }) => self.act(Action::AnswerPart { contact, owner: None }),
            _ => {}
        }
        self.set_focus(None);
        // ui goes back by itself to where the question was asked for.
        self.tell_shares();
    }

    /// A fresh secret takes the place of the one before once its parts are on their way: until then both open.
    fn give(&mut self, key: &StoreKey, contacts: Vec<u32>, needed: u8) {
        let Ok(secret) = RecoverySecret::random() else { return };
        let Ok(set) = key.add_shares(&secret) else { return self.notice(Some(Notice::StoreNotWritable)) };
        let secret = Key::clone(secret.key());
        self.act(Action::GiveParts { contacts, needed, set, secret });
        self.settle_parts(key);
    }

    /// The parts are to be destroyed, and open nothing any more.
    fn withdraw(&mut self, key: &StoreKey) {
        if !self.act_and_refused(Action::WithdrawParts) {
            let settled = self.settle_parts(key);
            self.notice(Some(if settled { Notice::PartsWithdrawn } else { Notice::StoreNotWritable }));
        }
    }

    /// ui does not show the question any more: it was not answered.
    pub(super) fn parts_vanished(&mut self) {
        if matches!(self.phase, Phase::Open(_)) && self.parts.question.take().is_some() {
            self.tell_shares();
        }
    }

    /// Shows the code that parts make which contacts gave.
    pub(super) fn show_parts(&mut self) {
        let gathered = self.vault().and_then(|vault| vault.gathered());
        if let Some(secret) = gathered.and_then(|gathered| gathered.secret) {
            self.offer_gathered(RecoverySecret::new(secret));
        }
    }
}
