//! Looks for updates beside the chat, in a thread of its own: has them fetched, judges what was staged, has a release tried,
//! and selects it for the next start.
//!
//! The order of a round:
//!
//! 1. What an earlier round left in the staging folder is judged first: its fetcher has ended.
//! 2. The fetcher runs under its rules, with the network and the staging folder alone.
//! 3. Once it has ended, [`Round::judge`] reads what it staged, as bytes of a stranger, and decides. What is neither refused nor a fork
//!    is remembered.
//! 4. A release that all parties list is copied out of the staging folder while it is hashed; unpacked; judged again, now
//!    with what is inside; tried under the rules that will hold for it; and selected.
//!
//! A round that fails changes nothing, and says why.

use crate::leash::Leash;
use crate::notices::{self, Compared};
use crate::trial::{self, Tried};
use bulkhead_install::{Hold, Installation, Selection, Taken};
use bulkhead_ipc::update::{Notice, Sentence, Status, Wish};
use bulkhead_rules::audit::{Collection, Comparison, Difference, Kind, Verdict, diff};
use bulkhead_rules::{Ended, Launch, Process, launch};
use bulkhead_staging::{Staged, evidence, prepare, progress};
use bulkhead_trust::{
    Candidate, Decision, Fork, Listing, PackageView, Party, PartyView, PerParty, Refusal, State, Time, decide, read,
};
use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{pipe2, read as read_pipe, write};
use std::cell::RefCell;
use std::ffi::OsString;
use std::fs::File;
use std::io::Read as _;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often the mirrors are asked, and how much sooner or later, so that users do not come together.
const EVERY: Duration = Duration::from_secs(12 * 60 * 60);
const JITTER: Duration = Duration::from_secs(60 * 60);
/// How long the fetcher may take for all; it has bounds of its own.
const LONGEST: Duration = Duration::from_secs(6 * 60 * 60);
/// How often progress is looked at.
const GLANCE: u16 = 500;
/// Sends that the vault did not take are tried again; more than one waiting makes no sense, as the last one counts.
const QUIET: Duration = Duration::from_secs(1);

/// What the launcher's loop sees of it.
pub struct Updates {
    news: Receiver<Notice>,
    wishes: Sender<Wish>,
    ears: OwnedFd,
    last: Option<Notice>,
    told: bool,
    unproven: Option<Installation>,
    leash: Leash,
}

impl Drop for Updates {
    fn drop(&mut self) {
        self.leash.end();
    }
}

/// What is needed for a round.
pub struct Round {
    /// The installation.
    installation: Installation,
    /// What runs now.
    running: Selection,
    /// The SOCKS proxy.
    proxy: Option<SocketAddr>,
    /// Where proofs of forks go when the user asks for one.
    home: PathBuf,
    /// The right to change the installation, if nobody else has it.
    lock: Option<Hold>,
    /// When this began, in seconds since 1970.
    began: Time,
    /// What the parties listed last.
    listed: Option<Listing>,
    /// The release that was tried and did not start.
    refused: Option<Status>,
    leash: Leash,
    /// What was said last, for people.
    said: RefCell<Vec<String>>,
}

impl Round {
    /// Everything for rounds.
    pub fn new(
        installation: Installation,
        running: Selection,
        proxy: Option<SocketAddr>,
        home: PathBuf,
        lock: Option<Hold>,
    ) -> Self {
        Self {
            installation,
            running,
            proxy,
            home,
            lock,
            began: now(),
            listed: None,
            refused: None,
            leash: Leash::default(),
            said: RefCell::default(),
        }
    }
}

impl Updates {
    /// Where nobody updates: this copy was built here, or a distribution keeps it.
    pub fn off() -> Result<Self, Errno> {
        let (updates, mouth, _) = Self::new()?;
        mouth.say(notices::notice(Status::Off, None, ""));
        Ok(updates)
    }

    /// Begins to look for updates.
    pub fn begin(mut round: Round) -> Result<Self, Errno> {
        let (mut updates, mouth, wishes) = Self::new()?;
        round.leash = updates.leash.clone();
        updates.unproven = round.lock.as_ref().map(|_| round.installation.clone());
        std::thread::spawn(move || round.run(&mouth, &wishes));
        Ok(updates)
    }

