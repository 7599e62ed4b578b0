//! The vault's side of both lines to ui: frame memory, geometry, frames and their slots, and resending.
//!
//! ui is not trusted. A frame is opaque pixels for the part of the window above the strip, and a list of
//! rectangles; rectangles are clamped, and a list that could make one slot pass for another ends the process
//! that sent it.

use crate::lines::{Outgoing, Stuck};
use bulkhead_ipc::frame_memory::{self, Reader};
use bulkhead_ipc::line::Line;
use bulkhead_ipc::pixels::{Cursor, Rect, Slot, SlotKind, Theme};
use bulkhead_ipc::{VERSION, intent, pixels};
use std::time::{Duration, Instant};

/// Messages that may wait for ui before it counts as hanging.
const MOST_WAITING: usize = 2048;
/// How long ui may take to draw a new geometry before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(15);
/// Longest edge of a slot in physical pixels: more than any screen, little enough to lay text out.
const LONGEST: i32 = 16_384;

/// ui did what it must not; it has to be restarted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Two slots share pixels.
    #[error("ui sent slots that overlap")]
    Overlap,
    /// A slot that there can be only one of came twice.
    #[error("ui sent a slot twice")]
    Twice,
    /// It does not read its lines, or does not draw.
    #[error("ui hangs")]
    Hangs,
}

impl From<Stuck> for Fault {
    fn from(_: Stuck) -> Self {
        Self::Hangs
    }
}

/// What of the window is new after a frame.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct News {
    /// Where ui's pixels changed.
    pub pixels: Vec<Rect>,
    /// Whether the slots did.
    pub slots: bool,
}

/// The vault's side.
pub struct UiEdge {
    pixels: Outgoing<pixels::ToUi, pixels::FromUi>,
    intents: Outgoing<intent::ToUi, intent::FromUi>,
    /// There is a process that draws.
    greeted: bool,
    memory: Option<Reader>,
    capacity: usize,
    serial: u32,
    drawn: u32,
    configured: Instant,
    size: (u32, u32),
    scale: u32,
    theme: Theme,
    slots: Vec<Slot>,
    cursor: Cursor,
    active: Instant,
}

impl UiEdge {
    /// Takes the two lines; nothing is said before ui's Hello.
    pub fn new(
        pixels: Line<pixels::ToUi, pixels::FromUi>,
        intents: Line<intent::ToUi, intent::FromUi>,
        theme: Theme,
    ) -> Self {
        let now = Instant::now();
        Self {
            pixels: Outgoing::new(pixels, MOST_WAITING),
            intents: Outgoing::new(intents, MOST_WAITING),
            greeted: false,
            memory: None,
            capacity: 0,
            serial: 0,
            drawn: 0,
            configured: now,
            size: (0, 0),
            scale: pixels::SCALE_UNIT,
            theme,
            slots: Vec::new(),
            cursor: Cursor::Arrow,
            active: now,
        }
    }

    /// The slots of the newest frame, clamped.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The pointer's shape over ui's own parts.
    pub fn cursor(&self) -> Cursor {
        self.cursor
    }

    /// Whether the newest frame is for the newest geometry.
    pub fn is_drawn(&self) -> bool {
        self.serial == self.drawn && self.serial != 0
    }

    /// When ui last said something, or was last told something.
    #[cfg(feature = "test-driver")]
    pub fn last_active(&self) -> Instant {
        self.active
    }

    /// Frame size in physical pixels.
    pub fn size(&self) -> (u32, u32) {
        self.size
    }

    /// A new process is there on the pixels line: everything that its predecessor had counts no more.
    pub fn pixels_hello(&mut self, life: Option<u32>) -> Result<(), Fault> {
        self.pixels.clear();
        self.greeted = true;
        self.drawn = 0;
        self.memory = None;
        self.pixels.push(pixels::ToUi::Welcome { life, version: VERSION }, None)?;
        self.configure()
    }

    /// A new process is there on the intent line; the caller sends all that it may know.
    pub fn intent_hello(&mut self, life: Option<u32>) -> Result<(), Fault> {
        self.intents.clear();
        self.tell(intent::ToUi::Welcome { life, version: VERSION })
    }

    /// ui is being restarted: nothing more is said or believed until its Hello.
    pub fn gone(&mut self) {
        self.greeted = false;
        self.pixels.pair().condemn();
        self.pixels.clear();
        self.intents.clear();
    }

