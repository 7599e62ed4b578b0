//! A widget tree and the buffers it is painted into.
//!
//! Recording (layout and a list of what to draw) is apart from painting, because damage must be known for each
//! buffer by itself: with two buffers, each misses what was last painted into the other.

use crate::geometry::{area, cover, logical, snap, union, whole};
use crate::{Element, fonts};
use bulkhead_ipc::pixels::{Rect, Theme as Tint};
use iced_core::widget::Operation;
use iced_core::{
    Clipboard, Color, Event, InputMethod, Pixels, Point, Rectangle, Size, Theme, mouse, renderer, time, window,
};
use iced_graphics::{Viewport, damage};
use iced_runtime::user_interface::{Cache, State, UserInterface};
use iced_tiny_skia::{Layer, Renderer};

/// Most damage rectangles that come out: few large ones are faster than many small ones, as each one clears
/// and fills the clip mask of each layer.
pub const MAX_DAMAGE: usize = 4;
/// Merging two rectangles is worth this many pixels painted in vain.
const WORTH: i64 = 20_000;
/// Height of body text in logical pixels.
const BODY: Pixels = Pixels(15.0);

/// What came of recording a frame.
#[derive(Debug)]
pub struct Recorded<Message> {
    /// Messages that widgets published on being drawn (rare).
    pub messages: Vec<Message>,
    /// The pointer's shape.
    pub interaction: mouse::Interaction,
    /// When a widget wants to be drawn again.
    pub redraw: window::RedrawRequest,
    /// What a focused text field asks of the input method.
    pub input_method: InputMethod,
}

/// Drives widgets and paints them into up to `N` buffers, 4 bytes a pixel (B, G, R, X), rows without gaps.
pub struct Surface<const N: usize> {
    renderer: Renderer,
    cache: Cache,
    viewport: Viewport,
    mask: Option<tiny_skia::Mask>,
    theme: Theme,
    background: Color,
    cursor: mouse::Cursor,
    recorded: Option<Vec<Layer>>,
    painted: [Option<Vec<Layer>>; N],
}

impl<const N: usize> Surface<N> {
    /// A surface of so many physical pixels at a scale, on a ground. [`fonts::install`] comes first.
    pub fn new(width: u32, height: u32, scale: f32, background: Color) -> Self {
        Self {
            renderer: Renderer::new(fonts::REGULAR, BODY),
            cache: Cache::new(),
            viewport: viewport(width, height, scale),
            mask: tiny_skia::Mask::new(width.max(1), height.max(1)),
            theme: Theme::Light,
            background,
            cursor: mouse::Cursor::Unavailable,
            recorded: None,
            painted: [const { None }; N],
        }
    }

    /// Takes on another size; all buffers count as empty.
    pub fn resize(&mut self, width: u32, height: u32, scale: f32) {
        self.viewport = viewport(width, height, scale);
        self.mask = tiny_skia::Mask::new(width.max(1), height.max(1));
        self.invalidate();
    }

    /// Takes on another theme and ground; all buffers count as empty.
    pub fn set_theme(&mut self, theme: Tint, background: Color) {
        self.theme = match theme {
            Tint::Light => Theme::Light,
            Tint::Dark => Theme::Dark,
        };
        self.background = background;
        self.invalidate();
    }

    /// Forgets what is in the buffers: the next frame is painted whole.
    pub fn invalidate(&mut self) {
        self.recorded = None;
        self.painted.fill_with(|| None);
    }

    /// Where the pointer is, in logical pixels; `None` if it is elsewhere.
    pub fn set_cursor(&mut self, at: Option<Point>) {
        self.cursor = at.map_or(mouse::Cursor::Unavailable, mouse::Cursor::Available);
    }

    /// Where the pointer is.
    pub fn cursor(&self) -> mouse::Cursor {
        self.cursor
    }

    /// The scale factor.
    pub fn scale(&self) -> f32 {
        self.viewport.scale_factor()
    }

    /// Size in logical pixels.
    pub fn logical_size(&self) -> Size {
        self.viewport.logical_size()
    }

    /// Size in physical pixels.
    pub fn physical_size(&self) -> Size<u32> {
        self.viewport.physical_size()
    }

