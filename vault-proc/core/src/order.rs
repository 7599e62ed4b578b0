//! Where messages stand in a conversation: what is written here at the end, what was received where it belongs.
//!
//! Relays hand out what waits there in any order, and an envelope's date is drawn at random: only the sender's clock
//! inside tells what was written first. It orders the sender's own texts and nothing else: what was written here
//! stays after what had been seen, and the time that is shown is always this device's.

use crate::content::MessageId;
use crate::store::{NewMessage, Placed, Store};
use crate::turn::Turn;
use crate::vault::Vault;
use crate::{Error, MessageState, MessageView, Plaintext};

/// How many messages back an older text may go: bounds what a contact with a false clock can have moved.
const REACH: u64 = 4096;

/// A received text that has no place yet.
pub struct Heard {
    pub id: MessageId,
    pub sent_at: u64,
    pub text: Plaintext,
    /// Seconds, 0 for ever.
    pub life: u32,
    /// No text, but a line that says that the timer changed.
    pub timer: bool,
}

/// What is written at the end of a conversation: an own text, or a line of the program's.
pub struct Written {
    /// Its number.
    pub message: u64,
    pub id: MessageId,
    pub mine: bool,
    pub text: Plaintext,
    /// The writer's clock; what has none has no place in the order of texts.
    pub sent_at: u64,
    pub state: MessageState,
    /// Seconds, 0 for ever.
    pub life: u32,
}

/// Before which of the last messages each text goes. Both lists are in order; a text goes before the first
/// received one that was sent later.
fn gaps(tail: &[Placed], texts: &[Heard]) -> Vec<usize> {
    let mut gap = 0;
    let find = |text: &Heard| {
        let later = |row: &Placed| !row.mine && row.sent_at > text.sent_at;
        gap = tail.iter().skip(gap).position(later).map_or(tail.len(), |skipped| gap + skipped);
        gap
    };
    texts.iter().map(find).collect()
}

/// Takes out what is here already: in a renewed session texts are sent again if no receipt came.
fn forget_known(tail: &[Placed], texts: &mut Vec<Heard>) {
    texts.dedup_by(|next, text| !next.timer && next.id == text.id && next.sent_at == text.sent_at);
    let mut gaps = gaps(tail, texts).into_iter();
    texts.retain(|text| {
        // Received ones are in order, so those of the same moment stand right before the gap.
        let before = tail.iter().take(gaps.next().unwrap_or_default()).rev().filter(|row| !row.mine);
        text.timer || !before.take_while(|row| row.sent_at == text.sent_at).any(|row| row.id == text.id)
    });
}

impl<S: Store> Vault<S> {
    /// The number of a new message.
    pub(crate) const fn next_message(&mut self) -> u64 {
        let number = self.next.message;
        self.next.message += 1;
        number
    }

    /// Puts something at the end of a conversation.
    pub(crate) fn append(&mut self, contact: u32, written: Written, turn: &mut Turn) -> Result<(), Error> {
        let Some(entry) = self.state.contacts.get_mut(&contact) else { return Ok(()) };
        let Written { message, id, mine, text, sent_at, state, life } = written;
        let (seq, at) = (entry.newest + 1, turn.now);
        let row = NewMessage { message, contact, seq, id, mine, text: &text, sent_at, at, state, life };
        self.store.add_messages(&[row])?;
        turn.before(entry);
        entry.appended(message, MessageView { seq, mine, text, at, state, life });
        turn.touched.insert(contact);
        turn.messages.insert(contact);
        Ok(())
    }

