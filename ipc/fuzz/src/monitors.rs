//! The monitors against a second reading of the tables, and two honest ends against each other.

mod reference;
mod words;

use crate::{Broken, Verdict, holds};
use bulkhead_ipc::automata::{LAUNCHER, NET, UI};
use bulkhead_ipc::automaton::{Automaton, Ledger, Pace, Side, Word};
use bulkhead_ipc::monitor::{Heard, May, Monitor};
use reference::{Outcome, Seen, Step};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::LazyLock;
use std::time::Duration;
use words::Script;

/// Most steps of one script: the reference reads the whole trace anew at each.
const STEPS: usize = 64;
/// Time passes in pieces of this many milliseconds, which floating point holds exactly.
const MOMENT: u64 = 375;

/// The tables with so little room that a short script fills it.
static SMALL: LazyLock<[Automaton; 2]> = LazyLock::new(|| [small(&NET), small(&UI)]);

fn small(table: &Automaton) -> Automaton {
    let less = |ledger: &Ledger| Ledger { at_most: ledger.at_most.min(3), each: ledger.each.min(2), ..*ledger };
    let slower = |pace: &Pace| Pace { burst: pace.burst.min(3), refill_ms: 3_000, ..*pace };
    Automaton {
        ledgers: table.ledgers.iter().map(less).collect(),
        paces: table.paces.iter().map(slower).collect(),
        ..table.clone()
    }
}

/// A script for the monitors. The first byte, modulo 5, names the table, net's, ui's, launcher's, and the first two
/// with little room; the second whether one end is compared with the reference (vault, peer) or both ends talk.
pub fn monitors(input: &[u8]) -> Result<Verdict, Broken> {
    let mut script = Script::new(input);
    let [small_net, small_ui] = &*SMALL;
    let table: &'static Automaton = match script.byte() % 5 {
        0 => &NET,
        1 => &UI,
        2 => &LAUNCHER,
        3 => small_net,
        _ => small_ui,
    };
    match script.byte() % 3 {
        0 => one_end(table, Side::Vault, &mut script),
        1 => one_end(table, Side::Peer, &mut script),
        _ => both_ends(table, &mut script),
    }
}

/// One end says and hears anything. At every step the monitor does what the reference does.
fn one_end(table: &'static Automaton, end: Side, script: &mut Script<'_>) -> Result<Verdict, Broken> {
    let (mut monitor, mut trace, mut now) = (Monitor::new(table, end), Vec::new(), 0);
    let other = if end == Side::Vault { Side::Peer } else { Side::Vault };
    let mut legal = Verdict::Refused;
    while trace.len() < STEPS && !script.is_over() {
        let before = monitor.clone();
        let outcome = match script.byte() % 16 {
            0 => {
                monitor.condemn();
                trace.push(Step::Condemned);
                Outcome::Condemned
            }
            1..6 => {
                let word = words::word(table, end, script);
                let outcome = Outcome::Said(monitor.said(&*word));
                trace.push(Step::Said(word));
                outcome
            }
            wild => {
                let word = words::word(table, other, script);
                // Now and then a descriptor too many, and a while later.
                let descriptors = word.descriptors() + usize::from(wild == 6);
                now += if wild < 10 { u64::from(script.byte() % 16) * MOMENT } else { 0 };
                let outcome = Outcome::Heard(monitor.heard(&*word, descriptors, || Duration::from_millis(now)));
                trace.push(Step::Heard(word, descriptors, now));
                outcome
            }
        };
        let (seen, expected) = reference::read(table, end, &trace);
        holds(outcome == expected, "monitor and reference agree on every word")?;
        agree(table, &monitor, &seen)?;
        match outcome {
            Outcome::Said(May::Now) | Outcome::Heard(Ok(Heard::Legal)) => legal = Verdict::Accepted,
            Outcome::Said(_) | Outcome::Heard(Ok(Heard::Dropped)) => {
                holds(monitor == before, "a word that is not said, or dropped, changes nothing")?;
            }
            Outcome::Heard(Err(_)) | Outcome::Condemned => {
                let name = table.states.get(usize::from(table.condemned)).map(|state| state.name);
                let condemned = (0..table.lines.len()).all(|line| Some(monitor.state(line)) == name);
                let empty = (0..table.ledgers.len()).all(|ledger| monitor.held(ledger) == 0);
                holds(condemned && empty, "a breach condemns all lines")?;
            }
        }
    }
    Ok(legal)
}

