//! Sessions after a restore: how an older copy is noticed, and how a session is begun anew with the same contact.
//!
//! A ratchet that runs twice from one state uses keys twice. So a state that is known to be an older one sends
//! nothing in its sessions ([`TieRow::lost`]): it offers fresh prekeys, signed with the identity that the contact
//! knows; the contact begins a new session from them and goes on with the old one until the new one is confirmed.
//! What was not receipted is then encrypted again in the new one. So a replayed offer costs one envelope, and nothing
//! is lost whichever of the two was older.

use crate::ahead::Reach;
use crate::content::{Body, Content, Hello, MAX_COUNT, Moved, Witness};
use crate::envelope::Stamp;
use crate::event::Curve;
use crate::inbox::{Arrived, Through};
use crate::invite::Bundle;
use crate::renewal::{self, Offer};
use crate::session::{self, Incoming, Session};
use crate::state::{Contact, Next};
use crate::store::{ContactRow, Doubt, NextRow, OfferRow, Peer, Store, Unreceipted, Work};
use crate::turn::Turn;
use crate::vault::Vault;
use crate::{Error, Secret, Time, content};
use bulkhead_ipc::intent::{Invite, Notice};
use rand::{CryptoRng, Rng};
use std::collections::BTreeSet;

const HOUR: u64 = 3_600_000;
/// Milliseconds between two renewals without need, two sendings of an offer, and two alarms.
const DAY: u64 = 24 * HOUR;
/// How long an offer can be taken up, in seconds.
const LIFETIME: u64 = 31 * 86_400;
/// Most offers of one contact that are remembered.
const MET: usize = 64;
/// A contact is told what was heard of it when that many contents more were, or a day passed.
const OFTEN: u64 = 100;
/// Most offers drawn in one transaction.
const AT_ONCE: usize = 32;

impl Next {
    /// Reads it from the store.
    pub fn load(contact: &ContactRow, row: NextRow) -> Result<Self, Error> {
        let session = Session::load(&contact.own, &contact.peer.identity, row.record.bytes())?;
        let identity = contact.peer.identity.clone();
        let peer = Peer { identity, mailbox: row.mailbox, seal: row.seal, relays: row.relays };
        Ok(Self { offer: row.offer, session, peer, revision: row.revision, answered: row.answered, changed: false })
    }

    /// As it is stored.
    pub fn row(&self) -> Result<NextRow, Error> {
        Ok(NextRow {
            offer: self.offer,
            record: self.session.save()?,
            mailbox: self.peer.mailbox,
            seal: self.peer.seal.clone(),
            relays: self.peer.relays.clone(),
            revision: self.revision,
            answered: self.answered,
        })
    }
}

/// Whether so much time passed, or the clock was set back.
fn passed(now: Time, since: u64, time: u64) -> bool {
    now.0 < since || now.0 - since >= time
}

impl Contact {
    /// What the contact may be told of both states.
    fn witness(&self) -> Witness {
        let heard = self.tie.read.max(self.tie.told).min(MAX_COUNT);
        Witness { said: self.tie.said.saturating_add(1).min(MAX_COUNT), heard, newest: self.tie.newest.min(MAX_COUNT) }
    }

    /// Whether its session is one in which everything should open.
    pub fn is_settled(&self, now: Time) -> bool {
        !self.tie.lost && passed(now, self.tie.renewed, DAY)
    }

    /// Whether its session may be renewed without need: not while it is being begun, and not often.
    fn may_renew(&self, now: Time) -> bool {
        let pending = self.next.as_ref().is_some_and(|next| !passed(now, next.answered, DAY));
        !self.row.waiting && !self.lost && self.offer.is_none() && !pending && passed(now, self.tie.renewed, DAY)
    }
}

