//! The bodies of requests and responses.

use chrono::{DateTime, SubsecRound, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    call::{Audio, Call, CallId, Facts, Link, Sequence},
    outcome::Recording,
};

/// The body of a registration.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Registration<'a> {
    call_id: &'a CallId,
    #[serde(flatten)]
    facts: &'a Facts,
    #[serde(flatten)]
    sequence: Option<&'a Sequence>,
    sent_at: DateTime<Utc>,
    content_type: &'static str,
    content_length: u64,
    sha256: &'a str,
}

/// The type of all audio: the service finds the actual one in the content.
const CONTENT_TYPE: &str = "application/octet-stream";

impl<'a> Registration<'a> {
    pub(super) fn of(call: &'a Call, audio: &'a Audio, sent_at: DateTime<Utc>) -> Self {
        Self {
            call_id: &call.call_id,
            facts: &call.facts,
            sequence: call.sequence.as_ref(),
            sent_at: sent_at.trunc_subsecs(3),
            content_type: CONTENT_TYPE,
            content_length: audio.length,
            sha256: &audio.sha256,
        }
    }
}

/// The response to a registration.
#[derive(Deserialize)]
pub(super) struct Registered {
    pub(super) recording: Recording,
    pub(super) upload: Option<Link>,
    #[serde(default)]
    pub(super) warnings: Vec<Warning>,
}

/// A member that was corrected or left out. Its detail may contain the value, so it is not read.
#[derive(Deserialize)]
pub(super) struct Warning {
    pub(super) code: String,
    #[serde(default)]
    pub(super) pointer: String,
}

/// An error of the API (RFC 9457). The gateway's own errors have neither member.
#[derive(Default, Deserialize)]
pub(super) struct Problem {
    pub(super) code: Option<String>,
    pub(super) detail: Option<String>,
}
