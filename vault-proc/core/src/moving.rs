//! Moving: a mailbox gives way to a new one, elsewhere or in the same place, and both ends follow without losing
//! anything. Format and rules: `ipc/WIRE.md`, "Moving".
//!
//! Whoever reads a mailbox decides when to leave it: when the own relays changed, and once in a while, so that no
//! relay sees one address for years. The old mailbox stays watched until the writer was heard in the new one, a day has
//! passed, and its relays had nothing more. A move that nobody confirms is announced again and again.

use crate::content::{Body, MAX_RELAYS, Moved};
use crate::store::{Former, JobRow, Mailbox, Place, Store, Work};
use crate::turn::Turn;
use crate::vault::Vault;
use crate::{Error, Key, Time};
use rand::{CryptoRng, Rng};

const DAY: u64 = 86_400_000;
/// A mailbox is used for so many milliseconds at least, and at most [`SPREAD`] longer.
const ROTATION: u64 = 25 * DAY;
const SPREAD: u64 = 10 * DAY;
/// How long an old mailbox is still watched, and written to where that was begun, after a contact has followed.
const HANDOVER: u64 = DAY;
/// A move that was not followed is announced again after so many milliseconds.
const REPEAT: u64 = 7 * DAY;
/// Nothing that was sent before a move is still at a relay after that time.
const GONE: u64 = crate::net::LONGEST_LIFE * 1000;
/// Most old mailboxes per contact, and most old addresses of a contact.
const MOST: usize = 6;
/// Milliseconds to wait for further changes of the list of relays, and most milliseconds between the first contact
/// that is told and the last. Through a proxy, mailboxes that all change in one moment would be seen to be one person's.
const PAUSE: u64 = 2_000;
const AMONG: (u64, u64) = (3_000, 600_000);
/// Most moves per tick: each encrypts, stores and sends.
const AT_ONCE: usize = 8;

/// What is due for one contact.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Due {
    Move,
    Announce,
}

impl<S: Store> Vault<S> {
    /// Does what time has brought: ends handovers, moves, announces again.
    pub(crate) fn keep_moving<R: Rng + CryptoRng>(&mut self, turn: &mut Turn, rng: &mut R) -> Result<(), Error> {
        let own = self.told_relays();
        let mut due = Vec::new();
        for handle in self.state.contacts.keys().copied().collect::<Vec<_>>() {
            self.end_handovers(handle, turn)?;
            if due.len() < AT_ONCE
                && let Some(what) = self.due(handle, &own, turn.now, rng)
            {
                due.push((handle, what));
            }
        }
        for (handle, what) in due {
            if what == Due::Move {
                self.change_mailbox(handle, &own, turn, rng)?;
            }
            self.announce(handle, turn, rng)?;
        }
        Ok(())
    }

    /// The relays that contacts are told.
    pub(crate) fn told_relays(&self) -> Vec<u16> {
        self.state.own_relays().into_iter().take(MAX_RELAYS).collect()
    }

    fn due<R: Rng>(&mut self, handle: u32, own: &[u16], now: Time, rng: &mut R) -> Option<Due> {
        let among = if self.proxied { AMONG.1 } else { AMONG.0 };
        let contact = self.state.contacts.get_mut(&handle)?;
        let moving = &mut contact.row.moving;
        if contact.row.mailbox.relays == own {
            contact.move_at = None;
        } else if contact.move_at.is_none_or(|at| at.0 > now.0.saturating_add(PAUSE + among)) {
            contact.move_at = Some(Time(now.0 + PAUSE + rng.random_range(0..=among)));
        }
        // Not drawn yet, or drawn when the clock was wrong.
        if moving.rotate == Time(0) || moving.rotate.0 > now.0.saturating_add(ROTATION + SPREAD) {
            // Old contacts, which have none, do not all begin at once.
            let least = if moving.rotate == Time(0) { DAY } else { ROTATION };
            moving.rotate = Time(now.0.saturating_add(rng.random_range(least..=ROTATION + SPREAD)));
            contact.moving_changed = true;
        }
        let followed = moving.former.iter().all(|former| former.until.is_some());
        let elsewhere = contact.move_at.is_some_and(|at| now >= at);
        // While keys are renewed, nobody could be told.
        let old = now >= moving.rotate && followed && !contact.row.waiting && !contact.tie.lost;
        // Nothing is left while the contact may still write to it: better wait.
        let room = moving.former.len() < MOST || moving.former.iter().any(|former| former.until.is_some());
        let told_long_ago = now.since(moving.announced) >= REPEAT || moving.announced.0 > now.0.saturating_add(DAY);
        match () {
            () if (elsewhere || old) && room => Some(Due::Move),
            () if !followed && told_long_ago => Some(Due::Announce),
            () => None,
        }
    }

