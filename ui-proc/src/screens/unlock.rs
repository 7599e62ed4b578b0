//! The lock screen, and the moment in which the key is derived.

use super::{keyring, notice};
use crate::message::Message;
use crate::widgets::{Element, Face, View, button, card, centred, field, hint, label, note, title};
use crate::words;
use bulkhead_canvas::core::{Length, alignment};
use bulkhead_canvas::widget::{Column, column, container, row};
use bulkhead_ipc::intent::{FromUi, Notice, Pin};
use bulkhead_ipc::pixels::SlotKind;

/// The screen; `working` while the key is derived.
pub fn view(view: View<'_>, working: bool) -> Element<'_> {
    let p = view.palette;
    let form = if working && view.state.notice == Some(Notice::Saving) {
        Column::new().push(title(p, words::SAVING)).push(hint(p, words::SAVING_LEAD))
    } else if working {
        Column::new().push(title(p, words::UNLOCKING)).push(hint(p, words::UNLOCKING_LEAD))
    } else {
        let forgot = button(view, Face::Quiet, words::FORGOT, Message::Recovering(true));
        let pin = (view.state.pin == Pin::Set)
            .then(|| button(view, Face::Quiet, words::USE_PIN, Message::ByPassphrase(false)));
        // There is no room for three of them beside each other.
        let (other, last) = match pin {
            Some(pin) => (pin, Some(forgot)),
            None => (forgot, None),
        };
        let lost = (view.state.pin == Pin::Lost).then(|| note(p.warn, words::PIN_LOST));
        let unlock = button(view, Face::Primary, words::UNLOCK, Message::Tell(FromUi::Unlock));
        Column::new()
            .push(title(p, words::UNLOCK_TITLE))
            .push(hint(p, words::UNLOCK_LEAD))
            .push(field(view, SlotKind::Unlock, 0))
            .push(view.state.notice.map(|it| notice::inline(view, it)))
            .push(lost)
            .push(keyring::on_lock_screen(view))
            .push(row![other, container(unlock).align_right(Length::Fill)].align_y(alignment::Vertical::Center))
            .push(last)
    };
    centred(view, 400.0, view.palette.ground, card(view, form.spacing(16)))
}

/// In the passphrase's place: the recovery code, and a new passphrase.
pub fn recover(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let asked = |name, kind| column![label(p, name), field(view, kind, 0)].spacing(4);
    let back = button(view, Face::Quiet, words::BACK, Message::Recovering(false));
    let open = button(view, Face::Primary, words::RECOVER, Message::Tell(FromUi::Recover));
    let form = column![
        title(p, words::RECOVER_TITLE),
        hint(p, words::RECOVER_LEAD),
        asked(words::RECOVERY_CODE, SlotKind::TypeRecovery),
        asked(words::NEW_PASSPHRASE, SlotKind::NewPassphrase),
        asked(words::SETUP_REPEAT, SlotKind::RepeatPassphrase),
    ]
    .spacing(12)
    .push(view.state.notice.map(|it| notice::inline(view, it)))
    .push(row![back, container(open).align_right(Length::Fill)].align_y(alignment::Vertical::Center));
    centred(view, 560.0, view.palette.ground, card(view, form))
}
