//! How the list looks.

use super::{Bubble, Drag, Inner, PAD, Spot};
use crate::slots::ink::{self, area};
use crate::slots::stopwatch;
use bulkhead_canvas::core::text::{Paragraph as _, Renderer as _};
use bulkhead_canvas::core::{Point, Rectangle, Renderer as _};
use bulkhead_canvas::fonts::{REGULAR, SEMIBOLD};
use bulkhead_canvas::graphics::text::cosmic_text::Cursor;
use bulkhead_canvas::palette::{Palette, is_dark};
use bulkhead_canvas::{Renderer, core::Color};
use bulkhead_vault_core::{MessageState, MessageView};

const RADIUS: f32 = 14.0;

/// Paints what was laid out.
pub(super) fn list(
    inner: &Inner,
    to: &mut Renderer,
    bounds: Rectangle,
    clip: Rectangle,
    palette: &Palette,
    empty: &str,
) {
    if inner.placed.visible.is_empty() {
        let mut y = bounds.y + bounds.height / 2.0 - 24.0;
        for line in empty.lines() {
            let size = ink::measure(line, 14.0, REGULAR);
            let x = bounds.x + ((bounds.width - size.width) / 2.0).max(12.0);
            ink::write(to, line, 14.0, REGULAR, Point::new(x, y), palette.muted.color(), clip);
            y += size.height + 4.0;
        }
        return;
    }
    for item in &inner.placed.visible {
        if let (Some(bubble), Some(message)) = (inner.bubbles.get(&item.seq), inner.messages.get(&item.seq)) {
            let top = (bounds.y + item.y).round();
            above(bubble, to, Rectangle { y: top, ..bounds }, clip, palette);
            let corner = Point::new((bounds.x + inner.left(message.mine, bubble)).round(), top + bubble.above);
            speech(inner, bubble, message, to, corner, clip, palette);
        }
    }
    if let Some(thumb) = inner.thumb() {
        let alpha = if inner.hover.0 || inner.drag == Drag::Bar { 0.65 } else { 0.3 };
        ink::block(to, thumb + core_vector(bounds), 3.0, palette.muted.faded(alpha));
    }
    if let Some(button) = inner.jump_button() {
        let button = button + core_vector(bounds);
        to.with_layer(clip, |to| {
            let ground = if inner.hover.1 { palette.hover } else { palette.surface };
            ink::block(to, button, button.width / 2.0, ground.color());
            ink::outline(to, button, button.width / 2.0, 1.0, palette.edge.color());
            let size = ink::measure("↓", 18.0, SEMIBOLD);
            let at = Point::new(button.center_x() - size.width / 2.0, button.center_y() - size.height / 2.0);
            ink::write(to, "↓", 18.0, SEMIBOLD, at, palette.text.color(), clip);
        });
    }
}

fn core_vector(bounds: Rectangle) -> bulkhead_canvas::core::Vector {
    bulkhead_canvas::core::Vector::new(bounds.x, bounds.y)
}

/// The day's heading and the line above unread messages.
fn above(bubble: &Bubble, to: &mut Renderer, row: Rectangle, clip: Rectangle, palette: &Palette) {
    let mut y = row.y + 10.0;
    if let Some(heading) = &bubble.heading {
        let size = heading.min_bounds();
        let x = (row.x + (row.width - size.width) / 2.0).round();
        ink::block(to, area(x - 10.0, y, size.width + 20.0, size.height + 6.0), 11.0, palette.surface.faded(0.85));
        to.fill_paragraph(heading, Point::new(x, y + 3.0), palette.muted.color(), clip);
        y += 34.0;
    }
    if bubble.divider {
        let size = ink::measure("New messages", 12.0, SEMIBOLD);
        let x = (row.x + (row.width - size.width) / 2.0).round();
        let line = |to: &mut Renderer, from: f32, until: f32| {
            ink::block(to, area(from, y + 9.0, (until - from).max(0.0), 1.0), 0.0, palette.accent.faded(0.45))
        };
        line(to, row.x + 20.0, x - 12.0);
        line(to, x + size.width + 12.0, row.x + row.width - 20.0);
        ink::write(to, "New messages", 12.0, SEMIBOLD, Point::new(x, y), palette.accent.color(), clip);
    }
}

