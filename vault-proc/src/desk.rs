//! The session with everything around it but the screen: lines, ui's frames, the painter, input.
//!
//! A presenter (the window, or the test driver) feeds it arrivals and events, asks it to paint, and carries
//! out its [`Wishes`]. Both presenters use the same functions, so a test of one is a test of the other.

mod composition;
mod greetings;
mod input;
mod sealers;

use crate::idle::{Clocks, Idle};
use crate::lines::{Arrival, Credits, Edge, Lines, Outgoing};
use crate::rescue::Damage;
use crate::session::{Out, Session};
use crate::slots::{Said, alarm, fields};
use crate::uiedge::{Fault, UiEdge};
use crate::view::{self, Preedit};
use crate::worker::Job;
use crate::{appearance, painter::Painter};
use bulkhead_canvas::core::keyboard::Modifiers;
use bulkhead_canvas::core::{Clipboard, Event, InputMethod, Point, mouse, window};
use bulkhead_ipc::control::{FromLauncher, Peer, ToLauncher};
use bulkhead_ipc::intent::{self, Notice, ToUi};
use bulkhead_ipc::line::Line;
use bulkhead_ipc::pixels::{Cursor, SCALE_UNIT, SlotKey};
use bulkhead_ipc::{VERSION, keyring, line, pixels, post, seal, sign};
use composition::Composition;
use greetings::Greetings;
use std::path::PathBuf;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

/// Messages that may wait for net before it counts as hanging: all watches of a full profile, and more.
const MOST_WAITING: usize = 8192;
/// How often the core is told that time passes.
const TICK: Duration = Duration::from_secs(1);
/// How soon what a peer did not take is offered again.
const RETRY: Duration = Duration::from_millis(4);
/// How long typing pauses before the draft is saved.
const DRAFT: Duration = Duration::from_secs(2);

/// What the strip says of net or ui of another release.
const MIXED: &str = "parts of different releases: install Bulkhead again";

/// What the presenter should do.
#[derive(Default)]
pub struct Wishes {
    /// The window's title, if it changed.
    pub title: Option<String>,
    /// Ask for the user's attention.
    pub attention: bool,
    /// The user chose a theme.
    pub theme: Option<pixels::Theme>,
    /// Make the input method forget what it is composing.
    pub reset_input_method: bool,
    /// The vault was locked: wipe what the turns before left on the stack.
    pub forget: bool,
    /// End the program.
    pub quit: bool,
}

/// What of a frame the presenter needs besides pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shown {
    /// The pointer's shape.
    pub cursor: mouse::Interaction,
    /// Where an input method may put its window, if a field that takes text has the focus: logical pixels.
    pub caret: Option<bulkhead_canvas::core::Rectangle>,
}

/// Everything but the screen.
pub struct Desk {
    /// The session.
    pub session: Session,
    /// The window's pixels.
    pub painter: Painter,
    /// What to tell the presenter.
    pub wishes: Wishes,
    ui: UiEdge,
    post: Outgoing<post::ToNet, post::FromNet>,
    sign: Outgoing<sign::ToNet, sign::FromNet>,
    control: Line<ToLauncher, FromLauncher>,
    seal: Line<seal::ToSeal, seal::FromSeal>,
    keyring: Line<keyring::ToKeyring, keyring::FromKeyring>,
    greetings: Greetings,
    credits: Credits,
    worker: Sender<Job>,
    rescue: Sender<Damage>,
    /// Whether nothing is to be shown, and the program ends once everything works.
    pub(crate) trial: bool,
    started: bool,
    clipboard: Box<dyn Clipboard>,
    folder: PathBuf,
    display: Option<&'static str>,
    title: String,
    open: bool,
    dirty: bool,
    wake: Option<Instant>,
    ticked: Instant,
    edited: Option<Instant>,
    pub(crate) idle: Idle,
    pointer: Point,
    over_slot: bool,
    held: Option<bool>,
    modifiers: Modifiers,
    preedit: Preedit,
    composition: Composition,
    typing: Option<SlotKey>,
}

/// What a desk is made of.
pub struct Parts {
    /// The session.
    pub session: Session,
    /// The lines.
    pub lines: Lines,
    /// Their credits.
    pub credits: Credits,
    /// The passphrase worker.
    pub worker: Sender<Job>,
    /// Who saves what can be read of a damaged store.
    pub rescue: Sender<Damage>,
    /// The profile's folder.
    pub folder: PathBuf,
    /// Whether the release is only being tried.
    pub trial: bool,
}

