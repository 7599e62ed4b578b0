//! The questions before a contact, or everything, is deleted, wholly the vault's: their words, and the buttons that answer them.

use super::{Said, fields};
use crate::session::ERASE;
use bulkhead_canvas::Element;
use bulkhead_canvas::core::{Border, Length, alignment};
use bulkhead_canvas::fonts::SEMIBOLD;
use bulkhead_canvas::palette::Palette;
use bulkhead_canvas::widget::{Space, button, column, container, row, text};
use bulkhead_ipc::pixels::SlotKey;

/// The dialogue. `chosen` is the button that Enter presses: `true` deletes.
pub fn delete<'a>(name: &str, chosen: bool, focused: bool, palette: &'static Palette) -> Element<'a, Said> {
    let press = move |label, deletes| {
        answer(label, deletes, focused && chosen == deletes, Some(Said::Delete(deletes)), palette)
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

/// The question before the profile is deleted: one has to type a word. What is typed is not shown in the question.
pub fn erase<'a>(
    key: SlotKey,
    typed: &str,
    ready: bool,
    focused: bool,
    palette: &'static Palette,
) -> Element<'a, Said> {
    let title = text("Delete everything?").size(17).font(SEMIBOLD).color(palette.text.color());
    let words = text(format!(
        "Your keys, contacts and messages on this computer are destroyed. There is no way back, not even with the \
         passphrase. Type {ERASE} to confirm."
    ))
    .size(14)
    .color(palette.muted.color());
    let edge = if focused { (palette.accent, 2.0) } else { (palette.edge, 1.0) };
    let field = container(fields::line(key, typed, false, palette)).padding([4, 8]).height(40).style(move |_| {
        container::Style {
            border: Border { color: edge.0.color(), width: edge.1, radius: 8.0.into() },
            ..container::Style::default()
        }
    });
    let cancel = answer("Cancel", false, false, Some(Said::Erase(false)), palette);
    let erase = answer("Delete everything", true, false, ready.then_some(Said::Erase(true)), palette);
    let buttons =
        row![Space::new().width(Length::Fill), cancel, erase].spacing(10).align_y(alignment::Vertical::Center);
    container(column![title, words, field, Space::new().height(Length::Fill), buttons].spacing(12))
        .padding(20)
        .width(Length::Fill)
        .height(Length::Fill)
        .into()
}

/// A button; pale if it does nothing yet.
fn answer<'a>(
    label: &'static str,
    deletes: bool,
    ring: bool,
    says: Option<Said>,
    palette: &'static Palette,
) -> Element<'a, Said> {
    let style = move |_: &bulkhead_canvas::Theme, status| {
        let hovered = matches!(status, button::Status::Hovered | button::Status::Pressed);
        let (ground, words) = match (deletes, hovered) {
            _ if matches!(status, button::Status::Disabled) => (palette.border.faded(1.0), palette.muted),
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
    };
    button(text(label).size(14).font(SEMIBOLD)).padding([8, 16]).on_press_maybe(says).style(style).into()
}
