//! What says that messages disappear.

use super::{Said, ink};
use bulkhead_canvas::core::widget::{self, Tree};
use bulkhead_canvas::core::{Color, Layout, Length, Point, Rectangle, Size, Theme, layout, mouse, renderer};
use bulkhead_canvas::{Element, Renderer};

/// Edge of the sign in logical pixels.
pub const EDGE: f32 = 11.0;

/// The sign for a timer.
pub struct Stopwatch(pub Color);

impl widget::Widget<Said, Theme, Renderer> for Stopwatch {
    fn size(&self) -> Size<Length> {
        Size::new(Length::Fixed(EDGE), Length::Fixed(EDGE))
    }

    fn layout(&mut self, _: &mut Tree, _: &Renderer, limits: &layout::Limits) -> layout::Node {
        layout::atomic(limits, EDGE, EDGE)
    }

    fn draw(
        &self,
        _: &Tree,
        to: &mut Renderer,
        _: &Theme,
        _: &renderer::Style,
        layout: Layout<'_>,
        _: mouse::Cursor,
        _: &Rectangle,
    ) {
        paint(to, layout.bounds().position(), self.0);
    }
}

impl From<Stopwatch> for Element<'_, Said> {
    fn from(sign: Stopwatch) -> Self {
        Self::new(sign)
    }
}

/// Paints the sign: a clock face with a button on top, unlike the clock of a message that waits.
pub fn paint(to: &mut Renderer, at: Point, color: Color) {
    ink::block(to, ink::area(at.x + 4.0, at.y - 1.5, 3.0, 1.5), 0.5, color);
    ink::outline(to, ink::area(at.x + 0.5, at.y + 1.0, 10.0, 10.0), 5.0, 1.2, color);
    ink::block(to, ink::area(at.x + 5.0, at.y + 3.0, 1.2, 3.5), 0.5, color);
}

/// A length of time in words.
pub fn length(seconds: u32) -> String {
    let (count, unit) = match seconds {
        _ if seconds.is_multiple_of(604_800) => (seconds / 604_800, "week"),
        _ if seconds.is_multiple_of(86_400) => (seconds / 86_400, "day"),
        _ if seconds.is_multiple_of(3_600) => (seconds / 3_600, "hour"),
        _ => (seconds / 60, "minute"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// The line in a conversation.
pub fn sentence(mine: bool, seconds: u32) -> String {
    let who = if mine { "You" } else { "They" };
    match seconds {
        0 => format!("{who} turned off disappearing messages"),
        _ => format!("{who} set messages to disappear {} after they are read", length(seconds)),
    }
}

/// The same in the conversation list.
pub const fn brief(seconds: u32) -> &'static str {
    if seconds == 0 { "Messages do not disappear any more" } else { "Messages disappear from now on" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timer_is_said_in_its_largest_unit() {
        let said = [60, 120, 3_600, 86_400, 172_800, 604_800, 2_419_200].map(length);
        assert_eq!(said, ["1 minute", "2 minutes", "1 hour", "1 day", "2 days", "1 week", "4 weeks"]);
    }
}
