//! The time of day, as finely as it is kept.

use chrono::{DateTime, SubsecRound, Utc};

/// Now, to the millisecond: what is answered is what the table keeps.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}
