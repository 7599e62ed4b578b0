//! One state of the whole: what is durable, what each process has in mind, what is on its way.

use crate::scope::{Budget, Scope};
use crate::words::{Event, Line, Pair, Phase, Relays, Who, Word};
use bulkhead_ipc::automaton::{Automaton, Side};
use bulkhead_ipc::monitor::Monitor;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What survives everything: the vault's store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Disk {
    /// Relays in use.
    pub relays: Relays,
    /// An invite is open: its one-time key exists.
    pub invite: bool,
    /// Contacts that the invite made.
    pub invited: u8,
    /// What waits to be sent, and the relays that have not taken it.
    pub jobs: BTreeMap<u8, (Event, Relays)>,
    /// Own messages, and whether a relay has them.
    pub sent: BTreeMap<u8, bool>,
    /// Received messages, and how often each stands in its conversation.
    pub got: BTreeMap<Event, u8>,
    /// Events that were taken.
    pub ids: BTreeSet<Event>,
}

/// The vault while it runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Vault {
    /// Its phase.
    pub phase: Phase,
    /// What it knows while the keys are in memory; within a transaction ahead of the store.
    pub memory: Option<Arc<Disk>>,
    /// The lives that said hello on net's lines.
    pub greetings: [Option<u8>; 2],
    /// The open vault has heard the post line's hello.
    pub ready: bool,
    /// The relays that net was told.
    pub told: Relays,
    /// The mailboxes that net was told to watch, and where.
    pub watches: BTreeMap<u8, Relays>,
    /// Jobs under way.
    pub flights: BTreeSet<(u8, u8)>,
    /// Jobs put off.
    pub later: BTreeSet<(u8, u8)>,
    /// Relays are to be asked again.
    pub again: bool,
    /// The next job's number.
    pub next_job: u8,
    /// ui's hellos.
    pub ui: [bool; 2],
    /// The newest geometry.
    pub serial: u8,
    /// The geometry of the newest frame.
    pub drawn: u8,
    /// Heard, not yet dealt with, in order.
    pub inbox: Vec<Arrival>,
}

/// Something that a reader handed to the vault's event loop.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Arrival {
    /// A legal word, and whether its sender keeps the rules.
    Word(Word, bool),
    /// Somebody broke a rule.
    Fault(Who),
}

/// One direction each, and what the vault could not say yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Wire {
    /// In the vault's queue.
    pub waiting: Vec<Word>,
    /// In the socket.
    pub to_peer: Vec<Word>,
    /// In the socket, with whether its sender keeps the rules.
    pub to_vault: Vec<(Word, bool)>,
}

/// The lines of a pair of processes with the monitors at both ends.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Edge {
    /// The vault's.
    pub vault: Arc<Monitor>,
    /// The other process's.
    pub peer: Arc<Monitor>,
    /// By the line's place in the table.
    pub wires: [Wire; 2],
}

impl Edge {
    /// Before anything was said.
    fn new(table: &'static Automaton) -> Self {
        Self {
            vault: Arc::new(Monitor::new(table, Side::Vault)),
            peer: Arc::new(Monitor::new(table, Side::Peer)),
            wires: Default::default(),
        }
    }
}

/// What the launcher knows of a process, and how that process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Life {
    /// Not part of this scope.
    Absent,
    /// Runs.
    Running,
    /// Has ended; the launcher has not noticed.
    Ended,
    /// The launcher will start another.
    Waiting,
}

/// The place of a restartable process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seat {
    /// How it is.
    pub life: Life,
    /// The launcher's number for this start.
    pub number: u8,
    /// Whether it keeps the rules.
    pub honest: bool,
    /// Somebody who did not sat here before, or does.
    pub tainted: bool,
    /// The number of whoever sat here when the vault last stopped believing; 0 for nobody.
    pub accused: u8,
}

/// An honest net process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Net {
    /// Relays it knows.
    pub relays: Relays,
    /// Mailboxes it watches.
    pub watches: BTreeMap<u8, Relays>,
    /// Handed over in this connection.
    pub seen: BTreeSet<(u8, Event)>,
    /// To be published: job, relay.
    pub jobs: BTreeMap<(u8, u8), Event>,
    /// What it has to say, per line.
    pub out: [Vec<Word>; 2],
}

/// An honest ui process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Ui {
    /// What it has to say, per line.
    pub out: [Vec<Word>; 2],
    /// The newest geometry; 0 for none.
    pub serial: u8,
    /// Buffers that it may draw into.
    pub free: [bool; 2],
    /// The vault has the slots.
    pub slots: bool,
    /// The phase, once told.
    pub phase: Option<Phase>,
    /// Something has to be drawn.
    pub dirty: bool,
}

/// What must not happen, once it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Wrong {
    /// Published without being durable.
    Unstored = 1,
    /// Keys were used by a locked vault.
    LockedCrypto = 2,
    /// A message that carries a secret left the vault.
    Secret = 4,
    /// A challenge was signed for a foreign mailbox.
    ForeignSigned = 8,
    /// A signature for a foreign mailbox left the vault.
    ForeignLeft = 16,
    /// Somebody who keeps the rules was taken for one who does not.
    FalseAlarm = 32,
}

