//! Where a key or the pointer goes: to a slot, to the vault's own acts, or, as a command or a position, to ui.

use super::Desk;
use crate::clock;
use crate::idle::Clocks;
use crate::keys::{self, Meaning, Own, Scroll, Situation, Step};
use crate::slots::news;
use crate::view::{self, Conversation};
use bulkhead_canvas::core::widget::operation::scrollable::{AbsoluteOffset, scroll_by};
use bulkhead_canvas::core::{Event, Point, keyboard, mouse, window};
use bulkhead_ipc::intent::{Pointer, ToUi};
use bulkhead_ipc::pixels::{Rect, Slot, SlotKey, SlotKind};

/// Logical pixels that one step of a wheel moves.
const WHEEL: f32 = 60.0;
/// Logical pixels that an arrow key moves a page about updates.
const LINE: f32 = 40.0;
/// More than any page is high.
const FAR: f32 = 1e6;
/// Units of the intent line's wheel per logical pixel.
const WHEEL_UNIT: f32 = 16.0;

impl Desk {
    /// One event of the window. Positions are in logical pixels.
    pub fn event(&mut self, event: Event) {
        self.judge_idle();
        if matches!(event, Event::Keyboard(_) | Event::Mouse(_) | Event::InputMethod(_) | Event::Touch(_)) {
            self.idle.touch(Clocks::now());
        }
        match event {
            Event::Keyboard(event) => self.key(event),
            Event::Mouse(event) => self.mouse(event),
            Event::InputMethod(event) => self.input_method(event),
            Event::Window(event @ (window::Event::Focused | window::Event::Unfocused)) => {
                self.session.attended = matches!(event, window::Event::Focused);
                if !self.session.attended {
                    self.end_composition(None);
                }
                self.feed(Event::Window(event));
            }
            _ => {}
        }
        self.finish();
    }

    pub(super) fn situation(&self) -> Situation {
        Situation {
            focus: self.session.focus.map(|key| key.kind),
            open: self.session.is_open(),
            compose: self.session.shown(SlotKind::Compose).is_some()
                && self.session.shown(SlotKind::Compose) == self.session.open,
            chosen: self.session.list.chosen(),
            composing: self.composition.is_live(),
        }
    }

    fn key(&mut self, event: keyboard::Event) {
        match &event {
            keyboard::Event::KeyPressed { key, physical_key, modifiers, .. } => {
                let meaning = keys::meaning(key, key.to_latin(*physical_key), *modifiers, self.situation());
                match meaning {
                    Meaning::Ui(command) => self.session.command(command),
                    Meaning::Own(own) => self.own(own),
                    Meaning::Slot => {
                        self.session.acts.typed();
                        self.feed(Event::Keyboard(event));
                    }
                    Meaning::Compose => {
                        self.session.acts.typed();
                        self.session.focus_kind(SlotKind::Compose);
                        self.feed(Event::Keyboard(event));
                    }
                    Meaning::Nothing => {}
                }
            }
            keyboard::Event::ModifiersChanged(modifiers) => {
                self.modifiers = *modifiers;
                self.feed(Event::Keyboard(event));
            }
            keyboard::Event::KeyReleased { .. } if self.field().is_some() => self.feed(Event::Keyboard(event)),
            keyboard::Event::KeyReleased { .. } => {}
        }
    }

    fn own(&mut self, own: Own) {
        match own {
            Own::Lock => self.session.lock(),
            Own::Quit => self.session.quit(),
            Own::Submit(kind) => self.session.submit(kind),
            Own::Scroll(how) => self.session.list.scroll(how),
            Own::Read(kind, how) => self.read_on(kind, how),
            Own::Copy => {
                let marked = self.session.vault().zip(self.session.open).and_then(|(vault, contact)| {
                    self.session.list.marked(&Conversation(vault, contact), &self.session.zone, clock::now())
                });
                if let Some(text) = marked {
                    self.session.copy(text);
                }
            }
            Own::Result(Step::Open) => self.session.open_hit(self.session.hit),
            Own::Result(Step::Down) => {
                self.session.hit = (self.session.hit + 1).min(self.session.hits.len().saturating_sub(1))
            }
            Own::Result(Step::Up) => self.session.hit = self.session.hit.saturating_sub(1),
            Own::List(key) => self.session.list.key(key),
            Own::SwitchButton => self.session.switch_button(),
            Own::PressButton => self.session.press_button(),
            Own::AutoLock(by) => {
                let choice = self.session.auto_lock.beside(by.into());
                self.session.set_auto_lock(choice);
            }
        }
        self.dirty = true;
    }

    /// Scrolls a page about updates.
    fn read_on(&mut self, kind: SlotKind, how: Scroll) {
        let page = self.ui.slots().iter().find(|slot| slot.key.kind == kind);
        let page = page.map_or(0.0, |slot| slot.clip.h as f32 / self.painter.scale());
        let y = match how {
            Scroll::Lines(lines) => f32::from(lines) * LINE,
            Scroll::Pages(pages) => f32::from(pages) * (page - LINE).max(LINE),
            Scroll::Oldest => -FAR,
            Scroll::Newest => FAR,
        };
        let below = self.painter.below(self.display);
        let host = view::window(&self.session, self.ui.slots(), below, &self.preedit, self.painter.scale());
        self.painter.operate(host, &mut scroll_by(news::id(kind), AbsoluteOffset { x: 0.0, y }));
    }

