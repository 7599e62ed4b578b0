//! Asks whether to delete the whole profile. The question, the field and both answers are the vault's.

use super::contact::panel_bar;
use crate::widgets::{Element, View, centred, slot};
use crate::words;
use bulkhead_canvas::Theme;
use bulkhead_canvas::core::{Border, Length};
use bulkhead_canvas::widget::{column, container};
use bulkhead_ipc::pixels::SlotKind;

/// The panel.
pub fn view(view: View<'_>) -> Element<'_> {
    let p = view.palette;
    let ask = slot(SlotKind::ConfirmErase, 0, p.surface, Length::Fill, 268);
    let look = move |_: &Theme| container::Style {
        background: Some(p.surface.into()),
        border: Border { color: p.border.color(), width: 1.0, radius: 12.0.into() },
        ..container::Style::default()
    };
    let ask = container(ask).padding(4).style(look);
    column![panel_bar(view, words::ERASE_TITLE), centred(view, 480.0, p.ground, ask)].into()
}
