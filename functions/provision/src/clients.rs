//! Applications that an organisation lets in: `/v1/organisations/{organisation}/clients/{client}`.
//!
//! The client itself is made in the user pool, with the organisation's scopes; here the organisation learns of it. A token of a client that
//! is not here opens nothing.

use axum::{extract::State, http::StatusCode};
use domain::{
    access::Scopes,
    ids::{ClientId, OrganisationId},
    people::Name,
};
use platform::{
    http::{
        Cause, Operator, Problem,
        extract::{self, Path},
        problem,
    },
    table::{audit::Deed, commit::Commit},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{App, organisations::exists};

/// An application client to let in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ClientProvision)]
pub struct Put {
    /// 1 to 100 characters.
    #[schema(value_type = String, example = "CRM")]
    name: Name,
    /// What its tokens may be used for at most: `read`, `annotate`, `export`.
    scopes: Vec<Scope>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    Read,
    Annotate,
    Export,
}

/// Lets an application client in, or changes what it may do.
#[utoipa::path(
    put,
    path = "/v1/organisations/{organisation}/clients/{client}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("client" = String, Path, description = "the client's id in the user pool")),
    request_body = Put,
    responses(
        (status = 204, description = "it is so"),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: there is no such organisation", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    State(app): State<App>,
    operator: Operator,
    Path((organisation, id)): Path<(OrganisationId, ClientId)>,
    extract::Json(put): extract::Json<Put>,
) -> Result<StatusCode, Problem> {
    exists(&app.table, &organisation).await?;
    let event = operator.event(&organisation, Deed::ProvisionClient, Some(id.to_string()), (app.now)()).detailed(&put);
    let scopes = Scopes::named(put.scopes.iter().map(|scope| scope.as_str()));
    let standing = app.table.application(&organisation, &id).await?;
    if !standing.is_some_and(|(_, client)| client.name == String::from(put.name.clone()) && client.scopes == scopes) {
        match app.table.put_client(&organisation, &id, &put.name, scopes, &event).await? {
            // Refused: this request's event is there, and the client with it. The SDK sent again what had been answered.
            Commit::Done | Commit::Refused(_) => {}
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Ends an application client: its tokens open nothing from the next request on.
#[utoipa::path(
    delete,
    path = "/v1/organisations/{organisation}/clients/{client}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("client" = String, Path, description = "the client's id")),
    responses(
        (status = 204, description = "it is gone"),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn remove(
    State(app): State<App>,
    operator: Operator,
    Path((organisation, id)): Path<(OrganisationId, ClientId)>,
) -> Result<StatusCode, Problem> {
    let event = operator.event(&organisation, Deed::RemoveClient, Some(id.to_string()), (app.now)());
    match app.table.remove_client(&organisation, &id, &event).await? {
        Commit::Done => Ok(StatusCode::NO_CONTENT),
        Commit::Refused(_) => Err(Problem::new(Cause::NotFound)),
    }
}

impl Scope {
    fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Annotate => "annotate",
            Self::Export => "export",
        }
    }
}
