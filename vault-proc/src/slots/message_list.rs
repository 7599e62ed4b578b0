//! The messages of a conversation: only what can be seen is read from the store and shaped.
//!
//! Where the list stands, what is shaped and what is marked is kept in a [`Shelf`] and not in the widget, so
//! that it outlives a ui that is restarted, and keys can move it.

mod menu;
mod paint;

use super::ink::{self, area};
use super::place::{Anchor, Placement, place};
use super::stopwatch;
use crate::clock::Zone;
use crate::keys::{ListKey, Scroll};
use bulkhead_canvas::core::text::Paragraph as _;
use bulkhead_canvas::core::{
    Event, Layout, Length, Point, Rectangle, Shell, Size, Theme, layout, mouse, renderer, widget,
};
use bulkhead_canvas::fonts::{REGULAR, SEMIBOLD};
use bulkhead_canvas::graphics::text::Paragraph;
use bulkhead_canvas::palette::Palette;
use bulkhead_canvas::{Renderer, core};
use bulkhead_vault_core::{MessageState, MessageView, Time};
pub use menu::Act;
use std::cell::{RefCell, RefMut};
use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

/// Messages read from the store at once, around the one that is missing.
const PAGE: u64 = 24;
/// Messages kept in memory.
const KEPT: usize = 400;
/// Messages of one writer this close together stand as one group, in milliseconds.
const GROUP: u64 = 5 * 60 * 1000;
const BODY: f32 = 15.0;
const SMALL: f32 = 11.0;
const PAD: (f32, f32) = (12.0, 7.0);
const SIDE: f32 = 20.0;
const BOTTOM: f32 = 12.0;
const BAR: f32 = 12.0;
const JUMP: f32 = 36.0;
/// Most messages that are copied at once.
const COPIED: u64 = 2000;

/// Where messages come from.
pub trait Messages {
    /// The lowest number.
    fn oldest(&self) -> u64;
    /// The highest number; 0 if there are none.
    fn newest(&self) -> u64;
    /// Those of the range that there are, ascending.
    fn read(&self, range: RangeInclusive<u64>) -> Vec<MessageView>;
}

/// A place in a message: its number, line, and byte in the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Spot(u64, usize, usize);

#[derive(Clone, Copy, PartialEq)]
enum Drag {
    None,
    Bar,
    Mark { from: Spot, to: Spot, moving: bool },
}

struct Bubble {
    body: Paragraph,
    time: Paragraph,
    heading: Option<Paragraph>,
    divider: bool,
    /// Not a message, but a line about what happened.
    line: bool,
    /// Above the bubble: distance, heading, divider.
    above: f32,
    size: Size,
}

struct Inner {
    anchor: Option<Anchor>,
    placed: Placement,
    view: Size,
    known: (u64, u64),
    messages: BTreeMap<u64, MessageView>,
    bubbles: HashMap<u64, Bubble>,
    divider: Option<u64>,
    found: Option<u64>,
    drag: Drag,
    hover: (bool, bool),
    today: Option<String>,
    /// The message that keys or the other button chose.
    chosen: Option<u64>,
    menu: Option<menu::Menu>,
    act: Option<Act>,
}

/// The state of one conversation's list.
pub struct Shelf(RefCell<Inner>);

impl Shelf {
    /// Stands at the newest message.
    pub fn new() -> Self {
        Self(RefCell::new(Inner {
            anchor: None,
            placed: Placement { visible: Vec::new(), at_end: true },
            view: Size::ZERO,
            known: (0, 0),
            messages: BTreeMap::new(),
            bubbles: HashMap::new(),
            divider: None,
            found: None,
            drag: Drag::None,
            hover: (false, false),
            today: None,
            chosen: None,
            menu: None,
            act: None,
        }))
    }

