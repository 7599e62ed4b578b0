//! The heart of the process without its window: what phase it is in, what is open, what has the keyboard.
//!
//! Inputs are calls; what has to be done outside is collected in [`Out`]s and taken by the event loop. So the
//! same session runs behind a window and behind the test driver.

mod acts;
mod counting;
mod deletion;
mod errand;
mod fields;
mod focus;
mod intents;
mod keyring;
mod opening;
mod parts;
mod pins;
mod telling;
mod updates;
mod ways;

use crate::clock::{self, Zone};
use crate::idle::AutoLock;
use crate::profile::{self, StoreKey};
use crate::rescue::Damage;
use crate::slots::message_list::Shelf;
use crate::store::SqlStore;
use crate::view::Conversation;
use crate::worker::{Derived, Job};
pub use acts::Acts;
use bulkhead_ipc::control::{Peer, ToLauncher};
use bulkhead_ipc::intent::{self, Accept, Command, Invite, Notice, ToUi};
use bulkhead_ipc::pixels::{Slot, SlotKey, SlotKind, Theme};
use bulkhead_ipc::{keyring as keyring_line, post, seal, sign};
use bulkhead_vault_core::{Action, Changed, Config, ContactView, Effect, Hit, Input, Plaintext, Vault};
pub use deletion::ERASE;
use errand::Errand;
pub use fields::Fields;
pub use keyring::Keyring;
pub use parts::{Parts, Press, Question};
pub use pins::Pins;
use std::path::PathBuf;
pub use updates::Updates;
pub use ways::{Answer, Ways};

/// Most search results.
const RESULTS: usize = 50;

/// What the program is doing, with what that phase owns.
pub enum Phase {
    /// No profile yet.
    Setup,
    /// Waits for the passphrase.
    Locked,
    /// The worker derives the key.
    Unlocking,
    /// Ready.
    Open(Box<Vault<SqlStore>>),
    /// The store cannot be used.
    Broken,
}

/// What has to be done outside.
pub enum Out {
    /// To net.
    Post(post::ToNet),
    /// To net.
    Sign(sign::ToNet),
    /// To ui.
    Ui(ToUi),
    /// To the launcher.
    Launcher(ToLauncher),
    /// To seal.
    Seal(seal::ToSeal),
    /// To keyring.
    Keyring(keyring_line::ToKeyring),
    /// To the worker.
    Derive(Job),
    /// To the thread that saves what can be read.
    Rescue(Damage),
    /// Put this on the clipboard.
    Clipboard(String),
    /// Use this theme, and remember it.
    Theme(Theme),
    /// Messages came in while the user may be elsewhere.
    Attention,
    /// End the program.
    Quit,
}

/// The session.
pub struct Session {
    /// The phase.
    pub phase: Phase,
    /// What is being typed.
    pub fields: Fields,
    /// The slot that has the keyboard.
    pub focus: Option<SlotKey>,
    /// The conversation on screen.
    pub open: Option<u32>,
    /// Its messages, as far as they are loaded.
    pub list: Shelf,
    /// What the search found, and which one is chosen.
    pub hits: Vec<Hit>,
    /// The chosen result.
    pub hit: usize,
    /// The delete dialogue's chosen button: `true` deletes.
    pub delete_chosen: bool,
    /// The sentence in the notice bar.
    pub notice: Option<Notice>,
    /// The newest invite.
    pub invite: Invite,
    /// The acceptance.
    pub accept: Accept,
    /// Light or dark.
    pub theme: Theme,
    /// How times are written.
    pub zone: Zone,
    /// Whether the window has the user's attention.
    pub attended: bool,
    /// What speaks for ui.
    pub acts: Acts,
    /// Passphrase and recovery code.
    pub ways: Ways,
    /// The PIN.
    pub pins: Pins,
    /// The desktop's keyring.
    pub keyring: Keyring,
    /// Parts of recovery secrets.
    pub parts: Parts,
    /// What is known of updates.
    pub updates: Updates,
    /// When to lock without being told.
    pub auto_lock: AutoLock,
    folder: PathBuf,
    config: Config,
    slots: Vec<SlotKey>,
    list_slot: Option<Slot>,
    /// As ui was told.
    timers: Option<Vec<intent::Timer>>,
    wanted: Option<SlotKey>,
    jump: Option<(u32, u64)>,
    new_name: Option<Plaintext>,
    errand: Option<Errand>,
    /// What is to be said once the profile is open.
    done: Option<Notice>,
    hello: (Option<post::FromNet>, Option<sign::FromNet>),
    /// A part of the store could not be read: at the next unlocking what can be read is to be saved first.
    suspect: bool,
    /// The key of a damaged store, for saving what can be read of it.
    damaged: Option<StoreKey>,
    stale: (bool, bool),
    out: Vec<Out>,
}

