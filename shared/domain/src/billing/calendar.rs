//! Months and days in Stockholm.

use std::fmt;

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Europe::Stockholm;
use thiserror::Error;

use crate::time::{Date, days_earlier, in_stockholm};

/// A calendar month, written as `yyyy-mm`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Month(NaiveDate);

/// The text is not a month.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a month is spelt yyyy-mm, as in 2026-11, from the year 2000 to 2199")]
pub struct InvalidMonth;

/// The day in Stockholm at `instant`.
pub fn today(instant: DateTime<Utc>) -> NaiveDate {
    in_stockholm(instant).date_naive()
}

/// The moment at which `day` begins.
pub fn midnight(day: NaiveDate) -> DateTime<Utc> {
    let local = day.and_time(NaiveTime::MIN);
    let begins = Stockholm
        .from_local_datetime(&local)
        .earliest()
        .expect("clocks in Stockholm change at two and three, never at midnight");
    begins.to_utc()
}

impl Month {
    pub fn of(day: NaiveDate) -> Self {
        Self(day.with_day(1).expect("every month has a first"))
    }

    pub fn first(self) -> NaiveDate {
        self.0
    }

    pub fn last(self) -> NaiveDate {
        days_earlier(self.next().0, 1)
    }

    pub fn next(self) -> Self {
        Self(self.0.checked_add_months(Months::new(1)).unwrap_or(self.0))
    }

    pub fn previous(self) -> Self {
        Self(self.0.checked_sub_months(Months::new(1)).unwrap_or(self.0))
    }

    /// The moment at which the month is over and closed.
    pub fn end(self) -> DateTime<Utc> {
        midnight(self.next().0)
    }

    pub fn days(self) -> impl Iterator<Item = NaiveDate> {
        let last = self.last();
        self.0.iter_days().take_while(move |day| *day <= last)
    }

    pub fn has(self, day: NaiveDate) -> bool {
        Self::of(day) == self
    }
}

impl TryFrom<String> for Month {
    type Error = InvalidMonth;
    fn try_from(text: String) -> Result<Self, InvalidMonth> {
        let fits = text.len() == 7
            && text
                .bytes()
                .enumerate()
                .all(|(place, b)| if place == 4 { b == b'-' } else { b.is_ascii_digit() });
        let first = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d")
            .ok()
            .filter(|day| fits && Date::try_from(*day).is_ok());
        first.map(Self).ok_or(InvalidMonth)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y-%m"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn month(text: &str) -> Result<Month, InvalidMonth> {
        Month::try_from(text.to_owned())
    }

    #[test]
    fn a_month_ends_at_midnight_in_stockholm_summer_and_winter() -> Result<(), InvalidMonth> {
        assert_eq!(month("2026-11")?.end().to_string(), "2026-11-30 23:00:00 UTC");
        assert_eq!(month("2026-06")?.end().to_string(), "2026-06-30 22:00:00 UTC");
        assert_eq!(month("2026-12")?.next(), month("2027-01")?);
        assert_eq!(month("2028-02")?.days().count(), 29);
        Ok(())
    }

    #[test]
    fn rejects_a_text_that_is_not_a_month() {
        for text in [
            "",
            "2026",
            "2026-13",
            "2026-1",
            "26-11",
            "2026-11-01",
            "+026-11",
            "1999-12",
            "2200-01",
            "9999-12",
            "2026/11",
        ] {
            assert_eq!(month(text), Err(InvalidMonth), "{text}");
        }
    }
}