    /// Leaves a mailbox for a fresh one.
    fn change_mailbox<R: Rng + CryptoRng>(
        &mut self,
        handle: u32,
        own: &[u16],
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        let fresh = self.fresh_mailbox(own.to_vec(), rng)?;
        let public = fresh.public.0;
        let Some(contact) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
        let moving = &mut contact.row.moving;
        if moving.former.len() >= MOST
            && let Some(at) = moving.former.iter().position(|former| former.until.is_some())
        {
            self.state.mailboxes.remove(&moving.former.remove(at).mailbox.public.0);
        }
        let mailbox = core::mem::replace(&mut contact.row.mailbox, fresh);
        let made = core::mem::replace(&mut moving.made, turn.now);
        moving.former.push(Former { mailbox, revision: moving.revision, made, left: turn.now, until: None });
        moving.revision = moving.revision.saturating_add(1);
        moving.rotate = Time(turn.now.0.saturating_add(rng.random_range(ROTATION..=ROTATION + SPREAD)));
        contact.move_at = None;
        (contact.row_changed, contact.moving_changed) = (true, true);
        self.state.mailboxes.insert(public, crate::state::Owner::Contact(handle));
        self.net.stale = true;
        turn.sweep = true;
        Ok(())
    }

    /// Tells a contact where to write.
    pub(crate) fn announce<R: Rng + CryptoRng>(&mut self, handle: u32, turn: &Turn, rng: &mut R) -> Result<(), Error> {
        let Some(moved) = self.own_place(handle) else { return Ok(()) };
        let Some(contact) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
        contact.row.moving.announced = turn.now;
        contact.moving_changed = true;
        match self.post(handle, Body::Moved(moved), 0, turn, rng) {
            // A session that was never answered, for too long. It is tried again like any other.
            Ok(()) | Err(Error::Keys) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Where a contact is to write.
    pub(crate) fn own_place(&self, handle: u32) -> Option<Moved> {
        let row = &self.state.contacts.get(&handle)?.row;
        let Mailbox { public, seal, relays, .. } = &row.mailbox;
        let (revision, relays) = (row.moving.revision, self.state.urls(relays));
        Some(Moved { revision, mailbox: *public, seal: seal.clone(), relays })
    }

    /// Something authentic came into a mailbox of this contact's: what was left before it is not written to any more.
    pub(crate) fn heard_in(&mut self, handle: u32, mailbox: &[u8; 32], now: Time) {
        let Some(contact) = self.state.contacts.get_mut(&handle) else { return };
        let moving = &mut contact.row.moving;
        if moving.former.is_empty() {
            return;
        }
        let old = moving.former.iter().find(|former| former.mailbox.public.0 == *mailbox);
        let (reached, open) = match old {
            Some(former) => (former.revision, former.until.is_none()),
            None => (moving.revision, false),
        };
        for former in moving.former.iter_mut().filter(|former| former.revision < reached && former.until.is_none()) {
            former.until = Some(Time(now.0.saturating_add(HANDOVER)));
            contact.moving_changed = true;
        }
        // They are there, and do not know: the announcement may be lost.
        if open && now.since(moving.announced) >= DAY {
            moving.announced = Time(0);
            contact.moving_changed = true;
        }
    }

    fn end_handovers(&mut self, handle: u32, turn: &mut Turn) -> Result<(), Error> {
        let Some(contact) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
        let (relays, moving, now) = (&self.state.relays, &mut contact.row.moving, turn.now);
        let ahead = &self.ahead;
        let over = |until: Time| now >= until || until.0 > now.0.saturating_add(HANDOVER + DAY);
        let mut gone = Vec::new();
        moving.former.retain_mut(|former| {
            let relays_before = former.mailbox.relays.len();
            // A clock that was wrong.
            former.left = former.left.min(now);
            if former.until.is_none() && now.since(former.left) >= GONE {
                // Who has not followed in all that time was away. At own relays, waiting longer costs nothing.
                former.mailbox.relays.retain(|id| relays.get(id).is_some_and(|relay| relay.own));
            }
            // A relay that is away may still have something.
            let read = former.mailbox.relays.iter().all(|relay| ahead.has_read(*relay, &former.mailbox.public));
            let done = former.until.is_some_and(over) && (read || now.since(former.left) >= GONE);
            let stays = !done && !former.mailbox.relays.is_empty();
            if !stays || former.mailbox.relays.len() != relays_before {
                gone.push((former.mailbox.public.0, stays));
            }
            stays
        });
        for (mailbox, stays) in gone {
            if !stays {
                self.state.mailboxes.remove(&mailbox);
            }
            contact.moving_changed = true;
            self.net.stale = true;
            turn.sweep = true;
        }
        while let Some(contact) = self.state.contacts.get(&handle)
            && let Some(at) = contact.row.moving.places.iter().position(|place| over(place.until))
        {
            self.forget_place(handle, at, turn)?;
        }
        Ok(())
    }

    /// A contact says where to write from now on.
    pub(crate) fn follow(&mut self, handle: u32, moved: Moved, turn: &mut Turn) -> Result<(), Error> {
        // A store's numbers are signed.
        let revision = moved.revision.min(i64::MAX.unsigned_abs());
        let Some(contact) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
        let known = contact.row.moving.peer_revision;
        if revision == known && contact.row.peer.mailbox == moved.mailbox {
            // They have not heard that we followed.
            contact.owed.get_or_insert_default();
        }
        if revision <= known || !self.curve.is_public(&moved.mailbox) {
            return Ok(());
        }
        let relays = self.relay_ids(&moved.relays, turn)?;
        let Some(contact) = self.state.contacts.get_mut(&handle).filter(|_| !relays.is_empty()) else { return Ok(()) };
        let peer = &mut contact.row.peer;
        let place = Place {
            revision: known,
            mailbox: core::mem::replace(&mut peer.mailbox, moved.mailbox),
            seal: core::mem::replace(&mut peer.seal, moved.seal),
            relays: core::mem::replace(&mut peer.relays, relays),
            until: Time(turn.now.0.saturating_add(HANDOVER)),
        };
        // What no relay has taken there goes to the new place: the old one may be out of reach.
        let untouched = |row: &&JobRow| row.relays == place.relays;
        let jobs: Vec<u64> = self.addressed(handle, known).filter(untouched).map(|row| row.job).collect();
        let Some(contact) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
        contact.row.moving.peer_revision = revision;
        contact.row.moving.places.push(place);
        // The receipt tells them that we followed, from the new place.
        contact.owed.get_or_insert_default();
        (contact.row_changed, contact.moving_changed) = (true, true);
        turn.sweep = true;
        jobs.into_iter().try_for_each(|job| self.send_elsewhere(job))?;
        self.offer_elsewhere(handle, turn)?;
        while self.state.contacts.get(&handle).is_some_and(|contact| contact.row.moving.places.len() > MOST) {
            self.forget_place(handle, 0, turn)?;
        }
        Ok(())
    }

    /// What is to be sent to a contact's mailbox of this revision.
    fn addressed(&self, handle: u32, to: u64) -> impl Iterator<Item = &JobRow> {
        let there = move |what: Work| matches!(what, Work::Envelope { contact, revision, .. } if contact == handle && revision == to);
        self.state.jobs.values().filter(move |row| there(row.what))
    }

    /// The handover is over: texts that were not receipted go to the new place as well, for the other device drops
    /// what it has. Nothing else is worth being seen at both.
    fn forget_place(&mut self, handle: u32, at: usize, turn: &mut Turn) -> Result<(), Error> {
        let Some(contact) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
        let place = contact.row.moving.places.remove(at);
        contact.moving_changed = true;
        turn.sweep = true;
        let text = |row: &JobRow| matches!(row.what, Work::Envelope { message, .. } if message > 0);
        let jobs: Vec<_> = self.addressed(handle, place.revision).map(|row| (row.job, text(row))).collect();
        for (job, text) in jobs {
            if text { self.send_elsewhere(job)? } else { self.drop_job(job)? }
        }
        Ok(())
    }

    /// Addresses a job to where its contact is now. It becomes another one, as net may still answer for the old.
    pub(crate) fn send_elsewhere(&mut self, job: u64) -> Result<(), Error> {
        let Some(row) = self.state.jobs.get(&job).cloned() else { return Ok(()) };
        let Work::Envelope { contact, prekey, message, .. } = row.what else { return Ok(()) };
        let Some(entry) = self.state.contacts.get(&contact) else { return Ok(()) };
        let (revision, relays) = (entry.row.moving.peer_revision, entry.row.peer.relays.clone());
        let body = self.store.job_body(job)?;
        self.drop_job(job)?;
        let what = Work::Envelope { contact, prekey, message, revision };
        let row = JobRow { job: self.next.job, what, relays, ..row };
        self.next.job += 1;
        self.store.add_job(&row, &body)?;
        self.state.add_job(row);
        Ok(())
    }

    /// Where a contact's mailbox of this revision is: its key and its seal.
    pub(crate) fn place_of(&self, handle: u32, revision: u64) -> Option<(&bulkhead_ipc::bytes::Bytes32, &Key)> {
        let row = &self.state.contacts.get(&handle)?.row;
        if row.moving.peer_revision == revision {
            return Some((&row.peer.mailbox, &row.peer.seal));
        }
        let place = row.moving.places.iter().find(|place| place.revision == revision)?;
        Some((&place.mailbox, &place.seal))
    }
}
