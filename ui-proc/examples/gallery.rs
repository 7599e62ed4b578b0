//! Paints every screen in both themes and several sizes into `target/gallery`, to be looked at.
//!
//! In place of what the vault would paint, each slot gets sample words on its own ground.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use bulkhead_canvas::core::widget::Operation;
use bulkhead_canvas::core::{Border, Color, Length, alignment, clipboard};
use bulkhead_canvas::palette::{Palette, Tone};
use bulkhead_canvas::widget::{container, row, text};
use bulkhead_canvas::{Element, Surface, Theme, fonts};
use bulkhead_ipc::intent::{
    Accept, Command, Contact, GivenPart, Invite, Keyring, Notice, PartState, Phase, Pin, Recovery, Relay, Shares,
    Timer, ToUi,
};
use bulkhead_ipc::pixels::{self, FromUi, Slot, SlotKind};
use bulkhead_ipc::post::{RelayState, Trouble};
use bulkhead_ipc::update::{Glimpse, Kind};
use bulkhead_ui::app::App;
use bulkhead_ui::frames::{Frames, Geometry};
use bulkhead_ui::message::{Message, Panel};
use std::path::{Path, PathBuf};

const NAMES: [&str; 6] = ["Ada Lovelace", "Борис Иванов", "Chloé Dubois", "Emil Nørgaard", "Grace Hopper", "Heidi"];

/// A name, and how to get there.
type Screen = (&'static str, Box<dyn Fn(&mut App)>);

struct Nothing;

impl Operation for Nothing {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation)) {
        operate(self);
    }
}

/// Something like what the vault paints there.
fn sample<'a>(slot: &Slot) -> Element<'a, ()> {
    let p = Palette::on(slot.background);
    let name = NAMES[slot.key.handle as usize % NAMES.len()];
    let words = |s: String, size: f32, tone: Tone| {
        text(s).size(size).color(tone.color()).wrapping(bulkhead_canvas::core::text::Wrapping::None)
    };
    match slot.key.kind {
        SlotKind::Avatar => {
            let tone = [0x5b8def, 0xc8553d, 0x3d8361, 0x9b5de5, 0xb7791f, 0x2a9d8f][slot.key.handle as usize % 6];
            let initial = words(name.chars().take(1).collect(), 17.0, p.on_accent).font(fonts::SEMIBOLD);
            let disc = move |_: &Theme| container::Style {
                background: Some(Tone(tone).into()),
                border: Border { radius: 20.0.into(), ..Border::default() },
                ..container::Style::default()
            };
            container(initial).center(Length::Fill).style(disc).into()
        }
        SlotKind::ContactName => {
            container(words(name.into(), 15.0, p.text).font(fonts::SEMIBOLD)).center_y(Length::Fill).into()
        }
        SlotKind::ConversationTitle => {
            container(words(name.into(), 17.0, p.text).font(fonts::SEMIBOLD)).center_y(Length::Fill).into()
        }
        SlotKind::Preview => container(words("See you at the station at six, platform nine".into(), 13.0, p.muted))
            .center_y(Length::Fill)
            .into(),
        SlotKind::RowTime => {
            container(words("22:35".into(), 12.0, p.muted)).center_y(Length::Fill).align_right(Length::Fill).into()
        }
        SlotKind::RelayUrl => {
            container(words("wss://relay.example.org".into(), 15.0, p.text)).center_y(Length::Fill).into()
        }
        SlotKind::Compose => row![
            container(words("Write a message".into(), 15.0, p.muted)).center_y(Length::Fill).width(Length::Fill),
            container(words("Send".into(), 14.0, p.on_accent)).padding([8, 16]).style(move |_: &Theme| {
                container::Style {
                    background: Some(p.accent_fill.into()),
                    border: Border { radius: 10.0.into(), ..Border::default() },
                    ..container::Style::default()
                }
            })
        ]
        .spacing(8)
        .align_y(alignment::Vertical::Center)
        .into(),
        kind if kind.is_field() => container(words(format!("{kind:?}"), 15.0, p.muted)).center_y(Length::Fill).into(),
        kind => {
            let outline = move |_: &Theme| container::Style {
                border: Border { color: p.accent.color(), width: 1.0, radius: 2.0.into() },
                ..container::Style::default()
            };
            container(words(format!("{kind:?}"), 13.0, p.accent))
                .center(Length::Fill)
                .align_x(alignment::Horizontal::Center)
                .style(outline)
                .into()
        }
    }
}

