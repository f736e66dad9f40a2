//! Organisations: `/v1/organisations/{organisation}`.

use axum::{Json, extract::State};
use domain::{
    ids::OrganisationId,
    people::{self, Name},
};
use platform::{
    http::{
        Cause, Operator, Problem,
        extract::{self, Path},
        problem,
    },
    table::{Table, audit::Deed, commit::Commit, provision::OrganisationProvision},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;

/// An organisation as the operator provisions it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = OrganisationProvision)]
pub struct Put {
    /// 1 to 100 characters.
    #[schema(value_type = String)]
    name: Name,
    /// Has the base service iCentrex Företagstelefoni, which recording needs.
    base_service: bool,
    /// Has the add-on for keeping recordings longer than 180 days; false unless given. Where it ends, what was chosen stays.
    #[serde(default)]
    storage_add_on: bool,
}

/// An organisation as it stands.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ProvisionedOrganisation)]
pub struct Organisation {
    #[schema(value_type = String)]
    id: OrganisationId,
    name: String,
    base_service: bool,
    /// Has the add-on for keeping recordings longer than 180 days.
    storage_add_on: bool,
    /// Days a recording is kept: 180 unless the organisation has decided otherwise.
    retention_days: u16,
}

/// Attempts while others change the same organisation.
const ATTEMPTS: usize = 3;

/// Creates an organisation or changes it.
#[utoipa::path(
    put,
    path = "/v1/organisations/{organisation}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id: 1 to 64 of a-z, 0-9, '.', '_' and '-'")),
    request_body = Put,
    responses(
        (status = 200, description = "it is so", body = Organisation),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    State(app): State<App>,
    operator: Operator,
    Path(id): Path<OrganisationId>,
    extract::Json(put): extract::Json<Put>,
) -> Result<Json<Organisation>, Problem> {
    let event = operator.event(&id, Deed::ProvisionOrganisation, None, (app.now)()).detailed(&put);
    let provision = OrganisationProvision { name: put.name, base_service: put.base_service, storage_add_on: put.storage_add_on };
    for _ in 0..ATTEMPTS {
        let standing = app.table.organisation(&id).await?;
        let is_so = standing.as_ref().is_some_and(|standing| provision.is(standing));
        if is_so || app.table.put_organisation(&id, &provision, standing.as_ref(), &event).await? == Commit::Done {
            return shown(&app.table, &id).await;
        }
    }
    Err(Problem::new(Cause::Busy))
}

/// Shows an organisation as it stands.
#[utoipa::path(
    get,
    path = "/v1/organisations/{organisation}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id")),
    responses(
        (status = 200, body = Organisation),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn show(State(app): State<App>, _: Operator, Path(id): Path<OrganisationId>) -> Result<Json<Organisation>, Problem> {
    shown(&app.table, &id).await
}

/// Refuses what hangs under an organisation that does not exist. 1 request.
pub async fn exists(table: &Table, id: &OrganisationId) -> Result<people::Organisation, Problem> {
    table.organisation(id).await?.ok_or(Problem::because(Cause::NotFound, "there is no such organisation; put it first"))
}

async fn shown(table: &Table, id: &OrganisationId) -> Result<Json<Organisation>, Problem> {
    Ok(Json(exists(table, id).await?.into()))
}

impl From<people::Organisation> for Organisation {
    fn from(organisation: people::Organisation) -> Self {
        Self {
            id: organisation.id,
            name: organisation.name.into(),
            base_service: organisation.base_service,
            storage_add_on: organisation.storage_add_on,
            retention_days: organisation.retention_days,
        }
    }
}
