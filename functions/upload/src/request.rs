//! The call as the app sends it, parsed into a registration.

use chrono::{SubsecRound, TimeDelta};
use domain::{
    ids::CallId,
    note::{Mark, Note},
    phone::Counterpart,
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
pub struct Call {
    /// The app's id of the call's leg, unique in the organisation: 1 to 128 visible ASCII
    /// characters.
    #[schema(value_type = String, example = "6f0c1c5e-leg-1")]
    call_id: CallId,
    /// Seen from the recorded user.
    #[schema(value_type = String, example = "in")]
    direction: Direction,
    /// E.164, or `withheld`.
    #[schema(value_type = String, example = "+46701234567")]
    counterpart: Counterpart,
    /// When the call began (RFC 3339, years 2000 to 2199), truncated to the millisecond.
    #[schema(value_type = String, format = DateTime)]
    started_at: Instant,
    /// At most 24 hours. Ingest replaces it with the length measured from the audio.
    #[schema(example = 93_000)]
    duration_ms: u32,
    /// `audio/wav`, `audio/mpeg`, `audio/mp4` or `audio/ogg`.
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
        let types = ContentType::ALL.join(", ");
        let content_type = ContentType::parse(&call.content_type)
            .ok_or_else(|| Problem::because(Cause::UnknownType, format!("the audio's content type is none of {types}")))?;
        Ok(Self {
            call: call.call_id,
            direction: call.direction,
            counterpart: call.counterpart,
            started_at: call.started_at.utc().trunc_subsecs(3),
            duration: TimeDelta::milliseconds(call.duration_ms.into()),
            audio: Audio { content_type, length: call.content_length, sha256: call.sha256 },
            note: call.note.filter(|note| !note.as_str().is_empty()),
            mark: call.mark,
        })
    }
}
