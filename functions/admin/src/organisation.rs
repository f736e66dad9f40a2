//! The organisation's own settings: `/v1/organisation`.

use axum::{Json, extract::State};
use domain::{access::Duty, ids::OrganisationId, people};
use platform::{
    http::{Cause, Known, Problem, extract, problem},
    table::{audit::Deed, commit::Commit},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;

/// The organisation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Organisation {
    #[schema(value_type = String)]
    id: OrganisationId,
    name: String,
    /// Has the base service iCentrex Företagstelefoni, which recording needs.
    base_service: bool,
    /// Days a recording is kept from its call's start.
    retention_days: u16,
    /// Whoever listens or downloads has to send a reason.
    asks_reason: bool,
}

/// What to change.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = OrganisationChange)]
pub struct Change {
    /// Whoever listens or downloads has to send a reason.
    asks_reason: bool,
}

/// Shows the organisation's settings.
#[utoipa::path(
    get,
    path = "/v1/organisation",
    tag = "admin",
    responses(
        (status = 200, body = Organisation),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn show(State(app): State<App>, known: Known) -> Result<Json<Organisation>, Problem> {
    let event = known.event(Deed::SeeOrganisation, (app.now)());
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    app.table.audit(&event).await?;
    Ok(Json(known.organisation.into()))
}

/// Changes the organisation's settings.
#[utoipa::path(
    patch,
    path = "/v1/organisation",
    tag = "admin",
    request_body = Change,
    responses(
        (status = 200, body = Organisation),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn change(
    State(app): State<App>,
    known: Known,
    extract::Json(change): extract::Json<Change>,
) -> Result<Json<Organisation>, Problem> {
    let event = known.event(Deed::ChangeOrganisation, (app.now)()).detailed(&change);
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    match app.table.ask_reason(&known.organisation.id, change.asks_reason, &event).await? {
        Commit::Done => Ok(Json(people::Organisation { asks_reason: change.asks_reason, ..known.organisation }.into())),
        Commit::Refused(_) => Err(Problem::new(Cause::NotFound)),
    }
}

impl From<people::Organisation> for Organisation {
    fn from(organisation: people::Organisation) -> Self {
        Self {
            id: organisation.id,
            name: organisation.name.into(),
            base_service: organisation.base_service,
            retention_days: organisation.retention_days,
            asks_reason: organisation.asks_reason,
        }
    }
}
