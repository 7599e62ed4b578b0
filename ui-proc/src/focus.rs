//! Keyboard focus: one ring over ui's own buttons and the slots that take keys, in the order of the layout.
//!
//! Slots get their keys from the vault; ui only says which one. A list is one stop in the ring: Up and Down
//! move within it.

use crate::message::Message;
use bulkhead_canvas::core::Rectangle;
use bulkhead_ipc::pixels::{SlotKey, SlotKind};

/// Who has the keyboard.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Focus {
    /// Nobody.
    #[default]
    None,
    /// A button.
    Button(Message),
    /// A slot.
    Slot(SlotKey),
}

/// Which part scrolls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scroller {
    /// The conversation list.
    List,
    /// The panel or full screen.
    Page,
}

/// A scrolling part as it is now, in logical pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// Which.
    pub scroller: Scroller,
    /// What can be seen.
    pub bounds: Rectangle,
    /// How far it is scrolled.
    pub offset: f32,
}

impl Viewport {
    /// The offset that brings `r` (where it is now) into view; `None` if it is in view.
    pub fn reveal(&self, r: Rectangle) -> Option<f32> {
        const AIR: f32 = 8.0;
        let above = self.bounds.y + AIR - r.y;
        let below = r.y + r.height + AIR - self.bounds.y - self.bounds.height;
        if above > AIR {
            Some((self.offset - above).max(0.0))
        } else if below > AIR {
            Some(self.offset + below.min(-above).max(0.0))
        } else {
            None
        }
    }
}

/// Something that can have the focus.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stop {
    /// What.
    pub focus: Focus,
    /// Where, in logical pixels, scrolled.
    pub bounds: Rectangle,
    /// In which scrolling part.
    pub viewport: Option<Viewport>,
}

/// All stops of a frame, in the order of the layout.
#[derive(Clone, Debug, Default)]
pub struct Ring(Vec<Stop>);

impl Ring {
    /// A ring of these stops.
    pub fn new(stops: Vec<Stop>) -> Self {
        Self(stops)
    }

    /// The stop of a focus.
    pub fn stop(&self, focus: Focus) -> Option<&Stop> {
        self.0.iter().find(|stop| stop.focus == focus)
    }

    /// The next stop round the ring, or the one before. `chosen` is the row by which the list is entered.
    pub fn step(&self, from: Focus, back: bool, chosen: Option<u32>) -> Focus {
        let stops = self.round(from, chosen);
        let at = stops.iter().position(|&focus| focus == from);
        let count = stops.len();
        let to = match (at, back) {
            (None, false) => 0,
            (None, true) => count.saturating_sub(1),
            (Some(at), false) => (at + 1) % count.max(1),
            (Some(at), true) => (at + count.saturating_sub(1)) % count.max(1),
        };
        stops.get(to).copied().unwrap_or(from)
    }

    /// The stops with each list folded into one: the row that has the focus, else the chosen one, else the first.
    fn round(&self, from: Focus, chosen: Option<u32>) -> Vec<Focus> {
        let rows: Vec<Focus> = self.0.iter().map(|stop| stop.focus).filter(is_row).collect();
        let wanted = [from, chosen.map_or(Focus::None, |handle| Focus::Button(Message::Open(handle)))];
        let entry = wanted.into_iter().find(|focus| rows.contains(focus)).or(rows.first().copied());
        self.0.iter().map(|stop| stop.focus).filter(|focus| !is_row(focus) || Some(*focus) == entry).collect()
    }
}

/// Whether this is a row of the conversation list.
pub fn is_row(focus: &Focus) -> bool {
    matches!(focus, Focus::Button(Message::Open(_)))
}

/// The slot of a kind there is only one of.
pub const fn only(kind: SlotKind) -> SlotKey {
    SlotKey { kind, handle: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEARCH: Focus = Focus::Slot(only(SlotKind::Search));
    const BACK: Focus = Focus::Button(Message::Back);

    fn row(handle: u32) -> Focus {
        Focus::Button(Message::Open(handle))
    }

    fn ring() -> Ring {
        let stop = |focus| Stop { focus, bounds: Rectangle::default(), viewport: None };
        Ring::new([SEARCH, row(1), row(2), row(3), BACK].map(stop).to_vec())
    }

    #[test]
    fn the_list_is_one_stop_entered_at_the_chosen_row() {
        assert_eq!(ring().step(SEARCH, false, Some(2)), row(2));
        assert_eq!(ring().step(SEARCH, false, None), row(1));
        assert_eq!(ring().step(SEARCH, false, Some(99)), row(1));
        assert_eq!(ring().step(row(3), false, Some(2)), BACK);
        assert_eq!(ring().step(row(3), true, Some(2)), SEARCH);
    }

    #[test]
    fn it_goes_round_and_starts_somewhere() {
        assert_eq!(ring().step(BACK, false, None), SEARCH);
        assert_eq!(ring().step(SEARCH, true, None), BACK);
        assert_eq!(ring().step(Focus::None, false, None), SEARCH);
        assert_eq!(ring().step(Focus::None, true, None), BACK);
        assert_eq!(Ring::default().step(Focus::None, true, None), Focus::None);
    }

    #[test]
    fn what_is_out_of_view_is_scrolled_in() {
        let bounds = Rectangle { x: 0.0, y: 100.0, width: 100.0, height: 200.0 };
        let view = Viewport { scroller: Scroller::Page, bounds, offset: 50.0 };
        let at = |y| Rectangle { x: 0.0, y, width: 100.0, height: 40.0 };
        assert_eq!(view.reveal(at(150.0)), None);
        assert_eq!(view.reveal(at(80.0)), Some(22.0));
        assert_eq!(view.reveal(at(300.0)), Some(98.0));
    }
}
