//! Messages that came far ahead of their turn.
//!
//! Relays answer newest first. libsignal keeps the keys of messages that were passed over for the last 2,000 of a chain,
//! and no more: opened as they come, the oldest of many waiting messages could never be read. So what is too far ahead
//! waits here, still encrypted, until what comes before it was opened, until the relays have nothing more, or until nothing
//! has come for a while. None of it is durable or acknowledged: after a crash the relays deliver it again.

use crate::inbox::Arrived;
use crate::session::Incoming;
use crate::store::Store;
use crate::turn::Turn;
use crate::vault::Vault;
use crate::{Error, Time};
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_ipc::post::RelayState;
use rand::{CryptoRng, Rng};
use std::collections::{BTreeMap, BTreeSet};

/// How far ahead of the first missing message of its chain one may be: half of what libsignal bears.
const STRIDE: u32 = 1000;
/// Most bytes that wait, of all contacts together.
const ROOM: usize = 48 << 20;
/// Milliseconds without a new one after which those that wait are opened, whatever is missing.
const PATIENCE: u64 = 20_000;
/// Chains whose end is remembered, per contact.
const CHAINS: usize = 8;

/// The sender's ratchet key: the name of a chain.
pub type Chain = [u8; 33];

/// How far a contact's chains were opened, newest first; nothing is known of one that is not here.
#[derive(Default)]
pub struct Reach(Vec<(Chain, Opened)>);

/// What was opened of a chain.
#[derive(Default)]
struct Opened {
    /// Everything before this.
    next: u32,
    /// And these, after a gap.
    beyond: BTreeSet<u32>,
}

impl Opened {
    fn add(&mut self, counter: u32) {
        if counter >= self.next {
            self.beyond.insert(counter);
        }
        // Over a gap too wide to be filled any more.
        if self.beyond.len() > STRIDE as usize {
            self.next = self.beyond.first().copied().unwrap_or_default();
        }
        while self.beyond.remove(&self.next) {
            self.next = self.next.saturating_add(1);
        }
    }
}

impl Reach {
    fn next(&self, chain: &Chain) -> u32 {
        self.0.iter().find(|(known, _)| known == chain).map_or(0, |(_, opened)| opened.next)
    }

    /// A message was opened.
    pub fn opened(&mut self, (chain, counter): (Chain, u32)) {
        let at = self.0.iter().position(|(known, _)| *known == chain).unwrap_or_else(|| {
            self.0.truncate(CHAINS - 1);
            self.0.insert(0, (chain, Opened::default()));
            0
        });
        if let Some((_, opened)) = self.0.get_mut(at) {
            opened.add(counter);
        }
    }

    fn is_ahead(&self, (chain, counter): &(Chain, u32)) -> bool {
        *counter > self.next(chain).saturating_add(STRIDE)
    }
}

/// Contact, chain, counter, event: in the order in which they are to be opened.
type Place = (u32, Chain, u32, [u8; 32]);

/// Everything that waits.
pub struct Ahead {
    /// Most bytes that do.
    room: usize,
    waiting: BTreeMap<Place, (Arrived, Incoming)>,
    bytes: usize,
    /// When something came last, by contact.
    last: BTreeMap<u32, Time>,
    /// Relays that have nothing more stored for a mailbox.
    complete: BTreeSet<(u16, [u8; 32])>,
    /// There was no room for all: the relays have to be asked again.
    short: bool,
}

impl Default for Ahead {
    fn default() -> Self {
        Self {
            room: ROOM,
            waiting: BTreeMap::new(),
            bytes: 0,
            last: BTreeMap::new(),
            complete: BTreeSet::new(),
            short: false,
        }
    }
}

impl Ahead {
    /// A fresh net: everything comes again.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// A relay's connection is another one: whatever it had is asked for again.
    pub fn reconnected(&mut self, relay: u16) {
        self.complete.retain(|(of, _)| *of != relay);
    }

    /// A mailbox is asked for anew.
    pub fn asked(&mut self, mailbox: &Bytes32) {
        self.complete.retain(|(_, of)| *of != mailbox.0);
    }

    /// Whether a relay has sent all that it had for a mailbox, on this connection.
    pub fn has_read(&self, relay: u16, mailbox: &Bytes32) -> bool {
        self.complete.contains(&(relay, mailbox.0))
    }

