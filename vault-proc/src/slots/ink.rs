//! Shaped text and simple shapes.

use bulkhead_canvas::Renderer;
use bulkhead_canvas::core::alignment::Vertical;
use bulkhead_canvas::core::renderer::Quad;
use bulkhead_canvas::core::text::{Alignment, LineHeight, Paragraph as _, Renderer as _, Shaping, Text, Wrapping};
use bulkhead_canvas::core::{Border, Color, Font, Pixels, Point, Rectangle, Renderer as _, Size};
use bulkhead_canvas::graphics::text::Paragraph;

/// Line height of text, as a multiple of its size.
pub const LEADING: f32 = 1.35;

/// Text that wraps at this width.
pub fn wrapped(words: &str, width: f32, size: f32, font: Font) -> Paragraph {
    shape(words, width, size, font, Wrapping::WordOrGlyph)
}

/// One line of text, as wide as it is.
pub fn line(words: &str, size: f32, font: Font) -> Paragraph {
    shape(words, f32::INFINITY, size, font, Wrapping::None)
}

fn shape(content: &str, width: f32, size: f32, font: Font, wrapping: Wrapping) -> Paragraph {
    Paragraph::with_text(Text {
        content,
        bounds: Size::new(width, f32::INFINITY),
        size: Pixels(size),
        line_height: LineHeight::Relative(LEADING),
        font,
        align_x: Alignment::Default,
        align_y: Vertical::Top,
        shaping: Shaping::Advanced,
        wrapping,
    })
}

/// One line of text that is no wider than this; what does not fit is replaced by “…”.
pub fn cut(words: &str, width: f32, size: f32, font: Font) -> Paragraph {
    let first = words.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    // More than this fits no window, and shaping a whole book for one line would take long.
    let first = first.get(..first.floor_char_boundary(600)).unwrap_or_default();
    let whole = line(first, size, font);
    if whole.min_width() <= width {
        return whole;
    }
    let room = width - line("…", size, font).min_width();
    let mut glyphs: Vec<(usize, f32)> = Vec::new();
    for run in whole.buffer().layout_runs() {
        glyphs.extend(run.glyphs.iter().map(|glyph| (glyph.start, glyph.w)));
    }
    glyphs.sort_by_key(|(start, _)| *start);
    let mut used = 0.0;
    let mut end = first.len();
    for (start, glyph) in glyphs {
        used += glyph;
        if used > room {
            end = start;
            break;
        }
    }
    let kept = first.get(..end).unwrap_or_default().trim_end();
    line(&format!("{kept}…"), size, font)
}

/// Writes one line that nobody keeps: a renderer only borrows paragraphs until the frame is painted.
pub fn write(renderer: &mut Renderer, words: &str, size: f32, font: Font, at: Point, color: Color, clip: Rectangle) {
    let text = Text {
        content: words.to_owned(),
        bounds: Size::new(8192.0, 512.0),
        size: Pixels(size),
        line_height: LineHeight::Relative(LEADING),
        font,
        align_x: Alignment::Default,
        align_y: Vertical::Top,
        shaping: Shaping::Advanced,
        wrapping: Wrapping::None,
    };
    renderer.fill_text(text, at, color, clip);
}

/// The size of one line.
pub fn measure(words: &str, size: f32, font: Font) -> Size {
    line(words, size, font).min_bounds()
}

/// The height of text that wraps at this width.
pub fn measure_wrapped(words: &str, width: f32, size: f32, font: Font) -> f32 {
    wrapped(words, width, size, font).min_bounds().height
}

/// Whether a paragraph's first line is written from right to left.
pub fn from_right(text: &Paragraph) -> bool {
    text.buffer().layout_runs().next().is_some_and(|run| run.rtl)
}

/// A filled rectangle with round corners.
pub fn block(renderer: &mut Renderer, bounds: Rectangle, radius: f32, color: Color) {
    let border = Border { radius: radius.into(), ..Border::default() };
    renderer.fill_quad(Quad { bounds, border, ..Quad::default() }, color);
}

/// The outline of a rectangle with round corners.
pub fn outline(renderer: &mut Renderer, bounds: Rectangle, radius: f32, width: f32, color: Color) {
    let border = Border { radius: radius.into(), width, color };
    renderer.fill_quad(Quad { bounds, border, ..Quad::default() }, Color::TRANSPARENT);
}

/// A rectangle from its left, top, width and height.
pub fn area(x: f32, y: f32, width: f32, height: f32) -> Rectangle {
    Rectangle { x, y, width, height }
}

/// A clock face, 11 logical pixels wide: the message waits.
pub fn clock(renderer: &mut Renderer, at: Point, color: Color) {
    outline(renderer, area(at.x, at.y, 11.0, 11.0), 5.5, 1.2, color);
    block(renderer, area(at.x + 5.0, at.y + 2.5, 1.2, 3.5), 0.0, color);
    block(renderer, area(at.x + 5.0, at.y + 5.0, 3.0, 1.2), 0.0, color);
}