impl<S: Store> Vault<S> {
    /// What came out of a backup sends nothing in its old sessions, and none of its invites can be used: they may
    /// have been by now.
    pub(crate) fn begin_anew(&mut self, now: Time) -> Result<(), Error> {
        if !core::mem::take(&mut self.state.restored) {
            return Ok(());
        }
        self.store.begin()?;
        let mut turn = Turn::new(now);
        let done = self.lose_all(None, &mut turn).and_then(|()| self.store.clear_restored());
        let done = done.and_then(|()| self.put_ties()).and_then(|()| self.store.commit());
        if done.is_err() {
            self.store.rollback();
        }
        done
    }

    /// Holds every session but one for an older state.
    fn lose_all(&mut self, except: Option<u32>, turn: &mut Turn) -> Result<(), Error> {
        for invite in self.state.invites.keys().copied().collect::<Vec<_>>() {
            self.withdraw(invite, turn)?;
        }
        if !matches!(self.invite, Invite::Used { .. } | Invite::None) {
            self.invite = Invite::None;
            turn.invite = true;
        }
        for handle in self.state.contacts.keys().copied().filter(|h| Some(*h) != except).collect::<Vec<_>>() {
            self.lose(handle, turn)?;
        }
        Ok(())
    }

    fn lose(&mut self, handle: u32, turn: &mut Turn) -> Result<(), Error> {
        // Of some, a damaged store left no more than what was written.
        let Some(entry) = self.state.contacts.get_mut(&handle).filter(|entry| !entry.lost) else { return Ok(()) };
        if !core::mem::replace(&mut entry.tie.lost, true) {
            entry.tie_changed = true;
            turn.touched.insert(handle);
            turn.renewals = true;
            // Drawn or begun before the state was put back: the answer may have been used already.
            entry.offer = None;
            entry.next = None;
            self.store.put_offer(handle, None)?;
            self.store.put_next(handle, None)?;
        }
        self.drop_jobs_of(handle)
    }

    /// Removes all that waits to be sent to a contact.
    pub(crate) fn drop_jobs_of(&mut self, handle: u32) -> Result<(), Error> {
        self.drop_jobs(|what| what.contact() == Some(handle))
    }

    /// Notes what a contact knows of both states.
    pub(crate) fn witnessed(&mut self, handle: u32, witness: Witness, turn: &mut Turn) -> Result<(), Error> {
        let Some(entry) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
        entry.tie_changed = true;
        entry.tie.told = entry.tie.told.max(witness.said);
        if witness.newest > entry.row.sent_at {
            entry.row.sent_at = witness.newest;
            entry.row_changed = true;
        }
        let doubt = core::mem::take(&mut entry.tie.doubt);
        if witness.heard <= entry.tie.said {
            return Ok(());
        }
        entry.tie.said = witness.heard;
        if entry.tie.lost || doubt == Doubt::Known {
            return Ok(());
        }
        turn.notice(Notice::OlderCopy);
        // Once a day at most: no contact can have all sessions renewed over and over by a lie.
        if self.alarmed.is_none_or(|at| passed(turn.now, at.0, DAY)) {
            self.alarmed = Some(turn.now);
            self.lose_all((doubt == Doubt::Open).then_some(handle), turn)
        } else if doubt == Doubt::None {
            self.lose(handle, turn)
        } else {
            Ok(())
        }
    }

    /// Takes an offer of a contact.
    pub(crate) fn take_offer<R: Rng + CryptoRng>(
        &mut self,
        handle: u32,
        event: Arrived,
        body: &[u8],
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        let Some(entry) = self.state.contacts.get(&handle) else { return Ok(()) };
        let (own, told) = (entry.row.own.clone(), entry.tie.told);
        let relays = entry.mailboxes().find(|own| own.public == event.mailbox).map(|own| own.relays.clone());
        let offer = renewal::decode(&own, &entry.row.peer.identity, body);
        let Some(offer) = offer.filter(|offer| self.curve.is_public(&offer.bundle.hello.mailbox)) else {
            self.dropped.undecryptable += 1;
            return Ok(());
        };
        if Curve::is_secret(&offer.erase) {
            self.erase(event.id, event.mailbox, offer.erase.clone(), relays.unwrap_or_default(), turn)?;
        }
        self.witnessed(handle, offer.witness, turn)?;
        let Some(entry) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
        if entry.tie.met.contains(&offer.hash) {
            let again = |next: &Next| next.offer == offer.hash && passed(turn.now, next.answered, HOUR);
            return if entry.next.as_ref().is_some_and(again) { self.answer(handle, turn, rng) } else { Ok(()) };
        }
        // If both offered, the offer of the lower identity is taken up: both sides know both.
        let first = own.public().is_some_and(|own| own < entry.row.peer.identity);
        if turn.now.seconds() >= u64::from(offer.bundle.expires_at) {
            return Ok(());
        }
        if entry.offer.is_some() && first {
            return if offer.witness.said > told { self.head_for(handle, offer, turn) } else { Ok(()) };
        }
        self.stay(handle, &event.mailbox.0);
        self.begin_next(handle, offer, turn, rng)
    }

