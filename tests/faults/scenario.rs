//! A conversation while one relay after the other goes bad.

use crate::certificates::Certificates;
use crate::device::Device;
use crate::moods::Mood;
use crate::proxy::Proxy;
use bulkhead_ipc::intent;
use bulkhead_ipc::post::RelayState;
use bulkhead_vault::store::SqlStore;
use bulkhead_vault_core::{Action, MessageState, Plaintext, Vault};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};
use rustls::RootCertStore;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// The longest that a text may take while both devices run and one relay of them is good. Far below what net waits for
/// a relay that does not answer (20 s at the shipped pace); above what a busy machine needs.
const LONGEST: Duration = Duration::from_secs(8);
/// Time for what may have to be tried again, by a clock that runs up to fifty times faster.
const SETTLING: Duration = Duration::from_secs(40);

/// What is played.
pub struct Scenario {
    pub seed: u64,
    pub relays: usize,
    /// net's unit of waiting in milliseconds; 5,000 as it is shipped.
    pub tick: u64,
    /// People change their relays while it goes on.
    pub moving: bool,
}

/// What was seen over all scenarios.
#[derive(Default)]
pub struct Tally {
    texts: usize,
    restarts: usize,
    moves: usize,
    messages: u64,
    moods: BTreeMap<Mood, usize>,
    latencies: Vec<Duration>,
    seeds: Vec<u64>,
    /// Moods that are still to come, in this round.
    deck: Vec<Mood>,
}

impl Tally {
    /// The next mood: each comes once in a round.
    fn draw(&mut self, rng: &mut StdRng) -> Mood {
        if self.deck.is_empty() {
            self.deck = Mood::BAD.to_vec();
            self.deck.shuffle(rng);
        }
        self.deck.pop().unwrap_or(Mood::Honest)
    }

    fn latency(&self, share: f64) -> Duration {
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        sorted.get((share * (sorted.len().max(1) - 1) as f64) as usize).copied().unwrap_or_default()
    }

    /// The histories are no use if nothing happens in them.
    pub fn judge(&self) {
        assert!(self.texts >= 20 && self.moods.len() >= 5, "{self}");
        assert!(self.latency(0.5) < Duration::from_secs(2), "{self}");
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { texts, restarts, moves, messages, moods, seeds, .. } = self;
        let (p50, p99, most) = (self.latency(0.5), self.latency(0.99), self.latency(1.0));
        writeln!(
            f,
            "seeds {seeds:?}: {texts} texts, {restarts} restarts, {moves} changes of relays, {messages} frames"
        )?;
        writeln!(f, "from send to shown while both ran: p50 {p50:?}, p99 {p99:?}, most {most:?}")?;
        write!(f, "bad relays: {moods:?}")
    }
}

/// Both people.
struct World {
    rng: StdRng,
    proxies: Vec<Proxy>,
    people: [Device; 2],
    sent: [Vec<String>; 2],
    /// When each text was sent, if both devices ran then.
    timed: [BTreeMap<String, Instant>; 2],
    away: Option<usize>,
    seed: u64,
}

