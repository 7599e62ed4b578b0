//! The question before a contact is deleted, wholly the vault's: its words, and the buttons that answer it.

use super::Said;
use bulkhead_canvas::Element;
use bulkhead_canvas::core::{Border, Length, alignment};
use bulkhead_canvas::fonts::SEMIBOLD;
use bulkhead_canvas::palette::Palette;
use bulkhead_canvas::widget::{Space, button, column, container, row, text};

/// The dialogue. `chosen` is the button that Enter presses: `true` deletes.
pub fn delete<'a>(name: &str, chosen: bool, focused: bool, palette: &'static Palette) -> Element<'a, Said> {
    let press = move |label: &'static str, deletes: bool| {
        let ring = focused && chosen == deletes;
        button(text(label).size(14).font(SEMIBOLD)).padding([8, 16]).on_press(Said::Delete(deletes)).style(
            move |_, status| {
                let hovered = matches!(status, button::Status::Hovered | button::Status::Pressed);
                let (ground, words) = match (deletes, hovered) {
                    (true, false) => (palette.danger.faded(1.0), palette.surface),
                    (true, true) => (palette.danger.faded(0.85), palette.surface),
                    (false, false) => (palette.surface.faded(1.0), palette.text),
                    (false, true) => (palette.hover.faded(1.0), palette.text),
                };
                let (color, width) = if ring { (palette.accent, 2.0) } else { (palette.edge, 1.0) };
                button::Style {
                    background: Some(ground.into()),
                    text_color: words.color(),
                    border: Border { color: color.color(), width, radius: 10.0.into() },
                    ..button::Style::default()
                }
            },
        )
    };
    let title = text(format!("Delete {name}?")).size(17).font(SEMIBOLD).color(palette.text.color());
    let words = text("All messages and keys of this contact are erased from this device. This cannot be undone.")
        .size(14)
        .color(palette.muted.color());
    let buttons = row![Space::new().width(Length::Fill), press("Cancel", false), press("Delete", true)]
        .spacing(10)
        .align_y(alignment::Vertical::Center);
    container(column![title, words, Space::new().height(Length::Fill), buttons].spacing(10))
        .padding(20)
        .width(Length::Fill)
        .height(Length::Fill)
        .into()
}
