//! Everything that can happen next, and which of it is owed rather than merely possible.

use crate::adversary;
use crate::scope::Scope;
use crate::vault::{About, How};
use crate::words::{ASKED, Event, FLIGHTS, Line, Pair, Phase, Relays, Who, Word, bit, each};
use crate::world::{Arrival, Life, World};
use bulkhead_ipc::automata::vault::Occasion;

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// A reader of the vault takes a packet, and the event loop deals with it unless readers may be ahead.
    VaultHears(Line, How),
    /// The event loop deals with the next arrival.
    VaultHandles(How),
    /// The vault sends what the line did not take before.
    Flush(Line),
    /// The user unlocks with the right passphrase.
    Unlock,
    /// The key is derived.
    Derived,
    /// The user locks.
    Lock,
    /// The user sends a message.
    Send(How),
    /// The user makes an invite.
    Invite(How),
    /// The user wants these relays.
    ChangeRelays(Relays),
    /// The window's size changes.
    Resize,
    /// Time passes.
    Tick,
    /// The vault ends by itself, and the program is started again.
    VaultEnds,
    /// A process ends by itself.
    Ends(Who),
    /// A process that breaks the rules, and was not noticed, is ended by the user.
    IsEnded(Who),
    /// The launcher hears the vault.
    LauncherHears,
    /// The launcher notices that a process has ended.
    LauncherNotices(Who),
    /// The launcher starts a process that keeps the rules, or one that does not.
    Starts(Who, bool),
    /// The user asks the launcher for an end.
    Stop,
    /// A process hears the vault.
    PeerHears(Line),
    /// A process says the next thing that it has to say.
    PeerSays(Line),
    /// A publication of a job at a relay: whether it gets there, and whether the answer comes back.
    Publishes(u8, u8, bool, bool),
    /// A contact's, or somebody's, event gets to a relay.
    Arrives(u8, Event),
    /// net hands over one event, or two in a packet.
    Delivers((u8, Event), Option<(u8, Event)>),
    /// net tells about a relay.
    Notes(Word),
    /// A relay asks who reads a mailbox.
    Challenges(u8, u8),
    /// ui draws.
    Draws,
    /// The user presses a button.
    Presses(Word),
    /// A process that breaks the rules says something.
    Lies(Who, Word),
}

const HOW: fn(&World) -> [Option<How>; 2] =
    |world| [Some(How::Whole), (world.left.commit_failures > 0).then_some(How::CommitFails)];

impl World {
    /// Everything that can happen next.
    pub fn moves(&self, scope: &Scope, all: &mut Vec<Move>) {
        if self.ended {
            return;
        }
        self.vault_moves(scope, all);
        self.user_moves(scope, all);
        self.launcher_moves(scope, all);
        for who in Who::ALL {
            if self.works(who) {
                self.line_moves(scope, who, all);
                let crashes = if who == Who::Net { self.left.net_crashes } else { self.left.ui_crashes };
                all.extend((crashes > 0).then_some(Move::Ends(who)));
            } else if self.schemes(who) {
                all.push(Move::IsEnded(who));
                if self.left.lies > 0 {
                    let fits = |word: &Word| self.wire(word.on()).to_vault.len() < scope.room;
                    all.extend(
                        adversary::words(who, self.seat(who).number)
                            .into_iter()
                            .filter(fits)
                            .map(|word| Move::Lies(who, word)),
                    );
                }
            }
        }
        if self.works(Who::Net) {
            self.net_moves(scope, all);
        }
        if self.works(Who::Ui) {
            self.ui_moves(scope, all);
        }
        self.relay_moves(all);
    }

    fn vault_moves(&self, scope: &Scope, all: &mut Vec<Move>) {
        let mut lines = vec![Line::Control];
        lines.extend(scope.net.then_some([Line::Post, Line::Sign]).into_iter().flatten());
        lines.extend(scope.ui.then_some([Line::Pixels, Line::Intent]).into_iter().flatten());
        for line in lines {
            let wire = self.wire(line);
            if scope.ahead == 0 {
                if let Some((word, honest)) = wire.to_vault.first() {
                    self.hows(scope, &Arrival::Word(*word, *honest), |how| all.push(Move::VaultHears(line, how)));
                }
            } else if !wire.to_vault.is_empty() && self.vault.inbox.len() < scope.ahead {
                all.push(Move::VaultHears(line, How::Whole));
            }
            if !wire.waiting.is_empty() && wire.to_peer.len() < scope.room {
                all.push(Move::Flush(line));
            }
        }
        if let Some(arrival) = self.vault.inbox.first() {
            self.hows(scope, arrival, |how| all.push(Move::VaultHandles(how)));
        }
        all.extend((self.left.vault_crashes > 0).then_some(Move::VaultEnds));
    }

