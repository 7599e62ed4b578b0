//! The lock screen, and the moment in which the key is derived.

use super::notice;
use crate::message::Message;
use crate::widgets::{Element, Face, View, button, card, centred, field, hint, title};
use crate::words;
use bulkhead_canvas::core::Length;
use bulkhead_canvas::widget::{Column, container};
use bulkhead_ipc::intent::FromUi;
use bulkhead_ipc::pixels::SlotKind;

/// The screen; `working` while the key is derived.
pub fn view(view: View<'_>, working: bool) -> Element<'_> {
    let p = view.palette;
    let form = if working {
        Column::new().push(title(p, words::UNLOCKING)).push(hint(p, words::UNLOCKING_LEAD))
    } else {
        let unlock = button(view, Face::Primary, words::UNLOCK, Message::Tell(FromUi::Unlock));
        Column::new()
            .push(title(p, words::UNLOCK_TITLE))
            .push(hint(p, words::UNLOCK_LEAD))
            .push(field(view, SlotKind::Unlock, 0))
            .push(view.state.notice.map(|it| notice::inline(view, it)))
            .push(container(unlock).align_right(Length::Fill))
    };
    centred(view, 400.0, view.palette.ground, card(view, form.spacing(16)))
}