    fn new() -> Result<(Self, Mouth, Receiver<Wish>), Errno> {
        let (ears, bell) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
        let (say, news) = channel();
        let (wishes, heard) = channel();
        Ok((
            Self { news, wishes, ears, last: None, told: true, unproven: None, leash: Leash::default() },
            Mouth { say, bell },
            heard,
        ))
    }

    /// Becomes readable when there is news.
    pub fn ears(&self) -> BorrowedFd<'_> {
        self.ears.as_fd()
    }

    /// Takes in the news.
    pub fn listen(&mut self) {
        let _ = read_pipe(&self.ears, &mut [0; 64]);
        if let Some(last) = self.news.try_iter().last() {
            (self.last, self.told) = (Some(last), false);
        }
    }

    /// What the vault has not been told yet.
    pub fn untold(&self) -> Option<&Notice> {
        self.last.as_ref().filter(|_| !self.told)
    }

    /// The vault has been told.
    pub fn told(&mut self) {
        self.told = true;
    }

    /// When to try again what the vault did not take.
    pub fn retry(&self) -> Option<Duration> {
        self.untold().map(|_| QUIET)
    }

    /// All processes of the release are there: it has proven itself.
    pub fn started(&self) {
        if let Some(installation) = &self.unproven
            && let Err(error) = installation.proven()
        {
            eprintln!("bulkhead: {error}");
        }
    }

    /// Whether a release waits for the next start.
    pub fn is_ready(&self) -> bool {
        matches!(self.last, Some(Notice { status: Status::Ready { .. }, .. }))
    }

    /// Passes on what the user wishes. It is answered with a notice in any case.
    pub fn wish(&mut self, wish: Wish) {
        if self.wishes.send(wish).is_err() {
            // Nobody looks for updates: what was said of them stands.
            self.told = false;
        }
    }
}

struct Mouth {
    say: Sender<Notice>,
    bell: OwnedFd,
}

impl Mouth {
    fn say(&self, notice: Notice) {
        let _ = self.say.send(notice);
        // A full pipe has rung already.
        let _ = write(&self.bell, &[1]);
    }
}

/// Why a round came to nothing.
enum Stop {
    Status(Status),
    /// The disk, or something else that is no decision: a sentence.
    Trouble(String),
}

impl<E: std::error::Error> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Trouble(format!("{error}."))
    }
}

/// What was staged, read.
struct Read {
    staged: PerParty<Staged>,
    views: PerParty<PartyView>,
}

impl Round {
    fn run(mut self, mouth: &Mouth, wishes: &Receiver<Wish>) {
        let (mut status, mut look) = (Status::Checking, true);
        loop {
            if self.lock.is_none() {
                self.lock = self.installation.lock().ok().flatten();
            }
            if look {
                status = match self.pending() {
                    Some(pending) => pending,
                    // Another launcher of this installation looks already.
                    None if self.lock.is_none() => self.standing(Status::UpToDate),
                    None => {
                        self.tell(mouth, Status::Checking);
                        self.look(mouth)
                    }
                };
            }
            self.tell(mouth, status.clone());
            let pause = EVERY.saturating_sub(JITTER).saturating_add(JITTER.mul_f64(2.0 * chance()));
            look = match wishes.recv_timeout(pause) {
                Ok(Wish::Check) => {
                    self.forgive();
                    true
                }
                Err(RecvTimeoutError::Timeout) => true,
                Ok(Wish::ExportProof) => {
                    status = self.export();
                    false
                }
                // The launcher's loop does that, where it means something.
                Ok(Wish::Restart) => false,
                Err(RecvTimeoutError::Disconnected) => return,
            };
        }
    }

    fn tell(&self, mouth: &Mouth, status: Status) {
        let details = match (self.installation.state(), self.installation.selection()) {
            (Ok(state), Ok(selection)) => notices::details(&state, &selection, self.listed.as_ref()),
            _ => String::new(),
        };
        let lines = notices::lines(&status);
        if !lines.is_empty() && self.said.replace(lines.clone()) != lines {
            lines.iter().for_each(|line| eprintln!("bulkhead: {line}"));
        }
        mouth.say(notices::notice(status, self.installation.checked(), &details));
    }

