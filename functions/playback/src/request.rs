//! The reason for listening, if the organisation requires one.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use domain::reason::Reason;
use platform::http::{Cause, Problem, strict};
use serde::Deserialize;
use utoipa::ToSchema;

/// The optional body of a request for a link.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// The listener's reason: at least one letter, at most 200 characters. A blank one counts as
    /// absent. The audit log stores it, and the recorded user can read it.
    #[schema(example = "uppföljning av ärende 4411")]
    pub reason: Option<String>,
}

const CHARACTERS: usize = 200;

impl<S: Send + Sync> FromRequest<S> for Asked {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|error| Problem::because(Cause::TooLarge, error.body_text()))?;
        if body.is_empty() {
            return Ok(Self::default());
        }
        let asked: Option<Self> =
            strict::from_slice(&body).map_err(|error| Problem::because(Cause::Invalid, error))?;
        let reason = asked.unwrap_or_default().reason.filter(|reason| !reason.trim().is_empty());
        let reason = reason.map(Reason::<CHARACTERS>::try_from).transpose();
        let reason =
            reason.map_err(|error| Problem::because(Cause::Invalid, format!("reason: {error}")))?;
        Ok(Self { reason: reason.map(String::from) })
    }
}
