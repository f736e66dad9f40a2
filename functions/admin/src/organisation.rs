//! The organisation's own settings: `/v1/organisation`.

use axum::{Json, extract::State};
use domain::{access::Permission, ids::OrganisationId, people};
use platform::{
    http::{Cause, Principal, Problem, extract, problem},
    table::{audit::AuditAction, commit::Conflict},
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
    /// Whether it has the base service iCentrex Företagstelefoni, which recording requires.
    base_service: bool,
    /// Days that a recording is retained, from the start of its call.
    retention_days: u16,
    /// Whether users have to send a reason to listen or download.
    asks_reason: bool,
}

/// The settings to change.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = OrganisationChange)]
pub struct Change {
    /// Whether users have to send a reason to listen or download.
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
pub async fn show(State(app): State<App>, principal: Principal) -> Result<Json<Organisation>, Problem> {
    let event = principal.event(AuditAction::SeeOrganisation, (app.now)());
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    app.table.audit(&event).await?;
    Ok(Json(principal.organisation.into()))
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
    principal: Principal,
    extract::Json(change): extract::Json<Change>,
) -> Result<Json<Organisation>, Problem> {
    let event = principal.event(AuditAction::ChangeOrganisation, (app.now)()).detailed(&change);
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    match app.table.ask_reason(&principal.organisation.id, change.asks_reason, &event).await? {
        Ok(()) => Ok(Json(people::Organisation { asks_reason: change.asks_reason, ..principal.organisation }.into())),
        Err(Conflict(_)) => Err(Problem::new(Cause::NotFound)),
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