    /// An older state of theirs knows no newer mailbox than the one it wrote to: that one is watched until it does.
    fn stay(&mut self, handle: u32, mailbox: &[u8; 32]) {
        let Some(entry) = self.state.contacts.get_mut(&handle) else { return };
        let former = &mut entry.row.moving.former;
        let Some(at) = former.iter().position(|former| former.mailbox.public.0 == *mailbox) else { return };
        former.iter_mut().skip(at).for_each(|former| former.until = None);
        entry.moving_changed = true;
    }

    /// Our offer goes before theirs: it is sent again, to where they are now.
    fn head_for(&mut self, handle: u32, offer: Offer, turn: &mut Turn) -> Result<(), Error> {
        let Offer { bundle: Bundle { hello, .. }, revision, .. } = offer;
        let Hello { mailbox, seal, relays, .. } = hello;
        if self.found_at(handle, &Moved { revision, mailbox, seal, relays }, turn)? {
            let theirs = |what: Work| matches!(what, Work::Envelope { contact, .. } if contact == handle);
            let jobs: Vec<_> = self.state.jobs.values().filter(|row| theirs(row.what)).map(|row| row.job).collect();
            jobs.into_iter().try_for_each(|job| self.send_elsewhere(job))?;
            self.offer_elsewhere(handle, turn)?;
        }
        Ok(())
    }

    /// An open offer is sent again, as the contact is elsewhere now.
    pub(crate) fn offer_elsewhere(&mut self, handle: u32, turn: &mut Turn) -> Result<(), Error> {
        let Some(entry) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
        let Some(offer) = entry.offer.as_mut() else { return Ok(()) };
        offer.sent = 0;
        turn.renewals = true;
        self.drop_jobs(|what| matches!(what, Work::Offer { contact, .. } if contact == handle))
    }

    /// Where a contact says to be whose state may be an older one: that counts, whatever was known. Says whether it
    /// can be written to there.
    pub(crate) fn found_at(&mut self, handle: u32, place: &Moved, turn: &mut Turn) -> Result<bool, Error> {
        let relays =
            if self.curve.is_public(&place.mailbox) { self.relay_ids(&place.relays, turn)? } else { Vec::new() };
        let Some(entry) = self.state.contacts.get_mut(&handle).filter(|_| !relays.is_empty()) else { return Ok(false) };
        let (peer, moving) = (&mut entry.row.peer, &mut entry.row.moving);
        (peer.mailbox, peer.seal, peer.relays) = (place.mailbox, place.seal.clone(), relays);
        // A store's numbers are signed.
        moving.peer_revision = place.revision.min(i64::MAX.unsigned_abs());
        moving.places.clear();
        (entry.row_changed, entry.moving_changed) = (true, true);
        turn.sweep = true;
        Ok(true)
    }

