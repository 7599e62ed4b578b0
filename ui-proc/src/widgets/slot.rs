//! A rectangle that belongs to the vault: it takes room in the layout and draws nothing.
//!
//! It is found by an operation over the layout rather than while drawing, because only that knows how far the
//! list around it is scrolled.

use super::{Element, FIELD, View};
use crate::focus::Focus;
use crate::message::Message;
use bulkhead_canvas::core::widget::{Operation, Tree, Widget};
use bulkhead_canvas::core::{Border, Layout, Length, Rectangle, Size, layout, mouse, renderer};
use bulkhead_canvas::palette::Tone;
use bulkhead_canvas::widget::container;
use bulkhead_canvas::{Renderer, Theme};
use bulkhead_ipc::pixels::{SlotKey, SlotKind};

/// What widgets tell the collector (see [`crate::frames`]) about themselves.
#[derive(Clone, Copy, Debug)]
pub enum Mark {
    /// A slot on this ground.
    Slot(SlotKey, Tone),
    /// A button begins; the slots in it stand on its ground, if it paints one.
    Button(Option<Message>, Option<Tone>),
    /// The button ends.
    End,
}

struct Slot {
    key: SlotKey,
    ground: Tone,
    size: Size<Length>,
}

/// A slot of this size, on this ground.
pub fn slot<'a>(
    kind: SlotKind,
    handle: u32,
    ground: Tone,
    width: impl Into<Length>,
    height: impl Into<Length>,
) -> Element<'a> {
    Element::new(Slot { key: SlotKey { kind, handle }, ground, size: Size::new(width.into(), height.into()) })
}

/// A slot to type into, in a box of this height that shows whether it has the keyboard.
pub fn boxed<'a>(view: View<'_>, kind: SlotKind, handle: u32, height: f32) -> Element<'a> {
    let p = view.palette;
    let focused = view.focus == Focus::Slot(SlotKey { kind, handle });
    let (color, width) = if focused { (p.accent.color(), 2.0) } else { (p.edge.color(), 1.0) };
    let look = move |_: &Theme| container::Style {
        background: Some(p.surface.into()),
        border: Border { color, width, radius: 8.0.into() },
        ..container::Style::default()
    };
    container(slot(kind, handle, p.surface, Length::Fill, Length::Fill))
        .padding([4, 8])
        .width(Length::Fill)
        .height(height)
        .style(look)
        .into()
}

/// A slot that fills a pane and can have the keyboard, on this ground.
pub fn pane<'a>(view: View<'_>, kind: SlotKind, handle: u32, ground: Tone) -> Element<'a> {
    let focused = view.focus == Focus::Slot(SlotKey { kind, handle });
    let color = if focused { view.palette.accent } else { ground }.color();
    let look = move |_: &Theme| container::Style {
        background: Some(ground.into()),
        border: Border { color, width: 2.0, radius: 0.0.into() },
        ..container::Style::default()
    };
    let slot = slot(kind, handle, ground, Length::Fill, Length::Fill);
    container(slot).padding(2).width(Length::Fill).height(Length::Fill).style(look).into()
}

/// A slot for one line of typing.
pub fn field<'a>(view: View<'_>, kind: SlotKind, handle: u32) -> Element<'a> {
    boxed(view, kind, handle, FIELD)
}

impl Widget<Message, Theme, Renderer> for Slot {
    fn size(&self) -> Size<Length> {
        self.size
    }

    fn layout(&mut self, _: &mut Tree, _: &Renderer, limits: &layout::Limits) -> layout::Node {
        layout::atomic(limits, self.size.width, self.size.height)
    }

    fn draw(
        &self,
        _: &Tree,
        _: &mut Renderer,
        _: &Theme,
        _: &renderer::Style,
        _: Layout<'_>,
        _: mouse::Cursor,
        _: &Rectangle,
    ) {
    }

    fn operate(&mut self, _: &mut Tree, layout: Layout<'_>, _: &Renderer, operation: &mut dyn Operation) {
        operation.custom(None, layout.bounds(), &mut Mark::Slot(self.key, self.ground));
    }
}
