//! The vault: interprets the table of its conduct (`ipc/automata/vault.rs`), one step after the other.

use crate::scope::Scope;
use crate::words::{CONTACT, Event, INVITE, Line, Pair, Phase, Relays, Who, Word, bit, each};
use crate::world::{Arrival, Disk, Vault, World, Wrong, shift};
use bulkhead_ipc::automata::vault::{Deed, Lines, Memory, Need, Occasion, Record, Speech};
use bulkhead_ipc::automaton::{Carries, Place as _, Word as _};
use bulkhead_ipc::monitor::{Heard, May};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

/// How an occasion goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum How {
    /// To its end.
    Whole,
    /// The store refuses the transaction.
    CommitFails,
    /// The vault ends before this step.
    CrashAt(u8),
}

/// What an occasion is about.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// The line that it came on.
    pub line: Line,
    /// The life that said hello.
    pub life: u8,
    /// What came in, or goes out.
    pub event: Option<Event>,
    /// The relay concerned.
    pub relay: u8,
    /// The mailbox concerned.
    pub mailbox: u8,
    /// The job concerned.
    pub job: u8,
    /// The buffer and the geometry of a frame.
    pub frame: (u8, u8),
    /// The relays to be used from now on.
    pub relays: Relays,
    /// Whoever said it keeps the rules.
    pub honest: bool,
}

impl About {
    /// Nothing in particular.
    pub const NOTHING: Self = Self {
        line: Line::Control,
        life: 0,
        event: None,
        relay: 0,
        mailbox: 0,
        job: 0,
        frame: (0, 0),
        relays: 0,
        honest: true,
    };
}

/// Why steps were not done to the end.
enum Stop {
    Unmet,
    Failed,
    Crashed,
}

impl World {
    /// Whether a row of the conduct writes anything, and how many steps it has.
    pub fn steps(scope: &Scope, on: Occasion) -> (bool, u8) {
        let row = scope.conduct.iter().find(|row| row.on == on);
        let durable = row.is_some_and(|row| row.does.contains(&Deed::Commit));
        (durable, row.map_or(0, |row| u8::try_from(row.does.len()).unwrap_or(u8::MAX)))
    }

    /// Acts on an occasion.
    pub fn act(&mut self, scope: &Scope, on: Occasion, about: About, how: How) {
        let Some(row) = scope.conduct.iter().find(|row| row.on == on) else { return };
        match self.deeds(scope, row.does, about, how) {
            Ok(()) => {}
            Err(Stop::Unmet) => drop(self.deeds(scope, row.otherwise, about, How::Whole)),
            Err(Stop::Failed) => self.act(scope, Occasion::NotCommitted, about, How::Whole),
            Err(Stop::Crashed) => self.boot(scope),
        }
    }

    fn deeds(&mut self, scope: &Scope, deeds: &[Deed], about: About, how: How) -> Result<(), Stop> {
        for (number, deed) in deeds.iter().enumerate() {
            if how == How::CrashAt(u8::try_from(number).unwrap_or(u8::MAX)) {
                return Err(Stop::Crashed);
            }
            self.deed(scope, *deed, about, how)?;
        }
        Ok(())
    }

