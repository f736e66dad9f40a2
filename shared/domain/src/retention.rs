//! How long a recording is kept: from its call's start, for the organisation's days (P18: 180, longer with the storage add-on, P23).

use chrono::{DateTime, TimeDelta, Utc};

/// When a recording of a call that began at `started_at` ends: `days` times 24 hours later. From that second on no reader sees it.
pub fn expires_at(started_at: DateTime<Utc>, days: u16) -> DateTime<Utc> {
    started_at + TimeDelta::days(days.into())
}
