//! The outcome for a recording that belongs in a folder: delivered, or not delivered with a reason.

use serde::{Deserialize, Serialize};

use crate::ids::RecordingId;

macro_rules! reasons {
    ($($(#[doc = $what:literal])* $reason:ident $name:literal)*) => {
        /// Why a recording is not in the folder that it belongs in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum Reason { $($(#[doc = $what])* $reason,)* }

        impl Reason {
            pub const ALL: &'static [Self] = &[$(Self::$reason,)*];

            pub fn as_str(self) -> &'static str { match self { $(Self::$reason => $name,)* } }

            pub fn parse(text: &str) -> Option<Self> { match text { $($name => Some(Self::$reason),)* _ => None } }
        }
    };
}

reasons! {
    /// The audio was stored, and is no longer in the bucket.
    Lost "lost"
    /// The object in place of the audio has another SHA-256 than the signed one.
    Altered "altered"
    /// Its retention ended after the day was closed and before it was copied.
    Expired "expired"
    /// The bucket failed for this recording until the folder had to be completed.
    Unreachable "unreachable"
    /// The item of the recording cannot be read.
    Unreadable "unreadable"
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
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
        }
    }
}