    /// In which ways an arrival may be dealt with: failing and crashing only matters where something is durable.
    fn hows(&self, scope: &Scope, arrival: &Arrival, mut give: impl FnMut(How)) {
        give(How::Whole);
        for (on, _) in Self::occasions(arrival) {
            self.durable(scope, on, &mut give);
        }
    }

    fn durable(&self, scope: &Scope, on: Occasion, give: &mut impl FnMut(How)) {
        let (durable, steps) = Self::steps(scope, on);
        if durable && self.vault.phase == Phase::Open {
            HOW(self).into_iter().skip(1).flatten().for_each(&mut *give);
            let crashes = if self.left.vault_crashes > 0 { steps } else { 0 };
            (1..crashes).map(How::CrashAt).for_each(give);
        }
    }

    fn user_moves(&self, scope: &Scope, all: &mut Vec<Move>) {
        let (open, left) = (self.vault.phase == Phase::Open, &self.left);
        match self.vault.phase {
            Phase::Locked => all.push(Move::Unlock),
            Phase::Unlocking => all.push(Move::Derived),
            Phase::Open => {}
        }
        all.extend((open && left.locks > 0).then_some(Move::Lock));
        all.extend((scope.ui && left.resizes > 0).then_some(Move::Resize));
        if open && left.sends > 0 {
            all.push(Move::Send(How::Whole));
            self.durable(scope, Occasion::Send, &mut |how| all.push(Move::Send(how)));
        }
        let Some(memory) = &self.vault.memory else { return };
        if left.invites > 0 && !memory.invite {
            all.push(Move::Invite(How::Whole));
            self.durable(scope, Occasion::Invite, &mut |how| all.push(Move::Invite(how)));
        }
        if left.relay_changes > 0 {
            // A relay is kept as long as a job is for it; one always stays.
            let used = memory.jobs.values().fold(1, |set, (_, relays)| set | relays);
            all.extend(
                [1, 3].into_iter().filter(|set| *set != memory.relays && used & !set == 0).map(Move::ChangeRelays),
            );
        }
        let due = memory.jobs.iter().any(|(job, (_, relays))| {
            each(relays & self.vault.told).any(|relay| !self.vault.flights.contains(&(*job, relay)))
        });
        all.extend((self.vault.ready && (due || self.vault.again)).then_some(Move::Tick));
    }

    fn launcher_moves(&self, scope: &Scope, all: &mut Vec<Move>) {
        all.extend((!self.wire(Line::Control).to_peer.is_empty()).then_some(Move::LauncherHears));
        for who in Who::ALL {
            match self.seat(who).life {
                Life::Ended => all.push(Move::LauncherNotices(who)),
                Life::Waiting if !self.stopping => {
                    all.push(Move::Starts(who, true));
                    all.extend((self.bad_lives(who) > 0).then_some(Move::Starts(who, false)));
                }
                _ => {}
            }
        }
        all.extend((scope.told && self.left.stops > 0 && !self.stopping).then_some(Move::Stop));
    }

    fn line_moves(&self, scope: &Scope, who: Who, all: &mut Vec<Move>) {
        for line in who.lines() {
            let wire = self.wire(line);
            all.extend((!wire.to_peer.is_empty()).then_some(Move::PeerHears(line)));
            let says = self.next_word(line).is_some() && wire.to_vault.len() < scope.room;
            all.extend(says.then_some(Move::PeerSays(line)));
        }
    }

    fn net_moves(&self, scope: &Scope, all: &mut Vec<Move>) {
        if !self.net_is_clear() {
            return;
        }
        for (job, relay) in self.net.jobs.keys().copied() {
            all.push(Move::Publishes(job, relay, true, true));
            if self.left.losses > 0 {
                all.extend([Move::Publishes(job, relay, true, false), Move::Publishes(job, relay, false, false)]);
            }
        }
        let ready = |(relay, event): &(u8, Event)| {
            let fresh = !self.net.seen.contains(&(*relay, *event)) || self.left.duplicates > 0;
            fresh && self.is_watched(*relay, *event)
        };
        let list: Vec<_> = self.relays.iter().copied().filter(ready).collect();
        for first in &list {
            all.push(Move::Delivers(*first, None));
            let other = |second: &&(u8, Event)| scope.mixed && second.0 > first.0;
            all.extend(list.iter().filter(other).map(|second| Move::Delivers(*first, Some(*second))));
        }
        if self.left.notes > 0 {
            for relay in each(self.net.relays) {
                all.push(Move::Notes(Word::Relay(relay)));
                let watched = self.net.watches.iter().filter(|(_, relays)| **relays & bit(relay) != 0);
                all.extend(watched.map(|(mailbox, _)| Move::Notes(Word::Stored(relay, *mailbox))));
            }
        }
        if self.left.challenges > 0 {
            for (mailbox, relays) in &self.net.watches {
                all.extend(each(self.net.relays & relays).map(|relay| Move::Challenges(relay, *mailbox)));
            }
        }
    }

