//! Tables with one thing changed, each with the promises that it breaks. What a promise's checker cannot see fail, it does
//! not check.

use crate::check::promise;
use crate::scope::{Budget, Scope};
use crate::scopes::{BAD_NET, INVITE, LOCK, MIXED, NONE, PHASES, PICTURES, RECEIVE, RELAYS, SEND};
use bulkhead_ipc::automata::vault::{Conduct, Deed, Need, Occasion, Record, Speech};
use bulkhead_ipc::automata::{NET, UI, VAULT};
use bulkhead_ipc::automaton::{Automaton, Carries, Else, Row, Side, Step};

/// A table with one thing changed.
pub struct Mutant {
    /// What was changed.
    pub name: &'static str,
    /// What no longer holds; everything else does.
    pub breaks: &'static [&'static str],
    /// Where it shows.
    pub scope: fn() -> Scope,
}

fn leak<T: Clone>(list: Vec<T>) -> &'static [T] {
    Box::leak(list.into_boxed_slice())
}

/// The conduct with other steps on one occasion.
fn conduct(on: Occasion, change: impl Fn(&mut Vec<Deed>)) -> &'static [Conduct] {
    let mut rows = VAULT.to_vec();
    for row in rows.iter_mut().filter(|row| row.on == on) {
        let mut deeds = row.does.to_vec();
        change(&mut deeds);
        row.does = leak(deeds);
    }
    leak(rows)
}

fn without(list: &mut Vec<Deed>, deed: Deed) {
    list.retain(|other| *other != deed);
}

/// Does a step right before another one.
fn earlier(list: &mut Vec<Deed>, deed: Deed, before: Deed) {
    without(list, deed);
    let at = list.iter().position(|other| *other == before).unwrap_or_default();
    list.insert(at, deed);
}

/// A table with other rows.
fn rows(table: &Automaton, says: &str, change: impl Fn(&mut Row)) -> &'static Automaton {
    let mut table = table.clone();
    table.rows.to_mut().iter_mut().filter(|row| row.says == says).for_each(change);
    Box::leak(Box::new(table))
}

fn steps(row: &mut Row, change: impl Fn(Step) -> Option<Step>) {
    row.does = leak(row.does.iter().copied().filter_map(change).collect());
}

/// Guards of this row that were for words which crossed blame the sender.
fn blame(row: &mut Row) {
    steps(row, |step| {
        Some(match step {
            Step::Need(ledger, Else::Ignored) => Step::Need(ledger, Else::Illegal),
            other => other,
        })
    });
}

fn hears_all(table: &Automaton, side: Side) -> &'static Automaton {
    let mut table = table.clone();
    table.states.to_mut().iter_mut().filter(|state| state.deaf == Some(side)).for_each(|state| state.deaf = None);
    Box::leak(Box::new(table))
}

const LOCK_ONCE: Scope = Scope { budget: Budget { locks: 1, ..NONE }, ahead: 0, ..LOCK };
const CRASH_ONCE: Scope = Scope { budget: Budget { sends: 1, net_crashes: 1, ..NONE }, ..SEND };
const LIE_ONCE: Scope = Scope { budget: Budget { bad_nets: 1, lies: 2, ..NONE }, ..BAD_NET };

