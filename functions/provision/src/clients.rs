//! Application clients: `/v1/organisations/{organisation}/clients` and `…/clients/{client}`.
//!
//! The user pool contains the client and its scopes; this function admits it to the organisation.
//! The tokens of other clients give no access. A removed client can be admitted again, because the
//! pool never reuses an id and only the audit log refers to it.

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    access::Scopes,
    ids::{ClientId, OrganisationId},
    people::Name,
};
use platform::{
    http::{
        Cause, Operator, Problem, cursor,
        extract::{self, Complete, Path, Query, not_clearable},
        page, problem,
    },
    table::{audit::AuditAction, commit::Conflict, people},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App,
    organisations::{Part, exists},
};

/// An application client to admit. Every member is required.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ClientProvision)]
pub struct Put {
    /// 1 to 100 characters.
    #[schema(value_type = String, example = "CRM")]
    name: Name,
    /// The most that its tokens permit: `read`, `annotate`, `export`.
    scopes: Vec<Scope>,
}

/// A change of an application client, as a JSON merge patch (RFC 7396).
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ClientPatch)]
pub struct Patch {
    /// 1 to 100 characters.
    #[serde(default, deserialize_with = "not_clearable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    name: Option<Name>,
    /// The most that its tokens permit: `read`, `annotate`, `export`. Replaces the previous scopes.
    #[serde(default, deserialize_with = "not_clearable", skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Vec<Scope>, required = false)]
    scopes: Option<Vec<Scope>>,
}

/// An application client of an organisation.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProvisionedClient)]
pub struct Client {
    #[schema(value_type = String)]
    id: ClientId,
    name: String,
    /// The most that its tokens permit.
    scopes: Vec<Scope>,
}

/// A page of an organisation's application clients, sorted by id.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProvisionedClients)]
pub struct Clients {
    clients: Vec<Client>,
    /// Pass it as `cursor` to get the next page. Null on the last page.
    cursor: Option<String>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    Read,
    Annotate,
    Export,
}

/// Lists an organisation's application clients. The organisation's audit log records it.
#[utoipa::path(
    get,
    path = "/v1/organisations/{organisation}/clients",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), Part),
    responses(
        (status = 200, body = Clients),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: there is no such organisation", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(app): State<App>,
    operator: Operator,
    Path(organisation): Path<OrganisationId>,
    Query(part): Query<Part>,
) -> Result<Json<Clients>, Problem> {
    exists(&app.table, &organisation).await?;
    let (limit, after) = (page::limit(part.limit)?, page::after(part.cursor.as_deref())?);
    let after = after.map(ClientId::try_from).transpose().map_err(|_| Problem::because(Cause::Invalid, cursor::InvalidCursor))?;
    let (clients, next) = app.table.list_clients(&organisation, after.as_ref(), limit).await?;
    app.table.audit(&operator.event(&organisation, AuditAction::ListClients, None, (app.now)())).await?;
    let clients = clients.into_iter().map(Client::from).collect();
    Ok(Json(Clients { clients, cursor: next.map(|id| cursor::write_text(id.as_str())) }))
}

/// Admits or replaces an application client. Every member is required; PATCH changes some.
#[utoipa::path(
    put,
    path = "/v1/organisations/{organisation}/clients/{client}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("client" = String, Path, description = "the client's id in the user pool")),
    request_body = Put,
    responses(
        (status = 204, description = "saved"),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: there is no such organisation", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid; the detail lists missing members", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    State(app): State<App>,
    operator: Operator,
    Path((organisation, id)): Path<(OrganisationId, ClientId)>,
    Complete(put): Complete<Put>,
) -> Result<StatusCode, Problem> {
    exists(&app.table, &organisation).await?;
    let event = operator.event(&organisation, AuditAction::ProvisionClient, Some(id.to_string()), (app.now)()).detailed(&put);
    let scopes = Scopes::named(put.scopes.iter().map(|scope| scope.as_str()));
    let current = app.table.application(&organisation, &id).await?;
    if !current.is_some_and(|(_, client)| client.name == String::from(put.name.clone()) && client.scopes == scopes) {
        match app.table.put_client(&organisation, &id, &put.name, scopes, &event).await? {
            // On a conflict the SDK has repeated a request: its event and the client are stored.
            Ok(()) | Err(Conflict(_)) => {}
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Changes some members of an application client, as a JSON merge patch (RFC 7396).
#[utoipa::path(
    patch,
    path = "/v1/organisations/{organisation}/clients/{client}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("client" = String, Path, description = "the client's id")),
    request_body(content((Patch = "application/merge-patch+json"), (Patch = "application/json"))),
    responses(
        (status = 204, description = "saved"),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: there is no such organisation, or no such client", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn patch(
    State(app): State<App>,
    operator: Operator,
    Path((organisation, id)): Path<(OrganisationId, ClientId)>,
    extract::Json(patch): extract::Json<Patch>,
) -> Result<StatusCode, Problem> {
    exists(&app.table, &organisation).await?;
    let event = operator.event(&organisation, AuditAction::ProvisionClient, Some(id.to_string()), (app.now)()).detailed(&patch);
    let scopes = patch.scopes.map(|scopes| Scopes::named(scopes.iter().map(|scope| scope.as_str())));
    let Some((_, current)) = app.table.application(&organisation, &id).await? else { return Err(Problem::new(Cause::NotFound)) };
    let same =
        patch.name.as_ref().is_none_or(|name| current.name == name.to_string()) && scopes.is_none_or(|scopes| scopes == current.scopes);
    if !same && app.table.change_client(&organisation, &id, patch.name.as_ref(), scopes, &event).await? != Ok(()) {
        return Err(Problem::new(Cause::NotFound));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Removes an application client. Its tokens give no access from the next request on.
#[utoipa::path(
    delete,
    path = "/v1/organisations/{organisation}/clients/{client}",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), ("client" = String, Path, description = "the client's id")),
    responses(
        (status = 204, description = "removed"),
        (status = 403, description = "not-allowed", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn remove(
    State(app): State<App>,
    operator: Operator,
    Path((organisation, id)): Path<(OrganisationId, ClientId)>,
) -> Result<StatusCode, Problem> {
    let event = operator.event(&organisation, AuditAction::RemoveClient, Some(id.to_string()), (app.now)());
    match app.table.remove_client(&organisation, &id, &event).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(Conflict(_)) => Err(Problem::new(Cause::NotFound)),
    }
}

impl From<people::Client> for Client {
    fn from(client: people::Client) -> Self {
        let scopes = [(Scope::Read, client.scopes.read), (Scope::Annotate, client.scopes.annotate), (Scope::Export, client.scopes.export)];
        let granted = scopes.into_iter().filter(|(_, granted)| *granted);
        Self { id: client.id, name: client.name, scopes: granted.map(|(scope, _)| scope).collect() }
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
