//! First start: name and passphrase.

use super::notice;
use crate::message::Message;
use crate::widgets::{Element, Face, View, button, card, centred, field, hint, label, note, title};
use crate::words;
use bulkhead_canvas::core::Length;
use bulkhead_canvas::widget::{column, container};
use bulkhead_ipc::intent::FromUi;
use bulkhead_ipc::pixels::SlotKind;

/// The screen.
pub fn view(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let asked = |name, kind| column![label(p, name), field(view, kind, 0)].spacing(4);
    let create = container(button(view, Face::Primary, words::SETUP_CREATE, Message::Tell(FromUi::Create)))
        .align_right(Length::Fill);
    let form = column![
        title(p, words::SETUP_TITLE),
        hint(p, words::SETUP_LEAD),
        asked(words::SETUP_NAME, SlotKind::OwnName),
        asked(words::SETUP_PASSPHRASE, SlotKind::NewPassphrase),
        asked(words::SETUP_REPEAT, SlotKind::RepeatPassphrase),
        note(p.warn, words::SETUP_WARNING),
    ]
    .spacing(12)
    .push(view.state.notice.map(|it| notice::inline(view, it)))
    .push(create);
    centred(view, 440.0, view.palette.ground, card(view, form))
}
