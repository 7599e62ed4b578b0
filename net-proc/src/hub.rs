//! Between the vault's two lines and the connections: who watches what, where.
//!
//! Directly, a relay gets one connection. Through a proxy, or once it asks who we are, it gets one per mailbox, so
//! that it cannot tell which mailboxes are one person's.

use crate::address::Address;
use crate::dial::Dialer;
use crate::lines::End;
use crate::relay::{Command, Connection, Key, Note};
use crate::session::Job;
use crate::{Config, Error, wire};
use bulkhead_ipc::VERSION;
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_ipc::post::{FromNet, MAX_EVENTS, Relay, RelayState, ToNet, Trouble, Verdict, Watch};
use bulkhead_ipc::sign;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use tokio::sync::mpsc::{self, Sender, UnboundedSender};
use tokio::time::Duration;

/// Most bytes of events in one packet.
const MAX_WEIGHT: usize = 128 * 1024;

/// Serves the vault until a line ends.
pub async fn run(post: OwnedFd, sign: OwnedFd, config: Config) -> Result<Infallible, Error> {
    let mut post = End::new(post, FromNet::Hello { version: VERSION }, |message| match message {
        ToNet::Welcome { version } => Some(*version),
        _ => None,
    })?;
    let mut sign = End::new(sign, sign::FromNet::Hello { version: VERSION }, |message| match message {
        sign::ToNet::Welcome { version } => Some(*version),
        _ => None,
    })?;
    let (sender, mut notes) = mpsc::channel(MAX_EVENTS);
    let mut hub = Hub::new(config, sender)?;
    let mut news = Vec::new();
    loop {
        let clear = post.is_clear() && sign.is_clear();
        tokio::select! {
            message = post.turn() => if let Some(message) = message? {
                hub.command(message).into_iter().for_each(|m| post.push(m));
            },
            message = sign.turn() => if let Some(message) = message? {
                hub.signature(message);
            },
            _ = notes.recv_many(&mut news, MAX_EVENTS), if clear => {
                let (packets, questions) = hub.news(news.drain(..));
                packets.into_iter().for_each(|m| post.push(m));
                questions.into_iter().for_each(|m| sign.push(m));
            }
        }
    }
}

struct Known {
    url: String,
    address: Option<Address>,
    /// One connection per mailbox.
    split: bool,
    told: Option<RelayState>,
}

struct Hub {
    dialer: Arc<Dialer>,
    proxied: bool,
    tick: Duration,
    notes: Sender<Note>,
    relays: BTreeMap<u16, Known>,
    watches: BTreeMap<Bytes32, Watch>,
    connections: BTreeMap<Key, (UnboundedSender<Command>, RelayState)>,
}

impl Hub {
    fn new(config: Config, notes: Sender<Note>) -> Result<Self, Error> {
        let (proxied, tick) = (config.proxy.is_some(), config.tick);
        let limit = tick * if proxied { 12 } else { 4 };
        let dialer = Arc::new(Dialer::new(config.roots, config.proxy, limit)?);
        let (relays, watches, connections) = Default::default();
        Ok(Self { dialer, proxied, tick, notes, relays, watches, connections })
    }

    /// Does what the vault says; returns what it is told at once.
    fn command(&mut self, message: ToNet) -> Vec<FromNet> {
        match message {
            ToNet::Welcome { .. } => {}
            ToNet::Relays(relays) => return self.set_relays(relays),
            ToNet::Watch(watch) => {
                let old = self.watches.insert(watch.mailbox, watch.clone());
                for relay in old.into_iter().flat_map(|w| w.relays).filter(|r| !watch.relays.contains(r)) {
                    self.send(relay, watch.mailbox, Command::Unwatch(watch.mailbox), false);
                }
                for relay in watch.relays {
                    self.send(relay, watch.mailbox, Command::Watch(watch.mailbox, watch.since), true);
                }
            }
            ToNet::Unwatch(mailbox) => {
                for relay in self.watches.remove(&mailbox).into_iter().flat_map(|w| w.relays) {
                    self.send(relay, mailbox, Command::Unwatch(mailbox), false);
                }
            }
            ToNet::Publish { job: number, event, relays, circuit } => {
                let id = event.id;
                let message: tokio_websockets::Payload = wire::event(*event).into();
                let mut lost = relays;
                lost.retain(|relay| {
                    let job = Job { number, id, message: message.clone(), age: 0, parked: false };
                    !self.send(*relay, circuit, Command::Publish(job), true)
                });
                return lost.into_iter().map(|relay| FromNet::Ack { job: number, relay, verdict: Verdict::Lost }).collect();
            }
            ToNet::Reconnect => {
                self.connections.values().for_each(|(commands, _)| drop(commands.send(Command::Reconnect)));
            }
        }
        Vec::new()
    }

    fn set_relays(&mut self, list: Vec<Relay>) -> Vec<FromNet> {
        self.relays.retain(|id, known| list.iter().any(|r| r.id == *id && r.url == known.url));
        self.connections.retain(|(id, _), _| self.relays.contains_key(id));
        let mut told = Vec::new();
        for Relay { id, url } in list {
            if self.relays.contains_key(&id) {
                continue;
            }
            let address = Address::parse(&url);
            if address.is_none() {
                told.push(FromNet::Relay { id, state: RelayState::Offline(Trouble::Address) });
            }
            self.relays.insert(id, Known { url, address, split: self.proxied, told: None });
            self.connect(id);
        }
        told
    }

