//! What tests can ask for.

use crate::desk::Desk;
use crate::session::{self, Phase};
use bulkhead_canvas::core::keyboard::{self, Key, Location, Modifiers, key};
use bulkhead_canvas::core::{Event, Point, mouse};
use bulkhead_ipc::intent::{Accept, FromUi, Invite};
use bulkhead_ipc::pixels::{SlotKind, Theme};
use bulkhead_vault_core::{Action, MessageState, MessageView, Passphrase, Plaintext};
use serde_json::{Value, json};
use std::fs::File;
use std::io::BufWriter;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

/// How long ui must have been silent for its picture to count as the latest.
const QUIET: Duration = Duration::from_millis(90);

/// What became of a request.
pub enum Done {
    /// This.
    Now(Value),
    /// It is not done yet.
    Later(Until),
}

/// A request that is not done yet.
pub struct Waiting {
    /// What it waits for.
    pub until: Until,
    /// Where the answer goes.
    pub answer: Sender<Value>,
}

/// What a request waits for, and until when.
pub struct Until {
    what: What,
    deadline: Instant,
}

enum What {
    Open,
    /// Made; unless the test wants to see it, the recovery code is not taken.
    Created {
        offer: bool,
    },
    Invite {
        before: Option<String>,
    },
    Accept,
    Count {
        contact: u32,
        count: u64,
    },
    State {
        contact: u32,
        seq: u64,
        state: &'static str,
    },
    Quiet {
        path: Option<String>,
    },
    /// The next picture; requests are looked at after painting, so it is there at once.
    Painted,
}

type Answer = Result<Done, String>;

