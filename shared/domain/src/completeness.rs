//! Accounts for every call of a day: each reported or registered call ends in exactly one state.
//!
//! The operator's switch reports calls, before or after the app registers them. Each night compares
//! the reports with the recordings, for every day that is still open. A day is open until seven days
//! after its end, because a phone may be without a network. Then its statement is closed and never
//! changes. A report that comes even later counts on the day on which it comes.
//!
//! Without reports, gaps in the sequence numbers of the phones show missing calls: see [`sequence`].

pub mod comparison;
pub mod line;
pub mod sequence;
pub mod totals;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    counterpart::Counterpart,
    delivery::Day,
    ids::{CallId, RecordingId, UserId},
    recording::Direction,
    time::{earlier, later},
};

pub use comparison::{Comparison, Facts};
pub use line::{CallState, Fate, Line};
pub use totals::Totals;

/// A call as the operator's switch reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// The id that the call's recording has, or would have.
    pub id: RecordingId,
    pub call: CallId,
    pub user: UserId,
    pub direction: Direction,
    pub counterpart: Counterpart,
    pub started_at: DateTime<Utc>,
    /// Zero if nobody answered.
    pub duration: TimeDelta,
    /// The instant whose day accounts for the call: see [`accounted_at`].
    pub accounted_at: DateTime<Utc>,
}

/// How many days a day remains open after its end.
pub const OPEN_DAYS: usize = 7;
/// How long a report is retained. The statement of its day outlasts it.
pub const RECORD_LASTS: TimeDelta = TimeDelta::days(30);
/// How long ago a reported call may have begun, in days.
pub const REPORTED_WITHIN: i64 = 365;
/// How far ahead of ours the switch's clock may be.
pub const AHEAD_AT_MOST: TimeDelta = TimeDelta::hours(1);
/// The most days that one night accounts for, after an interruption.
const DAYS_AT_MOST: usize = 31;

/// When the statement of the day is closed, at the earliest.
pub fn closes_at(day: Day) -> DateTime<Utc> {
    (0..OPEN_DAYS).fold(day, |day, _| day.next()).ends_at()
}

/// The instant whose day accounts for a call that is reported at `now`: its start while that day is
/// open, and the report after that.
pub fn accounted_at(started_at: DateTime<Utc>, now: DateTime<Utc>) -> DateTime<Utc> {
    if now < closes_at(Day::of(started_at)) { started_at } else { now }
}

/// Whether a call with this start can be reported at `now`.
pub fn is_reportable(started_at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let first = earlier(now, TimeDelta::days(REPORTED_WITHIN));
    (first..=later(now, AHEAD_AT_MOST)).contains(&started_at)
}

/// From when on refusals are read to account for the days from `first` on. A report may come late.
pub fn refused_since(first: Day) -> DateTime<Utc> {
    earlier(first.begins_at(), RECORD_LASTS)
}

/// The days to account for at `now`, oldest first: those since the last closed one that are over.
pub fn open_days(last_closed: Option<Day>, now: DateTime<Utc>) -> Vec<Day> {
    let today = Day::of(now);
    let first = (0..=OPEN_DAYS).fold(today, |day, _| day.previous());
    let first = last_closed.map_or(first, |closed| closed.next());
    std::iter::successors(Some(first), |day| Some(day.next()))
        .take_while(|day| *day < today)
        .take(DAYS_AT_MOST)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    fn day(text: &str) -> Day {
        Day::try_from(text.to_owned()).expect("a day")
    }

    #[test]
    fn a_day_is_closed_seven_days_after_its_end_in_stockholm() {
        assert_eq!(closes_at(day("2026-11-16")), utc("2026-11-23T23:00:00Z"));
        assert_eq!(closes_at(day("2026-03-25")), utc("2026-04-01T22:00:00Z"), "clocks change");
    }

    #[test]
    fn a_night_accounts_for_the_days_that_are_over_and_not_closed() {
        let now = utc("2026-11-24T01:30:00Z");
        let days = |closed: Option<&str>| {
            let days = open_days(closed.map(day), now);
            (days.first().map(Day::to_string), days.len())
        };
        assert_eq!(days(None), (Some("2026-11-16".to_owned()), 8), "the first night");
        assert_eq!(days(Some("2026-11-15")), (Some("2026-11-16".to_owned()), 8));
        assert_eq!(days(Some("2026-11-16")), (Some("2026-11-17".to_owned()), 7), "a second run");
        assert_eq!(days(Some("2026-11-12")), (Some("2026-11-13".to_owned()), 11), "nights failed");
        assert_eq!(days(Some("2026-01-01")), (Some("2026-01-02".to_owned()), 31));
        assert_eq!(days(Some("2026-11-23")), (None, 0));
        let closing: Vec<Day> =
            open_days(None, now).into_iter().filter(|day| closes_at(*day) <= now).collect();
        assert_eq!(closing, [day("2026-11-16")]);
    }

    #[test]
    fn a_late_report_counts_on_the_day_on_which_it_comes() {
        let started_at = utc("2026-11-16T10:00:00Z");
        let last = utc("2026-11-23T22:59:59Z");
        assert_eq!(accounted_at(started_at, last), started_at);
        let late = utc("2026-11-23T23:00:00Z");
        assert_eq!(accounted_at(started_at, late), late);
    }

    #[test]
    fn a_report_is_of_the_last_year_and_not_of_the_future() {
        let now = utc("2026-11-24T10:00:00Z");
        for (started_at, expected) in [
            ("2026-11-24T11:00:00Z", true),
            ("2026-11-24T11:00:01Z", false),
            ("2025-11-24T10:00:00Z", true),
            ("2025-11-24T09:59:59Z", false),
        ] {
            assert_eq!(is_reportable(utc(started_at), now), expected, "{started_at}");
        }
    }
}
