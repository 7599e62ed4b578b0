//! The vault's own strip at the lower edge of the window: it says where typing goes.
//!
//! ui has no pixels there. Who types into a picture of a field that ui drew reads here that it goes nowhere.

use super::{Said, ink};
use crate::profile::{NotACode, RECOVERY_LENGTH, RecoverySecret};
use crate::session::{Phase, Session};
use bulkhead_canvas::core::widget::{self, Tree};
use bulkhead_canvas::core::{Layout, Length, Point, Rectangle, Size, Theme, layout, mouse, renderer};
use bulkhead_canvas::fonts::{REGULAR, SEMIBOLD};
use bulkhead_canvas::palette::Palette;
use bulkhead_canvas::{Element, Renderer};
use bulkhead_ipc::pixels::SlotKind;

/// Height in logical pixels.
pub const HEIGHT: f32 = 24.0;
/// Width that is kept for where typing goes.
const WORDS: f32 = 240.0;

/// Where typing goes: the sentence, and whether something typed arrives anywhere.
pub fn words(session: &Session) -> (String, bool) {
    let Some(focus) = session.focus else {
        let nowhere = "Nothing you type goes anywhere".to_owned();
        return match &session.phase {
            Phase::Unlocking => ("Unlocking: nothing you type goes anywhere".into(), false),
            Phase::Open(_) => match compose(session) {
                Some(words) => (words, true),
                None => (nowhere, false),
            },
            _ => (nowhere, false),
        };
    };
    let name = || session.contact(focus.handle).map_or_else(String::new, |contact| contact.name.as_str().to_owned());
    match focus.kind {
        SlotKind::Unlock => ("Typing your passphrase: Bulkhead passes it to nobody".into(), true),
        SlotKind::NewPassphrase => ("Typing a new passphrase: Bulkhead passes it to nobody".into(), true),
        SlotKind::RepeatPassphrase => ("Typing the new passphrase again".into(), true),
        SlotKind::CurrentPassphrase => ("Typing your passphrase: Bulkhead passes it to nobody".into(), true),
        SlotKind::Pin => (session.pins.words(), true),
        SlotKind::NewPin => ("Typing a PIN, which opens Bulkhead on this computer only".into(), true),
        SlotKind::RepeatPin => ("Typing the PIN again".into(), true),
        SlotKind::TypeRecovery => (typed_code(session.fields.get(SlotKind::TypeRecovery)), true),
        SlotKind::RecoveryCode => ("Tab chooses, Enter presses the button".into(), false),
        SlotKind::AutoLock => ("Left and right choose when to lock".into(), false),
        SlotKind::Keyring if session.keyring.is_on() => ("Enter: your desktop opens Bulkhead no more".into(), false),
        SlotKind::Keyring => ("Enter: from now on your desktop opens Bulkhead".into(), false),
        SlotKind::OwnName => ("Typing your name, for people you invite".into(), true),
        SlotKind::Search => ("Searching on this device only".into(), true),
        SlotKind::Compose => (typing_to(session, focus.handle), true),
        SlotKind::PasteInvite => ("Paste an invite that you were given".into(), true),
        SlotKind::Rename => (format!("Typing your own name for {}", name()), true),
        SlotKind::NewRelay => ("Typing a relay's address".into(), true),
        SlotKind::ConfirmErase => ("Typing the word that deletes everything here".into(), true),
        SlotKind::MessageList if session.list.has_menu() => {
            ("Arrow keys choose, Enter does it, Esc goes back".into(), false)
        }
        SlotKind::ConfirmParts => ("Tab chooses, Enter presses the button".into(), false),
        SlotKind::ConfirmDelete => ("Tab chooses, Enter presses the button".into(), false),
        SlotKind::SearchResults => ("Arrow keys choose, Enter opens".into(), false),
        SlotKind::UpdateNotice | SlotKind::UpdateDetails => ("Arrow keys scroll".into(), false),
        SlotKind::MessageList => match compose(session) {
            Some(words) => (words, true),
            None => ("Arrow keys scroll".into(), false),
        },
        _ => ("Nothing you type goes anywhere".into(), false),
    }
}