    /// Bytes of one buffer.
    pub fn bytes(&self) -> usize {
        let size = self.physical_size();
        size.width as usize * size.height as usize * 4
    }

    /// A logical rectangle in physical pixels, each edge rounded.
    pub fn snap(&self, r: Rectangle) -> Rect {
        snap(r, self.scale())
    }

    /// A physical rectangle in logical pixels.
    pub fn logical(&self, r: Rect) -> Rectangle {
        logical(r, self.scale())
    }

    /// The renderer, for widgets' own measuring.
    pub fn renderer(&mut self) -> &mut Renderer {
        &mut self.renderer
    }

    /// Feeds events to the widgets; returns the messages that they publish.
    pub fn update<'a, M: 'a>(
        &mut self,
        root: Element<'a, M>,
        events: &[Event],
        clipboard: &mut dyn Clipboard,
    ) -> Vec<M> {
        let mut messages = Vec::new();
        let mut ui = self.build(root);
        let _ = ui.update(events, self.cursor, &mut self.renderer, clipboard, &mut messages);
        self.cache = ui.into_cache();
        messages
    }

    /// Runs an operation (scroll to, focus, collect) over the layout, without drawing.
    pub fn operate<'a, M: 'a>(&mut self, root: Element<'a, M>, operation: &mut dyn Operation) {
        let mut ui = self.build(root);
        ui.operate(&self.renderer, operation);
        self.cache = ui.into_cache();
    }

    /// Lays out and records the drawing, no pixels yet; then runs an operation over the layout.
    pub fn record<'a, M: 'a>(
        &mut self,
        root: Element<'a, M>,
        clipboard: &mut dyn Clipboard,
        operation: &mut dyn Operation,
    ) -> Recorded<M> {
        let mut messages = Vec::new();
        let mut ui = self.build(root);
        let now = Event::Window(window::Event::RedrawRequested(time::Instant::now()));
        let (state, _) = ui.update(&[now], self.cursor, &mut self.renderer, clipboard, &mut messages);
        let style = renderer::Style { text_color: self.theme.palette().text };
        ui.draw(&mut self.renderer, &self.theme, &style, self.cursor);
        ui.operate(&self.renderer, operation);
        self.cache = ui.into_cache();
        let (interaction, redraw, input_method) = match state {
            State::Updated { mouse_interaction, redraw_request, input_method, .. } => {
                (mouse_interaction, redraw_request, input_method)
            }
            State::Outdated => (mouse::Interaction::None, window::RedrawRequest::NextFrame, InputMethod::Disabled),
        };
        Recorded { messages, interaction, redraw, input_method }
    }

    /// What differs between the recorded frame and the one recorded before it, in physical pixels; at most
    /// [`MAX_DAMAGE`] rectangles.
    pub fn take_damage(&mut self) -> Vec<Rect> {
        let now = self.renderer.layers().to_vec();
        let before = self.recorded.replace(now);
        let now = self.recorded.as_deref().unwrap_or_default();
        self.damage(before.as_deref(), now)
    }

    /// Brings buffer `i`, which must hold what was last painted there, to the recorded frame. Returns what
    /// was painted; nothing if the buffer has the wrong length.
    pub fn paint_buf(&mut self, i: usize, pixels: &mut [u8]) -> Vec<Rect> {
        if pixels.len() != self.bytes() {
            return Vec::new();
        }
        let now = self.renderer.layers().to_vec();
        let damage = self.damage(self.painted.get(i).and_then(Option::as_deref), &now);
        if let Some(slot) = self.painted.get_mut(i) {
            *slot = Some(now);
        }
        self.paint(&damage, pixels);
        damage
    }

    /// Paints just these physical rectangles of the recorded frame.
    pub fn paint(&mut self, rects: &[Rect], pixels: &mut [u8]) {
        let size = self.physical_size();
        let scale = self.scale();
        let rects: Vec<Rectangle> =
            rects.iter().filter_map(|r| r.intersect(&whole(size))).map(|r| logical(r, scale)).collect();
        let (Some(mask), Some(mut pixels)) =
            (&mut self.mask, tiny_skia::PixmapMut::from_bytes(pixels, size.width, size.height))
        else {
            return;
        };
        self.renderer.draw(&mut pixels, mask, &self.viewport, &rects, self.background);
    }

