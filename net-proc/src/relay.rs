//! One connection to one relay, for as long as it is wanted: connect, work, wait, again.
//!
//! Each runs alone, so that a relay that stalls or floods delays nobody but itself.

use crate::session::{End, Job, Session};
use crate::{address::Address, dial::Dialer, subscription::Subscriptions};
use bulkhead_ipc::post::{Delivery, Event, FromNet, RelayState, Trouble, Verdict};
use bulkhead_ipc::{bytes::Bytes32, sign};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::mpsc::{Sender, UnboundedReceiver};
use tokio::time::{sleep, timeout};

/// A relay's number and, where connections are per mailbox, the mailbox.
pub type Key = (u16, Option<Bytes32>);

/// The hub's word to a connection.
pub enum Command {
    /// Watch a mailbox, from this Unix time on.
    Watch(Bytes32, u64),
    /// Watch it no more.
    Unwatch(Bytes32),
    /// Publish an event.
    Publish(Job),
    /// The vault's answer to [`Note::Ask`].
    Signed(Option<Box<Event>>),
    /// Try now.
    Reconnect,
}

/// A connection's word to the hub.
pub enum Note {
    /// The connection changed.
    State(Key, RelayState),
    /// An event for a watched mailbox.
    Event(Delivery),
    /// Goes to the vault as it is.
    Say(FromNet),
    /// A challenge for the vault to sign.
    Ask(sign::FromNet),
    /// This relay wants to know whom it serves: it gets a connection per mailbox.
    Split(u16),
}

/// The task.
pub struct Connection {
    pub key: Key,
    pub address: Address,
    pub dialer: Arc<Dialer>,
    pub tick: Duration,
    /// How long to wait before the first attempt.
    pub delay: Duration,
    pub commands: UnboundedReceiver<Command>,
    pub notes: Sender<Note>,
    pub subscriptions: Subscriptions,
    pub jobs: Vec<Job>,
}

impl Connection {
    /// Runs until the hub drops its end, or an unwatched per-mailbox connection has been idle for long.
    pub async fn run(mut self) {
        let mut failures = 0;
        while self.rest().await.is_some() {
            let began = Instant::now();
            let Some(trouble) = self.attempt().await else { break };
            self.lose_jobs().await;
            self.note(Note::State(self.key, RelayState::Offline(trouble))).await;
            failures = if began.elapsed() > self.tick * 12 { 1 } else { failures + 1 };
            // 1 s, 2 s, 4 s … 5 min, a quarter more or less, so that a relay's clients do not return as one.
            let step = self.tick / 10 * 2u32.saturating_pow(failures).min(600);
            self.delay = step.mul_f32(0.75 + fastrand::f32() / 2.0);
        }
        // What the hub said while the decision to end was made.
        self.commands.close();
        while let Ok(command) = self.commands.try_recv() {
            self.prepare(command);
        }
        self.lose_jobs().await;
    }

    async fn attempt(&mut self) -> End {
        self.note(Note::State(self.key, RelayState::Connecting)).await;
        let circuit = format!("{:032x}", fastrand::u128(..));
        // What the hub says meanwhile waits in `commands`: jobs for the outcome.
        let limit = self.tick * if self.key.1.is_some() { 12 } else { 4 };
        let socket = match timeout(limit, self.dialer.dial(&self.address, &circuit)).await {
            Ok(Ok(socket)) => socket,
            Ok(Err(trouble)) => return Some(trouble),
            Err(_) => return Some(Trouble::Unreachable),
        };
        self.note(Note::State(self.key, RelayState::Online)).await;
        let end = Session::run(self, socket).await;
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        self.subscriptions.disconnected(now.as_secs());
        end
    }

    /// Waits for the next attempt; `None` if the connection is not wanted any more. A job is lost at once, so
    /// that the vault knows: it tries again when the relay is back.
    async fn rest(&mut self) -> Option<()> {
        let mut over = std::pin::pin!(sleep(self.delay));
        while !self.delay.is_zero() {
            tokio::select! {
                () = &mut over => return Some(()),
                command = self.commands.recv() => match command? {
                    Command::Reconnect => return Some(()),
                    command => self.prepare(command),
                },
            }
            self.lose_jobs().await;
        }
        Some(())
    }

    /// Notes what needs no open connection.
    pub fn prepare(&mut self, command: Command) {
        match command {
            Command::Watch(mailbox, since) => self.subscriptions.watch(mailbox, since),
            Command::Unwatch(mailbox) => self.subscriptions.unwatch(&mailbox),
            Command::Publish(job) => self.jobs.push(job),
            Command::Signed(_) | Command::Reconnect => {}
        }
    }

    async fn lose_jobs(&mut self) {
        for job in std::mem::take(&mut self.jobs) {
            self.note(Note::Say(FromNet::Ack { job: job.number, relay: self.key.0, verdict: Verdict::Lost })).await;
        }
    }

    /// Tells the hub, which listens as long as the process lives.
    pub async fn note(&self, note: Note) {
        let _ = self.notes.send(note).await;
    }
}