/// Begins a request.
pub fn begin(desk: &mut Desk, request: &Value) -> Answer {
    let now = |value| Ok(Done::Now(value));
    let ok = || Ok(Done::Now(json!({ "ok": true })));
    match text(request, "do")?.as_str() {
        "create" => {
            if !matches!(desk.session.phase, Phase::Setup) {
                return Err("there is a profile already".into());
            }
            desk.session.create_with(text(request, "name")?, text(request, "passphrase")?);
            later(request, What::Created { offer: request.get("offer").is_some() }, 30_000)
        }
        "pretend" => {
            let time = |name| Duration::from_secs(number(request, name).unwrap_or_default());
            desk.idle.pretend(time("idle"), time("asleep"));
            ok()
        }
        "unlock" => {
            if !matches!(desk.session.phase, Phase::Locked) {
                return Err(format!("not locked but {:?}", desk.session.told_phase()));
            }
            desk.session.notice(None);
            desk.session.unlock_with(Passphrase::new(text(request, "passphrase")?));
            later(request, What::Open, 30_000)
        }
        "lock" => {
            desk.session.lock();
            ok()
        }
        "salvage" => {
            desk.session.intent(FromUi::Salvage);
            later(request, What::Open, 60_000)
        }
        "state" => now(state(desk)),
        "recovery_code" => now(json!({ "code": desk.session.offered_code() })),
        "parts" => parts(desk, request),
        "invite" => {
            let before = link(desk);
            open(desk)?;
            desk.session.act(Action::Invite);
            later(request, What::Invite { before }, 30_000)
        }
        "accept" => {
            open(desk)?;
            desk.session.accept = Accept::Idle;
            desk.session.act(Action::Accept(Plaintext::new(text(request, "link")?)));
            later(request, What::Accept, 60_000)
        }
        "contacts" => now(contacts(desk)?),
        "send" => {
            let contact = contact(desk, request)?;
            let before = open(desk)?.newest(contact);
            let text = Plaintext::new(text(request, "text")?);
            desk.session.notice(None);
            desk.session.act(Action::Send { contact, text });
            let seq = open(desk)?.newest(contact);
            if seq == before {
                let why = desk.session.notice.map_or_else(|| "nothing to send".into(), |notice| format!("{notice:?}"));
                return Err(format!("not sent: {why}"));
            }
            now(json!({ "seq": seq }))
        }
        "messages" => {
            let contact = contact(desk, request)?;
            let vault = open(desk)?;
            let newest = number(request, "to").unwrap_or_else(|_| vault.newest(contact));
            let oldest = number(request, "from").unwrap_or_else(|_| vault.oldest(contact).max(1));
            let list = vault.messages(contact, oldest..=newest).map_err(|error| error.to_string())?;
            now(json!({ "messages": list.iter().map(message).collect::<Vec<_>>() }))
        }
        "wait" => {
            let what = What::Count { contact: contact(desk, request)?, count: number(request, "count")? };
            later(request, what, 10_000)
        }
        "wait_state" => {
            let wanted = text(request, "state")?;
            let state = STATES.iter().find(|(name, _)| *name == wanted).ok_or("no such state")?.0;
            later(
                request,
                What::State { contact: contact(desk, request)?, seq: number(request, "seq")?, state },
                10_000,
            )
        }
        "open" => {
            let contact = contact(desk, request)?;
            desk.session.show(contact);
            later(request, What::Quiet { path: None }, 5000)
        }
        "key" => {
            press(desk, &text(request, "key")?)?;
            later(request, What::Painted, 5000)
        }
        "type" => {
            for c in text(request, "text")?.chars() {
                match c {
                    '\n' => press(desk, "Shift+Enter")?,
                    c => letter(desk, c, Modifiers::empty(), true),
                }
            }
            later(request, What::Painted, 5000)
        }
        "move" => {
            let at = place(desk, request)?;
            desk.event(Event::Mouse(mouse::Event::CursorMoved { position: at }));
            later(request, What::Painted, 5000)
        }
        "click" => {
            let at = place(desk, request)?;
            desk.event(Event::Mouse(mouse::Event::CursorMoved { position: at }));
            desk.event(Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)));
            desk.event(Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left)));
            later(request, What::Painted, 5000)
        }
        "drag" => {
            let coordinate = |name| {
                request
                    .get(name)
                    .and_then(Value::as_f64)
                    .map(|v| v as f32)
                    .ok_or_else(|| format!("`{name}` is missing"))
            };
            let to = Point::new(coordinate("to_x")?, coordinate("to_y")?);
            let at = place(desk, request)?;
            desk.event(Event::Mouse(mouse::Event::CursorMoved { position: at }));
            desk.event(Event::Mouse(mouse::Event::ButtonPressed(mouse::Button::Left)));
            desk.event(Event::Mouse(mouse::Event::CursorMoved { position: to }));
            desk.event(Event::Mouse(mouse::Event::ButtonReleased(mouse::Button::Left)));
            later(request, What::Painted, 5000)
        }
        "scroll" => {
            if request.get("x").is_some() || request.get("slot").is_some() {
                let at = place(desk, request)?;
                desk.event(Event::Mouse(mouse::Event::CursorMoved { position: at }));
            }
            let y = request.get("lines").and_then(Value::as_f64).ok_or("`lines` is missing")? as f32;
            desk.event(Event::Mouse(mouse::Event::WheelScrolled { delta: mouse::ScrollDelta::Lines { x: 0.0, y } }));
            later(request, What::Painted, 5000)
        }
        "resize" => {
            let scale = request.get("scale").and_then(Value::as_f64).unwrap_or(1.0) as f32;
            let edge = |name| {
                number(request, name).and_then(|v| u32::try_from(v.min(8192)).map_err(|error| error.to_string()))
            };
            desk.resize(edge("width")?, edge("height")?, scale);
            later(request, What::Quiet { path: None }, 10_000)
        }
        "theme" => {
            let theme = if text(request, "theme")? == "dark" { Theme::Dark } else { Theme::Light };
            desk.session.intent(FromUi::Theme(theme));
            later(request, What::Quiet { path: None }, 10_000)
        }
        "focus" => {
            let focused = request.get("focused").and_then(Value::as_bool).unwrap_or(true);
            use bulkhead_canvas::core::window::Event::{Focused, Unfocused};
            desk.event(Event::Window(if focused { Focused } else { Unfocused }));
            ok()
        }
        "slots" => {
            let slots = desk.ui().slots().iter().map(|slot| {
                let clip = slot.clip;
                json!({ "kind": format!("{:?}", slot.key.kind), "handle": slot.key.handle, "x": clip.x, "y": clip.y, "w": clip.w, "h": clip.h })
            });
            now(json!({ "slots": slots.collect::<Vec<_>>() }))
        }
        "screenshot" => later(request, What::Quiet { path: Some(text(request, "path")?) }, 10_000),
        "quiet" => later(request, What::Quiet { path: None }, 10_000),
        "reconnect" => {
            open(desk)?;
            desk.session.act(Action::Reconnect);
            ok()
        }
        "add_relay" => {
            open(desk)?;
            desk.session.act(Action::AddRelay(text(request, "url")?));
            ok()
        }
        "remove_relay" => {
            let url = text(request, "url")?;
            let relay = open(desk)?.relays().iter().find(|relay| relay.own && relay.url == url).map(|relay| relay.id);
            desk.session.act(Action::RemoveRelay(relay.ok_or("that is not an own relay")?));
            ok()
        }
        "quit" => {
            desk.session.quit();
            ok()
        }
        other => Err(format!("`{other}` is not something the driver can do")),
    }
}

