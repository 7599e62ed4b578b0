//! What a run of the checker covers: the tables, the processes, and how much may happen.

use crate::words::Relays;
use bulkhead_ipc::automata::vault::Conduct;
use bulkhead_ipc::automata::{LAUNCHER, NET, UI, VAULT};
use bulkhead_ipc::automaton::Automaton;

/// How often each thing may happen in one history. What is not named may happen without bound.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget {
    /// Messages of the user.
    pub sends: u8,
    /// Invites.
    pub invites: u8,
    /// Messages of the contact that relays get.
    pub theirs: u8,
    /// Answers to the invite that relays get.
    pub answers: u8,
    /// Relays added or removed.
    pub relay_changes: u8,
    /// Sizes of the window.
    pub resizes: u8,
    /// Locks.
    pub locks: u8,
    /// net ends by itself.
    pub net_crashes: u8,
    /// ui ends by itself.
    pub ui_crashes: u8,
    /// The vault ends by itself, between any two steps, and the program is started again.
    pub vault_crashes: u8,
    /// Transactions that the store refuses.
    pub commit_failures: u8,
    /// Publications, or answers to them, that do not arrive.
    pub losses: u8,
    /// Events that a relay delivers once more.
    pub duplicates: u8,
    /// Challenges of relays.
    pub challenges: u8,
    /// Other words of net about its relays.
    pub notes: u8,
    /// Starts of net that break the rules.
    pub bad_nets: u8,
    /// Starts of ui that break the rules.
    pub bad_uis: u8,
    /// Words of such processes.
    pub lies: u8,
    /// The user asks the launcher for an end.
    pub stops: u8,
}

/// A composition with its bounds.
#[derive(Clone, Copy, Debug)]
pub struct Scope {
    /// Its name.
    pub name: &'static str,
    /// vault ↔ net.
    pub net_table: &'static Automaton,
    /// vault ↔ ui.
    pub ui_table: &'static Automaton,
    /// vault ↔ launcher.
    pub launcher_table: &'static Automaton,
    /// What the vault does.
    pub conduct: &'static [Conduct],
    /// There is a net, with relays.
    pub net: bool,
    /// There is a ui.
    pub ui: bool,
    /// The launcher tells the vault what it does.
    pub told: bool,
    /// Every received message is receipted.
    pub receipts: bool,
    /// net may put events of two relays into one packet.
    pub mixed: bool,
    /// The relays configured at the start.
    pub relays: Relays,
    /// Where the contact writes, and is written to.
    pub mail: Relays,
    /// Packets that fit into a socket, in each direction.
    pub room: usize,
    /// Packets that the vault's readers may be ahead of its event loop; 0 if they wait for it.
    pub ahead: usize,
    /// What may happen.
    pub budget: Budget,
}

impl Scope {
    /// The tables as they are, and nothing else.
    pub const fn empty(name: &'static str, budget: Budget) -> Self {
        Self {
            name,
            net_table: &NET,
            ui_table: &UI,
            launcher_table: &LAUNCHER,
            conduct: &VAULT,
            net: false,
            ui: false,
            told: false,
            receipts: false,
            mixed: false,
            relays: 1,
            mail: 1,
            room: 2,
            ahead: 0,
            budget,
        }
    }

    /// In the order of the world's edges.
    pub const fn tables(&self) -> [&'static Automaton; 3] {
        [self.net_table, self.ui_table, self.launcher_table]
    }
}

impl core::fmt::Display for Scope {
    /// The name and the bounds that are not zero.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let b = &self.budget;
        let bounds = [
            (b.sends, "messages out"),
            (b.theirs, "messages in"),
            (b.invites, "invites"),
            (b.answers, "answers to it"),
            (b.relay_changes, "changes of relays"),
            (b.challenges, "challenges"),
            (b.notes, "notes or clicks"),
            (b.resizes, "sizes"),
            (b.locks, "locks"),
            (b.stops, "ends"),
            (b.losses, "losses"),
            (b.duplicates, "repetitions"),
            (b.net_crashes, "crashes of net"),
            (b.ui_crashes, "crashes of ui"),
            (b.vault_crashes, "crashes of the vault"),
            (b.commit_failures, "failed commits"),
            (b.bad_nets, "hostile nets"),
            (b.bad_uis, "hostile uis"),
            (b.lies, "words of theirs"),
        ];
        let told: Vec<String> =
            bounds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        write!(f, "{}: {}; {} packets per socket, {} ahead", self.name, told.join(", "), self.room, self.ahead)
    }
}
