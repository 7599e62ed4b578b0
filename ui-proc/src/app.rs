//! What happens: the vault tells, the user decides, the vault is told.
//!
//! No pixels and no lines here, so that every path can be tested.

use crate::focus::{Focus, Ring, Scroller, Stop, Viewport, is_row, only};
use crate::message::{Message, Panel};
use crate::state::State;
use crate::widgets::ROW;
use bulkhead_ipc::intent::{Accept, Command, FromUi, Invite, Keyring, Notice, Phase, Recovery, ToUi};
use bulkhead_ipc::pixels::{Slot, SlotKey, SlotKind};
use bulkhead_ipc::update::Kind;

/// A scroll that the program asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scroll {
    /// Which part.
    pub scroller: Scroller,
    /// To this offset, in logical pixels.
    pub offset: f32,
}

/// All that ui is, apart from its pixels.
#[derive(Debug, Default)]
pub struct App {
    /// What it knows.
    pub state: State,
    /// Who has the keyboard.
    pub focus: Focus,
    ring: Ring,
    list: Option<Viewport>,
    scroll: Option<Scroll>,
    out: Vec<FromUi>,
    wanted: Option<SlotKey>,
    told: Option<u32>,
    /// The recovery code, or what is about updates, was asked for in the settings, and leads back there.
    from_settings: bool,
    /// What a question of the vault's covers.
    asked_from: Option<Panel>,
    ready: bool,
}

impl App {
    /// Takes what the vault says (pointer and greeting are the caller's).
    pub fn told(&mut self, message: ToUi) {
        match message {
            ToUi::Welcome { .. } | ToUi::Pointer(_) => {}
            ToUi::Phase(phase) => self.phase(phase),
            ToUi::Contacts(contacts) => {
                self.state.contacts = contacts;
                self.state.prune();
            }
            ToUi::Relays(relays) => self.state.relays = relays,
            ToUi::Invite(invite) => self.state.invite = invite,
            ToUi::Accept(accept) => self.state.accept = accept,
            ToUi::Searching(searching) => self.state.searching = searching,
            ToUi::Focus(Some(key)) => {
                // An answer to an older wish does not end a newer one.
                self.wanted = self.wanted.filter(|wanted| *wanted != key);
                self.focus = Focus::Slot(key);
            }
            // The slot lost the keyboard; a button of ours may have taken it meanwhile.
            ToUi::Focus(None) => self.focus = if let Focus::Slot(_) = self.focus { Focus::None } else { self.focus },
            ToUi::Show(handle) => self.open(handle),
            ToUi::Notice(notice) => {
                self.state.notice = notice;
                let useless = matches!(notice, Some(Notice::PinResting | Notice::PinUseless | Notice::TpmFailing));
                if useless && self.state.phase == Phase::Locked && self.state.asks_pin() {
                    self.ask_for_passphrase(true);
                }
            }
            ToUi::Pin(pin) => {
                let asked = self.state.asks_pin();
                self.state.pin = pin;
                if self.state.phase == Phase::Locked && self.state.asks_pin() != asked {
                    self.want_way();
                }
            }
            ToUi::Keyring(keyring) => self.state.keyring = keyring,
            ToUi::Recovery(recovery) => {
                let fresh = recovery == Recovery::Offered && self.state.recovery != recovery;
                self.state.recovery = recovery;
                if fresh {
                    self.show(Panel::Recovery);
                }
            }
            ToUi::Timers(timers) => self.state.timers = timers,
            ToUi::Shares(shares) => {
                let (was, is) = (self.state.shares.confirming, shares.confirming);
                self.state.shares = shares;
                if is && !was {
                    self.show(Panel::Question);
                } else if was && !is && self.state.panel == Some(Panel::Question) {
                    self.leave_question();
                }
            }
            ToUi::Update(update) => {
                // Another release is fetched and tried first; looking for one is no news.
                self.state.update_seen &= !matches!(update.kind, Kind::Fetching | Kind::Trying);
                self.state.update = update;
            }
            ToUi::Command(command) => self.command(command),
        }
        self.tell_what_is_on_screen();
    }

