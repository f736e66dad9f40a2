//! The current time, at the precision of the table.

use chrono::{DateTime, SubsecRound, Utc};

/// Now, to the millisecond, so that a response equals the stored item.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(3)
}
