//! Messages that disappear.
//!
//! They go by how long the profile has lived, which only grows: while the program runs by a clock that is never set
//! ([`crate::Input::Steady`]), and by the host's clock for the time before, which may be wrong. That it stood still or was
//! turned back therefore costs at most the time in which the program did not run. That it was turned forward is not to
//! erase everything at once: more than [`LEAP`] counts only once it has said so for [`DOUBT`], and the user is told.

use crate::content::{self, Body};
use crate::order::{Heard, Written};
use crate::store::{Age, Store, Timer};
use crate::turn::Turn;
use crate::vault::Vault;
use crate::{Error, MessageState, Plaintext, Time};
use bulkhead_ipc::intent::Notice;
use rand::{CryptoRng, Rng};

/// Milliseconds without the program that are believed at once: longer than any message lives.
const LEAP: u64 = 35 * 86_400_000;
/// Milliseconds in which the host's clock may still be set right after a start.
const DOUBT: u64 = 3_600_000;
/// Milliseconds between two times that the age is written without need.
const WRITTEN: u64 = 600_000;

/// How long the profile has lived.
pub struct Ages {
    /// Milliseconds.
    pub lived: u64,
    /// When the program ran last, and as how old.
    before: Option<Age>,
    /// The steady clock at the first look.
    first: Option<u64>,
    /// Milliseconds before that are counted.
    off: u64,
    /// The host's clock is not believed yet.
    doubted: bool,
    told: bool,
    written: u64,
}

impl Ages {
    pub fn new(before: Option<Age>) -> Self {
        let lived = before.map_or(0, |age| age.lived);
        Self { lived, before, first: None, off: 0, doubted: false, told: false, written: lived }
    }

    /// Looks at both clocks.
    fn look(&mut self, steady: u64, now: Time) {
        let run = steady.saturating_sub(*self.first.get_or_insert(steady));
        if let Some(before) = self.before {
            let off = now.since(before.wall).saturating_sub(run);
            if run < DOUBT {
                self.doubted = off > LEAP;
            } else if self.doubted {
                self.doubted = false;
                self.off = self.off.max(off);
            }
            if run < DOUBT && !self.doubted {
                self.off = self.off.max(off);
            }
        }
        let lived = self.before.map_or(0, |age| age.lived).saturating_add(self.off).saturating_add(run);
        self.lived = self.lived.max(lived);
    }
}

impl<S: Store> Vault<S> {
    /// Time passed by the clock that is never set.
    pub(crate) fn grow_older(&mut self, steady: u64, turn: &mut Turn) -> Result<(), Error> {
        self.age.look(steady, turn.now);
        if self.age.doubted && !self.age.told && self.state.next_death.is_some() {
            self.age.told = true;
            turn.notice(Notice::ClockLeapt);
        }
        let lived = self.age.lived;
        let due = self.state.next_death.is_some_and(|at| at <= lived);
        if due {
            self.settle(turn)?;
            let dead = self.store.dead(lived)?;
            for part in dead.chunk_by(|a, b| a.0 == b.0) {
                let places: Vec<u64> = part.iter().map(|(_, seq)| *seq).collect();
                if let Some((handle, _)) = part.first() {
                    self.remove(*handle, &places, turn)?;
                }
            }
            self.state.next_death = self.store.next_death()?;
        }
        let late = lived.saturating_sub(self.age.written) >= WRITTEN && self.state.next_death.is_some();
        if due || late { self.write_age(turn.now) } else { Ok(()) }
    }

    /// Writes the age down, unless the host's clock is not believed.
    fn write_age(&mut self, wall: Time) -> Result<(), Error> {
        if self.age.doubted {
            return Ok(());
        }
        let age = Age { lived: self.age.lived, wall };
        self.age.written = age.lived;
        self.state.age = Some(age);
        self.store.put_age(age)
    }

    /// The received messages of a conversation have been read: their time begins.
    pub(crate) fn begin_received(&mut self, contact: u32, turn: &Turn) -> Result<(), Error> {
        self.store.begin_received(contact, self.age.lived)?;
        self.begun(turn)
    }

    /// A sent message is no longer only here: its time begins.
    pub(crate) fn begin_sent(&mut self, message: u64, turn: &Turn) -> Result<(), Error> {
        self.store.begin_sent(message, self.age.lived)?;
        self.begun(turn)
    }

    fn begun(&mut self, turn: &Turn) -> Result<(), Error> {
        self.state.next_death = self.store.next_death()?;
        match self.state.next_death {
            Some(_) => self.write_age(turn.now),
            None => Ok(()),
        }
    }

    /// The user changes a conversation's timer.
    pub(crate) fn set_timer<R: Rng + CryptoRng>(
        &mut self,
        contact: u32,
        seconds: u32,
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        let Some(entry) = self.state.contacts.get_mut(&contact) else { return Ok(()) };
        if entry.timer.seconds == seconds || !(seconds == 0 || content::is_life(seconds)) {
            return Ok(());
        }
        let sent_at = turn.now.0.max(entry.timer.changed.saturating_add(1)).min(i64::MAX.unsigned_abs());
        entry.timer = Timer { seconds, changed: sent_at };
        self.store.put_timer(contact, entry.timer)?;
        let (message, id, text) = (self.next_message(), content::MessageId::default(), Plaintext::new(String::new()));
        let (state, life) = (MessageState::Timer, seconds);
        self.append(contact, Written { message, id, mine: true, text, sent_at, state, life }, turn)?;
        match self.post(contact, Body::Timer { sent_at, seconds }, 0, turn, rng) {
            // They do not learn it, but each message says how long it lives.
            Ok(()) | Err(Error::Keys) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The contact changed the timer. The newest change counts; of two at one time, the larger number.
    pub(crate) fn timer_told(&mut self, handle: u32, sent_at: u64, seconds: u32, turn: &mut Turn) -> Result<(), Error> {
        let Some(entry) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
        let sent_at = sent_at.min(i64::MAX.unsigned_abs());
        if (sent_at, seconds) <= (entry.timer.changed, entry.timer.seconds) {
            return Ok(());
        }
        let changes = entry.timer.seconds != seconds;
        entry.timer = Timer { seconds, changed: sent_at };
        if changes {
            let text = Plaintext::new(String::new());
            entry.heard.push(Heard { id: content::MessageId::default(), sent_at, text, life: seconds, timer: true });
            turn.heard.insert(handle);
        }
        turn.touched.insert(handle);
        self.store.put_timer(handle, Timer { seconds, changed: sent_at })
    }
}