    fn begin_next<R: Rng + CryptoRng>(
        &mut self,
        handle: u32,
        offer: Offer,
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        let relays = self.relay_ids(&offer.bundle.hello.relays, turn)?;
        let Some(entry) = self.state.contacts.get_mut(&handle).filter(|_| !relays.is_empty()) else { return Ok(()) };
        let Some(session) = Session::begin(&entry.row.own, &offer.bundle, turn.now, rng) else {
            self.dropped.undecryptable += 1;
            return Ok(());
        };
        let Offer { hash, bundle: Bundle { identity, hello, .. }, revision, .. } = offer;
        let peer = Peer { identity, mailbox: hello.mailbox, seal: hello.seal, relays };
        entry.next = Some(Next { offer: hash, session, peer, revision, answered: turn.now.0, changed: true });
        if entry.tie.met.len() >= MET {
            entry.tie.met.remove(0);
        }
        entry.tie.met.push(hash);
        entry.tie_changed = true;
        self.drop_jobs(|what| what == Work::Answer { contact: handle })?;
        self.answer(handle, turn, rng)
    }

    fn drop_jobs(&mut self, which: impl Fn(Work) -> bool) -> Result<(), Error> {
        let jobs: Vec<_> = self.state.jobs.values().filter(|row| which(row.what)).map(|row| row.job).collect();
        jobs.into_iter().try_for_each(|job| self.drop_job(job))
    }

    /// Says where we are in the session that an offer began: an older state may not know.
    fn answer<R: Rng + CryptoRng>(&mut self, handle: u32, turn: &mut Turn, rng: &mut R) -> Result<(), Error> {
        let Some(moved) = self.own_place(handle) else { return Ok(()) };
        let stamp = Stamp::draw(&self.curve, turn.now, rng);
        let content = Content { erase: stamp.author.clone(), body: Body::Moved(moved) };
        let padded = content::encode(&content).ok_or(Error::Keys)?;
        let Some(entry) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
        let Some(next) = entry.next.as_mut() else { return Ok(()) };
        let (_, bytes) = next.session.seal(&padded, turn.now, rng)?;
        (next.answered, next.changed) = (turn.now.0, true);
        entry.tie.said = entry.tie.said.saturating_add(1);
        entry.tie_changed = true;
        let relays = next.peer.relays.clone();
        self.queue(Work::Answer { contact: handle }, stamp, relays, &Secret::new(bytes), turn)
    }

    /// How a contact reaches us, and the revision of that.
    fn own_hello(&self, handle: u32) -> Option<(Hello, u64)> {
        let Moved { revision, mailbox, seal, relays } = self.own_place(handle)?;
        Some((Hello { name: self.state.own_name.clone(), mailbox, seal, relays }, revision))
    }

    /// Something authentic came in a new session: it is the session from now on, and the old one is destroyed. Says
    /// whether it answers an own offer.
    pub(crate) fn renewed(&mut self, handle: u32, through: Through, turn: &mut Turn) -> Result<bool, Error> {
        let Some(entry) = self.state.contacts.get_mut(&handle) else { return Ok(false) };
        let offered = match through {
            Through::Session => return Ok(false),
            Through::Next => {
                let Some(next) = entry.next.take() else { return Ok(false) };
                entry.session = Some(next.session);
                entry.row.peer = next.peer;
                entry.row.moving.peer_revision = next.revision;
                entry.row_changed = true;
                turn.sweep = true;
                false
            }
            Through::Offer(session) => {
                entry.session = Some(*session);
                true
            }
        };
        (entry.offer, entry.next) = (None, None);
        // Nothing that waits is for there: it is sent in the new session.
        entry.row.moving.places.clear();
        (entry.session_changed, entry.moving_changed) = (true, true);
        entry.reach = Reach::default();
        entry.complained = false;
        let lost = core::mem::take(&mut entry.tie.lost);
        entry.tie.doubt = if lost { Doubt::Known } else { Doubt::Open };
        entry.tie.renewed = turn.now.0;
        entry.tie_changed = true;
        self.store.put_offer(handle, None)?;
        self.store.put_next(handle, None)?;
        turn.touched.insert(handle);
        turn.renewed.insert(handle);
        self.drop_jobs_of(handle)?;
        Ok(offered)
    }

