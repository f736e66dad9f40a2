//! The daily delivery by SFTP (P15, P16): bounds of a day, and when its folder is due and removed.
//!
//! A day is a calendar day in Stockholm, of 23, 24 or 25 hours. It is *closed* at 05:00 the day
//! after. Its folder contains the recordings stored before that; one stored later is late and goes
//! into the folder of the next day to be closed. Only two times of a recording decide its folder,
//! so repeated and concurrent runs agree. The folder is complete by 06:00 and removed at 06:00
//! three days later. It lists recordings that cannot be delivered, with reasons; a later folder has
//! them as late ([`outcome`]).

pub mod folder;
pub mod manifest;
pub mod outcome;

use std::fmt;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Europe::Stockholm;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::recording::{Recording, State};
use crate::time::{Date, days_earlier, days_later, in_stockholm, later};

/// A calendar day in Stockholm, written as in `2026-11-24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(NaiveDate);

/// The text is not a day.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a day is written as in 2026-11-24, from the year 2000 to 2199")]
pub struct InvalidDay;

/// Days that a folder remains (P16).
const STAYS: u64 = 3;
const CLOSED: NaiveTime = NaiveTime::from_hms_opt(5, 0, 0).expect("a time of day");
const DUE: NaiveTime = NaiveTime::from_hms_opt(6, 0, 0).expect("a time of day");
/// How long after the close the index of the table shows every recording stored before it. The
/// index follows within a second; a write in progress at the close ends or fails within a minute.
const SETTLES: TimeDelta = TimeDelta::minutes(5);

impl Day {
    /// The day in Stockholm at `instant`.
    pub fn of(instant: DateTime<Utc>) -> Self {
        Self(in_stockholm(instant).date_naive())
    }

    /// Midnight in Stockholm.
    pub fn begins_at(self) -> DateTime<Utc> {
        at(self.0, NaiveTime::MIN)
    }

    /// The next midnight in Stockholm.
    pub fn ends_at(self) -> DateTime<Utc> {
        self.next().begins_at()
    }

    /// 05:00 the day after. A recording stored from then on is late.
    pub fn closed_at(self) -> DateTime<Utc> {
        at(self.next().0, CLOSED)
    }

    /// When every recording stored before the close is visible, and the folder is begun.
    pub fn settled_at(self) -> DateTime<Utc> {
        later(self.closed_at(), SETTLES)
    }

    /// 06:00 the day after: the folder is complete by then.
    pub fn due_at(self) -> DateTime<Utc> {
        at(self.next().0, DUE)
    }

    /// 06:00 three days after it was due: the folder is removed.
    pub fn gone_at(self) -> DateTime<Utc> {
        at(days_later(self.next().0, STAYS), DUE)
    }

    pub fn next(self) -> Self {
        Self(days_later(self.0, 1))
    }

    pub fn previous(self) -> Self {
        Self(days_earlier(self.0, 1))
    }

    /// So many days before this one.
    pub fn earlier(self, days: u64) -> Self {
        Self(days_earlier(self.0, days))
    }

    /// The number of days from an earlier day to this one.
    pub fn days_since(self, earlier: Self) -> i64 {
        self.0.signed_duration_since(earlier.0).num_days()
    }

    /// The day that is closed next after `instant`.
    fn closing_after(instant: DateTime<Utc>) -> Self {
        let yesterday = Self::of(instant).previous();
        if instant < yesterday.closed_at() { yesterday } else { yesterday.next() }
    }
}

/// The day whose folder contains a recording: of its call, unless it is late. None until stored.
pub fn day_of(recording: &Recording) -> Option<Day> {
    let State::Stored { at } = recording.state else { return None };
    Some(day_between(recording.started_at, at))
}

/// The day whose folder contains a call with these times.
fn day_between(started_at: DateTime<Utc>, stored_at: DateTime<Utc>) -> Day {
    let own = Day::of(started_at);
    if stored_at < own.closed_at() { own } else { Day::closing_after(stored_at) }
}

/// Whether a recording was stored after the day of its call was closed.
pub fn is_late(recording: &Recording) -> bool {
    day_of(recording).is_some_and(|day| day != Day::of(recording.started_at))
}

/// The instant of a local time in Stockholm. Clocks there change at 02:00 and 03:00 only.
fn at(date: NaiveDate, time: NaiveTime) -> DateTime<Utc> {
    let local = NaiveDateTime::new(date, time).and_local_timezone(Stockholm);
    local
        .single()
        .expect("no clock in Stockholm is changed at midnight, 05:00 or 06:00")
        .with_timezone(&Utc)
}

impl From<Date> for Day {
    fn from(date: Date) -> Self {
        Self(date.day())
    }
}

impl TryFrom<String> for Day {
    type Error = InvalidDay;
    fn try_from(text: String) -> Result<Self, InvalidDay> {
        Date::try_from(text).map(|date| Self(date.day())).map_err(|_| InvalidDay)
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use chrono::Timelike;
    use proptest::prelude::*;

    use super::*;
    use crate::{recording::tests::recording, time::in_stockholm};

    fn day(text: &str) -> Day {
        Day::try_from(text.to_owned()).expect("the test names a valid day")
    }

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("the test names a valid time")
    }

    /// Every day from 2024 to 2040.
    fn every_day() -> impl Iterator<Item = Day> {
        std::iter::successors(Some(day("2024-01-01")), |day| Some(day.next()))
            .take_while(|&last| last <= day("2040-12-31"))
    }