    /// Whether the vault has said in which phase the program is; before that there is nothing to draw.
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// Does what a button says.
    pub fn pressed(&mut self, message: Message) {
        match message {
            Message::Open(handle) if self.state.on_screen() == Some(handle) => self.out.push(FromUi::Newest),
            Message::Open(handle) | Message::GoTo(handle) => self.open(handle),
            Message::Back => {
                self.state.open = None;
                self.let_go();
            }
            Message::Show(panel) => self.show(panel),
            Message::Close => self.close(),
            Message::EndSearch => self.end_search(),
            Message::FollowNotice => self.follow_notice(),
            Message::Tell(intent) => {
                self.out.push(intent);
                if intent == FromUi::Dismiss {
                    self.state.notice = None;
                }
            }
            Message::Recovering(recovering) => {
                self.state.recovering = recovering;
                self.let_go();
                self.want_way();
                if self.state.notice.is_some() {
                    self.state.notice = None;
                    self.out.push(FromUi::Dismiss);
                }
            }
            Message::ByPassphrase(by_passphrase) => {
                self.ask_for_passphrase(by_passphrase);
                if self.state.notice.is_some() {
                    self.state.notice = None;
                    self.out.push(FromUi::Dismiss);
                }
            }
            Message::UpdateLater => {
                self.state.update_seen = true;
                self.let_go();
            }
            Message::Theme(theme) => self.out.push(FromUi::Theme(theme)),
            Message::Scrolled(offset) => self.state.scroll = offset.max(0.0),
        }
        self.tell_what_is_on_screen();
    }

    /// The pointer went down: the focus ring of a button has served.
    pub fn pointed(&mut self) {
        if let Focus::Button(_) = self.focus {
            self.focus = Focus::None;
        }
    }

    /// What is to be said to the vault now.
    pub fn take_intents(&mut self) -> Vec<FromUi> {
        std::mem::take(&mut self.out)
    }

    /// A scroll to be done before the next frame.
    pub fn take_scroll(&mut self) -> Option<Scroll> {
        self.scroll.take()
    }

    /// A frame was laid out: these are its stops, its list and its slots. A slot can be given the keyboard only
    /// now. Says whether the frame is settled; if not, another has to be laid out.
    pub fn drawn(&mut self, stops: Vec<Stop>, list: Option<Viewport>, slots: &[Slot]) -> bool {
        let focus = self.focus;
        self.ring = Ring::new(stops);
        let appeared = self.list.is_none();
        self.list = list;
        if let Some(view) = list
            && (view.offset - self.state.scroll).abs() > 0.5
        {
            if appeared {
                // The list comes back as it was left.
                self.scroll = Some(Scroll { scroller: Scroller::List, offset: self.state.scroll });
            } else {
                self.state.scroll = view.offset;
            }
            return false;
        }
        if let Some(key) = self.wanted.filter(|key| slots.iter().any(|slot| slot.key == *key)) {
            self.wanted = None;
            self.focus = Focus::Slot(key);
            self.out.push(FromUi::Focus(Some(key)));
        }
        if let Focus::Button(_) = self.focus
            && self.ring.stop(self.focus).is_none()
        {
            self.focus = Focus::None;
        }
        self.focus == focus
    }

    fn phase(&mut self, phase: Phase) {
        self.ready = true;
        if phase == self.state.phase && phase == Phase::Open {
            return;
        }
        self.state.phase = phase;
        if phase != Phase::Open {
            self.state.close_all();
        }
        if matches!(phase, Phase::Open | Phase::Setup) {
            (self.state.recovering, self.state.by_passphrase) = (false, false);
        }
        self.focus = Focus::None;
        self.wanted = match phase {
            Phase::Setup => Some(only(SlotKind::OwnName)),
            Phase::Locked => Some(only(self.way())),
            Phase::Unlocking | Phase::Open | Phase::Broken => None,
        };
    }

    /// The field of the lock screen's chosen way into the profile.
    fn way(&self) -> SlotKind {
        match self.state.recovering {
            true => SlotKind::TypeRecovery,
            false if self.state.asks_pin() => SlotKind::Pin,
            false => SlotKind::Unlock,
        }
    }

    fn want_way(&mut self) {
        self.want(only(self.way()));
    }

    fn ask_for_passphrase(&mut self, by_passphrase: bool) {
        self.state.by_passphrase = by_passphrase;
        self.let_go();
        self.want_way();
    }

    fn command(&mut self, command: Command) {
        let open = self.state.phase == Phase::Open;
        match command {
            Command::FocusNext => self.step(false),
            Command::FocusPrevious => self.step(true),
            Command::Activate => self.activate(),
            Command::Escape if open => self.escape(),
            Command::Search if open => {
                if self.state.narrow() {
                    self.choosing(false);
                    (self.state.open, self.state.panel) = (None, None);
                }
                self.want(only(SlotKind::Search));
            }
            Command::Escape if self.state.recovering => self.pressed(Message::Recovering(false)),
            Command::AddContact if open => self.show(Panel::Invite),
            Command::Settings if open => self.show(Panel::Settings),
            Command::Updates if open => self.show(Panel::Updates),
            Command::NextConversation if open => self.neighbour(1),
            Command::PreviousConversation if open => self.neighbour(-1),
            Command::Up => self.move_in_list(-1),
            Command::Down => self.move_in_list(1),
            _ => {}
        }
    }