    /// At the end of a transaction: confirms new sessions, sends in them what was not receipted, tells contacts what
    /// was heard of them, and makes the offers that are due.
    pub(crate) fn renew<R: Rng + CryptoRng>(&mut self, turn: &mut Turn, rng: &mut R) -> Result<(), Error> {
        for handle in core::mem::take(&mut turn.renewed) {
            turn.witness.insert(handle);
            self.announce(handle, turn, rng)?;
            let timer = self.state.contacts.get(&handle).map(|entry| entry.timer).unwrap_or_default();
            if timer.changed > 0 {
                let body = Body::Timer { sent_at: timer.changed, seconds: timer.seconds };
                self.post(handle, body, 0, turn, rng)?;
            }
            self.renew_parts(handle, turn, rng)?;
            for text in self.store.unreceipted(handle)? {
                // Written in this transaction: it is in the new session already.
                if self.state.carriers.contains_key(&text.message) {
                    continue;
                }
                let Unreceipted { message, id, sent_at, text, life } = text;
                let body = match life {
                    0 => Body::Text { id, sent_at, text },
                    life => Body::Vanishing { id, sent_at, text, life },
                };
                self.post(handle, body, message, turn, rng)?;
            }
        }
        for handle in core::mem::take(&mut turn.witness) {
            self.show_witness(handle, turn, rng)?;
        }
        for handle in core::mem::take(&mut turn.repair) {
            if self.state.contacts.get(&handle).is_some_and(|entry| entry.may_renew(turn.now)) {
                self.offer(handle, turn, rng)?;
            }
        }
        if !core::mem::take(&mut turn.renewals) {
            return Ok(());
        }
        let offers = self.state.jobs.values().filter(|row| matches!(row.what, Work::Offer { .. }));
        let waiting: BTreeSet<u32> = offers.filter_map(|row| row.what.contact()).collect();
        let due = |entry: &&Contact| {
            let pending = entry.offer.as_ref().map_or(entry.tie.lost, |offer| passed(turn.now, offer.sent, DAY));
            pending && !waiting.contains(&entry.row.handle)
        };
        let due: Vec<_> =
            self.state.contacts.values().filter(due).map(|entry| entry.row.handle).take(AT_ONCE).collect();
        due.into_iter().try_for_each(|handle| self.offer_again(handle, turn, rng))
    }

    /// An offer that was not needed and that nobody took up in its time is not made anew.
    fn offer_again<R: Rng + CryptoRng>(&mut self, handle: u32, turn: &mut Turn, rng: &mut R) -> Result<(), Error> {
        let Some(entry) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
        let over = entry.offer.as_ref().is_some_and(|offer| turn.now.seconds() >= offer.expires_at);
        if over && !entry.tie.lost {
            entry.offer = None;
            return self.store.put_offer(handle, None);
        }
        self.offer(handle, turn, rng)
    }

