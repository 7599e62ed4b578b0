//! Meeting places: mailboxes that both ends can name, however old the state is that one of them has.
//! Format: `ipc/WIRE.md`, "Meeting places".
//!
//! Mailboxes are replaced within five weeks, so what comes out of an older backup knows none that is still read. Its
//! offers lie at the meeting place of these weeks, too. Nobody watches that all the time, which would show relays one
//! more address for each contact: for moments, after a start and about once a day, at random times.

use crate::Key;
use crate::Time;
use crate::event::Curve;
use crate::net::LONGEST_LIFE;
use crate::session::Own;
use crate::state::{Contact, Owner, State};
use crate::store::{Mailbox, Store};
use crate::vault::Vault;
use bulkhead_ipc::bytes::Bytes32;
use hkdf::Hkdf;
use rand::Rng;
use sha2::Sha256;

/// Seconds for which a meeting place is one.
const PERIOD: u64 = 28 * 86_400;
/// Seconds by which clocks may differ.
const EDGE: u64 = 86_400;
const DAY: u64 = 86_400_000;
/// Most milliseconds for which one is watched.
const LOOK: u64 = 60_000;
/// Milliseconds from a start until it is watched. Through a proxy, mailboxes that are all watched in one moment would be
/// seen to be one person's.
const FIRST: (u64, u64) = (20_000, 600_000);
/// Milliseconds until it is watched again.
const AGAIN: (u64, u64) = (20 * 3_600_000, 28 * 3_600_000);

/// A contact's meeting places.
#[derive(Default)]
pub struct Meeting {
    /// Those that are being watched.
    pub watched: Vec<Mailbox>,
    /// When that began, or is to begin.
    at: Option<Time>,
}

/// In which period a moment lies (Unix time).
fn period(seconds: u64) -> u32 {
    u32::try_from(seconds / PERIOD).unwrap_or(u32::MAX)
}

/// Secret key and seal of the mailbox where `reader` looks for offers in a period.
fn keys(own: &Own, theirs: &[u8], reader: &[u8], period: u32) -> Option<(Key, Key)> {
    let shared = own.agree(theirs)?;
    let key = |label: &[u8]| {
        let mut out = [0; 32];
        let info = [label, reader, &period.to_be_bytes()].concat();
        Hkdf::<Sha256>::new(None, shared.bytes()).expand(&info, &mut out).ok()?;
        Some(Key::new(out))
    };
    Some((key(b"bulkhead/1 meeting mailbox")?, key(b"bulkhead/1 meeting seal")?))
}

/// Where a contact looks for offers at a moment (Unix time): mailbox and seal.
pub fn theirs(curve: &Curve, own: &Own, identity: &[u8], seconds: u64) -> Option<(Bytes32, Key)> {
    let (secret, seal) = keys(own, identity, identity, period(seconds))?;
    Some((curve.public(&secret)?, seal))
}

/// Where we look for offers of a contact: where they may lie that have not expired.
fn ours(curve: &Curve, contact: &Contact, relays: &[u16], now: Time) -> Vec<Mailbox> {
    let (own, now) = (&contact.row.own, now.seconds());
    let Some(reader) = own.public() else { return Vec::new() };
    let mailbox = |period| {
        let (secret, seal) = keys(own, &contact.row.peer.identity, &reader, period)?;
        Some(Mailbox { public: curve.public(&secret)?, secret, seal, relays: relays.to_vec() })
    };
    let (first, last) = (now.saturating_sub(LONGEST_LIFE), now.saturating_add(EDGE));
    (period(first)..=period(last)).filter_map(mailbox).collect()
}

impl<S: Store> Vault<S> {
    /// Begins and ends looking at meeting places.
    pub(crate) fn keep_meetings<R: Rng>(&mut self, now: Time, rng: &mut R) {
        let own = self.told_relays();
        let first = if self.proxied { FIRST } else { (FIRST.0, 3 * FIRST.0) };
        let (ahead, State { contacts, mailboxes, .. }) = (&self.ahead, &mut self.state);
        for (handle, contact) in contacts.iter_mut().filter(|(_, contact)| !contact.lost) {
            let Meeting { watched, at } = &mut contact.meeting;
            let began = at.filter(|at| at.0 <= now.0.saturating_add(AGAIN.1));
            if watched.is_empty() {
                match began {
                    Some(at) if now < at => {}
                    Some(_) => {
                        let places = ours(&self.curve, contact, &own, now);
                        mailboxes.extend(places.iter().map(|place| (place.public.0, Owner::Contact(*handle))));
                        contact.meeting = Meeting { watched: places, at: Some(now) };
                        self.net.stale = true;
                    }
                    // Nothing was drawn yet, or when the clock was wrong. Of a new contact nobody has an older state.
                    None => {
                        let new = now.since(contact.row.added) < DAY;
                        let (least, most) = if new { AGAIN } else { first };
                        *at = Some(Time(now.0.saturating_add(rng.random_range(least..=most))));
                    }
                }
                continue;
            }
            let read = |place: &Mailbox| place.relays.iter().all(|relay| ahead.has_read(*relay, &place.public));
            if watched.iter().all(read) || began.is_none_or(|at| now < at || now.since(at) >= LOOK) {
                for place in watched.drain(..) {
                    mailboxes.remove(&place.public.0);
                }
                *at = Some(Time(now.0.saturating_add(rng.random_range(AGAIN.0..=AGAIN.1))));
                self.net.stale = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    #[test]
    fn both_ends_name_the_same_place_and_nobody_else_does() {
        let rng = &mut StdRng::seed_from_u64(1);
        let [alice, bob, carol] = [(); 3].map(|()| Own::draw(rng).unwrap());
        let [alices, bobs] = [&alice, &bob].map(|own| own.public().unwrap());
        let place = |own: &Own, theirs: &[u8], reader: &[u8], period| {
            keys(own, theirs, reader, period).map(|(mailbox, seal)| (*mailbox.bytes(), *seal.bytes())).unwrap()
        };
        let bob_reads = place(&alice, &bobs, &bobs, 7);
        assert_eq!(bob_reads, place(&bob, &alices, &bobs, 7));
        for other in [place(&bob, &alices, &alices, 7), place(&bob, &alices, &bobs, 8), place(&carol, &bobs, &bobs, 7)]
        {
            assert!(bob_reads.0 != other.0 && bob_reads.1 != other.1);
        }
        assert_ne!(bob_reads.0, bob_reads.1);
        assert_eq!((period(PERIOD - 1), period(PERIOD), period(u64::MAX)), (0, 1, u32::MAX));
    }
}
