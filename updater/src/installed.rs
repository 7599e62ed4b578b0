//! Which release runs, where the launcher lies in an installation: what was selected, or what ran well before it.
//!
//! The launcher that runs is the enforcer's. Another one that was started hands over to it, so that no release is ever
//! started by its own launcher, but for the first one, and for one that the parties' next release has confirmed.

use crate::Error;
use crate::arguments::{self, Arguments};
use crate::supervise::Outcome;
use crate::trial::NO_DISPLAY;
use crate::updates::{Round, Updates};
use bulkhead_install::{Hold, Installation, Selection};
use std::cell::RefCell;
use std::ffi::OsString;
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// How long a release that has not proven itself may take until all is there. It is tried three times, and nobody looks at
/// an empty desktop for longer than that.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is to be started.
pub enum Before {
    /// These programs.
    Run(Chosen),
    /// Another launcher, which knows better.
    HandOver(PathBuf),
}

/// What comes after the processes have ended.
pub enum After {
    /// The end, with this exit code.
    Exit(u8),
    /// This launcher, with these words.
    Again(PathBuf, Vec<OsString>),
}

/// The programs to start, and what goes with them.
pub struct Chosen {
    /// Their folder.
    pub programs: PathBuf,
    place: Option<Place>,
}

/// Where an installation stands.
struct Place {
    installation: Installation,
    selection: Selection,
    proven: bool,
    proxy: Option<SocketAddr>,
    lock: RefCell<Option<Hold>>,
    /// The releases in use are not removed by another launcher.
    _held: [Option<Hold>; 2],
}

/// Chooses what this launcher, `program`, starts.
pub fn choose(program: &Path, arguments: &Arguments) -> Result<Before, Error> {
    let folder = program.parent().unwrap_or(program);
    let Some((installation, own)) = Installation::of(program) else {
        return Ok(Before::Run(Chosen { programs: folder.to_path_buf(), place: None }));
    };
    // A disk that is full, or an installation that is somebody else's, keeps nobody from the chat.
    let lock = told(installation.lock()).flatten();
    if lock.is_some() {
        let _ = told(installation.recover());
    }
    // Whoever has the lock may be in the middle of a change, but `selection` is always whole.
    let mut selection = installation.selection()?;
    if lock.is_some()
        && installation.is_hopeless(&selection)
        && let Some(back) = told(installation.roll_back()).flatten()
    {
        eprintln!("bulkhead: release {} does not start: going back", selection.now.current);
        selection = back;
    }
    if selection.now.enforcer != own {
        return Ok(Before::HandOver(installation.launcher(selection.now.enforcer)));
    }
    let held = [own, selection.now.current].map(|number| told(installation.hold(number)).flatten());
    let proven = lock.is_none() || told(installation.starting(&selection)).unwrap_or(true);
    let programs = installation.release(selection.now.current).join("bin");
    let (proxy, lock) = (arguments.socks, RefCell::new(lock));
    let place = Place { installation, selection, proven, proxy, lock, _held: held };
    Ok(Before::Run(Chosen { programs, place: Some(place) }))
}

impl Chosen {
    /// How long to wait for the release to be ready before it is given up; for ever, if it has been before.
    pub fn patience(&self) -> Option<Duration> {
        self.place.as_ref().filter(|place| !place.proven).map(|_| PATIENCE)
    }

    /// Looks for updates from now on.
    pub fn updates(&self) -> Result<Updates, Error> {
        let Some(place) = &self.place else { return Ok(Updates::off()?) };
        let home = std::env::var_os("HOME").map_or_else(|| place.installation.root().to_path_buf(), PathBuf::from);
        let (installation, lock) = (place.installation.clone(), place.lock.take());
        Ok(Updates::begin(Round::new(installation, place.selection, place.proxy, home, lock))?)
    }

    /// Judges how the processes ended, or that they did not start at all.
    pub fn after(self, ended: Result<Outcome, Error>) -> Result<After, Error> {
        let Some(Place { installation, selection, proven, .. }) = self.place else {
            return ended.map(|outcome| After::Exit(outcome.code));
        };
        if let Ok(Outcome { again: true, .. }) = ended {
            let launcher = installation.launcher(installation.selection()?.now.enforcer);
            return Ok(After::Again(launcher, arguments::again(words())));
        }
        if proven || ended.as_ref().is_ok_and(|outcome| outcome.started) {
            return ended.map(|outcome| After::Exit(outcome.code));
        }
        match ended {
            // That says nothing of the release.
            Ok(outcome) if outcome.stopped || i32::from(outcome.code) == NO_DISPLAY => {
                let _ = told(installation.uncount(&selection));
                Ok(After::Exit(outcome.code))
            }
            Ok(_) | Err(_) => {
                eprintln!("bulkhead: release {} was not ready, and is started again", selection.now.current);
                Ok(After::Again(installation.launcher(selection.now.enforcer), words().collect()))
            }
        }
    }
}

/// Says what went wrong and goes on.
fn told<T>(result: Result<T, bulkhead_install::Error>) -> Option<T> {
    result.map_err(|error| eprintln!("bulkhead: {error}")).ok()
}

/// The words on the own command line.
pub fn words() -> impl Iterator<Item = OsString> {
    std::env::args_os().skip(1)
}

/// Becomes another launcher; returns only if that fails.
pub fn hand_over(launcher: &Path, words: impl Iterator<Item = OsString>) -> Error {
    let error = Command::new(launcher).args(words).exec();
    Error::HandOver(launcher.to_path_buf(), error)
}
