//! What speaks for ui: acts of the user's own that the vault saw and handed on to ui.
//!
//! ui says what the user means, and may lie. So what it says counts only as the answer to a click or a command that
//! the vault routed to it a moment ago: a hostile ui can then misread what the user does, but not act while the user
//! types into a slot.

use bulkhead_ipc::intent::FromUi;
use std::time::{Duration, Instant};

/// How long after an act ui may answer it: time to draw on a slow machine.
const ANSWER: Duration = Duration::from_secs(2);
/// The same once the user has gone on to type: keys must not go to another place than where they began to go.
const ANSWER_TO_A_TYPIST: Duration = Duration::from_millis(800);
/// Answers to one act, by far: the honest ui gives three at most.
const ANSWERS: u8 = 8;

/// The user's last act.
#[derive(Debug, Default)]
pub struct Acts {
    last: Option<Instant>,
    left: u8,
    /// Keys went to a slot since.
    typed: bool,
    /// The conversation that ui was told to show, and when.
    shown: Option<(u32, Instant)>,
}

impl Acts {
    /// The user did something in ui's part of the window, or pressed a key that is a command to ui.
    pub fn happened(&mut self, now: Instant) {
        *self = Self { last: Some(now), left: ANSWERS, typed: false, shown: self.shown };
    }

    /// A key went to a slot.
    pub fn typed(&mut self) {
        self.typed = true;
    }

    /// Whether the user is typing: no act since the last key.
    pub fn is_typing(&self) -> bool {
        self.typed
    }

    /// The vault told ui to show a conversation.
    pub fn showed(&mut self, handle: u32, now: Instant) {
        self.shown = Some((handle, now));
    }

    /// Whether an act is so recent that ui may still be answering it.
    pub fn is_fresh(&self, now: Instant) -> bool {
        self.left > 0 && self.last.is_some_and(|last| self.is_soon(last, now))
    }

    fn is_soon(&self, since: Instant, now: Instant) -> bool {
        now.saturating_duration_since(since) < if self.typed { ANSWER_TO_A_TYPIST } else { ANSWER }
    }

    /// Whether something speaks for this intent. Each that is not harmless uses up one answer.
    pub fn speak_for(&mut self, intent: &FromUi, now: Instant) -> bool {
        use FromUi::{ChooseKeepers, Dismiss, Focus, Hello, Newest, Open};
        match intent {
            // They take away at most what is on screen: ui could draw nothing, too.
            Hello { .. } | Open(None) | Focus(None) | Dismiss | Newest | ChooseKeepers(false) => true,
            Open(Some(handle)) if self.was_shown(*handle, now) => self.shown.take().is_some(),
            _ => self.answer(now),
        }
    }

    fn was_shown(&self, handle: u32, now: Instant) -> bool {
        self.shown.is_some_and(|(shown, at)| shown == handle && self.is_soon(at, now))
    }

    fn answer(&mut self, now: Instant) -> bool {
        let fresh = self.is_fresh(now);
        self.left = self.left.saturating_sub(u8::from(fresh));
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: FromUi = FromUi::Open(Some(3));

    #[test]
    fn ui_speaks_for_the_user_for_a_moment_after_an_act() {
        let (mut acts, now) = (Acts::default(), Instant::now());
        assert!(!acts.speak_for(&OPEN, now), "no act at all");
        acts.happened(now);
        assert!(acts.speak_for(&OPEN, now + ANSWER / 2));
        assert!(!acts.speak_for(&OPEN, now + ANSWER));
        assert!(acts.speak_for(&FromUi::Open(None), now + ANSWER), "it may always show less");
    }

    #[test]
    fn what_is_typed_shortens_the_moment_and_the_next_act_begins_it_anew() {
        let (mut acts, now) = (Acts::default(), Instant::now());
        acts.happened(now);
        acts.typed();
        assert!(acts.speak_for(&FromUi::Lock, now + ANSWER_TO_A_TYPIST / 2));
        assert!(!acts.speak_for(&FromUi::Lock, now + ANSWER_TO_A_TYPIST));
        acts.happened(now + ANSWER);
        assert!(!acts.is_typing() && acts.speak_for(&FromUi::Lock, now + ANSWER + ANSWER / 2));
    }

    #[test]
    fn an_act_speaks_for_a_few_answers_only() {
        let (mut acts, now) = (Acts::default(), Instant::now());
        acts.happened(now);
        let heard = (0..100).filter(|_| acts.speak_for(&FromUi::Invite, now)).count();
        assert_eq!(heard, usize::from(ANSWERS));
    }

    #[test]
    fn the_vault_itself_speaks_once_for_the_conversation_that_it_wants_shown() {
        let (mut acts, now) = (Acts::default(), Instant::now());
        acts.showed(3, now);
        assert!(!acts.speak_for(&FromUi::Open(Some(4)), now));
        assert!(acts.speak_for(&OPEN, now));
        assert!(!acts.speak_for(&OPEN, now));
        acts.showed(3, now);
        assert!(!acts.speak_for(&OPEN, now + ANSWER), "a word kept for later");
    }
}
