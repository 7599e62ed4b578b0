//! Lines of text and pictures that stand for a person: names, previews, times, addresses, avatars.

use super::{Said, ink};
use bulkhead_canvas::core::text::{Paragraph as _, Renderer as _};
use bulkhead_canvas::core::widget::{self, Tree, tree};
use bulkhead_canvas::core::{Color, Font, Layout, Length, Point, Rectangle, Size, Theme, layout, mouse, renderer};
use bulkhead_canvas::fonts::SEMIBOLD;
use bulkhead_canvas::graphics::text::Paragraph;
use bulkhead_canvas::{Element, Renderer};

/// Which edge a label keeps to.
#[derive(Clone, Copy, PartialEq)]
pub enum Side {
    /// Where its writing system begins.
    Start,
    /// The right edge.
    Right,
}

/// One line of text, cut with “…” if it does not fit, in the middle of the slot's height.
pub struct Label<'a> {
    /// The words.
    pub words: &'a str,
    /// Height of the letters.
    pub size: f32,
    /// Weight.
    pub font: Font,
    /// Colour.
    pub color: Color,
    /// Edge.
    pub side: Side,
}

#[derive(Default)]
struct Shaped {
    words: String,
    width: f32,
    size: f32,
    text: Paragraph,
}

impl widget::Widget<Said, Theme, Renderer> for Label<'_> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<Shaped>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(Shaped::default())
    }

    fn size(&self) -> Size<Length> {
        Size::new(Length::Fill, Length::Fill)
    }

    fn layout(&mut self, tree: &mut Tree, _: &Renderer, limits: &layout::Limits) -> layout::Node {
        let room = limits.max();
        let shaped = tree.state.downcast_mut::<Shaped>();
        if shaped.words != self.words || shaped.width != room.width || shaped.size != self.size {
            let text = ink::cut(self.words, room.width, self.size, self.font);
            *shaped = Shaped { words: self.words.to_owned(), width: room.width, size: self.size, text };
        }
        layout::Node::new(room)
    }

    fn draw(
        &self,
        tree: &Tree,
        to: &mut Renderer,
        _: &Theme,
        _: &renderer::Style,
        layout: Layout<'_>,
        _: mouse::Cursor,
        clip: &Rectangle,
    ) {
        let shaped = tree.state.downcast_ref::<Shaped>();
        let (bounds, size) = (layout.bounds(), shaped.text.min_bounds());
        let right = self.side == Side::Right || ink::from_right(&shaped.text);
        let x = if right { bounds.x + bounds.width - size.width } else { bounds.x };
        let y = (bounds.y + (bounds.height - size.height) / 2.0).round();
        to.fill_paragraph(&shaped.text, Point::new(x, y), self.color, *clip);
    }
}

impl<'a> From<Label<'a>> for Element<'a, Said> {
    fn from(label: Label<'a>) -> Self {
        Self::new(label)
    }
}

/// Discs behind initials; white is read on each.
const DISCS: [u32; 8] = [0x2f6fed, 0xc2410c, 0x0f7d58, 0x8b3fd1, 0xb4306e, 0x0e7490, 0x8a6100, 0x4d5bd6];

/// A person's initials on a coloured disc.
pub struct Avatar<'a> {
    /// The name.
    pub name: &'a str,
    /// Decides the colour.
    pub handle: u32,
}

impl widget::Widget<Said, Theme, Renderer> for Avatar<'_> {
    fn size(&self) -> Size<Length> {
        Size::new(Length::Fill, Length::Fill)
    }

    fn layout(&mut self, _: &mut Tree, _: &Renderer, limits: &layout::Limits) -> layout::Node {
        layout::Node::new(limits.max())
    }

    fn draw(
        &self,
        _: &Tree,
        to: &mut Renderer,
        _: &Theme,
        _: &renderer::Style,
        layout: Layout<'_>,
        _: mouse::Cursor,
        clip: &Rectangle,
    ) {
        let bounds = layout.bounds();
        let across = bounds.width.min(bounds.height);
        let disc = ink::area(bounds.center_x() - across / 2.0, bounds.center_y() - across / 2.0, across, across);
        let tone = DISCS.get(self.handle as usize % DISCS.len()).copied().unwrap_or_default();
        ink::block(to, disc, across / 2.0, bulkhead_canvas::palette::Tone(tone).color());
        let letters = initials(self.name);
        let size = across * 0.38;
        let text = ink::measure(&letters, size, SEMIBOLD);
        let at = Point::new(disc.center_x() - text.width / 2.0, disc.center_y() - text.height / 2.0);
        ink::write(to, &letters, size, SEMIBOLD, at, Color::WHITE, *clip);
    }
}

impl<'a> From<Avatar<'a>> for Element<'a, Said> {
    fn from(avatar: Avatar<'a>) -> Self {
        Self::new(avatar)
    }
}

/// The first letters of the first and last word that have letters or digits.
fn initials(name: &str) -> String {
    let mut firsts = name.split_whitespace().filter_map(|word| word.chars().find(|c| c.is_alphanumeric()));
    let (first, last) = (firsts.next(), firsts.next_back());
    first.into_iter().chain(last).flat_map(char::to_uppercase).take(2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_are_two_letters_at_most() {
        for (name, wanted) in [
            ("Ada Lovelace", "AL"),
            ("борис", "Б"),
            ("Jean de la Tour", "JT"),
            ("🦊 fox", "F"),
            ("", ""),
            ("straße ß", "SS"),
        ] {
            assert_eq!(initials(name), wanted, "{name}");
        }
    }

    #[test]
    fn a_long_line_is_cut_to_its_room() {
        bulkhead_canvas::fonts::install("en-US");
        for words in [
            "Ada Lovelace and all of her many long-standing friends",
            "שלום לכולם וברוכים הבאים לשיחה הארוכה הזאת",
            "x".repeat(100_000).as_str(),
        ] {
            let text = ink::cut(words, 120.0, 15.0, SEMIBOLD);
            assert!(text.min_width() <= 121.0, "{}", text.min_width());
            assert!(text.min_width() > 80.0);
        }
    }
}