impl Desk {
    /// Puts everything together; the presenter then tells the size.
    pub fn new(parts: Parts) -> Self {
        let Parts { session, lines, credits, worker, rescue, folder, trial } = parts;
        let theme = session.theme;
        let now = Instant::now();
        Self {
            painter: Painter::new(1, 1, 1.0, theme),
            ui: UiEdge::new(lines.pixels, lines.intent, theme),
            post: Outgoing::new(lines.post, MOST_WAITING),
            sign: Outgoing::new(lines.sign, MOST_WAITING).or(denied),
            control: lines.control,
            seal: lines.seal,
            keyring: lines.keyring,
            greetings: Greetings::new(now),
            credits,
            worker,
            rescue,
            trial,
            started: false,
            session,
            folder,
            wishes: Wishes::default(),
            clipboard: Box::new(bulkhead_canvas::core::clipboard::Null),
            display: None,
            title: String::new(),
            open: false,
            dirty: true,
            wake: None,
            ticked: now,
            edited: None,
            idle: Idle::new(Clocks::now()),
            pointer: Point::ORIGIN,
            over_slot: false,
            held: None,
            modifiers: Modifiers::empty(),
            preedit: None,
            composition: Composition::default(),
            typing: None,
        }
    }

    /// The clipboard to use.
    pub fn set_clipboard(&mut self, clipboard: Box<dyn Clipboard>) {
        self.clipboard = clipboard;
    }

    /// A sentence about the display, for the strip.
    pub fn set_display(&mut self, words: Option<&'static str>) {
        if self.display != Some(MIXED) {
            self.display = words;
        }
    }

    /// ui's side.
    pub fn ui(&self) -> &UiEdge {
        &self.ui
    }

    /// The window has this size in physical pixels, and this scale.
    pub fn resize(&mut self, width: u32, height: u32, scale: f32) {
        let scale = if scale.is_finite() { scale.clamp(0.5, 8.0) } else { 1.0 };
        if self.painter.size() != (width.max(1), height.max(1)) || self.painter.scale() != scale {
            self.session.acts.happened(Instant::now());
            self.painter.resize(width, height, scale, self.session.theme);
        }
        self.fit_alarm();
        self.configure();
        self.finish();
    }

    /// Gives the sentence above the strip the room that it needs.
    fn fit_alarm(&mut self) {
        let words = self.session.updates.alarm(&self.session.zone);
        let size = self.painter.logical_size();
        self.painter.set_alarm(words.map_or(0.0, |words| alarm::height(&words, size)));
    }

    fn configure(&mut self) {
        let (width, _) = self.painter.size();
        let units = (self.painter.scale() * SCALE_UNIT as f32).round() as u32;
        let told = self.ui.set_geometry(width, self.painter.frame_height(), units, self.session.theme);
        self.judge(told);
    }

    /// Deals with what arrived, in order; packets of the post line in one transaction as far as they come
    /// together.
    pub fn arrive(&mut self, arrivals: Vec<Arrival>) {
        self.judge_idle();
        let mut packets = Vec::new();
        for arrival in arrivals {
            self.credits.done(&arrival);
            self.greetings.hear(&arrival);
            if !matches!(arrival, Arrival::Post(_)) && !packets.is_empty() {
                self.session.post(std::mem::take(&mut packets));
            }
            match arrival {
                Arrival::Post(post::FromNet::Hello { version, .. }) if self.is_stranger(Peer::Net, version) => {}
                Arrival::Post(packet) => packets.push(packet),
                Arrival::Sign(packet) => self.sign_packet(packet),
                Arrival::Pixels(packet) => self.pixels_packet(packet),
                Arrival::Intent(packet) => self.intent_packet(packet),
                Arrival::Control(packet) => self.control_packet(packet),
                Arrival::Seal(packet) => self.session.seal_said(packet),
                Arrival::Keyring(packet) => self.session.keyring_said(packet),
                Arrival::Fault(edge, error) => self.fault(edge, &error),
                Arrival::Derived(derived) => {
                    // Whoever typed the passphrase is there, however long it took to turn into a key.
                    self.idle.touch(Clocks::now());
                    self.session.derived(derived);
                }
                Arrival::Rescued(rescued) => self.session.rescued(rescued),
                #[cfg(feature = "test-driver")]
                Arrival::Asked(_) => {}
            }
        }
        if !packets.is_empty() {
            if packets.iter().any(|packet| matches!(packet, post::FromNet::Hello { .. })) {
                self.post.clear();
            }
            self.session.post(packets);
        }
        self.finish();
    }

