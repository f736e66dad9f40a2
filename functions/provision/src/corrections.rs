//! Puts right when a user was switched on or off, for billing: `/v1/organisations/{organisation}/users/{user}/activations`.
//!
//! What was told by telephone and put down too late is a fact with two times, when it held and when it became known. It changes nothing
//! about whether calls are recorded, and no statement that was made: the next one puts the month right.

use axum::{extract::State, http::StatusCode};
use chrono::{DateTime, SubsecRound, Utc};
use domain::{
    activation::{Event, Kind},
    ids::{OrganisationId, UserId},
    reason::Reason,
};
use platform::{
    http::{
        Cause, Operator, Problem,
        extract::{self, Path},
        problem,
    },
    table::audit::Deed,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{App, organisations::exists};

/// When a user was switched on or off.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ActivationCorrection)]
pub struct Correction {
    /// The moment (RFC 3339), in the past.
    at: DateTime<Utc>,
    /// On or off.
    active: bool,
    /// Why it was not put down then: at least one letter, at most 200 characters.
    #[schema(value_type = String)]
    reason: Reason<200>,
}

/// Puts right when a user was switched on or off, for billing alone.
#[utoipa::path(
    post,
    path = "/v1/organisations/{organisation}/users/{user}/activations",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("user" = String, Path, description = "the user's id")),
    request_body = Correction,
    responses(
        (status = 204, description = "it is put down; the same again changes nothing"),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: there is no such organisation, or it never had such a user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn correct(
    State(app): State<App>,
    operator: Operator,
    Path((organisation, user)): Path<(OrganisationId, UserId)>,
    extract::Json(correction): extract::Json<Correction>,
) -> Result<StatusCode, Problem> {
    let now = (app.now)();
    exists(&app.table, &organisation).await?;
    if correction.at >= now {
        return Err(Problem::because(Cause::Invalid, "a correction is of the past; from now on an administrator switches"));
    }
    let audited = operator.event(&organisation, Deed::CorrectActivation, Some(user.to_string()), now).detailed(&correction);
    let kind = if correction.active { Kind::Activated } else { Kind::Deactivated };
    let event = Event { user, at: correction.at.trunc_subsecs(3), kind, by: audited.who.clone() };
    match app.table.put_right(&organisation, &event, &audited).await? {
        Some(_) => Ok(StatusCode::NO_CONTENT), // refused: it is there
        None => Err(Problem::because(Cause::NotFound, "the organisation has no such user and never had")),
    }
}