impl Session {
    /// Looks whether there is a profile; opens nothing.
    pub fn new(folder: PathBuf, config: Config, zone: Zone, theme: Theme) -> Self {
        let phase = if profile::exists(&folder) { Phase::Locked } else { Phase::Setup };
        Self {
            phase,
            fields: Fields::default(),
            focus: None,
            open: None,
            list: Shelf::new(),
            hits: Vec::new(),
            hit: 0,
            delete_chosen: false,
            notice: None,
            invite: Invite::None,
            accept: Accept::Idle,
            theme,
            zone,
            attended: true,
            acts: Acts::default(),
            ways: Ways::default(),
            pins: Pins::default(),
            keyring: Keyring::default(),
            parts: Parts::default(),
            updates: Updates::default(),
            auto_lock: AutoLock::load(&folder),
            folder,
            config,
            slots: Vec::new(),
            list_slot: None,
            timers: None,
            wanted: None,
            jump: None,
            new_name: None,
            errand: None,
            done: None,
            hello: (None, None),
            suspect: false,
            damaged: None,
            stale: (false, false),
            out: Vec::new(),
        }
    }

    /// The vault, if it is open.
    pub fn vault(&self) -> Option<&Vault<SqlStore>> {
        match &self.phase {
            Phase::Open(vault) => Some(vault),
            _ => None,
        }
    }

    /// Whether the vault is open.
    pub fn is_open(&self) -> bool {
        self.vault().is_some()
    }

    /// A contact, if the vault is open and knows it.
    pub fn contact(&self, handle: u32) -> Option<&ContactView> {
        self.vault()?.contact(handle)
    }

    /// Unread messages in all conversations.
    pub fn unread(&self) -> u32 {
        self.vault()
            .map_or(0, |vault| vault.contacts().iter().fold(0, |sum, contact| sum.saturating_add(contact.unread)))
    }

    /// Whose the slot of this kind is that is on screen.
    pub fn shown(&self, kind: SlotKind) -> Option<u32> {
        self.slots.iter().find(|key| key.kind == kind).map(|key| key.handle)
    }

    /// Takes what has to be done outside.
    pub fn take_out(&mut self) -> Vec<Out> {
        if std::mem::take(&mut self.stale.0) {
            self.tell_contacts();
        }
        if std::mem::take(&mut self.stale.1) {
            self.tell_relays();
        }
        std::mem::take(&mut self.out)
    }

    /// Packets of the post line. While locked only that net is there is remembered.
    pub fn post(&mut self, packets: Vec<post::FromNet>) {
        for packet in &packets {
            if let post::FromNet::Hello { .. } = packet {
                self.hello.0 = Some(packet.clone());
            }
        }
        self.inputs(packets.into_iter().map(Input::Post).collect());
    }

    /// A packet of the sign line.
    pub fn sign(&mut self, packet: sign::FromNet) {
        if let sign::FromNet::Hello { .. } = packet {
            self.hello.1 = Some(packet.clone());
        }
        self.inputs(vec![Input::Sign(packet)]);
    }