    /// The release that runs from the next start on, if it is another one than now.
    fn pending(&self) -> Option<Status> {
        let selected = self.installation.selection().ok()?.now;
        if selected == self.running.now {
            return None;
        }
        let release = self.installation.description(selected.current).ok()?;
        let (old, new) = (selected.enforcer, self.installation.release(selected.current));
        Some(notices::ready(&release, &self.compared(old, &new)))
    }

    /// One round.
    fn look(&mut self, mouth: &Mouth) -> Status {
        if let Ok(status @ Status::Ready { .. }) = self.judge(mouth) {
            return status;
        }
        let judged = self.fetch(mouth).and_then(|()| self.judge(mouth));
        let status = judged.unwrap_or_else(|stop| match stop {
            Stop::Status(status) => status,
            Stop::Trouble(sentence) => Status::Refused(Sentence::cut(&sentence)),
        });
        if let Status::NeedsMore { .. } = status {
            self.refused = Some(status.clone());
        }
        self.standing(status)
    }

    /// What is to be said where a round found nothing to do: an alarm that stands, or what came of the last release.
    fn standing(&self, status: Status) -> Status {
        if !matches!(status, Status::UpToDate | Status::Waiting { .. } | Status::Unreachable { .. }) {
            return status;
        }
        let frozen = || notices::frozen(&self.installation.state().ok()?, now());
        let back = || Some(notices::rolled_back(&self.installation.rolled_back()?));
        let quiet = matches!(status, Status::UpToDate);
        frozen().or_else(|| self.refused.clone().or_else(back).filter(|_| quiet)).unwrap_or(status)
    }

