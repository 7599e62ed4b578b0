//! What a person types into: single-line fields, and the message with its send button.

use super::{Said, ink};
use bulkhead_canvas::core::widget::Id;
use bulkhead_canvas::core::{Background, Border, Color, Length, alignment};
use bulkhead_canvas::fonts::SEMIBOLD;
use bulkhead_canvas::palette::Palette;
use bulkhead_canvas::widget::{button, column, container, row, text, text_editor, text_input};
use bulkhead_canvas::{Element, Renderer};
use bulkhead_ipc::pixels::{SlotKey, SlotKind};
use bulkhead_vault_core::MAX_TEXT;

/// The name by which focus finds a slot's field.
pub fn id(key: SlotKey) -> Id {
    Id::from(format!("{:?}/{}", key.kind, key.handle))
}

/// Whether a field shows dots.
pub const fn is_secret(kind: SlotKind) -> bool {
    matches!(
        kind,
        SlotKind::Unlock
            | SlotKind::NewPassphrase
            | SlotKind::RepeatPassphrase
            | SlotKind::CurrentPassphrase
            | SlotKind::Pin
            | SlotKind::NewPin
            | SlotKind::RepeatPin
    )
}

/// What an empty field says.
const fn hint(kind: SlotKind) -> &'static str {
    match kind {
        SlotKind::Unlock => "Passphrase",
        SlotKind::CurrentPassphrase => "Your passphrase",
        SlotKind::TypeRecovery => "14 groups of 4 characters",
        SlotKind::NewPassphrase => "At least 8 characters",
        SlotKind::RepeatPassphrase | SlotKind::RepeatPin => "The same again",
        SlotKind::Pin => "PIN",
        SlotKind::NewPin => "Digits or letters",
        SlotKind::OwnName => "Your name",
        SlotKind::Search => "Search",
        SlotKind::PasteInvite => "bulkhead://invite/…",
        SlotKind::Rename => "Name",
        SlotKind::NewRelay => "wss://relay.example",
        SlotKind::ConfirmErase => crate::session::ERASE,
        _ => "",
    }
}

/// A single-line field. While an input method is `composing` in it, it is not empty, although it has no text yet.
pub fn line<'a>(key: SlotKey, value: &str, composing: bool, palette: &'static Palette) -> Element<'a, Said> {
    let kind = key.kind;
    let input = text_input(if composing { "" } else { hint(kind) }, value)
        .id(id(key))
        .secure(is_secret(kind))
        .size(if kind == SlotKind::Search { 14 } else { 15 })
        .padding([0, 4])
        .on_input(move |text| Said::Field(kind, text))
        .style(move |_, _| text_input::Style {
            background: Background::Color(Color::TRANSPARENT),
            border: Border::default(),
            icon: palette.muted.color(),
            placeholder: palette.muted.color(),
            value: palette.text.color(),
            selection: palette.accent.faded(0.35),
        });
    container(input).center_y(Length::Fill).width(Length::Fill).into()
}

/// The message being written, and the button that sends it.
pub fn compose<'a>(
    key: SlotKey,
    content: &'a text_editor::Content<Renderer>,
    hint: String,
    length: usize,
    palette: &'static Palette,
) -> Element<'a, Said> {
    let editor = text_editor(content)
        .id(id(key))
        .placeholder(hint)
        .size(15)
        .line_height(ink::LEADING)
        .height(Length::Fill)
        .padding([9, 8])
        .on_action(Said::Edit)
        .style(move |_, _| text_editor::Style {
            background: Background::Color(Color::TRANSPARENT),
            border: Border::default(),
            placeholder: palette.muted.color(),
            value: palette.text.color(),
            selection: palette.accent.faded(0.35),
        });
    let ready = length > 0 && length <= MAX_TEXT;
    let send = button(text("Send").size(14).font(SEMIBOLD).align_x(alignment::Horizontal::Center))
        .padding([8, 16])
        .on_press_maybe(ready.then_some(Said::Send))
        .style(move |_, status| {
            let (ground, words) = match status {
                button::Status::Hovered => (palette.accent_hover, palette.on_accent),
                button::Status::Pressed => (palette.accent_pressed, palette.on_accent),
                button::Status::Disabled => (palette.border, palette.muted),
                button::Status::Active => (palette.accent_fill, palette.on_accent),
            };
            button::Style {
                background: Some(ground.into()),
                text_color: words.color(),
                border: Border { radius: 10.0.into(), ..Border::default() },
                ..button::Style::default()
            }
        });
    let mut right = column![send].spacing(2).align_x(alignment::Horizontal::Center);
    if length > MAX_TEXT / 10 * 9 {
        let tone = if length > MAX_TEXT { palette.danger } else { palette.muted };
        let left = i64::try_from(MAX_TEXT).unwrap_or_default() - i64::try_from(length).unwrap_or_default();
        right = right.push(text(left.to_string()).size(11).color(tone.color()));
    }
    row![editor, container(right).padding([0, 4])]
        .spacing(6)
        .align_y(alignment::Vertical::Center)
        .height(Length::Fill)
        .into()
}
