//! What the vault shows and lets the user type in each kind of slot.
//!
//! One file per group of kinds. All of them are iced widgets over what the session holds; what they publish
//! is a [`Said`], and nothing of it goes to ui.

pub mod alarm;
pub mod codes;
pub mod confirm;
pub mod fields;
pub mod ink;
pub mod keyring;
pub mod labels;
pub mod message_list;
pub mod news;
pub mod parts;
pub mod place;
pub mod recovery;
pub mod results;
pub mod stopwatch;
pub mod strip;

use crate::idle::AutoLock;
use crate::session::{Answer, Press};
use bulkhead_canvas::widget::text_editor;
use bulkhead_ipc::pixels::SlotKind;

/// What a slot's widgets tell the event loop.
#[derive(Clone)]
pub enum Said {
    /// A field now holds this.
    Field(SlotKind, String),
    /// The message was edited.
    Edit(text_editor::Action),
    /// The send button was pressed.
    Send,
    /// A search result was pressed.
    Hit(usize),
    /// A button of the delete dialogue was pressed.
    Delete(bool),
    /// A button below a fresh recovery code was pressed.
    Offer(Answer),
    /// A button below a question about parts of a recovery secret was pressed.
    Parts(Press),
    /// When to lock was chosen.
    AutoLock(AutoLock),
    /// A button of the dialogue that deletes the profile was pressed.
    Erase(bool),
    /// The button was pressed that has the desktop's keyring open the profile, or not any more.
    Keyring,
    /// The button beside the sentence above the strip was pressed.
    Alarm,
}
