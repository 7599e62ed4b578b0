//! The desktop's keyring: asked when the program starts, given something to keep, told to forget it.
//!
//! It opens the profile once, at the start, and nothing that was locked: it is open as long as the user is logged in,
//! and a lock that it opened would keep nobody out. So locking takes what it keeps its worth (the key file's slot
//! rests) before anything else, and only who opened the profile in another way arms it again, with a fresh share.
//!
//! The passphrase opens the profile whatever becomes of the keyring, also while it is being asked.

use super::{Out, Phase, Session};
use crate::profile::{self, Keeping, Kind, ProfileError, Stand, StoreKey};
use crate::worker::{How, Job};
use bulkhead_ipc::VERSION;
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_ipc::intent::{self, Command, Notice, ToUi};
use bulkhead_ipc::keyring::{FromKeyring, ToKeyring, Why};
use bulkhead_ipc::pixels::SlotKind;

/// Whether there is a keyring.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum There {
    /// Nobody has said yet.
    #[default]
    Unknown,
    Yes,
    No,
}

/// What waits for the keyring's answer.
enum Waiting {
    /// The locked profile is to be opened.
    Opening,
    /// The user turned it on, with the passphrase.
    Beginning(Box<(StoreKey, Keeping)>),
    /// The profile was opened in another way.
    Arming(Box<(StoreKey, Keeping)>),
    /// Whatever comes of it: something is forgotten, or was asked for a profile that is closed now.
    Nothing,
}

/// What the session knows of it.
#[derive(Default)]
pub struct Keyring {
    there: There,
    /// It was asked, or may not be any more: the program has started.
    asked: bool,
    waiting: Option<Waiting>,
    /// It is locked, and the user did not open it when the program started: not asked again for this profile.
    declined: bool,
    /// The open profile's key, as long as the keyring is to open it: to take that back at once.
    key: Option<StoreKey>,
    /// What it keeps opens the profile.
    armed: bool,
    /// What it is to forget as soon as it has answered.
    forget: Option<Bytes32>,
}

impl Keyring {
    /// Whether it is to open the profile that is open.
    pub const fn is_on(&self) -> bool {
        self.key.is_some()
    }
}

impl Session {
    pub(super) fn tell_keyring(&mut self) {
        let on = self.keyring_stand() != Stand::Off;
        let asking = matches!(self.keyring.waiting, Some(Waiting::Opening | Waiting::Beginning(_)));
        let keyring = match (self.keyring.there, on) {
            (There::Yes, _) if asking => intent::Keyring::Asking,
            (There::Yes | There::Unknown, true) => intent::Keyring::On,
            (There::Yes, false) => intent::Keyring::Possible,
            (There::No, true) => intent::Keyring::Lost,
            (There::No | There::Unknown, false) => intent::Keyring::None,
        };
        self.out.push(Out::Ui(ToUi::Keyring(keyring)));
    }

    fn keyring_stand(&self) -> Stand {
        profile::keyring_stand(&self.folder)
    }

    fn ask_keyring(&mut self, question: ToKeyring, waiting: Waiting) {
        self.keyring.waiting = Some(waiting);
        self.out.push(Out::Keyring(question));
    }

    /// keyring is gone, or broke a rule, or there never was one. The passphrase stays.
    pub fn keyring_gone(&mut self) {
        self.keyring.there = There::No;
        self.keyring_said(FromKeyring::Refused(Why::Failing));
    }

