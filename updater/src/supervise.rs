//! The launcher's loop: waits for signals, ends of processes and the vault's word, and does what
//! [`crate::restarts`] decides.

use crate::Error;
use crate::processes::{Table, Vault};
use crate::restarts::{Act, Event, Restarts};
use crate::updates::Updates;
use bulkhead_ipc::control::{FromLauncher, Peer, ToLauncher};
use bulkhead_ipc::line::Buffer;
use bulkhead_ipc::update::Wish;
use bulkhead_rules::{Child, Ended, Process};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// SIGSYS: what the kernel kills with for a forbidden call.
const FORBIDDEN: u8 = 31;

/// From here on the signals that ask for an end are read in the loop. Called before anything starts, so that none
/// is lost.
pub fn take_signals() -> Result<SignalFd, Error> {
    let mut set = SigSet::empty();
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP].into_iter().for_each(|signal| set.add(signal));
    set.thread_block()?;
    Ok(SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?)
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The launcher's exit code.
    pub code: u8,
    /// Whether all processes were ready at some time.
    pub started: bool,
    /// Whether the user stopped it by a signal.
    pub stopped: bool,
    /// Whether the user wishes it to start anew, with the release that is ready.
    pub again: bool,
}

/// Starts all processes and keeps them running until the vault ends. If they are not ready within `patience`, it is ended.
pub fn run(
    mut table: Table,
    signals: SignalFd,
    updates: Updates,
    patience: Option<Duration>,
) -> Result<Outcome, Error> {
    let vault = table.start_vault()?;
    let mut restarts = Restarts::new(Duration::ZERO);
    let mut first = |peer| table.start_peer(peer, restarts.life()).map(Some);
    let peers = Peers { ui: first(Peer::Ui)?, net: first(Peer::Net)? };
    let sealers = [table.start_seal(), table.start_keyring()];
    let began = Instant::now();
    let outcome = Outcome { code: 0, started: false, stopped: false, again: false };
    let (vault, buffer) = (Some(vault), Buffer::new());
    let supervisor =
        Supervisor { table, signals, began, vault, peers, sealers, restarts, buffer, updates, patience, outcome };
    supervisor.run()
}

struct Peers {
    net: Option<Child>,
    ui: Option<Child>,
}

impl Peers {
    fn of(&mut self, peer: Peer) -> &mut Option<Child> {
        match peer {
            Peer::Net => &mut self.net,
            Peer::Ui => &mut self.ui,
        }
    }
}

struct Supervisor {
    table: Table,
    signals: SignalFd,
    began: Instant,
    vault: Option<Vault>,
    peers: Peers,
    /// seal and keyring, where they run.
    sealers: [Option<Child>; 2],
    restarts: Restarts,
    buffer: Buffer,
    updates: Updates,
    /// How long the processes may take to be ready.
    patience: Option<Duration>,
    outcome: Outcome,
}

impl Supervisor {
    fn run(mut self) -> Result<Outcome, Error> {
        let mut listening = true;
        loop {
            let ready = self.wait(listening)?;
            let mut events = vec![Event::Tick];
            if ready.signal && matches!(self.signals.read_signal(), Ok(Some(_))) {
                self.outcome.stopped = true;
                events.push(Event::Stop);
            }
            if ready.news {
                self.updates.listen();
            }
            self.tell_news();
            if self.overdue()
                && let Some(vault) = &self.vault
            {
                eprintln!("bulkhead: the release was not ready in time");
                let _ = vault.child.kill();
                self.patience = None;
            }
            if ready.control {
                listening = self.hear(&mut events);
            }
            for (peer, ended) in [(Peer::Net, ready.net), (Peer::Ui, ready.ui)] {
                if let Some(child) = ended.then(|| self.peers.of(peer).take()).flatten() {
                    let name = child.process().program();
                    let how = child.wait()?;
                    // One that ends in order has seen the vault end.
                    if how != Ended::Exit(0) {
                        eprintln!("bulkhead: {name} {how}");
                    }
                    events.push(Event::Ended(peer));
                }
            }
            // Not started again: the passphrase opens the profile.
            for (sealer, ended) in self.sealers.iter_mut().zip(ready.sealers) {
                if let Some(child) = ended.then(|| sealer.take()).flatten() {
                    let (name, how) = (child.process().program(), child.wait()?);
                    if how != Ended::Exit(0) {
                        eprintln!("bulkhead: {name} {how}");
                    }
                }
            }
            // Last: what the vault said before it ended has been heard.
            if let Some(vault) = ready.vault.then(|| self.vault.take()).flatten() {
                events.push(Event::VaultEnded(exit_code(vault.child.wait()?)));
            }
            for event in events {
                if let Some(code) = self.handle(event) {
                    return Ok(Outcome { code, ..self.outcome });
                }
            }
        }
    }