fn paint_slot(slot: &Slot, scale: f32, frame: &mut [u8], width: usize) {
    let (w, h) = (slot.rect.w as u32, slot.rect.h as u32);
    let [_, r, g, b] = slot.background.to_be_bytes();
    let mut surface: Surface<1> = Surface::new(w, h, scale, Color::from_rgb8(r, g, b));
    surface.record(sample(slot), &mut clipboard::Null, &mut Nothing);
    let mut pixels = vec![0; surface.bytes()];
    surface.paint_buf(0, &mut pixels);
    for y in slot.clip.y..slot.clip.y + slot.clip.h {
        for x in slot.clip.x..slot.clip.x + slot.clip.w {
            let from = ((y - slot.rect.y) as usize * w as usize + (x - slot.rect.x) as usize) * 4;
            let to = (y as usize * width + x as usize) * 4;
            frame[to..to + 4].copy_from_slice(&pixels[from..from + 4]);
        }
    }
}

fn shoot(folder: &Path, name: &str, size: (u32, u32, u32), theme: pixels::Theme, prepare: &dyn Fn(&mut App)) {
    let (width, height, scale) = size;
    let mut app = App::default();
    let mut frames = Frames::default();
    frames.resize(&mut app, Geometry { width, height, scale, theme, serial: 1 });
    prepare(&mut app);
    let mut pixels = vec![0; width as usize * height as usize * 4];
    let mut slots = Vec::new();
    // Several times: what can have the keyboard is known after the first.
    for pass in 0..6 {
        frames.touch();
        if pass > 0 && name.ends_with("-keys") {
            app.told(ToUi::Command(Command::FocusPrevious));
        }
        if let Some(FromUi::Frame { slots: Some(found), .. }) = frames.draw_into(&mut app, 0, &mut pixels) {
            slots = found;
        }
    }
    for slot in &slots {
        paint_slot(slot, scale as f32 / 120.0, &mut pixels, width as usize);
    }
    let theme = if theme == pixels::Theme::Light { "light" } else { "dark" };
    let path = folder.join(format!("{name}-{width}x{height}@{scale}-{theme}.png"));
    let mut encoder = png::Encoder::new(std::fs::File::create(path).unwrap(), width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let rgb: Vec<u8> = pixels.chunks_exact(4).flat_map(|p| [p[2], p[1], p[0]]).collect();
    encoder.write_header().unwrap().write_image_data(&rgb).unwrap();
}

fn open(app: &mut App, count: u32) {
    app.told(ToUi::Phase(Phase::Open));
    let contact = |handle| Contact {
        handle,
        unread: [0, 2, 0, 0, 128][handle as usize % 5],
        waiting: handle == 3,
        verified: handle == 2,
    };
    app.told(ToUi::Contacts((0..count).map(contact).collect()));
    app.told(ToUi::Timers(vec![Timer { handle: 2, seconds: 86_400 }]));
    let relay = |id, own, state| Relay { id, own, state };
    app.told(ToUi::Relays(vec![
        relay(0, true, RelayState::Online),
        relay(1, true, RelayState::Online),
        relay(2, true, RelayState::Offline(Trouble::Certificate)),
        relay(3, false, RelayState::Connecting),
    ]));
}

/// The page about parts of a recovery secret: those that are out, or the choice of who gets them.
fn parts(app: &mut App, out: bool) {
    use PartState::{Failed, GivenAway, Kept, Sent, Withdrawn};
    open(app, 12);
    app.pressed(Message::Show(Panel::Parts));
    let states = [Kept, Sent, GivenAway, Failed, Withdrawn].into_iter().zip(1..);
    let parts = states.filter(|_| out).map(|(state, handle)| GivenPart { state, handle }).collect();
    let picked = if out { vec![] } else { vec![1, 2, 4, 5] };
    app.told(ToUi::Shares(Shares { parts, picked, needed: 3, ..Shares::default() }));
}

fn update(kind: Kind) -> impl Fn(&mut App) {
    move |app: &mut App| {
        open(app, 12);
        let done = if kind == Kind::Fetching { 380 } else { 0 };
        app.told(ToUi::Update(Glimpse { done, kind }));
        app.pressed(Message::Show(Panel::Updates));
    }
}

fn main() {
    fonts::install("en-US");
    let folder = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/gallery"), PathBuf::from);
    std::fs::create_dir_all(&folder).unwrap();
    let show = |panel: Panel| {
        move |app: &mut App| {
            open(app, 12);
            app.told(ToUi::Show(1));
            app.told(ToUi::Invite(Invite::Ready));
            app.pressed(Message::Show(panel));
        }
    };
    let screens: Vec<Screen> = vec![
        (
            "setup",
            Box::new(|app| {
                app.told(ToUi::Phase(Phase::Setup));
                app.told(ToUi::Notice(Some(Notice::PassphraseTooShort)));
            }),
        ),
        ("unlock", Box::new(|app| app.told(ToUi::Phase(Phase::Locked)))),
        (
            "unlock-wrong",
            Box::new(|app| {
                app.told(ToUi::Phase(Phase::Locked));
                app.told(ToUi::Notice(Some(Notice::WrongPassphrase)));
            }),
        ),
        ("unlocking", Box::new(|app| app.told(ToUi::Phase(Phase::Unlocking)))),
        (
            "broken",
            Box::new(|app| {
                app.told(ToUi::Phase(Phase::Broken));
                app.told(ToUi::Notice(Some(Notice::StoreTooNew)));
            }),
        ),
        ("empty", Box::new(|app| open(app, 0))),
        ("list", Box::new(|app| open(app, 12))),
        (
            "chat",
            Box::new(|app| {
                open(app, 12);
                app.told(ToUi::Show(1));
            }),
        ),
        (
            "chat-waiting-notice",
            Box::new(|app| {
                open(app, 12);
                app.told(ToUi::Show(3));
                app.told(ToUi::Notice(Some(Notice::Refused)));
            }),
        ),
        (
            "chat-verified",
            Box::new(|app| {
                open(app, 12);
                app.told(ToUi::Show(2));
            }),
        ),
        (
            "search",
            Box::new(|app| {
                open(app, 12);
                app.told(ToUi::Searching(true));
            }),
        ),
        ("invite", Box::new(show(Panel::Invite))),
        (
            "invite-publishing",
            Box::new(move |app| {
                show(Panel::Invite)(app);
                app.told(ToUi::Invite(Invite::Publishing));
            }),
        ),
        (
            "invite-used",
            Box::new(move |app| {
                show(Panel::Invite)(app);
                app.told(ToUi::Invite(Invite::Used { handle: 4 }));
            }),
        ),
        ("accept", Box::new(show(Panel::Accept))),
        (
            "accept-tampered",
            Box::new(move |app| {
                show(Panel::Accept)(app);
                app.told(ToUi::Accept(Accept::Tampered));
            }),
        ),
        ("contact", Box::new(show(Panel::Contact(1)))),
        ("safety", Box::new(show(Panel::Safety(1)))),
        ("delete", Box::new(show(Panel::Delete(1)))),
        ("settings", Box::new(show(Panel::Settings))),
        ("passphrase", Box::new(show(Panel::Passphrase))),
        ("recovery", Box::new(show(Panel::Recovery))),
        (
            "recovery-code",
            Box::new(|app| {
                open(app, 12);
                app.told(ToUi::Recovery(Recovery::Offered));
            }),
        ),
        ("parts", Box::new(|app| parts(app, true))),
        ("parts-choose", Box::new(|app| parts(app, false))),
        (
            "parts-asked",
            Box::new(|app| {
                open(app, 12);
                app.told(ToUi::Shares(Shares { asked: vec![1], ..Shares::default() }));
                app.told(ToUi::Show(1));
            }),
        ),
        (
            "recover",
            Box::new(|app| {
                app.told(ToUi::Phase(Phase::Locked));
                app.pressed(Message::Recovering(true));
                app.told(ToUi::Notice(Some(Notice::NotARecoveryCode)));
            }),
        ),
        ("erase", Box::new(show(Panel::Erase))),
        (
            "pin",
            Box::new(move |app| {
                app.told(ToUi::Pin(Pin::Set));
                show(Panel::Pin)(app);
            }),
        ),
        (
            "pin-unlock",
            Box::new(|app| {
                app.told(ToUi::Phase(Phase::Locked));
                app.told(ToUi::Pin(Pin::Set));
                app.told(ToUi::Notice(Some(Notice::WrongPin)));
            }),
        ),
        (
            "pin-resting",
            Box::new(|app| {
                app.told(ToUi::Phase(Phase::Locked));
                app.told(ToUi::Pin(Pin::Set));
                app.told(ToUi::Notice(Some(Notice::PinResting)));
            }),
        ),
        (
            "pin-lost",
            Box::new(|app| {
                app.told(ToUi::Phase(Phase::Locked));
                app.told(ToUi::Pin(Pin::Lost));
            }),
        ),
        (
            "keyring",
            Box::new(move |app| {
                app.told(ToUi::Keyring(Keyring::Possible));
                show(Panel::Keyring)(app);
            }),
        ),
        (
            "keyring-on",
            Box::new(move |app| {
                app.told(ToUi::Keyring(Keyring::On));
                show(Panel::Keyring)(app);
                app.told(ToUi::Notice(Some(Notice::KeyringOn)));
            }),
        ),
        (
            "keyring-asking",
            Box::new(|app| {
                app.told(ToUi::Phase(Phase::Locked));
                app.told(ToUi::Keyring(Keyring::Asking));
            }),
        ),
        (
            "keyring-useless",
            Box::new(|app| {
                app.told(ToUi::Phase(Phase::Locked));
                app.told(ToUi::Keyring(Keyring::On));
                app.told(ToUi::Notice(Some(Notice::KeyringUseless)));
            }),
        ),
        (
            "keyring-lost",
            Box::new(|app| {
                app.told(ToUi::Phase(Phase::Locked));
                app.told(ToUi::Pin(Pin::Set));
                app.told(ToUi::Keyring(Keyring::Lost));
            }),
        ),
        (
            "settings-keys",
            Box::new(move |app| {
                show(Panel::Settings)(app);
            }),
        ),
        (
            "chat-keys",
            Box::new(|app| {
                open(app, 12);
                app.told(ToUi::Show(2));
            }),
        ),
        ("invite-keys", Box::new(show(Panel::Invite))),
        ("updates", Box::new(update(Kind::UpToDate))),
        ("updates-fetching", Box::new(update(Kind::Fetching))),
        ("updates-ready", Box::new(update(Kind::Ready))),
        ("updates-ready-keys", Box::new(update(Kind::Ready))),
        ("updates-forked", Box::new(update(Kind::Forked))),
        (
            "updates-details",
            Box::new(|app| {
                update(Kind::UpToDate)(app);
                app.pressed(Message::Show(Panel::UpdateDetails));
            }),
        ),
        (
            "updates-announced",
            Box::new(|app| {
                open(app, 12);
                app.told(ToUi::Show(1));
                app.told(ToUi::Update(Glimpse { done: 0, kind: Kind::Ready }));
            }),
        ),
    ];
    let only = std::env::args().nth(2);
    for (name, prepare) in &screens {
        if only.as_ref().is_some_and(|only| only != name) {
            continue;
        }
        for theme in [pixels::Theme::Light, pixels::Theme::Dark] {
            for size in [(1280, 776, 120), (480, 336, 120)] {
                shoot(&folder, name, size, theme, prepare);
            }
        }
        shoot(&folder, name, (390, 700, 120), pixels::Theme::Light, prepare);
        shoot(&folder, name, (1600, 1200, 240), pixels::Theme::Dark, prepare);
        shoot(&folder, name, (3840, 2136, 180), pixels::Theme::Light, prepare);
    }
}