    fn open(&mut self, handle: u32) {
        if self.state.phase != Phase::Open || self.state.index(handle).is_none() {
            return;
        }
        self.choosing(false);
        self.state.open = Some(handle);
        self.state.panel = None;
        self.reveal_row(handle);
        self.want(SlotKey { kind: SlotKind::Compose, handle });
    }

    fn show(&mut self, panel: Panel) {
        if self.state.phase != Phase::Open {
            return;
        }
        if panel == Panel::Recovery && self.state.panel != Some(panel) {
            self.from_settings = self.state.panel == Some(Panel::Settings);
        }
        if panel == Panel::Question && self.state.panel != Some(panel) {
            self.asked_from = self.state.panel;
        }
        if panel == Panel::Updates && self.state.panel != Some(Panel::UpdateDetails) {
            self.from_settings = self.state.panel == Some(Panel::Settings);
        }
        self.choosing(panel == Panel::Parts);
        self.state.panel = Some(panel);
        self.scroll = Some(Scroll { scroller: Scroller::Page, offset: 0.0 });
        self.let_go();
        match panel {
            // An invite that still waits is shown again rather than left behind at the relays.
            Panel::Invite if matches!(self.state.invite, Invite::None | Invite::Used { .. }) => {
                self.out.push(FromUi::Invite)
            }
            Panel::Accept => {
                // What became of the last link says nothing about the next one.
                if self.state.accept != Accept::Fetching {
                    self.state.accept = Accept::Idle;
                }
                self.want(only(SlotKind::PasteInvite));
            }
            Panel::Updates => self.state.update_seen = true,
            Panel::Erase => self.want(only(SlotKind::ConfirmErase)),
            Panel::Delete(handle) => self.want(SlotKey { kind: SlotKind::ConfirmDelete, handle }),
            Panel::Recovery if self.state.recovery == Recovery::Offered => self.want(only(SlotKind::RecoveryCode)),
            Panel::Question => self.want(only(SlotKind::ConfirmParts)),
            Panel::Keyring if self.state.keyring != Keyring::Possible => self.want(only(SlotKind::Keyring)),
            Panel::Passphrase | Panel::Recovery | Panel::Pin | Panel::Keyring => {
                self.want(only(SlotKind::CurrentPassphrase))
            }
            _ => {}
        }
    }

    /// Says whether the user is choosing who keeps parts of the recovery secret, if that changes.
    fn choosing(&mut self, choosing: bool) {
        if choosing != (self.state.panel == Some(Panel::Parts)) {
            self.out.push(FromUi::ChooseKeepers(choosing));
        }
    }

    fn leave_question(&mut self) {
        match self.asked_from.take() {
            Some(panel) => self.show(panel),
            None => self.close(),
        }
    }

    fn close(&mut self) {
        self.choosing(false);
        self.state.panel = None;
        self.let_go();
        if let Some(handle) = self.state.open {
            self.want(SlotKey { kind: SlotKind::Compose, handle });
        }
    }

    fn escape(&mut self) {
        match self.state.panel {
            Some(Panel::Safety(handle) | Panel::Delete(handle)) => self.show(Panel::Contact(handle)),
            Some(Panel::Passphrase | Panel::Pin | Panel::Keyring | Panel::Parts) => self.show(Panel::Settings),
            Some(Panel::Question) => self.leave_question(),
            Some(Panel::Recovery | Panel::Updates) if self.from_settings => self.show(Panel::Settings),
            Some(Panel::UpdateDetails) => self.show(Panel::Updates),
            Some(Panel::Erase) => self.show(Panel::Settings),
            Some(_) => self.close(),
            None if self.state.searching => self.end_search(),
            None if self.state.narrow() && self.state.open.is_some() => self.pressed(Message::Back),
            None => {}
        }
    }

    fn end_search(&mut self) {
        self.state.searching = false;
        self.out.push(FromUi::EndSearch);
        match self.state.on_screen() {
            Some(handle) => self.want(SlotKey { kind: SlotKind::Compose, handle }),
            None => self.let_go(),
        }
    }