    #[test]
    fn every_day_from_2024_to_2040_has_its_bounds_and_deadlines() {
        let (mut days, mut long, mut short) = (0, 0, 0);
        for day in every_day() {
            let hours = (day.ends_at() - day.begins_at()).num_hours();
            (days, long, short) =
                (days + 1, long + u32::from(hours == 25), short + u32::from(hours == 23));
            assert!([23, 24, 25].contains(&hours), "{day}: {hours}");
            let clock = |instant| in_stockholm(instant).naive_local().to_string();
            assert_eq!(clock(day.begins_at()), format!("{day} 00:00:00"));
            assert_eq!(clock(day.ends_at()), format!("{} 00:00:00", day.next()));
            assert_eq!(clock(day.closed_at()), format!("{} 05:00:00", day.next()));
            assert_eq!(clock(day.due_at()), format!("{} 06:00:00", day.next()));
            assert_eq!(
                clock(day.gone_at()),
                format!("{} 06:00:00", day.next().next().next().next())
            );
            assert_eq!((Day::of(day.begins_at()), Day::of(day.ends_at())), (day, day.next()));
            assert_eq!(Day::of(day.ends_at() - TimeDelta::milliseconds(1)), day);
            assert_eq!((day.next().previous(), Day::try_from(day.to_string())), (day, Ok(day)));
        }
        assert_eq!((days, long, short), (6210, 17, 17));
    }

    #[test]
    fn every_hour_from_2024_to_2040_has_one_day_and_one_close() {
        let (from, to) = (day("2024-01-01").begins_at(), day("2040-12-31").ends_at());
        let hours = std::iter::successors(Some(from), |hour| Some(*hour + TimeDelta::hours(1)))
            .take_while(|hour| *hour < to);
        for hour in hours {
            let (of, closing) = (Day::of(hour), Day::closing_after(hour));
            assert!(of.begins_at() <= hour && hour < of.ends_at(), "{hour}");
            assert!(closing.previous().closed_at() <= hour && hour < closing.closed_at(), "{hour}");
            assert_eq!(closing == of.previous(), in_stockholm(hour).hour() < 5, "{hour}");
        }
    }

    #[test]
    fn the_days_on_which_clocks_change_have_23_and_25_hours() {
        let spring = day("2026-03-29");
        assert_eq!(
            (spring.begins_at(), spring.ends_at()),
            (utc("2026-03-28T23:00:00Z"), utc("2026-03-29T22:00:00Z"))
        );
        assert_eq!(
            (day("2026-03-28").closed_at(), spring.closed_at()),
            (utc("2026-03-29T03:00:00Z"), utc("2026-03-30T03:00:00Z"))
        );
        assert_eq!(
            (day("2026-03-28").gone_at(), day("2026-03-25").gone_at()),
            (utc("2026-04-01T04:00:00Z"), utc("2026-03-29T04:00:00Z"))
        );
        let autumn = day("2026-10-25");
        assert_eq!(
            (autumn.begins_at(), autumn.ends_at()),
            (utc("2026-10-24T22:00:00Z"), utc("2026-10-25T23:00:00Z"))
        );
        assert_eq!(
            (day("2026-10-24").due_at(), day("2026-10-21").gone_at()),
            (utc("2026-10-25T05:00:00Z"), utc("2026-10-25T05:00:00Z"))
        );
    }

    proptest! {
        /// The first folder closed after a recording was stored, and not before its call's,
        /// contains it.
        #[test]
        fn a_recording_goes_into_the_first_folder_that_is_closed_after_it_was_stored(start in 1_704_063_600_i64..2_240_000_000, after in 0..16_000_000_i64) {
            let started_at = DateTime::from_timestamp(start, 0).unwrap_or_default();
            let at = started_at + TimeDelta::seconds(after);
            let came = Recording { started_at, state: State::Stored { at }, ..recording() };
            let folder = day_of(&came).expect("it is stored");
            prop_assert!(at < folder.closed_at());
            let before = folder.previous();
            prop_assert!(before.closed_at() <= at || before < Day::of(started_at));
            prop_assert_eq!(is_late(&came), at >= Day::of(started_at).closed_at());
        }
    }

    #[test]
    fn a_recording_stored_at_five_is_late_and_an_expected_one_is_in_no_folder() {
        let started_at = utc("2026-11-24T12:00:00Z");
        let came =
            |at| Recording { started_at, state: State::Stored { at: utc(at) }, ..recording() };
        assert_eq!(day_of(&came("2026-11-25T03:59:59.999Z")), Some(day("2026-11-24")));
        assert_eq!(day_of(&came("2026-11-25T04:00:00Z")), Some(day("2026-11-25")));
        assert_eq!(day_of(&came("2026-12-24T03:00:00Z")), Some(day("2026-12-23")));
        assert!(is_late(&came("2026-11-25T04:00:00Z")));
        let expected = Recording { started_at, ..recording() };
        assert_eq!((day_of(&expected), is_late(&expected)), (None, false));
    }

    #[test]
    fn rejects_a_text_that_is_not_a_day() {
        for text in [
            "",
            "2026-2-3",
            "2026-02-30",
            "26-11-24",
            "1999-12-31",
            "2200-01-01",
            "2026-11-24 ",
            "+2026-11-24",
            "２026-11-24",
        ] {
            assert_eq!(Day::try_from(text.to_owned()), Err(InvalidDay), "{text}");
        }
    }
}