    /// Runs the fetcher, and shows how far it is.
    fn fetch(&mut self, mouth: &Mouth) -> Result<(), Stop> {
        let (state, staging) = (self.installation.state()?, self.installation.staging());
        let roots = self.installation.roots(&state)?;
        prepare(&staging, &state, &roots, &self.installation.parties()?)?;
        // The enforcer's: what fetches is as old as what enforces.
        let program = self.installation.release(self.running.now.enforcer).join("bin").join(Process::Update.program());
        let mut arguments: Vec<OsString> = vec!["--staging".into(), staging.clone().into()];
        if let Some(proxy) = self.proxy {
            arguments.extend(["--socks".into(), proxy.to_string().into()]);
        }
        let fetcher = launch(&Launch {
            process: Process::Update,
            program: &program,
            arguments: &arguments,
            lines: &[],
            data: Some(&staging),
            proxy: self.proxy.map(|address| address.port()),
            environment: &|name| std::env::var_os(name),
        })?;
        self.leash.take(fetcher.id());
        let began = Instant::now();
        let mut shown = None;
        loop {
            let mut end = [PollFd::new(fetcher.ended(), PollFlags::POLLIN)];
            match poll(&mut end, PollTimeout::from(GLANCE)) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) => break,
                Err(error) => {
                    // It ends as it is dropped.
                    self.leash.look(|| Ok::<_, Errno>(Some(())))?;
                    return Err(error.into());
                }
            }
            if began.elapsed() > LONGEST {
                // What it has staged so far can be judged, and the next one goes on.
                let _ = fetcher.kill();
            }
            let Some(progress) = progress(&staging).filter(|progress| shown != Some(*progress)) else { continue };
            shown = Some(progress);
            if self.listed.as_ref().is_none_or(|listing| listing.length != progress.total) {
                self.listed = self.listing(&state);
            }
            if let Some(listing) = self.listed.as_ref().filter(|listing| listing.length == progress.total) {
                let release = notices::named(&listing.release);
                self.tell(mouth, Status::Fetching { done: progress.done, total: progress.total, release });
            }
        }
        match self.leash.look(|| fetcher.wait().map(Some))? {
            Some(Ended::Exit(0)) | None => {}
            Some(_) if self.leash.has_ended() => {}
            Some(how) => eprintln!("bulkhead: {} {how}", Process::Update.program()),
        }
        Ok(())
    }

    /// What all parties list, by what is staged so far: to be shown, and nothing else.
    fn listing(&self, state: &State) -> Option<Listing> {
        let Read { views, .. } = self.read(state).ok()?;
        match decide(state, &Candidate { parties: views, package: None }, now()) {
            Decision::Download { release, .. } => Some(*release),
            _ => None,
        }
    }

    /// Reads what was staged.
    fn read(&self, state: &State) -> Result<Read, Stop> {
        let roots = self.installation.roots(state)?;
        let PerParty { development, quality, security } =
            bulkhead_staging::read(&self.installation.staging(), state, &roots);
        let staged = match (development, quality, security) {
            (Ok(development), Ok(quality), Ok(security)) => PerParty { development, quality, security },
            (Err(error), _, _) | (_, Err(error), _) | (_, _, Err(error)) => {
                return Err(match error {
                    bulkhead_staging::Error::Missing(_) => Stop::Status(self.unreachable()),
                    error => error.into(),
                });
            }
        };
        let view = |party| read(party, state.parties.of(party), &staged.of(party).files(), now());
        let views = PerParty::try_make(view).map_err(|refusal| Stop::Status(notices::refused(&refusal)))?;
        Ok(Read { staged, views })
    }

    fn unreachable(&self) -> Status {
        Status::Unreachable { since: u64::try_from(self.installation.checked().unwrap_or(self.began)).unwrap_or(0) }
    }

    /// Decides from what was staged, and carries the decision out.
    fn judge(&mut self, mouth: &Mouth) -> Result<Status, Stop> {
        let state = self.installation.state()?;
        let Read { staged, views } = self.read(&state)?;
        match decide(&state, &Candidate { parties: views.clone(), package: None }, now()) {
            Decision::Refused(refusal) => Ok(notices::refused(&refusal)),
            Decision::Forked { fork, next } => {
                self.keep_fork(&fork, staged.of(fork.party), &state, &next)?;
                Ok(notices::forked(&fork))
            }
            Decision::UpToDate { next } => self.accept(&staged, &next).map(|()| Status::UpToDate),
            Decision::Waiting { number, missing, next } => {
                self.accept(&staged, &next).map(|()| notices::waiting(number, &missing))
            }
            // A package that is not asked for is not decided on, so this is never one to install.
            Decision::Download { release, next } | Decision::Install { release, next } => {
                self.listed = Some((*release).clone());
                if bulkhead_staging::package(&self.installation.staging())?.is_none() {
                    return self.accept(&staged, &next).map(|()| self.unreachable());
                }
                self.install(&Read { staged, views }, &state, &release, mouth)
            }
        }
    }

    /// Takes the package over, looks into it, tries it and selects it.
    fn install(&self, read: &Read, state: &State, listing: &Listing, mouth: &Mouth) -> Result<Status, Stop> {
        let number = listing.release.number;
        if let Taken::Other(_, came) = self.installation.take(listing)? {
            return Ok(notices::refused(&Refusal::WrongPackage { signed: listing.sha256, came }));
        }
        self.tell(mouth, Status::Trying(notices::named(&listing.release)));
        let judged = self.unpacked(read, state, listing).and_then(|next| {
            self.accept(&read.staged, &next)?;
            self.tried(listing, *next)
        });
        if !matches!(judged, Ok(Status::Ready { .. })) {
            self.installation.discard(number)?;
        }
        judged
    }

    /// Decides once more, now with what is in the package.
    fn unpacked(&self, read: &Read, state: &State, listing: &Listing) -> Result<Box<State>, Stop> {
        let package: PackageView = self.installation.unpack(listing)?;
        let candidate = Candidate { parties: read.views.clone(), package: Some(package) };
        match decide(state, &candidate, now()) {
            Decision::Install { next, .. } => Ok(next),
            Decision::Refused(refusal) => Err(Stop::Status(notices::refused(&refusal))),
            _ => Err(Stop::Trouble("The package could not be judged. Nothing was changed.".into())),
        }
    }

    fn tried(&self, listing: &Listing, next: State) -> Result<Status, Stop> {
        let (release, number) = (&listing.release, listing.release.number);
        // The current release becomes the enforcer, so its launcher tries it, under its rules.
        let enforcer = self.running.now.current;
        let rules = self.compared(enforcer, &self.installation.candidate(number));
        match trial::ask(&self.installation, enforcer, number, self.proxy, &self.leash) {
            Tried::Works => {
                self.installation.switch(number)?;
                self.installation.clear_staging()?;
                Ok(notices::ready(release, &rules))
            }
            Tried::Fails(why) => {
                self.installation.keep_state(&next.with_failed(number))?;
                Ok(notices::needs_more(release, &why, &rules))
            }
            Tried::Unknown(why) => Err(Stop::Trouble(why)),
        }
    }

    /// What the rules in `folder` give more or less than those of release `old`. They are data for telling: what a launcher
    /// enforces is compiled into it.
    fn compared(&self, old: u64, folder: &Path) -> Vec<Compared> {
        let read = |folder: &Path| Collection::read(&folder.join("rules"));
        let compared = read(&self.installation.release(old)).and_then(|old| diff(&old, &read(folder)?));
        let named = compared.map(|all| all.into_iter().map(|(process, one)| (process.program(), one)).collect());
        named.unwrap_or_else(|error| {
            let difference = Difference { kind: Kind::Undecided, text: format!("they cannot be compared: {error}") };
            vec![("the rules", Comparison { verdict: Verdict::Incomparable, differences: vec![difference] })]
        })
    }

    /// Remembers what was neither refused nor a fork. The files first: they are no harm without the state.
    fn accept(&self, staged: &PerParty<Staged>, next: &State) -> Result<(), Stop> {
        let trusted = self.installation.trusted();
        for party in Party::ALL {
            evidence::remember(&trusted, party, staged.of(party), next.parties.of(party))?;
        }
        self.installation.keep_state(next)?;
        self.installation.note_checked(now())?;
        Ok(())
    }

    fn keep_fork(&self, fork: &Fork, staged: &Staged, state: &State, next: &State) -> Result<(), Stop> {
        let (proofs, trusted) = (self.installation.proofs(), self.installation.trusted());
        let kept = evidence::keep_proof(&proofs, &trusted, staged, fork, state.parties.of(fork.party));
        // With or without a proof for others, this device has seen it.
        self.installation.keep_state(next)?;
        kept?;
        Ok(())
    }

    /// Puts the proof of a fork where the user finds it.
    fn export(&self) -> Status {
        let exported = || -> Result<Option<Status>, Stop> {
            let state = self.installation.state()?;
            let Some(fork) = state.condemned().or_else(|| state.forks.first()) else { return Ok(None) };
            let to = self.home.join(format!("bulkhead-fork-{}.json", fork.party.name()));
            let first = state.parties.of(fork.party).roots.at(1).unwrap_or(fork.ours);
            evidence::export(&self.installation.proofs(), fork, first, &to)?;
            Ok(Some(notices::exported(fork, &to.display().to_string())))
        };
        match exported() {
            Ok(status) => status.unwrap_or_else(|| self.standing(Status::UpToDate)),
            Err(Stop::Status(status)) => status,
            Err(Stop::Trouble(sentence)) => Status::Refused(Sentence::cut(&sentence)),
        }
    }

    /// The user wishes that what failed here is tried again.
    fn forgive(&mut self) {
        self.refused = None;
        if let Ok(mut state) = self.installation.state()
            && !state.failed.is_empty()
            && self.lock.is_some()
        {
            state.failed.clear();
            // If it cannot be written, nothing is tried again.
            let _ = self.installation.keep_state(&state);
        }
    }
}

/// Seconds since 1970, by the machine's clock: nothing that is decided trusts it blindly.
fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::try_from(since.as_secs()).unwrap_or(Time::MAX)
}

/// Between 0 and 1. If the machine has no randomness, everybody comes at the same time.
fn chance() -> f64 {
    let mut bytes = [0; 4];
    let _ = File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes));
    f64::from(u32::from_ne_bytes(bytes)) / f64::from(u32::MAX)
}
