//! The comparisons of one night so far, and the ranges of keys that remain.

use chrono::{DateTime, Utc};
use domain::{ids::OrganisationId, reconcile::Count};
use platform::versions::Range;
use serde::{Deserialize, Serialize};

/// The comparison of a bucket, as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// When the first invocation began.
    pub began: DateTime<Utc>,
    /// The ranges of keys that remain to be compared.
    pub rest: Vec<Range>,
    /// The read units left for other rows than those of the day, when the first invocation had read
    /// these: all invocations read the same rows.
    pub room: u64,
    /// Where the next night continues in the older recordings. Later invocations read as far or further.
    pub rolled: Option<String>,
    /// The least and the most total of all users, as each invocation has read it.
    pub counted: (Count, Count),
    /// The total expected by the objects so far.
    pub there: Count,
    pub objects: u64,
    /// Whether every object so far was compared with its item.
    pub complete: bool,
    /// Read units so far.
    pub units: u64,
}

impl Progress {
    /// Nothing was compared yet.
    pub fn begin(of: &OrganisationId, began: DateTime<Utc>, total: Count) -> Self {
        Self {
            began,
            rest: vec![Range::of(of)],
            room: 0,
            rolled: None,
            counted: (total, total),
            there: Count::default(),
            objects: 0,
            complete: true,
            units: 0,
        }
    }
}

/// Whether the night's comparison has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progressed {
    Done,
    /// Another message continues it.
    Continues,
}
