//! net, ui and the launcher, as far as they keep the rules.

use crate::scope::Scope;
use crate::words::{Event, Line, Pair, Phase, Relays, Who, Word, bit, each};
use crate::world::{Life, World, Wrong, shift};
use bulkhead_ipc::monitor::{Heard, May};
use std::sync::Arc;
use std::time::Duration;

impl World {
    /// A process takes the next packet off one of its lines.
    pub fn peer_hears(&mut self, line: Line) {
        let Some(word) = shift(&mut self.wire_mut(line).to_peer) else { return };
        let heard = Arc::make_mut(&mut self.edge_mut(line.pair()).peer).heard(&word, 0, || Duration::ZERO);
        match heard {
            Ok(Heard::Dropped) => {}
            Ok(Heard::Legal) => self.obey(word),
            Err(_) => self.peer_refuses(line.pair()),
        }
    }

    /// The vault said what the table does not allow: the process ends.
    fn peer_refuses(&mut self, pair: Pair) {
        let who = match pair {
            Pair::Net => Who::Net,
            Pair::Ui => Who::Ui,
            Pair::Launcher => return self.flag(Wrong::FalseAlarm),
        };
        if !self.seat(who).tainted {
            self.flag(Wrong::FalseAlarm);
        }
        self.ends(who);
    }

    /// A process ends, whatever for.
    pub fn ends(&mut self, who: Who) {
        self.seat_mut(who).life = Life::Ended;
        match who {
            Who::Net => self.net = Arc::default(),
            Who::Ui => self.ui = Arc::default(),
        }
    }

    fn obey(&mut self, word: Word) {
        match word {
            Word::Relays(set) => self.set_relays(set),
            Word::Watch(mailbox, relays) => {
                let net = self.net_mut();
                let old = net.watches.insert(mailbox, relays).unwrap_or_default();
                net.seen.retain(|(relay, event)| event.mailbox() != Some(mailbox) || old & bit(*relay) != 0);
            }
            Word::Unwatch(mailbox) => {
                let net = self.net_mut();
                net.watches.remove(&mailbox);
                net.seen.retain(|(_, event)| event.mailbox() != Some(mailbox));
            }
            Word::Publish(job, event, relays) => {
                for relay in each(relays) {
                    if self.net.relays & bit(relay) != 0 {
                        self.net_mut().jobs.insert((job, relay), event);
                    } else {
                        self.net_queue(Word::Ack(job, relay, false));
                    }
                }
            }
            Word::Configure(serial) => {
                let ui = self.ui_mut();
                (ui.serial, ui.free, ui.slots, ui.dirty) = (serial, [true; 2], false, true);
            }
            Word::Release(buffer) => {
                if let Some(free) = self.ui_mut().free.get_mut(usize::from(buffer)) {
                    *free = true;
                }
            }
            Word::Phase(phase) => {
                let ui = self.ui_mut();
                ui.dirty |= ui.phase != Some(phase);
                ui.phase = Some(phase);
            }
            Word::Restart(who) if self.seat(who).life == Life::Running => self.ends(who),
            _ => {}
        }
    }

    fn set_relays(&mut self, set: Relays) {
        let net = self.net_mut();
        net.relays = set;
        net.seen.retain(|(relay, _)| set & bit(*relay) != 0);
        let lost: Vec<_> = net.jobs.keys().filter(|(_, relay)| set & bit(*relay) == 0).copied().collect();
        for key in lost {
            self.net_mut().jobs.remove(&key);
            self.net_queue(Word::Ack(key.0, key.1, false));
        }
    }

    /// Puts a word into net's own queue.
    pub fn net_queue(&mut self, word: Word) {
        if let Some(queue) = self.net_mut().out.get_mut(word.on().index()) {
            queue.push(word);
        }
    }

    /// What a process has to say next on a line.
    pub fn next_word(&self, line: Line) -> Option<Word> {
        let out = match line.pair() {
            Pair::Net => &self.net.out,
            Pair::Ui => &self.ui.out,
            Pair::Launcher => return None,
        };
        out.get(line.index())?.first().copied()
    }

