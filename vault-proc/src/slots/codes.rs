//! QR codes and safety numbers.

use super::{Said, ink};
use bulkhead_canvas::core::alignment::Horizontal;
use bulkhead_canvas::core::widget::{self, Tree, tree};
use bulkhead_canvas::core::{Color, Layout, Length, Rectangle, Size, Theme, layout, mouse, renderer};
use bulkhead_canvas::fonts::SEMIBOLD;
use bulkhead_canvas::palette::Palette;
use bulkhead_canvas::widget::{column, container, row, text};
use bulkhead_canvas::{Element, Renderer};
use qrcodegen::{QrCode, QrCodeEcc};

/// Modules of light around a code, on each side (ISO/IEC 18004).
const QUIET: i32 = 4;

/// A QR code, dark on light in either theme, as readers expect.
pub struct Qr<'a> {
    /// What it holds.
    pub bytes: std::borrow::Cow<'a, [u8]>,
    /// Physical pixels per logical one: modules are whole pixels.
    pub scale: f32,
}

#[derive(Default)]
struct Made {
    bytes: Vec<u8>,
    side: i32,
    /// Runs of dark modules: column, row, length.
    runs: Vec<(i32, i32, i32)>,
}

impl widget::Widget<Said, Theme, Renderer> for Qr<'_> {
    fn tag(&self) -> tree::Tag {
        tree::Tag::of::<Made>()
    }

    fn state(&self) -> tree::State {
        tree::State::new(Made::default())
    }

    fn size(&self) -> Size<Length> {
        Size::new(Length::Fill, Length::Fill)
    }

    fn layout(&mut self, tree: &mut Tree, _: &Renderer, limits: &layout::Limits) -> layout::Node {
        let made = tree.state.downcast_mut::<Made>();
        if made.bytes != *self.bytes {
            *made = make(&self.bytes);
        }
        layout::Node::new(limits.max())
    }

    fn draw(
        &self,
        tree: &Tree,
        to: &mut Renderer,
        _: &Theme,
        _: &renderer::Style,
        layout: Layout<'_>,
        _: mouse::Cursor,
        _: &Rectangle,
    ) {
        let made = tree.state.downcast_ref::<Made>();
        let bounds = layout.bounds();
        if made.side == 0 {
            return;
        }
        let side = made.side + 2 * QUIET;
        let room = bounds.width.min(bounds.height);
        let module = (room * self.scale / side as f32).floor().max(1.0) / self.scale;
        let across = module * side as f32;
        let whole = |v: f32| (v * self.scale).round() / self.scale;
        let (left, top) = (whole(bounds.center_x() - across / 2.0), whole(bounds.center_y() - across / 2.0));
        ink::block(to, ink::area(left, top, across, across), 8.0, Color::WHITE);
        for &(x, y, length) in &made.runs {
            let (x, y) = (left + module * (x + QUIET) as f32, top + module * (y + QUIET) as f32);
            ink::block(to, ink::area(x, y, module * length as f32, module), 0.0, Color::BLACK);
        }
    }
}

impl<'a> From<Qr<'a>> for Element<'a, Said> {
    fn from(code: Qr<'a>) -> Self {
        Self::new(code)
    }
}

fn make(bytes: &[u8]) -> Made {
    let Ok(code) = QrCode::encode_binary(bytes, QrCodeEcc::Low) else { return Made::default() };
    let mut runs: Vec<(i32, i32, i32)> = Vec::new();
    for y in 0..code.size() {
        for x in (0..code.size()).filter(|x| code.get_module(*x, y)) {
            match runs.last_mut() {
                Some((from, row, length)) if *row == y && *from + *length == x => *length += 1,
                _ => runs.push((x, y, 1)),
            }
        }
    }
    Made { bytes: bytes.to_vec(), side: code.size(), runs }
}

/// Twelve groups of five digits, in three rows of four.
pub fn safety<'a>(digits: &str, width: f32, palette: &'static Palette) -> Element<'a, Said> {
    let size = (width / 15.5).clamp(9.0, 20.0);
    let groups: Vec<String> =
        digits.as_bytes().chunks(5).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    let rows = groups.chunks(4).map(|groups| {
        let cells = groups.iter().map(|group| {
            let digits = text(group.clone()).size(size).font(SEMIBOLD).color(palette.text.color());
            container(digits).width(Length::FillPortion(1)).align_x(Horizontal::Center).into()
        });
        row(cells).width(Length::Fill).into()
    });
    container(column(rows).spacing(8).width(Length::Fill)).center_y(Length::Fill).width(Length::Fill).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_exactly_the_dark_modules() {
        let bytes = b"bulkhead://invite/AQIDBAUGBwgJ";
        let made = make(bytes);
        let code = QrCode::encode_binary(bytes, QrCodeEcc::Low).unwrap();
        let dark = |x, y| made.runs.iter().any(|&(from, row, length)| row == y && (from..from + length).contains(&x));
        for y in 0..made.side {
            for x in 0..made.side {
                assert_eq!(dark(x, y), code.get_module(x, y));
            }
        }
    }

    #[test]
    fn what_does_not_fit_a_code_shows_none() {
        assert_eq!(make(&[7; 5000]).side, 0);
    }
}
