//! Who calls when, and the fate of each call: drawn for one local day at a time.

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, TimeZone, Utc, Weekday};
use chrono_tz::Europe::Stockholm;

use crate::draw::Draw;

/// A call, and its fate.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub user: usize,
    /// The number of the call in the year.
    pub number: u64,
    pub started_at: DateTime<Utc>,
    pub duration: TimeDelta,
    pub bytes: u64,
    pub registered_at: DateTime<Utc>,
    pub fate: Fate,
}

/// The fate of the audio of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives then, and S3 may notify of it twice.
    Comes { at: DateTime<Utc>, twice: bool },
    /// Other audio arrives than was promised.
    Spoilt { at: DateTime<Utc> },
    /// The phone is lost.
    Never,
}

/// Bytes a second of a call at 24 kbit/s.
const RATE: i64 = 3_000;

/// The calls of a local day: 26 a user from Monday to Friday, 5 on other days, 20 on average.
pub fn of(day: NaiveDate, users: usize, first: u64, draw: &mut Draw) -> Vec<Call> {
    let of_each = if matches!(day.weekday(), Weekday::Sat | Weekday::Sun) { 5 } else { 26 };
    let numbers = (first..).take(users * of_each);
    numbers.filter_map(|number| call(day, draw.below(users), number, draw)).collect()
}

/// `None` if the clock in Stockholm skips the time of day.
fn call(day: NaiveDate, user: usize, number: u64, draw: &mut Draw) -> Option<Call> {
    let second = u32::try_from(draw.below(86_400)).ok()?;
    let local = day.and_hms_milli_opt(
        second / 3600,
        second / 60 % 60,
        second % 60,
        u32::try_from(draw.below(1000)).ok()?,
    )?;
    let either = Stockholm.from_local_datetime(&local);
    let started_at =
        if draw.below(2) == 0 { either.earliest() } else { either.latest() }?.with_timezone(&Utc);
    let seconds = i64::try_from(5 + draw.below(600) * draw.below(4)).ok()?;
    let registered_at = started_at + TimeDelta::seconds(seconds) + after(draw);
    let at = registered_at + after(draw);
    let fate = match draw.below(1000) {
        0..3 => Fate::Spoilt { at },
        3..6 => Fate::Never,
        other => Fate::Comes { at, twice: other < 40 },
    };
    let bytes = u64::try_from(seconds * RATE).ok()?;
    Some(Call {
        user,
        number,
        started_at,
        duration: TimeDelta::seconds(seconds),
        bytes,
        registered_at,
        fate,
    })
}

/// How long a phone takes to send: seconds, hours where out of reach, days where it is off.
fn after(draw: &mut Draw) -> TimeDelta {
    let most = match draw.below(500) {
        0 => 10 * 86_400,
        1..6 => 12 * 3600,
        _ => 30,
    };
    TimeDelta::milliseconds(i64::try_from(200 + draw.below(most * 1000)).unwrap_or_default())
}