    /// A process says what it has to say next on a line, if its own monitor lets it.
    pub fn peer_says(&mut self, line: Line) {
        let Some(word) = self.next_word(line) else { return };
        match Arc::make_mut(&mut self.edge_mut(line.pair()).peer).said(&word) {
            May::Later => return,
            May::Never(_) => {}
            May::Now => self.wire_mut(line).to_vault.push((word, true)),
        }
        let out = if line.pair() == Pair::Net { &mut self.net_mut().out } else { &mut self.ui_mut().out };
        if let Some(queue) = out.get_mut(line.index()) {
            let _ = shift(queue);
        }
    }

    /// Whether net has said everything: only then does it take in anything from the relays.
    pub fn net_is_clear(&self) -> bool {
        self.works(Who::Net) && self.net.out.iter().all(Vec::is_empty)
    }

    /// A publication reaches its relay or not, and the relay's answer net or not.
    pub fn published(&mut self, key: (u8, u8), reached: bool, answered: bool) {
        let Some(event) = self.net_mut().jobs.remove(&key) else { return };
        if reached {
            self.relays.insert((key.1, event));
        }
        self.net_queue(Word::Ack(key.0, key.1, reached && answered));
    }

    /// Whether net would hand this over.
    pub fn is_watched(&self, relay: u8, event: Event) -> bool {
        let watched = event.mailbox().and_then(|mailbox| self.net.watches.get(&mailbox)).copied().unwrap_or_default();
        self.net.relays & watched & bit(relay) != 0
    }

    /// ui draws into a free buffer.
    pub fn draw(&mut self) {
        let Some(buffer) = self.ui.free.iter().position(|free| *free) else { return };
        let word = Word::Frame(self.ui.serial, u8::try_from(buffer).unwrap_or_default(), !self.ui.slots);
        if Arc::make_mut(&mut self.edge_mut(Pair::Ui).peer).said(&word) != May::Now {
            // ui ends on that.
            return self.peer_refuses(Pair::Ui);
        }
        self.wire_mut(Line::Pixels).to_vault.push((word, true));
        let ui = self.ui_mut();
        (ui.slots, ui.dirty) = (true, false);
        if let Some(free) = self.ui_mut().free.get_mut(buffer) {
            *free = false;
        }
    }

    /// Whether ui has something to draw, and where to.
    pub fn can_draw(&self) -> bool {
        let ui = &self.ui;
        self.works(Who::Ui) && ui.dirty && ui.phase.is_some() && ui.serial > 0 && ui.free.contains(&true)
    }

    /// Whether ui offers this button.
    pub fn offers(&self, word: Word) -> bool {
        match word {
            Word::Unlock => self.ui.phase == Some(Phase::Locked),
            Word::Lock | Word::OpenContact => self.ui.phase == Some(Phase::Open),
            _ => false,
        }
    }

    /// The launcher notices an end.
    pub fn notices(&mut self, scope: &Scope, who: Who) {
        self.seat_mut(who).life = Life::Waiting;
        if scope.told && !self.stopping {
            self.launcher_says(Word::Restarting(who));
        }
    }

    /// The launcher starts a process on empty line ends.
    pub fn starts(&mut self, scope: &Scope, who: Who, honest: bool) {
        for line in who.lines() {
            self.wire_mut(line).to_peer.clear();
        }
        let table = if who == Who::Net { scope.net_table } else { scope.ui_table };
        let pair = if who == Who::Net { Pair::Net } else { Pair::Ui };
        self.edge_mut(pair).peer =
            Arc::new(bulkhead_ipc::monitor::Monitor::new(table, bulkhead_ipc::automaton::Side::Peer));
        let seat = self.seat_mut(who);
        seat.life = Life::Running;
        seat.number += 1;
        seat.honest = honest;
        seat.tainted |= !honest;
        let number = seat.number;
        self.fresh(who, number);
    }

    /// The launcher says something to the vault.
    pub fn launcher_says(&mut self, word: Word) {
        match Arc::make_mut(&mut self.edge_mut(Pair::Launcher).peer).said(&word) {
            May::Now => self.wire_mut(Line::Control).to_vault.push((word, true)),
            May::Later | May::Never(_) => self.flag(Wrong::FalseAlarm),
        }
    }
}
