//! The work on an open connection: subscriptions, publishing, authentication, keep-alive, and patience.
//!
//! Nothing is read from the relay while something that it said still waits for the vault.

use crate::relay::{Command, Connection, Note};
use crate::wire::{self, FromRelay};
use crate::{auth::Auth, dial::Socket, subscription::Fit};
use bulkhead_ipc::post::{Delivery, FromNet, Trouble, Verdict};
use bulkhead_ipc::{bytes::Bytes32, sign::FromNet as Question};
use std::collections::VecDeque;
use tokio::time::{MissedTickBehavior, interval};
use tokio_websockets::{Message, Payload};

/// Ticks between pings.
const PING: u32 = 5;
/// Ticks of silence, or of waiting for what it owes us, after which a relay is given up.
const DEAD: u32 = 12;
/// Ticks after which a job without an answer is lost.
const LOST: u32 = 4;
/// Ticks after which subscriptions that the relay has closed are asked for again.
const REOPEN: u32 = 24;
/// Ticks after which a per-mailbox connection without use ends.
const IDLE: u32 = 120;
/// Messages that mean nothing which a relay may send at once; it gets one back per tick.
const PATIENCE: u32 = 100;
/// Messages that may wait for a relay that does not read.
const MAX_QUEUE: usize = 2_000;

/// How relays begin a refusal that authentication may lift (NIP-42).
const AUTH: &str = "auth-required:";

/// An event to publish.
pub struct Job {
    /// The vault's number.
    pub number: u64,
    /// The event's id.
    pub id: Bytes32,
    /// The whole message.
    pub message: Payload,
    /// Ticks since it was sent.
    pub age: u32,
}

/// Why a connection ends; `None` if nobody wants it any more.
pub type End = Option<Trouble>;

/// An open connection.
pub struct Session<'a> {
    of: &'a mut Connection,
    socket: Socket,
    auth: Auth,
    outbox: VecDeque<Note>,
    patience: u32,
    ticks: u32,
    /// Ticks since the relay said anything; since it moved on with what it owes us; since we had a use for it.
    waits: (u32, u32, u32),
}

impl<'a> Session<'a> {
    /// Works until the connection ends, then hands on all that was read before.
    pub async fn run(of: &'a mut Connection, socket: Socket) -> End {
        let (auth, outbox, waits) = Default::default();
        let mut session = Self { of, socket, auth, outbox, patience: PATIENCE, ticks: 0, waits };
        let end = session.work().await.err().flatten();
        for note in session.outbox {
            session.of.note(note).await;
        }
        end
    }

