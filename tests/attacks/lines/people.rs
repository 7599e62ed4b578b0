//! A hostile ui while somebody uses the program: what it hears, and what it can do in the user's name.
//!
//! The judge tells the twin what to do by where the pointer is: a row near the upper edge that is moved over is no act
//! of the user's, one that is clicked is. So every attack has its control in the same words, said when the user
//! did something in ui's part of the window.

use super::item::lawful;
use super::scene::{Cast, Found, until};
use super::twins::Ends;
use crate::judge::Outcome;
use bulkhead_ipc::intent::{FromUi, Pointer, ToUi};
use bulkhead_ipc::pixels::{self, Cursor, Rect, Slot, SlotKey, SlotKind};
use bulkhead_ipc::{VERSION, cbor};
use bulkhead_tests::Error;
use bulkhead_tests::person::{PASSPHRASE, Person, Running, phase_is};
use bulkhead_tests::relay::Relay;
use nix::libc;
use serde_json::{Value, json};
use std::time::Duration;

/// Where the user's pointer tells the twin to act: at once, or when the button comes up.
const MOVED: i32 = 5;
const CLICKED: i32 = 15;
/// Pixels between two orders.
const STEP: i32 = 8;

/// What the twin does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    OpenFirst = 1,
    OpenSecond,
    FocusSearch,
    Picture,
    AskPassphrase,
    OtherField,
    Verify,
    RemoveRelay,
    Invite,
    CopyInvite,
    HalfDialogue,
    WholeDialogue,
    Outside,
    OldGeometry,
    Beyond,
    Reconnect,
    Lock,
}

use Order::{
    AskPassphrase, Beyond, CopyInvite, FocusSearch, HalfDialogue, Invite, Lock, OldGeometry, OpenFirst, OpenSecond,
    OtherField, Outside, Picture, Reconnect, RemoveRelay, Verify, WholeDialogue,
};

const ORDERS: [Order; 17] = [
    OpenFirst,
    OpenSecond,
    FocusSearch,
    Picture,
    AskPassphrase,
    OtherField,
    Verify,
    RemoveRelay,
    Invite,
    CopyInvite,
    HalfDialogue,
    WholeDialogue,
    Outside,
    OldGeometry,
    Beyond,
    Reconnect,
    Lock,
];

pub fn play() -> Vec<Found> {
    scene().expect("a scene with people")
}

/// The judge's side.
struct Judge {
    a: Running,
    found: Vec<Found>,
    orders: usize,
}

impl Judge {
    /// Orders the twin by a mere move of the pointer, or by a click, and waits until it has done it and was heard.
    fn order(&mut self, order: Order, by: i32) -> Result<Value, Error> {
        self.orders += 1;
        let act = if by == CLICKED { "click" } else { "move" };
        // Away first, so that the same order can be given again.
        self.a.driver.ask(&json!({"do": "move", "x": 2, "y": MOVED}))?;
        self.a.driver.ask(&json!({"do": act, "x": order as i32 * STEP + 2, "y": by}))?;
        let (orders, log) = (self.orders, || self.a.log());
        assert!(
            until(Duration::from_secs(10), || log().contains(&format!("twin: did {orders} "))),
            "{order:?}: {}",
            log()
        );
        std::thread::sleep(Duration::from_millis(60));
        self.a.driver.simple("quiet")?;
        self.a.driver.simple("state")
    }

    fn type_text(&mut self, words: &str) -> Result<Value, Error> {
        self.a.driver.ask(&json!({"do": "type", "text": words}))?;
        self.a.driver.simple("state")
    }

    /// What the twin was told so far, without the news of relays, of which one is never there.
    fn heard(&self) -> usize {
        let relays: String = b"Relays".iter().map(|byte| format!("{byte:02x}")).collect();
        self.a.log().lines().filter(|line| line.starts_with("twin: heard ") && !line.contains(&relays)).count()
    }

    /// Waits until the twin has not been told anything for a while.
    fn settle(&self) {
        let mut before = self.heard();
        until(Duration::from_secs(20), || {
            std::thread::sleep(Duration::from_millis(500));
            std::mem::replace(&mut before, self.heard()) == before
        });
    }

    fn slots(&mut self) -> Result<Vec<Value>, Error> {
        let answer = self.a.driver.simple("slots")?;
        Ok(answer.get("slots").and_then(Value::as_array).cloned().unwrap_or_default())
    }

