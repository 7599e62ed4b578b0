//! The helpers of a round (the fetcher, a trial) end with the program: they hold its output open, and a fetcher may have
//! hours to go.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Holds at most one helper.
#[derive(Clone, Debug, Default)]
pub struct Leash(Arc<Mutex<Held>>);

#[derive(Debug, Default)]
struct Held {
    /// A helper that was not reaped yet, so that its number means it.
    helper: Option<Pid>,
    ended: bool,
}

impl Leash {
    /// A helper has started. If the program has ended already, so does the helper.
    pub fn take(&self, helper: i32) {
        let mut held = self.held();
        held.helper = Some(Pid::from_raw(helper));
        if held.ended {
            held.end();
        }
    }

    /// Looks whether the helper has ended, which reaps it: `reaped` says what came of it, if it has.
    pub fn look<T, E>(&self, reaped: impl FnOnce() -> Result<Option<T>, E>) -> Result<Option<T>, E> {
        let mut held = self.held();
        let found = reaped()?;
        if found.is_some() {
            held.helper = None;
        }
        Ok(found)
    }

    /// The program ends.
    pub fn end(&self) {
        let mut held = self.held();
        held.ended = true;
        held.end();
    }

    /// Whether the program has ended.
    pub fn has_ended(&self) -> bool {
        self.held().ended
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn end(&self) {
        if let Some(helper) = self.helper {
            let _ = kill(helper, Signal::SIGKILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Leash;
    use std::process::{Child, Command};

    fn sleeper() -> (Child, i32) {
        let child = Command::new("sleep").arg("60").spawn().unwrap();
        let number = i32::try_from(child.id()).unwrap();
        (child, number)
    }

    #[test]
    fn helper_ends_with_the_program_whenever_it_started() {
        let leash = Leash::default();
        let (mut early, number) = sleeper();
        leash.take(number);
        assert!(leash.look(|| early.try_wait()).unwrap().is_none() && !leash.has_ended());
        leash.end();
        assert!(!early.wait().unwrap().success());
        let (mut late, number) = sleeper();
        leash.take(number);
        assert!(!late.wait().unwrap().success() && leash.has_ended());
    }
}
