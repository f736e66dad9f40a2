//! The facts from which statements are calculated, and which of them count.
//!
//! Facts are only added. A mistaken fact is voided by a second entry: it then reads as if it had
//! never existed, and the next statement takes back what was billed for it. A fact outside the
//! billable days is ignored. No client can enter one, but an older version accepted some.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use thiserror::Error;

use super::{BaseService, Credit, Switch, Terms, Usage, today};
use crate::ids::UserId;

/// The first day that can be billed: the start of the year in which the service was first sold. No
/// earlier price holds, and no user was recorded before it.
pub const FIRST_DAY: NaiveDate = day(2026, 1, 1);

/// The last day that is read from stored facts, so that calculations cannot leave the calendar.
const LAST_DAY: NaiveDate = day(2199, 12, 31);

/// The facts from which an organisation's statements are calculated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    pub switches: Vec<Switch>,
    /// The closed days of the months that are billed or corrected.
    pub usage: Usage,
    /// The general terms, and those agreed with the organisation.
    pub terms: Vec<Terms>,
    pub base: BaseService,
    pub credits: Vec<Credit>,
}

/// A price or a correction cannot apply from this day.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a price or a correction is of a day from {first} to {last}")]
pub struct NotBillable {
    first: NaiveDate,
    last: NaiveDate,
}

impl Ledger {
    /// The ledger with the user's switch at that moment voided, if such a switch is in force.
    pub fn without(
        &self,
        user: &UserId,
        at: DateTime<Utc>,
        on: bool,
        voided: DateTime<Utc>,
    ) -> Option<Self> {
        let is = |switch: &Switch| {
            switch.user == *user && switch.at == at && switch.on == on && switch.voided.is_none()
        };
        let place = self.switches.iter().position(is)?;
        let mut other = self.clone();
        other.switches.get_mut(place)?.voided = Some(voided);
        Some(other)
    }
}

/// Checks the day of an entry made at `now`: from [`FIRST_DAY`] to the end of next year.
pub fn billable(day: NaiveDate, now: DateTime<Utc>) -> Result<(), NotBillable> {
    let last =
        NaiveDate::from_ymd_opt(today(now).year().saturating_add(1), 12, 31).unwrap_or(LAST_DAY);
    if (FIRST_DAY..=last).contains(&day) {
        Ok(())
    } else {
        Err(NotBillable { first: FIRST_DAY, last })
    }
}

pub(super) fn counts(day: NaiveDate) -> bool {
    (FIRST_DAY..=LAST_DAY).contains(&day)
}

/// Whether a fact of that moment counts, compared in seconds because that works for any moment.
pub(super) fn counts_at(at: DateTime<Utc>) -> bool {
    (FIRST_MOMENT..LAST_MOMENT).contains(&at.timestamp())
}

/// The first moment of [`FIRST_DAY`] and of [`LAST_DAY`] in Stockholm, in Unix seconds.
const FIRST_MOMENT: i64 = 1_767_222_000;
const LAST_MOMENT: i64 = 7_258_028_400;

/// Whether a fact entered at `known`, and perhaps voided at `voided`, is in force before `asked`.
pub(super) fn in_force(
    known: DateTime<Utc>,
    voided: Option<DateTime<Utc>>,
    asked: DateTime<Utc>,
) -> bool {
    known < asked && voided.is_none_or(|voided| voided >= asked)
}

const fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(year, month, day) {
        Some(day) => day,
        None => panic!("a day of the calendar"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_billable_from_the_services_first_to_the_end_of_next_year() {
        let now = "2026-12-31T22:59:59Z".parse().expect("a moment");
        for good in ["2026-01-01", "2026-11-24", "2027-12-31"] {
            assert_eq!(billable(good.parse().expect("a day"), now), Ok(()), "{good}");
        }
        for bad in [
            "0001-01-01",
            "-262143-01-01",
            "2019-12-31",
            "2025-12-31",
            "2028-01-01",
            "9999-12-31",
            "+262142-12-31",
        ] {
            assert!(billable(bad.parse().expect("a day"), now).is_err(), "{bad}");
        }
        let in_stockholm_it_is_2027 = "2026-12-31T23:00:00Z".parse().expect("a moment");
        assert_eq!(billable("2028-12-31".parse().expect("a day"), in_stockholm_it_is_2027), Ok(()));
    }

    #[test]
    fn any_moment_can_be_checked() {
        assert!(!counts_at(DateTime::<Utc>::MIN_UTC) && !counts_at(DateTime::<Utc>::MAX_UTC));
        assert!(!counts(NaiveDate::MIN) && !counts(NaiveDate::MAX));
        let moments = [FIRST_DAY, LAST_DAY].map(|day| super::super::midnight(day).timestamp());
        assert_eq!(moments, [FIRST_MOMENT, LAST_MOMENT]);
    }
}
