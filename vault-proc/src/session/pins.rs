//! The PIN: asked for, set, removed. What keeps a share of it is the machine's TPM, behind the seal line.
//!
//! The passphrase opens the profile whatever becomes of the TPM: each path here that fails leads back to it.

use super::counting::Counting;
use super::{Out, Phase, Session};
use crate::profile::{self, Kind, MIN_PIN, MIN_PIN_UNGUARDED, Opening, ProfileError, Setting};
use crate::worker::{How, Job};
use bulkhead_ipc::VERSION;
use bulkhead_ipc::intent::{Command, Notice, Pin, ToUi};
use bulkhead_ipc::pixels::SlotKind;
use bulkhead_ipc::seal::{FromSeal, ToSeal, Why};
use bulkhead_vault_core::Passphrase;
use std::time::{Duration, Instant};

/// How long a TPM may take; a slow one needs two or three seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// What waits for the TPM's answer.
enum Waiting {
    Opening(Box<Opening>),
    Setting(Box<Setting>),
    Counting(Box<Counting>),
}

/// What the session knows of PIN and TPM.
#[derive(Default)]
pub struct Pins {
    /// seal said that there is a TPM, and nothing was wrong with it since.
    there: bool,
    /// seal said that there is a TPM, or that there is none.
    heard: bool,
    /// A password guards its count of wrong PINs.
    guarded: bool,
    /// The question that is open, and when it was asked.
    waiting: Option<(Waiting, Instant)>,
    /// How many wrong PINs the TPM still takes, once one was wrong.
    left: Option<u32>,
    /// For how long it rests, once there were too many.
    resting: Option<u32>,
}

impl Pins {
    /// What the strip says where the PIN is typed.
    pub fn words(&self) -> String {
        match (self.resting, self.left) {
            (Some(seconds), _) => {
                let minutes = seconds.div_ceil(60).max(1);
                format!("Typing your PIN: the TPM forgets one wrong PIN every {minutes} min")
            }
            (None, Some(0)) => "Typing your PIN: the TPM takes none for now".to_owned(),
            (None, Some(1)) => "Typing your PIN: the TPM takes one more wrong one".to_owned(),
            (None, Some(left)) => format!("Typing your PIN: the TPM takes {left} more wrong ones"),
            (None, None) => "Typing your PIN: Bulkhead passes it to nobody".to_owned(),
        }
    }
}

impl Session {
    pub(super) fn tell_pin(&mut self) {
        let set = profile::kinds(&self.folder).is_ok_and(|kinds| kinds.contains(&Kind::Pin));
        let pin = match (self.pins.there, set) {
            (true, true) => Pin::Set,
            (true, false) if self.pins.guarded => Pin::Possible,
            (true, false) => Pin::Unguarded,
            (false, true) => Pin::Lost,
            (false, false) => Pin::None,
        };
        self.out.push(Out::Ui(ToUi::Pin(pin)));
    }

    /// seal is gone, or broke a rule. The passphrase stays.
    pub fn seal_gone(&mut self) {
        (self.pins.there, self.pins.heard) = (false, true);
        self.seal_refused(Why::Failing);
        self.tell_pin();
        self.ask_to_open_at_start();
    }

    /// The profile was locked: what waited for the TPM is not wanted any more.
    pub(super) fn let_go_of_pin(&mut self) {
        self.pins.waiting = None;
    }

    /// Whether nothing more is to be heard of a TPM before the profile is opened.
    pub(super) fn has_heard_tpm(&self) -> bool {
        self.pins.heard || !profile::kinds(&self.folder).is_ok_and(|kinds| kinds.contains(&Kind::Pin))
    }

    /// Whether there is a TPM, and it waits for a question.
    pub(super) const fn may_ask_tpm(&self) -> bool {
        self.pins.there && self.pins.waiting.is_none()
    }

    pub(super) fn ask_to_count(&mut self, counting: Counting, question: ToSeal) {
        self.pins.waiting = Some((Waiting::Counting(Box::new(counting)), Instant::now()));
        self.out.push(Out::Seal(question));
    }

