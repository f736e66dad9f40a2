//! How far the upload of a call has come.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

/// The state of a call in the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case")]
pub enum State {
    /// To be registered.
    Recorded {
        /// The digest of the audio file; `None` until it is computed.
        audio: Option<Audio>,
    },
    /// Registered; the audio is to be uploaded.
    Registered {
        /// The id of the recording.
        recording: String,
        /// The audio as it was registered.
        audio: Audio,
        /// The upload link.
        upload: Link,
    },
    /// Uploaded; the service has not stored or rejected it yet.
    Uploaded {
        /// The id of the recording.
        recording: String,
        /// The audio as it was registered.
        audio: Audio,
        /// Responses in which the service still expects the audio.
        #[serde(default)]
        polls: u32,
    },
    /// Stored by the service. The phone's copy is deleted.
    Stored,
    /// The registration was refused.
    Refused {
        /// The code of the problem.
        code: String,
        /// The text for people.
        detail: Option<String>,
    },
    /// The audio was rejected.
    Rejected {
        /// The cause that the recording contains.
        reason: Option<String>,
    },
}

/// The digest and length of an audio file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audio {
    /// Bytes.
    pub length: u64,
    /// SHA-256, 64 hexadecimal digits.
    pub sha256: String,
}

/// An upload link: one request, with exactly these headers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// The method of the request.
    pub method: String,
    /// The signed address.
    pub url: String,
    /// The signed headers.
    pub headers: BTreeMap<String, String>,
}

/// The refusals after which the phone must not retain its copy.
const DELETING: [&str; 4] =
    ["recording-not-active", "not-acknowledged", "erased", "past-retention"];

impl State {
    /// Whether nothing more can happen without a person.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Recorded { .. } | Self::Registered { .. } | Self::Uploaded { .. } => false,
            Self::Stored | Self::Refused { .. } | Self::Rejected { .. } => true,
        }
    }

    /// Whether the phone's copy is to be deleted: the audio is stored, or the service must not
    /// have it.
    pub fn ends_copy(&self) -> bool {
        match self {
            Self::Stored => true,
            Self::Refused { code, .. } => DELETING.contains(&code.as_str()),
            _ => false,
        }
    }

    /// How far the state is from the beginning.
    pub(crate) fn stage(&self) -> u8 {
        match self {
            Self::Recorded { .. } => 0,
            Self::Registered { .. } => 1,
            Self::Uploaded { .. } => 2,
            Self::Stored | Self::Refused { .. } | Self::Rejected { .. } => 3,
        }
    }

    /// The name of the state, as logs contain it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Recorded { .. } => "recorded",
            Self::Registered { .. } => "registered",
            Self::Uploaded { .. } => "uploaded",
            Self::Stored => "stored",
            Self::Refused { .. } => "refused",
            Self::Rejected { .. } => "rejected",
        }
    }
}

/// Hides the address and the headers, which are a permission to upload.
impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").field("method", &self.method).finish_non_exhaustive()
    }
}
