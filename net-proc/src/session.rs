//! The work on an open connection: subscriptions, publishing, authentication, keep-alive, and patience.
//!
//! Nothing is read from the relay while something that it said still waits for the vault.

use crate::auth::Auth;
use crate::dial::Socket;
use crate::relay::{Command, Connection, End, Note};
use crate::subscription::Fit;
use crate::wire::{self, FromRelay};
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_ipc::post::{Delivery, FromNet, Trouble, Verdict};
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
const PATIENCE: u32 = 60;
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
    /// Refused for want of authentication; waits for it.
    pub parked: bool,
}

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
    /// Begins.
    pub fn new(of: &'a mut Connection, socket: Socket) -> Self {
        let (auth, outbox, waits) = Default::default();
        Self { of, socket, auth, outbox, patience: PATIENCE, ticks: 0, waits }
    }

    /// Works until the connection ends, then hands on all that was read before.
    pub async fn run(mut self) -> End {
        let end = self.work().await.err().unwrap_or(End::Unwanted);
        for note in std::mem::take(&mut self.outbox) {
            self.of.note(note).await;
        }
        end
    }

    async fn work(&mut self) -> Result<(), End> {
        let mut ticks = interval(self.of.tick);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let notes = self.of.notes.clone();
        self.send(self.of.jobs.iter().map(|job| job.message.clone()).collect())?;
        loop {
            // Not before all mailboxes that the vault is just naming are known: they share subscriptions.
            if self.of.commands.is_empty() {
                let messages = self.of.subscriptions.open();
                self.send(messages)?;
            }
            tokio::select! {
                command = self.of.commands.recv() => self.command(command.ok_or(End::Unwanted)?)?,
                permit = notes.reserve(), if !self.outbox.is_empty() => {
                    if let (Ok(permit), Some(note)) = (permit, self.outbox.pop_front()) {
                        permit.send(note);
                    }
                }
                message = self.socket.turn(self.outbox.is_empty()) => self.message(&message.map_err(End::Broken)?)?,
                _ = ticks.tick() => self.tick()?,
            }
        }
    }

    fn send<T: Into<Payload>>(&mut self, messages: Vec<T>) -> Result<(), End> {
        let queued = self.socket.push(messages.into_iter().map(Message::text));
        if queued > MAX_QUEUE { Err(End::Broken(Trouble::Misbehaving)) } else { Ok(()) }
    }

    fn say(&mut self, message: FromNet) {
        self.outbox.push_back(Note::Say(message));
    }

    fn verdict(&mut self, job: u64, verdict: Verdict) {
        self.say(FromNet::Ack { job, relay: self.of.key.0, verdict });
    }

    fn command(&mut self, command: Command) -> Result<(), End> {
        match command {
            Command::Watch(mailbox, since) => self.of.subscriptions.watch(mailbox, since),
            Command::Unwatch(mailbox) => {
                let messages = self.of.subscriptions.unwatch(&mailbox);
                self.send(messages)?;
            }
            Command::Publish(job) => {
                self.send(vec![job.message.clone()])?;
                self.of.jobs.push(job);
            }
            Command::Signed(event) => match self.auth.signed(event.map(|e| *e)) {
                Some(event) => self.send(vec![wire::auth(event)])?,
                None => self.unpark(false)?,
            },
            Command::Reconnect => {}
        }
        Ok(())
    }

    fn message(&mut self, message: &Message) -> Result<(), End> {
        self.waits.0 = 0;
        if message.is_close() {
            return Err(End::Broken(Trouble::Closed));
        }
        if message.is_ping() || message.is_pong() {
            return Ok(());
        }
        let (relay, mailbox) = self.of.key;
        match message.as_text().and_then(wire::parse) {
            Some(FromRelay::Event(subscription, event)) => match self.of.subscriptions.event(&subscription, &event) {
                Fit::Wanted => {
                    self.waits.1 = 0;
                    self.outbox.push_back(Note::Event(Delivery { event: *event, relay }));
                }
                Fit::Late => {}
                Fit::Foreign => return self.garbage(),
            },
            Some(FromRelay::Stored(subscription)) => {
                self.waits.1 = 0;
                let (messages, done) = self.of.subscriptions.stored(&subscription);
                self.send(messages)?;
                done.into_iter().for_each(|mailbox| self.say(FromNet::Stored { relay, mailbox }));
            }
            Some(FromRelay::Ok { id, accepted, .. }) if self.auth.answered(id, accepted) => {
                let messages = self.of.subscriptions.reopen(accepted);
                self.send(messages)?;
                self.unpark(accepted)?;
            }
            Some(FromRelay::Ok { id, accepted, reason }) => return self.answered(id, accepted, reason),
            Some(FromRelay::Closed(subscription, reason)) => {
                if reason.starts_with(AUTH) && mailbox.is_none() {
                    self.outbox.push_back(Note::Split(relay));
                }
                if !self.of.subscriptions.closed(&subscription) {
                    return self.garbage();
                }
            }
            Some(FromRelay::Challenge(_)) if mailbox.is_none() => self.outbox.push_back(Note::Split(relay)),
            Some(FromRelay::Challenge(challenge)) => {
                let question = self.auth.challenged(challenge).map(|challenge| Note::Ask(self.of.key, challenge));
                self.outbox.extend(question);
                return self.garbage();
            }
            Some(FromRelay::Notice) | None => return self.garbage(),
        }
        Ok(())
    }

    /// The relay answered an event that we published.
    fn answered(&mut self, id: Option<Bytes32>, accepted: bool, reason: String) -> Result<(), End> {
        // A refusal with a garbled id is about the only job there is, or else nobody knows about which.
        let only = id.is_none() && !accepted && self.of.jobs.len() == 1;
        let Some(at) = self.of.jobs.iter().position(|job| only || Some(job.id) == id) else { return self.garbage() };
        if reason.starts_with(AUTH) && self.auth.under_way() {
            self.of.jobs.iter_mut().skip(at).take(1).for_each(|job| job.parked = true);
            return Ok(());
        }
        let job = self.of.jobs.swap_remove(at);
        self.verdict(job.number, if accepted { Verdict::Accepted } else { Verdict::Refused(reason) });
        Ok(())
    }

    /// The question who we are is settled: what was refused for it is sent again, or stays refused.
    fn unpark(&mut self, known: bool) -> Result<(), End> {
        if self.auth.under_way() {
            return Ok(());
        }
        for mut job in self.of.jobs.extract_if(.., |job| job.parked).collect::<Vec<_>>() {
            if known {
                job.parked = false;
                self.command(Command::Publish(job))?;
            } else {
                self.verdict(job.number, Verdict::Refused(AUTH.into()));
            }
        }
        Ok(())
    }

    fn garbage(&mut self) -> Result<(), End> {
        self.patience = self.patience.checked_sub(1).ok_or(End::Broken(Trouble::Misbehaving))?;
        Ok(())
    }

    fn tick(&mut self) -> Result<(), End> {
        // While we do not read, the relay's silence is our doing.
        if !self.outbox.is_empty() {
            return Ok(());
        }
        self.ticks += 1;
        self.patience = PATIENCE.min(self.patience + 1);
        let (silent, stalled, idle) = &mut self.waits;
        *silent += 1;
        *stalled = if self.of.subscriptions.waiting() { *stalled + 1 } else { 0 };
        *idle = if self.of.subscriptions.is_empty() && self.of.jobs.is_empty() { *idle + 1 } else { 0 };
        match self.waits {
            (DEAD.., _, _) => return Err(End::Broken(Trouble::Unreachable)),
            (_, DEAD.., _) => return Err(End::Broken(Trouble::Misbehaving)),
            (_, _, IDLE..) if self.of.key.1.is_some() => return Err(End::Unwanted),
            _ => {}
        }
        self.of.jobs.iter_mut().for_each(|job| job.age += 1);
        for job in self.of.jobs.extract_if(.., |job| job.age > LOST).collect::<Vec<_>>() {
            self.verdict(job.number, Verdict::Lost);
        }
        if self.ticks.is_multiple_of(PING) {
            self.socket.push([Message::ping("")]);
        }
        let again = if self.ticks.is_multiple_of(REOPEN) { self.of.subscriptions.reopen(false) } else { Vec::new() };
        self.send(again)
    }
}