    /// When [`Session::judge_seal`] is to be called at the latest.
    pub fn seal_due(&self) -> Option<Instant> {
        self.pins.waiting.as_ref().map(|(_, since)| *since + PATIENCE)
    }

    /// Gives a TPM up that does not answer.
    pub fn judge_seal(&mut self, now: Instant) {
        if self.seal_due().is_some_and(|due| due <= now) {
            self.seal_gone();
        }
    }

    /// Hears seal.
    pub fn seal_said(&mut self, said: FromSeal) {
        match said {
            FromSeal::Ready { guarded, version } if version == VERSION => {
                (self.pins.there, self.pins.guarded, self.pins.heard) = (true, guarded, true);
                self.tell_pin();
                self.ask_to_open_at_start();
            }
            FromSeal::Ready { version, .. } => {
                eprintln!("bulkhead-vault: seal speaks version {version} of the protocol, this is version {VERSION}");
            }
            FromSeal::Sealed(object) => {
                if let Some((Waiting::Setting(setting), _)) = self.pins.waiting.take() {
                    self.ways.busy = false;
                    match setting.finish(&object) {
                        Ok(()) => self.pin_changed(Notice::PinSet),
                        Err(error) => self.refused(error),
                    }
                }
            }
            FromSeal::Unsealed(share) => {
                if let Some((Waiting::Opening(opening), _)) = self.pins.waiting.take() {
                    match opening.finish(&share) {
                        Ok(key) => {
                            (self.pins.left, self.pins.resting) = (None, None);
                            self.open_with(How::Unlocked, Ok(key));
                        }
                        Err(error) => self.pin_failed(error),
                    }
                }
            }
            FromSeal::Counted { value, counter } => {
                if let Some((Waiting::Counting(counting), _)) = self.pins.waiting.take() {
                    self.counted(*counting, counter, value);
                }
            }
            FromSeal::Dropped => {
                if let Some((Waiting::Counting(counting), _)) = self.pins.waiting.take() {
                    self.not_counted(*counting, false);
                }
            }
            FromSeal::Refused(why) => self.seal_refused(why),
        }
    }

    fn seal_refused(&mut self, why: Why) {
        let Some((waiting, _)) = self.pins.waiting.take() else { return };
        let notice = match why {
            Why::Wrong { left } => {
                (self.pins.left, self.pins.resting) = (Some(left), None);
                if left == 0 { Notice::PinResting } else { Notice::WrongPin }
            }
            Why::Resting { seconds } => {
                self.pins.resting = Some(seconds);
                Notice::PinResting
            }
            Why::Unknown => Notice::PinUseless,
            Why::Failing => Notice::TpmFailing,
        };
        match waiting {
            Waiting::Counting(counting) => return self.not_counted(*counting, why == Why::Unknown),
            Waiting::Opening(_) => self.set_phase(Phase::Locked),
            Waiting::Setting(_) => self.ways.busy = false,
        }
        self.notice(Some(notice));
    }

    /// Opens the profile with the PIN typed.
    pub(super) fn unlock_with_pin(&mut self) {
        let typed = self.fields.take(SlotKind::Pin);
        if typed.as_str().is_empty() || !self.pins.there || self.pins.waiting.is_some() {
            return self.focus_kind(SlotKind::Pin);
        }
        self.notice(None);
        self.set_phase(Phase::Unlocking);
        self.out.push(Out::Derive(Job::Pin(self.folder.clone(), typed.into())));
    }

    /// The worker stretched the PIN: the TPM is next.
    pub(super) fn ask_to_open(&mut self, opening: Result<Box<Opening>, ProfileError>) {
        if !matches!(self.phase, Phase::Unlocking) {
            return;
        }
        match opening.and_then(|opening| Ok((opening.question()?, opening))) {
            Ok((question, opening)) => {
                self.pins.waiting = Some((Waiting::Opening(opening), Instant::now()));
                self.out.push(Out::Seal(question));
            }
            Err(error) => self.pin_failed(error),
        }
    }

