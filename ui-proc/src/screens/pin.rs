//! The PIN, on the lock screen and in the settings. What is typed is the vault's, and what guards it is the TPM.

use super::contact::panel_bar;
use super::{keyring, notice};
use crate::message::{Message, Panel};
use crate::widgets::{Element, Face, View, button, card, centred, field, hint, label, note, page, title};
use crate::words;
use bulkhead_canvas::core::{Length, alignment};
use bulkhead_canvas::widget::{Column, Row, column, container, row};
use bulkhead_ipc::intent::{FromUi, Pin};
use bulkhead_ipc::pixels::SlotKind;

/// In the passphrase's place on the lock screen.
pub fn unlock(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let other = button(view, Face::Quiet, words::USE_PASSPHRASE, Message::ByPassphrase(true));
    let unlock = button(view, Face::Primary, words::UNLOCK, Message::Tell(FromUi::UnlockPin));
    let form = Column::new()
        .push(title(p, words::UNLOCK_TITLE))
        .push(hint(p, words::PIN_UNLOCK_LEAD))
        .push(field(view, SlotKind::Pin, 0))
        .push(view.state.notice.map(|it| notice::inline(view, it)))
        .push(keyring::on_lock_screen(view))
        .push(row![other, container(unlock).align_right(Length::Fill)].align_y(alignment::Vertical::Center));
    centred(view, 400.0, p.ground, card(view, form.spacing(16)))
}

/// How it stands, and the way to change that: a part of the settings.
pub fn setting(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let (stands, change) = match view.state.pin {
        Pin::None => (words::PIN_NONE, None),
        Pin::Possible => (words::PIN_POSSIBLE, Some(words::PIN_SET_ONE)),
        Pin::Unguarded => (words::PIN_UNGUARDED, Some(words::PIN_SET_ONE)),
        Pin::Set => (words::PIN_IS_SET, Some(words::PIN_CHANGE)),
        Pin::Lost => (words::PIN_LOST, Some(words::PIN_CHANGE)),
    };
    let change = change.map(|words| button(view, Face::Secondary, words, Message::Show(Panel::Pin)));
    column![label(p, words::PIN), hint(p, stands)].push(change).spacing(8).into()
}

/// A PIN to be set, or removed.
pub fn set(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let asked = |name, kind| column![label(p, name), field(view, kind, 0)].spacing(4);
    let there = matches!(view.state.pin, Pin::Set | Pin::Lost);
    let remove = there.then(|| button(view, Face::Secondary, words::PIN_REMOVE, Message::Tell(FromUi::RemovePin)));
    let mut form = column![hint(p, words::PIN_LEAD), asked(words::CURRENT_PASSPHRASE, SlotKind::CurrentPassphrase)];
    let mut buttons = Row::new().spacing(8).push(remove);
    if matches!(view.state.pin, Pin::Possible | Pin::Unguarded | Pin::Set) {
        form = form.push(asked(words::PIN_NEW, SlotKind::NewPin)).push(asked(words::PIN_REPEAT, SlotKind::RepeatPin));
        buttons = buttons.push(button(view, Face::Primary, words::PIN_SAVE, Message::Tell(FromUi::SetPin)));
    } else {
        form = form.push(note(p.warn, words::PIN_LOST));
    }
    let form = form.push(container(buttons).align_right(Length::Fill));
    column![panel_bar(view, words::PIN), page(view, 560.0, card(view, form.spacing(12)))].into()
}
