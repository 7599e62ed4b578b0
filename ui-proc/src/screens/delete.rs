//! Asks whether to delete a contact. The question and both answers are the vault's.

use super::contact::panel_bar;
use crate::widgets::{Element, View, centred, slot};
use crate::words;
use bulkhead_canvas::core::Length;
use bulkhead_canvas::widget::column;
use bulkhead_ipc::pixels::SlotKind;

/// The panel.
pub fn view(view: View<'_>, handle: u32) -> Element<'_> {
    let ask = slot(SlotKind::ConfirmDelete, handle, view.palette.ground, Length::Fill, 200);
    column![panel_bar(view, words::DELETE_TITLE), centred(view, 480.0, view.palette.ground, ask)].into()
}