fn later(request: &Value, what: What, usual: u64) -> Answer {
    let patience = number(request, "timeout_ms").unwrap_or(usual);
    Ok(Done::Later(Until { what, deadline: Instant::now() + Duration::from_millis(patience) }))
}

impl Waiting {
    /// Answers if it is done or out of time; says whether it was answered.
    pub fn settle(&mut self, desk: &mut Desk) -> bool {
        let answer = match check(desk, &self.until.what) {
            Some(Ok(value)) => value,
            Some(Err(why)) => json!({ "error": why }),
            None if Instant::now() >= self.until.deadline => json!({ "error": "timed out", "state": state(desk) }),
            None => return false,
        };
        // A client that went away misses nothing.
        let _ = self.answer.send(answer);
        true
    }
}

fn check(desk: &mut Desk, what: &What) -> Option<Result<Value, String>> {
    match what {
        What::Open => match desk.session.phase {
            Phase::Open(_) => Some(Ok(json!({ "ok": true }))),
            Phase::Unlocking => None,
            _ => desk.session.notice.map(|notice| Err(format!("not opened: {notice:?}"))),
        },
        What::Created { offer } => {
            let done = check(desk, &What::Open)?;
            if done.is_ok() && !offer {
                desk.session.answer_offer(session::Answer::NotNow);
            }
            Some(done)
        }
        What::Invite { before } => match desk.session.invite {
            Invite::Ready => {
                link(desk).filter(|link| Some(link) != before.as_ref()).map(|link| Ok(json!({ "link": link })))
            }
            _ => None,
        },
        What::Accept => match desk.session.accept {
            Accept::Idle | Accept::Fetching => None,
            Accept::Done { handle } => Some(Ok(json!({ "contact": handle }))),
            other => Some(Err(format!("the invite was not accepted: {other:?}"))),
        },
        What::Count { contact, count } => {
            let vault = desk.session.vault()?;
            let there = if vault.newest(*contact) == 0 {
                0
            } else {
                vault.newest(*contact) + 1 - vault.oldest(*contact).max(1)
            };
            (there >= *count).then(|| Ok(json!({ "count": there })))
        }
        What::State { contact, seq, state } => {
            let message = desk.session.vault()?.messages(*contact, *seq..=*seq).ok()?.pop()?;
            let rank = |name: &str| STATES.iter().position(|(other, _)| *other == name);
            let reached = match message.state {
                MessageState::Failed | MessageState::Received | MessageState::Note => name(message.state) == *state,
                there => rank(name(there)) >= rank(state),
            };
            reached.then(|| Ok(json!({ "state": name(message.state) })))
        }
        What::Painted => (!desk.wants_paint()).then(|| Ok(json!({ "ok": true }))),
        What::Quiet { path } => {
            let quiet = desk.ui().is_drawn()
                && desk.ui().last_active().elapsed() >= QUIET
                && !matches!(desk.session.phase, Phase::Unlocking);
            if !quiet {
                return None;
            }
            desk.paint();
            Some(path.as_ref().map_or(Ok(json!({ "ok": true })), |path| save(desk, path)))
        }
    }
}

