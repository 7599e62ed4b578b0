//! What is to be sent: encrypted at once, stored with the ratchet step, published until a relay has it.
//!
//! A job keeps libsignal's bytes and the [`Stamp`]; the event is built from them when it is handed to net, the
//! same each time. That keeps the store small and the relays' duplicates recognisable.

use crate::content::{self, Body, Content};
use crate::envelope::{self, Address, Stamp};
use crate::event::deletion;
use crate::meeting;
use crate::order::Written;
use crate::store::{JobRow, Store, Work};
use crate::turn::Turn;
use crate::vault::Vault;
use crate::{Error, Key, MAX_TEXT, MessageState, Plaintext, Secret};
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_ipc::intent::Notice;
use bulkhead_ipc::post::Event;
use rand::{CryptoRng, Rng};

/// How long a message is offered to relays, in milliseconds.
const PATIENCE: u64 = 21 * 86_400_000;

impl<S: Store> Vault<S> {
    /// Sends a message.
    pub(crate) fn send<R: Rng + CryptoRng>(
        &mut self,
        contact: u32,
        text: &Plaintext,
        turn: &mut Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        let words = text.as_str().trim();
        if words.len() > MAX_TEXT {
            turn.notice(Notice::MessageTooLong);
            return Ok(());
        }
        let Some(entry) = self.state.contacts.get_mut(&contact).filter(|_| !words.is_empty()) else { return Ok(()) };
        if !entry.row.draft.as_str().is_empty() {
            entry.row.draft = Plaintext::new(String::new());
            entry.row_changed = true;
        }
        let sent_at = turn.now.0.max(entry.row.sent_at.saturating_add(1)).min(i64::MAX.unsigned_abs());
        entry.row.sent_at = sent_at;
        entry.row_changed = true;
        let text = Plaintext::new(words.to_owned());
        let mut id = content::MessageId::default();
        rng.fill_bytes(&mut id);
        let life = entry.timer.seconds;
        let body = match life {
            0 => Body::Text { id, sent_at, text: text.clone() },
            life => Body::Vanishing { id, sent_at, text: text.clone(), life },
        };
        let message = self.next_message();
        // After 30 days without an answer libsignal will not go on with a session: that message fails alone.
        // While the session is being renewed it waits in the conversation, and is sent in the new one.
        let state = match self.post(contact, body, message, turn, rng) {
            Ok(()) => MessageState::Queued,
            Err(Error::Keys) => {
                if self.state.contacts.get(&contact).is_some_and(|entry| entry.lost) {
                    turn.notice(Notice::KeysLost);
                }
                MessageState::Failed
            }
            Err(error) => return Err(error),
        };
        self.append(contact, Written { message, id, mine: true, text, sent_at, state, life }, turn)?;
        if life > 0 && state == MessageState::Failed {
            self.begin_sent(message, turn)?;
        }
        Ok(())
    }

    /// Moves an own message on. States only advance: a late acknowledgement does not undo a receipt.
    pub(crate) fn advance(
        &mut self,
        contact: u32,
        message: u64,
        state: MessageState,
        turn: &mut Turn,
    ) -> Result<bool, Error> {
        let Some(entry) = self.state.contacts.get_mut(&contact) else { return Ok(false) };
        let timed = entry.timer.changed > 0;
        let now = match &entry.last {
            Some((number, last)) if *number == message => last.state,
            _ => match self.store.state(message)? {
                Some(state) => state,
                None => return Ok(false),
            },
        };
        let forward = match state {
            MessageState::AtRelay | MessageState::Failed => now == MessageState::Queued,
            MessageState::Delivered => {
                !matches!(now, MessageState::Delivered | MessageState::Note | MessageState::Timer)
            }
            _ => false,
        };
        if !forward {
            return Ok(false);
        }
        self.store.set_state(message, state)?;
        if entry.last.as_ref().is_some_and(|(number, _)| *number == message) {
            turn.before(entry);
        }
        if let Some((_, last)) = entry.last.as_mut().filter(|(number, _)| *number == message) {
            last.state = state;
            turn.touched.insert(contact);
        }
        turn.messages.insert(contact);
        if now == MessageState::Queued && timed {
            self.begin_sent(message, turn)?;
        }
        Ok(true)
    }

    /// Encrypts something to a contact and queues it. Nothing at all in a session whose state may be an older one:
    /// what must not be lost is said in the new one.
    pub(crate) fn post<R: Rng + CryptoRng>(
        &mut self,
        contact: u32,
        body: Body,
        message: u64,
        turn: &Turn,
        rng: &mut R,
    ) -> Result<(), Error> {
        let Some(entry) = self.state.contacts.get_mut(&contact).filter(|c| !c.tie.lost) else { return Ok(()) };
        let stamp = Stamp::draw(&self.curve, turn.now, rng);
        let padded = content::encode(&Content { erase: stamp.author.clone(), body }).ok_or(Error::Keys)?;
        let (prekey, bytes) = entry.session(&mut self.store)?.seal(&padded, turn.now, rng)?;
        entry.session_changed = true;
        entry.tie.said = entry.tie.said.saturating_add(1);
        entry.tie_changed = true;
        let (relays, revision) = (entry.row.peer.relays.clone(), entry.row.moving.peer_revision);
        self.queue(Work::Envelope { contact, prekey, message, revision }, stamp, relays, &Secret::new(bytes), turn)
    }