    fn note(&mut self, name: &'static str, tries: &'static str, denied: Result<&str, ()>, control: bool) {
        let outcome = denied.map_or(Outcome::Escaped, |how| Outcome::Denied(how.to_owned()));
        let control = control.then_some(()).ok_or_else(|| "the vault does not do it for a user either".to_owned());
        self.found.push(Found { name, tries, from: "ui", outcome, control });
    }
}

fn denied(so: bool, how: &'static str) -> Result<&'static str, ()> {
    if so { Ok(how) } else { Err(()) }
}

fn focus(state: &Value) -> &str {
    state.pointer("/focus/kind").and_then(Value::as_str).unwrap_or_default()
}

fn text<'a>(state: &'a Value, name: &str) -> &'a str {
    state.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What refuses what a user did not do.
const NO_ACT: &str = "the vault knows of no act of the user's";

fn scene() -> Result<Vec<Found>, Error> {
    let relay = Relay::start()?;
    let spare = "ws://127.0.0.1:1";
    let (alice, bob) = (Person::new("Alice", &[relay.url(), spare])?, Person::new("Bob", &[relay.url()])?);
    let cast = Cast::new("bulkhead-ui", "people")?;
    let a = cast.start(&alice)?;
    let mut judge = Judge { a, found: Vec::new(), orders: 0 };
    judge.a.driver.until("a prompt", |state| phase_is(state, "setup"))?;
    judge.a.driver.create("Alice", PASSPHRASE)?;
    let mut b = bob.open()?;
    for _ in 0..2 {
        let link = b.driver.invite()?;
        judge.a.driver.accept(&link)?;
        b.driver.wait_contact("Alice")?;
    }
    b.quit()?;
    let handles: Vec<u64> =
        judge.a.driver.contacts()?.iter().filter_map(|c| c.get("handle").and_then(Value::as_u64)).collect();
    assert_eq!(handles.len(), 2, "two contacts");
    keys(&mut judge)?;
    in_the_users_name(&mut judge)?;
    frames(&mut judge)?;
    dialogue(&mut judge)?;
    let _ = judge.a.quit();
    Ok(judge.found)
}

/// What it hears while somebody types.
fn keys(judge: &mut Judge) -> Result<(), Error> {
    let state = judge.order(OpenFirst, CLICKED)?;
    assert_eq!(focus(&state), "Compose", "{state} {}", judge.a.log());
    judge.settle();
    let before = judge.heard();
    let state = judge.type_text("the quokka")?;
    std::thread::sleep(Duration::from_millis(300));
    let (after, log) = (judge.heard(), judge.a.log());
    let control = text(&state, "compose") == "the quokka";
    let hex: String = b"quokka".iter().map(|byte| format!("{byte:02x}")).collect();
    judge.note(
        "hear-keys",
        "counts and times key strokes",
        denied(after == before, "nothing is said while somebody types"),
        control,
    );
    judge.note(
        "hear-words",
        "finds what is typed in anything that it was told",
        denied(!log.contains(&hex), "nothing that it was told holds it"),
        control,
    );
    judge.a.driver.ask(&json!({"do": "key", "key": "Backspace"}))?;
    let quiet = judge.heard() == after;
    judge.note("hear-corrections", "hears of a key that is no letter", denied(quiet, "nothing is said"), control);
    Ok(())
}

