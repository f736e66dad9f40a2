//! The nightly check that nothing is missing. It compares a recording's item, object, postings and
//! part of the usage. A mismatch is a discrepancy, which may have a repair.
//!
//! Nothing is repaired by guessing. Ingest is notified again of audio that it missed, and verifies
//! it like any other. Audio that was removed by hand is restored while the bucket has it. A posting
//! is written as its recording requires. A recording without audio, audio without a recording and a
//! wrong count are reported, and a person decides.

mod audio;
mod balance;
mod postings;

pub use audio::{Object, Repair, Version, audio, needs_checksum};
pub use balance::{Count, unbalanced};
pub use postings::{Misplaced, Posted, Says, postings, stated};

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use crate::time::later;
use crate::{delivery::Day, registration::START_LEEWAY};

/// The kind of a discrepancy.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum Kind {
    /// The call was registered, and its audio has never arrived.
    NeverCame,
    /// The audio arrived, and ingest missed it: it is notified again.
    NotTakenIn,
    /// The audio was removed by hand, and the bucket still has it: it is restored.
    Removed,
    /// The audio was stored, and is no longer in the bucket.
    Lost,
    /// Another object is in place of the audio: it is set aside if the audio is beneath it.
    Replaced,
    /// The audio is there more than once.
    Doubled,
    /// Refused audio was left where it arrived: it is set aside.
    RefusedLeft,
    /// Audio of a recording that does not exist: it remains for the recording to be restored.
    NoRecording,
    /// An object where no recording can be: it is set aside.
    Stray,
    /// A word of a recording has no posting: it is written.
    PostingMissing,
    /// A posting has another end than its recording: it is written again.
    PostingWrong,
    /// A posting of a word that is not in the recording, or of no recording: it is removed.
    PostingLeft,
    /// A user's count, or the total, is not what is stored.
    Usage,
}

impl Kind {
    /// Whether the listing of the bucket shows it.
    pub fn is_of_audio(self) -> bool {
        !matches!(self, Self::PostingMissing | Self::PostingWrong | Self::PostingLeft | Self::Usage)
    }
}

/// How long after a registration its audio may arrive: four times as long as a link is valid.
pub const PATIENCE: TimeDelta = TimeDelta::hours(1);
/// How long after its expiry a recording may still exist: two days for the table's removal of
/// items, and hours for retries.
pub const REMOVED_WITHIN: TimeDelta = TimeDelta::days(3);
/// The number of recordings for which a reconciliation may use one RCU.
pub const RECORDINGS_A_UNIT: usize = 8;
/// The RCUs that a reconciliation may use at least, however few the recordings are.
pub const UNITS_AT_LEAST: f64 = 25.0;

/// The call starts to reconcile: from yesterday on, or from the day of the last run if earlier.
pub fn window(now: DateTime<Utc>, last: Option<DateTime<Utc>>) -> (DateTime<Utc>, DateTime<Utc>) {
    let yesterday = Day::of(now).previous();
    let from = last.map_or(yesterday, |last| Day::of(last).min(yesterday));
    (from.begins_at(), later(now, START_LEEWAY))
}

/// The RCUs that a reconciliation may use if it finds this many recordings in its window.
pub fn allowance(recordings: usize) -> f64 {
    let recordings = f64::from(u32::try_from(recordings).unwrap_or(u32::MAX));
    (recordings / f64::from(RECORDINGS_A_UNIT as u32)).max(UNITS_AT_LEAST)
}

/// Whether an object is so old that no recording can still belong to it.
pub fn past_retention(modified_at: DateTime<Utc>, retention_days: u16, now: DateTime<Utc>) -> bool {
    later(later(modified_at, TimeDelta::days(retention_days.into())), REMOVED_WITHIN) < now
}

/// The pseudo-random rank of something in a night: each night begins with other items.
pub fn nightly_order(what: &impl Hash, night: DateTime<Utc>) -> u64 {
    let mut hasher = DefaultHasher::new();
    (night, what).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utc(text: &str) -> DateTime<Utc> {
        text.parse().expect("a time")
    }

    #[test]
    fn the_window_begins_at_yesterdays_midnight_in_stockholm_or_at_the_last_reconciliation() {
        let now = utc("2026-11-25T01:30:00Z");
        assert_eq!(window(now, None), (utc("2026-11-23T23:00:00Z"), utc("2026-11-25T01:35:00Z")));
        assert_eq!(window(now, Some(utc("2026-11-24T01:30:00Z"))).0, utc("2026-11-23T23:00:00Z"));
        assert_eq!(window(now, Some(utc("2026-11-25T01:00:00Z"))).0, utc("2026-11-23T23:00:00Z"));
        assert_eq!(window(now, Some(utc("2026-11-20T01:30:00Z"))).0, utc("2026-11-19T23:00:00Z"));
        assert_eq!(window(utc("2026-03-29T00:30:00Z"), None).0, utc("2026-03-27T23:00:00Z"));
        assert_eq!(
            window(utc("2026-03-30T00:30:00Z"), None).0,
            utc("2026-03-28T23:00:00Z"),
            "a day of 23 hours"
        );
    }

    #[test]
    fn eight_recordings_allow_one_rcu() {
        assert_eq!(
            [0, 200, 201, 8_000, 100_000].map(allowance),
            [25.0, 25.0, 25.125, 1_000.0, 12_500.0]
        );
    }

    #[test]
    fn every_kind_reads_back_as_it_is_written() {
        for kind in Kind::VARIANTS {
            assert_eq!(kind.into_str().parse(), Ok(*kind));
        }
    }

    #[test]
    fn an_object_is_past_retention_three_days_after_the_expiry() {
        let came = utc("2026-01-01T12:00:00Z");
        assert!(!past_retention(came, 180, came + TimeDelta::days(183)));
        assert!(past_retention(came, 180, came + TimeDelta::days(183) + TimeDelta::seconds(1)));
    }
}
