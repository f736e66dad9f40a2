//! What became of a recording that belongs into a folder: it is delivered, or it is not, and why.

use serde::{Deserialize, Serialize};

use crate::ids::RecordingId;

macro_rules! reasons {
    ($($(#[doc = $what:literal])* $reason:ident $name:literal)*) => {
        /// Why a recording is not in the folder that it belongs into.
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
    /// The audio was stored, and the bucket does not have it any more.
    Lost "lost"
    /// What lies in the place of the audio is not what was signed: its SHA-256 is another.
    Altered "altered"
    /// Its retention ended after the day was closed and before it was copied.
    Expired "expired"
    /// The bucket failed for this recording until the folder had to be completed.
    Unreachable "unreachable"
    /// What the table has of the recording cannot be read.
    Unreadable "unreadable"
}

impl Reason {
    /// Whether the recording is delivered later, marked late, once it can be.
    pub fn is_awaited(self) -> bool {
        self != Self::Expired
    }
}

/// A recording that is not in the folder that it belongs into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Undelivered {
    pub recording: RecordingId,
    pub reason: Reason,
}

/// Of a folder's undelivered recordings, those that its item names; the index names all.
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
