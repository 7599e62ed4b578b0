//! When the vault locks by itself: after a while without the user, and after the machine slept.
//!
//! Two clocks tell: one stands still while the machine sleeps (`CLOCK_MONOTONIC`), the other does not
//! (`CLOCK_BOOTTIME`). Neither can be set, so a jump of the host's date neither locks nor keeps open. The vault hears
//! nothing of a sleep before it begins, as it has no line to the desktop: it locks when it wakes.

use nix::time::{ClockId, clock_gettime};
use std::path::Path;
use std::time::Duration;

/// How much longer the machine was on than awake for that to be a sleep.
const NAP: Duration = Duration::from_secs(2);

const FILE: &str = "lock-after";

/// What the user chose.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoLock {
    /// By hand only.
    Never,
    /// After the machine slept.
    #[default]
    Sleep,
    /// After so many minutes without the user, and after the machine slept.
    Minutes(u8),
}

impl AutoLock {
    /// The choices, in the order in which they are shown, and their words.
    pub const ALL: [(Self, &str); 5] = [
        (Self::Never, "Never"),
        (Self::Sleep, "After sleep"),
        (Self::Minutes(5), "5 min"),
        (Self::Minutes(15), "15 min"),
        (Self::Minutes(60), "60 min"),
    ];

    /// The choice beside this one.
    pub fn beside(self, by: isize) -> Self {
        let at = Self::ALL.iter().position(|(choice, _)| *choice == self).unwrap_or_default();
        at.checked_add_signed(by).and_then(|at| Self::ALL.get(at)).map_or(self, |(choice, _)| *choice)
    }

    /// What was chosen for the profile in this folder.
    pub fn load(folder: &Path) -> Self {
        let words = std::fs::read(folder.join(FILE)).unwrap_or_default();
        Self::ALL.into_iter().find(|(choice, _)| choice.written() == words).map_or(Self::default(), |(it, _)| it)
    }

    /// Remembers it; says whether the disk took it.
    pub fn save(self, folder: &Path) -> bool {
        std::fs::write(folder.join(FILE), self.written()).is_ok()
    }

    fn written(self) -> Vec<u8> {
        match self {
            Self::Never => b"never\n".to_vec(),
            Self::Sleep => b"sleep\n".to_vec(),
            Self::Minutes(minutes) => format!("{minutes}\n").into_bytes(),
        }
    }
}

/// What both clocks say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clocks {
    /// Since the machine was started.
    pub on: Duration,
    /// The same without its sleep.
    pub awake: Duration,
}

impl Clocks {
    /// Now. A kernel without such clocks would be one on which nothing locks by itself; Linux has had both since 2011.
    pub fn now() -> Self {
        let read = |clock| clock_gettime(clock).map(Duration::from).unwrap_or_default();
        Self { on: read(ClockId::CLOCK_BOOTTIME), awake: read(ClockId::CLOCK_MONOTONIC) }
    }
}

/// When the user was last there.
#[derive(Debug)]
pub struct Idle {
    touched: Clocks,
    seen: Clocks,
}

impl Idle {
    /// The user is there now.
    pub const fn new(now: Clocks) -> Self {
        Self { touched: now, seen: now }
    }

    /// The user did something.
    pub const fn touch(&mut self, now: Clocks) {
        self.touched = now;
    }

    /// Whether it is time to lock. A sleep is told once.
    pub fn is_over(&mut self, now: Clocks, chosen: AutoLock) -> bool {
        let slept = now.on.saturating_sub(self.seen.on) >= now.awake.saturating_sub(self.seen.awake) + NAP;
        self.seen = now;
        match chosen {
            AutoLock::Never => false,
            AutoLock::Sleep => slept,
            AutoLock::Minutes(minutes) => {
                let idle = now.on.saturating_sub(self.touched.on);
                slept || idle >= Duration::from_secs(u64::from(minutes) * 60)
            }
        }
    }

    /// As if this much time had passed, or the machine had slept so long.
    #[cfg(feature = "test-driver")]
    pub const fn pretend(&mut self, idle: Duration, asleep: Duration) {
        self.touched.on = self.touched.on.saturating_sub(idle);
        self.seen.on = self.seen.on.saturating_sub(asleep);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(on: u64, awake: u64) -> Clocks {
        Clocks { on: Duration::from_secs(on), awake: Duration::from_secs(awake) }
    }

    #[test]
    fn it_locks_after_the_chosen_time_without_the_user() {
        let mut idle = Idle::new(at(1000, 1000));
        assert!(!idle.is_over(at(1299, 1299), AutoLock::Minutes(5)));
        assert!(idle.is_over(at(1300, 1300), AutoLock::Minutes(5)));
        assert!(!idle.is_over(at(1300, 1300), AutoLock::Minutes(15)));
        assert!(!idle.is_over(at(99_999, 99_999), AutoLock::Sleep));
        assert!(!idle.is_over(at(99_999, 99_999), AutoLock::Never));
        idle.touch(at(99_999, 99_999));
        assert!(!idle.is_over(at(100_000, 100_000), AutoLock::Minutes(5)));
    }

    #[test]
    fn it_locks_once_after_a_sleep_however_short_the_chosen_time() {
        for chosen in [AutoLock::Sleep, AutoLock::Minutes(60)] {
            let mut idle = Idle::new(at(1000, 1000));
            assert!(!idle.is_over(at(1001, 1000), chosen), "two clocks read one after the other");
            assert!(idle.is_over(at(1010, 1001), chosen));
            assert!(!idle.is_over(at(1011, 1002), chosen));
        }
        assert!(!Idle::new(at(1000, 1000)).is_over(at(9000, 1001), AutoLock::Never));
    }

    #[test]
    fn the_two_clocks_run_and_only_sleep_parts_them() {
        let (before, after) = (Clocks::now(), Clocks::now());
        assert!(before.awake > Duration::ZERO && after.on >= before.on && after.awake >= before.awake);
        assert!(!Idle::new(before).is_over(after, AutoLock::Minutes(5)));
    }

    #[test]
    fn a_choice_is_remembered_and_what_is_not_one_is_the_usual() {
        let folder = std::env::temp_dir().join(format!("bulkhead-autolock-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (choice, _) in AutoLock::ALL {
            assert!(choice.save(&folder));
            assert_eq!(AutoLock::load(&folder), choice);
        }
        std::fs::write(folder.join(FILE), "7\n").unwrap();
        assert_eq!(AutoLock::load(&folder), AutoLock::Sleep);
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(!AutoLock::Never.save(&folder));
    }

    #[test]
    fn arrows_go_from_choice_to_choice_and_stop_at_the_ends() {
        assert_eq!(AutoLock::Never.beside(-1), AutoLock::Never);
        assert_eq!(AutoLock::Never.beside(1), AutoLock::Sleep);
        assert_eq!(AutoLock::Minutes(60).beside(1), AutoLock::Minutes(60));
        assert_eq!(AutoLock::Minutes(15).beside(-1), AutoLock::Minutes(5));
    }
}
