//! What can be done with one message: a menu over the list, and the question before it is deleted.
//!
//! Painted inside the list's own slot, so it needs nothing of ui; and taken back when ui moves the slot or shows only
//! part of it.

use super::Inner;
use crate::keys::ListKey;
use crate::slots::ink::{self, area};
use bulkhead_canvas::Renderer;
use bulkhead_canvas::core::{Point, Rectangle, Renderer as _, Size};
use bulkhead_canvas::fonts::{REGULAR, SEMIBOLD};
use bulkhead_canvas::palette::Palette;
use bulkhead_vault_core::MessageState;

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Its words are to be copied.
    Copy(u64),
    /// It is to be deleted.
    Delete(u64),
}

/// The menu, or the question that it leads to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Menu {
    seq: u64,
    /// Whether the question is asked.
    sure: bool,
    /// The item that Enter presses.
    item: usize,
    /// Where the pointer opened it.
    at: Point,
}

const TITLE: &str = "Delete this message?";
const WORDS: [&str; 2] = ["It is erased from this device.", "Other devices keep their copy."];
const ROW: f32 = 36.0;
const CARD: (Size, Size) = (Size { width: 208.0, height: 84.0 }, Size { width: 268.0, height: 140.0 });
/// In a smaller list nothing is asked.
const LEAST: Size = Size { width: 280.0, height: 148.0 };

impl Menu {
    /// Labels and places of what can be pressed.
    fn items(&self, card: Rectangle) -> [(&'static str, Rectangle); 2] {
        if self.sure {
            let y = card.y + card.height - 48.0;
            [
                ("Cancel", area(card.x + card.width - 188.0, y, 82.0, 34.0)),
                ("Delete", area(card.x + card.width - 98.0, y, 82.0, 34.0)),
            ]
        } else {
            let row = |n: f32| area(card.x + 6.0, card.y + 6.0 + n * ROW, card.width - 12.0, ROW);
            [("Copy text", row(0.0)), ("Delete for me…", row(1.0))]
        }
    }
}

impl Inner {
    fn card(&self, menu: &Menu) -> Rectangle {
        let size = if menu.sure { CARD.1 } else { CARD.0 };
        let inside = |at: f32, size: f32, view: f32| at.min(view - size - 8.0).max(8.0);
        area(
            inside(menu.at.x, size.width, self.view.width),
            inside(menu.at.y, size.height, self.view.height),
            size.width,
            size.height,
        )
    }

    /// The message under a point.
    fn message_at(&self, at: Point) -> Option<u64> {
        let over = self.placed.visible.iter().rev().find(|item| item.y <= at.y)?;
        self.messages.contains_key(&over.seq).then_some(over.seq)
    }

    /// The other button was pressed: the menu of what lies under it.
    pub(super) fn open_menu(&mut self, at: Point) -> bool {
        let fits = self.view.width >= LEAST.width && self.view.height >= LEAST.height;
        self.chosen = self.message_at(at).filter(|_| fits);
        self.menu = self.chosen.map(|seq| Menu { seq, sure: false, item: 0, at });
        true
    }

    /// The primary button was pressed while a menu is open: what it says, or the menu is closed.
    pub(super) fn press_menu(&mut self, at: Point) {
        let Some(menu) = self.menu else { return };
        let card = self.card(&menu);
        match menu.items(card).iter().position(|(_, place)| place.contains(at)) {
            Some(item) => self.enter(Menu { item, ..menu }),
            None if card.contains(at) => {}
            None => (self.menu, self.chosen) = (None, None),
        }
    }

    /// The pointer is over this item.
    pub(super) fn hover_menu(&mut self, at: Point) -> bool {
        let Some(menu) = self.menu else { return false };
        let item = menu.items(self.card(&menu)).iter().position(|(_, place)| place.contains(at)).unwrap_or(menu.item);
        self.menu = Some(Menu { item, ..menu });
        item != menu.item
    }

    fn enter(&mut self, menu: Menu) {
        let line = self.messages.get(&menu.seq).is_some_and(|message| message.state == MessageState::Timer);
        match (menu.sure, menu.item) {
            (false, 0) if line => self.menu = None,
            (false, 0) => (self.menu, self.act) = (None, Some(Act::Copy(menu.seq))),
            // Nothing is deleted by pressing Enter once more.
            (false, _) => self.menu = Some(Menu { sure: true, item: 0, ..menu }),
            (true, 0) => self.menu = None,
            (true, _) => (self.menu, self.chosen, self.act) = (None, None, Some(Act::Delete(menu.seq))),
        }
    }