    /// Tells a contact how far both states are.
    pub(crate) fn show_witness<R: Rng + CryptoRng>(
        &mut self,
        handle: u32,
        turn: &Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        let Some(entry) = self.state.contacts.get_mut(&handle).filter(|entry| !entry.tie.lost) else { return Ok(()) };
        let witness = entry.witness();
        entry.tie.shown = (witness.heard, turn.now.0);
        entry.tie_changed = true;
        match self.post(handle, Body::Witness(witness), 0, turn, rng) {
            // A session that was never answered for too long: there is nothing to be told in it.
            Ok(()) | Err(Error::Keys) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether a contact that is about to get a receipt should be told what was heard of it, too.
    pub(crate) fn witness_due(&self, handle: u32, now: Time) -> bool {
        let Some(tie) = self.state.contacts.get(&handle).map(|entry| &entry.tie) else { return false };
        let heard = tie.read.max(tie.told);
        heard.saturating_sub(tie.shown.0) >= OFTEN || heard > tie.shown.0 && passed(now, tie.shown.1, DAY)
    }

    /// A message that was read before came in a new event: its sender may be an older copy that uses keys twice. It
    /// should know, and what it says now is not lost in a new session.
    /// Not so if it is the same message, which was sent to an old mailbox and to a new one.
    pub(crate) fn doubled(&mut self, handle: u32, message: &Incoming, turn: &mut Turn) -> Result<(), Error> {
        if self.store.knows_event(&message.digest())? {
            return Ok(());
        }
        turn.repair.insert(handle);
        if self.state.contacts.get(&handle).is_some_and(|entry| passed(turn.now, entry.tie.shown.1, HOUR)) {
            turn.witness.insert(handle);
        }
        Ok(())
    }

    /// Notes a message that was opened. While mailboxes change hands the same one may come in another event, too.
    pub(crate) fn note_opened(&mut self, handle: u32, expires_at: u64, message: &Incoming) -> Result<(), Error> {
        let Some(entry) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
        entry.reach.opened(message.place());
        match entry.row.moving.former.is_empty() {
            true => Ok(()),
            false => self.store.remember_event(&message.digest(), expires_at),
        }
    }

    /// Offers a contact fresh prekeys, or the ones that it was offered, again.
    fn offer<R: Rng + CryptoRng>(&mut self, handle: u32, turn: &mut Turn, rng: &mut R) -> Result<(), Error> {
        let Some((hello, revision)) = self.own_hello(handle) else { return Ok(()) };
        let Some(entry) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
        if entry.offer.as_ref().is_none_or(|offer| turn.now.seconds() >= offer.expires_at) {
            let expires_at = u32::try_from(turn.now.seconds().saturating_add(LIFETIME)).map_err(|_| Error::Keys)?;
            let drawn = session::draw_for(entry.row.own.clone(), rng).ok_or(Error::Keys)?;
            let (identity, signed, one_time, kyber) = drawn.public;
            let registration = drawn.own.registration;
            let one_time = (session::PREKEY_ID, one_time);
            let bundle = Bundle { registration, identity, signed, one_time, kyber, hello, expires_at };
            let bundle = bundle.encode().ok_or(Error::Keys)?;
            let (prekeys, expires_at) = (drawn.prekeys, u64::from(expires_at));
            entry.offer = Some(OfferRow { prekeys, bundle, revision, expires_at, sent: turn.now.0 });
        }
        if !entry.tie.lost {
            entry.tie.renewed = turn.now.0;
        }
        let Some(offer) = entry.offer.as_mut() else { return Ok(()) };
        offer.sent = turn.now.0;
        self.store.put_offer(handle, Some(offer))?;
        // An older state may know no mailbox that is still read.
        let places: &[bool] = if entry.tie.lost { &[false, true] } else { &[false] };
        for meeting in places.iter().copied() {
            let Some(entry) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
            let witness = entry.witness();
            entry.tie.said = entry.tie.said.saturating_add(1);
            entry.tie_changed = true;
            let Some(offer) = &entry.offer else { return Ok(()) };
            let stamp = Stamp::draw(&self.curve, turn.now, rng);
            let said = (&stamp.author, offer.bundle.as_slice(), offer.revision, witness);
            let body = renewal::encode(&entry.row.own, &entry.row.peer.identity, said, rng).ok_or(Error::Keys)?;
            let relays = entry.row.peer.relays.clone();
            self.queue(Work::Offer { contact: handle, meeting }, stamp, relays, &body, turn)?;
        }
        Ok(())
    }

    /// Writes what changed of ties and unconfirmed sessions.
    pub(crate) fn put_ties(&mut self) -> Result<(), Error> {
        for contact in self.state.contacts.values_mut() {
            if core::mem::take(&mut contact.tie_changed) {
                self.store.put_tie(&contact.tie)?;
            }
            if let Some(next) = contact.next.as_mut().filter(|next| next.changed) {
                next.changed = false;
                self.store.put_next(contact.row.handle, Some(&next.row()?))?;
            }
        }
        Ok(())
    }
}

impl Work {
    /// The contact that it is for.
    pub(crate) const fn contact(self) -> Option<u32> {
        match self {
            Self::Envelope { contact, .. } | Self::Offer { contact, .. } | Self::Answer { contact } => Some(contact),
            Self::Bundle { .. } | Self::Erase { .. } => None,
        }
    }
}
