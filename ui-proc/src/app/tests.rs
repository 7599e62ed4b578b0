use super::*;
use bulkhead_canvas::core::Rectangle;
use bulkhead_ipc::intent::{Contact, Keyring, Pin, Shares};
use bulkhead_ipc::pixels::Rect;
use bulkhead_ipc::update::{Glimpse, Wish};

fn slot(kind: SlotKind, handle: u32) -> SlotKey {
    SlotKey { kind, handle }
}

fn opened() -> App {
    let mut app = App::default();
    app.state.size = (1280.0, 776.0);
    app.told(ToUi::Phase(Phase::Open));
    let contact = |handle| Contact { handle, unread: 0, waiting: false, verified: false };
    app.told(ToUi::Contacts([1, 2, 3].map(contact).to_vec()));
    app.take_intents();
    app
}

fn compose(handle: u32) -> SlotKey {
    slot(SlotKind::Compose, handle)
}

/// A frame in which these slots are.
fn frame(app: &mut App, keys: &[SlotKey]) {
    let rect = Rect::new(0, 0, 10, 10);
    let slots: Vec<Slot> = keys.iter().map(|&key| Slot { key, clip: rect, rect, background: 0 }).collect();
    let stop = |&key| Stop { focus: Focus::Slot(key), bounds: Rectangle::default(), viewport: None };
    let mut stops: Vec<Stop> = keys.iter().map(stop).collect();
    stops.push(Stop {
        focus: Focus::Button(Message::Show(Panel::Settings)),
        bounds: Rectangle::default(),
        viewport: None,
    });
    app.drawn(stops, None, &slots);
}

#[test]
fn opening_tells_the_vault_and_asks_for_the_keyboard_once_the_field_is_there() {
    let mut app = opened();
    app.pressed(Message::Open(2));
    assert_eq!(app.take_intents(), [FromUi::Open(Some(2))]);
    frame(&mut app, &[slot(SlotKind::Search, 0)]);
    assert_eq!(app.take_intents(), []);
    frame(&mut app, &[compose(2)]);
    assert_eq!(app.take_intents(), [FromUi::Focus(Some(compose(2)))]);
}

#[test]
fn the_open_conversation_pressed_again_goes_to_its_newest_message() {
    let mut app = opened();
    app.pressed(Message::Open(2));
    app.take_intents();
    app.pressed(Message::Open(2));
    assert_eq!(app.take_intents(), [FromUi::Newest]);
}

#[test]
fn what_is_under_a_panel_is_not_read() {
    let mut app = opened();
    app.told(ToUi::Show(1));
    app.pressed(Message::Show(Panel::Settings));
    assert_eq!(app.take_intents(), [FromUi::Open(Some(1)), FromUi::Open(None)]);
    app.told(ToUi::Command(Command::Escape));
    assert_eq!(app.take_intents(), [FromUi::Open(Some(1))]);
}

#[test]
fn a_waiting_invite_is_shown_again_and_a_used_one_replaced() {
    let mut app = opened();
    app.told(ToUi::Command(Command::AddContact));
    assert_eq!(app.take_intents(), [FromUi::Invite]);
    app.told(ToUi::Invite(Invite::Ready));
    app.pressed(Message::Close);
    app.pressed(Message::Show(Panel::Invite));
    assert_eq!(app.take_intents(), []);
    app.told(ToUi::Invite(Invite::Used { handle: 3 }));
    app.pressed(Message::Show(Panel::Invite));
    assert_eq!(app.take_intents(), [FromUi::Invite]);
}

#[test]
fn escape_closes_one_thing_at_a_time() {
    let mut app = opened();
    app.told(ToUi::Show(1));
    app.pressed(Message::Show(Panel::Delete(1)));
    app.told(ToUi::Searching(true));
    app.told(ToUi::Command(Command::Escape));
    assert_eq!(app.state.panel, Some(Panel::Contact(1)));
    app.told(ToUi::Command(Command::Escape));
    assert_eq!(app.state.panel, None);
    app.take_intents();
    app.told(ToUi::Command(Command::Escape));
    assert_eq!(app.take_intents(), [FromUi::EndSearch]);
    app.told(ToUi::Command(Command::Escape));
    assert_eq!(app.state.open, Some(1), "beside the list the conversation stays");
    app.state.size.0 = 500.0;
    app.told(ToUi::Command(Command::Escape));
    assert_eq!(app.state.open, None);
}