    fn keep(&mut self, place: Place, event: Arrived, message: Incoming, now: Time) {
        self.last.insert(place.0, now);
        self.bytes += message.size();
        if let Some((_, same)) = self.waiting.insert(place, (event, message)) {
            self.bytes -= same.size();
        }
        // Within a chain, what is needed last goes first; whatever goes still lies at the relays.
        while self.bytes > self.room
            && let Some((_, (_, last))) = self.waiting.pop_last()
        {
            self.bytes -= last.size();
            self.short = true;
        }
    }

    fn take(&mut self, place: &Place) -> Option<(Arrived, Incoming)> {
        let waiting = self.waiting.remove(place)?;
        self.bytes -= waiting.1.size();
        Some(waiting)
    }

    /// The first one of a contact, and of a chain if one is named.
    fn first(&self, contact: u32, chain: Option<&Chain>) -> Option<Place> {
        let (from, to) = (chain.copied().unwrap_or([0; 33]), chain.copied().unwrap_or([u8::MAX; 33]));
        let range = (contact, from, 0, [0; 32])..=(contact, to, u32::MAX, [u8::MAX; 32]);
        self.waiting.range(range).next().map(|(place, _)| *place)
    }
}

impl<S: Store> Vault<S> {
    /// Keeps a message that is too far ahead; gives back any other.
    pub(crate) fn hold(
        &mut self,
        contact: u32,
        event: Arrived,
        message: Incoming,
        now: Time,
    ) -> Option<(Arrived, Incoming)> {
        let place = message.place();
        let reach = &self.state.contacts.get(&contact)?.reach;
        if !reach.is_ahead(&place) || self.is_complete(contact, &event.mailbox) {
            return Some((event, message));
        }
        self.ahead.keep((contact, place.0, place.1, event.id.0), event, message, now);
        None
    }

    /// Opens what is no longer too far ahead, now that something of its chain was opened.
    pub(crate) fn catch_up<R: Rng + CryptoRng>(
        &mut self,
        contact: u32,
        chain: &Chain,
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        while let Some(place) = self.ahead.first(contact, Some(chain)) {
            let ahead = self.state.contacts.get(&contact).is_some_and(|c| c.reach.is_ahead(&(place.1, place.2)));
            if ahead {
                break;
            }
            self.open_waiting(place, turn, rng)?;
        }
        Ok(())
    }

    /// A relay has sent all that it had for a mailbox.
    pub(crate) fn mailbox_read(&mut self, relay: u16, mailbox: &Bytes32) {
        self.ahead.complete.insert((relay, mailbox.0));
    }

    /// Opens what waits for nothing any more. Once per transaction.
    pub(crate) fn release<R: Rng + CryptoRng>(&mut self, turn: &mut Turn, rng: &mut R) -> Result<(), Error> {
        let waiting: Vec<(u32, Time)> = self.ahead.last.iter().map(|(contact, last)| (*contact, *last)).collect();
        for (contact, last) in waiting {
            let first = self.ahead.first(contact, None).and_then(|place| self.ahead.waiting.get(&place));
            let done = first.is_none_or(|(event, _)| self.is_complete(contact, &event.mailbox));
            // A clock that was set back says nothing about how long it has been.
            if !done && turn.now >= last && turn.now.since(last) < PATIENCE {
                continue;
            }
            while let Some(place) = self.ahead.first(contact, None) {
                self.open_waiting(place, turn, rng)?;
            }
            self.ahead.last.remove(&contact);
        }
        if self.ahead.last.is_empty() && core::mem::take(&mut self.ahead.short) {
            self.net.again = Some(turn.now);
        }
        Ok(())
    }

    fn open_waiting<R: Rng + CryptoRng>(&mut self, place: Place, turn: &mut Turn, rng: &mut R) -> Result<(), Error> {
        match self.ahead.take(&place) {
            Some((event, message)) if !self.store.knows_event(&event.id)? => {
                self.open_from(place.0, event, &message, turn, rng)
            }
            _ => Ok(()),
        }
    }

