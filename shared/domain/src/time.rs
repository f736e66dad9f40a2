//! Times as people here read them. They are stored in UTC; a day and a file name are Europe/Stockholm's.

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Europe::Stockholm;

/// The time on a clock in Stockholm at `instant`, summer time included.
pub fn in_stockholm(instant: DateTime<Utc>) -> NaiveDateTime {
    instant.with_timezone(&Stockholm).naive_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_follows_summer_time() {
        let clock = |text: &str| text.parse().map(|utc: DateTime<Utc>| in_stockholm(utc).to_string());
        assert_eq!(clock("2026-03-29T00:59:59Z").as_deref(), Ok("2026-03-29 01:59:59"));
        assert_eq!(clock("2026-03-29T01:00:00Z").as_deref(), Ok("2026-03-29 03:00:00"));
        assert_eq!(clock("2026-10-25T01:00:00Z").as_deref(), Ok("2026-10-25 02:00:00"));
        assert_eq!(clock("2026-12-31T23:30:00Z").as_deref(), Ok("2027-01-01 00:30:00"));
    }
}