    fn build<'a, M: 'a>(&mut self, root: Element<'a, M>) -> UserInterface<'a, M, Theme, Renderer> {
        let cache = std::mem::take(&mut self.cache);
        UserInterface::build(root, self.viewport.logical_size(), cache, &mut self.renderer)
    }

    fn damage(&self, before: Option<&[Layer]>, now: &[Layer]) -> Vec<Rect> {
        let size = self.physical_size();
        let Some(before) = before else { return vec![whole(size)] };
        let changed = damage::diff(before, now, |layer| vec![layer.bounds], Layer::damage);
        merge(changed.into_iter().filter_map(|r| cover(r, self.scale(), size)).collect())
    }
}

fn viewport(width: u32, height: u32, scale: f32) -> Viewport {
    Viewport::with_physical_size(Size::new(width.max(1), height.max(1)), scale)
}

/// Joins rectangles until there are few and joining more would paint much in vain.
fn merge(rects: Vec<Rect>) -> Vec<Rect> {
    let waste = |a: &Rect, b: &Rect| area(union(*a, *b)) - area(*a) - area(*b);
    let mut out: Vec<Rect> = Vec::new();
    for mut r in rects {
        // What a rectangle swallows may bring it close to another, so it goes round until nothing fits.
        while let Some(i) = out.iter().position(|o| waste(o, &r) <= WORTH) {
            r = union(r, out.swap_remove(i));
        }
        out.push(r);
        if out.len() > MAX_DAMAGE {
            let pairs = (0..out.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
            let cheapest =
                pairs.min_by_key(|&(i, j)| out.get(i).zip(out.get(j)).map_or(i64::MAX, |(a, b)| waste(a, b)));
            if let Some((i, j)) = cheapest {
                let taken = out.swap_remove(i);
                if let Some(kept) = out.get_mut(j) {
                    *kept = union(*kept, taken);
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::palette::LIGHT;
    use iced_core::clipboard;
    use iced_core::widget::operation;
    use iced_widget::{container, text};

    struct Nothing;

    impl Operation for Nothing {
        fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn operation::Operation)) {
            operate(self);
        }
    }

    fn page(words: &str) -> Element<'_, ()> {
        container(text(words).size(20).color(LIGHT.text)).padding(40).into()
    }

    #[test]
    fn each_buffer_gets_what_it_missed() {
        fonts::install("en-US");
        let mut surface: Surface<2> = Surface::new(300, 200, 1.5, LIGHT.surface.color());
        let mut buffers = [vec![0; surface.bytes()], vec![0; surface.bytes()]];
        let mut expected = Vec::new();
        for (n, words) in ["one", "two", "two", "three"].into_iter().enumerate() {
            surface.record(page(words), &mut clipboard::Null, &mut Nothing);
            let damage = surface.take_damage();
            assert_eq!(damage.is_empty(), n == 2, "only the repeated frame has no damage");
            surface.paint_buf(n % 2, &mut buffers[n % 2]);
            let mut fresh: Surface<1> = Surface::new(300, 200, 1.5, LIGHT.surface.color());
            fresh.record(page(words), &mut clipboard::Null, &mut Nothing);
            expected = vec![0; fresh.bytes()];
            fresh.paint_buf(0, &mut expected);
            assert!(buffers[n % 2] == expected, "frame {n} differs from a fresh one");
        }
        assert!(expected.iter().any(|&b| b < 64), "something dark was written");
    }

    #[test]
    fn merging_keeps_all_and_stays_small() {
        let rects: Vec<Rect> = (0..100).map(|i| Rect::new(i % 10 * 700, i / 10 * 500, 20, 20)).collect();
        let merged = merge(rects.clone());
        assert!(merged.len() <= MAX_DAMAGE);
        assert!(rects.iter().all(|r| merged.iter().any(|m| m.intersect(r) == Some(*r))));
    }

    #[test]
    fn a_wrong_buffer_is_left_alone() {
        let mut surface: Surface<1> = Surface::new(10, 10, 1.0, LIGHT.surface.color());
        assert!(surface.paint_buf(0, &mut [0; 7]).is_empty());
    }
}
