//! What there is to say of updates: the vault's own words, and those that come from outside, which ui never gets.

mod sentences;

use super::Said;
use super::ink::LEADING;
use bulkhead_canvas::Element;
use bulkhead_canvas::core::text::Wrapping;
use bulkhead_canvas::core::widget::Id;
use bulkhead_canvas::core::{Background, Border, Length, Padding};
use bulkhead_canvas::fonts::{REGULAR, SEMIBOLD};
use bulkhead_canvas::palette::Palette;
use bulkhead_canvas::widget::{Column, column, container, scrollable, text};
use bulkhead_ipc::pixels::SlotKind;
pub use sentences::{alarm, blocks, until_older};

/// A part of what there is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// What is said first.
    Lead(String),
    /// What stands above something.
    Heading(&'static str),
    /// Words.
    Body(String),
    /// One of several.
    Item(String),
    /// What is read last.
    Aside(String),
}

/// The name by which a page is scrolled.
pub fn id(kind: SlotKind) -> Id {
    Id::from(format!("{kind:?}"))
}

/// The page of the user.
pub fn notice<'a>(blocks: Vec<Block>, palette: &'static Palette) -> Element<'a, Said> {
    let mut page = Column::new().spacing(10).width(Length::Fill);
    for block in blocks {
        let (words, size, font, tone, above, left) = match block {
            Block::Lead(words) => (words, 15, REGULAR, palette.text, 0.0, 0.0),
            Block::Heading(words) => (words.to_owned(), 13, SEMIBOLD, palette.text, 8.0, 0.0),
            Block::Body(words) => (words, 14, REGULAR, palette.text, 0.0, 0.0),
            Block::Item(words) => (format!("•  {words}"), 14, REGULAR, palette.text, 0.0, 8.0),
            Block::Aside(words) => (words, 13, REGULAR, palette.muted, 4.0, 0.0),
        };
        let words =
            text(words).size(size).font(font).line_height(LEADING).color(tone.color()).wrapping(Wrapping::WordOrGlyph);
        let around = Padding { top: above, left, ..Padding::ZERO };
        page = page.push(container(words.width(Length::Fill)).padding(around));
    }
    scrolled(SlotKind::UpdateNotice, page.into(), palette)
}

/// The page of auditors.
pub fn details<'a>(words: &'a str, palette: &'static Palette) -> Element<'a, Said> {
    let lines = if words.is_empty() { "There is nothing yet." } else { words };
    let lines = text(lines)
        .size(13)
        .line_height(LEADING)
        .color(palette.text.color())
        .wrapping(Wrapping::WordOrGlyph)
        .width(Length::Fill);
    scrolled(SlotKind::UpdateDetails, column![lines].into(), palette)
}

fn scrolled<'a>(kind: SlotKind, page: Element<'a, Said>, palette: &'static Palette) -> Element<'a, Said> {
    let rail = scrollable::Scrollbar::new().width(6).scroller_width(6).margin(1);
    scrollable(container(page).padding(Padding { right: 14.0, ..Padding::from(4) }))
        .id(id(kind))
        .width(Length::Fill)
        .height(Length::Fill)
        .direction(scrollable::Direction::Vertical(rail))
        .style(move |theme, status| {
            let tone = match status {
                scrollable::Status::Active { .. } => palette.edge,
                scrollable::Status::Hovered { .. } | scrollable::Status::Dragged { .. } => palette.muted,
            };
            let mut style = scrollable::default(theme, status);
            style.container = container::Style::default();
            style.vertical_rail.background = None;
            style.vertical_rail.scroller = scrollable::Scroller {
                background: Background::Color(tone.color()),
                border: Border { radius: 3.0.into(), ..Border::default() },
            };
            style
        })
        .into()
}
