//! A rectangle that belongs to the vault: it takes room in the layout and draws nothing.
//!
//! It is found by an operation over the layout rather than while drawing, because only that knows how far the
//! list around it is scrolled.

use super::{Element, FIELD};
use crate::message::Message;
use bulkhead_canvas::core::widget::{Operation, Tree, Widget};
use bulkhead_canvas::core::{Layout, Length, Rectangle, Size, layout, mouse, renderer};
use bulkhead_canvas::palette::Tone;
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
pub fn slot<'a>(kind: SlotKind, handle: u32, ground: Tone, width: impl Into<Length>, height: impl Into<Length>) -> Element<'a> {
    Element::new(Slot { key: SlotKey { kind, handle }, ground, size: Size::new(width.into(), height.into()) })
}

/// A slot for one line of typing; the vault paints its edge.
pub fn field<'a>(kind: SlotKind, handle: u32, ground: Tone) -> Element<'a> {
    slot(kind, handle, ground, Length::Fill, FIELD)
}

impl Widget<Message, Theme, Renderer> for Slot {
    fn size(&self) -> Size<Length> {
        self.size
    }

    fn layout(&mut self, _: &mut Tree, _: &Renderer, limits: &layout::Limits) -> layout::Node {
        layout::atomic(limits, self.size.width, self.size.height)
    }

    fn draw(&self, _: &Tree, _: &mut Renderer, _: &Theme, _: &renderer::Style, _: Layout<'_>, _: mouse::Cursor, _: &Rectangle) {}

    fn operate(&mut self, _: &mut Tree, layout: Layout<'_>, _: &Renderer, operation: &mut dyn Operation) {
        operation.custom(None, layout.bounds(), &mut Mark::Slot(self.key, self.ground));
    }
}
