//! What a person is typing: single-line fields by kind, and the message.
//!
//! The words live here and not in the widgets, so that they survive a restart of ui, and are wiped when they
//! are no longer needed.

use bulkhead_canvas::Renderer;
use bulkhead_canvas::widget::text_editor;
use bulkhead_ipc::pixels::SlotKind;
use bulkhead_vault_core::Plaintext;
use std::collections::HashMap;

/// Longest text in a single-line field, in bytes. An invite link with eight relays fits.
pub const LONGEST: usize = 4096;

/// All fields.
#[derive(Default)]
pub struct Fields {
    lines: HashMap<SlotKind, Plaintext>,
    /// The message being written.
    pub message: text_editor::Content<Renderer>,
    /// Whether it differs from the saved draft.
    pub edited: bool,
}

impl Fields {
    /// What a field holds.
    pub fn get(&self, kind: SlotKind) -> &str {
        self.lines.get(&kind).map_or("", |text| text.as_str())
    }

    /// Replaces what a field holds; cut to [`LONGEST`], as a pasted book would stall the shaping.
    pub fn set(&mut self, kind: SlotKind, mut text: String) {
        let end = text.floor_char_boundary(LONGEST);
        text.truncate(end);
        text.retain(|c| !c.is_control());
        self.lines.insert(kind, Plaintext::new(text));
    }

    /// Takes what a field holds and leaves it empty.
    pub fn take(&mut self, kind: SlotKind) -> Plaintext {
        self.lines.remove(&kind).unwrap_or_default()
    }

    /// Replaces the message, with the cursor at its end.
    pub fn set_message(&mut self, text: &str) {
        self.message = text_editor::Content::with_text(text);
        self.message.perform(text_editor::Action::Move(text_editor::Motion::DocumentEnd));
        self.edited = false;
    }

    /// Wipes everything.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.set_message("");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_one_line_of_bounded_length() {
        let mut fields = Fields::default();
        fields.set(SlotKind::PasteInvite, "bulkhead://\ninvite\t/x".into());
        assert_eq!(fields.get(SlotKind::PasteInvite), "bulkhead://invite/x");
        fields.set(SlotKind::PasteInvite, "é".repeat(LONGEST));
        assert_eq!(fields.get(SlotKind::PasteInvite).len(), LONGEST);
        assert_eq!(fields.take(SlotKind::PasteInvite).as_str().len(), LONGEST);
        assert_eq!(fields.get(SlotKind::PasteInvite), "");
    }
}