#[test]
fn alt_arrows_walk_the_conversations_and_stop_at_the_ends() {
    let mut app = opened();
    let mut seen = Vec::new();
    for command in [
        Command::NextConversation,
        Command::NextConversation,
        Command::NextConversation,
        Command::NextConversation,
        Command::PreviousConversation,
    ] {
        app.told(ToUi::Command(command));
        seen.push(app.state.open);
    }
    assert_eq!(seen, [Some(1), Some(2), Some(3), Some(3), Some(2)]);
}

#[test]
fn enter_does_what_the_field_is_for() {
    let cases = [
        (Phase::Locked, slot(SlotKind::Unlock, 0), FromUi::Unlock),
        (Phase::Setup, slot(SlotKind::RepeatPassphrase, 0), FromUi::Create),
        (Phase::Open, slot(SlotKind::OwnName, 0), FromUi::SaveName),
        (Phase::Open, slot(SlotKind::PasteInvite, 0), FromUi::Accept),
        (Phase::Open, slot(SlotKind::Rename, 2), FromUi::Rename(2)),
        (Phase::Open, slot(SlotKind::NewRelay, 0), FromUi::AddRelay),
        (Phase::Open, slot(SlotKind::RepeatPassphrase, 0), FromUi::ChangePassphrase),
        (Phase::Locked, slot(SlotKind::RepeatPassphrase, 0), FromUi::Recover),
        (Phase::Locked, slot(SlotKind::Pin, 0), FromUi::UnlockPin),
        (Phase::Open, slot(SlotKind::RepeatPin, 0), FromUi::SetPin),
    ];
    for (phase, key, intent) in cases {
        let mut app = opened();
        app.told(ToUi::Phase(phase));
        app.told(ToUi::Focus(Some(key)));
        app.take_intents();
        app.told(ToUi::Command(Command::Activate));
        assert_eq!(app.take_intents(), [intent]);
    }
}

#[test]
fn tab_goes_between_slots_and_buttons_and_enter_presses() {
    let mut app = opened();
    frame(&mut app, &[slot(SlotKind::Search, 0)]);
    app.told(ToUi::Command(Command::FocusNext));
    frame(&mut app, &[slot(SlotKind::Search, 0)]);
    assert_eq!(app.take_intents(), [FromUi::Focus(Some(slot(SlotKind::Search, 0)))]);
    app.told(ToUi::Focus(Some(slot(SlotKind::Search, 0))));
    app.told(ToUi::Command(Command::FocusNext));
    assert_eq!(app.take_intents(), [FromUi::Focus(None)]);
    app.told(ToUi::Focus(None));
    assert_eq!(app.focus, Focus::Button(Message::Show(Panel::Settings)), "the vault's answer takes nothing away");
    app.told(ToUi::Command(Command::Activate));
    assert_eq!(app.state.panel, Some(Panel::Settings));
}

#[test]
fn locking_closes_everything_and_asks_for_the_passphrase() {
    let mut app = opened();
    app.told(ToUi::Show(1));
    app.pressed(Message::Show(Panel::Contact(1)));
    app.take_intents();
    app.told(ToUi::Phase(Phase::Locked));
    assert_eq!((app.state.open, app.state.panel), (None, None));
    frame(&mut app, &[slot(SlotKind::Unlock, 0)]);
    assert_eq!(app.take_intents(), [FromUi::Focus(Some(slot(SlotKind::Unlock, 0)))]);
}

#[test]
fn nothing_opens_while_locked() {
    let mut app = App::default();
    app.told(ToUi::Phase(Phase::Locked));
    for message in [
        ToUi::Show(1),
        ToUi::Command(Command::Settings),
        ToUi::Command(Command::Search),
        ToUi::Accept(Accept::Done { handle: 1 }),
    ] {
        app.told(message);
    }
    assert_eq!((app.state.open, app.state.panel), (None, None));
    assert_eq!(app.take_intents(), []);
}