    fn ui_moves(&self, scope: &Scope, all: &mut Vec<Move>) {
        let room = self.wire(Line::Pixels).to_vault.len() < scope.room;
        all.extend((room && self.can_draw() && self.next_word(Line::Pixels).is_none()).then_some(Move::Draws));
        // ui says one thing after the other.
        if self.next_word(Line::Intent).is_some() || self.left.notes == 0 {
            return;
        }
        let buttons = [Word::Unlock, Word::Lock, Word::OpenContact];
        all.extend(buttons.into_iter().filter(|word| self.offers(*word)).map(Move::Presses));
    }

    /// What other people do.
    fn relay_moves(&self, all: &mut Vec<Move>) {
        let here = each(self.disk.relays);
        if self.left.theirs > 0 {
            let event = Event::Theirs(self.left.theirs);
            all.extend(here.map(|relay| Move::Arrives(relay, event)));
        }
        let published = self.relays.iter().find(|(_, event)| *event == Event::Bundle);
        if let (Some((relay, _)), true) = (published, self.left.answers > 0) {
            all.push(Move::Arrives(*relay, Event::Answer(self.left.answers)));
        }
    }

    /// Whether this happens if nothing else does: what processes that keep the rules, and a user who wants to read
    /// and write, do by themselves. Crashes, losses, lies and changes of mind are possible, but not owed.
    pub fn is_owed(&self, next: &Move) -> bool {
        match next {
            Move::VaultHears(_, how) | Move::VaultHandles(how) => *how == How::Whole,
            Move::Flush(_)
            | Move::Unlock
            | Move::Derived
            | Move::Tick
            | Move::LauncherHears
            | Move::LauncherNotices(_)
            | Move::PeerHears(_)
            | Move::PeerSays(_)
            | Move::Publishes(_, _, true, true)
            | Move::Draws => true,
            Move::Starts(_, honest) => *honest,
            Move::Delivers(first, None) => !self.net.seen.contains(first),
            // Whoever was caught has to be replaced without the user's doing.
            Move::IsEnded(who) => self.seat(*who).accused != self.seat(*who).number,
            _ => false,
        }
    }

    /// Lets it happen.
    pub fn go(&mut self, scope: &Scope, next: Move) {
        let left = &mut self.left;
        match next {
            Move::VaultHears(_, how) | Move::VaultHandles(how) | Move::Send(how) | Move::Invite(how) => match how {
                How::Whole => {}
                How::CommitFails => left.commit_failures -= 1,
                How::CrashAt(_) => left.vault_crashes -= 1,
            },
            Move::VaultEnds => left.vault_crashes -= 1,
            Move::Lock => left.locks -= 1,
            Move::Resize => left.resizes -= 1,
            Move::ChangeRelays(_) => left.relay_changes -= 1,
            Move::Ends(Who::Net) => left.net_crashes -= 1,
            Move::Ends(Who::Ui) => left.ui_crashes -= 1,
            Move::Starts(Who::Net, false) => left.bad_nets -= 1,
            Move::Starts(Who::Ui, false) => left.bad_uis -= 1,
            Move::Stop => left.stops -= 1,
            Move::Publishes(_, _, reached, answered) if !(reached && answered) => left.losses -= 1,
            Move::Notes(_) | Move::Presses(_) => left.notes -= 1,
            Move::Challenges(..) => left.challenges -= 1,
            Move::Lies(..) => left.lies -= 1,
            _ => {}
        }
        self.go_on(scope, next);
    }

