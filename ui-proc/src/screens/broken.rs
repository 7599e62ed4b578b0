//! The store cannot be used.

use crate::message::Message;
use crate::widgets::{Element, Face, View, body, button, card, centred, hint, title};
use crate::words;
use bulkhead_canvas::core::Length;
use bulkhead_canvas::widget::{column, container};
use bulkhead_ipc::intent::{FromUi, Notice};

/// The screen.
pub fn view(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let why = match view.state.notice {
        Some(Notice::StoreDamaged) => words::BROKEN_DAMAGED,
        Some(notice) => words::notice(notice),
        None => words::BROKEN_UNKNOWN,
    };
    let mut text = column![title(p, words::BROKEN_TITLE), body(p, why), hint(p, words::BROKEN_LEAD)].spacing(12);
    if view.state.notice == Some(Notice::StoreDamaged) {
        let salvage = button(view, Face::Primary, words::SALVAGE, Message::Tell(FromUi::Salvage));
        text = text.push(hint(p, words::SALVAGE_LEAD)).push(container(salvage).align_right(Length::Fill));
    }
    centred(view, 440.0, view.palette.ground, card(view, text))
}
