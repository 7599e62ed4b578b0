//! Puts the window together: ui's pixels, the slots over them, the strip below.

use crate::host::{Host, Nothing};
use crate::slots::{Said, strip};
use crate::view::Below;
use bulkhead_canvas::core::widget::Operation;
use bulkhead_canvas::core::{Clipboard, Event, Point, Rectangle};
use bulkhead_canvas::geometry::{area, union};
use bulkhead_canvas::palette::Palette;
use bulkhead_canvas::{Recorded, Surface};
use bulkhead_ipc::pixels::{Rect, Theme};

/// Painting this many pixels in vain is cheaper than another rectangle.
const WORTH: i64 = 30_000;

/// The window's pixels, and what of them the screen does not show yet.
pub struct Painter {
    surface: Surface<1>,
    slots: Vec<u8>,
    window: Vec<u32>,
    size: (u32, u32),
    scale: f32,
    /// Height of the sentence above the strip, in logical pixels.
    alarm: f32,
    stale: Vec<Rect>,
    damage: Vec<Rect>,
}

impl Painter {
    /// A window of this size in physical pixels.
    pub fn new(width: u32, height: u32, scale: f32, theme: Theme) -> Self {
        let ground = Palette::of(theme).ground.color();
        let mut painter = Self {
            surface: Surface::new(width, height, scale, ground),
            slots: Vec::new(),
            window: Vec::new(),
            size: (0, 0),
            scale,
            alarm: 0.0,
            stale: Vec::new(),
            damage: Vec::new(),
        };
        painter.set_theme(theme);
        painter.resize(width, height, scale, theme);
        painter
    }

    /// Another size or scale. What was there stays where it was until ui has drawn the new size.
    pub fn resize(&mut self, width: u32, height: u32, scale: f32, theme: Theme) {
        let (width, height) = (width.max(1), height.max(1));
        let ground = 0xff00_0000 | Palette::of(theme).ground.0;
        let mut window = vec![ground; width as usize * height as usize];
        if self.size.0 > 0 {
            for (new, old) in
                window.chunks_exact_mut(width as usize).zip(self.window.chunks_exact(self.size.0 as usize))
            {
                let both = new.len().min(old.len());
                if let (Some(new), Some(old)) = (new.get_mut(..both), old.get(..both)) {
                    new.copy_from_slice(old);
                }
            }
        }
        self.window = window;
        (self.size, self.scale) = ((width, height), scale);
        self.surface.resize(width, height, scale);
        self.slots = vec![0; self.surface.bytes()];
        self.damage = vec![self.whole()];
        self.stale = vec![self.whole()];
    }

    /// Another theme.
    pub fn set_theme(&mut self, theme: Theme) {
        self.surface.set_theme(theme, Palette::of(theme).ground.color());
        self.stale = vec![self.whole()];
    }

    /// Size in physical pixels.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// Physical pixels per logical one.
    pub fn scale(&self) -> f32 {
        self.scale
    }

    /// The pixels, 0xXXRRGGBB.
    pub fn pixels(&self) -> &[u32] {
        &self.window
    }

    /// The pixels, for ui's frame to be copied into.
    pub fn pixels_mut(&mut self) -> &mut [u32] {
        &mut self.window
    }

    /// The window's own rectangle.
    pub fn whole(&self) -> Rect {
        Rect::new(0, 0, edge(self.size.0), edge(self.size.1))
    }

    /// Height of ui's frame: the window's without the strip and the sentence above it.
    pub fn frame_height(&self) -> u32 {
        let below = ((strip::HEIGHT + self.alarm) * self.scale).round() as u32;
        self.size.1.saturating_sub(below).max(1)
    }

    /// Gives the sentence above the strip this height.
    pub fn set_alarm(&mut self, height: f32) {
        if self.alarm != height {
            self.alarm = height;
            self.stale = vec![self.whole()];
        }
    }