    pub(super) fn list_key(&mut self, key: ListKey) {
        let fits = self.view.width >= LEAST.width && self.view.height >= LEAST.height;
        match (key, self.menu, self.chosen) {
            (ListKey::Up | ListKey::Down, Some(menu), _) => {
                // Two items: the other one.
                self.menu = Some(Menu { item: 1 - menu.item.min(1), ..menu });
            }
            (ListKey::Up, None, chosen) => self.choose(chosen.map_or(self.known.1, |seq| seq.saturating_sub(1))),
            (ListKey::Down, None, chosen) => self.choose(chosen.map_or(self.known.1, |seq| seq.saturating_add(1))),
            (ListKey::Enter, Some(menu), _) => self.enter(menu),
            (ListKey::Enter | ListKey::Delete, None, Some(seq)) if fits => {
                let at = self.placed.visible.iter().find(|item| item.seq == seq).map_or(0.0, |item| item.y);
                let (sure, at) = (key == ListKey::Delete, Point::new(self.view.width / 3.0, at + 24.0));
                self.menu = Some(Menu { seq, sure, item: 0, at });
            }
            (ListKey::Back, Some(_), _) => self.menu = None,
            (ListKey::Back, None, _) => self.chosen = None,
            _ => {}
        }
    }

    /// Chooses a message and brings it into view.
    fn choose(&mut self, seq: u64) {
        let seq = seq.clamp(self.known.0.max(1), self.known.1.max(1));
        self.chosen = (self.known.1 > 0).then_some(seq);
        let top = self.placed.visible.iter().find(|item| item.seq == seq).map(|item| item.y);
        let bottom = self.bubbles.get(&seq).zip(top).map(|(bubble, top)| top + bubble.above + bubble.size.height);
        let (above, below) = (top.is_none_or(|top| top < 0.0), bottom.is_none_or(|bottom| bottom > self.view.height));
        if above || below {
            self.anchor = Some(super::Anchor { seq, y: self.view.height / 3.0 });
        }
    }
}

pub(super) fn paint(inner: &Inner, to: &mut Renderer, bounds: Rectangle, clip: Rectangle, palette: &Palette) {
    let Some(menu) = &inner.menu else { return };
    let card = inner.card(menu) + bulkhead_canvas::core::Vector::new(bounds.x, bounds.y);
    to.with_layer(clip, |to| {
        ink::block(to, card, 12.0, palette.surface.color());
        ink::outline(to, card, 12.0, 1.0, palette.edge.color());
        if menu.sure {
            let write = |to: &mut Renderer, words, size, font, y, color| {
                ink::write(to, words, size, font, Point::new(card.x + 16.0, card.y + y), color, clip);
            };
            write(to, TITLE, 15.0, SEMIBOLD, 14.0, palette.text.color());
            write(to, WORDS[0], 13.0, REGULAR, 40.0, palette.muted.color());
            write(to, WORDS[1], 13.0, REGULAR, 58.0, palette.muted.color());
        }
        for (number, (label, place)) in menu.items(card).into_iter().enumerate() {
            let chosen = number == menu.item;
            let deletes = menu.sure && number == 1;
            let (ground, words) = match (menu.sure, deletes, chosen) {
                (true, true, _) => (palette.danger.faded(1.0), palette.surface),
                (_, _, true) => (palette.hover.faded(1.0), palette.text),
                _ => (palette.surface.faded(1.0), palette.text),
            };
            let words = if !menu.sure && number == 1 { palette.danger } else { words };
            ink::block(to, place, 8.0, ground);
            if menu.sure {
                let (width, edge) = if chosen { (2.0, palette.accent) } else { (1.0, palette.edge) };
                ink::outline(to, place, 8.0, width, edge.color());
            }
            let size = ink::measure(label, 14.0, SEMIBOLD);
            let x = if menu.sure { place.center_x() - size.width / 2.0 } else { place.x + 10.0 };
            let at = Point::new(x, place.center_y() - size.height / 2.0);
            ink::write(to, label, 14.0, SEMIBOLD, at, words.color(), clip);
        }
    });
}