    fn sign_packet(&mut self, packet: sign::FromNet) {
        if let sign::FromNet::Hello { version, .. } = packet {
            if self.is_stranger(Peer::Net, version) {
                return;
            }
            self.sign.clear();
        }
        self.session.sign(packet);
    }

    fn pixels_packet(&mut self, packet: pixels::FromUi) {
        if let pixels::FromUi::Hello { life, version } = packet {
            if self.is_stranger(Peer::Ui, version) {
                return;
            }
            let told = self.ui.pixels_hello(life);
            return self.judge(told);
        }
        let stride = self.painter.size().0 as usize;
        match self.ui.frame(packet, self.painter.pixels_mut(), stride) {
            Ok(news) => {
                self.painter.covered(&news.pixels);
                if news.slots {
                    let clips: Vec<_> = self.ui.slots().iter().map(|slot| slot.clip).collect();
                    self.painter.covered(&clips);
                    self.session.set_slots(self.ui.slots());
                }
                self.dirty = true;
            }
            Err(fault) => self.judge(Err(fault)),
        }
    }

    fn intent_packet(&mut self, packet: intent::FromUi) {
        if let intent::FromUi::Hello { life, version } = packet {
            if self.is_stranger(Peer::Ui, version) {
                return;
            }
            let told = self.ui.intent_hello(life);
            self.judge(told);
            return self.session.tell_all();
        }
        self.ui.heard_intent();
        self.session.hear_intent(packet);
    }

    fn control_packet(&mut self, packet: FromLauncher) {
        if let &FromLauncher::Restarting { peer, life, delay } = &packet {
            let start = Instant::now() + Duration::from_millis(u64::from(delay));
            self.greetings.expect(peer, life, start);
        }
        match packet {
            FromLauncher::Quit => self.session.quit(),
            FromLauncher::Restarting { peer: Peer::Net, .. } if self.session.is_open() => {
                self.session.notice(Some(Notice::NetRestarted))
            }
            FromLauncher::Restarting { peer: Peer::Ui, .. } => self.session.notice(Some(Notice::UiRestarted)),
            FromLauncher::Restarting { .. } => {}
            FromLauncher::Notice(notice) => {
                self.session.update_said(*notice);
                self.fit_alarm();
                self.configure();
                self.dirty = true;
            }
        }
    }

    /// Locks if the user has been away for long, or the machine slept: before anything else is done or painted.
    fn judge_idle(&mut self) {
        if self.idle.is_over(Clocks::now(), self.session.auto_lock) && self.session.is_open() {
            self.session.lock_by_itself();
            self.finish();
        }
    }

    /// Replaces what was started and does not speak.
    fn judge_hellos(&mut self, now: Instant) {
        while let Some(peer) = self.greetings.late(now) {
            eprintln!("bulkhead-vault: {} does not say Hello; restarting it", name(peer));
            self.greetings.expect(peer, None, now);
            self.restart(peer);
        }
    }

    fn fault(&mut self, edge: Edge, error: &line::Error) {
        if let Edge::Seal | Edge::Keyring = edge {
            return self.sealer_gone(edge, error);
        }
        if error.is_breach() {
            eprintln!("bulkhead-vault: {}: {error}", edge.peer().map_or("the launcher", name));
            return match edge.peer() {
                Some(peer) => self.restart(peer),
                None => self.session.quit(),
            };
        }
        // The launcher holds the other ends: without it the program ends.
        self.session.quit();
    }

    /// Whether the process speaks another version of the schema. It is not restarted, as the next one would be no
    /// different, and gets no Welcome, without which it does nothing.
    fn is_stranger(&mut self, peer: Peer, version: u16) -> bool {
        if version == VERSION {
            return false;
        }
        let name = name(peer);
        eprintln!(
            "bulkhead-vault: {name} speaks version {version} of the protocol, this is version {VERSION}: {MIXED}"
        );
        self.display = Some(MIXED);
        self.dirty = true;
        true
    }

