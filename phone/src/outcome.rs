//! The outcome of one request.

use std::time::Duration;

use serde::Deserialize;

use crate::call::Link;

/// The outcome of a request to the API or to the upload link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The API returned the recording, with a link if its audio is missing.
    Shown(Recording, Option<Link>),
    /// The audio was uploaded.
    Put,
    /// The response was an error.
    Failed(Failure),
    /// There was no response, or none that can be read.
    Unreachable,
    /// The audio file does not have the registered length, so nothing was sent.
    AudioDiffers,
}

/// A recording, as far as the client needs it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Recording {
    /// The id of the recording.
    pub id: String,
    /// The stage of the recording.
    pub state: Stage,
    /// SHA-256 of the registered audio.
    pub sha256: String,
    /// Why the audio was rejected.
    pub rejection: Option<String>,
}

/// The stage of a recording in the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// The audio has not arrived, or is not verified yet.
    Expected,
    /// The audio is verified.
    Stored,
    /// The audio was refused.
    Rejected,
}

/// An error response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The HTTP status.
    pub status: u16,
    /// The code of the problem; `None` if the gateway or S3 answered.
    pub code: Option<String>,
    /// The text for people.
    pub detail: Option<String>,
    /// How long the service requests to wait.
    pub retry_after: Option<Duration>,
}

/// Which reaction a failure calls for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The token is missing, expired or invalid.
    SignIn,
    /// The same request may succeed later.
    Temporary,
    /// The same request fails again.
    Final,
}

impl Failure {
    pub(crate) fn kind(&self) -> Kind {
        match (self.status, &self.code) {
            (401, _) | (403, None) => Kind::SignIn,
            (408 | 429, _) => Kind::Temporary,
            (400..500, Some(_)) => Kind::Final,
            _ => Kind::Temporary, // also what a proxy or a captive portal answers
        }
    }

    /// The code of the problem, or one that is made from the status, and its detail.
    pub(crate) fn into_code(self) -> (String, Option<String>) {
        (self.code.unwrap_or_else(|| format!("status-{}", self.status)), self.detail)
    }
}