    fn deed(&mut self, scope: &Scope, deed: Deed, about: About, how: How) -> Result<(), Stop> {
        match deed {
            Deed::Needs(need) => {
                if !self.holds(need, about) {
                    return Err(Stop::Unmet);
                }
            }
            Deed::Open => {
                let memory = self.disk.clone();
                let next_job = memory.jobs.keys().next_back().map_or(1, |job| job + 1);
                let v = &mut self.vault;
                (v.phase, v.memory, v.next_job) = (Phase::Open, Some(memory), next_job);
            }
            Deed::NoteGreeting => self.greeted(about),
            Deed::AnswerGreetings => {
                let lives = self.vault.greetings;
                let lines = [(Line::Post, Occasion::PostHello), (Line::Sign, Occasion::SignHello)];
                for ((line, on), life) in lines.into_iter().zip(lives) {
                    if let Some(life) = life {
                        self.act(scope, on, About { line, life, ..About::NOTHING }, How::Whole);
                    }
                }
            }
            Deed::Forget(what) => self.forget(what, about),
            Deed::Land => drop(self.vault.flights.remove(&(about.job, about.relay))),
            Deed::PutOff => drop(self.vault.later.insert((about.job, about.relay))),
            Deed::Encrypt | Deed::Decrypt | Deed::UseOneTimeKey => self.crypto(),
            Deed::Sign => {
                self.crypto();
                if !self.owns(about.mailbox) {
                    self.flag(Wrong::ForeignSigned);
                }
            }
            Deed::Keep(record) => self.keep(scope, record, about),
            Deed::DropTarget => self.drop_target(about),
            Deed::DropInvite => {
                if let Some(memory) = self.memory_mut() {
                    memory.invite = false;
                }
            }
            Deed::Commit if how == How::CommitFails => return Err(Stop::Failed),
            Deed::Commit => {
                if let Some(memory) = &self.vault.memory {
                    self.disk = memory.clone();
                }
            }
            Deed::Reload => self.vault.memory = self.vault.memory.is_some().then(|| self.disk.clone()),
            Deed::AskAgain => self.vault.again = true,
            Deed::Say(speech) => self.speak(scope, speech, about),
            Deed::Show => {
                if let Some(Event::Mine(number)) = about.event {
                    self.promised.insert(number);
                }
            }
            Deed::Condemn(peer) => {
                let who = Who::from(peer);
                self.accuse(who);
                let pair = if who == Who::Net { Pair::Net } else { Pair::Ui };
                Arc::make_mut(&mut self.edge_mut(pair).vault).condemn();
            }
            Deed::Restart(peer) => self.say(scope, Word::Restart(peer.into())),
            Deed::End => self.ended = true,
        }
        Ok(())
    }

    fn holds(&self, need: Need, about: About) -> bool {
        let v = &self.vault;
        let memory = |holds: &dyn Fn(&Disk) -> bool| v.memory.as_deref().is_some_and(holds);
        match need {
            Need::Unlocked => v.phase == Phase::Open,
            Need::Greeted => v.ready,
            Need::OwnMailbox => self.owns(about.mailbox),
            Need::Watched => v.watches.get(&about.mailbox).is_some_and(|relays| relays & bit(about.relay) != 0),
            // A matter of time, which the model does not have.
            Need::Quota => true,
            Need::NewEvent => memory(&|m| about.event.is_some_and(|event| !m.ids.contains(&event))),
            Need::OneTimeKey => memory(&|m| m.invite),
            Need::Job => memory(&|m| m.jobs.contains_key(&about.job)),
            Need::NewestGeometry => about.frame.0 == v.serial && v.ui.first() == Some(&true),
        }
    }

    /// Also of a locked vault: whose mailbox it is does not depend on whether the keys are in memory.
    fn owns(&self, mailbox: u8) -> bool {
        let disk = self.vault.memory.as_ref().unwrap_or(&self.disk);
        mailbox == CONTACT || (mailbox == INVITE && (disk.invite || disk.invited > 0))
    }

    fn crypto(&mut self) {
        if self.vault.phase != Phase::Open {
            self.flag(Wrong::LockedCrypto);
        }
    }

    fn accuse(&mut self, who: Who) {
        let seat = self.seat_mut(who);
        seat.accused = seat.number;
    }

    fn greeted(&mut self, about: About) {
        let (post, sign) = (about.line == Line::Post, about.line == Line::Sign);
        let [first, second] = &mut self.vault.greetings;
        match about.line {
            Line::Post => *first = Some(about.life),
            Line::Sign => *second = Some(about.life),
            _ => {}
        }
        if post || sign {
            return;
        }
        let [pixels, intent] = &mut self.vault.ui;
        if about.line == Line::Pixels {
            (*pixels, self.vault.drawn) = (true, 0);
        } else {
            *intent = true;
        }
    }

