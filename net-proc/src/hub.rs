//! Between the vault's two lines and the connections: who watches what, where.
//!
//! Directly, a relay gets one connection. Through a proxy, or once it asks who we are, it gets one per mailbox, so
//! that it cannot tell which mailboxes are one person's.

use crate::relay::{Command, Connection, Key, Note};
use crate::{Config, Error, address::Address, dial::Dialer, lines::End, session::Job, wire};
use bulkhead_ipc::post::{FromNet, MAX_EVENTS, Relay, RelayState, ToNet, Trouble, Verdict, Watch};
use bulkhead_ipc::{VERSION, automata::NET, automaton::Side, bytes::Bytes32, line::Pair, sign};
use std::{collections::BTreeMap, convert::Infallible, os::fd::OwnedFd, sync::Arc, time::Duration};
use tokio::sync::mpsc::{self, Sender, UnboundedSender};

/// Most bytes of events in one packet.
const MAX_WEIGHT: usize = 128 * 1024;

/// Serves the vault until a line ends.
pub async fn run(post: OwnedFd, sign: OwnedFd, config: Config) -> Result<Infallible, Error> {
    let (pair, life, version) = (Pair::new(&NET, Side::Peer), Some(config.life), VERSION);
    let mut post = End::new(pair.line(post), FromNet::Hello { life, version })?;
    let mut sign = End::new(pair.line(sign), sign::FromNet::Hello { life, version })?;
    let (sender, mut notes) = mpsc::channel(MAX_EVENTS);
    let mut hub = Hub::new(config, sender)?;
    let mut news = Vec::new();
    loop {
        post.queue.extend(hub.to_post.drain(..));
        sign.queue.extend(hub.to_sign.drain(..));
        let clear = post.queue.is_empty() && sign.queue.is_empty();
        tokio::select! {
            message = post.turn() => message?.into_iter().for_each(|m| hub.command(m)),
            message = sign.turn() => message?.into_iter().for_each(|m| hub.signature(m)),
            _ = notes.recv_many(&mut news, MAX_EVENTS), if clear => news.drain(..).for_each(|note| hub.note(note)),
        }
    }
}

struct Known {
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
    to_post: Vec<FromNet>,
    to_sign: Vec<sign::FromNet>,
    /// Of the events in the last packet of `to_post`.
    weight: usize,
}

impl Hub {
    fn new(config: Config, notes: Sender<Note>) -> Result<Self, Error> {
        let (proxied, tick) = (config.proxy.is_some(), config.tick);
        let dialer = Arc::new(Dialer::new(config.roots, config.proxy).map_err(std::io::Error::other)?);
        let (relays, watches, connections, to_post, to_sign, weight) = Default::default();
        Ok(Self { dialer, proxied, tick, notes, relays, watches, connections, to_post, to_sign, weight })
    }

    /// Does what the vault says.
    fn command(&mut self, message: ToNet) {
        match message {
            ToNet::Welcome { .. } => {}
            ToNet::Relays(relays) => self.set_relays(relays),
            ToNet::Watch(watch) => self.watch(watch),
            ToNet::Unwatch(mailbox) => self.watch(Watch { since: 0, relays: Vec::new(), mailbox }),
            ToNet::Publish { job: number, event, relays, circuit } => {
                let (id, message) = (event.id, tokio_websockets::Payload::from(wire::event(*event)));
                for relay in relays {
                    let job = Job { number, id, message: message.clone(), age: 0 };
                    if !self.send(relay, circuit, Command::Publish(job), true) {
                        self.to_post.push(FromNet::Ack { job: number, relay, verdict: Verdict::Lost });
                    }
                }
            }
            ToNet::Reconnect => self.connections.values().for_each(|(c, _)| drop(c.send(Command::Reconnect))),
        }
    }

    fn watch(&mut self, watch: Watch) {
        let (since, mailbox) = (watch.since, watch.mailbox);
        let old = self.watches.remove(&mailbox).map(|old| old.relays).unwrap_or_default();
        for relay in old.into_iter().filter(|r| !watch.relays.contains(r)) {
            self.send(relay, mailbox, Command::Unwatch(mailbox), false);
        }
        for relay in &watch.relays {
            self.send(*relay, mailbox, Command::Watch(mailbox, since), true);
        }
        self.watches.insert(mailbox, watch);
        self.watches.retain(|_, watch| !watch.relays.is_empty());
    }

