//! Application clients: `/v1/organisations/{organisation}/clients` and `…/clients/{client}`.
//!
//! The user pool contains the client and its scopes; this function admits it to the organisation.
//! The tokens of other clients give no access. A removed client can be admitted again, because the
//! pool never reuses an id and only the audit log refers to it.

use axum::{extract::State, http::StatusCode};
use domain::{
    access::Scopes,
    ids::{ClientId, OrganisationId},
    people::Name,
};
use platform::http::{
    Cause, Operator, Problem,
    client::{Clients, Scope},
    extract::{Complete, Json, Path, Query, not_clearable},
    operation::{ListClients, ProvisionClient, RemoveClient},
    page::{self, PageQuery},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{App, organisations::exists};

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

/// Lists an organisation's application clients. The organisation's audit log records it.
#[utoipa::path(
    get,
    path = "/v1/organisations/{organisation}/clients",
    tag = "provision",
    params(("organisation" = String, Path, description = "its id"), PageQuery),
    responses(
        (status = 200, body = Clients),
        (status = 404, description = "not-found: there is no such organisation"),
    )
)]
pub async fn list(
    State(app): State<App>,
    _: Operator<ListClients>,
    Path(organisation): Path<OrganisationId>,
    Query(query): Query<PageQuery>,
) -> Result<Clients, Problem> {
    exists(&app.table, &organisation).await?;
    let (limit, after) = (query.limit()?, query.after()?);
    let after = after.map(ClientId::try_from).transpose().map_err(|_| page::not_ours())?;
    let (clients, next) = app.table.clients().page(&organisation, after.as_ref(), limit).await?;
    Ok(Clients::read(clients, next.map(String::from)))
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
        (status = 404, description = "not-found: there is no such organisation"),
        (status = 422, description = "invalid; the detail lists missing members"),
    )
)]
pub async fn put(
    State(app): State<App>,
    operator: Operator<ProvisionClient>,
    Path((organisation, id)): Path<(OrganisationId, ClientId)>,
    Complete(put): Complete<Put>,
) -> Result<StatusCode, Problem> {
    exists(&app.table, &organisation).await?;
    operator.detail(&put);
    let scopes = Scopes::named(put.scopes.iter().map(<&str>::from));
    let current = app.table.people().application(&organisation, &id).await?;
    if !current.is_some_and(|(_, client)| {
        client.name == String::from(put.name.clone()) && client.scopes == scopes
    }) {
        match app
            .table
            .clients()
            .put(&organisation, &id, &put.name, scopes, &operator.event())
            .await?
        {
            // On a conflict the SDK has repeated a request: its event and the client are stored.
            Ok(()) | Err(_) => {}
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
    request_body = Patch,
    responses(
        (status = 204, description = "saved"),
        (status = 404, description = "not-found: there is no such organisation, or no such client"),
    )
)]
pub async fn patch(
    State(app): State<App>,
    operator: Operator<ProvisionClient>,
    Path((organisation, id)): Path<(OrganisationId, ClientId)>,
    Json(patch): Json<Patch>,
) -> Result<StatusCode, Problem> {
    exists(&app.table, &organisation).await?;
    operator.detail(&patch);
    let scopes = patch.scopes.map(|scopes| Scopes::named(scopes.iter().map(<&str>::from)));
    let Some((_, current)) = app.table.people().application(&organisation, &id).await? else {
        return Err(Problem::new(Cause::NotFound));
    };
    let same = patch.name.as_ref().is_none_or(|name| current.name == name.to_string())
        && scopes.is_none_or(|scopes| scopes == current.scopes);
    if !same
        && app
            .table
            .clients()
            .change(&organisation, &id, patch.name.as_ref(), scopes, &operator.event())
            .await?
            != Ok(())
    {
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
    )
)]
pub async fn remove(
    State(app): State<App>,
    operator: Operator<RemoveClient>,
    Path((organisation, id)): Path<(OrganisationId, ClientId)>,
) -> Result<StatusCode, Problem> {
    match app.table.clients().remove(&organisation, &id, &operator.event()).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(_) => Err(Problem::new(Cause::NotFound)),
    }
}