fn speech(
    inner: &Inner,
    bubble: &Bubble,
    message: &MessageView,
    to: &mut Renderer,
    corner: Point,
    clip: Rectangle,
    palette: &Palette,
) {
    if bubble.line {
        let paint = if message.state == MessageState::Timer { timer } else { note };
        return paint(inner, bubble, message, to, corner, clip, palette);
    }
    let (ground, text, faint) = if message.mine {
        (palette.own_bubble, palette.on_accent.color(), palette.on_accent.faded(0.8))
    } else {
        (palette.other_bubble, palette.text.color(), palette.muted.color())
    };
    let shape = area(corner.x, corner.y, bubble.size.width, bubble.size.height);
    ink::block(to, shape, RADIUS, ground.color());
    if inner.found == Some(message.seq) || inner.chosen == Some(message.seq) {
        ink::outline(
            to,
            area(shape.x - 2.0, shape.y - 2.0, shape.width + 4.0, shape.height + 4.0),
            RADIUS + 2.0,
            2.0,
            palette.accent.color(),
        );
    }
    let origin = Point::new(corner.x + PAD.0, corner.y + PAD.1);
    let dark = message.mine || is_dark(ground.0);
    mark(
        inner,
        bubble,
        message.seq,
        to,
        origin,
        if dark { Color::from_rgba8(255, 255, 255, 0.28) } else { palette.accent.faded(0.25) },
    );
    to.fill_paragraph(&bubble.body, origin, text, clip);
    let time = bubble.time.min_bounds();
    let state = if message.mine { 20.0 } else { 0.0 };
    let at =
        Point::new(shape.x + shape.width - PAD.0 - time.width - state, shape.y + shape.height - PAD.1 - time.height);
    to.fill_paragraph(&bubble.time, at, faint, clip);
    if message.life > 0 {
        stopwatch::paint(to, Point::new(at.x - stopwatch::EDGE - 4.0, at.y + 1.5), faint);
    }
    let beside = Point::new(at.x + time.width + 5.0, at.y);
    match message.state {
        MessageState::Received | MessageState::Timer | MessageState::Note => {}
        MessageState::Queued => ink::clock(to, Point::new(beside.x + 2.0, beside.y + 2.0), faint),
        MessageState::AtRelay => tick(to, beside.x + 3.0, beside.y, faint, clip),
        MessageState::Delivered => {
            tick(to, beside.x, beside.y, text, clip);
            tick(to, beside.x + 5.0, beside.y, text, clip);
        }
        MessageState::Failed => {
            ink::block(to, area(beside.x + 1.0, beside.y, 14.0, 14.0), 7.0, palette.danger.color());
            ink::write(to, "!", 11.0, SEMIBOLD, Point::new(beside.x + 6.2, beside.y - 0.5), Color::WHITE, clip);
        }
    }
}

/// A line about what happened: this program's own words, in the middle, in no bubble.
fn note(
    inner: &Inner,
    bubble: &Bubble,
    message: &MessageView,
    to: &mut Renderer,
    corner: Point,
    clip: Rectangle,
    palette: &Palette,
) {
    let around = area(corner.x, corner.y, bubble.size.width, bubble.size.height);
    let marked = inner.found == Some(message.seq) || inner.chosen == Some(message.seq);
    let (tone, width) = if marked { (palette.accent, 2.0) } else { (palette.border, 1.0) };
    ink::outline(to, around, RADIUS, width, tone.color());
    let origin = Point::new(corner.x + PAD.0, corner.y + PAD.1);
    mark(inner, bubble, message.seq, to, origin, palette.accent.faded(0.25));
    to.fill_paragraph(&bubble.body, origin, palette.muted.color(), clip);
}

/// The line that says that the timer changed.
fn timer(
    inner: &Inner,
    bubble: &Bubble,
    message: &MessageView,
    to: &mut Renderer,
    corner: Point,
    clip: Rectangle,
    palette: &Palette,
) {
    if inner.chosen == Some(message.seq) {
        let around = area(corner.x, corner.y, bubble.size.width, bubble.size.height);
        ink::outline(to, around, RADIUS, 2.0, palette.accent.color());
    }
    stopwatch::paint(to, Point::new(corner.x + PAD.0 - 2.0, corner.y + PAD.1 + 2.0), palette.muted.color());
    let at = Point::new(corner.x + PAD.0 + stopwatch::EDGE + 5.0, corner.y + PAD.1);
    to.fill_paragraph(&bubble.body, at, palette.muted.color(), clip);
}

fn tick(to: &mut Renderer, x: f32, y: f32, color: Color, clip: Rectangle) {
    ink::write(to, "✓", 11.0, SEMIBOLD, Point::new(x, y), color, clip);
}

/// What the user marked of this message.
fn mark(inner: &Inner, bubble: &Bubble, seq: u64, to: &mut Renderer, origin: Point, color: Color) {
    let Drag::Mark { from, to: until, .. } = inner.drag else { return };
    let (from, until) = (from.min(until), from.max(until));
    if from == until || seq < from.0 || seq > until.0 {
        return;
    }
    let end = |spot: Spot, own: bool, otherwise: Cursor| if own { Cursor::new(spot.1, spot.2) } else { otherwise };
    let first = end(from, from.0 == seq, Cursor::new(0, 0));
    let last = end(until, until.0 == seq, Cursor::new(usize::MAX, usize::MAX));
    for run in bubble.body.buffer().layout_runs() {
        if let Some((x, width)) = run.highlight(first, last) {
            ink::block(to, area(origin.x + x, origin.y + run.line_top, width, run.line_height), 2.0, color);
        }
    }
}