/// How much of a recovery code is there.
fn typed_code(typed: &str) -> String {
    match RecoverySecret::parse(typed) {
        Ok(_) => "Typing the recovery code: it is complete".to_owned(),
        Err(NotACode::Length(count)) => format!("Typing the recovery code: {count} of {RECOVERY_LENGTH} characters"),
        Err(NotACode::Mistyped) => "Typing the recovery code: one character or more is wrong".to_owned(),
    }
}

fn compose(session: &Session) -> Option<String> {
    let handle = session.shown(SlotKind::Compose).filter(|handle| session.open == Some(*handle))?;
    session.contact(handle).map(|_| typing_to(session, handle))
}

fn typing_to(session: &Session, handle: u32) -> String {
    match session.contact(handle) {
        Some(contact) if contact.renewing => {
            format!("Typing to {}: waits for new keys", contact.name.as_str())
        }
        contact => format!("Typing to {}", contact.map_or("", |contact| contact.name.as_str())),
    }
}

/// The strip.
pub struct Strip {
    /// The sentence.
    pub words: String,
    /// Whether typing arrives somewhere.
    pub live: bool,
    /// A sentence about the display. Where there is no room for it, the words before its colon stand alone.
    pub display: Option<&'static str>,
    /// Colours.
    pub palette: &'static Palette,
}

impl widget::Widget<Said, Theme, Renderer> for Strip {
    fn size(&self) -> Size<Length> {
        Size::new(Length::Fill, Length::Fill)
    }

    fn layout(&mut self, _: &mut Tree, _: &Renderer, limits: &layout::Limits) -> layout::Node {
        layout::Node::new(limits.max())
    }

    fn draw(
        &self,
        _: &Tree,
        to: &mut Renderer,
        _: &Theme,
        _: &renderer::Style,
        layout: Layout<'_>,
        _: mouse::Cursor,
        clip: &Rectangle,
    ) {
        let bounds = layout.bounds();
        ink::block(to, bounds, 0.0, self.palette.surface.color());
        ink::block(to, Rectangle { height: 1.0, ..bounds }, 0.0, self.palette.border.color());
        let tone = if self.live { self.palette.ok } else { self.palette.muted };
        let (x, y) = (bounds.x + 12.0, bounds.y + 6.0);
        ink::outline(to, ink::area(x + 1.5, y, 7.0, 9.0), 3.5, 1.4, tone.color());
        ink::block(to, ink::area(x, y + 5.0, 10.0, 7.5), 2.0, tone.color());
        let font = if self.live { SEMIBOLD } else { REGULAR };
        let color = if self.live { self.palette.text } else { self.palette.muted };
        let room = bounds.width - 32.0 - 12.0;
        let (display, hint) = self.display.map_or(("", 0.0), |words| hint(words, room - WORDS));
        let left = Rectangle { width: if hint > 0.0 { room - hint } else { room + 28.0 }, ..bounds };
        let clip_left = clip.intersection(&left).unwrap_or(*clip);
        ink::write(to, &self.words, 12.0, font, Point::new(x + 17.0, bounds.y + 4.0), color.color(), clip_left);
        if hint > 0.0 {
            let at = Point::new(bounds.x + bounds.width - hint - 12.0, bounds.y + 5.0);
            ink::write(to, display, 11.0, REGULAR, at, self.palette.muted.color(), *clip);
        }
    }
}

/// As much of a sentence about the display as there is room for, and its width.
fn hint(words: &str, room: f32) -> (&str, f32) {
    let brief = words.split(':').next().unwrap_or_default();
    let measured = [words, brief].map(|words| (words, ink::measure(words, 11.0, REGULAR).width));
    measured.into_iter().find(|(_, width)| *width < room).unwrap_or(("", 0.0))
}

impl From<Strip> for Element<'_, Said> {
    fn from(strip: Strip) -> Self {
        Self::new(strip)
    }
}