    fn inner(&self) -> RefMut<'_, Inner> {
        self.0.borrow_mut()
    }

    /// The store has new messages, or new states: what was read counts no more.
    pub fn refresh(&self) {
        self.inner().messages.clear();
    }

    /// So many messages now stand before the one that was at this place: what was in view stays there.
    pub fn inserted(&self, seq: u64, count: u64) {
        let mut inner = self.inner();
        let inner = &mut *inner;
        let mut places: Vec<&mut u64> = inner.placed.visible.iter_mut().map(|item| &mut item.seq).collect();
        places.extend(inner.anchor.iter_mut().map(|anchor| &mut anchor.seq));
        places.extend(inner.divider.iter_mut().chain(&mut inner.found));
        if let Drag::Mark { from, to, .. } = &mut inner.drag {
            places.extend([&mut from.0, &mut to.0]);
        }
        places.into_iter().filter(|place| **place >= seq).for_each(|place| *place += count);
        inner.messages.clear();
        inner.bubbles.clear();
    }

    /// A message is gone, and the others are in these places now: what is being read stays where it is.
    pub fn removed(&self, seq: u64, moved: impl Fn(u64) -> u64) {
        let mut inner = self.inner();
        let gone = |place: &Option<u64>| *place == Some(seq);
        if gone(&inner.found) {
            inner.found = None;
        }
        if gone(&inner.chosen) || inner.menu.is_some() {
            (inner.chosen, inner.menu) = (None, None);
        }
        if let Drag::Mark { .. } = inner.drag {
            inner.drag = Drag::None;
        }
        let inner = &mut *inner;
        let places = [&mut inner.divider, &mut inner.found, &mut inner.chosen].into_iter().flatten();
        places.chain(inner.anchor.iter_mut().map(|anchor| &mut anchor.seq)).for_each(|place| *place = moved(*place));
        inner.messages.clear();
        inner.bubbles.clear();
    }

    /// Whether a message is chosen, and whether its menu is open.
    pub fn chosen(&self) -> (bool, bool) {
        let inner = self.inner();
        (inner.chosen.is_some(), inner.menu.is_some())
    }

    /// Whether a menu is open.
    pub fn has_menu(&self) -> bool {
        self.inner().menu.is_some()
    }

    /// Closes the menu: nothing was decided.
    pub fn close_menu(&self) {
        let mut inner = self.inner();
        (inner.menu, inner.act) = (None, None);
    }

    /// A key for messages.
    pub fn key(&self, key: ListKey) {
        self.inner().list_key(key);
    }

    /// What was decided about a message.
    pub fn take_act(&self) -> Option<Act> {
        self.inner().act.take()
    }

    /// Whether the newest message is on screen.
    pub fn at_end(&self) -> bool {
        self.inner().placed.at_end
    }

    /// Goes to the newest message, and stays with it.
    pub fn to_end(&self) {
        let mut inner = self.inner();
        inner.anchor = None;
        inner.found = None;
    }

    /// Goes to a message and marks it.
    pub fn go_to(&self, seq: u64) {
        let mut inner = self.inner();
        let y = inner.view.height / 3.0;
        inner.anchor = Some(Anchor { seq, y });
        inner.found = Some(seq);
    }

    /// Draws a line above the first of so many unread messages, and stands there if they do not fit.
    pub fn divide(&self, source: &dyn Messages, unread: u32) {
        let newest = source.newest();
        let range = newest.saturating_sub(u64::from(unread.min(500)) * 2).max(source.oldest())..=newest;
        if unread == 0 || newest == 0 {
            return;
        }
        let theirs: Vec<u64> =
            source.read(range).iter().rev().filter(|m| !m.mine).map(|m| m.seq).take(unread as usize).collect();
        let mut inner = self.inner();
        inner.divider = theirs.last().copied();
        inner.anchor = inner.divider.map(|seq| Anchor { seq, y: 0.0 });
        inner.bubbles.clear();
    }

    /// The unread line is not needed any more.
    pub fn end_divider(&self) {
        let mut inner = self.inner();
        if inner.divider.take().is_some() {
            inner.bubbles.clear();
        }
    }

    /// Moves.
    pub fn scroll(&self, how: Scroll) {
        let mut inner = self.inner();
        let page = (inner.view.height * 0.85).max(60.0);
        match how {
            Scroll::Lines(n) => inner.shift(f32::from(n) * -60.0),
            Scroll::Pages(n) => inner.shift(f32::from(n) * -page),
            Scroll::Oldest => inner.anchor = Some(Anchor { seq: inner.known.0.max(1), y: 0.0 }),
            Scroll::Newest => inner.anchor = None,
        }
    }

    /// The marked text; `None` if nothing is marked.
    pub fn marked(&self, source: &dyn Messages, zone: &Zone, now: Time) -> Option<String> {
        let mut inner = self.inner();
        let Drag::Mark { from, to, .. } = inner.drag else { return None };
        let (from, to) = (from.min(to), from.max(to));
        if from == to {
            return None;
        }
        let mut parts = Vec::new();
        for seq in from.0..=to.0.min(from.0 + COPIED) {
            inner.bubble(seq, source, zone, now);
            let Some(bubble) = inner.bubbles.get(&seq) else { continue };
            let mut lines = Vec::new();
            for (number, line) in bubble.body.buffer().lines.iter().enumerate() {
                let text = line.text();
                let start = if (seq, number) == (from.0, from.1) { from.2 } else { 0 };
                let end = if (seq, number) == (to.0, to.1) { to.2 } else { text.len() };
                let after = Spot(seq, number, usize::MAX) >= from && Spot(seq, number, 0) <= to;
                if let (true, Some(part)) = (after, text.get(start..end)) {
                    lines.push(part.to_owned());
                }
            }
            parts.push(lines.join("\n"));
        }
        Some(parts.join("\n"))
    }
}