/// All of them.
pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a condemned line stays condemned when a successor says Hello",
        breaks: &[promise::NO_DEADLOCK],
        scope: || Scope { net_table: rows(&NET, "Hello", |row| row.from = &[0, 1, 2]), ..LOCK_ONCE },
    },
    Mutant {
        name: "a net that broke the rules is not replaced",
        breaks: &[promise::NO_DEADLOCK],
        scope: || Scope {
            conduct: conduct(Occasion::NetBroke, |does| {
                does.retain(|deed| !matches!(deed, Deed::Restart(_)));
            }),
            ..LIE_ONCE
        },
    },
    Mutant {
        name: "net is not replaced after a lock",
        breaks: &[promise::NO_DEADLOCK],
        scope: || Scope {
            conduct: conduct(Occasion::Lock, |does| does.retain(|deed| !matches!(deed, Deed::Restart(_)))),
            ..LOCK_ONCE
        },
    },
    Mutant {
        name: "relays are not asked again for what could not be stored",
        breaks: &[promise::NO_DEADLOCK],
        scope: || Scope {
            conduct: conduct(Occasion::NotCommitted, |does| without(does, Deed::AskAgain)),
            budget: Budget { theirs: 1, commit_failures: 1, ..NONE },
            ..RECEIVE
        },
    },
    Mutant { name: "net puts events of two relays into one packet", breaks: &[promise::NO_DEADLOCK], scope: || MIXED },
    Mutant {
        name: "a job is dropped when a relay does not answer",
        breaks: &[promise::NONE_LOST],
        scope: || Scope {
            conduct: conduct(Occasion::NotTaken, |does| {
                does.retain(|deed| *deed != Deed::PutOff);
                does.extend([Deed::DropTarget, Deed::Commit]);
            }),
            budget: Budget { sends: 1, losses: 1, ..NONE },
            ..SEND
        },
    },
    Mutant {
        name: "a message is shown as queued before it is durable",
        breaks: &[promise::NONE_LOST],
        scope: || Scope {
            conduct: conduct(Occasion::Send, |does| earlier(does, Deed::Show, Deed::Commit)),
            budget: Budget { sends: 1, vault_crashes: 1, ..NONE },
            ..SEND
        },
    },
    Mutant {
        name: "an event is remembered before its message is stored",
        breaks: &[promise::NONE_LOST],
        scope: || Scope {
            conduct: conduct(Occasion::EventOfContact, |does| {
                let at = does.iter().position(|deed| *deed == Deed::Keep(Record::Message)).unwrap_or_default();
                does.insert(at, Deed::Commit);
            }),
            budget: Budget { theirs: 1, vault_crashes: 1, ..NONE },
            ..RECEIVE
        },
    },
    Mutant {
        name: "an event is not asked about before it is taken",
        breaks: &[promise::NONE_TWICE],
        scope: || Scope {
            conduct: conduct(Occasion::EventOfContact, |does| without(does, Deed::Needs(Need::NewEvent))),
            budget: Budget { theirs: 1, duplicates: 1, ..NONE },
            ..RECEIVE
        },
    },
    Mutant {
        name: "an event is remembered in a transaction of its own, after its message",
        breaks: &[promise::NONE_TWICE],
        scope: || Scope {
            conduct: conduct(Occasion::EventOfContact, |does| {
                without(does, Deed::Keep(Record::EventId));
                let at = does.iter().position(|deed| *deed == Deed::Commit).unwrap_or_default() + 1;
                does.insert(at, Deed::Commit);
                does.insert(at, Deed::Keep(Record::EventId));
            }),
            budget: Budget { theirs: 1, vault_crashes: 1, ..NONE },
            ..RECEIVE
        },
    },
    Mutant {
        name: "a job is handed to net before it is durable",
        breaks: &[promise::STORED_FIRST],
        scope: || Scope {
            conduct: conduct(Occasion::Send, |does| earlier(does, Deed::Say(Speech::Publish), Deed::Commit)),
            budget: Budget { sends: 1, ..NONE },
            ..SEND
        },
    },
    Mutant {
        name: "an invite outlives its use",
        breaks: &[promise::ONE_TIME],
        scope: || Scope {
            conduct: conduct(Occasion::EventOfInvite, |does| without(does, Deed::DropInvite)),
            budget: Budget { invites: 1, answers: 2, ..NONE },
            ..INVITE
        },
    },
    Mutant {
        name: "an event is decrypted before the vault knows that it is open",
        breaks: &[promise::LOCKED],
        scope: || Scope {
            conduct: conduct(Occasion::EventOfContact, |does| {
                earlier(does, Deed::Decrypt, Deed::Needs(Need::Unlocked));
            }),
            budget: Budget { theirs: 1, locks: 1, ..NONE },
            ..LOCK
        },
    },
    Mutant {
        name: "a challenge is signed before the vault knows that it is open",
        breaks: &[promise::LOCKED],
        scope: || Scope {
            conduct: conduct(Occasion::Asked, |does| earlier(does, Deed::Sign, Deed::Needs(Need::Unlocked))),
            budget: Budget { challenges: 1, locks: 1, ..NONE },
            ..LOCK
        },
    },
    Mutant {
        name: "a message to net can carry words",
        breaks: &[promise::NO_SECRET],
        scope: || Scope {
            net_table: rows(&NET, "Publish", |row| row.carries = &[Carries::Ciphertext, Carries::Plaintext]),
            budget: Budget { sends: 1, ..NONE },
            ..SEND
        },
    },
    Mutant {
        name: "a message to ui can carry names",
        breaks: &[promise::NO_SECRET],
        scope: || Scope {
            ui_table: rows(&UI, "Contacts", |row| row.carries = &[Carries::Number, Carries::Name]),
            budget: NONE,
            ..PICTURES
        },
    },
    Mutant {
        name: "whose mailbox it is is not asked before signing: the table of the lines still keeps it in",
        breaks: &[promise::OWN_MAILBOX],
        scope: || Scope { conduct: signs_everything(), ..LIE_ONCE },
    },
    Mutant {
        name: "whose mailbox it is is not asked before signing, and the table of the lines does not mind",
        breaks: &[promise::OWN_LEFT, promise::OWN_MAILBOX],
        scope: || Scope {
            conduct: signs_everything(),
            net_table: rows(&NET, "Signed", |row| {
                steps(row, |step| (!matches!(step, Step::Need(_, Else::Unseen))).then_some(step));
            }),
            ..LIE_ONCE
        },
    },
    Mutant {
        name: "a word about a relay that was just removed is a breach",
        breaks: &[promise::NO_FALSE_ALARM],
        scope: || Scope {
            net_table: rows(&NET, "Relay", blame),
            budget: Budget { relay_changes: 1, notes: 1, ..NONE },
            ..RELAYS
        },
    },
    Mutant {
        name: "a frame for the geometry before is a breach",
        breaks: &[promise::NO_FALSE_ALARM],
        scope: || Scope { ui_table: rows(&UI, "Frame", blame), budget: Budget { resizes: 1, ..NONE }, ..PICTURES },
    },
    Mutant {
        name: "an intent of the phase before is a breach",
        breaks: &[promise::NO_FALSE_ALARM],
        scope: || Scope { ui_table: rows(&UI, "Open", blame), ..PHASES },
    },
    Mutant {
        name: "a fresh net takes what was meant for its predecessor for a breach",
        breaks: &[promise::NO_FALSE_ALARM],
        scope: || Scope { net_table: hears_all(&NET, Side::Peer), ..CRASH_ONCE },
    },
    Mutant {
        name: "what a net says after a lock is a breach",
        breaks: &[promise::NO_FALSE_ALARM],
        scope: || Scope {
            net_table: hears_all(&NET, Side::Vault),
            budget: Budget { locks: 1, notes: 1, ..NONE },
            ..LOCK_ONCE
        },
    },
    Mutant {
        name: "a Welcome counts whichever life it was meant for",
        breaks: &[promise::NO_FALSE_ALARM],
        scope: || Scope {
            net_table: rows(&NET, "Welcome", |row| row.does = &[]),
            budget: Budget { net_crashes: 1, notes: 1, ..NONE },
            ..SEND
        },
    },
];

fn signs_everything() -> &'static [Conduct] {
    conduct(Occasion::Asked, |does| {
        without(does, Deed::Needs(Need::OwnMailbox));
        without(does, Deed::Needs(Need::Watched));
    })
}
