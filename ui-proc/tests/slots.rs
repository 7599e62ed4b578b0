//! Whatever the state and the window: slots lie inside the frame, none covers another, and the vault would
//! take the frame.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use bulkhead_canvas::fonts;
use bulkhead_ipc::intent::{Accept, Command, Contact, Invite, Notice, Phase, Pointer, Relay, ToUi};
use bulkhead_ipc::pixels::{FromUi, MAX_DAMAGE, Rect, Slot, SlotKey, SlotKind, Theme};
use bulkhead_ipc::post::{RelayState, Trouble};
use bulkhead_ipc::update::{Glimpse, Kind};
use bulkhead_ipc::{Message as _, VERSION};
use bulkhead_ui::app::App;
use bulkhead_ui::frames::{Frames, Geometry};
use bulkhead_ui::message::{Message, Panel};
use proptest::prelude::*;

fn step() -> impl Strategy<Value = ToUi> {
    let phase = prop_oneof![8 => Just(Phase::Open), 1 => Just(Phase::Setup), 1 => Just(Phase::Locked), 1 => Just(Phase::Unlocking), 1 => Just(Phase::Broken)];
    let contact = (0..40u32, any::<bool>(), any::<bool>());
    let contacts = proptest::collection::vec(contact, 0..40).prop_map(|list| {
        ToUi::Contacts(
            list.into_iter()
                .zip(0..)
                .map(|((unread, waiting, verified), handle)| Contact { handle, unread: unread * 7, waiting, verified })
                .collect(),
        )
    });
    let states = prop_oneof![
        Just(RelayState::Online),
        Just(RelayState::Connecting),
        Just(RelayState::Offline(Trouble::Certificate))
    ];
    let relays = proptest::collection::vec((any::<bool>(), states), 0..12).prop_map(|list| {
        ToUi::Relays(list.into_iter().zip(0..).map(|((own, state), id)| Relay { id, own, state }).collect())
    });
    let invite = prop_oneof![
        Just(Invite::None),
        Just(Invite::Publishing),
        Just(Invite::Ready),
        Just(Invite::Used { handle: 1 })
    ];
    let accept = prop_oneof![Just(Accept::Fetching), Just(Accept::Tampered), Just(Accept::Done { handle: 2 })];
    let command = prop_oneof![
        Just(Command::FocusNext),
        Just(Command::FocusPrevious),
        Just(Command::Activate),
        Just(Command::Escape),
        Just(Command::Search),
        Just(Command::AddContact),
        Just(Command::Settings),
        Just(Command::Updates),
        Just(Command::NextConversation),
        Just(Command::PreviousConversation),
        Just(Command::Down),
        Just(Command::Up),
    ];
    prop_oneof![
        phase.prop_map(ToUi::Phase),
        contacts,
        relays,
        invite.prop_map(ToUi::Invite),
        accept.prop_map(ToUi::Accept),
        any::<bool>().prop_map(ToUi::Searching),
        (0..40u32).prop_map(ToUi::Show),
        proptest::option::of(prop_oneof![Just(Notice::StoreNotWritable), Just(Notice::PassphraseTooShort)])
            .prop_map(ToUi::Notice),
        command.prop_map(ToUi::Command),
        prop_oneof![Just(Kind::Ready), Just(Kind::Fetching), Just(Kind::Forked)]
            .prop_map(|kind| ToUi::Update(Glimpse { done: 400, kind })),
    ]
}

fn panel() -> impl Strategy<Value = Option<Panel>> {
    proptest::option::of(prop_oneof![
        Just(Panel::Invite),
        Just(Panel::Accept),
        Just(Panel::Settings),
        Just(Panel::Contact(1)),
        Just(Panel::Safety(2)),
        Just(Panel::Delete(3)),
        Just(Panel::Erase),
        Just(Panel::Updates),
        Just(Panel::UpdateDetails),
    ])
}