    /// Size in logical pixels.
    pub fn logical_size(&self) -> (f32, f32) {
        (self.size.0 as f32 / self.scale, self.size.1 as f32 / self.scale)
    }

    /// What lies below ui's frame.
    pub fn below(&self, display: Option<&'static str>) -> Below {
        let (width, height) = self.logical_size();
        let frame = self.frame_height() as f32 / self.scale;
        let top = frame + self.alarm;
        let alarm = Rectangle { x: 0.0, y: frame, width, height: self.alarm };
        Below { alarm, strip: Rectangle { x: 0.0, y: top, width, height: (height - top).max(0.0) }, display }
    }

    /// Lets something look at the widgets, or scroll them.
    pub fn operate(&mut self, host: Host<'_>, operation: &mut dyn Operation) {
        self.surface.operate(host.into(), operation);
    }

    /// ui's pixels changed here: what lies over them has to be painted again.
    pub fn covered(&mut self, rects: &[Rect]) {
        self.stale.extend(rects);
        self.damage.extend(rects);
    }

    /// Where the pointer is, in logical pixels, if it is over a slot.
    pub fn set_cursor(&mut self, at: Option<Point>) {
        self.surface.set_cursor(at);
    }

    /// Feeds an event to the widgets.
    pub fn update(&mut self, host: Host<'_>, event: Event, clipboard: &mut dyn Clipboard) -> Vec<Said> {
        self.surface.update(host.into(), &[event], clipboard)
    }

    /// Paints what changed in the slots and the strip.
    pub fn paint(&mut self, host: Host<'_>, clipboard: &mut dyn Clipboard) -> Recorded<Said> {
        let clips: Vec<Rect> = host.kids.iter().map(|kid| self.surface.snap(kid.clip)).collect();
        let recorded = self.surface.record(host.into(), clipboard, &mut Nothing);
        let mut changed = self.surface.take_damage();
        changed.append(&mut self.stale);
        let mut todo: Vec<Rect> = Vec::new();
        for clip in clips.iter().filter_map(|clip| clip.intersect(&self.whole())) {
            todo.extend(changed.iter().filter_map(|rect| rect.intersect(&clip)).reduce(union));
        }
        self.surface.paint(&joined(&todo), &mut self.slots);
        for rect in &todo {
            self.show(*rect);
        }
        self.damage.append(&mut todo);
        recorded
    }

    /// Copies what was painted for slots into the window.
    fn show(&mut self, rect: Rect) {
        let n = |v: i32| usize::try_from(v).unwrap_or_default();
        for y in n(rect.y)..n(rect.y + rect.h) {
            let from = y * self.size.0 as usize + n(rect.x);
            let to = from + n(rect.w);
            let (Some(window), Some(slots)) = (self.window.get_mut(from..to), self.slots.get(from * 4..to * 4)) else {
                return;
            };
            for (pixel, bytes) in window.iter_mut().zip(slots.chunks_exact(4)) {
                if let &[b, g, r, _] = bytes {
                    *pixel = u32::from_be_bytes([255, r, g, b]);
                }
            }
        }
    }

    /// Takes what the screen does not show yet.
    pub fn take_damage(&mut self) -> Vec<Rect> {
        let whole = self.whole();
        let damage: Vec<Rect> =
            std::mem::take(&mut self.damage).iter().filter_map(|rect| rect.intersect(&whole)).collect();
        joined(&damage)
    }

    /// Whether the screen does not show everything yet.
    pub fn is_damaged(&self) -> bool {
        !self.damage.is_empty()
    }
}

fn edge(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// Joins rectangles that lie close together.
fn joined(rects: &[Rect]) -> Vec<Rect> {
    let mut out: Vec<Rect> = Vec::new();
    for &rect in rects {
        let mut rect = rect;
        while let Some(i) = out.iter().position(|o| area(union(*o, rect)) - area(*o) - area(rect) <= WORTH) {
            rect = union(rect, out.swap_remove(i));
        }
        out.push(rect);
    }
    out
}