    fn forget(&mut self, what: Memory, about: About) {
        let v = &mut self.vault;
        match what {
            Memory::Keys => {
                let kept = (v.greetings, v.ui, v.serial, v.drawn);
                let inbox = std::mem::take(&mut v.inbox);
                *v = Vault::default();
                (v.greetings, v.ui, v.serial, v.drawn) = kept;
                v.inbox = inbox;
            }
            Memory::Greetings => v.greetings = [None, None],
            Memory::Told => {
                (v.ready, v.told, v.again) = (true, 0, false);
                (v.watches, v.flights, v.later) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
            }
            Memory::UiGreetings => v.ui = [false, false],
            Memory::Queued(Lines::This) => self.wire_mut(about.line).waiting.clear(),
            Memory::Queued(Lines::Net) => self.clear_waiting(Who::Net),
            Memory::Queued(Lines::Ui) => self.clear_waiting(Who::Ui),
        }
    }

    fn clear_waiting(&mut self, who: Who) {
        who.lines().into_iter().for_each(|line| self.wire_mut(line).waiting.clear());
    }

    fn keep(&mut self, scope: &Scope, record: Record, about: About) {
        // Nothing can be written without the keys.
        let Some(memory) = self.vault.memory.as_mut().map(Arc::make_mut) else { return };
        let mut queue = |memory: &mut Disk, event, relays| {
            memory.jobs.insert(self.vault.next_job, (event, relays));
            self.vault.next_job += 1;
        };
        match (record, about.event) {
            (Record::Message, Some(Event::Mine(number))) => drop(memory.sent.insert(number, false)),
            (Record::Message, Some(event)) => *memory.got.entry(event).or_default() += 1,
            (Record::EventId, Some(event)) => drop(memory.ids.insert(event)),
            (Record::Job, Some(event @ Event::Bundle)) => {
                let relays = memory.relays;
                queue(memory, event, relays);
            }
            (Record::Job, Some(event)) => queue(memory, event, scope.mail & memory.relays),
            (Record::Receipt, Some(Event::Theirs(number))) if scope.receipts => {
                queue(memory, Event::Receipt(number), scope.mail & memory.relays);
            }
            (Record::Contact, _) => memory.invited += 1,
            (Record::Invite, _) => memory.invite = true,
            (Record::Taken, _) => {
                if let Some((Event::Mine(number), _)) = memory.jobs.get(&about.job).copied() {
                    memory.sent.insert(number, true);
                }
            }
            (Record::Relays, _) => memory.relays = about.relays,
            (Record::Session | Record::Receipt | Record::Message | Record::EventId | Record::Job, _) => {}
        }
    }

    fn drop_target(&mut self, about: About) {
        let Some(memory) = self.memory_mut() else { return };
        let Some((event, relays)) = memory.jobs.get_mut(&about.job) else { return };
        let event = *event;
        *relays &= !bit(about.relay);
        if *relays == 0 {
            memory.jobs.remove(&about.job);
        }
        if !about.honest && !self.relays.contains(&(about.relay, event)) {
            self.lied.insert(event);
        }
    }

    fn speak(&mut self, scope: &Scope, speech: Speech, about: About) {
        match speech {
            Speech::Welcome => self.say(scope, Word::Welcome(about.line, about.life)),
            Speech::NewsForNet => self.tell_net(scope, about),
            Speech::Publish => self.publish(scope),
            Speech::Signed => self.say(scope, Word::Signed(about.relay, about.mailbox)),
            Speech::Denied => self.say(scope, Word::Denied(about.relay, about.mailbox)),
            Speech::Configure => {
                if self.vault.ui.first() == Some(&true) {
                    self.vault.serial += 1;
                    self.say(scope, Word::Configure(self.vault.serial));
                }
            }
            Speech::Release => {
                self.vault.drawn = about.frame.0;
                self.say(scope, Word::Release(about.frame.1));
            }
            Speech::NewsForUi => {
                if self.vault.ui.last() == Some(&true) {
                    let phase = self.vault.phase;
                    self.say(scope, Word::Phase(phase));
                    self.say(scope, Word::Contacts(phase == Phase::Open));
                }
            }
        }
    }