    /// Hears keyring.
    pub fn keyring_said(&mut self, said: FromKeyring) {
        let waiting = self.keyring.waiting.take();
        match (said, waiting) {
            (FromKeyring::Ready { version }, _) if version == VERSION => {
                self.keyring.there = There::Yes;
                self.ask_to_open_at_start();
            }
            (FromKeyring::Ready { version }, _) => {
                let ours = VERSION;
                eprintln!("bulkhead-vault: keyring speaks version {version} of the protocol, this is version {ours}");
            }
            (FromKeyring::Found(share), Some(Waiting::Opening)) if matches!(self.phase, Phase::Locked) => {
                match profile::open_with_keyring(&self.folder, &share) {
                    Ok(key) => {
                        self.notice(None);
                        self.set_phase(Phase::Unlocking);
                        self.open_with(How::Kept, Ok(key));
                    }
                    Err(error) => self.keyring_failed(error),
                }
            }
            (FromKeyring::Kept, Some(Waiting::Beginning(kept))) => self.begin_keyring(&kept),
            (FromKeyring::Kept, Some(Waiting::Arming(kept))) => {
                self.keyring.armed = kept.0.arm(&kept.1).is_ok();
                if !self.keyring.armed {
                    self.notice(Some(Notice::KeyringNotKept));
                }
            }
            (FromKeyring::Refused(why), Some(waiting)) => self.keyring_refused(why, &waiting),
            // What was asked for a profile that was opened in another way meanwhile, or closed.
            _ => {}
        }
        self.go_on_with_keyring();
        self.tell_keyring();
    }

    /// The program starts, and the keyring is to open the profile. Not where a whole profile is to be copied or moved:
    /// that is for who knows the passphrase. Where there is a PIN, the TPM is heard first, which knows older copies.
    pub(super) fn ask_to_open_at_start(&mut self) {
        let may = self.keyring.there == There::Yes && self.keyring.waiting.is_none() && !self.keyring.asked;
        let locked = matches!(self.phase, Phase::Locked) && self.errand.is_none();
        if let (true, true, Stand::Armed(name)) = (may, locked && self.has_heard_tpm(), self.keyring_stand()) {
            self.keyring.asked = true;
            self.ask_keyring(ToKeyring::Fetch { name }, Waiting::Opening);
            self.tell_keyring();
        }
    }

    /// What its share was to open did not open. What is wrong with all of the key file, or the folder, is told as for
    /// a passphrase.
    fn keyring_failed(&mut self, error: ProfileError) {
        match error {
            ProfileError::InUse | ProfileError::TooNew | ProfileError::Io | ProfileError::Moved => {
                self.open_with(How::Kept, Err(error));
            }
            ProfileError::Wrong | ProfileError::NoSlot | ProfileError::Damaged => {
                self.notice(Some(Notice::KeyringUseless));
            }
        }
    }

    fn keyring_refused(&mut self, why: Why, waiting: &Waiting) {
        let notice = match why {
            Why::Absent | Why::Foreign => Notice::KeyringUseless,
            Why::Locked => Notice::KeyringLocked,
            Why::Failing => Notice::KeyringFailing,
        };
        match waiting {
            Waiting::Opening => {
                self.keyring.declined = why == Why::Locked;
                if matches!(self.phase, Phase::Locked) {
                    self.notice(Some(notice));
                }
            }
            Waiting::Beginning(_) => self.notice(Some(notice)),
            Waiting::Arming(_) => self.notice(Some(Notice::KeyringNotKept)),
            Waiting::Nothing => {}
        }
    }

    /// Asks what could not be asked before: one question at a time.
    fn go_on_with_keyring(&mut self) {
        if self.keyring.there != There::Yes || self.keyring.waiting.is_some() {
            return;
        }
        if let Some(name) = self.keyring.forget.take() {
            return self.ask_keyring(ToKeyring::Forget { ask: false, name }, Waiting::Nothing);
        }
        let Some(key) = self.keyring.key.clone().filter(|_| !self.keyring.armed && !self.keyring.declined) else {
            return;
        };
        // Once for each time that the profile is opened.
        self.keyring.declined = true;
        if let Ok(keeping) = Keeping::fresh(self.keyring_stand().name()) {
            self.ask_keyring(keeping.question(false), Waiting::Arming(Box::new((key, keeping))));
        }
    }

    /// The profile was opened: if the keyring is to open it, and did not, it gets a fresh share.
    pub(super) fn hold_keyring(&mut self, key: &StoreKey, how: How) {
        let on = self.keyring_stand() != Stand::Off;
        self.keyring.key = on.then(|| key.clone());
        self.keyring.armed = how == How::Kept;
        self.go_on_with_keyring();
        self.tell_keyring();
    }