    /// Stores the texts that came in, all of a transaction at once: each message that stands behind is moved once.
    pub(crate) fn settle(&mut self, turn: &mut Turn) -> Result<(), Error> {
        for handle in core::mem::take(&mut turn.heard) {
            let Some(entry) = self.state.contacts.get_mut(&handle) else { continue };
            let mut texts = core::mem::take(&mut entry.heard);
            texts.sort_by_key(|text| text.sent_at);
            let Some((first, last)) = texts.first().zip(texts.last()).map(|(f, l)| (f.sent_at, l.sent_at)) else {
                continue;
            };
            let at_end = entry.newest == 0 || entry.latest.is_some_and(|latest| latest < first);
            let tail = match at_end {
                true => Vec::new(),
                false => self.store.tail(handle, entry.newest.saturating_sub(REACH) + 1)?,
            };
            let heard = texts.len();
            forget_known(&tail, &mut texts);
            if let Some(again) = u32::try_from(heard - texts.len()).ok().filter(|again| *again > 0) {
                entry.row.unread = entry.row.unread.saturating_sub(again);
                turn.arrived.entry(handle).and_modify(|count| *count = count.saturating_sub(again));
            }
            let before = entry.newest.checked_sub(tail.len() as u64).ok_or(Error::Damaged)?;
            let known = tail.iter().filter(|row| !row.mine).map(|row| row.sent_at).max();
            entry.latest = entry.latest.max(known).max(Some(last));
            let gaps = gaps(&tail, &texts);
            // From the end, so that no two messages are ever in one place.
            for (index, row) in tail.iter().enumerate().rev() {
                let by = gaps.partition_point(|gap| *gap <= index);
                if by == 0 {
                    break;
                }
                self.store.place(row.message, before + 1 + (index + by) as u64)?;
            }
            turn.before(entry);
            let moved = tail.len() - gaps.first().copied().unwrap_or_default();
            if moved > 0
                && let Some((_, last)) = &mut entry.last
            {
                last.seq += texts.len() as u64;
            }
            entry.newest += texts.len() as u64;
            entry.oldest = entry.oldest.max(1);
            let new = texts.iter().zip(&gaps).enumerate().map(|(number, (heard, gap))| NewMessage {
                message: self.next.message + number as u64,
                contact: handle,
                seq: before + 1 + (gap + number) as u64,
                id: heard.id,
                mine: false,
                text: &heard.text,
                sent_at: heard.sent_at,
                // Not later than what stands behind it: times shown in a conversation do not jump back.
                at: tail.get(*gap).map_or(turn.now, |next| turn.now.min(next.at)),
                state: if heard.timer { MessageState::Timer } else { MessageState::Received },
                life: heard.life,
            });
            let new: Vec<_> = new.collect();
            self.store.add_messages(&new)?;
            let (inserted, appended): (Vec<_>, Vec<_>) = new.iter().zip(&gaps).partition(|(_, gap)| **gap < tail.len());
            inserted.iter().for_each(|(message, _)| turn.inserted(handle, message.seq));
            if let Some((last, _)) = appended.last() {
                let (seq, state, life) = (last.seq, last.state, last.life);
                let view = MessageView { seq, mine: false, text: last.text.clone(), at: last.at, state, life };
                entry.last = Some((last.message, view));
            }
            self.next.message += new.len() as u64;
            turn.touched.insert(handle);
            turn.messages.insert(handle);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Time;
    use proptest::prelude::*;

    fn heard(sent_at: u64) -> Heard {
        Heard { id: [0; 16], sent_at, text: Plaintext::new(String::new()), life: 0, timer: false }
    }

    proptest! {
        /// Own messages are `None`.
        #[test]
        fn received_texts_are_in_order_and_own_ones_stay(
            script in prop::collection::vec(prop_oneof![
                3 => prop::collection::vec(0u64..1000, 1..20).prop_map(Some), 1 => Just(None)
            ], 1..30),
        ) {
            let mut list: Vec<Placed> = Vec::new();
            let mut next = 0;
            for step in script {
                next += 1;
                let Some(mut batch) = step else {
                    list.push(Placed { message: next, id: [0; 16], mine: true, sent_at: 0, at: Time(0) });
                    continue;
                };
                batch.sort_unstable();
                let texts: Vec<_> = batch.iter().copied().map(heard).collect();
                let before: Vec<u64> = list.iter().map(|row| row.message).collect();
                for (number, (gap, sent_at)) in gaps(&list, &texts).into_iter().zip(&batch).enumerate() {
                    list.insert(gap + number, Placed { message: u64::MAX, id: [0; 16], mine: false, sent_at: *sent_at, at: Time(0) });
                }
                let kept: Vec<u64> = list.iter().map(|row| row.message).filter(|n| *n != u64::MAX).collect();
                prop_assert_eq!(kept, before);
                for row in list.iter_mut().filter(|row| row.message == u64::MAX) {
                    next += 1;
                    row.message = next;
                }
                let received: Vec<u64> = list.iter().filter(|row| !row.mine).map(|row| row.sent_at).collect();
                prop_assert!(received.is_sorted());
            }
        }
    }
}
