//! Times and days: how Stockholm reads them, and the bounds of those that a client may send.
//!
//! Times are stored in UTC; days and file names are Europe/Stockholm's. A time or a day from a
//! client is an [`Instant`] or a [`Date`]. Both lie in the years 2000 to 2199, so that adding a
//! retention, a day or a month never leaves the calendar.

mod device;

use std::{fmt, str::FromStr};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, SecondsFormat, TimeDelta, Utc};
use chrono_tz::{Europe::Stockholm, Tz};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use device::DeviceTime;

/// A point in time from a client: RFC 3339 with its offset, in the years 2000 to 2199 of UTC.
///
/// A leap second, as in `23:59:60Z`, is the second after it. No clock here counts it, and the same
/// text is always the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Instant(DateTime<Utc>);

/// A day from a client, as in `2026-11-24`, in the years 2000 to 2199.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Date(NaiveDate);

/// Why a text or a time is not an [`Instant`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum InvalidInstant {
    #[error(
        "a time is written with its offset, as in 2026-11-24T10:00:00Z or 2026-11-24T11:00:00+01:00"
    )]
    Form,
    #[error(
        "a time is from 2000-01-01T00:00:00Z to 2199-12-31T23:59:59Z; write one of these years, as in 2026-11-24T10:00:00Z"
    )]
    Range,
    /// A query string turns a plus sign into a space.
    #[error(
        "a time has a space where the plus sign of its offset was; in an address write %2B for it, as in 2026-11-24T11:00:00%2B01:00"
    )]
    PlusLost,
}

/// Why a text or a day is not a [`Date`].
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum InvalidDate {
    #[error("a day is a day of the calendar and is written as in 2026-11-24")]
    Form,
    #[error("a day is from 2000-01-01 to 2199-12-31; write one of these years, as in 2026-11-24")]
    Range,
}

impl Instant {
    pub const FIRST: Self = Self(Date::FIRST.0.and_time(NaiveTime::MIN).and_utc());
    pub const LAST: Self = Self(match NaiveTime::from_hms_nano_opt(23, 59, 59, 999_999_999) {
        Some(time) => Date::LAST.0.and_time(time).and_utc(),
        None => panic!("a time of day"),
    });

    /// The nearest instant within the bounds, for values stored before the bounds existed.
    pub fn clamped(instant: DateTime<Utc>) -> Self {
        Self::try_from(instant).unwrap_or(Self(instant.clamp(Self::FIRST.0, Self::LAST.0)))
    }

    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }
}

impl TryFrom<DateTime<Utc>> for Instant {
    type Error = InvalidInstant;
    fn try_from(instant: DateTime<Utc>) -> Result<Self, InvalidInstant> {
        // Chrono represents a leap second as the second before it, with 10^9 nanoseconds or more.
        let leap = instant.timestamp_subsec_nanos().checked_sub(1_000_000_000);
        let counted = match leap {
            Some(nanoseconds) => instant
                .timestamp()
                .checked_add(1)
                .and_then(|seconds| DateTime::from_timestamp(seconds, nanoseconds)),
            None => Some(instant),
        };
        let within = counted.filter(|counted| (Self::FIRST.0..=Self::LAST.0).contains(counted));
        within.map(Self).ok_or(InvalidInstant::Range)
    }
}

impl FromStr for Instant {
    type Err = InvalidInstant;
    fn from_str(text: &str) -> Result<Self, InvalidInstant> {
        match text.parse::<DateTime<Utc>>() {
            Ok(instant) => instant.try_into(),
            Err(_) if lost_its_plus(text) => Err(InvalidInstant::PlusLost),
            Err(_) => Err(InvalidInstant::Form),
        }
    }
}

/// Whether the text is a time if its last space becomes a plus sign.
fn lost_its_plus(text: &str) -> bool {
    text.rsplit_once(' ')
        .is_some_and(|(clock, offset)| format!("{clock}+{offset}").parse::<DateTime<Utc>>().is_ok())
}

impl TryFrom<String> for Instant {
    type Error = InvalidInstant;
    fn try_from(text: String) -> Result<Self, InvalidInstant> {
        text.parse()
    }
}

impl From<Instant> for DateTime<Utc> {
    fn from(instant: Instant) -> Self {
        instant.0
    }
}

/// The serialised form: RFC 3339 in UTC.
impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

impl Date {
    pub const FIRST: Self = Self(day(2000, 1, 1));
    pub const LAST: Self = Self(day(2199, 12, 31));

    /// The nearest day within the bounds, for values stored before the bounds existed.
    pub fn clamped(day: NaiveDate) -> Self {
        Self(day.clamp(Self::FIRST.0, Self::LAST.0))
    }

    pub fn day(self) -> NaiveDate {
        self.0
    }
}

const fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(day) => day,
        None => panic!("a day of the calendar"),
    }
}

