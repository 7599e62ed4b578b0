//! What came in: checked from the outside in, stored together with what is owed for it.
//!
//! Everything that can be wrong with an event is found before the first write, so a bad event leaves no trace
//! but a count. What is written afterwards stands or falls with the whole transaction.

use crate::content::{self, Body, Content};
use crate::envelope::{self, Address};
use crate::event::{Curve, Unverified, Verified};
use crate::order::Heard;
use crate::session::{Incoming, Opened, Session};
use crate::state::{Contact, Owner};
use crate::store::{Mailbox, Store};
use crate::turn::Turn;
use crate::vault::Vault;
use crate::{Error, MessageState};
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_ipc::intent::Notice;
use bulkhead_ipc::post::Event;
use rand::{CryptoRng, Rng};

/// Events that were dropped, by reason. Numbers only: what a log may hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Not an envelope's form, or not for us to read.
    pub malformed: u64,
    /// Identifier or signature wrong.
    pub forged: u64,
    /// Past its expiry, or with an impossible one.
    pub expired: u64,
    /// Taken before.
    pub duplicate: u64,
    /// For a mailbox that is not ours (any more).
    pub foreign: u64,
    /// Sealed for us, but libsignal or the content decoder refused it.
    pub undecryptable: u64,
}

/// Through what an authentic content came.
pub(crate) enum Through {
    /// The session.
    Session,
    /// The session begun from an offer of the contact.
    Next,
    /// A session that answers an own offer.
    Offer(Box<Session>),
}

/// Most events kept for an invite whose first message has not come yet.
const PARKED: usize = 64;

impl<S: Store> Vault<S> {
    /// Takes one event.
    pub(crate) fn receive<R: Rng + CryptoRng>(
        &mut self,
        event: Event,
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        let Some((mailbox, expires_at)) = envelope::outside(&event) else {
            self.dropped.malformed += 1;
            return Ok(());
        };
        let life = expires_at.saturating_sub(event.created_at);
        if expires_at <= turn.now.seconds() || life > crate::net::LONGEST_LIFE {
            self.dropped.expired += 1;
            return Ok(());
        }
        let owner = self.state.mailboxes.get(&mailbox.0).copied();
        let rendezvous = self.accepting.as_ref().is_some_and(|a| a.rendezvous == mailbox);
        if owner.is_none() && !rendezvous {
            self.dropped.foreign += 1;
            return Ok(());
        }
        if self.store.knows_event(&event.id)? {
            self.dropped.duplicate += 1;
            return Ok(());
        }
        let Some(event) = self.curve.verify(Unverified(event)) else {
            self.dropped.forged += 1;
            return Ok(());
        };
        let Some(sealed) = envelope::sealed_bytes(&event.get().content) else {
            self.dropped.malformed += 1;
            return Ok(());
        };
        match owner {
            Some(Owner::Contact(handle)) => {
                let event = Arrived { id: event.get().id, mailbox, expires_at };
                self.take_from_contact(handle, event, &sealed, turn, rng)
            }
            Some(Owner::Invite(invite)) => self.take_from_invited(invite, &event, expires_at, &sealed, turn, rng),
            None => self.found_bundle(&sealed, turn, rng),
        }
    }

    fn take_from_contact<R: Rng + CryptoRng>(
        &mut self,
        handle: u32,
        event: Arrived,
        sealed: &[u8],
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        let Some(entry) = self.state.contacts.get(&handle) else { return Ok(()) };
        let own = entry.mailboxes().find(|own| own.public == event.mailbox);
        let Some((kind, body)) = own.and_then(|own| unseal(own, sealed)) else {
            self.dropped.malformed += 1;
            return Ok(());
        };
        if kind == envelope::OFFER {
            self.store.remember_event(&event.id, event.expires_at)?;
            return self.take_offer(handle, event, &body, turn, rng);
        }
        if entry.meeting.watched.iter().any(|place| place.public == event.mailbox) {
            self.dropped.malformed += 1;
            return Ok(());
        }
        let Some(message) = incoming(kind, &body) else { return self.undecryptable(handle, event, turn) };
        let Some((event, message)) = self.hold(handle, event, message, turn.now) else { return Ok(()) };
        let chain = message.place().0;
        self.open_from(handle, event, &message, turn, rng)?;
        self.catch_up(handle, &chain, turn, rng)
    }

