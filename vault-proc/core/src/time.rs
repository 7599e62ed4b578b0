//! Points in time, as the host tells them.
//!
//! The host's clock is untrusted input: it may jump, stand still or run backwards. Nothing that guards a
//! secret depends on it; it only labels messages and bounds how long things are kept.

use std::time::{Duration, SystemTime};

/// Milliseconds since the Unix epoch; the host's clock, untrusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u64);

impl Time {
    /// Whole seconds since the epoch, as Nostr counts.
    pub const fn seconds(self) -> u64 {
        self.0 / 1000
    }

    /// Milliseconds since `earlier`; zero if the clock ran backwards.
    pub const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// For libsignal. Capped at the year 2500, where the conversion could overflow.
    pub(crate) fn system(self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(self.0.min(16_725_225_600_000))
    }
}