/// The state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    /// The store.
    pub disk: Arc<Disk>,
    /// The vault.
    pub vault: Vault,
    /// vault ↔ net, vault ↔ ui, vault ↔ launcher.
    pub edges: [Arc<Edge>; 3],
    /// net's place.
    pub net_seat: Seat,
    /// ui's place.
    pub ui_seat: Seat,
    /// net.
    pub net: Arc<Net>,
    /// ui.
    pub ui: Arc<Ui>,
    /// What lies at which relay.
    pub relays: BTreeSet<(u8, Event)>,
    /// The launcher was asked to end everything.
    pub stopping: bool,
    /// The program has ended.
    pub ended: bool,
    /// How much more may go wrong, or be done.
    pub left: Budget,
    /// [`Wrong`]s.
    pub wrong: u16,
    /// Messages that the user saw as queued.
    pub promised: BTreeSet<u8>,
    /// Events of which a net that breaks the rules said that a relay has them.
    pub lied: BTreeSet<Event>,
}

impl World {
    /// All processes have just been started.
    pub fn new(scope: &Scope) -> Self {
        let disk = Disk { relays: scope.relays, ..Disk::default() };
        let mut world = Self {
            disk: Arc::new(disk),
            vault: Vault::default(),
            edges: scope.tables().map(|table| Arc::new(Edge::new(table))),
            net_seat: Seat { life: Life::Absent, number: 1, honest: true, tainted: false, accused: 0 },
            ui_seat: Seat { life: Life::Absent, number: 1, honest: true, tainted: false, accused: 0 },
            net: Arc::default(),
            ui: Arc::default(),
            relays: BTreeSet::new(),
            stopping: false,
            ended: false,
            left: scope.budget,
            wrong: 0,
            promised: BTreeSet::new(),
            lied: BTreeSet::new(),
        };
        world.boot(scope);
        world
    }

    /// The program starts: fresh lines, fresh processes. Only the store is what it was.
    pub fn boot(&mut self, scope: &Scope) {
        self.vault = Vault { serial: u8::from(scope.ui), ..Vault::default() };
        self.stopping = false;
        self.edges = scope.tables().map(|table| Arc::new(Edge::new(table)));
        for (who, present) in [(Who::Net, scope.net), (Who::Ui, scope.ui)] {
            let honest = self.bad_lives(who) == 0;
            let life = if present { Life::Running } else { Life::Absent };
            *self.seat_mut(who) = Seat { life, number: 1, honest, tainted: !honest, accused: 0 };
            let bad_lives = if who == Who::Net { &mut self.left.bad_nets } else { &mut self.left.bad_uis };
            *bad_lives = bad_lives.saturating_sub(1);
            self.fresh(who, 1);
        }
    }

    /// The mind of a process that was just started.
    pub fn fresh(&mut self, who: Who, number: u8) {
        let hello = |line| vec![Word::Hello(line, number)];
        let out = who.lines().map(hello);
        match who {
            Who::Net => self.net = Arc::new(Net { out, ..Net::default() }),
            Who::Ui => self.ui = Arc::new(Ui { out, ..Ui::default() }),
        }
    }

    /// How many more starts of it may break the rules.
    pub fn bad_lives(&self, who: Who) -> u8 {
        match who {
            Who::Net => self.left.bad_nets,
            Who::Ui => self.left.bad_uis,
        }
    }

    /// The place of a process.
    pub fn seat(&self, who: Who) -> &Seat {
        match who {
            Who::Net => &self.net_seat,
            Who::Ui => &self.ui_seat,
        }
    }

    /// The place of a process.
    pub fn seat_mut(&mut self, who: Who) -> &mut Seat {
        match who {
            Who::Net => &mut self.net_seat,
            Who::Ui => &mut self.ui_seat,
        }
    }

    /// Whether it runs and keeps the rules.
    pub fn works(&self, who: Who) -> bool {
        let seat = self.seat(who);
        seat.life == Life::Running && seat.honest
    }

    /// Whether it runs and does not.
    pub fn schemes(&self, who: Who) -> bool {
        let seat = self.seat(who);
        seat.life == Life::Running && !seat.honest
    }

    /// A pair's lines.
    pub fn edge(&self, pair: Pair) -> &Edge {
        let [net, ui, launcher] = &self.edges;
        match pair {
            Pair::Net => net,
            Pair::Ui => ui,
            Pair::Launcher => launcher,
        }
    }

    /// A pair's lines.
    pub fn edge_mut(&mut self, pair: Pair) -> &mut Edge {
        let [net, ui, launcher] = &mut self.edges;
        Arc::make_mut(match pair {
            Pair::Net => net,
            Pair::Ui => ui,
            Pair::Launcher => launcher,
        })
    }

    /// net, to change it.
    pub fn net_mut(&mut self) -> &mut Net {
        Arc::make_mut(&mut self.net)
    }

    /// ui, to change it.
    pub fn ui_mut(&mut self) -> &mut Ui {
        Arc::make_mut(&mut self.ui)
    }

    /// What the vault knows, to change it; nothing without the keys.
    pub fn memory_mut(&mut self) -> Option<&mut Disk> {
        self.vault.memory.as_mut().map(Arc::make_mut)
    }

    /// A line.
    pub fn wire(&self, line: Line) -> &Wire {
        let [first, second] = &self.edge(line.pair()).wires;
        if line.index() == 0 { first } else { second }
    }

    /// A line.
    pub fn wire_mut(&mut self, line: Line) -> &mut Wire {
        let [first, second] = &mut self.edge_mut(line.pair()).wires;
        if line.index() == 0 { first } else { second }
    }

    /// Notes that something happened that must not.
    pub fn flag(&mut self, wrong: Wrong) {
        self.wrong |= wrong as u16;
    }

    /// Whether it has not.
    pub fn spared(&self, wrong: Wrong) -> bool {
        self.wrong & wrong as u16 == 0
    }
}

/// Takes the first of a queue.
pub fn shift<T>(queue: &mut Vec<T>) -> Option<T> {
    if queue.is_empty() { None } else { Some(queue.remove(0)) }
}