/// What the vault asks of a list of slots.
fn judge(slots: &[Slot], width: u32, height: u32) {
    let frame = Rect::new(0, 0, width as i32, height as i32);
    for (i, slot) in slots.iter().enumerate() {
        assert_eq!(slot.clip.intersect(&frame), Some(slot.clip), "{:?} leaves the frame", slot.key);
        assert_eq!(slot.clip.intersect(&slot.rect), Some(slot.clip), "{:?} leaves its rectangle", slot.key);
        for other in &slots[..i] {
            assert_eq!(slot.clip.intersect(&other.clip), None, "{:?} covers {:?}", slot.key, other.key);
            let single = slot.key.kind.is_focusable() || slot.key.kind == SlotKind::ConversationTitle;
            assert!(!(single && slot.key.kind == other.key.kind), "{:?} is there twice", slot.key.kind);
        }
    }
}

fn configure(frames: &mut Frames, app: &mut App, (width, height, scale): (u32, u32, u32), theme: Theme, serial: u32) {
    frames.resize(app, Geometry { width, height, scale, theme, serial });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn slots_never_overlap_and_lie_inside(
        sizes in proptest::collection::vec((1u32..1500, 1u32..1000, 60u32..=360), 1..3),
        steps in proptest::collection::vec((step(), panel()), 1..12),
        pointer in proptest::collection::vec((0i32..1500, 0i32..1000, -600i32..600), 0..6),
        dark in any::<bool>(),
    ) {
        fonts::install("en-US");
        let (mut app, mut frames) = (App::default(), Frames::default());
        let theme = if dark { Theme::Dark } else { Theme::Light };
        app.told(ToUi::Phase(Phase::Open));
        for (serial, &size) in (0..).zip(&sizes) {
            configure(&mut frames, &mut app, size, theme, serial);
            let mut pixels = vec![0; size.0 as usize * size.1 as usize * 4];
            for (message, panel) in &steps {
                app.told(message.clone());
                if let Some(panel) = panel {
                    app.pressed(Message::Show(*panel));
                }
                for &(x, y, wheel) in &pointer {
                    frames.pointer(&mut app, Pointer::Moved { x, y });
                    frames.pointer(&mut app, Pointer::Wheel { x: 0, y: wheel * 16 });
                    frames.pointer(&mut app, Pointer::Pressed);
                    frames.pointer(&mut app, Pointer::Released);
                }
                frames.settle(&mut app);
                frames.touch();
                let Some(frame) = frames.draw_into(&mut app, 0, &mut pixels) else { continue };
                prop_assert!(frame.check().is_ok());
                let FromUi::Frame { slots, damage, .. } = frame else { panic!("not a frame") };
                prop_assert!(damage.len() <= MAX_DAMAGE);
                if let Some(slots) = slots {
                    judge(&slots, size.0, size.1);
                }
            }
        }
    }
}

fn ready(count: u32) -> (App, Frames, Vec<u8>) {
    fonts::install("en-US");
    let (mut app, mut frames) = (App::default(), Frames::default());
    configure(&mut frames, &mut app, (1280, 776, 120), Theme::Light, 1);
    app.told(ToUi::Welcome { life: Some(1), version: VERSION });
    app.told(ToUi::Phase(Phase::Open));
    app.told(ToUi::Contacts(
        (0..count).map(|handle| Contact { handle, unread: 1, waiting: false, verified: false }).collect(),
    ));
    (app, frames, vec![0; 1280 * 776 * 4])
}

fn slots(frames: &mut Frames, app: &mut App, pixels: &mut [u8]) -> Vec<Slot> {
    frames.touch();
    match frames.draw_into(app, 0, pixels) {
        Some(FromUi::Frame { slots: Some(slots), .. }) => slots,
        other => panic!("no slots: {other:?}"),
    }
}

fn find(slots: &[Slot], kind: SlotKind, handle: u32) -> Slot {
    *slots.iter().find(|slot| slot.key == SlotKey { kind, handle }).unwrap()
}

#[test]
fn a_row_pressed_through_its_slot_opens_and_stands_on_the_new_ground() {
    let (mut app, mut frames, mut pixels) = ready(5);
    let before = find(&slots(&mut frames, &mut app, &mut pixels), SlotKind::Preview, 2);
    frames.pointer(&mut app, Pointer::Moved { x: before.rect.x + 4, y: before.rect.y + 4 });
    frames.settle(&mut app);
    let hovered = find(&slots(&mut frames, &mut app, &mut pixels), SlotKind::Preview, 2);
    assert_ne!(hovered.background, before.background);
    frames.pointer(&mut app, Pointer::Pressed);
    frames.pointer(&mut app, Pointer::Released);
    frames.settle(&mut app);
    assert_eq!(app.state.open, Some(2));
    let after = slots(&mut frames, &mut app, &mut pixels);
    assert_eq!(find(&after, SlotKind::Compose, 2).rect.h, 64);
    assert_ne!(find(&after, SlotKind::Preview, 2).background, before.background);
}