    /// What net should know, computed whole and compared with what it was told.
    fn tell_net(&mut self, scope: &Scope, about: About) {
        let Some(memory) = self.vault.memory.clone() else { return };
        if !self.vault.ready {
            return;
        }
        let known = memory.relays;
        let mut wanted = BTreeMap::from([(CONTACT, scope.mail & known)]);
        if memory.invite || memory.invited > 0 {
            wanted.insert(INVITE, scope.relays & known);
        }
        if known != self.vault.told {
            self.vault.told = known;
            self.say(scope, Word::Relays(known));
        }
        if self.vault.again && about.line == Line::Control {
            self.vault.again = false;
            for mailbox in std::mem::take(&mut self.vault.watches).into_keys() {
                self.say(scope, Word::Unwatch(mailbox));
            }
        }
        for (mailbox, relays) in wanted {
            if self.vault.watches.get(&mailbox) != Some(&relays) {
                self.vault.watches.insert(mailbox, relays);
                self.say(scope, Word::Watch(mailbox, relays));
            }
        }
    }

    /// Hands over every job that is neither under way nor put off.
    fn publish(&mut self, scope: &Scope) {
        let Some(memory) = self.vault.memory.clone() else { return };
        if !self.vault.ready {
            return;
        }
        for (job, (event, relays)) in memory.jobs.iter().map(|(job, what)| (*job, *what)) {
            let able = |relay: &u8| {
                let key = (job, *relay);
                self.vault.told & bit(*relay) != 0
                    && !self.vault.flights.contains(&key)
                    && !self.vault.later.contains(&key)
            };
            let set = each(relays).filter(able).fold(0, |set, relay| set | bit(relay));
            if set == 0 {
                continue;
            }
            if self.disk.jobs.get(&job).is_none_or(|(kept, _)| *kept != event) {
                self.flag(Wrong::Unstored);
            }
            self.vault.flights.extend(each(set).map(|relay| (job, relay)));
            self.say(scope, Word::Publish(job, event, set));
        }
    }

    /// Puts a word behind what waits, and sends what can be sent.
    pub fn say(&mut self, scope: &Scope, word: Word) {
        self.wire_mut(word.on()).waiting.push(word);
        self.flush(scope, word.on());
    }

    /// Sends what the other end takes now. What the table does not allow is forgotten: it was
    /// meant for a predecessor. Only in place of a signature there is always a word.
    pub fn flush(&mut self, scope: &Scope, line: Line) {
        let swallowed = match line.pair() {
            Pair::Net => self.schemes(Who::Net),
            Pair::Ui => self.schemes(Who::Ui),
            Pair::Launcher => false,
        };
        let room = if line == Line::Control { usize::MAX } else { scope.room };
        while let Some(word) = self.wire(line).waiting.first().copied() {
            if self.wire(line).to_peer.len() >= room {
                return;
            }
            match Arc::make_mut(&mut self.edge_mut(line.pair()).vault).said(&word) {
                May::Later => return,
                May::Never(_) => {
                    if let Word::Signed(relay, mailbox) = word {
                        self.wire_mut(line).waiting.insert(1, Word::Denied(relay, mailbox));
                    }
                }
                May::Now => {
                    self.left_the_vault(scope, word);
                    // Whoever breaks the rules reads at once.
                    if !swallowed {
                        self.wire_mut(line).to_peer.push(word);
                    }
                }
            }
            let _ = shift(&mut self.wire_mut(line).waiting);
        }
    }

    fn left_the_vault(&mut self, scope: &Scope, word: Word) {
        let table = match word.on().pair() {
            Pair::Net => scope.net_table,
            Pair::Ui => scope.ui_table,
            Pair::Launcher => return,
        };
        let (line, side, name) = (word.line(), word.side(), word.name());
        let mut rows = table.rows.iter().filter(|row| row.line == line && row.who == side && row.says == name);
        if rows.any(|row| row.carries.iter().copied().any(Carries::is_secret)) {
            self.flag(Wrong::Secret);
        }
        if let Word::Signed(_, mailbox) = word
            && !self.owns(mailbox)
        {
            self.flag(Wrong::ForeignLeft);
        }
    }