#[test]
fn a_notice_is_dismissed_or_followed() {
    let mut app = opened();
    app.told(ToUi::Notice(Some(Notice::Refused)));
    app.pressed(Message::FollowNotice);
    assert_eq!(app.take_intents(), [FromUi::Reconnect, FromUi::Dismiss]);
    app.told(ToUi::Notice(Some(Notice::Copied)));
    app.pressed(Message::Tell(FromUi::Dismiss));
    assert_eq!((app.take_intents(), app.state.notice), (vec![FromUi::Dismiss], None));
}

#[test]
fn a_fresh_recovery_code_comes_up_by_itself_and_leads_back_where_it_was_asked_for() {
    let mut app = opened();
    app.told(ToUi::Recovery(Recovery::Offered));
    assert_eq!(app.state.panel, Some(Panel::Recovery));
    app.told(ToUi::Command(Command::Escape));
    app.told(ToUi::Recovery(Recovery::None));
    assert_eq!(app.state.panel, None);
    app.pressed(Message::Show(Panel::Settings));
    app.pressed(Message::Show(Panel::Recovery));
    app.told(ToUi::Recovery(Recovery::Offered));
    app.told(ToUi::Command(Command::Escape));
    app.told(ToUi::Recovery(Recovery::Set));
    assert_eq!(app.state.panel, Some(Panel::Settings));
}

#[test]
fn a_question_about_parts_comes_up_by_itself_and_leads_back_where_it_was_asked_for() {
    let asked = |confirming| ToUi::Shares(Shares { confirming, ..Shares::default() });
    let mut app = opened();
    app.pressed(Message::Show(Panel::Parts));
    assert_eq!(app.take_intents(), [FromUi::ChooseKeepers(true)]);
    app.told(asked(true));
    assert_eq!(app.state.panel, Some(Panel::Question));
    assert_eq!(app.take_intents(), [FromUi::ChooseKeepers(false)]);
    frame(&mut app, &[slot(SlotKind::ConfirmParts, 0)]);
    assert_eq!(app.take_intents(), [FromUi::Focus(Some(slot(SlotKind::ConfirmParts, 0)))]);
    app.told(asked(false));
    assert_eq!(app.state.panel, Some(Panel::Parts));
    app.take_intents();
    app.told(ToUi::Show(2));
    assert_eq!(app.take_intents(), [FromUi::ChooseKeepers(false), FromUi::Open(Some(2))]);
    // Asked for in a conversation, it leads back to it.
    app.told(asked(true));
    app.told(ToUi::Command(Command::Escape));
    app.told(asked(false));
    assert_eq!((app.state.panel, app.state.open), (None, Some(2)));
}

#[test]
fn what_is_about_updates_leads_back_where_it_was_opened() {
    let mut app = opened();
    app.pressed(Message::Show(Panel::Settings));
    app.pressed(Message::Show(Panel::Updates));
    app.pressed(Message::Show(Panel::UpdateDetails));
    for panel in [Some(Panel::Updates), Some(Panel::Settings), None] {
        app.told(ToUi::Command(Command::Escape));
        assert_eq!(app.state.panel, panel);
    }
    // From the sentence above the strip, which is the vault's.
    app.told(ToUi::Command(Command::Updates));
    app.told(ToUi::Command(Command::Escape));
    assert_eq!(app.state.panel, None);
    app.pressed(Message::Tell(FromUi::Wish(Wish::Check)));
    assert_eq!(app.take_intents(), [FromUi::Wish(Wish::Check)]);
    app.told(ToUi::Phase(Phase::Locked));
    app.told(ToUi::Command(Command::Updates));
    assert_eq!(app.state.panel, None, "there is nothing to see on a locked screen");
}

