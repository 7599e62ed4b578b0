//! From widgets to frames: pixels in one of two shared buffers, and the list of slots.

mod collect;

use crate::app::App;
use crate::focus::Scroller;
use crate::message::Message;
use crate::screens;
use crate::widgets::{LIST, PAGE};
use bulkhead_canvas::core::widget::Id;
use bulkhead_canvas::core::widget::operation::scrollable::{AbsoluteOffset, scroll_to};
use bulkhead_canvas::core::{Event, Point, clipboard, mouse};
use bulkhead_canvas::geometry::scale_factor;
use bulkhead_canvas::palette::Palette;
use bulkhead_canvas::{Surface, geometry};
use bulkhead_ipc::frame_memory::Writer;
use bulkhead_ipc::intent::Pointer;
use bulkhead_ipc::pixels::{Cursor, FromUi, Slot, Theme};
use collect::Collector;
use std::os::fd::OwnedFd;

/// Why no frame can be drawn.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A geometry came with memory that it did not announce, or without memory that it needs.
    #[error("the vault broke the protocol: frame memory missing or unasked for")]
    Memory,
    /// The kernel refused to map the frame memory.
    #[error("the frame memory cannot be mapped ({0}): close other programs and start Bulkhead again")]
    Map(nix::errno::Errno),
}

/// A geometry of the frame, as the vault tells it.
#[derive(Clone, Copy, Debug)]
pub struct Geometry {
    /// Width in physical pixels.
    pub width: u32,
    /// Height in physical pixels.
    pub height: u32,
    /// Scale in units of the pixels line.
    pub scale: u32,
    /// Theme.
    pub theme: Theme,
    /// Its number.
    pub serial: u32,
}

/// The surface, the two buffers, and what the vault has of them.
pub struct Frames {
    surface: Surface<2>,
    memory: Option<Writer>,
    capacity: usize,
    free: [bool; 2],
    serial: u32,
    events: Vec<Event>,
    cursor: Cursor,
    slots: Option<Vec<Slot>>,
    dirty: bool,
}

impl Default for Frames {
    fn default() -> Self {
        Self {
            surface: Surface::new(1, 1, 1.0, Palette::of(Theme::Light).ground.color()),
            memory: None,
            capacity: 0,
            free: [false; 2],
            serial: 0,
            events: Vec::new(),
            cursor: Cursor::Arrow,
            slots: None,
            dirty: false,
        }
    }
}

impl Frames {
    /// Takes a new geometry, with the memory for it if there is a new one.
    pub fn configure(
        &mut self,
        app: &mut App,
        to: Geometry,
        capacity: u64,
        memory: Option<OwnedFd>,
    ) -> Result<(), Error> {
        let capacity = usize::try_from(capacity).map_err(|_| Error::Memory)?;
        match memory {
            Some(memory) => {
                // The old mapping goes first: both together could be more than this process may have.
                self.memory = None;
                let length = capacity.checked_mul(2).ok_or(Error::Memory)?;
                self.memory = Some(Writer::new(&memory, length).map_err(Error::Map)?);
                self.capacity = capacity;
            }
            None if self.memory.is_none() || capacity != self.capacity => return Err(Error::Memory),
            None => {}
        }
        self.resize(app, to);
        Ok(())
    }

    /// Takes a new geometry, without memory.
    pub fn resize(&mut self, app: &mut App, to: Geometry) {
        self.surface.resize(to.width, to.height, scale_factor(to.scale));
        self.surface.set_theme(to.theme, Palette::of(to.theme).ground.color());
        self.free = [true; 2];
        self.serial = to.serial;
        self.slots = None;
        self.dirty = true;
        let size = self.surface.logical_size();
        app.state.size = (size.width, size.height);
        app.state.theme = to.theme;
    }

    /// The vault has copied a buffer.
    pub fn release(&mut self, buffer: u8) {
        if let Some(free) = self.free.get_mut(usize::from(buffer)) {
            *free = true;
        }
    }

    /// Something changed that may show.
    pub fn touch(&mut self) {
        self.dirty = true;
    }

