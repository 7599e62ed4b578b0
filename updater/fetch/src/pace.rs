//! How fast a mirror is, and whether that is enough. No clock in here: whoever reads says when.
//!
//! A mirror that sends one byte a minute is not down, and would hold an update back for ever (the slow retrieval
//! attack, TUF specification 1.5.2). What counts is the rate over a window, not the time since the last byte.

use std::time::Duration;

/// Bytes per second.
pub type Rate = u64;

/// How long mirrors are waited for.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// The window over which the rate is taken.
    pub window: Duration,
    /// The rate that is asked for at first.
    pub wanted: Rate,
    /// The rate below which nobody is waited for.
    pub least: Rate,
    /// How much longer others may take, once one mirror has said what is current.
    pub grace: Duration,
}

impl Default for Patience {
    /// A link through Tor manages what is wanted.
    fn default() -> Self {
        let (window, grace) = (Duration::from_secs(10), Duration::from_secs(3));
        Self { window, wanted: 16 * 1024, least: 512, grace }
    }
}

impl Patience {
    /// The rate that is asked for when no mirror managed `rate`.
    pub fn slower(&self, rate: Rate) -> Option<Rate> {
        (rate > self.least).then(|| (rate / 2).max(self.least))
    }
}

/// Measures one download.
#[derive(Clone, Debug)]
pub struct Pace {
    span: Duration,
    least: Rate,
    /// When the current window began, and what came in it.
    window: (Duration, u64),
    /// What came altogether.
    total: u64,
}

impl Pace {
    /// Asks for `least` bytes a second in each window of `span`.
    pub const fn new(span: Duration, least: Rate) -> Self {
        Self { span, least, window: (Duration::ZERO, 0), total: 0 }
    }

    /// Until when the next byte must come, counted from the beginning of the download.
    pub fn deadline(&self) -> Duration {
        self.window.0.saturating_add(self.span)
    }

    /// Notes that `bytes` came at `now` (from the beginning of the download); whether that is fast enough.
    pub fn note(&mut self, now: Duration, bytes: u64) -> bool {
        self.total = self.total.saturating_add(bytes);
        self.window.1 = self.window.1.saturating_add(bytes);
        let span = now.saturating_sub(self.window.0);
        if span < self.span {
            return true;
        }
        let fast = rate(self.window.1, span) >= self.least;
        self.window = (now, 0);
        fast
    }

    /// Whether nothing has come yet.
    pub const fn is_silent(&self) -> bool {
        self.total == 0
    }

    /// The rate of the whole download at `now`.
    pub fn rate(&self, now: Duration) -> Rate {
        rate(self.total, now)
    }
}

fn rate(bytes: u64, span: Duration) -> Rate {
    let millis = span.as_millis().max(1);
    u64::try_from(u128::from(bytes).saturating_mul(1_000) / millis).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn rate_is_judged_by_window() {
        let mut pace = Pace::new(seconds(10), 100);
        assert!(pace.note(seconds(1), 10));
        assert_eq!(pace.deadline(), seconds(10));
        assert!(pace.note(seconds(10), 990));
        assert_eq!((pace.deadline(), pace.rate(seconds(10))), (seconds(20), 100));
        assert!(pace.note(seconds(19), 5_000));
        assert!(pace.note(seconds(20), 0));
        // Fast at first, and then one byte a second: the past does not help.
        assert!((21..30).all(|second| pace.note(seconds(second), 1)));
        assert!(!pace.note(seconds(30), 1));
    }

    #[test]
    fn just_too_slow_is_too_slow() {
        assert!(Pace::new(seconds(10), 100).note(seconds(10), 1_000));
        assert!(!Pace::new(seconds(10), 100).note(seconds(10), 999));
    }

    #[test]
    fn demands_fall_until_the_least() {
        let demands: Vec<Rate> =
            std::iter::successors(Some(16_384), |rate| Patience::default().slower(*rate)).collect();
        assert_eq!(demands, [16_384, 8_192, 4_096, 2_048, 1_024, 512]);
        assert_eq!(Patience::default().slower(600), Some(512));
    }
}