    /// The profile is being locked: from now on the keyring opens nothing. First in the key file, which is the vault's
    /// own; then, whatever came of that, in the keyring.
    pub(super) fn rest_keyring(&mut self) {
        self.keyring.asked = true;
        if let Some(key) = self.keyring.key.take() {
            let _ = key.rest();
            self.forget_kept();
        }
    }

    /// Has the keyring forget its share, without asking the user.
    pub(super) fn forget_kept(&mut self) {
        self.forget(self.kept());
    }

    /// Under which name it keeps something for this profile, or did.
    pub(super) fn kept(&self) -> Option<Bytes32> {
        self.keyring_stand().name()
    }

    /// Has it forget what it keeps under this name, as soon as it can be asked.
    pub(super) fn forget(&mut self, name: Option<Bytes32>) {
        self.keyring.forget = name.or(self.keyring.forget.take());
        self.go_on_with_keyring();
    }

    /// The profile is closed: no key stays here, and what the keyring answers is for nobody.
    pub(super) fn let_go_of_keyring(&mut self) {
        (self.keyring.key, self.keyring.armed, self.keyring.declined) = (None, false, false);
        self.keyring.waiting = self.keyring.waiting.take().map(|_| Waiting::Nothing);
    }

    /// The button was pressed: on, if the passphrase typed is right, or off.
    pub fn press_keyring(&mut self) {
        if self.shown(SlotKind::Keyring).is_none() || !self.is_open() {
            return;
        }
        if let Some(key) = self.keyring.key.clone() {
            return self.end_keyring(&key);
        }
        if self.keyring.there != There::Yes {
            return self.notice(Some(Notice::KeyringFailing));
        }
        if self.keyring.waiting.is_some() {
            return self.notice(Some(Notice::KeyringLocked));
        }
        let Some((lock, current)) = self.current() else { return };
        self.notice(None);
        self.ways.busy = true;
        self.out.push(Out::Derive(Job::Keyring(lock, current)));
    }

    /// The worker found the passphrase right, or not: the keyring is next.
    pub(super) fn ask_to_keep(&mut self, key: Result<StoreKey, ProfileError>) {
        if !self.is_open() || !std::mem::take(&mut self.ways.busy) {
            return;
        }
        match key.and_then(|key| Ok((key, Keeping::fresh(None)?))) {
            Ok((key, keeping)) => {
                self.ways.wrong = 0;
                self.ask_keyring(keeping.question(true), Waiting::Beginning(Box::new((key, keeping))));
                self.tell_keyring();
            }
            Err(error) => self.refused(error),
        }
    }

    fn begin_keyring(&mut self, (key, keeping): &(StoreKey, Keeping)) {
        if key.arm(keeping).is_err() {
            return self.notice(Some(Notice::StoreNotWritable));
        }
        (self.keyring.key, self.keyring.armed) = (Some(key.clone()), true);
        self.leave_keyring_page(Notice::KeyringOn);
        self.offer_where_there_is_none(key);
    }

    /// Nobody needs a passphrase to make the profile safer.
    fn end_keyring(&mut self, key: &StoreKey) {
        let name = self.keyring_stand().name();
        if key.remove(Kind::Keyring).is_err() {
            return self.notice(Some(Notice::StoreNotWritable));
        }
        (self.keyring.key, self.keyring.armed) = (None, false);
        match (name, self.keyring.there, self.keyring.waiting.is_some()) {
            (Some(name), There::Yes, false) => {
                self.ask_keyring(ToKeyring::Forget { ask: true, name }, Waiting::Nothing);
            }
            (name, ..) => self.forget(name),
        }
        self.leave_keyring_page(Notice::KeyringOff);
        self.tell_keyring();
    }

    fn leave_keyring_page(&mut self, notice: Notice) {
        self.set_focus(None);
        if self.shown(SlotKind::Keyring).is_some() {
            self.command(Command::Escape);
        }
        self.notice(Some(notice));
    }
}