impl TryFrom<NaiveDate> for Date {
    type Error = InvalidDate;
    fn try_from(day: NaiveDate) -> Result<Self, InvalidDate> {
        if (Self::FIRST.0..=Self::LAST.0).contains(&day) {
            Ok(Self(day))
        } else {
            Err(InvalidDate::Range)
        }
    }
}

impl FromStr for Date {
    type Err = InvalidDate;
    fn from_str(text: &str) -> Result<Self, InvalidDate> {
        let day: NaiveDate = text.parse().map_err(|_| InvalidDate::Form)?;
        let date = Self::try_from(day)?;
        // Chrono also accepts 2026-1-5 and spaces.
        if day.to_string() == text { Ok(date) } else { Err(InvalidDate::Form) }
    }
}

impl TryFrom<String> for Date {
    type Error = InvalidDate;
    fn try_from(text: String) -> Result<Self, InvalidDate> {
        text.parse()
    }
}

impl From<Date> for NaiveDate {
    fn from(date: Date) -> Self {
        date.0
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The time in Stockholm at `instant`, clamped to the years 1 to 9999.
pub fn in_stockholm(instant: DateTime<Utc>) -> DateTime<Tz> {
    instant.clamp(YEAR_1, YEAR_9999).with_timezone(&Stockholm)
}

const YEAR_1: DateTime<Utc> = day(1, 1, 2).and_time(NaiveTime::MIN).and_utc();
const YEAR_9999: DateTime<Utc> = day(9999, 12, 31).and_time(NaiveTime::MIN).and_utc();

/// `by` after `instant`, or the end of the calendar if that is earlier.
pub fn later(instant: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    instant.checked_add_signed(by).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// `by` before `instant`, or the beginning of the calendar if that is later.
pub fn earlier(instant: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    instant.checked_sub_signed(by).unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// `days` days after `day`, or the last day of the calendar if that is earlier.
pub fn days_later(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX)
}

/// `days` days before `day`, or the first day of the calendar if that is later.
pub fn days_earlier(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_sub_days(Days::new(days)).unwrap_or(NaiveDate::MIN)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<String, InvalidInstant> {
        text.parse::<Instant>().map(|instant| instant.to_string())
    }

    #[test]
    fn a_time_is_read_as_it_is_commonly_written() {
        for (text, utc) in [
            ("2026-11-24T10:00:00Z", "2026-11-24T10:00:00Z"),
            ("2026-11-24t10:00:00.250z", "2026-11-24T10:00:00.250Z"),
            ("2026-11-24T11:00:00+01:00", "2026-11-24T10:00:00Z"),
            ("2026-11-24 11:00:00 +0100", "2026-11-24T10:00:00Z"),
            ("2026-11-24T23:59:60Z", "2026-11-25T00:00:00Z"),
            ("2026-11-24T23:59:60.5Z", "2026-11-25T00:00:00.500Z"),
            ("2000-01-01T00:00:00Z", "2000-01-01T00:00:00Z"),
            ("2199-12-31T23:59:59.999999999Z", "2199-12-31T23:59:59.999999999Z"),
        ] {
            assert_eq!(read(text).as_deref(), Ok(utc), "{text}");
        }
    }

    #[test]
    fn a_time_outside_the_bounds_is_refused() {
        for text in [
            "-262143-01-01T00:00:00Z",
            "+262142-12-31T23:59:59Z",
            "0001-01-01T00:00:00Z",
            "1970-01-01T00:00:00Z",
            "1999-12-31T23:59:59.999Z",
            "2199-12-31T23:59:60Z",
            "2200-01-01T00:00:00Z",
            "2569-11-24T10:00:00Z",
        ] {
            assert_eq!(read(text), Err(InvalidInstant::Range), "{text}");
        }
        assert!(
            InvalidInstant::Range
                .to_string()
                .contains("from 2000-01-01T00:00:00Z to 2199-12-31T23:59:59Z")
        );
    }

    #[test]
    fn rejects_a_text_of_another_form() {
        for text in [
            "",
            "2026-11-24",
            "2026-11-24T10:00:00",
            "2026-11-24 10:00:00",
            "2026-11-24 10:00",
            "2026-02-30T10:00:00Z",
            "2026-11-24T10:00:00+25:00",
            "20261124T100000Z",
            "1764000000000",
            "٢٠٢٦-١١-٢٤T١٠:٠٠:٠٠Z",
            "２０２６-11-24T10:00:00Z",
            "+999999999-01-01T00:00:00Z",
        ] {
            assert_eq!(read(text), Err(InvalidInstant::Form), "{text}");
        }
    }

    #[test]
    fn a_plus_sign_that_became_a_space_is_reported() {
        for text in
            ["2026-11-24T10:00:00 01:00", "2026-11-24T10:00:00.5 0100", "1970-11-24 10:00:00 01:00"]
        {
            assert_eq!(read(text), Err(InvalidInstant::PlusLost), "{text}");
        }
        assert!(InvalidInstant::PlusLost.to_string().contains("%2B"));
    }

    #[test]
    fn a_day_is_written_in_one_way_and_within_the_bounds() {
        let read = |text: &str| text.parse::<Date>().map(|date| date.to_string());
        for text in ["2000-01-01", "2026-11-24", "2028-02-29", "2199-12-31"] {
            assert_eq!(read(text).as_deref(), Ok(text));
        }
        for text in ["1999-12-31", "2200-01-01", "0001-01-01", "-262143-01-01", "+262142-12-31"] {
            assert_eq!(read(text), Err(InvalidDate::Range), "{text}");
        }
        for text in [
            "",
            "2026-1-5",
            " 2026-11-24",
            "+2026-11-24",
            "2026-02-30",
            "20261124",
            "2026-11-24T00:00:00Z",
            "٢٠٢٦-١١-٢٤",
        ] {
            assert_eq!(read(text), Err(InvalidDate::Form), "{text}");
        }
    }

    #[test]
    fn no_time_is_beyond_the_calendar() {
        let (first, last) = (DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC);
        assert_eq!(
            (later(last, TimeDelta::days(1)), earlier(first, TimeDelta::days(1))),
            (last, first)
        );
        assert_eq!(
            (days_later(NaiveDate::MAX, 1), days_earlier(NaiveDate::MIN, 1)),
            (NaiveDate::MAX, NaiveDate::MIN)
        );
        assert_eq!(in_stockholm(last).naive_local().to_string(), "9999-12-31 01:00:00");
        assert!(in_stockholm(first).to_string().starts_with("0001-01-02"));
    }

    #[test]
    fn values_stored_before_the_bounds_existed_are_clamped() {
        assert_eq!(Instant::clamped(DateTime::<Utc>::MIN_UTC), Instant::FIRST);
        assert_eq!(Instant::clamped(DateTime::<Utc>::MAX_UTC), Instant::LAST);
        assert_eq!(Date::clamped(NaiveDate::MIN), Date::FIRST);
        assert_eq!(Date::clamped(NaiveDate::MAX), Date::LAST);
    }

    proptest! {
        #[test]
        fn an_instant_reads_back_as_it_was_written(seconds in any::<i64>(), near in 0..9_000_000_000_i64, nanoseconds in 0..2_000_000_000_u32) {
            for seconds in [seconds, near] {
                let Some(utc) = DateTime::from_timestamp(seconds, nanoseconds) else { continue };
                match Instant::try_from(utc) {
                    Ok(instant) => {
                        prop_assert!((Instant::FIRST..=Instant::LAST).contains(&instant));
                        prop_assert!(instant.utc().timestamp_subsec_nanos() < 1_000_000_000);
                        prop_assert_eq!(instant.to_string().parse(), Ok(instant));
                    }
                    Err(error) => prop_assert_eq!(error, InvalidInstant::Range),
                }
            }
        }

        #[test]
        fn any_text_is_an_instant_within_the_bounds_or_refused(
            text in prop_oneof![".{0,40}", "[+-]?[0-9]{1,6}-[0-9]{2}-[0-9]{2}[ Tt][0-9]{2}:[0-9]{2}:[0-6][0-9](\\.[0-9]{1,9})?(Z|[+ -][01][0-9]:?[0-9]{2})"]
        ) {
            if let Ok(instant) = text.parse::<Instant>() {
                prop_assert!((Instant::FIRST..=Instant::LAST).contains(&instant));
            }
        }

        #[test]
        fn any_text_is_a_date_as_it_is_written_or_refused(text in prop_oneof![".{0,14}", "[12][0-9]{3}-[01][0-9]-[0-3][0-9]"]) {
            if let Ok(date) = text.parse::<Date>() {
                prop_assert_eq!(date.to_string(), text);
                prop_assert!((Date::FIRST..=Date::LAST).contains(&date));
            }
        }
    }

    #[test]
    fn the_clock_follows_summer_time() {
        let clock = |text: &str| {
            text.parse().map(|utc: DateTime<Utc>| in_stockholm(utc).naive_local().to_string())
        };
        assert_eq!(clock("2026-03-29T00:59:59Z").as_deref(), Ok("2026-03-29 01:59:59"));
        assert_eq!(clock("2026-03-29T01:00:00Z").as_deref(), Ok("2026-03-29 03:00:00"));
        assert_eq!(clock("2026-10-25T01:00:00Z").as_deref(), Ok("2026-10-25 02:00:00"));
        assert_eq!(clock("2026-12-31T23:30:00Z").as_deref(), Ok("2027-01-01 00:30:00"));
    }
}