fn agree(table: &Automaton, monitor: &Monitor, seen: &Seen) -> Result<(), Broken> {
    for (line, state) in seen.states.iter().enumerate() {
        let name = table.states.get(usize::from(*state)).map(|state| state.name);
        holds(name == Some(monitor.state(line)), "monitor and reference agree on the states")?;
    }
    for (at, (tokens, ledger)) in seen.ledgers.iter().zip(table.ledgers.iter()).enumerate() {
        holds(monitor.held(at) == tokens.len(), "monitor and reference agree on what is held")?;
        holds(tokens.len() <= ledger.at_most, "no ledger holds more than the table says")?;
    }
    Ok(())
}

/// Words on their way, per line: from the vault, from the peer.
type Queues = Vec<[VecDeque<Rc<dyn Word>>; 2]>;

/// Two ends that say only what their monitors let them, over lines that delay; the peer is started again now and
/// then, and finds what was meant for its predecessor. Neither ever breaks a rule for the other.
fn both_ends(table: &'static Automaton, script: &mut Script<'_>) -> Result<Verdict, Broken> {
    let fresh = || Monitor::new(table, Side::Peer);
    let (mut vault, mut peer) = (Monitor::new(table, Side::Vault), fresh());
    let mut queues: Queues = table.lines.iter().map(|_| Default::default()).collect();
    let mut greeted = vec![false; table.lines.len()];
    // What greets can be started again; with the launcher all ends.
    let restarts = table.rows.iter().any(|row| row.says == "Hello");
    let (mut verdict, mut now) = (Verdict::Refused, Duration::ZERO);
    for _ in 0..4 * STEPS {
        if script.is_over() {
            break;
        }
        match script.byte() % 32 {
            0 if restarts => {
                peer = fresh();
                greeted.fill(false);
                script.next_life();
            }
            1 => vault.condemn(),
            2..10 => {
                let word = words::honest(table, Side::Vault, script);
                if vault.said(&*word) == May::Now {
                    queues.iter_mut().skip(word.line()).take(1).for_each(|line| line[0].push_back(word.clone()));
                }
            }
            10..18 => {
                let word = words::honest(table, Side::Peer, script);
                // Each process greets once on each line.
                let greets = word.name() == "Hello";
                if greets && greeted.get(word.line()) != Some(&false) {
                    continue;
                }
                if peer.said(&*word) == May::Now {
                    greeted.iter_mut().skip(word.line()).take(usize::from(greets)).for_each(|done| *done = true);
                    queues.iter_mut().skip(word.line()).take(1).for_each(|line| line[1].push_back(word.clone()));
                }
            }
            wild => {
                let line = usize::from(wild / 2) % queues.len();
                let Some([to_peer, to_vault]) = queues.get_mut(line) else { continue };
                // Whoever keeps to the rules may still be too fast: that is not what is judged here.
                now += Duration::from_secs(3_600);
                let (queue, hearer) = if wild % 2 == 0 { (to_peer, &mut peer) } else { (to_vault, &mut vault) };
                let Some(word) = queue.pop_front() else { continue };
                let heard = hearer.heard(&*word, word.descriptors(), || now);
                holds(heard.is_ok(), "two ends that keep to the table never break a rule for each other")?;
                if heard == Ok(Heard::Legal) {
                    verdict = Verdict::Accepted;
                }
            }
        }
    }
    Ok(verdict)
}
