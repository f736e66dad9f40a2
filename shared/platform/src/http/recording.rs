//! A recording as the API shows it.

use chrono::{DateTime, Utc};
use domain::recording::{self, State};
use serde::Serialize;
use utoipa::ToSchema;

/// One recorded leg of a call.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    /// 26 characters of 0-9 and a-v.
    pub id: String,
    pub call_id: String,
    /// `expected`: registered, the audio is not here yet. `stored`: verified and playable. `rejected`: the audio was refused.
    pub state: &'static str,
    /// The recorded user.
    pub user: String,
    /// `in` or `out`, seen from the recorded user.
    pub direction: &'static str,
    /// E.164, or `withheld`.
    pub counterpart: String,
    pub started_at: DateTime<Utc>,
    /// Measured from the audio once stored, the app's word before.
    pub duration_ms: i64,
    pub content_type: &'static str,
    /// Bytes.
    pub content_length: u64,
    /// 64 hexadecimal digits.
    pub sha256: String,
    pub note: Option<String>,
    pub mark: Option<String>,
    /// The three fields of a customer's system.
    pub fields: [Option<String>; 3],
    /// The version of note, mark and fields, as an ETag.
    pub version: String,
    pub registered_at: DateTime<Utc>,
    pub stored_at: Option<DateTime<Utc>>,
    /// From then on the recording does not exist for any reader, unless it is held.
    pub expires_at: DateTime<Utc>,
    /// Since when it is held back from that, if it is.
    pub held_since: Option<DateTime<Utc>>,
    /// Why the audio was refused, when it was.
    pub rejection: Option<String>,
}

impl From<recording::Recording> for Recording {
    fn from(recording: recording::Recording) -> Self {
        let (state, stored_at, rejection) = match recording.state {
            State::Expected => ("expected", None, None),
            State::Stored { at } => ("stored", Some(at), None),
            State::Rejected { reason } => ("rejected", None, Some(reason)),
        };
        Self {
            id: recording.id.to_string(),
            call_id: recording.call.into(),
            state,
            user: recording.user.into(),
            direction: recording.direction.as_str(),
            counterpart: recording.counterpart.into(),
            started_at: recording.started_at,
            duration_ms: recording.duration.num_milliseconds(),
            content_type: recording.audio.content_type.as_str(),
            content_length: recording.audio.length,
            sha256: recording.audio.sha256.into(),
            note: recording.annotation.note.map(Into::into),
            mark: recording.annotation.mark.map(Into::into),
            fields: recording.annotation.fields.map(|field| field.map(Into::into)),
            version: etag(recording.version),
            registered_at: recording.registered_at,
            stored_at,
            expires_at: recording.expires_at,
            held_since: recording.held_since,
            rejection,
        }
    }
}

/// The entity tag (RFC 9110, 8.8.3) of a version of what is said of a recording.
pub fn etag(version: u64) -> String {
    format!("\"{version}\"")
}
