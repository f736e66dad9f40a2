//! The call as the app sends it, parsed into a registration.

use chrono::{SubsecRound, TimeDelta};
use domain::{
    counterpart::{COUNTRY, Counterpart},
    ids::CallId,
    note::{Mark, Note},
    recording::{Audio, ContentType, Direction, Sha256},
    registration::Registration,
    time::Instant,
};
use platform::http::{Cause, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

/// A call that has ended.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = CallRegistration)]
pub struct Call {
    /// The app's id of the call's leg, unique in the organisation: 1 to 128 visible ASCII
    /// characters.
    #[schema(value_type = String, example = "6f0c1c5e-leg-1")]
    call_id: CallId,
    /// Seen from the recorded user.
    #[schema(value_type = String, example = "in")]
    direction: Direction,
    /// The other end of the call as the phone knows it: a number in any form, a short number, a SIP
    /// address, a name, or `withheld`. Absent, null and empty mean unknown.
    #[schema(example = "070-123 45 67")]
    counterpart: Option<String>,
    /// When the call began (RFC 3339, years 2000 to 2199), truncated to the millisecond.
    #[schema(value_type = String, format = DateTime)]
    started_at: Instant,
    /// At most 24 hours. Ingest replaces it with the length measured from the audio.
    #[schema(example = 93_000)]
    duration_ms: u32,
    /// Any audio type, as phones name them, or `application/octet-stream`. The content decides.
    #[schema(example = "audio/ogg")]
    content_type: String,
    /// Bytes, at most 1 GiB.
    content_length: u64,
    /// SHA-256 of the audio, 64 hexadecimal digits.
    #[schema(value_type = String)]
    sha256: Sha256,
    /// At most 1,000 characters.
    #[schema(value_type = Option<String>)]
    note: Option<Note>,
    /// The name of a mark in the organisation's legend that is not retired.
    #[schema(value_type = Option<String>, example = "red")]
    mark: Option<Mark>,
}

impl TryFrom<Call> for Registration {
    type Error = Problem;

    fn try_from(call: Call) -> Result<Self, Problem> {
        let types = ContentType::all().join(", ");
        let content_type = ContentType::parse(&call.content_type).ok_or_else(|| {
            Problem::because(
                Cause::UnknownType,
                format!("the audio's content type is none of {types}"),
            )
        })?;
        Ok(Self {
            call: call.call_id,
            direction: call.direction,
            counterpart: Counterpart::read(
                call.counterpart.as_deref().unwrap_or_default(),
                COUNTRY,
            ),
            started_at: call.started_at.utc().trunc_subsecs(3),
            duration: TimeDelta::milliseconds(call.duration_ms.into()),
            audio: Audio { content_type, length: call.content_length, sha256: call.sha256 },
            note: call.note.filter(|note| !note.as_str().is_empty()),
            mark: call.mark,
        })
    }
}