    /// Tells ui something; if there is no ui the line drops it, as all is told again after its Hello.
    pub fn tell(&mut self, message: intent::ToUi) -> Result<(), Fault> {
        self.active = Instant::now();
        // Only where the pointer is now matters.
        if let (
            intent::ToUi::Pointer(intent::Pointer::Moved { .. }),
            Some(last @ intent::ToUi::Pointer(intent::Pointer::Moved { .. })),
        ) = (&message, self.intents.last_mut())
        {
            *last = message;
            return Ok(());
        }
        Ok(self.intents.push(message, None)?)
    }

    /// Sends what waits; says whether something still does.
    pub fn flush(&mut self) -> Result<bool, Fault> {
        self.pixels.flush()?;
        self.intents.flush()?;
        if self.greeted && self.size.0 > 0 && !self.is_drawn() && self.configured.elapsed() > PATIENCE {
            return Err(Fault::Hangs);
        }
        Ok(self.pixels.waits() || self.intents.waits())
    }

    /// The frame's size, scale (in [`pixels::SCALE_UNIT`]s) or theme changed.
    pub fn set_geometry(&mut self, width: u32, height: u32, scale: u32, theme: Theme) -> Result<(), Fault> {
        let size = (width.clamp(1, pixels::MAX_EDGE), height.clamp(1, pixels::MAX_EDGE));
        let scale = scale.clamp(pixels::SCALE_UNIT / 2, pixels::SCALE_UNIT * 8);
        if (size, scale, theme) == (self.size, self.scale, self.theme) {
            return Ok(());
        }
        (self.size, self.scale, self.theme) = (size, scale, theme);
        self.configure()
    }

    fn configure(&mut self) -> Result<(), Fault> {
        if !self.greeted || self.size.0 == 0 {
            return Ok(());
        }
        let (width, height) = self.size;
        // Rounded up, so that dragging a window's edge does not make a new memory for each step.
        let round = |edge: u32| edge.next_multiple_of(256).min(pixels::MAX_EDGE) as usize;
        let needed = round(width) * round(height) * 4;
        let mut fresh = None;
        if self.memory.is_none() || needed > self.capacity || needed * 4 < self.capacity {
            self.capacity = needed;
            let memory = frame_memory::create(needed * 2).map_err(|_| Fault::Hangs)?;
            self.memory = Some(Reader::new(&memory, needed * 2).map_err(|_| Fault::Hangs)?);
            fresh = Some(memory);
        }
        self.serial = self.serial.wrapping_add(1).max(1);
        self.configured = Instant::now();
        self.active = self.configured;
        let message = pixels::ToUi::Configure {
            scale: self.scale,
            theme: self.theme,
            width,
            height,
            memory: fresh.is_some(),
            serial: self.serial,
            capacity: self.capacity as u64,
        };
        Ok(self.pixels.push(message, fresh)?)
    }

    /// Takes a frame: copies its changed pixels into `window`, whose rows are `stride` pixels long, and the
    /// slots. Frames for an older geometry are ignored: a newer Configure has freed their buffers already.
    pub fn frame(&mut self, frame: pixels::FromUi, window: &mut [u32], stride: usize) -> Result<News, Fault> {
        let pixels::FromUi::Frame { slots, buffer, cursor, damage, serial } = frame else { return Ok(News::default()) };
        self.active = Instant::now();
        if !self.greeted || serial != self.serial {
            return Ok(News::default());
        }
        let whole = Rect::new(0, 0, edge(self.size.0), edge(self.size.1));
        let mut news = News::default();
        let mut stale: Vec<Rect> = damage;
        if let Some(slots) = slots {
            let slots = admit(&slots, whole)?;
            // Where a slot was, ui's own pixels have to come back.
            stale.extend(self.slots.iter().filter(|old| !slots.contains(old)).map(|old| old.clip));
            news.slots = true;
            self.slots = slots;
        }
        if self.drawn != serial {
            stale = vec![whole];
        }
        for rect in stale.iter().filter_map(|rect| rect.intersect(&whole)) {
            self.copy(buffer, rect, window, stride);
            news.pixels.push(rect);
        }
        self.drawn = serial;
        self.cursor = cursor;
        self.pixels.push(pixels::ToUi::Release { buffer }, None)?;
        Ok(news)
    }

    fn copy(&self, buffer: u8, rect: Rect, window: &mut [u32], stride: usize) {
        let Some(memory) = &self.memory else { return };
        let n = |v: i32| usize::try_from(v).unwrap_or_default();
        for y in n(rect.y)..n(rect.y + rect.h) {
            let from = y * stride + n(rect.x);
            let Some(row) = window.get_mut(from..from + n(rect.w)) else { return };
            let offset = usize::from(buffer) * self.capacity + (y * self.size.0 as usize + n(rect.x)) * 4;
            if !memory.copy_row(offset, row) {
                return;
            }
        }
    }