    /// The slot under the pointer that deals with the pointer itself. Labels do not: they lie on ui's buttons. Below
    /// ui's frame there is none, even if ui has not drawn yet since its frame became lower.
    fn slot_at(&self, at: (i32, i32)) -> Option<&Slot> {
        if at.1 >= i32::try_from(self.ui.size().1).unwrap_or(i32::MAX) {
            return None;
        }
        self.ui.slots().iter().find(|slot| slot.key.kind.is_focusable() && slot.clip.contains(at.0, at.1))
    }

    fn physical(&self) -> (i32, i32) {
        let scale = self.painter.scale();
        ((self.pointer.x * scale).floor() as i32, (self.pointer.y * scale).floor() as i32)
    }

    /// Whether the pointer is the vault's own business: over a slot, or below the frame.
    fn is_own(&self) -> bool {
        let (width, height) = self.ui.size();
        let edge = |v: u32| i32::try_from(v).unwrap_or(i32::MAX);
        let at = self.physical();
        self.slot_at(at).is_some() || !Rect::new(0, 0, edge(width), edge(height)).contains(at.0, at.1)
    }

    fn mouse(&mut self, event: mouse::Event) {
        match event {
            mouse::Event::CursorMoved { position } => self.moved(position),
            mouse::Event::CursorLeft => {
                self.over_slot = false;
                self.painter.set_cursor(None);
                self.feed(Event::Mouse(event));
                self.tell(ToUi::Pointer(Pointer::Left));
            }
            mouse::Event::ButtonPressed(mouse::Button::Left) => self.pressed(event),
            mouse::Event::ButtonReleased(mouse::Button::Left) => match self.held.take() {
                Some(true) => {
                    self.feed(Event::Mouse(event));
                    self.moved(self.pointer);
                }
                Some(false) => {
                    self.tell(ToUi::Pointer(Pointer::Released));
                    self.moved(self.pointer);
                }
                None => {}
            },
            // What can be done with a message; elsewhere the other button means nothing.
            mouse::Event::ButtonPressed(mouse::Button::Right) => {
                if let Some(key) = self.slot_at(self.physical()).map(|slot| slot.key)
                    && key.kind == SlotKind::MessageList
                {
                    self.end_composition(None);
                    self.session.set_focus(Some(key));
                    self.feed(Event::Mouse(event));
                }
            }
            mouse::Event::WheelScrolled { delta } => self.wheel(delta),
            _ => {}
        }
    }

    fn moved(&mut self, position: Point) {
        self.pointer = position;
        let own = self.held.unwrap_or_else(|| self.is_own());
        let was = std::mem::replace(&mut self.over_slot, own);
        if own {
            self.painter.set_cursor(Some(position));
            if !was {
                self.tell(ToUi::Pointer(Pointer::Left));
            }
            self.feed(Event::Mouse(mouse::Event::CursorMoved { position }));
        } else {
            if was {
                self.painter.set_cursor(None);
                self.feed(Event::Mouse(mouse::Event::CursorLeft));
            }
            let (x, y) = self.physical();
            self.tell(ToUi::Pointer(Pointer::Moved { x, y }));
        }
    }

    fn pressed(&mut self, event: mouse::Event) {
        let own = self.is_own();
        self.held = Some(own);
        // Wherever it leads: the words belong where the cursor was.
        self.end_composition(None);
        if !own {
            return self.tell(ToUi::Pointer(Pointer::Pressed));
        }
        let key: Option<SlotKey> = self.slot_at(self.physical()).map(|slot| slot.key);
        if let Some(key) = key {
            self.session.set_focus(Some(key));
        }
        self.feed(Event::Mouse(event));
    }

    fn wheel(&mut self, delta: mouse::ScrollDelta) {
        let (x, y) = match delta {
            mouse::ScrollDelta::Lines { x, y } => (x * WHEEL, y * WHEEL),
            mouse::ScrollDelta::Pixels { x, y } => (x, y),
        };
        match self.slot_at(self.physical()).map(|slot| slot.key.kind) {
            Some(SlotKind::SearchResults) => self.own(Own::Result(if y < 0.0 { Step::Down } else { Step::Up })),
            Some(_) => {
                self.feed(Event::Mouse(mouse::Event::WheelScrolled { delta: mouse::ScrollDelta::Pixels { x, y } }))
            }
            None if !self.is_own() => {
                let units = |v: f32| (v * WHEEL_UNIT).clamp(-1e6, 1e6) as i32;
                self.tell(ToUi::Pointer(Pointer::Wheel { x: units(x), y: units(y) }));
            }
            None => {}
        }
    }
}