impl Inner {
    /// The first message that is visible moves by this much, downwards.
    fn shift(&mut self, by: f32) {
        let first = self.placed.visible.first().copied();
        self.anchor = first.map(|first| Anchor { y: first.y + by, ..first });
        self.found = None;
    }

    fn message(&mut self, seq: u64, source: &dyn Messages) -> Option<&MessageView> {
        if !self.messages.contains_key(&seq) {
            if self.messages.len() > KEPT {
                self.messages.clear();
            }
            let range = seq.saturating_sub(PAGE).max(self.known.0)..=(seq + PAGE).min(self.known.1);
            self.messages.extend(source.read(range).into_iter().map(|message| (message.seq, message)));
        }
        self.messages.get(&seq)
    }

    /// Shapes a message if it is not yet; returns its height with what stands above it.
    fn bubble(&mut self, seq: u64, source: &dyn Messages, zone: &Zone, now: Time) -> f32 {
        if let Some(bubble) = self.bubbles.get(&seq) {
            return bubble.above + bubble.size.height;
        }
        if self.bubbles.len() > KEPT {
            self.bubbles.clear();
        }
        let before = if seq > self.known.0 { self.message(seq - 1, source).map(|m| (m.mine, m.at)) } else { None };
        let widest = (self.view.width * 0.72).clamp(120.0, 620.0) - 2.0 * PAD.0;
        let divider = self.divider == Some(seq);
        let Some(message) = self.message(seq, source) else { return 0.0 };
        let same_day = before.is_some_and(|(_, at)| zone.day(at) == zone.day(message.at));
        let heading = (!same_day).then(|| ink::line(&zone.heading(message.at, now), 12.0, SEMIBOLD));
        let joined = same_day
            && !divider
            && before.is_some_and(|(mine, at)| mine == message.mine && message.at.0.abs_diff(at.0) < GROUP);
        let line = matches!(message.state, MessageState::Timer | MessageState::Note);
        let body = match message.state {
            MessageState::Timer => {
                ink::wrapped(&stopwatch::sentence(message.mine, message.life), widest, 12.0, REGULAR)
            }
            MessageState::Note => ink::wrapped(message.text.as_str(), widest, 13.0, REGULAR),
            _ => ink::wrapped(message.text.as_str(), widest, BODY, REGULAR),
        };
        let time = ink::line(&zone.hour(message.at), SMALL, REGULAR);
        let sign = if message.life > 0 { stopwatch::EDGE + 4.0 } else { 0.0 };
        let meta = if line { 0.0 } else { time.min_width() + sign + if message.mine { 20.0 } else { 0.0 } };
        let (text, last) =
            (body.min_bounds(), body.buffer().layout_runs().last().map_or((0.0, false), |run| (run.line_w, run.rtl)));
        // The time stands beside the last line if there is room, else below it.
        let inline = line || !last.1 && last.0 + 10.0 + meta <= widest;
        let size = Size {
            width: if message.state == MessageState::Timer {
                text.width + stopwatch::EDGE + 8.0
            } else if line {
                text.width
            } else if inline {
                text.width.max(last.0 + 10.0 + meta)
            } else {
                text.width.max(meta)
            } + 2.0 * PAD.0,
            height: text.height + if inline { 0.0 } else { 15.0 } + 2.0 * PAD.1,
        };
        let above =
            if joined { 3.0 } else { 10.0 } + heading.as_ref().map_or(0.0, |_| 38.0) + if divider { 32.0 } else { 0.0 };
        self.bubbles.insert(seq, Bubble { body, time, heading, divider, line, above, size });
        above + size.height
    }