    /// ui said what the user means.
    pub fn heard_intent(&mut self) {
        self.active = Instant::now();
    }
}

fn edge(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// Clamps slots to the frame; drops those of which nothing can be seen; refuses lists in which one slot lies
/// over another, or in which something that holds a focus or words being typed appears twice.
pub fn admit(slots: &[Slot], frame: Rect) -> Result<Vec<Slot>, Fault> {
    let mut admitted: Vec<Slot> = Vec::with_capacity(slots.len());
    for slot in slots {
        if slot.rect.w > LONGEST || slot.rect.h > LONGEST {
            continue;
        }
        let Some(clip) = slot.clip.intersect(&slot.rect).and_then(|clip| clip.intersect(&frame)) else { continue };
        // A question shown in part could be answered without being read: its buttons alone, in a picture of others.
        let question =
            slot.key.kind.is_question() || matches!(slot.key.kind, SlotKind::ConfirmErase | SlotKind::Keyring);
        if question && clip != slot.rect {
            continue;
        }
        if admitted.iter().any(|other| other.clip.intersect(&clip).is_some()) {
            return Err(Fault::Overlap);
        }
        if slot.key.kind.is_focusable() && admitted.iter().any(|other| other.key.kind == slot.key.kind) {
            return Err(Fault::Twice);
        }
        // One conversation at a time, and never a field that could pass for another's.
        let single = matches!(slot.key.kind, SlotKind::ConversationTitle);
        if single && admitted.iter().any(|other| other.key.kind == slot.key.kind) {
            return Err(Fault::Twice);
        }
        admitted.push(Slot { clip, ..*slot });
    }
    Ok(admitted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bulkhead_ipc::pixels::SlotKey;

    const FRAME: Rect = Rect::new(0, 0, 800, 600);

    fn slot(kind: SlotKind, handle: u32, rect: Rect) -> Slot {
        Slot { key: SlotKey { kind, handle }, clip: rect, rect, background: 0xff_ffff }
    }

    #[test]
    fn slots_are_clamped_to_their_rectangle_and_the_frame() {
        let mut wide = slot(SlotKind::MessageList, 1, Rect::new(700, 500, 400, 400));
        wide.clip = Rect::new(-50, 550, 5000, 5000);
        let admitted = admit(&[wide], FRAME).expect("legal");
        assert_eq!(admitted[0].clip, Rect::new(700, 550, 100, 50));
        assert_eq!(admitted[0].rect, wide.rect);
    }

    #[test]
    fn what_cannot_be_seen_is_dropped() {
        let outside = slot(SlotKind::Preview, 1, Rect::new(0, 600, 100, 20));
        let empty = slot(SlotKind::Preview, 2, Rect::new(5, 5, 0, 20));
        let endless = slot(SlotKind::Preview, 3, Rect::new(0, 0, 100_000, 10));
        assert_eq!(admit(&[outside, empty, endless], FRAME), Ok(vec![]));
    }

    #[test]
    fn a_question_is_shown_whole_or_not_at_all() {
        let whole = slot(SlotKind::ConfirmDelete, 1, Rect::new(100, 100, 300, 172));
        assert_eq!(admit(&[whole], FRAME), Ok(vec![whole]));
        let button = Slot { clip: Rect::new(300, 200, 100, 72), ..whole };
        let edge = slot(SlotKind::ConfirmDelete, 1, Rect::new(-200, -100, 300, 172));
        for cut in [button, edge] {
            assert_eq!(admit(&[cut], FRAME), Ok(vec![]));
        }
    }

    #[test]
    fn a_slot_over_another_is_refused() {
        let list = slot(SlotKind::MessageList, 1, Rect::new(0, 0, 400, 400));
        let field = slot(SlotKind::Unlock, 0, Rect::new(399, 399, 100, 30));
        assert_eq!(admit(&[list, field], FRAME), Err(Fault::Overlap));
        let beside = slot(SlotKind::Unlock, 0, Rect::new(400, 399, 100, 30));
        assert!(admit(&[list, beside], FRAME).is_ok());
    }

    #[test]
    fn two_fields_of_a_kind_are_refused_but_two_labels_are_not() {
        let (left, right) = (Rect::new(0, 0, 100, 30), Rect::new(100, 0, 100, 30));
        let twice = |kind| admit(&[slot(kind, 1, left), slot(kind, 2, right)], FRAME);
        assert_eq!(twice(SlotKind::Compose), Err(Fault::Twice));
        assert_eq!(twice(SlotKind::ConversationTitle), Err(Fault::Twice));
        assert!(twice(SlotKind::Avatar).is_ok());
    }
}
