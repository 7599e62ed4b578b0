//! The sentence above the strip, while there is something loud to say: updates are kept away, a party has signed two
//! histories, a key was revoked, a release did not start.
//!
//! It lies below ui's frame, as the strip does: ui can neither cover it nor take it away, and is told of it only that its
//! frame is lower. It is there on the lock screen too. It stands in nobody's way: all else works as before.

use super::{Said, ink};
use bulkhead_canvas::Element;
use bulkhead_canvas::core::text::Wrapping;
use bulkhead_canvas::core::{Border, Length, alignment};
use bulkhead_canvas::fonts::{REGULAR, SEMIBOLD};
use bulkhead_canvas::palette::Palette;
use bulkhead_canvas::widget::{Row, Space, button, column, container, row, text};

const SIZE: f32 = 13.0;
const AROUND: f32 = 12.0;
const ABOVE: f32 = 6.0;
const EDGE: f32 = 2.0;
const DISC: f32 = 18.0;
const BUTTON: f32 = 60.0;
const LEAST: f32 = 24.0;
/// At most this part of the window's height.
const MOST: f32 = 0.4;

/// How high it has to be, in a window of this size in logical pixels.
pub fn height(words: &str, (width, window): (f32, f32)) -> f32 {
    let room = (width - 2.0 * AROUND - DISC - BUTTON - 2.0 * AROUND).max(60.0);
    let text = ink::measure_wrapped(words, room, SIZE, SEMIBOLD);
    (text.max(LEAST) + 2.0 * ABOVE + EDGE).min(window * MOST).ceil()
}

/// The sentence; with a button where there is a page to show.
pub fn sentence<'a>(words: String, open: bool, palette: &'static Palette) -> Element<'a, Said> {
    let disc =
        container(text("!").size(SIZE).font(SEMIBOLD).color(palette.surface.color())).center(DISC).style(move |_| {
            container::Style {
                background: Some(palette.danger.color().into()),
                border: Border { radius: (DISC / 2.0).into(), ..Border::default() },
                ..container::Style::default()
            }
        });
    let words = text(words)
        .size(SIZE)
        .font(SEMIBOLD)
        .line_height(ink::LEADING)
        .color(palette.text.color())
        .wrapping(Wrapping::WordOrGlyph)
        .width(Length::Fill);
    let mut line = Row::new().spacing(AROUND).align_y(alignment::Vertical::Center).push(disc).push(words);
    if open {
        line = line.push(show(palette));
    }
    let edge = container(Space::new()).width(Length::Fill).height(EDGE).style(move |_| container::Style {
        background: Some(palette.danger.color().into()),
        ..container::Style::default()
    });
    column![edge, container(line).padding([ABOVE, AROUND]).center_y(Length::Fill)].into()
}

fn show<'a>(palette: &'static Palette) -> Element<'a, Said> {
    let label = text("Show").size(SIZE).font(REGULAR).center();
    button(row![label].width(Length::Fill))
        .width(BUTTON)
        .padding([2, 12])
        .on_press(Said::Alarm)
        .style(move |_, status| {
            let over = matches!(status, button::Status::Hovered | button::Status::Pressed);
            button::Style {
                background: Some(if over { palette.hover } else { palette.surface }.into()),
                text_color: palette.text.color(),
                border: Border { color: palette.edge.color(), width: 1.0, radius: 8.0.into() },
                ..button::Style::default()
            }
        })
        .into()
}

#[cfg(test)]
mod tests {
    use super::height;

    #[test]
    fn a_long_sentence_gets_the_lines_that_it_needs_and_leaves_room() {
        bulkhead_canvas::fonts::install("en-US");
        let words = "You may be kept from updates: a file of the development party expired on 3 March 2026, 14:05.";
        let [wide, narrow] = [(1280.0, 800.0), (390.0, 700.0)].map(|size| height(words, size));
        assert!((30.0..50.0).contains(&wide) && narrow > wide + 15.0, "{wide} {narrow}");
        assert!(height(words, (120.0, 200.0)) <= 80.0);
    }
}
