//! The outcome for a recording that belongs in a folder: delivered, or not delivered with a reason.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumString, IntoStaticStr, VariantArray};

use crate::ids::RecordingId;

/// Why a recording is not in the folder that it belongs in.
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
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", const_into_str)]
pub enum Reason {
    /// The audio was stored, and is no longer in the bucket.
    Lost,
    /// The object in place of the audio has another SHA-256 than the signed one.
    Altered,
    /// Its retention ended after the day was closed and before it was copied.
    Expired,
    /// The bucket failed for this recording until the folder had to be completed.
    Unreachable,
    /// The item of the recording cannot be read.
    Unreadable,
}

impl Reason {
    /// Whether a later folder contains the recording, marked late, once it can be delivered.
    pub fn is_late(self) -> bool {
        self != Self::Expired
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undelivered {
    pub recording: RecordingId,
    pub reason: Reason,
}

/// The number of undelivered recordings that the folder's item lists. The index lists all.
pub const NAMED: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_reads_back_as_it_is_written() {
        for reason in Reason::VARIANTS {
            assert_eq!(reason.into_str().parse(), Ok(*reason));
        }
    }
}