    fn lay_out(&mut self, view: Size, source: &dyn Messages, zone: &Zone, now: Time) {
        let today = zone.heading(Time(0), now) + &zone.day(now).to_string();
        if self.view.width != view.width || self.today.as_ref() != Some(&today) {
            self.bubbles.clear();
            self.today = Some(today);
        }
        self.view = view;
        self.known = (source.oldest().max(1), source.newest());
        let (oldest, newest) = self.known;
        let anchor = self.anchor;
        let placed = place(oldest, newest, view.height, anchor, |seq| {
            self.bubble(seq, source, zone, now) + if seq == newest { BOTTOM } else { 0.0 }
        });
        self.anchor = if placed.at_end { None } else { placed.visible.first().copied() };
        self.placed = placed;
    }

    fn left(&self, mine: bool, bubble: &Bubble) -> f32 {
        if bubble.line {
            ((self.view.width - bubble.size.width) / 2.0).max(0.0)
        } else if mine {
            self.view.width - SIDE - bubble.size.width
        } else {
            SIDE
        }
    }

    /// The place in the text under a point, or the nearest.
    fn spot(&self, at: Point) -> Option<Spot> {
        let item = self.placed.visible.iter().rev().find(|item| item.y <= at.y).or(self.placed.visible.first())?;
        let (bubble, mine) = (self.bubbles.get(&item.seq)?, self.messages.get(&item.seq)?.mine);
        let (x, y) = (at.x - self.left(mine, bubble) - PAD.0, at.y - item.y - bubble.above - PAD.1);
        if y < 0.0 {
            return Some(Spot(item.seq, 0, 0));
        }
        let buffer = bubble.body.buffer();
        let last = buffer.lines.len().saturating_sub(1);
        if y > bubble.body.min_height() {
            return Some(Spot(item.seq, last, buffer.lines.get(last)?.text().len()));
        }
        let hit = buffer.hit(x.max(0.0), y)?;
        Some(Spot(item.seq, hit.line, hit.index))
    }

    fn jump_button(&self) -> Option<Rectangle> {
        let Size { width, height } = self.view;
        (!self.placed.at_end && height > 120.0).then(|| area(width - JUMP - 24.0, height - JUMP - 16.0, JUMP, JUMP))
    }

    /// The scroll bar's thumb, by the share of the messages above.
    fn thumb(&self) -> Option<Rectangle> {
        let count = (self.known.1 + 1).saturating_sub(self.known.0) as f32;
        let shown = self.placed.visible.len() as f32;
        let first = self.placed.visible.first()?;
        if self.placed.at_end && first.seq == self.known.0 && first.y >= 0.0 {
            return None;
        }
        let length = (self.view.height * shown / count).clamp(32.0, self.view.height);
        let above = first.seq.saturating_sub(self.known.0) as f32;
        let share = if self.placed.at_end { 1.0 } else { (above / (count - shown).max(1.0)).min(1.0) };
        Some(area(self.view.width - BAR + 2.0, 2.0 + (self.view.height - length - 4.0) * share, BAR - 6.0, length))
    }

    fn drag_bar(&mut self, y: f32) {
        let share = (y / self.view.height.max(1.0)).clamp(0.0, 1.0);
        let count = self.known.1.saturating_sub(self.known.0) as f32;
        let seq = self.known.0 + (count * share) as u64;
        self.anchor = (share < 0.995).then_some(Anchor { seq, y: 0.0 });
        self.found = None;
    }

    /// Deals with the pointer, relative to the list; says whether anything changed.
    fn pointer(&mut self, event: &mouse::Event, at: Option<Point>, anywhere: Option<Point>) -> bool {
        match event {
            mouse::Event::WheelScrolled { delta } if at.is_some() => {
                self.shift(match delta {
                    mouse::ScrollDelta::Lines { y, .. } => y * 60.0,
                    mouse::ScrollDelta::Pixels { y, .. } => *y,
                });
                true
            }
            mouse::Event::ButtonPressed(mouse::Button::Left) => {
                let Some(at) = at else { return false };
                self.chosen = self.chosen.filter(|_| self.menu.is_some());
                if self.menu.is_some() {
                    self.press_menu(at);
                } else if self.jump_button().is_some_and(|button| button.contains(at)) {
                    self.anchor = None;
                    self.found = None;
                } else if at.x > self.view.width - BAR && self.thumb().is_some() {
                    self.drag = Drag::Bar;
                    self.drag_bar(at.y);
                } else {
                    self.drag =
                        self.spot(at).map_or(Drag::None, |spot| Drag::Mark { from: spot, to: spot, moving: true });
                }
                true
            }
            mouse::Event::ButtonPressed(mouse::Button::Right) => at.is_some_and(|at| self.open_menu(at)),
            mouse::Event::CursorMoved { .. } if self.menu.is_some() => at.is_some_and(|at| self.hover_menu(at)),
            mouse::Event::CursorMoved { .. } => {
                let bar = at.is_some_and(|at| at.x > self.view.width - BAR);
                let jump = at.is_some_and(|at| self.jump_button().is_some_and(|button| button.contains(at)));
                let hovered = std::mem::replace(&mut self.hover, (bar, jump)) != (bar, jump);
                match (self.drag, anywhere) {
                    (Drag::Bar, Some(at)) => {
                        self.drag_bar(at.y);
                        true
                    }
                    (Drag::Mark { from, moving: true, .. }, Some(at)) => {
                        if let Some(to) = self.spot(at) {
                            self.drag = Drag::Mark { from, to, moving: true };
                        }
                        true
                    }
                    _ => hovered,
                }
            }
            mouse::Event::ButtonReleased(mouse::Button::Left) => {
                match self.drag {
                    Drag::Mark { from, to, .. } if from != to => self.drag = Drag::Mark { from, to, moving: false },
                    _ => self.drag = Drag::None,
                }
                true
            }
            _ => false,
        }
    }
}