    fn judge(&mut self, result: Result<(), Fault>) {
        if let Err(fault) = result {
            eprintln!("bulkhead-vault: {fault}; restarting it");
            self.restart(Peer::Ui);
        }
    }

    fn restart(&mut self, peer: Peer) {
        match peer {
            Peer::Net => {
                self.post.pair().condemn();
                self.post.clear();
                self.sign.clear();
            }
            Peer::Ui => self.ui.gone(),
        }
        // A launcher that does not read its line has more trouble than a missing restart.
        let _ = self.control.try_send(&ToLauncher::Restart(peer));
    }

    /// Carries out what the session wants done outside.
    pub fn finish(&mut self) {
        self.session.follow_list();
        self.follow_focus();
        loop {
            let out = self.session.take_out();
            if out.is_empty() {
                break;
            }
            self.dirty = true;
            out.into_iter().for_each(|out| self.carry_out(out));
        }
        let open = self.session.is_open();
        self.wishes.forget |= std::mem::replace(&mut self.open, open) && !open;
        let unread = self.session.unread();
        let title = if unread > 0 { format!("({unread}) Bulkhead") } else { "Bulkhead".to_owned() };
        if title != self.title {
            self.wishes.title = Some(title.clone());
            self.title = title;
        }
    }

    fn carry_out(&mut self, out: Out) {
        match out {
            Out::Post(message) => {
                if self.post.push(message, None).is_err() {
                    self.restart(Peer::Net);
                }
            }
            Out::Sign(message) => {
                if self.sign.push(message, None).is_err() {
                    self.restart(Peer::Net);
                }
            }
            Out::Ui(message) => self.tell(message),
            Out::Launcher(ToLauncher::Restart(peer)) => self.restart(peer),
            // Refused while the launcher has not answered the wish before; it answers in its own time.
            Out::Launcher(wish @ (ToLauncher::Wish(_) | ToLauncher::Started)) => drop(self.control.try_send(&wish)),
            Out::Derive(job) => {
                if self.worker.send(job).is_err() {
                    self.session.quit();
                }
            }
            Out::Rescue(damage) => {
                if self.rescue.send(damage).is_err() {
                    self.session.quit();
                }
            }
            Out::Seal(question) => self.ask_seal(&question),
            Out::Keyring(question) => self.ask_keyring(&question),
            Out::Clipboard(text) => self.clipboard.write(bulkhead_canvas::core::clipboard::Kind::Standard, text),
            Out::Theme(theme) => {
                appearance::save(&self.folder, theme);
                self.painter.set_theme(theme);
                self.wishes.theme = Some(theme);
                self.configure();
            }
            Out::Attention => self.wishes.attention |= !self.session.attended,
            Out::Quit => self.wishes.quit = true,
        }
    }

    fn tell(&mut self, message: ToUi) {
        match &message {
            ToUi::Pointer(intent::Pointer::Pressed | intent::Pointer::Released) | ToUi::Command(_) => {
                self.session.acts.happened(Instant::now());
            }
            ToUi::Show(handle) => self.session.acts.showed(*handle, Instant::now()),
            _ => {}
        }
        let told = self.ui.tell(message);
        self.judge(told);
    }

    /// Time passed: ticks, drafts, what peers did not take. Returns when to call again at the latest.
    pub fn on_time(&mut self) -> Option<Instant> {
        self.judge_idle();
        let now = Instant::now();
        if self.session.is_open() && now.duration_since(self.ticked) >= TICK {
            self.ticked = now;
            self.session.tick();
        }
        if self.edited.is_some_and(|at| now.duration_since(at) >= DRAFT) {
            self.edited = None;
            self.session.save_draft();
        }
        if self.wake.is_some_and(|wake| wake <= now) {
            self.wake = None;
            self.dirty = true;
        }
        self.dirty |= self.session.judge_updates(now);
        self.judge_hellos(now);
        self.session.judge_seal(now);
        self.finish();
        let flushed = self.ui.flush();
        let mut waits = matches!(flushed, Ok(true));
        self.judge(flushed.map(|_| ()));
        if self.post.flush().is_err() || self.sign.flush().is_err() {
            self.restart(Peer::Net);
        }
        waits |= self.post.waits() || self.sign.waits();
        let retry = waits.then(|| now + RETRY);
        let tick = (self.session.is_open() || !self.ui.is_drawn())
            .then(|| self.ticked.max(now.checked_sub(TICK).unwrap_or(now)) + TICK);
        let draft = self.edited.map(|at| at + DRAFT);
        let hello = self.greetings.next();
        let seal = self.session.seal_due();
        let updates = self.session.updates_due();
        [retry, tick, draft, self.wake, hello, seal, updates].into_iter().flatten().min()
    }