    /// Whether every relay that is there has sent all that it had for a mailbox of a contact, and for its others: after a
    /// move the beginning of a chain lies in an older one.
    fn is_complete(&self, contact: u32, mailbox: &Bytes32) -> bool {
        let read = |mailbox: &Bytes32| {
            let relays = self.net.watched(mailbox).iter();
            let mut online = relays.filter(|relay| self.net.state(**relay) == RelayState::Online).peekable();
            (online.peek().is_some(), online.all(|relay| self.ahead.complete.contains(&(*relay, mailbox.0))))
        };
        let all = self.state.contacts.get(&contact).is_none_or(|c| c.mailboxes().all(|own| read(&own.public).1));
        all && read(mailbox) == (true, true)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ahead, CHAINS, Reach, STRIDE};
    use crate::content::Hello;
    use crate::inbox::Arrived;
    use crate::invite::Bundle;
    use crate::session::{Incoming, Own, PREKEY_ID, Session, draw};
    use crate::{Key, Plaintext, Secret, Time};
    use bulkhead_ipc::bytes::Bytes;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    /// So many messages of one chain.
    fn messages(count: usize) -> Vec<Incoming> {
        let rng = &mut StdRng::seed_from_u64(1);
        let drawn = draw(rng).unwrap();
        let (identity, signed, one_time, kyber) = drawn.public;
        let hello = Hello {
            name: Plaintext::new("A".into()),
            mailbox: Bytes([2; 32]),
            seal: Key::new([3; 32]),
            relays: Vec::new(),
        };
        let (registration, one_time) = (drawn.own.registration, (PREKEY_ID, one_time));
        let bundle = Bundle { registration, identity, signed, one_time, kyber, hello, expires_at: 1 };
        let now = Time(1_795_000_000_000);
        let mut session = Session::begin(&Own::draw(rng).unwrap(), &bundle, now, rng).unwrap();
        let sealed = (0..count).map(|_| session.seal(&Secret::new(vec![0; 1024]), now, rng).unwrap());
        sealed.map(|(prekey, body)| Incoming::read(prekey, &body).unwrap()).collect()
    }

    #[test]
    fn without_room_what_is_needed_last_is_left_to_the_relays() {
        let list = messages(5);
        let mut ahead = Ahead { room: 3 * list[4].size() + 100, ..Ahead::default() };
        for message in list.into_iter().rev() {
            let (chain, counter) = message.place();
            let id = Bytes([u8::try_from(counter).unwrap(); 32]);
            let event = Arrived { id, mailbox: Bytes([9; 32]), expires_at: 1 };
            ahead.keep((7, chain, counter, id.0), event, message, Time(1));
        }
        let mut counters = Vec::new();
        while let Some(place) = ahead.first(7, None) {
            assert_eq!(ahead.first(7, Some(&place.1)), Some(place));
            let (_, message) = ahead.take(&place).unwrap();
            counters.push(message.place().1);
        }
        assert_eq!(counters, [0, 1, 2]);
        assert!(ahead.short && ahead.bytes == 0 && ahead.first(8, None).is_none());
    }

    #[test]
    fn a_message_is_ahead_if_more_than_libsignal_bears_is_missing_before_it() {
        let (mut reach, chain) = (Reach::default(), [1; 33]);
        assert!(!reach.is_ahead(&(chain, STRIDE)) && reach.is_ahead(&(chain, STRIDE + 1)));
        (1..=600).rev().for_each(|n| reach.opened((chain, n)));
        assert!(reach.is_ahead(&(chain, STRIDE + 1)), "the first is still missing");
        reach.opened((chain, 0));
        assert!(!reach.is_ahead(&(chain, 601 + STRIDE)) && reach.is_ahead(&(chain, 602 + STRIDE)));
        assert!(reach.is_ahead(&([2; 33], STRIDE + 1)), "chains are counted apart");
        reach.opened((chain, 3));
        assert!(reach.is_ahead(&(chain, 602 + STRIDE)));
    }

    #[test]
    fn a_gap_that_nothing_fills_is_left_behind() {
        let (mut reach, chain) = (Reach::default(), [1; 33]);
        (5..5 + STRIDE).for_each(|n| reach.opened((chain, n)));
        assert_eq!(reach.next(&chain), 0);
        reach.opened((chain, 5 + STRIDE));
        assert_eq!(reach.next(&chain), 6 + STRIDE);
        reach.opened((chain, u32::MAX));
        assert_eq!(reach.next(&chain), 6 + STRIDE);
    }

    #[test]
    fn the_newest_chains_are_remembered() {
        let mut reach = Reach::default();
        (0..20).for_each(|n| reach.opened(([n; 33], 0)));
        assert_eq!(reach.0.len(), CHAINS);
        assert_eq!((reach.next(&[19; 33]), reach.next(&[1; 33])), (1, 0));
    }
}
