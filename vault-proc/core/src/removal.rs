//! Taking messages out of a conversation.
//!
//! Places stay dense. What stands nearer to the older end of a gap moves up, what stands nearer to the newer end moves
//! down: where the oldest disappear, as they do by a timer, or one of the last is deleted, next to nothing moves.

use crate::store::Store;
use crate::turn::Turn;
use crate::vault::Vault;
use crate::{Error, MessageState};

/// How many of the places, which are ascending, are left by those before them rather than those behind.
fn split(oldest: u64, newest: u64, places: &[u64]) -> usize {
    let moved = |taken: usize| {
        let (before, behind) = places.split_at(taken);
        let up = before.last().map_or(0, |last| last + 1 - oldest - before.len() as u64);
        let down = behind.first().map_or(0, |first| newest + 1 - first - behind.len() as u64);
        up + down
    };
    (0..=places.len()).min_by_key(|taken| moved(*taken)).unwrap_or_default()
}

impl<S: Store> Vault<S> {
    /// Removes messages of a conversation, named by places, ascending.
    pub(crate) fn remove(&mut self, handle: u32, places: &[u64], turn: &mut Turn) -> Result<(), Error> {
        let Some(entry) = self.state.contacts.get(&handle) else { return Ok(()) };
        let (oldest, newest, unread) = (entry.oldest, entry.newest, u64::from(entry.row.unread));
        let places: Vec<u64> = places.iter().copied().filter(|seq| (oldest.max(1)..=newest).contains(seq)).collect();
        let Some(first) = places.first() else { return Ok(()) };
        // What is looked at is read; only what came after it may not be.
        let mut read = unread;
        if unread > 0 {
            let tail = self.store.tail(handle, *first)?;
            let theirs: Vec<u64> = (*first..).zip(&tail).filter(|(_, row)| !row.mine).map(|(seq, _)| seq).collect();
            let fresh = theirs.iter().rev().take(usize::try_from(unread).unwrap_or(usize::MAX));
            read -= fresh.filter(|seq| places.contains(seq)).count() as u64;
        }
        for (message, state) in self.store.remove_messages(handle, &places)? {
            // Nobody has it: then nobody shall.
            if state == MessageState::Queued
                && let Some(job) = self.state.carriers.get(&message).copied()
            {
                self.drop_job(job)?;
            }
        }
        let taken = split(oldest, newest, &places);
        let (before, behind) = places.split_at(taken);
        self.close_gaps(handle, (oldest, newest), before, behind)?;
        behind.iter().rev().for_each(|seq| turn.removed.push((handle, *seq, false)));
        before.iter().for_each(|seq| turn.removed.push((handle, *seq, true)));
        let last = self.store.last(handle)?;
        let Some(entry) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
        turn.before(entry);
        entry.newest = last.as_ref().map_or(0, |(_, last)| last.seq);
        entry.oldest = if last.is_some() { oldest + before.len() as u64 } else { 0 };
        entry.last = last;
        entry.latest = None;
        if read < unread {
            entry.row.unread = u32::try_from(read).unwrap_or_default();
            entry.row_changed = true;
        }
        turn.touched.insert(handle);
        turn.messages.insert(handle);
        Ok(())
    }

    /// Moves what stands before the first places up, and what stands behind the other ones down.
    fn close_gaps(
        &mut self,
        handle: u32,
        (oldest, newest): (u64, u64),
        before: &[u64],
        behind: &[u64],
    ) -> Result<(), Error> {
        // No two messages are ever in one place: up from the last, down from the first.
        for (index, gap) in before.iter().enumerate().rev() {
            let start = index.checked_sub(1).and_then(|at| before.get(at)).map_or(oldest, |gap| gap + 1);
            let by = (before.len() - index) as u64;
            let numbers = self.store.numbers(handle, start, *gap)?;
            for (seq, message) in (start..*gap).rev().zip(numbers.into_iter().rev()) {
                self.store.place(message, seq + by)?;
            }
        }
        for (index, gap) in behind.iter().enumerate() {
            let until = behind.get(index + 1).copied().unwrap_or(newest + 1);
            let by = index as u64 + 1;
            for (seq, message) in (gap + 1..until).zip(self.store.numbers(handle, gap + 1, until)?) {
                self.store.place(message, seq - by)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_at_an_end_moves_nothing() {
        assert_eq!(split(1, 1000, &[1, 2, 3]), 3);
        assert_eq!(split(1, 1000, &[999, 1000]), 0);
        assert_eq!(split(1, 1000, &[1, 2, 999]), 2);
    }

    proptest! {
        #[test]
        fn no_other_split_moves_less(count in 1u64..60, mask: u64) {
            let places: Vec<u64> = (1..=count).filter(|seq| mask >> (seq % 64) & 1 == 1).collect();
            let left = |taken: usize| {
                let kept = (1..=count).filter(|seq| !places.contains(seq));
                let (low, high) = (places.get(..taken).unwrap().last(), places.get(taken));
                kept.filter(|seq| low.is_some_and(|low| seq < low) || high.is_some_and(|high| seq > high)).count()
            };
            let best = left(split(1, count, &places));
            prop_assert!((0..=places.len()).all(|taken| best <= left(taken)));
        }
    }
}