    fn go_on(&mut self, scope: &Scope, next: Move) {
        let nothing = About::NOTHING;
        match next {
            Move::VaultHears(line, how) => self.hear(scope, line, how),
            Move::VaultHandles(how) => self.handle(scope, how),
            Move::Flush(line) => self.flush(scope, line),
            Move::Unlock => self.begin_unlock(scope),
            Move::Derived => self.act(scope, Occasion::Unlock, nothing, How::Whole),
            Move::Lock => self.act(scope, Occasion::Lock, nothing, How::Whole),
            Move::Send(how) => {
                let event = Some(Event::Mine(self.left.sends));
                self.left.sends -= 1;
                self.act(scope, Occasion::Send, About { event, ..nothing }, how);
            }
            Move::Invite(how) => {
                self.left.invites -= 1;
                self.act(scope, Occasion::Invite, About { event: Some(Event::Bundle), ..nothing }, how);
            }
            Move::ChangeRelays(relays) => {
                self.act(scope, Occasion::ChangeRelays, About { relays, ..nothing }, How::Whole);
            }
            Move::Resize => self.act(scope, Occasion::Resize, nothing, How::Whole),
            Move::Tick => {
                self.vault.later.clear();
                self.act(scope, Occasion::Tick, nothing, How::Whole);
            }
            Move::VaultEnds => self.boot(scope),
            Move::Ends(who) | Move::IsEnded(who) => self.ends(who),
            Move::LauncherHears | Move::PeerHears(Line::Control) => self.peer_hears(Line::Control),
            Move::LauncherNotices(who) => self.notices(scope, who),
            Move::Starts(who, honest) => self.starts(scope, who, honest),
            Move::Stop => {
                self.stopping = true;
                self.launcher_says(Word::Quit);
            }
            Move::PeerHears(line) => self.peer_hears(line),
            Move::PeerSays(line) => self.peer_says(line),
            Move::Publishes(job, relay, reached, answered) => self.published((job, relay), reached, answered),
            Move::Arrives(relay, event) => {
                let left =
                    if matches!(event, Event::Theirs(_)) { &mut self.left.theirs } else { &mut self.left.answers };
                *left -= 1;
                self.relays.insert((relay, event));
            }
            Move::Delivers(first, second) => {
                for one in [Some(first), second].into_iter().flatten() {
                    if !self.net_mut().seen.insert(one) {
                        self.left.duplicates -= 1;
                    }
                }
                self.net_queue(Word::Events(first, second));
            }
            Move::Notes(word) => self.net_queue(word),
            Move::Challenges(relay, mailbox) => self.net_queue(Word::Ask(relay, mailbox)),
            Move::Draws => self.draw(),
            Move::Presses(word) => {
                let [_, intents] = &mut self.ui_mut().out;
                intents.push(word);
            }
            Move::Lies(_, word) => self.wire_mut(word.on()).to_vault.push((word, false)),
        }
    }

    /// Whether nothing is left to do: everything that was queued is at its relays, everything that came was stored,
    /// every question was answered, ui has drawn, and everybody is on speaking terms. Or the user wanted an end, and got it.
    pub fn is_settled(&self, scope: &Scope) -> bool {
        if self.ended {
            return true;
        }
        let quiet = |who: Who| {
            let (pair, seat) = (if who == Who::Net { Pair::Net } else { Pair::Ui }, self.seat(who));
            let edge = self.edge(pair);
            let open = (0..2).all(|line| edge.vault.state(line) == "Open" && edge.peer.state(line) == "Open");
            let empty = |wire: &crate::world::Wire| {
                wire.waiting.is_empty() && wire.to_peer.is_empty() && wire.to_vault.is_empty()
            };
            // Whatever is held there is over when its answer is there.
            let answered = who == Who::Ui || [FLIGHTS, ASKED].iter().all(|at| edge.vault.held(*at) == 0);
            seat.life == Life::Absent || (self.works(who) && open && answered && edge.wires.iter().all(empty))
        };
        let read = |(relay, event): &(u8, Event)| match event {
            Event::Theirs(_) => self.disk.relays & scope.mail & bit(*relay) == 0 || self.disk.got.contains_key(event),
            Event::Answer(_) => self.disk.relays & bit(*relay) == 0 || self.disk.invited > 0,
            _ => true,
        };
        let drawn = !scope.ui || (!self.ui.dirty && self.vault.drawn == self.vault.serial);
        !self.stopping
            && self.vault.phase == Phase::Open
            && self.vault.inbox.is_empty()
            && Who::ALL.into_iter().all(quiet)
            && self.wire(Line::Control).to_peer.is_empty()
            && (!scope.net || (self.disk.jobs.is_empty() && self.relays.iter().all(read)))
            && drawn
    }
}