    fn follow_notice(&mut self) {
        match self.state.notice {
            Some(Notice::Refused | Notice::StoreNotWritable) => self.out.push(FromUi::Reconnect),
            Some(Notice::LastRelay | Notice::TooManyRelays) => self.show(Panel::Settings),
            Some(Notice::StoreDamaged) => self.out.push(FromUi::Lock),
            Some(Notice::KeysLost) => self.show(Panel::Invite),
            Some(Notice::PartsComplete) => self.out.push(FromUi::ShowParts),
            Some(Notice::PartsSent | Notice::PartGivenAway) => self.show(Panel::Parts),
            _ => {}
        }
        self.state.notice = None;
        self.out.push(FromUi::Dismiss);
    }

    fn neighbour(&mut self, by: isize) {
        let Some(last) = self.state.contacts.len().checked_sub(1) else { return };
        let at = self.state.open.and_then(|handle| self.state.index(handle));
        let to = at.map_or(0, |at| at.saturating_add_signed(by).min(last));
        if let Some(handle) = self.state.contacts.get(to).map(|contact| contact.handle) {
            self.open(handle);
        }
    }

    fn move_in_list(&mut self, by: isize) {
        let Focus::Button(Message::Open(handle)) = self.focus else { return };
        let Some(at) = self.state.index(handle) else { return };
        let Some(next) = at.checked_add_signed(by).and_then(|to| self.state.contacts.get(to)) else { return };
        self.focus = Focus::Button(Message::Open(next.handle));
        self.reveal_row(next.handle);
    }

    fn step(&mut self, back: bool) {
        let from = self.wanted.map_or(self.focus, Focus::Slot);
        let to = self.ring.step(from, back, self.state.open);
        match to {
            Focus::Slot(key) => self.want(key),
            _ => {
                self.let_go();
                self.focus = to;
            }
        }
        if let Some(stop) = self.ring.stop(to)
            && let Some(view) = stop.viewport
            && let Some(offset) = view.reveal(stop.bounds)
        {
            self.scroll = Some(Scroll { scroller: view.scroller, offset });
        }
    }

    /// Enter: presses the button that has the focus, or what the field that has it is for.
    fn activate(&mut self) {
        match self.focus {
            Focus::Button(message) => {
                self.pressed(message);
                // A row that was opened stays where the list is entered; the keyboard goes to the conversation.
                if is_row(&Focus::Button(message)) && self.wanted.is_some() {
                    self.focus = Focus::None;
                }
            }
            Focus::Slot(SlotKey { kind, handle }) => match (self.state.phase, kind) {
                (Phase::Locked, SlotKind::Unlock) => self.out.push(FromUi::Unlock),
                (Phase::Locked, SlotKind::Pin) => self.out.push(FromUi::UnlockPin),
                (Phase::Open, SlotKind::RepeatPin) => self.out.push(FromUi::SetPin),
                (Phase::Setup, SlotKind::RepeatPassphrase) => self.out.push(FromUi::Create),
                (Phase::Setup, _) => self.step(false),
                (Phase::Locked, SlotKind::RepeatPassphrase) => self.out.push(FromUi::Recover),
                (Phase::Open, SlotKind::RepeatPassphrase) => self.out.push(FromUi::ChangePassphrase),
                (Phase::Open, SlotKind::OwnName) => self.out.push(FromUi::SaveName),
                (Phase::Open, SlotKind::PasteInvite) => self.out.push(FromUi::Accept),
                (Phase::Open, SlotKind::Rename) => self.out.push(FromUi::Rename(handle)),
                (Phase::Open, SlotKind::NewRelay) => self.out.push(FromUi::AddRelay),
                _ => {}
            },
            Focus::None => {}
        }
    }

    fn reveal_row(&mut self, handle: u32) {
        let (Some(at), Some(view)) = (self.state.index(handle), self.list) else { return };
        let (top, height) = (at as f32 * ROW, view.bounds.height);
        let offset = self.state.scroll.max(top + ROW - height).min(top);
        if (offset - self.state.scroll).abs() > 0.5 {
            self.state.scroll = offset;
            self.scroll = Some(Scroll { scroller: Scroller::List, offset });
        }
    }

    fn want(&mut self, key: SlotKey) {
        self.wanted = Some(key);
        self.focus = Focus::None;
    }

    fn let_go(&mut self) {
        self.wanted = None;
        if let Focus::Slot(_) = self.focus {
            self.out.push(FromUi::Focus(None));
        }
        self.focus = Focus::None;
    }

    fn tell_what_is_on_screen(&mut self) {
        let now = self.state.on_screen();
        if now != self.told {
            self.told = now;
            self.out.push(FromUi::Open(now));
        }
    }
}

#[cfg(test)]
mod tests;
