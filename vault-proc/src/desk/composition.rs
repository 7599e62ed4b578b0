//! What an input method is composing, and in which field.
//!
//! A composition belongs to the field in which it began. When something else gets the keyboard it ends there: the
//! words stay in the old field, and the input method is made to forget them, or it would commit them into whatever
//! has the keyboard next.

use super::Desk;
use crate::keys::{self, Meaning};
use crate::slots::fields;
use bulkhead_canvas::core::keyboard::{Key, Modifiers};
use bulkhead_canvas::core::{Event, input_method};
use bulkhead_ipc::pixels::{SlotKey, SlotKind};
use zeroize::Zeroizing;

/// Words that are not text yet, and the field that shows them.
#[derive(Default)]
pub struct Composition(Option<(SlotKey, Zeroizing<String>)>);

impl Composition {
    /// Whether there is one.
    pub const fn is_live(&self) -> bool {
        self.0.is_some()
    }

    /// Takes note of an event while `field` has the keyboard; returns what to tell the field, if anything.
    fn hear(&mut self, event: input_method::Event, field: SlotKey) -> Option<input_method::Event> {
        match event {
            input_method::Event::Preedit(words, cursor) => {
                self.0 = (!words.is_empty()).then(|| (field, Zeroizing::new(words.clone())));
                Some(input_method::Event::Preedit(words, cursor))
            }
            input_method::Event::Commit(mut words) => {
                self.0 = None;
                // A key that an input method hands back in the middle of a word, Enter say, comes as its control code.
                words.retain(|c| !c.is_control() || c == '\n');
                (!words.is_empty()).then_some(input_method::Event::Commit(words))
            }
            event @ (input_method::Event::Opened | input_method::Event::Closed) => Some(event),
        }
    }

    /// Ends it, unless it goes on in `field`: returns where it was, and its words.
    fn leave(&mut self, field: Option<SlotKey>) -> Option<(SlotKey, Zeroizing<String>)> {
        self.0.take_if(|(began, _)| Some(*began) != field)
    }
}

impl Desk {
    /// Whether keys may go through an input method now. Those of a passphrase do not: an input method is another
    /// program, and one that learns.
    pub fn wants_input_method(&self) -> bool {
        match self.field() {
            Some(key) => !fields::is_secret(key.kind),
            None => self.goes_to_message(),
        }
    }

    pub(super) fn input_method(&mut self, event: input_method::Event) {
        let says = match &event {
            input_method::Event::Preedit(words, _) | input_method::Event::Commit(words) => !words.is_empty(),
            input_method::Event::Opened => false,
            input_method::Event::Closed => {
                self.end_composition(None);
                false
            }
        };
        if says {
            self.session.acts.typed();
        }
        if says && self.field().is_none() && self.goes_to_message() {
            self.session.focus_kind(SlotKind::Compose);
            self.follow_focus();
        }
        if let Some(field) = self.field().filter(|_| self.wants_input_method())
            && let Some(event) = self.composition.hear(event, field)
        {
            self.feed(Event::InputMethod(event));
        }
    }

    /// Ends a composition, unless it is `field`'s. Its words become text where they are shown, if that is still there.
    pub(super) fn end_composition(&mut self, field: Option<SlotKey>) {
        let Some((field, words)) = self.composition.leave(field) else { return };
        self.preedit = None;
        self.wishes.reset_input_method = true;
        self.feed_to(Some(field), Event::InputMethod(input_method::Event::Preedit(String::new(), None)));
        self.feed_to(Some(field), Event::InputMethod(input_method::Event::Commit(words.to_string())));
    }

    /// Notices that another field has the keyboard.
    pub(super) fn follow_focus(&mut self) {
        let field = self.field();
        if field == self.typing {
            return;
        }
        self.end_composition(field);
        // An input method that shows the words in its own window has not told of them.
        self.wishes.reset_input_method |= self.typing.is_some();
        self.typing = field;
    }

    pub(super) fn field(&self) -> Option<SlotKey> {
        self.session.focus.filter(|key| key.kind.is_field())
    }

    /// Whether a letter would go to the message although its field does not have the keyboard.
    fn goes_to_message(&self) -> bool {
        let letter = Key::Character("a".into());
        keys::meaning(&letter, Some('a'), Modifiers::empty(), self.situation()) == Meaning::Compose
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use input_method::Event::{Closed, Commit, Preedit};

    const MESSAGE: SlotKey = SlotKey { kind: SlotKind::Compose, handle: 3 };
    const SEARCH: SlotKey = SlotKey { kind: SlotKind::Search, handle: 0 };

    fn composing(words: &str) -> Composition {
        let mut composition = Composition::default();
        assert_eq!(composition.hear(Preedit(words.into(), None), MESSAGE), Some(Preedit(words.into(), None)));
        composition
    }

    #[test]
    fn words_are_composed_until_they_are_committed_or_gone() {
        for last in [Commit("日本語".into()), Preedit(String::new(), None)] {
            let mut composition = composing("にほんご");
            assert!(composition.is_live());
            assert_eq!(composition.hear(last.clone(), MESSAGE), Some(last));
            assert!(!composition.is_live());
        }
    }

    #[test]
    fn words_stay_in_the_field_in_which_they_began() {
        let mut composition = composing("한");
        assert!(composition.leave(Some(MESSAGE)).is_none(), "the same field");
        let (field, words) = composition.leave(Some(SEARCH)).expect("another field");
        assert_eq!((field, words.as_str()), (MESSAGE, "한"));
        assert!(!composition.is_live());
        assert!(composing("한").leave(None).is_some(), "no field");
    }

    #[test]
    fn a_control_code_is_no_text() {
        let mut composition = composing("한");
        assert_eq!(composition.hear(Commit("\r".into()), MESSAGE), None);
        assert_eq!(composition.hear(Commit("a\u{8}\nb".into()), MESSAGE), Some(Commit("a\nb".into())));
    }

    #[test]
    fn an_input_method_that_goes_away_is_told_to_the_field() {
        assert_eq!(composing("한").hear(Closed, MESSAGE), Some(Closed));
    }
}