    /// A reader takes a packet off a line.
    pub fn hear(&mut self, scope: &Scope, line: Line, how: How) {
        let Some((word, honest)) = shift(&mut self.wire_mut(line).to_vault) else { return };
        let heard = Arc::make_mut(&mut self.edge_mut(line.pair()).vault).heard(&word, 0, || Duration::ZERO);
        let who = if line.pair() == Pair::Ui { Who::Ui } else { Who::Net };
        let arrival = match heard {
            Ok(Heard::Dropped) => return,
            Ok(Heard::Legal) => Arrival::Word(word, honest),
            Err(_) => {
                if line == Line::Control || (honest && !self.seat(who).tainted) {
                    self.flag(Wrong::FalseAlarm);
                }
                self.accuse(who);
                Arrival::Fault(who)
            }
        };
        self.vault.inbox.push(arrival);
        if scope.ahead == 0 {
            self.handle(scope, how);
        }
    }

    /// What the next arrival is to the vault: the occasions with what they are about.
    pub fn occasions(arrival: &Arrival) -> Vec<(Occasion, About)> {
        let about = About::NOTHING;
        let (word, honest) = match arrival {
            Arrival::Fault(Who::Net) => return vec![(Occasion::NetBroke, about)],
            Arrival::Fault(Who::Ui) => return vec![(Occasion::UiBroke, about)],
            Arrival::Word(word, honest) => (*word, *honest),
        };
        let about = About { line: word.on(), honest, ..about };
        let event = |(relay, event): (u8, Event)| {
            let mailbox = event.mailbox().unwrap_or(crate::words::FOREIGN);
            let on = if mailbox == INVITE { Occasion::EventOfInvite } else { Occasion::EventOfContact };
            (on, About { relay, mailbox, event: Some(event), ..about })
        };
        match word {
            Word::Hello(line, life) => {
                let on = match line {
                    Line::Post => Occasion::PostHello,
                    Line::Sign => Occasion::SignHello,
                    Line::Pixels => Occasion::PixelsHello,
                    Line::Intent | Line::Control => Occasion::IntentHello,
                };
                vec![(on, About { life, ..about })]
            }
            Word::Events(first, second) => [Some(first), second].into_iter().flatten().map(event).collect(),
            Word::Ack(job, relay, taken) => {
                let on = if taken { Occasion::Accepted } else { Occasion::NotTaken };
                vec![(on, About { job, relay, ..about })]
            }
            Word::Ask(relay, mailbox) => vec![(Occasion::Asked, About { relay, mailbox, ..about })],
            Word::Frame(serial, buffer, _) => vec![(Occasion::Frame, About { frame: (serial, buffer), ..about })],
            Word::Lock => vec![(Occasion::Lock, about)],
            Word::Quit => vec![(Occasion::Quit, about)],
            _ => Vec::new(),
        }
    }

    /// The event loop deals with the next arrival.
    pub fn handle(&mut self, scope: &Scope, how: How) {
        let Some(arrival) = shift(&mut self.vault.inbox) else { return };
        if let Arrival::Word(Word::Unlock, _) = arrival {
            return self.begin_unlock(scope);
        }
        for (on, about) in Self::occasions(&arrival) {
            self.act(scope, on, about, how);
        }
    }

    /// The user pressed Enter behind the right passphrase.
    pub fn begin_unlock(&mut self, scope: &Scope) {
        if self.vault.phase != Phase::Locked {
            return;
        }
        if scope.ui {
            self.vault.phase = Phase::Unlocking;
            self.speak(scope, Speech::NewsForUi, About::NOTHING);
        } else {
            self.act(scope, Occasion::Unlock, About::NOTHING, How::Whole);
        }
    }
}