    /// The PIN's part of the key file is of no use. What is wrong with all of it, or the folder, the passphrase tells.
    fn pin_failed(&mut self, error: ProfileError) {
        match error {
            ProfileError::InUse | ProfileError::TooNew | ProfileError::Io | ProfileError::Moved => {
                self.open_with(How::Unlocked, Err(error));
            }
            ProfileError::Wrong | ProfileError::NoSlot | ProfileError::Damaged => {
                self.set_phase(Phase::Locked);
                self.notice(Some(Notice::PinUseless));
                self.tell_pin();
            }
        }
    }

    /// Takes the PIN typed, if the passphrase typed is right.
    pub(super) fn set_pin(&mut self) {
        if self.shown(SlotKind::NewPin).is_none() || !self.pins.there || self.pins.waiting.is_some() {
            return;
        }
        if self.ways.busy || self.fields.get(SlotKind::CurrentPassphrase).is_empty() {
            return self.focus_kind(SlotKind::CurrentPassphrase);
        }
        let Some(pin) = self.new_pin() else { return };
        let Some((lock, current)) = self.current() else { return };
        self.ways.busy = true;
        self.out.push(Out::Derive(Job::SetPin(lock, current, pin)));
    }

    /// What is in the two fields for a new PIN, if it will do; else the user is told.
    fn new_pin(&mut self) -> Option<Passphrase> {
        let least = if self.pins.guarded { MIN_PIN } else { MIN_PIN_UNGUARDED };
        if self.fields.get(SlotKind::NewPin).chars().count() < least {
            let _ = self.fields.take(SlotKind::RepeatPin);
            self.focus_kind(SlotKind::NewPin);
            self.notice(Some(if self.pins.guarded { Notice::PinTooShort } else { Notice::PinUnguarded }));
            return None;
        }
        if self.fields.get(SlotKind::NewPin) != self.fields.get(SlotKind::RepeatPin) {
            let _ = self.fields.take(SlotKind::RepeatPin);
            self.focus_kind(SlotKind::RepeatPin);
            self.notice(Some(Notice::PinsDiffer));
            return None;
        }
        self.notice(None);
        let _ = self.fields.take(SlotKind::RepeatPin);
        Some(self.fields.take(SlotKind::NewPin).into())
    }

    /// The worker found the passphrase right, or not: the TPM is next.
    pub(super) fn ask_to_seal(&mut self, setting: Result<Box<Setting>, ProfileError>) {
        if !self.is_open() || !self.ways.busy {
            return;
        }
        match setting {
            Ok(setting) => {
                self.ways.wrong = 0;
                let question = setting.question();
                self.pins.waiting = Some((Waiting::Setting(setting), Instant::now()));
                self.out.push(Out::Seal(question));
            }
            Err(error) => {
                self.ways.busy = false;
                self.refused(error);
            }
        }
    }

    fn pin_changed(&mut self, notice: Notice) {
        (self.pins.left, self.pins.resting) = (None, None);
        self.set_focus(None);
        if self.shown(SlotKind::CurrentPassphrase).is_some() {
            self.command(Command::Escape);
        }
        self.notice(Some(notice));
        self.tell_pin();
    }

    /// Takes the PIN away, if the passphrase typed is right: only who knows one may change the key file.
    pub(super) fn remove_pin(&mut self) {
        let Some((lock, current)) = self.current() else { return };
        self.notice(None);
        self.ways.busy = true;
        self.out.push(Out::Derive(Job::RemovePin(lock, current)));
    }

    /// The worker took it away, or found the passphrase wrong.
    pub(super) fn pin_removed(&mut self, removed: Result<(), ProfileError>) {
        if !self.is_open() || !std::mem::take(&mut self.ways.busy) {
            return;
        }
        match removed {
            Ok(()) => {
                self.ways.wrong = 0;
                self.pin_changed(Notice::PinRemoved);
            }
            Err(error) => self.refused(error),
        }
    }
}