    /// Time passed.
    pub fn tick(&mut self) {
        self.inputs(vec![Input::Steady(clock::steady()), Input::Tick]);
    }

    /// The user did something.
    pub fn act(&mut self, action: Action) {
        self.inputs(vec![Input::Do(action)]);
    }

    /// The same; says whether the core refused it with a notice, so that what was typed is kept.
    fn act_and_refused(&mut self, action: Action) -> bool {
        let Phase::Open(vault) = &mut self.phase else { return true };
        let effects = vault.handle(Input::Do(action), clock::now(), &mut rand::rng());
        let refusal = |effect: &Effect| {
            use Notice::{BadRelay, MessageTooLong, StoreDamaged, StoreNotWritable, TooFewKeepers, TooManyRelays};
            let Effect::Changed(Changed::Notice(notice)) = effect else { return false };
            matches!(
                notice,
                BadRelay | MessageTooLong | StoreDamaged | StoreNotWritable | TooFewKeepers | TooManyRelays
            )
        };
        let refused = effects.iter().any(refusal);
        self.effects(effects);
        refused
    }

    fn inputs(&mut self, inputs: Vec<Input>) {
        let Phase::Open(vault) = &mut self.phase else { return };
        let effects = vault.handle_all(inputs, clock::now(), &mut rand::rng());
        self.effects(effects);
    }