    /// What the pointer did; it takes effect in [`Frames::settle`].
    pub fn pointer(&mut self, app: &mut App, pointer: Pointer) {
        let event = match pointer {
            Pointer::Moved { x, y } => {
                let position = geometry::logical_point(x, y, self.surface.scale());
                self.turn(app, Some(position));
                mouse::Event::CursorMoved { position }
            }
            Pointer::Left => {
                self.turn(app, None);
                mouse::Event::CursorLeft
            }
            Pointer::Pressed => {
                app.pointed();
                mouse::Event::ButtonPressed(mouse::Button::Left)
            }
            Pointer::Released => mouse::Event::ButtonReleased(mouse::Button::Left),
            Pointer::Wheel { x, y } => mouse::Event::WheelScrolled {
                delta: mouse::ScrollDelta::Pixels { x: x as f32 / 16.0, y: y as f32 / 16.0 },
            },
        };
        self.events.push(Event::Mouse(event));
        self.dirty = true;
    }

    /// Moves the pointer. Presses that wait belong to where it was, so they are dealt with first; of mere
    /// movements only the last matters.
    fn turn(&mut self, app: &mut App, to: Option<Point>) {
        if self.events.iter().any(|event| !matches!(event, Event::Mouse(mouse::Event::CursorMoved { .. }))) {
            self.settle(app);
        }
        self.events.clear();
        self.surface.set_cursor(to);
    }

    /// Lets the widgets see what the pointer did, and the program do what they say.
    pub fn settle(&mut self, app: &mut App) {
        if self.events.is_empty() {
            return;
        }
        let events = std::mem::take(&mut self.events);
        let messages: Vec<Message> =
            self.surface.update(screens::view(&app.state, app.focus), &events, &mut clipboard::Null);
        messages.into_iter().for_each(|message| app.pressed(message));
    }

    /// Whether a frame can be drawn and has to be.
    pub fn wants_to_draw(&self) -> bool {
        self.dirty && self.memory.is_some() && self.free.contains(&true)
    }

    /// Draws a frame into a free buffer; `None` if none has to be sent.
    pub fn draw(&mut self, app: &mut App) -> Option<FromUi> {
        let at = self.free.iter().position(|free| *free)?;
        let mut memory = self.memory.take()?;
        let length = self.surface.bytes();
        let frame = match memory.bytes_mut(at * self.capacity, length) {
            Some(pixels) => self.draw_into(app, at, pixels),
            None => None,
        };
        self.memory = Some(memory);
        frame
    }

    /// Draws a frame into this buffer; `None` if nothing changed.
    pub fn draw_into(&mut self, app: &mut App, at: usize, pixels: &mut [u8]) -> Option<FromUi> {
        let (slots, cursor) = self.record(app);
        let damage = self.surface.take_damage();
        let changed = self.slots.as_ref() != Some(&slots);
        if damage.is_empty() && !changed && cursor == self.cursor {
            return None;
        }
        self.surface.paint_buf(at, pixels);
        if let Some(free) = self.free.get_mut(at) {
            *free = false;
        }
        self.cursor = cursor;
        let sent = changed.then(|| slots.clone());
        self.slots = Some(slots);
        Some(FromUi::Frame {
            slots: sent,
            buffer: u8::try_from(at).unwrap_or_default(),
            cursor,
            damage,
            serial: self.serial,
        })
    }

    fn record(&mut self, app: &mut App) -> (Vec<Slot>, Cursor) {
        let mut laid_out = (Vec::new(), Cursor::Arrow);
        // A layout can itself tell something new (the list appeared, a button is gone): once more, then it is settled.
        for _ in 0..4 {
            if let Some(scroll) = app.take_scroll() {
                let id = Id::new(if scroll.scroller == Scroller::List { LIST } else { PAGE });
                let to = AbsoluteOffset { x: None, y: Some(scroll.offset) };
                self.surface.operate(screens::view(&app.state, app.focus), &mut scroll_to(id, to));
            }
            let mut found = Collector::new(self.surface.logical_size());
            let recorded = self.surface.record(screens::view(&app.state, app.focus), &mut clipboard::Null, &mut found);
            let cursor = if recorded.interaction == mouse::Interaction::Pointer { Cursor::Hand } else { Cursor::Arrow };
            let slots = found.slots(self.surface.scale(), self.surface.physical_size());
            // How far the list is scrolled is seen from the layout; what a list says of itself as it appears is old.
            let said: Vec<Message> =
                recorded.messages.into_iter().filter(|message| !matches!(message, Message::Scrolled(_))).collect();
            let quiet = said.is_empty();
            said.into_iter().for_each(|message| app.pressed(message));
            let settled = app.drawn(found.stops, found.list, &slots);
            laid_out = (slots, cursor);
            if settled && quiet {
                break;
            }
        }
        self.dirty = false;
        laid_out
    }
}