/// What it does while the user does something else.
fn in_the_users_name(judge: &mut Judge) -> Result<(), Error> {
    let open = |state: &Value| state.get("open").and_then(Value::as_u64);
    let state = judge.order(OpenFirst, CLICKED)?;
    let first = open(&state);
    std::thread::sleep(PERMIT);
    judge.type_text("!")?;
    let state = judge.order(OpenSecond, MOVED)?;
    let held = denied(open(&state) == first, NO_ACT);
    let state = judge.order(OpenSecond, CLICKED)?;
    judge.note(
        "open-another-conversation",
        "opens another conversation while somebody types",
        held,
        open(&state) != first,
    );

    judge.order(OpenFirst, CLICKED)?;
    std::thread::sleep(PERMIT);
    let state = judge.order(FocusSearch, MOVED)?;
    let held = denied(focus(&state) != "Search", NO_ACT);
    let state = judge.order(FocusSearch, CLICKED)?;
    judge.note(
        "move-the-keyboard",
        "moves the keyboard to another field while somebody types",
        held,
        focus(&state) == "Search",
    );

    std::thread::sleep(PERMIT);
    let verified = |judge: &mut Judge| -> Result<bool, Error> {
        Ok(judge.a.driver.contacts()?.iter().any(|c| c.get("verified") == Some(&Value::Bool(true))))
    };
    judge.order(Verify, MOVED)?;
    let held = denied(!verified(judge)?, NO_ACT);
    judge.order(Verify, CLICKED)?;
    let control = verified(judge)?;
    judge.note("verify-a-contact", "says that the user compared a safety number", held, control);

    std::thread::sleep(PERMIT);
    let invite = |state: &Value| state.get("invite").cloned();
    let before = invite(&judge.a.driver.simple("state")?);
    let state = judge.order(Invite, MOVED)?;
    let held = denied(invite(&state) == before, NO_ACT);
    let state = judge.order(Invite, CLICKED)?;
    let control = invite(&state) != before;
    judge.note("beacon-by-invites", "signals to the relays by making invites", held, control);

    until(Duration::from_secs(20), || {
        judge.a.driver.simple("state").is_ok_and(|state| text(&state, "invite").starts_with("Ready"))
    });
    std::thread::sleep(PERMIT);
    let state = judge.order(CopyInvite, MOVED)?;
    let held = denied(text(&state, "notice") != "Copied", NO_ACT);
    let state = judge.order(CopyInvite, CLICKED)?;
    let control = text(&state, "notice") == "Copied";
    judge.note("fill-the-clipboard", "puts something on the clipboard", held, control);

    std::thread::sleep(PERMIT);
    let relays = |state: &Value| {
        let list = state.get("relays").and_then(Value::as_array).cloned().unwrap_or_default();
        list.iter().filter(|relay| relay.get("own") == Some(&Value::Bool(true))).count()
    };
    let state = judge.order(RemoveRelay, MOVED)?;
    let held = denied(relays(&state) == 2, NO_ACT);
    let state = judge.order(RemoveRelay, CLICKED)?;
    judge.note("remove-a-relay", "stops using a relay", held, relays(&state) == 1);
    Ok(())
}

/// How long an act of the user's speaks for what ui says: longer than the vault's own measure.
const PERMIT: Duration = Duration::from_millis(2300);

/// What it draws.
fn frames(judge: &mut Judge) -> Result<(), Error> {
    let state = judge.order(OpenFirst, CLICKED)?;
    let (compose, control) = (text(&state, "compose").to_owned(), focus(&state) == "Compose");
    judge.order(Picture, MOVED)?;
    let before = judge.heard();
    let state = judge.type_text("into a picture")?;
    let nowhere = text(&state, "strip").contains("Nothing you type goes anywhere");
    let held = text(&state, "compose") == compose && nowhere && judge.heard() == before;
    judge.note(
        "picture-of-a-field",
        "draws a picture of the compose field to be typed into",
        denied(held, "goes nowhere, and the strip says so"),
        control,
    );

    let state = judge.order(AskPassphrase, CLICKED)?;
    let nowhere = focus(&state) != "Unlock";
    judge.note(
        "ask-for-the-passphrase",
        "asks for the passphrase while the vault is open",
        denied(nowhere, "the field takes no keys"),
        control,
    );

    judge.order(OpenFirst, CLICKED)?;
    let state = judge.order(OtherField, CLICKED)?;
    let held = focus(&state) != "Compose" || text(&state, "compose") == compose;
    let typed = judge.type_text("x")?;
    let held = held && text(&typed, "compose") == compose;
    judge.note(
        "field-of-another",
        "shows the field of a conversation that is not open",
        denied(held, "the field takes no keys"),
        control,
    );

    judge.order(Outside, MOVED)?;
    let slots = judge.slots()?;
    let number = |slot: &Value, name: &str| slot.get(name).and_then(Value::as_i64).unwrap_or(i64::MAX);
    let kinds: Vec<&str> = slots.iter().map(|slot| text(slot, "kind")).collect();
    judge.note(
        "slot-outside",
        "lays a slot outside the window",
        denied(!kinds.contains(&"Avatar"), "left out"),
        kinds.contains(&"Search"),
    );
    let state = judge.a.driver.simple("state")?;
    let height = state.get("height").and_then(Value::as_i64).unwrap_or_default();
    let inside = slots.iter().all(|slot| number(slot, "y") + number(slot, "h") <= height - 24);
    judge.note(
        "slot-over-the-strip",
        "lays a slot over the vault's own strip",
        denied(inside, "cut off above it"),
        kinds.contains(&"MessageList"),
    );

    judge.order(OldGeometry, MOVED)?;
    let after = judge.slots()?;
    judge.note(
        "frame-of-before",
        "sends a frame for a window size that is no more",
        denied(after == slots, "ignored"),
        kinds.contains(&"Search"),
    );

    judge.order(Beyond, MOVED)?;
    let alive = judge.a.driver.simple("state").is_ok();
    judge.note(
        "damage-beyond",
        "says that pixels beyond the window changed",
        denied(alive, "cut off at the window"),
        control,
    );
    Ok(())
}

