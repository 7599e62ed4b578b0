//! Walks the layout and finds the slots and everything that can have the keyboard focus.
//!
//! Whatever the screens do, what leaves here is legal: slots lie inside the frame, none covers another, and
//! of each kind that takes keys there is one.

use crate::focus::{Focus, Scroller, Stop, Viewport};
use crate::widgets::{LIST, Mark};
use bulkhead_canvas::core::widget::operation::Scrollable;
use bulkhead_canvas::core::widget::{Id, Operation};
use bulkhead_canvas::core::{Rectangle, Size, Vector};
use bulkhead_canvas::geometry::{snap, whole};
use bulkhead_canvas::palette::Tone;
use bulkhead_ipc::pixels::{MAX_SLOTS, Slot, SlotKey, SlotKind};
use std::any::Any;

#[derive(Clone, Copy)]
struct Place {
    moved: Vector,
    clip: Rectangle,
    viewport: Option<Viewport>,
}

struct Found {
    key: SlotKey,
    rect: Rectangle,
    clip: Rectangle,
    ground: Tone,
}

/// The operation.
pub struct Collector {
    place: Place,
    inner: Option<Place>,
    grounds: Vec<Option<Tone>>,
    found: Vec<Found>,
    /// What can have the focus, in the order of the layout.
    pub stops: Vec<Stop>,
    /// The conversation list, if it is there.
    pub list: Option<Viewport>,
}

impl Collector {
    /// For a frame of this logical size.
    pub fn new(size: Size) -> Self {
        let place = Place { moved: Vector::ZERO, clip: Rectangle::with_size(size), viewport: None };
        Self { place, inner: None, grounds: Vec::new(), found: Vec::new(), stops: Vec::new(), list: None }
    }

    /// The slots in physical pixels. Later ones lie above earlier ones: those underneath are left out.
    pub fn slots(&self, scale: f32, surface: Size<u32>) -> Vec<Slot> {
        let mut slots: Vec<Slot> = Vec::with_capacity(self.found.len());
        for found in self.found.iter().rev() {
            let rect = snap(found.rect, scale);
            let Some(clip) = snap(found.clip, scale).intersect(&rect).and_then(|clip| clip.intersect(&whole(surface)))
            else {
                continue;
            };
            let single = found.key.kind.is_focusable() || found.key.kind == SlotKind::ConversationTitle;
            let taken =
                |slot: &Slot| slot.clip.intersect(&clip).is_some() || (single && slot.key.kind == found.key.kind);
            if !slots.iter().any(taken) && slots.len() < MAX_SLOTS {
                slots.push(Slot { key: found.key, clip, rect, background: found.ground.0 });
            }
        }
        slots.reverse();
        slots
    }

    fn stop(&mut self, focus: Focus, bounds: Rectangle) {
        if bounds.width >= 1.0 && bounds.height >= 1.0 {
            self.stops.push(Stop { focus, bounds, viewport: self.place.viewport });
        }
    }
}

impl Operation for Collector {
    fn traverse(&mut self, operate: &mut dyn FnMut(&mut dyn Operation)) {
        let outer = self.place;
        self.place = self.inner.take().unwrap_or(outer);
        operate(self);
        self.inner = None;
        self.place = outer;
    }

    fn container(&mut self, _: Option<&Id>, _: Rectangle) {
        self.inner = None;
    }

    fn scrollable(
        &mut self,
        id: Option<&Id>,
        bounds: Rectangle,
        _: Rectangle,
        translation: Vector,
        _: &mut dyn Scrollable,
    ) {
        let bounds = bounds + self.place.moved;
        let clip = bounds.intersection(&self.place.clip).unwrap_or(Rectangle::with_size(Size::ZERO));
        let scroller = if id == Some(&Id::new(LIST)) { Scroller::List } else { Scroller::Page };
        let viewport = Viewport { scroller, bounds, offset: translation.y };
        if scroller == Scroller::List {
            self.list = Some(viewport);
        }
        self.inner = Some(Place { moved: self.place.moved - translation, clip, viewport: Some(viewport) });
    }

    fn custom(&mut self, _: Option<&Id>, bounds: Rectangle, state: &mut dyn Any) {
        let bounds = bounds + self.place.moved;
        match state.downcast_ref::<Mark>().copied() {
            Some(Mark::Slot(key, ground)) => {
                if key.kind.is_focusable() {
                    self.stop(Focus::Slot(key), bounds);
                }
                if let Some(clip) = bounds.intersection(&self.place.clip) {
                    let ground = self.grounds.iter().rev().find_map(|ground| *ground).unwrap_or(ground);
                    self.found.push(Found { key, rect: bounds, clip, ground });
                }
            }
            Some(Mark::Button(message, ground)) => {
                self.grounds.push(ground);
                if let Some(message) = message {
                    self.stop(Focus::Button(message), bounds);
                }
            }
            Some(Mark::End) => {
                self.grounds.pop();
            }
            None => {}
        }
    }
}
