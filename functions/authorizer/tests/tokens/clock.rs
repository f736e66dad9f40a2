//! The clock of a test. The test moves it, and each test runs on its own thread.

use std::cell::Cell;

use chrono::{DateTime, TimeDelta, Utc};

/// 2027-01-15 08:00:00 UTC, in seconds.
pub const START: i64 = 1_800_000_000;

thread_local! {
    static NOW: Cell<DateTime<Utc>> = const { Cell::new(DateTime::UNIX_EPOCH) };
}

pub fn now() -> DateTime<Utc> {
    NOW.get()
}

pub fn set(seconds: i64) {
    NOW.set(DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds));
}

pub fn pass(seconds: i64) {
    NOW.set(now() + TimeDelta::seconds(seconds));
}
