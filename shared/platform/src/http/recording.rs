//! A recording as the API shows it.

use axum::{
    Json,
    http::header,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, SecondsFormat, Utc};
use domain::{
    audio::Damage,
    recording::{self, Flag, State},
    search,
};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use super::page::{Listed, Page};
use crate::cursor;

/// One recorded leg of a call.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Recording {
    /// 26 characters of 0-9 and a-v.
    pub id: String,
    pub call_id: String,
    /// `expected`: the audio has not arrived. `stored`: verified and playable. `rejected`: refused.
    pub state: &'static str,
    /// The recorded user.
    pub user: String,
    /// `in` or `out`, seen from the recorded user.
    pub direction: &'static str,
    /// A number in E.164, a short number, a SIP address, a name, `withheld` or `unknown`.
    pub counterpart: String,
    /// The counterpart as the app wrote it; null if it is the same.
    pub counterpart_written: Option<String>,
    /// `number`, `dialled`, `sip`, `text`, `withheld` or `unknown`.
    pub counterpart_kind: &'static str,
    #[serde(serialize_with = "instant")]
    pub started_at: DateTime<Utc>,
    /// The start by the device's clock; null if the recording's start is that.
    #[serde(serialize_with = "optional_instant")]
    pub started_at_reported: Option<DateTime<Utc>>,
    /// Measured from the audio once it is stored; reported by the app until then.
    pub duration_ms: i64,
    /// The length that the app promised.
    pub promised_ms: i64,
    /// `exact` or `estimated` from the audio, or `claimed` by the app.
    pub measured: &'static str,
    /// `cut-off`, `no-index`, `no-sound` or `contradictory`; null if the audio is whole.
    pub damage: Option<&'static str>,
    /// The anomalies: `start-corrected`, `start-replaced`, `backdated` (registered more than a week
    /// after it began), `duration-differs` (by more than 2 seconds), `call-id-taken`.
    #[schema(value_type = Vec<String>, max_items = 5)]
    pub flags: Vec<&'static str>,
    /// Whether browsers play the audio; null until it is stored.
    pub playable: Option<bool>,
    pub content_type: &'static str,
    /// Bytes.
    pub content_length: u64,
    /// 64 hexadecimal digits.
    pub sha256: String,
    /// The conversation whose legs, transfers and conferences are separate recordings.
    pub conversation_id: Option<String>,
    /// Others who took part besides the counterpart.
    #[schema(max_items = 20)]
    pub participants: Vec<String>,
    /// The phone, and its number of the call. Null if the app did not tell.
    pub device_id: Option<String>,
    pub sequence: Option<u64>,
    pub note: Option<String>,
    pub mark: Option<String>,
    /// The three fields of a customer's system.
    #[schema(max_items = 3)]
    pub fields: [Option<String>; 3],
    /// The version of note, mark and fields, as an ETag.
    pub version: String,
    #[serde(serialize_with = "instant")]
    pub registered_at: DateTime<Utc>,
    #[serde(serialize_with = "optional_instant")]
    pub stored_at: Option<DateTime<Utc>>,
    /// From then on no reader sees the recording, unless it is held.
    #[serde(serialize_with = "instant")]
    pub expires_at: DateTime<Utc>,
    /// Since when the recording is held; null if it is not.
    #[serde(serialize_with = "optional_instant")]
    pub held_since: Option<DateTime<Utc>>,
    /// Why the audio was refused; null if it was not.
    pub rejection: Option<String>,
}

/// A page of recordings.
pub type Recordings = Page<Recording>;

impl Listed for Recording {
    const MEMBER: &'static str = "recordings";
    const SCHEMA: (&'static str, &'static str) = ("Page", "A page of recordings.");
}

impl From<search::Page> for Page<Recording> {
    fn from(page: search::Page) -> Self {
        Self {
            rows: page.rows.into_iter().map(Recording::from).collect(),
            cursor: page.next.map(cursor::write),
        }
    }
}

/// The recording with its version as the entity tag, as an edit requires it in If-Match.
impl IntoResponse for Recording {
    fn into_response(self) -> Response {
        ([(header::ETAG, self.version.clone())], Json(self)).into_response()
    }
}

impl From<recording::Recording> for Recording {
    fn from(recording: recording::Recording) -> Self {
        let flags = recording.flags().iter().map(Flag::into_str).collect();
        let promised_ms = recording.promised().num_milliseconds();
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
            direction: recording.direction.into(),
            counterpart_kind: recording.counterpart.kind(),
            counterpart: recording.counterpart.into(),
            counterpart_written: recording.reported.counterpart,
            started_at: recording.started_at,
            started_at_reported: recording.reported.started_at,
            promised_ms,
            flags,
            duration_ms: recording.duration.num_milliseconds(),
            measured: recording.sound.measured.as_str(),
            damage: recording.sound.damage.map(Damage::as_str),
            playable: stored_at.map(|_| recording.sound.unplayable.is_none()),
            content_type: recording.audio.content_type.as_str(),
            content_length: recording.audio.length,
            sha256: recording.audio.sha256.into(),
            conversation_id: recording.leg.conversation.map(Into::into),
            participants: recording.leg.participants.into_iter().map(Into::into).collect(),
            sequence: recording.leg.sequence.as_ref().map(|sequence| sequence.number),
            device_id: recording.leg.sequence.map(|sequence| sequence.device.into()),
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

/// The entity tag (RFC 9110, 8.8.3) of a version of an annotation.
pub fn etag(version: u64) -> String {
    format!("\"{version}\"")
}

/// Formats as chrono does, but in one piece: chrono writes every character separately.
fn instant<S: Serializer>(at: &DateTime<Utc>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
}

fn optional_instant<S: Serializer>(at: &Option<DateTime<Utc>>, to: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => instant(at, to),
        None => to.serialize_none(),
    }
}