fn save(desk: &Desk, path: &str) -> Result<Value, String> {
    let (width, height) = desk.painter.size();
    let bytes: Vec<u8> = desk
        .painter
        .pixels()
        .iter()
        .flat_map(|pixel| {
            let [_, r, g, b] = pixel.to_be_bytes();
            [r, g, b]
        })
        .collect();
    let file = File::create(path).map_err(|error| error.to_string())?;
    let mut encoder = png::Encoder::new(BufWriter::new(file), width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(|error| error.to_string())?;
    writer.write_image_data(&bytes).map_err(|error| error.to_string())?;
    Ok(json!({ "path": path, "width": width, "height": height }))
}

fn open(desk: &Desk) -> Result<&bulkhead_vault_core::Vault<crate::store::SqlStore>, String> {
    desk.session.vault().ok_or_else(|| format!("not open but {:?}", desk.session.told_phase()))
}

fn link(desk: &Desk) -> Option<String> {
    desk.session.vault()?.invite_link().map(|link| link.as_str().to_owned())
}

fn text(request: &Value, name: &str) -> Result<String, String> {
    request.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(|| format!("`{name}` is missing"))
}

fn number(request: &Value, name: &str) -> Result<u64, String> {
    request.get(name).and_then(Value::as_u64).ok_or_else(|| format!("`{name}` is missing"))
}

fn contact(desk: &Desk, request: &Value) -> Result<u32, String> {
    let wanted = request.get("contact").ok_or("`contact` is missing")?;
    let found = open(desk)?.contacts().iter().find(|contact| match wanted {
        Value::String(name) => contact.name.as_str() == name,
        other => other.as_u64() == Some(u64::from(contact.handle)),
    });
    found.map(|contact| contact.handle).ok_or_else(|| "no such contact".into())
}

/// What ui could say about parts of recovery secrets, if asked to; and how it stands.
fn parts(desk: &mut Desk, request: &Value) -> Answer {
    open(desk)?;
    if let Ok(passphrase) = text(request, "passphrase") {
        desk.session.fields.set(SlotKind::CurrentPassphrase, passphrase);
    }
    let intent = match text(request, "act").as_deref() {
        Ok("ask") => Some(FromUi::AskPart(contact(desk, request)?)),
        Ok("answer") => Some(FromUi::AnswerPart(contact(desk, request)?)),
        Ok("withdraw") => Some(FromUi::WithdrawParts),
        Ok("show") => Some(FromUi::ShowParts),
        Ok(other) => return Err(format!("`{other}` cannot be done with parts")),
        Err(_) => None,
    };
    if let Some(intent) = intent {
        desk.session.intent(intent);
        return later(request, What::Quiet { path: None }, 10_000);
    }
    let vault = open(desk)?;
    let given = vault.given_parts();
    let given = given.iter().map(|part| json!({ "contact": part.contact, "state": format!("{:?}", part.state) }));
    let gathered = vault.gathered().map(|gathered| {
        let complete = gathered.secret.is_some();
        json!({ "have": gathered.have, "needed": gathered.needed, "complete": complete, "wrong": gathered.wrong })
    });
    Ok(Done::Now(json!({
        "given": given.collect::<Vec<_>>(),
        "kept": vault.kept_parts(),
        "asked": vault.asked_parts(),
        "asking": vault.asking_parts(),
        "gathered": gathered,
        "picked": desk.session.picked_keepers(),
    })))
}

const STATES: [(&str, MessageState); 7] = [
    ("received", MessageState::Received),
    ("queued", MessageState::Queued),
    ("at_relay", MessageState::AtRelay),
    ("delivered", MessageState::Delivered),
    ("failed", MessageState::Failed),
    ("timer", MessageState::Timer),
    ("note", MessageState::Note),
];

fn name(state: MessageState) -> &'static str {
    STATES.iter().find(|(_, other)| *other == state).map_or("", |(name, _)| name)
}

fn message(m: &MessageView) -> Value {
    json!({ "seq": m.seq, "mine": m.mine, "text": m.text.as_str(), "at": m.at.0, "state": name(m.state) })
}

fn state(desk: &Desk) -> Value {
    let relays: Vec<Value> = desk.session.vault().map_or_else(Vec::new, |vault| {
        let told = |r: &bulkhead_vault_core::RelayView| json!({ "id": r.id, "url": r.url, "own": r.own, "state": format!("{:?}", r.state).to_lowercase() });
        vault.relays().iter().map(told).collect()
    });
    let (width, height) = desk.painter.size();
    json!({
        "phase": format!("{:?}", desk.session.told_phase()).to_lowercase(),
        "relays": relays,
        "notice": desk.session.notice.map(|notice| format!("{notice:?}")),
        "invite": format!("{:?}", desk.session.invite),
        "accept": format!("{:?}", desk.session.accept),
        "open": desk.session.open,
        "focus": desk.session.focus.map(|key| json!({ "kind": format!("{:?}", key.kind), "handle": key.handle })),
        "strip": crate::slots::strip::words(&desk.session).0,
        "update": format!("{:?}", desk.session.updates.kind()),
        "alarm": desk.session.updates.alarm(&desk.session.zone),
        "alarm_height": desk.painter.below(None).alarm.height,
        "compose": desk.session.fields.message.text().trim_end_matches('\n'),
        "width": width, "height": height, "scale": desk.painter.scale(), "drawn": desk.ui().is_drawn(),
    })
}