/// Clicks that mean something else than they seem to.
fn dialogue(judge: &mut Judge) -> Result<(), Error> {
    let count = |judge: &mut Judge| judge.a.driver.contacts().map(|list| list.len());
    judge.order(HalfDialogue, CLICKED)?;
    let at = DIALOGUE.x + DIALOGUE.w - 50;
    judge.a.driver.ask(&json!({"do": "click", "x": at, "y": DIALOGUE.y + DIALOGUE.h - 35}))?;
    judge.a.driver.simple("quiet")?;
    let held = denied(count(judge)? == 2, "a dialogue that is not shown whole does nothing");
    judge.order(WholeDialogue, CLICKED)?;
    judge.a.driver.ask(&json!({"do": "click", "x": at, "y": DIALOGUE.y + DIALOGUE.h - 35}))?;
    judge.a.driver.simple("quiet")?;
    let control = count(judge)? < 2;
    judge.note(
        "borrowed-click",
        "shows only the Delete button of the dialogue, in a picture of something else",
        held,
        control,
    );

    std::thread::sleep(PERMIT);
    let state = judge.order(Lock, MOVED)?;
    let held = denied(phase_is(&state, "open"), NO_ACT);
    let state = judge.order(Lock, CLICKED)?;
    judge.note("lock", "locks the vault while somebody types", held, phase_is(&state, "locked"));
    Ok(())
}

const DIALOGUE: Rect = Rect::new(100, 100, 400, 200);

/// The twin's side.
struct Ui<'a> {
    ends: &'a Ends,
    serial: u32,
    size: (i32, i32),
    buffer: u8,
    lent: u32,
    contacts: Vec<u32>,
    relays: Vec<u16>,
    at: (i32, i32),
    did: usize,
}

/// In ui's place.
pub fn ui(ends: &Ends) {
    ends.pixels_message(&pixels::FromUi::Hello { life: Some(ends.life), version: VERSION });
    ends.intent_message(&FromUi::Hello { life: Some(ends.life), version: VERSION });
    let ui = Ui {
        ends,
        serial: 0,
        size: (0, 0),
        buffer: 0,
        lent: 0,
        contacts: Vec::new(),
        relays: Vec::new(),
        at: (0, 0),
        did: 0,
    };
    ui.run();
}