    fn effects(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Post(message) => self.out.push(Out::Post(message)),
                Effect::Sign(message) => self.out.push(Out::Sign(message)),
                Effect::Changed(changed) => self.changed(changed),
            }
        }
    }

    fn changed(&mut self, changed: Changed) {
        match changed {
            Changed::Contacts => {
                self.stale.0 = true;
                if self.open.is_some_and(|handle| self.contact(handle).is_none()) {
                    self.open = None;
                    self.list = Shelf::new();
                    self.fields.set_message("");
                }
            }
            Changed::Messages(contact) => {
                if self.open == Some(contact) {
                    self.list.refresh();
                }
            }
            Changed::Inserted { contact, seq, count } => {
                let hits = self.hits.iter_mut().map(|hit| (hit.contact, &mut hit.seq));
                let jump = self.jump.iter_mut().map(|(of, place)| (*of, place));
                let behind = hits.chain(jump).filter(|(of, place)| *of == contact && **place >= seq);
                behind.for_each(|(_, place)| *place += count);
                if self.open == Some(contact) {
                    self.list.inserted(seq, count);
                }
            }
            Changed::Removed { contact, seq, up } => {
                let moved = |place: u64| match up {
                    true => place + u64::from(place < seq),
                    false => place - u64::from(place > seq),
                };
                self.hits.retain(|hit| hit.contact != contact || hit.seq != seq);
                self.hit = self.hit.min(self.hits.len().saturating_sub(1));
                self.jump = self.jump.filter(|(of, place)| *of != contact || *place != seq);
                let hits = self.hits.iter_mut().map(|hit| (hit.contact, &mut hit.seq));
                let jump = self.jump.iter_mut().map(|(of, place)| (*of, place));
                hits.chain(jump).filter(|(of, _)| *of == contact).for_each(|(_, place)| *place = moved(*place));
                if self.open == Some(contact) {
                    self.list.removed(seq, moved);
                }
            }
            Changed::Added(contact) => {
                self.stale.0 = true;
                self.tell_contacts();
                self.out.push(Out::Ui(ToUi::Show(contact)));
            }
            Changed::Incoming { .. } => self.out.push(Out::Attention),
            Changed::Relays => self.stale.1 = true,
            Changed::Shares => self.tell_shares(),
            Changed::Invite(invite) => {
                self.invite = invite;
                self.out.push(Out::Ui(ToUi::Invite(invite)));
            }
            Changed::Accept(accept) => {
                self.accept = accept;
                if let Accept::Done { .. } = accept {
                    let _ = self.fields.take(SlotKind::PasteInvite);
                }
                self.out.push(Out::Ui(ToUi::Accept(accept)));
            }
            Changed::Notice(notice) => {
                self.suspect |= notice == Notice::StoreDamaged;
                self.notice(Some(notice));
            }
            Changed::NetBroke => self.out.push(Out::Launcher(ToLauncher::Restart(Peer::Net))),
        }
    }

    /// Shows a sentence in the notice bar, or clears it.
    pub fn notice(&mut self, notice: Option<Notice>) {
        if self.notice != notice {
            self.notice = notice;
            self.out.push(Out::Ui(ToUi::Notice(notice)));
        }
    }

    fn set_phase(&mut self, phase: Phase) {
        self.phase = phase;
        self.focus = None;
        self.wanted = None;
        self.out.push(Out::Ui(ToUi::Phase(self.told_phase())));
        self.out.push(Out::Ui(ToUi::Focus(None)));
        self.stale = (true, true);
    }

    /// The worker is done.
    pub fn derived(&mut self, derived: Derived) {
        match derived {
            Derived::Opened(how, key) if matches!(self.phase, Phase::Unlocking) => self.open_with(how, key),
            Derived::Opened(..) => {}
            Derived::Confirmed(key) => self.confirmed(key),
            Derived::Changed(changed) => self.changed_passphrase(changed),
            Derived::Pin(opening) => self.ask_to_open(opening),
            Derived::SetPin(setting) => self.ask_to_seal(setting),
            Derived::PinRemoved(removed) => self.pin_removed(removed),
            Derived::Keyring(key) => self.ask_to_keep(key),
        }
    }

    /// Creates a profile with what did not come through fields.
    #[cfg(feature = "test-driver")]
    pub fn create_with(&mut self, name: String, passphrase: String) {
        self.fields.set(SlotKind::OwnName, name);
        self.fields.set(SlotKind::NewPassphrase, passphrase.clone());
        self.fields.set(SlotKind::RepeatPassphrase, passphrase);
        self.submit(SlotKind::RepeatPassphrase);
    }

    /// Forgets keys and words, and has net restarted: the old one knows mailboxes that a locked vault does
    /// not answer for.
    pub fn lock(&mut self) {
        if !self.is_open() {
            return;
        }
        self.rest_keyring();
        self.save_draft();
        self.fields.clear();
        self.open = None;
        self.list = Shelf::new();
        self.hits.clear();
        self.invite = Invite::None;
        self.accept = Accept::Idle;
        self.let_go();
        self.notice(self.suspect.then_some(Notice::StoreDamaged));
        self.set_phase(Phase::Locked);
        self.tell_all();
        self.hello = (None, None);
        self.out.push(Out::Launcher(ToLauncher::Restart(Peer::Net)));
    }

    /// The same without the user, who finds a sentence about it.
    pub fn lock_by_itself(&mut self) {
        self.lock();
        self.notice(Some(Notice::LockedByItself));
    }

    /// Chooses when to lock without being told.
    pub fn set_auto_lock(&mut self, choice: AutoLock) {
        if !choice.save(&self.folder) {
            return self.notice(Some(Notice::StoreNotWritable));
        }
        self.auto_lock = choice;
    }

    /// Closes the store in good order.
    pub fn close(&mut self) {
        self.save_draft();
        self.let_go();
        self.fields.clear();
        self.phase = Phase::Locked;
    }

    /// Keeps what is typed but not sent.
    pub fn save_draft(&mut self) {
        if let (Some(contact), true) = (self.open, std::mem::take(&mut self.fields.edited)) {
            let text = Plaintext::new(self.fields.message.text().trim_end().to_owned());
            self.act(Action::SaveDraft { contact, text });
        }
    }

    fn open_conversation(&mut self, handle: u32) {
        // A contact may have been deleted while ui's word was on its way.
        let Some(contact) = self.contact(handle) else { return };
        let unread = contact.unread;
        if self.open != Some(handle) {
            self.save_draft();
            self.open = Some(handle);
            let draft = self.vault().and_then(|vault| vault.draft(handle)).cloned();
            self.fields.set_message(draft.as_ref().map_or("", |draft| draft.as_str()));
            self.list = Shelf::new();
            if let Some(vault) = self.vault() {
                self.list.divide(&Conversation(vault, handle), unread);
            }
            let compose = SlotKey { kind: SlotKind::Compose, handle };
            self.wanted = Some(compose);
            if self.slots.contains(&compose) {
                self.set_focus(Some(compose));
            }
        }
        if let Some((contact, seq)) = self.jump.take()
            && contact == handle
        {
            self.list.go_to(seq);
        }
    }

    fn close_conversation(&mut self) {
        self.save_draft();
        self.open = None;
        self.list = Shelf::new();
        self.fields.set_message("");
    }

    /// What can be seen has been read, if the user is there.
    pub fn mark_read(&mut self) {
        let Some(handle) = self.open else { return };
        let unread = self.contact(handle).is_some_and(|contact| contact.unread > 0);
        if unread && self.attended && self.list.at_end() && self.shown(SlotKind::MessageList) == Some(handle) {
            self.act(Action::Read(handle));
        }
    }

    fn find(&mut self) {
        let words = self.fields.get(SlotKind::Search).trim().to_owned();
        self.hit = 0;
        self.hits = match self.vault() {
            Some(vault) if !words.is_empty() => vault.search(&words, RESULTS).unwrap_or_default(),
            _ => Vec::new(),
        };
    }

    /// Goes to a search result.
    pub fn open_hit(&mut self, index: usize) {
        let Some((contact, seq)) = self.hits.get(index).map(|hit| (hit.contact, hit.seq)) else { return };
        self.hit = index;
        if self.open == Some(contact) {
            self.list.go_to(seq);
        } else {
            self.jump = Some((contact, seq));
        }
        self.out.push(Out::Ui(ToUi::Show(contact)));
    }

    /// Shows a conversation as if it had been clicked.
    #[cfg(feature = "test-driver")]
    pub fn show(&mut self, contact: u32) {
        self.out.push(Out::Ui(ToUi::Show(contact)));
    }

    /// A button of the delete dialogue was pressed.
    pub fn confirm_delete(&mut self, delete: bool) {
        let Some(contact) = self.shown(SlotKind::ConfirmDelete) else { return };
        self.set_focus(None);
        self.command(Command::Escape);
        if delete {
            self.fields.edited = false;
            self.act(Action::Delete(contact));
        }
    }

    /// The other button of the dialogue that has the keyboard.
    pub fn switch_button(&mut self) {
        match self.focus.map(|key| key.kind) {
            Some(SlotKind::RecoveryCode) => self.ways.chosen = self.ways.chosen.next(),
            Some(SlotKind::ConfirmParts) => self.switch_parts(),
            _ => self.delete_chosen = !self.delete_chosen,
        }
    }

    /// Its chosen button.
    pub fn press_button(&mut self) {
        match self.focus.map(|key| key.kind) {
            Some(SlotKind::RecoveryCode) => self.answer_offer(self.ways.chosen),
            Some(SlotKind::ConfirmParts) => self.press_parts(),
            Some(SlotKind::Keyring) => self.press_keyring(),
            _ => self.confirm_delete(self.delete_chosen),
        }
    }

    /// Tells ui a command.
    pub fn command(&mut self, command: Command) {
        // At once, not when ui has answered: what is typed right after Ctrl+K must not go to a conversation.
        if command == Command::Search {
            self.focus_kind(SlotKind::Search);
        }
        self.out.push(Out::Ui(ToUi::Command(command)));
    }

    /// Ends the program.
    pub fn quit(&mut self) {
        self.out.push(Out::Quit);
    }

    /// Puts text on the clipboard.
    pub fn copy(&mut self, text: String) {
        self.out.push(Out::Clipboard(text));
    }
}