    /// Whether painting would change anything.
    pub fn wants_paint(&self) -> bool {
        self.dirty || self.painter.is_damaged()
    }

    /// Paints what changed.
    pub fn paint(&mut self) -> Shown {
        self.judge_idle();
        self.dirty = false;
        let below = self.painter.below(self.display);
        let host = view::window(&self.session, self.ui.slots(), below, &self.preedit, self.painter.scale());
        let recorded = self.painter.paint(host, self.clipboard.as_mut());
        self.wake = match recorded.redraw {
            window::RedrawRequest::NextFrame => Some(Instant::now() + Duration::from_millis(16)),
            window::RedrawRequest::At(at) => Some(at),
            window::RedrawRequest::Wait => None,
        };
        self.apply(recorded.messages);
        let (mut caret, mut preedit) = (None, None);
        if let InputMethod::Enabled { cursor, preedit: words, .. } = recorded.input_method {
            caret = Some(cursor);
            preedit = words.filter(|words| !words.content.is_empty()).map(|words| (words.content, cursor));
        }
        if preedit != self.preedit {
            self.preedit = preedit;
            self.dirty = true;
        }
        self.session.mark_read();
        self.finish();
        let cursor = match (self.over_slot, self.ui.cursor()) {
            (true, _) => recorded.interaction,
            (false, Cursor::Hand) => mouse::Interaction::Pointer,
            (false, Cursor::Arrow) => mouse::Interaction::None,
        };
        Shown { cursor, caret }
    }

    fn feed(&mut self, event: Event) {
        self.follow_focus();
        self.feed_to(self.field(), event);
    }

    /// Feeds an event to the widgets as if this field had the keyboard.
    fn feed_to(&mut self, field: Option<SlotKey>, event: Event) {
        let below = self.painter.below(self.display);
        let mut host = view::window(&self.session, self.ui.slots(), below, &self.preedit, self.painter.scale());
        host.focus = field.map(fields::id);
        let said = self.painter.update(host, event, self.clipboard.as_mut());
        self.dirty = true;
        self.apply(said);
    }

    fn apply(&mut self, said: Vec<Said>) {
        for said in said {
            match said {
                Said::Field(pixels::SlotKind::Search, words) => self.session.search(words),
                Said::Field(kind, words) => self.session.fields.set(kind, words),
                Said::Edit(action) => {
                    if action.is_edit() {
                        self.session.fields.edited = true;
                        self.edited = Some(Instant::now());
                    }
                    self.session.fields.message.perform(action);
                }
                Said::Send => self.session.send(),
                Said::Hit(index) => self.session.open_hit(index),
                Said::Delete(delete) => self.session.confirm_delete(delete),
                Said::Offer(answer) => self.session.answer_offer(answer),
                Said::Parts(press) => self.session.answer_parts(press),
                Said::AutoLock(choice) => self.session.set_auto_lock(choice),
                Said::Erase(erase) => self.session.confirm_erase(erase),
                Said::Keyring => self.session.press_keyring(),
                Said::Alarm => self.session.look_at_updates(),
            }
            self.dirty = true;
        }
    }

    /// Ends in good order.
    pub fn close(&mut self) {
        self.session.close();
        let _ = self.session.take_out();
    }
}

/// A signature for a mailbox that is just being watched anew is held back by the monitor: net is to ask again, and
/// not to wait for it.
fn denied(message: &sign::ToNet) -> Option<sign::ToNet> {
    match *message {
        sign::ToNet::Signed { relay, mailbox, .. } => Some(sign::ToNet::Denied { relay, mailbox }),
        sign::ToNet::Denied { .. } | sign::ToNet::Welcome { .. } => None,
    }
}

const fn name(peer: Peer) -> &'static str {
    match peer {
        Peer::Net => "net",
        Peer::Ui => "ui",
    }
}
