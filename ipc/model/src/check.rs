//! The promises, and how they are checked.
//!
//! Whether something bad can happen is stateright's business: it visits every reachable state and names the shortest way
//! to a bad one. Whether something good stays possible is not: its `eventually` ignores cycles. So the same model is
//! walked once more here, and from the settled states backwards along what is *owed* ([`World::is_owed`]): a state
//! that this does not reach is one from which the program cannot recover by itself.

use crate::moves::Move;
use crate::scope::Scope;
use crate::words::Event;
use crate::world::{World, Wrong};
use stateright::{Checker, HasDiscoveries, Model, Property};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// The names of the promises.
pub mod promise {
    /// From every state everything that was begun can still be finished, without a fault's help.
    pub const NO_DEADLOCK: &str = "no deadlock";
    /// What the user saw as queued waits in the store, or is at a relay; what was taken in was stored.
    pub const NONE_LOST: &str = "no message lost after it was queued";
    /// No message stands in a conversation twice.
    pub const NONE_TWICE: &str = "no message shown twice";
    /// Nothing is published that is not durable.
    pub const STORED_FIRST: &str = "nothing sent before it is stored";
    /// An invite's key begins one session.
    pub const ONE_TIME: &str = "no one-time key used twice";
    /// Without keys in memory nothing is encrypted, decrypted or signed.
    pub const LOCKED: &str = "a locked vault neither decrypts nor signs";
    /// No word to ui or net can carry a word, a name, a key or a passphrase.
    pub const NO_SECRET: &str = "no message carrying a secret leaves the vault";
    /// Relay authentication is signed for one's own mailboxes only.
    pub const OWN_MAILBOX: &str = "relay authentication is signed for own mailboxes only";
    /// Nor does such a signature leave the vault, whatever the vault signs.
    pub const OWN_LEFT: &str = "no signature for a foreign mailbox leaves the vault";
    /// A process that keeps the rules is never taken for one that does not.
    pub const NO_FALSE_ALARM: &str = "who keeps the rules is never condemned";

    /// Those that can be seen in one state.
    pub const SAFETY: [&str; 9] =
        [NONE_LOST, NONE_TWICE, STORED_FIRST, ONE_TIME, LOCKED, NO_SECRET, OWN_MAILBOX, OWN_LEFT, NO_FALSE_ALARM];
}

/// A scope as stateright sees it.
#[derive(Clone, Copy, Debug)]
pub struct Composition(pub Scope);

fn none_lost(world: &World) -> bool {
    let disk = &world.disk;
    let carried = |event: &Event| disk.jobs.values().any(|(job, _)| job == event);
    let at_relay = |event: &Event| world.relays.iter().any(|(_, other)| other == event);
    let kept = |event: Event| carried(&event) || at_relay(&event) || world.lied.contains(&event);
    let sent = disk.sent.keys().all(|number| kept(Event::Mine(*number)));
    let promised = world.promised.iter().all(|number| disk.sent.contains_key(number));
    let taken = disk.ids.iter().all(|event| match event {
        Event::Theirs(_) => disk.got.contains_key(event),
        Event::Answer(_) => disk.invited > 0,
        _ => true,
    });
    sent && promised && taken
}

/// Whether a promise is broken already. What comes after that is not looked at.
pub fn is_broken(world: &World) -> bool {
    world.wrong != 0 || world.disk.invited > 1 || world.disk.got.values().any(|copies| *copies > 1) || !none_lost(world)
}

impl Model for Composition {
    type State = World;
    type Action = Move;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(&self.0)]
    }

    fn actions(&self, state: &World, actions: &mut Vec<Move>) {
        if !is_broken(state) {
            state.moves(&self.0, actions);
        }
    }

    fn next_state(&self, last: &World, action: Move) -> Option<World> {
        let mut next = last.clone();
        next.go(&self.0, action);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        use promise::{
            LOCKED, NO_FALSE_ALARM, NO_SECRET, NONE_LOST, NONE_TWICE, ONE_TIME, OWN_LEFT, OWN_MAILBOX, STORED_FIRST,
        };
        vec![
            Property::always(NONE_LOST, |_, world: &World| none_lost(world)),
            Property::always(NONE_TWICE, |_, world: &World| world.disk.got.values().all(|copies| *copies < 2)),
            Property::always(STORED_FIRST, |_, world: &World| world.spared(Wrong::Unstored)),
            Property::always(ONE_TIME, |_, world: &World| world.disk.invited < 2),
            Property::always(LOCKED, |_, world: &World| world.spared(Wrong::LockedCrypto)),
            Property::always(NO_SECRET, |_, world: &World| world.spared(Wrong::Secret)),
            Property::always(OWN_MAILBOX, |_, world: &World| world.spared(Wrong::ForeignSigned)),
            Property::always(OWN_LEFT, |_, world: &World| world.spared(Wrong::ForeignLeft)),
            Property::always(NO_FALSE_ALARM, |_, world: &World| world.spared(Wrong::FalseAlarm)),
        ]
    }
}