    /// Opens a message of a contact whose turn it is.
    pub(crate) fn open_from<R: Rng + CryptoRng>(
        &mut self,
        handle: u32,
        event: Arrived,
        message: &Incoming,
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        let Some(entry) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
        let (opened, through) = entry.open(&mut self.store, message, rng)?;
        match opened {
            Opened::Content(padded) => {
                entry.session_changed = true;
                let offered = self.renewed(handle, through, turn)?;
                self.note_opened(handle, event.expires_at, message)?;
                match content::decode(padded.bytes()) {
                    Some(content) => {
                        if let (true, Body::Moved(moved)) = (offered, &content.body) {
                            self.found_at(handle, moved, turn)?;
                        }
                        self.store.remember_event(&event.id, event.expires_at)?;
                        self.heard_in(handle, &event.mailbox.0, turn.now);
                        self.told(handle, event, content, turn)
                    }
                    None => self.undecryptable(handle, event, turn),
                }
            }
            Opened::Duplicate => {
                self.dropped.duplicate += 1;
                self.doubled(handle, message, turn)?;
                self.store.remember_event(&event.id, event.expires_at)
            }
            Opened::Undecryptable => {
                turn.repair.insert(handle);
                self.undecryptable(handle, event, turn)
            }
        }
    }

    fn undecryptable(&mut self, handle: u32, event: Arrived, turn: &mut Turn) -> Result<(), Error> {
        self.dropped.undecryptable += 1;
        // Of a state that is older than theirs nothing else is to be expected, nor of what is late after a renewal.
        let current = self.state.contacts.get_mut(&handle).filter(|contact| contact.is_settled(turn.now));
        let told = current.map(|c| (core::mem::replace(&mut c.complained, true), c.lost));
        if let Some((false, lost)) = told {
            turn.notice(if lost { Notice::KeysLost } else { Notice::Undecryptable });
        }
        self.store.remember_event(&event.id, event.expires_at)
    }

    /// Acts on authentic content.
    fn told(&mut self, handle: u32, event: Arrived, content: Content, turn: &mut Turn) -> Result<(), Error> {
        let Some(entry) = self.state.contacts.get_mut(&handle) else { return Ok(()) };
        if core::mem::take(&mut entry.row.waiting) {
            entry.row_changed = true;
            turn.touched.insert(handle);
        }
        entry.tie.read = entry.tie.read.saturating_add(1);
        entry.tie_changed = true;
        let relays = entry.mailboxes().find(|own| own.public == event.mailbox).map(|own| own.relays.clone());
        match content.body {
            Body::Text { .. } | Body::Vanishing { .. } => {
                let (id, sent_at, text, life) = match content.body {
                    Body::Vanishing { id, sent_at, text, life } => (id, sent_at, text, life),
                    Body::Text { id, sent_at, text } => (id, sent_at, text, 0),
                    _ => return Ok(()),
                };
                entry.row.unread = entry.row.unread.saturating_add(1);
                entry.row_changed = true;
                entry.owed.get_or_insert_default().push(id);
                *turn.arrived.entry(handle).or_default() += 1;
                // A store's numbers are signed.
                let sent_at = sent_at.min(i64::MAX.unsigned_abs());
                entry.tie.newest = entry.tie.newest.max(sent_at);
                entry.heard.push(Heard { id, sent_at, text, life, timer: false });
                turn.heard.insert(handle);
            }
            Body::Timer { sent_at, seconds } => self.timer_told(handle, sent_at, seconds, turn)?,
            Body::Receipt(ids) => {
                for id in ids {
                    self.receipted(handle, &id, turn)?;
                }
            }
            Body::Witness(witness) => self.witnessed(handle, witness, turn)?,
            // It has done its work when it made the contact; since then, moves count.
            Body::Hello(_) => {}
            Body::Moved(moved) => self.follow(handle, moved, turn)?,
            Body::Keep { revision, part } => self.told_to_keep(handle, revision, part, turn)?,
            Body::Ask(request) => self.asked_for_part(handle, request, turn)?,
            Body::Grant { request, part } => self.got_part(handle, request, part, turn)?,
            Body::Word { id, revision, word } => self.told_of_part(handle, id, revision, word, turn)?,
        }
        // Whether it is the author's is for relays to find out: whoever lies about it only keeps their own event
        // there, and computing the public key would cost as much as the decryption.
        if let Some(relays) = relays
            && Curve::is_secret(&content.erase)
        {
            self.erase(event.id, event.mailbox, content.erase, relays, turn)?;
        }
        Ok(())
    }

    fn receipted(&mut self, handle: u32, id: &content::MessageId, turn: &mut Turn) -> Result<(), Error> {
        let Some(message) = self.store.find_sent(handle, id)? else { return self.part_receipted(handle, id, turn) };
        self.advance(handle, message, MessageState::Delivered, turn)?;
        match self.state.carriers.get(&message) {
            Some(job) => self.drop_job(*job),
            None => Ok(()),
        }
    }

