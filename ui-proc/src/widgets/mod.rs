//! The few things that all screens are built from.
//!
//! All sizes are logical pixels on a grid of four.

mod button;
mod parts;
mod slot;

pub use button::{Face, button, row_button};
pub use parts::{
    badge, bar, beside, body, card, centred, choices, dot, fill, heading, hint, label, labelled, line, note, page,
    progress, rail, rail_style, title, words,
};
pub use slot::{Mark, boxed, field, pane, slot};

use crate::focus::Focus;
use crate::message::Message;
use crate::state::State;
use bulkhead_canvas::palette::Palette;

/// A widget of ui.
pub type Element<'a> = bulkhead_canvas::Element<'a, Message>;

/// Height of a row of the conversation list.
pub const ROW: f32 = 64.0;
/// Height of a field.
pub const FIELD: f32 = 40.0;
/// Height of a button.
pub const BUTTON: f32 = 40.0;
/// Width of the list beside a conversation.
pub const LIST_WIDTH: f32 = 320.0;
/// Name of the conversation list, for scrolling it.
pub const LIST: &str = "list";
/// Name of a page, for scrolling it.
pub const PAGE: &str = "page";

/// Height of a bar across a pane.
pub const BAR: f32 = 64.0;

/// What a screen is made from.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// What ui knows.
    pub state: &'a State,
    /// Who has the keyboard.
    pub focus: Focus,
    /// Colours.
    pub palette: &'static Palette,
}

impl View<'_> {
    /// Little height: bars give some of theirs to what is between them.
    pub fn short(&self) -> bool {
        self.state.size.1 < 420.0
    }

    /// Little width, as on a telephone.
    pub fn slim(&self) -> bool {
        self.state.size.0 < 420.0
    }

    /// Width of the part beside the list, or of all where they take turns.
    pub fn pane(&self) -> f32 {
        if self.state.narrow() { self.state.size.0 } else { self.state.size.0 - LIST_WIDTH }
    }

    /// Height of a bar.
    pub fn bar(&self) -> f32 {
        if self.short() { 52.0 } else { BAR }
    }
}