/// What a check found.
#[derive(Debug)]
pub struct Verdict {
    /// Distinct states.
    pub states: usize,
    /// Steps between states, repeats included.
    pub steps: usize,
    /// The longest of the shortest ways to a state.
    pub depth: usize,
    /// How long it took.
    pub took: Duration,
    /// The promises that do not hold, and a shortest way to see it.
    pub broken: Vec<(&'static str, Vec<Move>)>,
}

impl Verdict {
    /// Whether this promise holds.
    pub fn holds(&self, name: &str) -> bool {
        self.broken.iter().all(|(broken, _)| *broken != name)
    }
}

/// Visits every state with stateright.
pub fn safety(scope: &Scope) -> Verdict {
    let began = Instant::now();
    let checker = Composition(*scope).checker().threads(1).finish_when(HasDiscoveries::All).spawn_bfs().join();
    let mut broken: Vec<_> =
        checker.discoveries().into_iter().map(|(name, path)| (name, path.into_actions())).collect();
    broken.sort_by_key(|(name, _)| *name);
    Verdict {
        states: checker.unique_state_count(),
        steps: checker.state_count(),
        depth: checker.max_depth(),
        took: began.elapsed(),
        broken,
    }
}

/// Visits every state again and looks for those from which nothing that is owed leads to a settled one.
pub fn liveness(scope: &Scope) -> Verdict {
    let began = Instant::now();
    let hasher = ahash::RandomState::with_seeds(1, 2, 3, 4);
    let print = |world: &World| hasher.hash_one(world);
    let model = Composition(*scope);
    let mut numbers: HashMap<u64, u32> = HashMap::new();
    // Of each state: whence it was first reached, by what, and how far it is.
    let mut came: Vec<(u32, Option<Move>)> = Vec::new();
    let mut owed: Vec<(u32, u32)> = Vec::new();
    let mut settled: Vec<u32> = Vec::new();
    let (mut steps, mut depth) = (0, 0);
    let mut wave = model.init_states();
    for world in &wave {
        numbers.insert(print(world), 0);
        came.push((0, None));
    }
    let mut moves = Vec::new();
    let mut first = 0;
    while !wave.is_empty() {
        depth += 1;
        let mut next_wave = Vec::new();
        let from = first;
        first = u32::try_from(came.len()).unwrap_or(u32::MAX);
        for (at, world) in (from..).zip(&wave) {
            moves.clear();
            if is_broken(world) {
                settled.push(at);
            } else {
                model.actions(world, &mut moves);
            }
            if world.is_settled(scope) {
                settled.push(at);
            }
            for step in &moves {
                let mut next = world.clone();
                next.go(scope, *step);
                steps += 1;
                let fresh = u32::try_from(came.len()).unwrap_or(u32::MAX);
                let number = *numbers.entry(print(&next)).or_insert(fresh);
                if number == fresh {
                    came.push((at, Some(*step)));
                    next_wave.push(next);
                }
                if world.is_owed(step) {
                    owed.push((number, at));
                }
            }
        }
        wave = next_wave;
    }
    let stuck = unreached(came.len(), &mut owed, settled);
    let way = stuck.map(|mut at| {
        let mut way = Vec::new();
        while let Some((before, Some(step))) = came.get(at as usize).copied() {
            way.push(step);
            at = before;
        }
        way.reverse();
        (promise::NO_DEADLOCK, way)
    });
    let broken = way.into_iter().collect();
    Verdict { states: came.len(), steps, depth, took: began.elapsed(), broken }
}

/// The first state that no way leads back to from the goals.
fn unreached(states: usize, owed: &mut [(u32, u32)], goals: Vec<u32>) -> Option<u32> {
    owed.sort_unstable();
    let mut reached = vec![false; states];
    let mut open = goals;
    while let Some(at) = open.pop() {
        let Some(mark) = reached.get_mut(at as usize) else { continue };
        if std::mem::replace(mark, true) {
            continue;
        }
        let begin = owed.partition_point(|(to, _)| *to < at);
        let into = owed.iter().skip(begin).take_while(|(to, _)| *to == at);
        open.extend(into.map(|(_, from)| *from).filter(|from| reached.get(*from as usize) == Some(&false)));
    }
    reached.iter().position(|reached| !reached).and_then(|at| u32::try_from(at).ok())
}