#[test]
fn a_release_that_is_ready_is_announced_until_the_user_has_looked_or_puts_it_off() {
    let ready = |kind| ToUi::Update(Glimpse { done: 0, kind });
    let mut app = opened();
    assert!(!app.state.announces_update());
    app.told(ready(Kind::Ready));
    assert!(app.state.announces_update());
    app.pressed(Message::UpdateLater);
    assert!(!app.state.announces_update());
    app.told(ready(Kind::Checking));
    app.told(ready(Kind::Ready));
    assert!(!app.state.announces_update(), "the same one is not announced twice");
    app.told(ready(Kind::Fetching));
    app.told(ready(Kind::Ready));
    assert!(app.state.announces_update(), "another one is");
    app.pressed(Message::Show(Panel::Updates));
    app.told(ToUi::Command(Command::Escape));
    assert!(!app.state.announces_update());
}

#[test]
fn who_forgot_the_passphrase_types_the_code_and_may_go_back() {
    let mut app = App::default();
    app.told(ToUi::Phase(Phase::Locked));
    app.pressed(Message::Recovering(true));
    frame(&mut app, &[slot(SlotKind::TypeRecovery, 0)]);
    assert_eq!(app.take_intents(), [FromUi::Focus(Some(slot(SlotKind::TypeRecovery, 0)))]);
    app.told(ToUi::Phase(Phase::Unlocking));
    app.told(ToUi::Phase(Phase::Locked));
    assert!(app.state.recovering, "a wrong code is typed again");
    app.told(ToUi::Command(Command::Escape));
    assert!(!app.state.recovering);
}

#[test]
fn the_lock_screen_asks_for_a_pin_where_one_works_and_for_the_passphrase_otherwise() {
    let asks = |app: &mut App, kind| {
        frame(app, &[slot(kind, 0)]);
        assert_eq!(app.take_intents().last(), Some(&FromUi::Focus(Some(slot(kind, 0)))));
    };
    let mut app = App::default();
    app.told(ToUi::Phase(Phase::Locked));
    asks(&mut app, SlotKind::Unlock);
    for (pin, kind) in [(Pin::Set, SlotKind::Pin), (Pin::Lost, SlotKind::Unlock), (Pin::Set, SlotKind::Pin)] {
        app.told(ToUi::Pin(pin));
        asks(&mut app, kind);
    }
    // A wrong one is typed again; what makes it useless asks for the passphrase, and the user may go back.
    app.told(ToUi::Phase(Phase::Unlocking));
    app.told(ToUi::Phase(Phase::Locked));
    app.told(ToUi::Notice(Some(Notice::WrongPin)));
    asks(&mut app, SlotKind::Pin);
    for notice in [Notice::PinResting, Notice::PinUseless, Notice::TpmFailing] {
        app.told(ToUi::Notice(Some(notice)));
        asks(&mut app, SlotKind::Unlock);
        app.pressed(Message::ByPassphrase(false));
        assert!(app.take_intents().contains(&FromUi::Dismiss));
        asks(&mut app, SlotKind::Pin);
    }
    app.pressed(Message::ByPassphrase(true));
    asks(&mut app, SlotKind::Unlock);
    app.told(ToUi::Phase(Phase::Open));
    app.told(ToUi::Phase(Phase::Locked));
    asks(&mut app, SlotKind::Pin);
}

#[test]
fn the_keyrings_page_asks_for_the_passphrase_only_to_turn_it_on_and_leads_back_to_the_settings() {
    for (keyring, kind) in [
        (Keyring::Possible, SlotKind::CurrentPassphrase),
        (Keyring::On, SlotKind::Keyring),
        (Keyring::Lost, SlotKind::Keyring),
    ] {
        let mut app = App::default();
        app.told(ToUi::Phase(Phase::Open));
        app.told(ToUi::Keyring(keyring));
        app.pressed(Message::Show(Panel::Settings));
        app.pressed(Message::Show(Panel::Keyring));
        frame(&mut app, &[slot(kind, 0)]);
        assert_eq!(app.take_intents().last(), Some(&FromUi::Focus(Some(slot(kind, 0)))));
        app.told(ToUi::Command(Command::Escape));
        assert_eq!(app.state.panel, Some(Panel::Settings));
    }
}