#[test]
fn a_long_list_costs_only_its_visible_rows_and_follows_the_keys() {
    let (mut app, mut frames, mut pixels) = ready(2000);
    let rows = |slots: &[Slot]| slots.iter().filter(|slot| slot.key.kind == SlotKind::Preview).count();
    assert!((8..14).contains(&rows(&slots(&mut frames, &mut app, &mut pixels))));
    for _ in 0..100 {
        app.told(ToUi::Command(Command::NextConversation));
    }
    let shown = slots(&mut frames, &mut app, &mut pixels);
    assert!((8..14).contains(&rows(&shown)));
    let row = find(&shown, SlotKind::Preview, 99);
    assert_eq!(row.clip, row.rect, "the open conversation's row is in view");
}

#[test]
fn scrolling_moves_and_cuts_the_slots() {
    let (mut app, mut frames, mut pixels) = ready(100);
    let before = find(&slots(&mut frames, &mut app, &mut pixels), SlotKind::ContactName, 5);
    frames.pointer(&mut app, Pointer::Moved { x: 100, y: 400 });
    frames.pointer(&mut app, Pointer::Wheel { x: 0, y: -100 * 16 });
    frames.settle(&mut app);
    let shown = slots(&mut frames, &mut app, &mut pixels);
    assert_eq!(find(&shown, SlotKind::ContactName, 5).rect.y, before.rect.y - 100);
    let top = find(&shown, SlotKind::Avatar, 1);
    assert!(top.clip.h < top.rect.h, "the row at the edge is cut");
}

#[test]
fn the_list_comes_back_as_it_was_left() {
    let (mut app, mut frames, mut pixels) = ready(100);
    configure(&mut frames, &mut app, (600, 776, 120), Theme::Light, 2);
    let pixels = &mut pixels[..600 * 776 * 4];
    slots(&mut frames, &mut app, pixels);
    frames.pointer(&mut app, Pointer::Moved { x: 100, y: 400 });
    frames.pointer(&mut app, Pointer::Wheel { x: 0, y: -2000 * 16 });
    frames.settle(&mut app);
    let before = slots(&mut frames, &mut app, pixels);
    assert!(before.iter().any(|slot| slot.key.handle > 30));
    app.pressed(Message::Open(35));
    find(&slots(&mut frames, &mut app, pixels), SlotKind::Compose, 35);
    frames.pointer(&mut app, Pointer::Left);
    app.pressed(Message::Back);
    let keys = |slots: &[Slot]| slots.iter().map(|slot| (slot.key, slot.rect)).collect::<Vec<_>>();
    assert_eq!(keys(&slots(&mut frames, &mut app, pixels)), keys(&before));
}

#[test]
fn a_list_that_moves_under_a_pressed_button_opens_nothing_else() {
    let (mut app, mut frames, mut pixels) = ready(5);
    let row = find(&slots(&mut frames, &mut app, &mut pixels), SlotKind::Preview, 2).rect;
    frames.pointer(&mut app, Pointer::Moved { x: row.x + 4, y: row.y + 4 });
    frames.pointer(&mut app, Pointer::Pressed);
    frames.settle(&mut app);
    app.told(ToUi::Contacts(
        [4, 0, 1, 2, 3].map(|handle| Contact { handle, unread: 0, waiting: false, verified: false }).to_vec(),
    ));
    frames.pointer(&mut app, Pointer::Released);
    frames.settle(&mut app);
    assert_eq!(app.state.open, None);
}

#[test]
fn an_unchanged_frame_is_not_sent() {
    let (mut app, mut frames, mut pixels) = ready(5);
    slots(&mut frames, &mut app, &mut pixels);
    frames.touch();
    assert_eq!(frames.draw_into(&mut app, 1, &mut pixels), None);
}
