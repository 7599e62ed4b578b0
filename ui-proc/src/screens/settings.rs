//! Settings: name, relays, appearance, security, lock, backup.

use super::contact::panel_bar;
use super::{keyring, parts, pin, updates};
use crate::message::{Message, Panel};
use crate::widgets::{
    Element, Face, View, beside, body, button, card, choices, dot, field, hint, label, labelled, line, page, slot,
};
use crate::words;
use bulkhead_canvas::core::{Length, alignment};
use bulkhead_canvas::palette::{Palette, Tone};
use bulkhead_canvas::widget::{Column, Row, column, row};
use bulkhead_ipc::intent::{FromUi, Recovery, Relay};
use bulkhead_ipc::pixels::{SlotKind, Theme};
use bulkhead_ipc::post::RelayState;

/// The panel.
pub fn view(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let save = button(view, Face::Secondary, words::SAVE, Message::Tell(FromUi::SaveName));
    let name = labelled(p, words::OWN_NAME, beside(field(view, SlotKind::OwnName, 0), save), words::OWN_NAME_HINT);
    let theme = |label, theme| button(view, Face::Choice(view.state.theme == theme), label, Message::Theme(theme));
    let appearance = column![
        label(p, words::APPEARANCE),
        choices(p, row![theme(words::LIGHT, Theme::Light), theme(words::DARK, Theme::Dark)].spacing(4))
    ]
    .spacing(8);
    let lock = button(view, Face::Secondary, words::LOCK, Message::Tell(FromUi::Lock));
    // The choices are the vault's own; where there is little room they stand in two rows.
    let height = if view.pane() < 520.0 { 84 } else { 40 };
    let by_itself = slot(SlotKind::AutoLock, 0, p.surface, Length::Fill, height);
    let lock = column![
        label(p, words::LOCK_LABEL),
        hint(p, words::LOCK_HINT),
        lock,
        label(p, words::AUTO_LOCK),
        by_itself,
        hint(p, words::AUTO_LOCK_HINT)
    ]
    .spacing(8);
    let backup = button(view, Face::Secondary, words::BACKUP_NEW, Message::Tell(FromUi::BackUp));
    let backup = column![label(p, words::BACKUP), hint(p, words::BACKUP_HINT), backup].spacing(8);
    let ways = column![
        label(p, words::PASSPHRASE),
        hint(p, words::PASSPHRASE_HINT),
        button(view, Face::Secondary, words::CHANGE_PASSPHRASE, Message::Show(Panel::Passphrase)),
        label(p, words::RECOVERY_CODE),
        hint(p, if view.state.recovery == Recovery::Set { words::RECOVERY_SET } else { words::RECOVERY_NONE }),
        button(view, Face::Secondary, words::RECOVERY_NEW, Message::Show(Panel::Recovery)),
        pin::setting(view),
        keyring::setting(view),
    ]
    .spacing(8);
    let erase = button(view, Face::Danger, words::ERASE, Message::Show(Panel::Erase));
    let erase = column![label(p, words::ERASE_LABEL), hint(p, words::ERASE_HINT), erase].spacing(8);
    let parts = parts::summary(view);
    let about =
        column![label(p, words::KEYS), hint(p, words::KEYS_LIST), label(p, words::ABOUT), hint(p, words::about())]
            .spacing(8);
    let content = column![
        card(view, name),
        card(view, relays(view)),
        card(view, appearance),
        card(view, updates::summary(view)),
        card(view, security(p)),
        card(view, lock),
        card(view, backup),
        card(view, ways),
        card(view, parts),
        card(view, about),
        card(view, erase)
    ];
    column![panel_bar(view, words::SETTINGS), page(view, 560.0, content.spacing(16))].into()
}

/// What protects the user here, and what does not. Which display it is ui does not know: the vault's strip says it.
fn security(p: &Palette) -> Element<'_> {
    let facts = [
        (p.muted, words::DISPLAY, words::DISPLAY_HINT),
        (p.ok, words::SANDBOX, words::SANDBOX_HINT),
        (p.ok, words::MEMORY, words::MEMORY_HINT),
    ];
    let mut list = Column::new().spacing(12).push(label(p, words::SECURITY)).push(hint(p, words::SECURITY_LEAD));
    for (tone, name, sentence) in facts {
        let texts = column![body(p, name), hint(p, sentence)].spacing(4);
        list = list.push(row![dot(tone), texts].spacing(12).align_y(alignment::Vertical::Center));
    }
    list.into()
}

fn relays(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let own = view.state.relays.iter().filter(|relay| relay.own);
    let foreign: Vec<&Relay> = view.state.relays.iter().filter(|relay| !relay.own).collect();
    let reconnect = button(view, Face::Quiet, words::RECONNECT, Message::Tell(FromUi::Reconnect));
    let head = row![label(p, words::RELAYS).width(Length::Fill), reconnect].align_y(alignment::Vertical::Center);
    let mut list = Column::new().spacing(12).push(head).push(hint(p, words::RELAYS_LEAD));
    for relay in own {
        list = list.push(entry(view, *relay)).push(line(p));
    }
    let add = button(view, Face::Secondary, words::ADD, Message::Tell(FromUi::AddRelay));
    list = list.push(column![label(p, words::RELAY_NEW), beside(field(view, SlotKind::NewRelay, 0), add)].spacing(4));
    if !foreign.is_empty() {
        list = list.push(line(p)).push(label(p, words::RELAYS_FOREIGN));
        for relay in foreign {
            list = list.push(entry(view, *relay));
        }
    }
    list.into()
}

fn entry(view: View<'_>, relay: Relay) -> Element<'_> {
    let p = view.palette;
    let url = slot(SlotKind::RelayUrl, u32::from(relay.id), p.surface, Length::Fill, 20);
    let texts = column![url, hint(p, words::relay(relay.state))].spacing(4);
    let mut entry =
        Row::new().spacing(12).align_y(alignment::Vertical::Center).push(dot(tone(p, relay.state))).push(texts);
    if relay.own {
        entry = entry.push(button(view, Face::Secondary, words::REMOVE, Message::Tell(FromUi::RemoveRelay(relay.id))));
    }
    entry.into()
}

fn tone(p: &Palette, state: RelayState) -> Tone {
    match state {
        RelayState::Online => p.ok,
        RelayState::Connecting => p.warn,
        RelayState::Offline(_) => p.danger,
    }
}