/// The widget.
pub struct MessageList<'a> {
    /// Its state.
    pub shelf: &'a Shelf,
    /// The messages.
    pub source: Box<dyn Messages + 'a>,
    /// How times are written.
    pub zone: &'a Zone,
    /// Now.
    pub now: Time,
    /// Colours.
    pub palette: &'static Palette,
    /// What an empty conversation says.
    pub empty: String,
}

impl<Message> widget::Widget<Message, Theme, Renderer> for MessageList<'_> {
    fn size(&self) -> Size<Length> {
        Size::new(Length::Fill, Length::Fill)
    }

    fn layout(&mut self, _: &mut widget::Tree, _: &Renderer, limits: &layout::Limits) -> layout::Node {
        self.shelf.inner().lay_out(limits.max(), self.source.as_ref(), self.zone, self.now);
        layout::Node::new(limits.max())
    }

    fn update(
        &mut self,
        _: &mut widget::Tree,
        event: &Event,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        _: &Renderer,
        _: &mut dyn core::Clipboard,
        shell: &mut Shell<'_, Message>,
        _: &Rectangle,
    ) {
        let Event::Mouse(event) = event else { return };
        let bounds = layout.bounds();
        let anywhere = match event {
            mouse::Event::CursorMoved { position } => Some(Point::new(position.x - bounds.x, position.y - bounds.y)),
            _ => None,
        };
        if self.shelf.inner().pointer(event, cursor.position_in(bounds), anywhere) {
            shell.invalidate_layout();
            shell.request_redraw();
        }
    }

    fn mouse_interaction(
        &self,
        _: &widget::Tree,
        layout: Layout<'_>,
        cursor: mouse::Cursor,
        _: &Rectangle,
        _: &Renderer,
    ) -> mouse::Interaction {
        let inner = self.shelf.inner();
        let Some(at) = cursor.position_in(layout.bounds()) else { return mouse::Interaction::None };
        if inner.menu.is_some() {
            return mouse::Interaction::None;
        }
        if inner.hover.1 {
            return mouse::Interaction::Pointer;
        }
        let over = |item: &&Anchor| {
            let (Some(bubble), Some(message)) = (inner.bubbles.get(&item.seq), inner.messages.get(&item.seq)) else {
                return false;
            };
            area(inner.left(message.mine, bubble), item.y + bubble.above, bubble.size.width, bubble.size.height)
                .contains(at)
        };
        if inner.placed.visible.iter().any(|item| over(&item)) {
            mouse::Interaction::Text
        } else {
            mouse::Interaction::None
        }
    }

    fn draw(
        &self,
        _: &widget::Tree,
        to: &mut Renderer,
        _: &Theme,
        _: &renderer::Style,
        layout: Layout<'_>,
        _: mouse::Cursor,
        clip: &Rectangle,
    ) {
        let mut inner = self.shelf.inner();
        // States may have been dropped by `refresh` since the layout; the bubbles have not.
        let seqs: Vec<u64> = inner.placed.visible.iter().map(|item| item.seq).collect();
        for seq in seqs {
            let _ = inner.message(seq, self.source.as_ref());
        }
        paint::list(&inner, to, layout.bounds(), *clip, self.palette, &self.empty);
        menu::paint(&inner, to, layout.bounds(), *clip, self.palette);
    }
}

#[cfg(test)]
mod tests;