    /// Makes the connections that a relay should have and tells them what to watch.
    fn connect(&mut self, relay: u16) {
        if self.relays.get(&relay).is_some_and(|known| !known.split) {
            self.send(relay, bulkhead_ipc::bytes::Bytes([0; 32]), Command::Reconnect, true);
        }
        let watched = self.watches.values().filter(|w| w.relays.contains(&relay)).map(|w| (w.mailbox, w.since));
        for (mailbox, since) in watched.collect::<Vec<_>>() {
            self.send(relay, mailbox, Command::Watch(mailbox, since), true);
        }
    }

    /// Hands a command to the connection for this mailbox, making one if `make`; whether it was taken.
    fn send(&mut self, relay: u16, mailbox: Bytes32, command: Command, make: bool) -> bool {
        let Some(Known { address: Some(address), split, .. }) = self.relays.get(&relay) else { return false };
        let key = (relay, split.then_some(mailbox));
        let connection = self.connections.get(&key).map(|(commands, _)| commands).filter(|c| !c.is_closed());
        if let Some(commands) = connection {
            return commands.send(command).is_ok();
        }
        if !make {
            return false;
        }
        // Not bounded: only the vault fills it, and the task empties it whatever the relay does.
        let (commands, receiver) = mpsc::unbounded_channel();
        let (dialer, notes, tick, address) = (self.dialer.clone(), self.notes.clone(), self.tick, address.clone());
        let (subscriptions, jobs) = Default::default();
        // Circuits that all open in one moment would tell the relay that they belong together.
        let spread = if key.1.is_some() && matches!(command, Command::Watch(..)) { fastrand::f32() * 2.0 } else { 0.0 };
        let delay = tick.mul_f32(spread);
        let task = Connection { key, address, dialer, tick, delay, commands: receiver, notes, subscriptions, jobs };
        tokio::spawn(task.run());
        let taken = commands.send(command).is_ok();
        self.connections.retain(|_, (commands, _)| !commands.is_closed());
        self.connections.insert(key, (commands, RelayState::Connecting));
        taken
    }

    fn signature(&mut self, message: sign::ToNet) {
        let (relay, mailbox, event) = match message {
            sign::ToNet::Signed { relay, mailbox, event } => (relay, mailbox, Some(event)),
            sign::ToNet::Denied { relay, mailbox } => (relay, mailbox, None),
            sign::ToNet::Welcome { .. } => return,
        };
        self.send(relay, mailbox, Command::Signed(event), false);
    }

    /// Packs what the connections say into packets for the vault and questions for its sign line.
    fn news(&mut self, notes: impl Iterator<Item = Note>) -> (Vec<FromNet>, Vec<sign::FromNet>) {
        let (mut packets, mut questions, mut weight) = (Vec::new(), Vec::new(), 0);
        for note in notes {
            match note {
                Note::Event(delivery) if self.relays.contains_key(&delivery.relay) => {
                    weight += delivery.event.weight();
                    match packets.last_mut() {
                        Some(FromNet::Events(list)) if weight <= MAX_WEIGHT => list.push(delivery),
                        _ => {
                            weight = delivery.event.weight();
                            packets.push(FromNet::Events(vec![delivery]));
                        }
                    }
                }
                Note::Say(message @ FromNet::Ack { .. }) => packets.push(message),
                Note::Say(FromNet::Stored { relay, mailbox }) if self.relays.contains_key(&relay) => {
                    packets.push(FromNet::Stored { relay, mailbox });
                }
                Note::State(key, state) => packets.extend(self.state(key, state)),
                Note::Ask((relay, Some(mailbox)), challenge) => questions.push(sign::FromNet::Ask { relay, mailbox, challenge }),
                Note::Split(relay) if self.relays.get(&relay).is_some_and(|known| !known.split) => {
                    self.connections.remove(&(relay, None));
                    self.relays.entry(relay).and_modify(|known| known.split = true);
                    self.connect(relay);
                }
                _ => {}
            }
        }
        (packets, questions)
    }

    /// A relay is as well as its best connection. Each that comes online is told: lost jobs may now be tried again.
    fn state(&mut self, key: Key, state: RelayState) -> Option<FromNet> {
        self.connections.get_mut(&key)?.1 = state;
        let rank = |state: &RelayState| match state {
            RelayState::Online => 2,
            RelayState::Connecting => 1,
            RelayState::Offline(_) => 0,
        };
        let of_relay = self.connections.range((key.0, None)..=(key.0, Some(bulkhead_ipc::bytes::Bytes([255; 32]))));
        let best = of_relay.map(|(_, (_, state))| *state).filter(|s| rank(s) > rank(&state)).max_by_key(rank).unwrap_or(state);
        let known = self.relays.get_mut(&key.0)?;
        let changed = known.told.replace(best) != Some(best) || state == RelayState::Online;
        changed.then_some(FromNet::Relay { id: key.0, state: best })
    }
}

#[cfg(test)]
mod tests;