    /// Queues a job.
    pub(crate) fn queue(
        &mut self,
        what: Work,
        stamp: Stamp,
        relays: Vec<u16>,
        body: &Secret,
        turn: &Turn,
    ) -> Result<(), Error> {
        let row = JobRow { job: self.next.job, what, stamp, since: turn.now, relays };
        self.next.job += 1;
        self.store.add_job(&row, body)?;
        self.state.add_job(row);
        Ok(())
    }

    /// Queues the deletion of an event whose author's key we have.
    pub(crate) fn erase(
        &mut self,
        event: Bytes32,
        mailbox: Bytes32,
        author: Key,
        relays: Vec<u16>,
        turn: &Turn,
    ) -> Result<(), Error> {
        let created_at = turn.now.seconds();
        let expires_at = created_at.saturating_add(crate::net::LONGEST_LIFE);
        let stamp = Stamp { author, nonce: [0; 24], created_at, expires_at };
        self.queue(Work::Erase { event, mailbox }, stamp, relays, &Secret::new(Vec::new()), turn)
    }

    /// Builds a job's event, and the mailbox that it concerns.
    pub(crate) fn build(&self, job: u64) -> Result<Option<(Event, Bytes32)>, Error> {
        let Some(row) = self.state.jobs.get(&job) else { return Ok(None) };
        let (curve, stamp) = (&self.curve, &row.stamp);
        Ok(match row.what {
            Work::Erase { event, mailbox } => {
                deletion(curve, &stamp.author, &event, stamp.created_at).map(|event| (event, mailbox))
            }
            Work::Bundle { invite } => {
                let Some(invite) = self.state.invites.get(&invite) else { return Ok(None) };
                let sealed = self.store.job_body(job)?;
                envelope::event(curve, &invite.rendezvous, stamp, sealed.bytes()).map(|e| (e, invite.rendezvous))
            }
            Work::Offer { contact, meeting: true } => {
                let Some(entry) = self.state.contacts.get(&contact) else { return Ok(None) };
                let (own, identity) = (&entry.row.own, &entry.row.peer.identity);
                let place = meeting::theirs(curve, own, identity, stamp.created_at);
                let Some((mailbox, seal)) = place else { return Ok(None) };
                self.envelope(row, (&mailbox, &seal), envelope::OFFER)?
            }
            Work::Offer { contact, meeting: false } => {
                let Some(entry) = self.state.contacts.get(&contact) else { return Ok(None) };
                self.envelope(row, (&entry.row.peer.mailbox, &entry.row.peer.seal), envelope::OFFER)?
            }
            Work::Answer { contact } => {
                let next = self.state.contacts.get(&contact).and_then(|contact| contact.next.as_ref());
                let Some(next) = next else { return Ok(None) };
                self.envelope(row, (&next.peer.mailbox, &next.peer.seal), envelope::PREKEY)?
            }
            Work::Envelope { contact, prekey, revision, .. } => {
                let Some(to) = self.place_of(contact, revision) else { return Ok(None) };
                self.envelope(row, to, if prekey { envelope::PREKEY } else { envelope::SIGNAL })?
            }
        })
    }

    /// Seals a job's body for whoever reads there.
    fn envelope(&self, row: &JobRow, to: (&Bytes32, &Key), kind: u8) -> Result<Option<(Event, Bytes32)>, Error> {
        let body = self.store.job_body(row.job)?;
        let to = Address { mailbox: to.0, seal: to.1 };
        let sealed = envelope::seal(&to, &row.stamp.nonce, kind, body.bytes());
        let event = sealed.and_then(|sealed| envelope::event(&self.curve, to.mailbox, &row.stamp, &sealed));
        Ok(event.map(|event| (event, *to.mailbox)))
    }

    /// Gives up what no relay took in time.
    pub(crate) fn expire_jobs(&mut self, turn: &mut Turn) -> Result<(), Error> {
        if !self.may_expire(turn.now) {
            return Ok(());
        }
        let late = |row: &&JobRow| turn.now.since(row.since) >= PATIENCE || turn.now.seconds() >= row.stamp.expires_at;
        let late: Vec<_> = self.state.jobs.values().filter(late).map(|row| (row.job, row.what)).collect();
        for (job, what) in late {
            if let Work::Envelope { contact, message, .. } = what
                && message > 0
            {
                self.advance(contact, message, MessageState::Failed, turn)?;
            }
            self.drop_job(job)?;
        }
        Ok(())
    }
}
