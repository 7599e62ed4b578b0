//! What to do when a process ends, and when: the launcher's decisions, without any input or output.
//!
//! net and ui hold nothing, so they are started again: at once the first time, then later and later, so that a
//! process that cannot live does not keep the machine busy. The vault is never started again: it needs the user's
//! passphrase, and a vault that failed is not to be trusted to have failed by accident.

use bulkhead_ipc::control::{FromLauncher, Peer};
use std::time::Duration;

/// Wait before the second start in a row; it doubles with each further one.
const FIRST_DELAY: Duration = Duration::from_millis(250);
/// Longest wait.
const LONGEST_DELAY: Duration = Duration::from_secs(10);
/// A process that lived this long starts with a clean record.
const RESPECTABLE_AGE: Duration = Duration::from_secs(60);
/// How long the vault may take to end after it was asked to.
const GRACE: Duration = Duration::from_secs(3);

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// net or ui ended, or could not be started.
    Ended(Peer),
    /// The vault ended; the launcher's exit code follows from how.
    VaultEnded(u8),
    /// The vault calls for a fresh net or ui.
    Restart(Peer),
    /// The vault closed or broke its line to the launcher.
    VaultSilent,
    /// The user asked the program to stop.
    Stop,
    /// Time went by.
    Tick,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Empty the peer's line ends and start it, by this number.
    Start(Peer, u32),
    /// Kill the peer; its end follows as an event.
    Kill(Peer),
    /// Kill the vault; its end follows as an event.
    KillVault,
    /// Tell the vault.
    Tell(FromLauncher),
    /// Kill what is left and exit with this code.
    Finish(u8),
}

/// The record of one peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Record {
    Running { since: Duration, failures: u32 },
    Waiting { until: Duration, failures: u32, life: u32 },
}

/// The launcher's memory. Times are since any fixed moment.
#[derive(Debug)]
pub struct Restarts {
    net: Record,
    ui: Record,
    /// Starts of net and ui so far.
    lives: u32,
    /// When the vault is killed, once it was asked to end.
    deadline: Option<Duration>,
}

impl Restarts {
    /// All processes are being started just now, net and ui as [`Restarts::life`] says.
    pub fn new(now: Duration) -> Self {
        let fresh = Record::Running { since: now, failures: 0 };
        Self { net: fresh, ui: fresh, lives: 0, deadline: None }
    }

    /// The number of the next start, by which a process knows what is meant for it and not for one before it.
    pub fn life(&mut self) -> u32 {
        self.lives = self.lives.wrapping_add(1);
        self.lives
    }

    /// Takes note of what happened and says what to do, in order.
    pub fn handle(&mut self, event: Event, now: Duration) -> Vec<Act> {
        match event {
            Event::VaultEnded(code) => vec![Act::Finish(code)],
            Event::Ended(peer) => self.ended(peer, now),
            Event::Restart(peer) => match self.record(peer) {
                Record::Running { .. } => vec![Act::Kill(peer)],
                // It is on its way already.
                Record::Waiting { .. } => Vec::new(),
            },
            Event::VaultSilent => {
                self.deadline.get_or_insert(now + GRACE);
                Vec::new()
            }
            Event::Stop if self.deadline.is_some() => vec![Act::KillVault],
            Event::Stop => {
                self.deadline = Some(now + GRACE);
                vec![Act::Tell(FromLauncher::Quit)]
            }
            Event::Tick => self.tick(now),
        }
    }

    /// When to call again with [`Event::Tick`], if nothing else happens.
    pub fn next(&self) -> Option<Duration> {
        if self.deadline.is_some() {
            return self.deadline;
        }
        let until = |record| match record {
            Record::Waiting { until, .. } => Some(until),
            Record::Running { .. } => None,
        };
        [self.net, self.ui].into_iter().filter_map(until).min()
    }

    fn ended(&mut self, peer: Peer, now: Duration) -> Vec<Act> {
        let Record::Running { since, failures } = *self.record(peer) else { return Vec::new() };
        let failures = if now.saturating_sub(since) >= RESPECTABLE_AGE { 0 } else { failures };
        let delay = match failures.checked_sub(1) {
            None => Duration::ZERO,
            Some(doublings) => FIRST_DELAY.saturating_mul(2u32.saturating_pow(doublings)).min(LONGEST_DELAY),
        };
        let life = self.life();
        *self.record(peer) = Record::Waiting { until: now + delay, failures: failures.saturating_add(1), life };
        if self.deadline.is_some() {
            return Vec::new();
        }
        let milliseconds = u32::try_from(delay.as_millis()).unwrap_or(u32::MAX);
        let mut acts = vec![Act::Tell(FromLauncher::Restarting { peer, life: Some(life), delay: milliseconds })];
        acts.extend(self.tick(now));
        acts
    }

    fn tick(&mut self, now: Duration) -> Vec<Act> {
        match self.deadline {
            Some(deadline) if now >= deadline => {
                self.deadline = Some(now + GRACE);
                return vec![Act::KillVault];
            }
            // Everything is about to end: nothing is started any more.
            Some(_) => return Vec::new(),
            None => {}
        }
        let mut acts = Vec::new();
        for peer in [Peer::Net, Peer::Ui] {
            if let Record::Waiting { until, failures, life } = *self.record(peer)
                && now >= until
            {
                *self.record(peer) = Record::Running { since: now, failures };
                acts.push(Act::Start(peer, life));
            }
        }
        acts
    }

    fn record(&mut self, peer: Peer) -> &mut Record {
        match peer {
            Peer::Net => &mut self.net,
            Peer::Ui => &mut self.ui,
        }
    }
}

#[cfg(test)]
mod tests;