fn contacts(desk: &Desk) -> Result<Value, String> {
    let list = open(desk)?.contacts().iter().map(|c| {
        json!({
            "handle": c.handle, "name": c.name.as_str(), "unread": c.unread, "waiting": c.waiting, "renewing": c.renewing, "verified": c.verified,
            "preview": c.preview.as_ref().map(|preview| preview.text.as_str()),
        })
    });
    Ok(json!({ "contacts": list.collect::<Vec<_>>() }))
}

/// `x` and `y` in logical pixels, or the middle of a slot.
fn place(desk: &Desk, request: &Value) -> Result<Point, String> {
    if let Some(wanted) = request.get("slot").and_then(Value::as_str) {
        let handle = number(request, "handle").ok();
        let kind =
            SlotKind::ALL.into_iter().find(|kind| format!("{kind:?}") == wanted).ok_or("no such kind of slot")?;
        let fits = |key: bulkhead_ipc::pixels::SlotKey| {
            key.kind == kind && handle.is_none_or(|handle| handle == u64::from(key.handle))
        };
        let slot = desk.ui().slots().iter().find(|slot| fits(slot.key)).ok_or("this slot is not on screen")?;
        let scale = desk.painter.scale();
        let middle = |from: i32, length: i32| (from as f32 + length as f32 / 2.0) / scale;
        return Ok(Point::new(middle(slot.clip.x, slot.clip.w), middle(slot.clip.y, slot.clip.h)));
    }
    let coordinate = |name| request.get(name).and_then(Value::as_f64).ok_or_else(|| format!("`{name}` is missing"));
    Ok(Point::new(coordinate("x")? as f32, coordinate("y")? as f32))
}

/// A key by name, with modifiers before it: `Ctrl+N`, `Shift+Tab`, `Enter`.
fn press(desk: &mut Desk, wanted: &str) -> Result<(), String> {
    let mut held = Modifiers::empty();
    let mut rest = wanted;
    while let Some((first, after)) = rest.split_once('+').filter(|(_, after)| !after.is_empty()) {
        held |= match first {
            "Ctrl" => Modifiers::CTRL,
            "Shift" => Modifiers::SHIFT,
            "Alt" => Modifiers::ALT,
            _ => return Err(format!("`{first}` is not a modifier")),
        };
        rest = after;
    }
    use key::Named;
    let named = match rest {
        "Enter" => Named::Enter,
        "Tab" => Named::Tab,
        "Escape" | "Esc" => Named::Escape,
        "Backspace" => Named::Backspace,
        "Delete" => Named::Delete,
        "Up" => Named::ArrowUp,
        "Down" => Named::ArrowDown,
        "Left" => Named::ArrowLeft,
        "Right" => Named::ArrowRight,
        "PageUp" => Named::PageUp,
        "PageDown" => Named::PageDown,
        "Home" => Named::Home,
        "End" => Named::End,
        other => {
            let mut letters = other.chars();
            return match (letters.next(), letters.next()) {
                (Some(c), None) => {
                    letter(desk, if held.is_empty() { c } else { c.to_ascii_lowercase() }, held, held.is_empty());
                    Ok(())
                }
                _ => Err(format!("`{other}` is not a key")),
            };
        }
    };
    stroke(desk, Key::Named(named), held, None);
    Ok(())
}

fn letter(desk: &mut Desk, c: char, held: Modifiers, writes: bool) {
    let key = if c == ' ' { Key::Named(key::Named::Space) } else { Key::Character(c.to_string().into()) };
    stroke(desk, key, held, writes.then(|| c.to_string()));
}

fn stroke(desk: &mut Desk, key: Key, modifiers: Modifiers, text: Option<String>) {
    let physical_key = key::Physical::Unidentified(key::NativeCode::Unidentified);
    if !modifiers.is_empty() {
        desk.event(Event::Keyboard(keyboard::Event::ModifiersChanged(modifiers)));
    }
    desk.event(Event::Keyboard(keyboard::Event::KeyPressed {
        key: key.clone(),
        modified_key: key.clone(),
        physical_key,
        location: Location::Standard,
        modifiers,
        text: text.map(Into::into),
        repeat: false,
    }));
    desk.event(Event::Keyboard(keyboard::Event::KeyReleased {
        key: key.clone(),
        modified_key: key,
        physical_key,
        location: Location::Standard,
        modifiers,
    }));
    if !modifiers.is_empty() {
        desk.event(Event::Keyboard(keyboard::Event::ModifiersChanged(Modifiers::empty())));
    }
}