/// Plays until then.
pub fn run(scenario: &Scenario, until: Instant, tally: &mut Tally) {
    println!("seed {}", scenario.seed);
    tally.seeds.push(scenario.seed);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut roots = RootCertStore::empty();
    let proxies: Vec<_> = (0..scenario.relays)
        .map(|n| Proxy::start(&runtime, Certificates::make(&mut roots), scenario.seed * 16 + n as u64))
        .collect();
    let urls: Vec<String> = proxies.iter().map(|proxy| proxy.url.clone()).collect();
    let person = |name: &str, n: u64| {
        let seed = scenario.seed.wrapping_mul(1_000_003).wrapping_add(n << 32);
        Device::new(name, &urls, roots.clone(), scenario.tick, seed)
    };
    let people = [person("Alice", 1), person("Bob", 2)];
    let (sent, timed) = Default::default();
    let rng = StdRng::seed_from_u64(scenario.seed);
    let mut world = World { rng, proxies, people, sent, timed, away: None, seed: scenario.seed };
    world.pair();
    let mut bad = 0;
    while Instant::now() < until {
        let (relay, mood) = (world.rng.random_range(0..scenario.relays), tally.draw(&mut world.rng));
        bad += 1;
        *tally.moods.entry(mood).or_default() += 1;
        world.proxies[relay].turn(mood);
        let length = Duration::from_millis(world.rng.random_range(200..900));
        if world.rng.random_ratio(1, 3) {
            let who = world.rng.random_range(0..2);
            world.people[who].stop();
            world.away = Some(who);
            tally.restarts += 1;
        }
        if scenario.moving && world.rng.random_ratio(1, 2) {
            world.change_relays(&urls, relay);
            tally.moves += 1;
        }
        world.talk(length);
        if let Some(who) = world.away.take() {
            world.people[who].start();
            world.talk(length / 2);
        }
        world.arrive(mood, relay);
        world.receipted(mood, relay);
        world.heal(relay);
    }
    assert!(bad > 0);
    world.finish(tally);
    tally.messages += world.proxies.iter().map(Proxy::messages).sum::<u64>();
    world.people.iter_mut().for_each(Device::stop);
    drop(world);
    runtime.shutdown_timeout(Duration::from_secs(5));
}

/// All own texts are at the other device.
fn delivered(vault: &mut Vault<SqlStore>) -> bool {
    let messages = vault.messages(1, 1..=vault.newest(1)).expect("messages");
    messages.iter().all(|message| !message.mine || message.state == MessageState::Delivered)
}

impl World {
    fn pair(&mut self) {
        let [alice, bob] = &self.people;
        alice.act(Action::Invite);
        assert!(alice.until(SETTLING, |vault| vault.invite() == intent::Invite::Ready), "an invite");
        let link = alice.look(|vault| vault.invite_link().map(|link| link.as_str().to_owned())).expect("a link");
        bob.act(Action::Accept(Plaintext::new(link)));
        let paired = |vault: &mut Vault<SqlStore>| vault.contacts().iter().any(|contact| !contact.waiting);
        assert!(alice.until(SETTLING, paired) && bob.until(SETTLING, paired), "seed {}: contacts", self.seed);
    }

    /// Both who are there say something now and then.
    fn talk(&mut self, length: Duration) {
        let start = Instant::now();
        while start.elapsed() < length {
            let who = self.away.map_or_else(|| self.rng.random_range(0..2), |away| 1 - away);
            let burst = if self.rng.random_ratio(1, 12) { 40 } else { 1 };
            for _ in 0..burst {
                let text = format!("{} of {who}", self.sent[who].len());
                self.sent[who].push(text.clone());
                if self.away.is_none() {
                    self.timed[who].insert(text.clone(), Instant::now());
                }
                self.people[who].act(Action::Send { contact: 1, text: Plaintext::new(text) });
            }
            std::thread::sleep(Duration::from_millis(self.rng.random_range(5..150)));
        }
    }

    /// Somebody leaves a relay, or comes to one; one that is good now stays.
    fn change_relays(&mut self, urls: &[String], bad: usize) {
        let who = self.away.map_or_else(|| self.rng.random_range(0..2), |away| 1 - away);
        let own = self.people[who].look(|vault| {
            let own = vault.relays().iter().filter(|relay| relay.own);
            own.map(|relay| (relay.id, relay.url.clone())).collect::<Vec<_>>()
        });
        let absent: Vec<_> = urls.iter().filter(|url| own.iter().all(|(_, own)| own != *url)).collect();
        match absent.first() {
            Some(url) => self.people[who].act(Action::AddRelay((*url).clone())),
            None => {
                // Mostly the bad one: that is what people do.
                let leave =
                    if self.rng.random_ratio(2, 3) { &urls[bad] } else { &urls[self.rng.random_range(0..urls.len())] };
                if let Some((id, _)) = own.iter().find(|(_, url)| url == leave) {
                    self.people[who].act(Action::RemoveRelay(*id));
                }
            }
        }
    }