    async fn work(&mut self) -> Result<(), End> {
        let mut ticks = interval(self.of.tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let notes = self.of.notes.clone();
        loop {
            // Not before all mailboxes that the vault is just naming are known: they share subscriptions.
            if self.of.commands.is_empty() {
                self.of.subscriptions.open();
            }
            if self.socket.push(self.of.subscriptions.out.drain(..).map(Message::text)) > MAX_QUEUE {
                return Err(Some(Trouble::Misbehaving));
            }
            tokio::select! {
                command = self.of.commands.recv() => self.command(command.ok_or(None)?),
                permit = notes.reserve(), if !self.outbox.is_empty() =>
                    drop(permit.ok().zip(self.outbox.pop_front()).map(|(permit, note)| permit.send(note))),
                message = self.socket.turn(self.outbox.is_empty()) => self.message(&message.map_err(Some)?)?,
                // Not while we do not read: then the relay's silence is our doing.
                _ = ticks.tick(), if self.outbox.is_empty() => self.tick()?,
            }
        }
    }

    fn verdict(&mut self, job: u64, verdict: Verdict) {
        self.outbox.push_back(Note::Say(FromNet::Ack { job, relay: self.of.key.0, verdict }));
    }

    fn command(&mut self, command: Command) {
        match command {
            Command::Publish(job) => {
                self.socket.push([Message::text(job.message.clone())]);
                self.of.jobs.push(job);
            }
            Command::Signed(event) => match self.auth.signed(event.map(|e| *e)) {
                Some(event) => drop(self.socket.push([Message::text(wire::auth(event))])),
                None => self.settled(false),
            },
            other => self.of.prepare(other),
        }
    }

    /// The question who we are is settled for now. What was refused for it is asked for again: jobs in any case,
    /// since now a refusal is the relay's last word.
    fn settled(&mut self, known: bool) {
        self.of.subscriptions.reopen(known);
        if !self.auth.under_way() {
            self.socket.push(self.of.jobs.iter().map(|job| Message::text(job.message.clone())));
        }
    }

    fn message(&mut self, message: &Message) -> Result<(), End> {
        self.waits.0 = 0;
        if message.is_close() {
            return Err(Some(Trouble::Closed));
        }
        let heard = message.as_text().and_then(wire::parse);
        if !message.is_ping() && !message.is_pong() && !heard.is_some_and(|heard| self.relay_said(heard)) {
            self.patience = self.patience.checked_sub(1).ok_or(Some(Trouble::Misbehaving))?;
        }
        Ok(())
    }

    /// Returns whether it made sense now. Challenges are counted as if not: a relay needs few.
    fn relay_said(&mut self, message: FromRelay) -> bool {
        let (relay, mailbox) = self.of.key;
        match message {
            FromRelay::Event(subscription, event) => {
                let fit = self.of.subscriptions.event(&subscription, &event);
                if fit == Fit::Wanted {
                    self.waits.1 = 0;
                    self.outbox.push_back(Note::Event(Delivery { event: *event, relay }));
                }
                return fit != Fit::Foreign;
            }
            FromRelay::Stored(subscription) => {
                self.waits.1 = 0;
                let done = self.of.subscriptions.stored(&subscription);
                self.outbox.extend(done.into_iter().map(|mailbox| Note::Say(FromNet::Stored { relay, mailbox })));
            }
            FromRelay::Ok(id, accepted, _) if self.auth.answered(id, accepted) => self.settled(accepted),
            FromRelay::Ok(id, accepted, reason) => return self.answered(id, accepted, reason),
            FromRelay::Closed(subscription, reason) => {
                if reason.starts_with(AUTH) && mailbox.is_none() {
                    self.outbox.push_back(Note::Split(relay));
                }
                return self.of.subscriptions.closed(&subscription);
            }
            FromRelay::Challenge(challenge) => {
                let asked = mailbox.zip(self.auth.challenged(challenge));
                let question = asked.map(|(mailbox, challenge)| Question::Ask { relay, mailbox, challenge });
                self.outbox.push_back(question.map_or(Note::Split(relay), Note::Ask));
                return false;
            }
            FromRelay::Notice => return false,
        }
        true
    }

    /// The relay answered an event that we published; whether that makes sense.
    fn answered(&mut self, id: Option<Bytes32>, accepted: bool, reason: String) -> bool {
        // A refusal with a garbled id is about the only job there is, or else nobody knows about which.
        let only = id.is_none() && !accepted && self.of.jobs.len() == 1;
        let job = self.of.jobs.iter().position(|job| only || Some(job.id) == id);
        if let Some(at) = job.filter(|_| accepted || !reason.starts_with(AUTH) || !self.auth.under_way()) {
            let job = self.of.jobs.swap_remove(at);
            self.verdict(job.number, if accepted { Verdict::Accepted } else { Verdict::Refused(reason) });
        }
        job.is_some()
    }

    fn tick(&mut self) -> Result<(), End> {
        self.ticks += 1;
        self.patience = PATIENCE.min(self.patience + 1);
        let (silent, stalled, idle) = &mut self.waits;
        *silent += 1;
        *stalled = if self.of.subscriptions.waiting() { *stalled + 1 } else { 0 };
        *idle = if self.of.subscriptions.is_empty() && self.of.jobs.is_empty() { *idle + 1 } else { 0 };
        match self.waits {
            (DEAD.., _, _) => return Err(Some(Trouble::Unreachable)),
            (_, DEAD.., _) => return Err(Some(Trouble::Misbehaving)),
            (_, _, IDLE..) if self.of.key.1.is_some() => return Err(None),
            _ => {}
        }
        self.of.jobs.iter_mut().for_each(|job| job.age += 1);
        for job in self.of.jobs.extract_if(.., |job| job.age > LOST).collect::<Vec<_>>() {
            self.verdict(job.number, Verdict::Lost);
        }
        if self.ticks.is_multiple_of(PING) {
            self.socket.push([Message::ping("")]);
        }
        if self.ticks.is_multiple_of(REOPEN) {
            self.of.subscriptions.reopen(false);
        }
        Ok(())
    }
}
