//! Host time and the user's time zone, and how times are written.
//!
//! The zone is read once, at the start, into a table: later the sandbox no longer opens the zone's file, and
//! a clock that silently fell back to UTC would show wrong times.

use bulkhead_vault_core::Time;
use chrono::{DateTime, Datelike, Local, NaiveDate, NaiveDateTime, Offset, TimeZone};
use nix::time::{ClockId, clock_gettime};
use std::time::{SystemTime, UNIX_EPOCH};

/// Now, by the host's clock.
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Milliseconds since the machine started, asleep or not: nobody sets this clock.
pub fn steady() -> u64 {
    let at = clock_gettime(ClockId::CLOCK_BOOTTIME).map_or_else(|_| std::time::Duration::ZERO, Into::into);
    u64::try_from(at.as_millis()).unwrap_or(u64::MAX)
}

/// The offsets of the user's time zone: from which Unix second on, and how many seconds east of UTC.
pub struct Zone(Vec<(i64, i32)>);

const DAY: i64 = 86_400;

impl Zone {
    /// The zone of this machine, from five years ago to two years ahead.
    pub fn load() -> Self {
        let now = i64::try_from(now().0 / 1000).unwrap_or_default();
        Self::sample(now - 5 * 365 * DAY, now + 2 * 365 * DAY, |second| {
            DateTime::from_timestamp(second, 0)
                .map_or(0, |at| Local.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc())
        })
    }

    fn sample(from: i64, to: i64, offset: impl Fn(i64) -> i32) -> Self {
        let mut table = vec![(i64::MIN, offset(from))];
        let mut day = from;
        while day < to {
            let (mut before, mut after) = (day, day + DAY);
            let new = offset(after);
            if new != offset(before) {
                while after - before > 1 {
                    let middle = before + (after - before) / 2;
                    if offset(middle) == new { after = middle } else { before = middle }
                }
                table.push((after, new));
            }
            day += DAY;
        }
        Self(table)
    }

    fn local(&self, at: Time) -> NaiveDateTime {
        let second = i64::try_from(at.0 / 1000).unwrap_or_default();
        let offset = self.0.iter().rev().find(|(from, _)| *from <= second).map_or(0, |(_, offset)| *offset);
        DateTime::from_timestamp(second.saturating_add(i64::from(offset)), 0).unwrap_or_default().naive_utc()
    }

    /// The day, for comparing.
    pub fn day(&self, at: Time) -> NaiveDate {
        self.local(at).date()
    }

    /// `14:05`.
    pub fn hour(&self, at: Time) -> String {
        self.local(at).format("%H:%M").to_string()
    }

    /// The heading above a day's messages: “Today”, “Yesterday”, a weekday, a date.
    pub fn heading(&self, at: Time, now: Time) -> String {
        let (day, today) = (self.day(at), self.day(now));
        match today.signed_duration_since(day).num_days() {
            0 => "Today".into(),
            1 => "Yesterday".into(),
            2..=6 => day.format("%A").to_string(),
            _ if day.year() == today.year() => day.format("%A, %-d %B").to_string(),
            _ => day.format("%-d %B %Y").to_string(),
        }
    }

    /// `3 March 2026, 14:05`.
    pub fn full(&self, at: Time) -> String {
        self.local(at).format("%-d %B %Y, %H:%M").to_string()
    }

    /// Greenwich, for tests.
    #[cfg(test)]
    pub fn utc() -> Self {
        Self(vec![(i64::MIN, 0)])
    }

    /// When the last message was, in few characters: `14:05`, `Mon`, `3 Feb`, `03.02.24`.
    pub fn brief(&self, at: Time, now: Time) -> String {
        let (day, today) = (self.day(at), self.day(now));
        match today.signed_duration_since(day).num_days() {
            0 => self.hour(at),
            1 => "Yesterday".into(),
            2..=6 => day.format("%a").to_string(),
            _ if day.year() == today.year() => day.format("%-d %b").to_string(),
            _ => day.format("%d.%m.%y").to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Time = Time(1_714_564_800_000); // Wednesday, 1 May 2024, 12:00 UTC

    fn days(n: u64) -> Time {
        Time(NOON.0 - n * 86_400_000)
    }

    #[test]
    fn times_are_written_shorter_the_nearer_they_are() {
        let zone = Zone(vec![(i64::MIN, 0)]);
        let brief: Vec<_> = [0, 1, 2, 40, 400].map(|n| zone.brief(days(n), NOON)).into();
        assert_eq!(brief, ["12:00", "Yesterday", "Mon", "22 Mar", "28.03.23"]);
        let headings: Vec<_> = [0, 1, 2, 40, 400].map(|n| zone.heading(days(n), NOON)).into();
        assert_eq!(headings, ["Today", "Yesterday", "Monday", "Friday, 22 March", "28 March 2023"]);
    }

    #[test]
    fn the_hour_changes_exactly_where_the_zone_does() {
        let change = 1_000_000;
        let zone = Zone::sample(0, 30 * DAY, |second| if second < change { 3600 } else { 7200 });
        assert_eq!(zone.0, [(i64::MIN, 3600), (change, 7200)]);
        assert_eq!(zone.hour(Time((change as u64 - 1) * 1000)), "14:46");
        assert_eq!(zone.hour(Time(change as u64 * 1000)), "15:46");
    }

    #[test]
    fn a_clock_out_of_range_is_shown_not_feared() {
        let zone = Zone(vec![(i64::MIN, 3600)]);
        assert!(!zone.heading(Time(u64::MAX), NOON).is_empty());
        assert!(!zone.brief(Time(0), Time(u64::MAX)).is_empty());
        assert!(!zone.full(Time(u64::MAX)).is_empty());
    }
}