    /// All that was said is there in time, with the relay as bad as it was.
    fn arrive(&self, mood: Mood, relay: usize) {
        let start = Instant::now();
        for (who, sent) in self.sent.iter().enumerate() {
            let there = &self.people[1 - who].diary;
            let missing = || {
                let diary = there.lock().expect("no panic");
                sent.iter().filter(|text| !diary.arrived.contains_key(*text)).cloned().collect::<Vec<_>>()
            };
            while !missing().is_empty() {
                let late = start.elapsed() > LONGEST;
                assert!(
                    !late,
                    "seed {}: relay {relay} is {mood:?}, and {:?} did not come; {}",
                    self.seed,
                    missing(),
                    self.story()
                );
                std::thread::sleep(Duration::from_millis(10));
            }
        }
    }

    /// And all of it is receipted, so that nothing which only the good relay has is under way when another goes bad.
    fn receipted(&self, mood: Mood, relay: usize) {
        for person in &self.people {
            let done = person.until(LONGEST, delivered);
            assert!(
                done,
                "seed {}: relay {relay} is {mood:?}, and a receipt did not come; {}",
                self.seed,
                self.story()
            );
        }
    }

    /// What both devices know, for whoever looks into a failure.
    fn story(&self) -> String {
        let of = |person: &Device| {
            person.look(|vault| {
                let relays = vault.relays().iter().map(|r| format!("{} own {} {:?}", r.id, r.own, r.state));
                let messages = vault.messages(1, 1..=vault.newest(1)).expect("messages");
                let mine = messages.iter().filter(|m| m.mine && m.state != MessageState::Delivered);
                let mine = mine.map(|m| format!("{} {:?}", m.text.as_str(), m.state));
                format!("{:?} {:?} {:?}", relays.collect::<Vec<_>>(), mine.collect::<Vec<_>>(), vault.dropped())
            })
        };
        let complaints = self.people.iter().map(|person| person.diary.lock().expect("no panic").complaints.clone());
        format!("{:?} {:?}", self.people.each_ref().map(of), complaints.collect::<Vec<_>>())
    }

    /// The relay is good again, and both know it: only one is ever bad.
    fn heal(&self, relay: usize) {
        self.proxies[relay].turn(Mood::Honest);
        for person in &self.people {
            person.act(Action::Reconnect);
            let online =
                |vault: &mut Vault<SqlStore>| vault.relays().iter().all(|relay| relay.state == RelayState::Online);
            assert!(person.until(SETTLING, online), "seed {}: relay {relay} did not come back", self.seed);
        }
    }

    /// Everything is as if nothing had been.
    fn finish(&mut self, tally: &mut Tally) {
        for who in 0..2 {
            let person = &self.people[who];
            assert!(person.until(SETTLING, delivered), "seed {}: a text was never receipted", self.seed);
            let texts = person.look(|vault| {
                let messages = vault.messages(1, 1..=vault.newest(1)).expect("messages");
                messages.into_iter().map(|m| (m.mine, m.text.as_str().to_owned())).collect::<Vec<_>>()
            });
            let of = |mine| texts.iter().filter(move |(m, _)| *m == mine).map(|(_, text)| text.clone());
            assert!(of(true).eq(self.sent[who].iter().cloned()), "seed {}", self.seed);
            let theirs: Vec<_> = of(false).collect();
            let distinct: BTreeSet<_> = theirs.iter().collect();
            assert_eq!(distinct.len(), theirs.len(), "seed {}: shown twice", self.seed);
            assert_eq!(theirs, self.sent[1 - who], "seed {}: lost, or out of order", self.seed);
            let diary = person.diary.lock().expect("no panic");
            assert!(diary.complaints.is_empty(), "seed {}: {:?}", self.seed, diary.complaints);
            tally.texts += theirs.len();
            let timed = &self.timed[1 - who];
            tally
                .latencies
                .extend(timed.iter().map(|(text, sent)| diary.arrived[text].saturating_duration_since(*sent)));
        }
    }
}
