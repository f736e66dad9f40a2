//! A call in the queue: its facts, and how far its upload has come.

mod id;
mod state;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use id::{CallId, InvalidCallId};
pub use state::{Audio, Link, State};

/// A call in the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// The id of the call's leg, made once when the call is enqueued.
    pub call_id: CallId,
    /// The facts that the phone knows.
    pub facts: Facts,
    /// The phone's number of the call; `None` of calls from before it counted them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sequence: Option<Sequence>,
    /// How far the upload has come.
    pub state: State,
}

/// The number of a call among those of the phone, since the app was installed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sequence {
    /// The phone, as the queue named it.
    pub device_id: String,
    /// The number, counted from 1.
    pub sequence: u64,
}

/// The facts of a finished call, as the registration sends them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Facts {
    /// Seen from the recorded user.
    pub direction: Direction,
    /// The other end as the phone knows it; `None` if it is unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterpart: Option<String>,
    /// When the call began by the device's clock.
    pub started_at: DateTime<Utc>,
    /// The length of the call; 0 if the phone does not know it, as the service measures the audio.
    pub duration_ms: u32,
    /// The user's note.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// The name of a mark in the organisation's legend.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
    /// The conversation that the call is a leg of, as after a transfer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation_id: Option<String>,
    /// Others who took part besides the counterpart.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<String>,
}

/// Whether the recorded user received or placed the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// The user received the call.
    In,
    /// The user placed the call.
    Out,
}

/// Hides the counterpart and the note.
impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Facts").field("direction", &self.direction).finish_non_exhaustive()
    }
}