    /// The first message to an invite makes the contact. What comes before it (relays keep no order) waits.
    fn take_from_invited<R: Rng + CryptoRng>(
        &mut self,
        invite: u32,
        event: &Verified<Event>,
        expires_at: u64,
        sealed: &[u8],
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        let Some(row) = self.state.invites.get(&invite) else { return Ok(()) };
        let Some((kind, body)) = unseal(&row.mailbox, sealed) else {
            self.dropped.malformed += 1;
            return Ok(());
        };
        let answered = match kind {
            envelope::PREKEY => Session::answer(&row.own, &row.prekeys, &body, rng),
            _ => None,
        };
        let content = answered.and_then(|(session, padded)| Some((session, content::decode(padded.bytes())?)));
        match content {
            Some((session, Content { erase, body: Body::Hello(hello) })) => {
                self.store.remember_event(&event.get().id, expires_at)?;
                let Some(handle) = self.invite_used(invite, session, hello, turn)? else { return Ok(()) };
                let Some(entry) = self.state.contacts.get(&handle) else { return Ok(()) };
                let (mailbox, relays) = (entry.row.mailbox.public, entry.row.mailbox.relays.clone());
                if Curve::is_secret(&erase) {
                    self.erase(event.get().id, mailbox, erase, relays, turn)?;
                }
                let parked = self.parked.remove(&invite).unwrap_or_default();
                if parked.len() == PARKED {
                    // There may have been more than could be kept: they still lie at the relays.
                    self.net.again = Some(turn.now);
                }
                parked.into_iter().try_for_each(|event| self.receive(event, turn, rng))
            }
            Some(_) => {
                let parked = self.parked.entry(invite).or_default();
                let known = parked.iter().any(|e| e.id == event.get().id);
                if parked.len() < PARKED && !known {
                    parked.push(event.get().clone());
                }
                Ok(())
            }
            None => {
                self.dropped.undecryptable += 1;
                self.store.remember_event(&event.get().id, expires_at)
            }
        }
    }

    /// One envelope with receipts per contact and transaction.
    pub(crate) fn pay_receipts<R: Rng + CryptoRng>(&mut self, turn: &Turn, rng: &mut R) -> Result<(), Error> {
        let owing = self.state.contacts.values_mut().filter_map(|c| Some((c.row.handle, c.owed.take()?)));
        for (handle, ids) in owing.collect::<Vec<_>>() {
            let mut lists: Vec<_> = ids.chunks(content::MAX_RECEIPTS).map(<[_]>::to_vec).collect();
            if lists.is_empty() {
                lists.push(Vec::new());
            }
            for list in lists {
                match self.post(handle, Body::Receipt(list), 0, turn, rng) {
                    // The message is here all the same; only its sender does not learn it.
                    Ok(()) | Err(Error::Keys) => {}
                    Err(error) => return Err(error),
                }
            }
            if self.witness_due(handle, turn.now) {
                self.show_witness(handle, turn, rng)?;
            }
        }
        Ok(())
    }
}

/// What is kept of an event once it was verified and taken apart.
#[derive(Clone, Copy)]
pub struct Arrived {
    /// Its identifier.
    pub id: Bytes32,
    /// The mailbox that it was in.
    pub mailbox: Bytes32,
    /// Unix time from which on it may be forgotten.
    pub expires_at: u64,
}

impl Contact {
    /// Opens a message in the session, or else in one that would renew it. Neither is put in its place here.
    fn open<S: Store, R: Rng + CryptoRng>(
        &mut self,
        store: &mut S,
        message: &Incoming,
        rng: &mut R,
    ) -> Result<(Opened, Through), Error> {
        let opened = match self.session(store) {
            Ok(session) => session.decrypt(message, rng),
            // Lost with a part of the store.
            Err(Error::Keys) => Opened::Undecryptable,
            Err(error) => return Err(error),
        };
        if !matches!(opened, Opened::Undecryptable) {
            return Ok((opened, Through::Session));
        }
        if let (Incoming::PreKey(_), Some(offer)) = (message, &self.offer) {
            let made = Session::renew(&self.row.own, &self.row.peer.identity, &offer.prekeys, message, rng);
            if let Some((session, padded)) = made {
                return Ok((Opened::Content(padded), Through::Offer(Box::new(session))));
            }
        }
        if let (Incoming::Signal(_), Some(next)) = (message, &mut self.next) {
            let opened = next.session.decrypt(message, rng);
            if matches!(opened, Opened::Content(_)) {
                return Ok((opened, Through::Next));
            }
        }
        Ok((opened, Through::Session))
    }
}

fn incoming(kind: u8, body: &[u8]) -> Option<Incoming> {
    match kind {
        envelope::SIGNAL => Incoming::read(false, body),
        envelope::PREKEY => Incoming::read(true, body),
        _ => None,
    }
}

fn unseal(mailbox: &Mailbox, sealed: &[u8]) -> Option<(u8, Vec<u8>)> {
    let to = Address { mailbox: &mailbox.public, seal: &mailbox.seal };
    envelope::open(&to, sealed)
}
