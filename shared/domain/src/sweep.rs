//! The nightly proof that nothing is missing: what is seen of a recording (its item, its object, its postings, its part of the usage) is held
//! against each other, and what does not agree is a fault, with its repair if it has one.
//!
//! Nothing here repairs by guessing. Audio that came and was not taken in is told of again, and `ingest` judges it as it judges all audio;
//! audio that was removed by hand is brought back, for as long as the bucket has it; a posting is what the recording says. A recording
//! without audio, audio without a recording, and a count that is wrong are reported: a person decides.

mod audio;
mod balance;
mod postings;

pub use audio::{Object, Repair, Version, audio, needs_checksum};
pub use balance::{Count, unbalanced};
pub use postings::{Misplaced, Posted, Says, postings, said};

use std::hash::{DefaultHasher, Hash, Hasher};

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::time::later;
use crate::{delivery::Day, registration::CLOCK_LEEWAY};

macro_rules! kinds {
    ($($(#[doc = $what:literal])* $kind:ident $name:literal)*) => {
        /// What does not agree.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Kind { $($(#[doc = $what])* $kind,)* }

        impl Kind {
            pub const ALL: &'static [Self] = &[$(Self::$kind,)*];

            pub fn as_str(self) -> &'static str { match self { $(Self::$kind => $name,)* } }

            pub fn parse(text: &str) -> Option<Self> { match text { $($name => Some(Self::$kind),)* _ => None } }
        }
    };
}

kinds! {
    /// The call was registered, and its audio has never come.
    NeverCame "never-came"
    /// The audio came, and nobody was told: it is told of again.
    NotTakenIn "not-taken-in"
    /// The audio was removed by hand, and the bucket still has it: it is brought back.
    Removed "removed"
    /// The audio was stored, and the bucket does not have it any more.
    Lost "lost"
    /// Something else lies in the place of the audio. Where the audio lies beneath it, what lies above is set aside.
    Replaced "replaced"
    /// The audio lies there more than once.
    Doubled "doubled"
    /// Audio that was refused was left where it came: it is set aside.
    RefusedLeft "refused-left"
    /// Audio of a recording that does not exist. It stays, so that a recording that was lost can be restored to it.
    NoRecording "no-recording"
    /// An object where no recording can be: it is set aside.
    Stray "stray"
    /// A recording is not found by a word that is said of it: its posting is written.
    PostingMissing "posting-missing"
    /// A posting that ends at another time than its recording: it is written anew.
    PostingWrong "posting-wrong"
    /// A posting of what is not said, or of no recording: it is removed.
    PostingLeft "posting-left"
    /// What is counted on a user, or on all, is not what is stored.
    Usage "usage"
}

/// How long after a registration its audio may come before it counts as missing: four times as long as a link works.
pub const PATIENCE: TimeDelta = TimeDelta::hours(1);
/// How long after its day a recording may still be there: the table removes items within two days, and what failed is tried for some hours.
pub const REMOVED_WITHIN: TimeDelta = TimeDelta::days(3);
/// Recordings of a day for each read unit that a sweep may take.
pub const RECORDINGS_A_UNIT: usize = 8;
/// Read units that a sweep may take of an organisation with few recordings: what it looks at once, whatever there is.
pub const UNITS_AT_LEAST: f64 = 25.0;

/// The span of starts that a sweep looks at: from yesterday on, or from the day that was swept last, if that is longer ago.
pub fn window(now: DateTime<Utc>, last: Option<DateTime<Utc>>) -> (DateTime<Utc>, DateTime<Utc>) {
    let yesterday = Day::of(now).previous();
    let from = last.map_or(yesterday, |last| Day::of(last).min(yesterday));
    (from.begins_at(), later(now, CLOCK_LEEWAY))
}

/// The read units that a sweep may take which found so many recordings in its window.
pub fn allowance(recordings: usize) -> f64 {
    let recordings = f64::from(u32::try_from(recordings).unwrap_or(u32::MAX));
    (recordings / f64::from(RECORDINGS_A_UNIT as u32)).max(UNITS_AT_LEAST)
}

/// Whether an object of this age can be of no recording any more, and its item is looked for though it came long ago.
pub fn outlived(modified_at: DateTime<Utc>, retention_days: u16, now: DateTime<Utc>) -> bool {
    later(later(modified_at, TimeDelta::days(retention_days.into())), REMOVED_WITHIN) < now
}

/// The place of something in a night's draw: where not all can be looked at, each night begins with others.
pub fn drawn(what: &impl Hash, night: DateTime<Utc>) -> u64 {
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
    fn a_sweep_looks_from_yesterdays_midnight_in_stockholm_on_and_over_every_night_that_was_missed() {
        let now = utc("2026-11-25T01:30:00Z");
        assert_eq!(window(now, None), (utc("2026-11-23T23:00:00Z"), utc("2026-11-25T01:35:00Z")));
        assert_eq!(window(now, Some(utc("2026-11-24T01:30:00Z"))).0, utc("2026-11-23T23:00:00Z"));
        assert_eq!(window(now, Some(utc("2026-11-25T01:00:00Z"))).0, utc("2026-11-23T23:00:00Z"));
        assert_eq!(window(now, Some(utc("2026-11-20T01:30:00Z"))).0, utc("2026-11-19T23:00:00Z"));
        assert_eq!(window(utc("2026-03-29T00:30:00Z"), None).0, utc("2026-03-27T23:00:00Z"));
        assert_eq!(window(utc("2026-03-30T00:30:00Z"), None).0, utc("2026-03-28T23:00:00Z"), "a day of 23 hours");
    }

    #[test]
    fn a_unit_is_allowed_for_eight_recordings() {
        assert_eq!([0, 200, 201, 8_000, 100_000].map(allowance), [25.0, 25.0, 25.125, 1_000.0, 12_500.0]);
    }

    #[test]
    fn every_kind_reads_back_as_it_is_written() {
        for kind in Kind::ALL {
            assert_eq!(Kind::parse(kind.as_str()), Some(*kind));
        }
    }

    #[test]
    fn an_object_outlives_its_recording_some_days_after_its_day() {
        let came = utc("2026-01-01T12:00:00Z");
        assert!(!outlived(came, 180, came + TimeDelta::days(183)));
        assert!(outlived(came, 180, came + TimeDelta::days(183) + TimeDelta::seconds(1)));
    }
}
