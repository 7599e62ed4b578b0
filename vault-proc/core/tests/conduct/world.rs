//! Two vaults, and the relay between them that loses, repeats and reorders.

use crate::obeys;
use crate::store::{Log, Recorder, Seen};
use bulkhead_ipc::bytes::Bytes32;
use bulkhead_ipc::post::{Delivery, Event, FromNet, RelayState, ToNet, Verdict};
use bulkhead_ipc::{VERSION, sign};
use bulkhead_vault_core::{Action, Config, Effect, Input, Plaintext, Time, Vault};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;

const RELAY: &str = "ws://127.0.0.1:7777";
const START: u64 = 1_795_000_000_000;

pub struct Person {
    pub log: Rc<RefCell<Log>>,
    vault: Vault<Recorder>,
    queue: VecDeque<ToNet>,
    watches: BTreeSet<[u8; 32]>,
    accepted: bool,
}

pub struct World {
    now: Time,
    rng: StdRng,
    pub people: Vec<Person>,
    relay: Vec<Event>,
    pub transactions: usize,
    pub published: usize,
    pub refused: usize,
    pub invites_used: usize,
}

fn words(text: &str) -> Plaintext {
    Plaintext::new(text.into())
}

fn config() -> Config {
    Config { relays: vec![RELAY.into()], proxied: false }
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut person = |name: &str| {
            let log = Rc::default();
            let vault = Vault::create(Recorder::open(&log), &words(name), &config(), Time(START), &mut rng);
            let vault = vault.expect("a new profile");
            Person { log, vault, queue: VecDeque::new(), watches: BTreeSet::new(), accepted: false }
        };
        let people = vec![person("Alice"), person("Bob")];
        let mut world = Self {
            now: Time(START),
            rng,
            people,
            relay: vec![],
            transactions: 0,
            published: 0,
            refused: 0,
            invites_used: 0,
        };
        (0..2).for_each(|who| world.connect(who));
        world
    }

    fn connect(&mut self, who: usize) {
        self.people[who].queue.clear();
        self.people[who].watches.clear();
        let (life, version) = (Some(1), VERSION);
        self.input(who, Input::Post(FromNet::Hello { life, version }));
        self.input(who, Input::Sign(sign::FromNet::Hello { life, version }));
    }

    /// The program ends and starts again.
    fn restart(&mut self, who: usize) {
        self.people[who].log.borrow_mut().refuse = false;
        let store = Recorder::open(&self.people[who].log);
        self.people[who].vault = Vault::open(store, &config(), self.now).expect("a profile");
        self.connect(who);
    }

    fn input(&mut self, who: usize, input: Input) {
        let person = &mut self.people[who];
        person.log.borrow_mut().seen.clear();
        let greeted = matches!(input, Input::Post(FromNet::Hello { .. }));
        let effects = person.vault.handle(input, self.now, &mut self.rng);
        let log = person.log.borrow();
        self.transactions += 1;
        self.invites_used += obeys(&log, &effects, greeted);
        self.refused += usize::from(log.seen.contains(&Seen::Refused));
        self.published += effects.iter().filter(|e| matches!(e, Effect::Post(ToNet::Publish { .. }))).count();
        drop(log);
        person.queue.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Post(packet) => Some(packet),
            _ => None,
        }));
    }

    fn net(&mut self, who: usize) {
        while let Some(packet) = self.people[who].queue.pop_front() {
            match packet {
                ToNet::Relays(relays) => {
                    for relay in relays {
                        self.input(who, Input::Post(FromNet::Relay { id: relay.id, state: RelayState::Online }));
                    }
                }
                ToNet::Watch(watch) => drop(self.people[who].watches.insert(watch.mailbox.0)),
                ToNet::Unwatch(mailbox) => drop(self.people[who].watches.remove(&mailbox.0)),
                ToNet::Publish { job, event, relays, .. } => {
                    let lost = self.rng.random_ratio(1, 5);
                    if !lost && event.kind != 5 {
                        self.relay.push(*event);
                    }
                    let verdict = || if lost { Verdict::Lost } else { Verdict::Accepted };
                    for relay in relays {
                        self.input(who, Input::Post(FromNet::Ack { job, relay, verdict: verdict() }));
                    }
                }
                ToNet::Welcome { .. } | ToNet::Reconnect => {}
            }
        }
    }

    /// The relay hands over a few events, in any order and any number of times.
    fn deliver(&mut self, who: usize) {
        for _ in 0..4 {
            if self.relay.is_empty() {
                return;
            }
            let event = self.relay[self.rng.random_range(0..self.relay.len())].clone();
            let mailbox = Bytes32::from_hex(&event.tags[0][1]).expect("a mailbox");
            if self.people[who].watches.contains(&mailbox.0) {
                self.input(who, Input::Post(FromNet::Events(vec![Delivery { event, relay: 1 }])));
            }
        }
    }

    pub fn step(&mut self) {
        let who = self.rng.random_range(0..2);
        let refuse = self.rng.random_ratio(1, 12);
        self.people[who].log.borrow_mut().refuse = refuse;
        match self.rng.random_range(0..10) {
            0..3 => self.net(who),
            3..6 => self.deliver(who),
            6 => self.input(who, Input::Tick),
            7 if self.rng.random_ratio(1, 6) => self.restart(who),
            8 if who == 0 && self.people[0].vault.invite_link().is_none() => {
                self.input(0, Input::Do(Action::Invite));
            }
            8 if who == 1 && !self.people[1].accepted => {
                if let Some(link) = self.people[0].vault.invite_link().cloned() {
                    self.input(1, Input::Do(Action::Accept(link)));
                    self.people[1].accepted = !self.people[1].vault.contacts().is_empty();
                }
            }
            _ => {
                if let Some(contact) = self.people[who].vault.contacts().first().map(|c| c.handle) {
                    self.input(who, Input::Do(Action::Send { contact, text: words("hello") }));
                }
            }
        }
        self.people[who].log.borrow_mut().refuse = false;
        self.now = Time(self.now.0 + self.rng.random_range(1..3_000));
    }
}