impl Ui<'_> {
    fn run(mut self) {
        loop {
            let mut set = self.ends.numbers().map(|fd| libc::pollfd { fd, events: libc::POLLIN, revents: 0 });
            // SAFETY: two entries, on this stack.
            unsafe { libc::poll(set.as_mut_ptr(), 2, -1) };
            if set[0].revents != 0 {
                match self.ends.first() {
                    packet if packet.is_empty() => return,
                    packet => self.pixels(&packet),
                }
            }
            if set[1].revents != 0 {
                match self.ends.second() {
                    packet if packet.is_empty() => return,
                    packet => self.told(&packet),
                }
            }
        }
    }

    fn pixels(&mut self, packet: &[u8]) {
        eprintln!("twin: drawing {}", packet.len());
        match cbor::decode(packet) {
            Ok(pixels::ToUi::Configure { serial, width, height, .. }) => {
                (self.serial, self.lent) = (serial, 0);
                self.size = (i32::try_from(width).unwrap_or_default(), i32::try_from(height).unwrap_or_default());
                self.draw(vec![]);
            }
            Ok(pixels::ToUi::Release { .. }) => self.lent = self.lent.saturating_sub(1),
            _ => {}
        }
    }

    fn told(&mut self, packet: &[u8]) {
        let hex: String = packet.iter().map(|byte| format!("{byte:02x}")).collect();
        eprintln!("twin: heard {hex}");
        let place = |at: (i32, i32)| usize::try_from(at.0 / STEP - 1).ok().and_then(|index| ORDERS.get(index)).copied();
        match cbor::decode(packet) {
            Ok(ToUi::Contacts(list)) => {
                self.contacts = list.iter().map(|contact| contact.handle).collect();
                self.contacts.sort_unstable();
            }
            Ok(ToUi::Relays(list)) => self.relays = list.iter().filter(|r| r.own).map(|relay| relay.id).collect(),
            Ok(ToUi::Pointer(Pointer::Moved { x, y })) => {
                self.at = (x, y);
                if let (MOVED, Some(order)) = (y, place(self.at)) {
                    self.obey(order);
                }
            }
            Ok(ToUi::Pointer(Pointer::Released)) => {
                if let (CLICKED, Some(order)) = (self.at.1, place(self.at)) {
                    self.obey(order);
                }
            }
            _ => {}
        }
    }

    fn obey(&mut self, order: Order) {
        self.did += 1;
        let (first, second) = (self.contact(0), self.contact(1));
        let field = Rect::new(10, 300, 600, 80);
        let list = Rect::new(10, 100, 600, 150);
        let say = |message: FromUi| self.ends.intent_message(&message);
        let focus = |kind, handle| FromUi::Focus(Some(SlotKey { kind, handle }));
        let conversation =
            |handle| vec![lawful(SlotKind::MessageList, handle, list), lawful(SlotKind::Compose, handle, field)];
        let search = lawful(SlotKind::Search, 0, Rect::new(10, 40, 300, 40));
        let dialogue = lawful(SlotKind::ConfirmDelete, first, DIALOGUE);
        match order {
            OpenFirst | OpenSecond => {
                let handle = if order == OpenFirst { first } else { second };
                say(FromUi::Open(Some(handle)));
                self.draw(conversation(handle));
                self.ends.intent_message(&focus(SlotKind::Compose, handle));
            }
            FocusSearch => {
                self.draw([conversation(first), vec![search]].concat());
                self.ends.intent_message(&focus(SlotKind::Search, 0));
            }
            Picture => self.draw(vec![]),
            AskPassphrase => {
                self.draw(vec![lawful(SlotKind::Unlock, 0, field)]);
                self.ends.intent_message(&focus(SlotKind::Unlock, 0));
            }
            OtherField => {
                self.draw(conversation(second));
                self.ends.intent_message(&focus(SlotKind::Compose, second));
            }
            Verify => {
                self.draw(vec![lawful(SlotKind::SafetyNumber, first, Rect::new(0, 200, 1, 1))]);
                self.drawn();
                self.ends.intent_message(&FromUi::Verified { handle: first, verified: true });
            }
            RemoveRelay => say(FromUi::RemoveRelay(self.relays.last().copied().unwrap_or_default())),
            Invite => say(FromUi::Invite),
            CopyInvite => say(FromUi::CopyInvite),
            HalfDialogue => {
                let button = Rect::new(DIALOGUE.x + DIALOGUE.w - 110, DIALOGUE.y + DIALOGUE.h - 70, 110, 70);
                self.draw(vec![Slot { clip: button, ..dialogue }]);
            }
            WholeDialogue => self.draw(vec![dialogue]),
            Outside => {
                let far = lawful(SlotKind::Avatar, first, Rect::new(50_000, 0, 40, 40));
                let low = lawful(SlotKind::MessageList, first, Rect::new(10, 200, 600, 5000));
                self.draw(vec![search, far, low]);
            }
            OldGeometry => {
                let serial = self.serial;
                self.serial = serial.wrapping_sub(1);
                self.draw(vec![]);
                (self.serial, self.lent) = (serial, 0);
            }
            Beyond => {
                let damage = vec![Rect::new(-1000, -1000, 100_000, 100_000); 32];
                self.frame(Some(vec![]), damage);
            }
            Reconnect => say(FromUi::Reconnect),
            Lock => say(FromUi::Lock),
        }
        eprintln!("twin: did {} {order:?}", self.did);
    }

    fn contact(&self, index: usize) -> u32 {
        self.contacts.get(index).copied().unwrap_or_default()
    }

    fn draw(&mut self, slots: Vec<Slot>) {
        self.frame(Some(slots), vec![Rect::new(0, 0, self.size.0, self.size.1)]);
    }

    /// Waits until the vault has taken all frames.
    fn drawn(&mut self) {
        while self.lent > 0 {
            let packet = self.ends.first();
            self.pixels(&packet);
        }
    }

    fn frame(&mut self, slots: Option<Vec<Slot>>, damage: Vec<Rect>) {
        // Not more than the vault reads: it would end the twin.
        while self.lent >= 2 {
            let packet = self.ends.first();
            self.pixels(&packet);
        }
        let message =
            pixels::FromUi::Frame { slots, buffer: self.buffer, cursor: Cursor::Arrow, damage, serial: self.serial };
        self.ends.pixels_message(&message);
        (self.buffer, self.lent) = (1 - self.buffer, self.lent + 1);
    }
}