    fn set_relays(&mut self, mut list: Vec<Relay>) {
        self.relays.retain(|id, known| list.iter().any(|r| r.id == *id && Address::parse(&r.url) == known.address));
        self.connections.retain(|(id, _), _| self.relays.contains_key(id));
        list.retain(|relay| !self.relays.contains_key(&relay.id));
        for Relay { id, url } in list {
            let address = Address::parse(&url);
            if address.is_none() {
                self.to_post.push(FromNet::Relay { id, state: RelayState::Offline(Trouble::Address) });
            }
            self.relays.insert(id, Known { address, split: self.proxied, told: None });
            self.connect(id);
        }
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
        if let Some((commands, _)) = self.connections.get(&key).filter(|(commands, _)| !commands.is_closed()) {
            return commands.send(command).is_ok();
        }
        if !make {
            return false;
        }
        // Not bounded: only the vault fills it, and the task empties it whatever the relay does.
        let (commands, receiver) = mpsc::unbounded_channel();
        let (dialer, notes, tick, address) = (self.dialer.clone(), self.notes.clone(), self.tick, address.clone());
        let (subscriptions, jobs) = Default::default();
        // Circuits that all open in one moment would tell the relay that they belong together. Without a proxy
        // the network address tells it anyway.
        let watches = self.proxied && matches!(command, Command::Watch(..));
        let delay = if watches { tick.mul_f32(fastrand::f32() * 2.0) } else { Duration::ZERO };
        let task = Connection { key, address, dialer, tick, delay, commands: receiver, notes, subscriptions, jobs };
        tokio::spawn(task.run());
        self.connections.retain(|_, (commands, _)| !commands.is_closed());
        self.connections.insert(key, (commands.clone(), RelayState::Connecting));
        commands.send(command).is_ok()
    }

    fn signature(&mut self, message: sign::ToNet) {
        let (relay, mailbox, event) = match message {
            sign::ToNet::Signed { relay, mailbox, event } => (relay, mailbox, Some(event)),
            sign::ToNet::Denied { relay, mailbox } => (relay, mailbox, None),
            sign::ToNet::Welcome { .. } => return,
        };
        self.send(relay, mailbox, Command::Signed(event), false);
    }

    /// Passes on what a connection says; events go many to a packet.
    fn note(&mut self, note: Note) {
        match note {
            Note::Event(delivery) if self.relays.contains_key(&delivery.relay) => {
                self.weight += delivery.event.weight();
                match self.to_post.last_mut() {
                    // Of one relay, as the vault drops the whole packet if it has just removed a relay in it.
                    Some(FromNet::Events(list))
                        if self.weight <= MAX_WEIGHT && list.first().map(|d| d.relay) == Some(delivery.relay) =>
                    {
                        list.push(delivery);
                    }
                    _ => {
                        self.weight = delivery.event.weight();
                        self.to_post.push(FromNet::Events(vec![delivery]));
                    }
                }
            }
            Note::Say(FromNet::Stored { relay, .. }) if !self.relays.contains_key(&relay) => {}
            Note::Say(message) => self.to_post.push(message),
            Note::State(key, state) => self.state(key, state),
            Note::Ask(question) => self.to_sign.push(question),
            Note::Split(relay) if self.relays.get(&relay).is_some_and(|known| !known.split) => {
                self.connections.remove(&(relay, None));
                self.relays.entry(relay).and_modify(|known| known.split = true);
                self.connect(relay);
            }
            _ => {}
        }
    }

    /// A relay is as well as its best connection. Each that comes online is told: lost jobs may now be tried again.
    fn state(&mut self, key: Key, state: RelayState) {
        self.connections.entry(key).and_modify(|connection| connection.1 = state);
        let worth = |state: &RelayState| (*state == RelayState::Online, *state == RelayState::Connecting);
        let of_relay = self.connections.iter().filter(|((relay, _), _)| *relay == key.0).map(|(_, (_, state))| *state);
        let best = of_relay.filter(|other| worth(other) > worth(&state)).max_by_key(worth).unwrap_or(state);
        let Some(known) = self.relays.get_mut(&key.0) else { return };
        if known.told.replace(best) != Some(best) || state == RelayState::Online {
            self.to_post.push(FromNet::Relay { id: key.0, state: best });
        }
    }
}
