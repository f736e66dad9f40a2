//! The facts behind a line, as values and as the text that finance reads.
//!
//! The files of closed months are never rewritten: values are parsed from their text.

use std::{fmt, str::FromStr};

use chrono::{DateTime, NaiveDate, TimeZone, Utc};
use chrono_tz::Europe::Stockholm;
use thiserror::Error;

use super::storage::Mean;
use crate::time::in_stockholm;

/// The facts that a line bills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Facts {
    /// A user was activated.
    Activated { at: DateTime<Utc> },
    /// A user was active on this many days of the month.
    Active { first: NaiveDate, last: NaiveDate, days: i64 },
    /// The bytes stored, as the mean of the days, and the bytes included for the users.
    Stored { mean: i64, days: i64, users: u64, allowance: u64 },
    /// The organisation had the service from this day on.
    Had { first: NaiveDate },
}

/// The text does not describe facts.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("the text does not describe the facts of a line")]
pub struct InvalidFacts;

impl From<Mean> for Facts {
    fn from(mean: Mean) -> Self {
        Self::Stored {
            mean: mean.bytes(),
            days: mean.days,
            users: mean.users,
            allowance: mean.allowance,
        }
    }
}

/// For people, in a separate column. Moments are Stockholm's, to the second.
impl fmt::Display for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Activated { at } => {
                write!(f, "activated {}", in_stockholm(*at).format("%Y-%m-%d %H:%M:%S"))
            }
            Self::Active { first, last, days } => {
                write!(f, "active on {days} days from {first} to {last}")
            }
            Self::Stored { mean, days, users, allowance } => {
                write!(
                    f,
                    "mean of {days} days {mean} bytes; {users} users; included {allowance} bytes"
                )
            }
            Self::Had { first } => write!(f, "from {first}"),
        }
    }
}

/// Parses the text. The hour that occurs twice in autumn is read as the first of the two.
impl FromStr for Facts {
    type Err = InvalidFacts;
    fn from_str(text: &str) -> Result<Self, InvalidFacts> {
        let words: Vec<&str> = text.split(' ').collect();
        match words[..] {
            ["activated", day, clock] => {
                Ok(Self::Activated { at: moment(read(day)?, read(clock)?)? })
            }
            ["active", "on", days, "days", "from", first, "to", last] => {
                Ok(Self::Active { first: read(first)?, last: read(last)?, days: read(days)? })
            }
            [
                "mean",
                "of",
                days,
                "days",
                mean,
                "bytes;",
                users,
                "users;",
                "included",
                allowance,
                "bytes",
            ] => Ok(Self::Stored {
                mean: read(mean)?,
                days: read(days)?,
                users: read(users)?,
                allowance: read(allowance)?,
            }),
            ["from", first] => Ok(Self::Had { first: read(first)? }),
            _ => Err(InvalidFacts),
        }
    }
}

fn read<T: FromStr>(word: &str) -> Result<T, InvalidFacts> {
    word.parse().map_err(|_| InvalidFacts)
}

fn moment(day: NaiveDate, clock: chrono::NaiveTime) -> Result<DateTime<Utc>, InvalidFacts> {
    let local = Stockholm.from_local_datetime(&day.and_time(clock)).earliest();
    local.map(|local| local.to_utc()).ok_or(InvalidFacts)
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use proptest::prelude::*;

    use super::*;

    fn day() -> impl Strategy<Value = NaiveDate> {
        (0..36_500_i64).prop_map(|days| NaiveDate::default() + TimeDelta::days(days))
    }

    fn facts() -> impl Strategy<Value = Facts> {
        prop_oneof![
            (0..4_000_000_000_i64).prop_map(|second| Facts::Activated {
                at: DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
            }),
            (day(), day(), 0..32_i64).prop_map(|(first, last, days)| Facts::Active {
                first,
                last,
                days
            }),
            any::<(i64, i64, u64, u64)>().prop_map(|(mean, days, users, allowance)| {
                Facts::Stored { mean, days, users, allowance }
            }),
            day().prop_map(|first| Facts::Had { first }),
        ]
    }

    proptest! {
        #[test]
        fn facts_read_back_as_they_were_written(facts in facts()) {
            let text = facts.to_string();
            let back = text.parse::<Facts>().expect("facts");
            prop_assert_eq!(back.to_string(), text);
            let doubled = matches!(facts, Facts::Activated { .. });
            prop_assert!(doubled || back == facts);
        }
    }

    #[test]
    fn the_doubled_hour_of_autumn_is_read_as_the_first() {
        let at = |text: &str| Facts::Activated { at: text.parse().expect("a moment") };
        let second = at("2026-10-25T01:30:00Z").to_string();
        assert_eq!(second, "activated 2026-10-25 02:30:00");
        assert_eq!(second.parse(), Ok(at("2026-10-25T00:30:00Z")));
    }

    #[test]
    fn rejects_a_text_that_describes_no_facts() {
        for text in [
            "",
            "from",
            "from 2026-13-01",
            "from 2026-10-05 on",
            "active on some days from 2026-10-05 to 2026-10-31",
        ] {
            assert_eq!(text.parse::<Facts>(), Err(InvalidFacts), "{text}");
        }
        assert_eq!(
            "activated 2026-03-29 02:30:00".parse::<Facts>(),
            Err(InvalidFacts),
            "an hour that is not there"
        );
    }
}