    fn handle(&mut self, event: Event) -> Option<u8> {
        let now = self.began.elapsed();
        for act in self.restarts.handle(event, now) {
            match act {
                Act::Finish(code) => return Some(code),
                Act::Start(peer, life) => match self.table.start_peer(peer, life) {
                    Ok(child) => *self.peers.of(peer) = Some(child),
                    Err(error) => {
                        eprintln!("bulkhead: {error}");
                        if let Some(code) = self.handle(Event::Ended(peer)) {
                            return Some(code);
                        }
                    }
                },
                Act::Kill(peer) => {
                    if let Some(child) = self.peers.of(peer) {
                        let _ = child.kill();
                    }
                }
                Act::KillVault => {
                    if let Some(vault) = &self.vault {
                        let _ = vault.child.kill();
                    }
                }
                Act::Tell(message) => {
                    // A vault that does not read is told nothing: waiting for it would stop this loop.
                    if let Some(vault) = &self.vault {
                        let _ = vault.control.try_send(&message);
                    }
                }
            }
        }
        None
    }

    /// Tells the vault how it stands with updates, if there is something new.
    fn tell_news(&mut self) {
        if let (Some(vault), Some(notice)) = (&self.vault, self.updates.untold())
            && vault.control.try_send(&FromLauncher::Notice(Box::new(notice.clone()))).is_ok()
        {
            self.updates.told();
        }
    }

    fn overdue(&self) -> bool {
        self.patience.is_some_and(|patience| self.began.elapsed() >= patience)
    }

    /// Reads what the vault says; returns whether its line is still open.
    fn hear(&mut self, events: &mut Vec<Event>) -> bool {
        let Some(vault) = &self.vault else { return false };
        loop {
            match vault.control.try_recv(&mut self.buffer) {
                Ok(Some(ToLauncher::Restart(peer))) => events.push(Event::Restart(peer)),
                Ok(Some(ToLauncher::Started)) => {
                    (self.outcome.started, self.patience) = (true, None);
                    self.updates.started();
                }
                Ok(Some(ToLauncher::Wish(Wish::Restart))) if self.updates.is_ready() => {
                    self.outcome.again = true;
                    events.push(Event::Stop);
                }
                Ok(Some(ToLauncher::Wish(wish))) => self.updates.wish(wish),
                Ok(None) => return true,
                Err(_) => {
                    events.push(Event::VaultSilent);
                    return false;
                }
            }
        }
    }

    fn wait(&self, listening: bool) -> Result<Ready, Error> {
        let now = self.began.elapsed();
        let retry = self.updates.retry().map(|retry| now.saturating_add(retry));
        let next = [self.restarts.next(), self.patience, retry].into_iter().flatten().min();
        let timeout = next.map_or(PollTimeout::NONE, |next| {
            // Rounded up: a poll that ends too early would only be repeated.
            let left = next.saturating_sub(now) + Duration::from_millis(1);
            PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX)
        });
        let mut ready = Ready::default();
        let mut set = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        let mut marks: Vec<fn(&mut Ready)> = vec![|r| r.signal = true];
        set.push(PollFd::new(self.updates.ears(), PollFlags::POLLIN));
        marks.push(|r| r.news = true);
        if let Some(vault) = &self.vault {
            set.push(PollFd::new(vault.child.ended(), PollFlags::POLLIN));
            marks.push(|r| r.vault = true);
            if listening {
                set.push(PollFd::new(vault.control.as_fd(), PollFlags::POLLIN));
                marks.push(|r| r.control = true);
            }
        }
        for (peer, mark) in [(&self.peers.net, (|r| r.net = true) as fn(&mut Ready)), (&self.peers.ui, |r| r.ui = true)]
        {
            if let Some(peer) = peer {
                set.push(PollFd::new(peer.ended(), PollFlags::POLLIN));
                marks.push(mark);
            }
        }
        let [seal, keyring] = &self.sealers;
        let marked: [(_, fn(&mut Ready)); 2] =
            [(seal, |r| r.sealers = [true, r.sealers[1]]), (keyring, |r| r.sealers = [r.sealers[0], true])];
        for (sealer, mark) in marked {
            if let Some(sealer) = sealer {
                set.push(PollFd::new(sealer.ended(), PollFlags::POLLIN));
                marks.push(mark);
            }
        }
        match poll(&mut set, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        for (entry, mark) in set.iter().zip(marks) {
            if entry.any().unwrap_or(false) {
                mark(&mut ready);
            }
        }
        Ok(ready)
    }
}

/// What has something to say.
#[derive(Default)]
struct Ready {
    signal: bool,
    news: bool,
    control: bool,
    vault: bool,
    net: bool,
    ui: bool,
    sealers: [bool; 2],
}

/// The launcher ends as the vault did; a signal is told as shells tell it.
fn exit_code(ended: Ended) -> u8 {
    let code = match ended {
        Ended::Exit(code) => return u8::try_from(code).unwrap_or(u8::MAX),
        Ended::Forbidden => FORBIDDEN,
        Ended::Signal(number) => u8::try_from(number).unwrap_or(u8::MAX),
    };
    eprintln!("bulkhead: {} {ended}", Process::Vault.program());
    code.saturating_add(128)
}
