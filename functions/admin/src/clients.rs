//! The organisation's application clients: `/v1/clients`. The operator creates them.

use axum::{Json, extract::State, http::StatusCode};
use domain::{access::Permission, ids::ClientId};
use platform::{
    http::{
        Cause, Principal, Problem,
        extract::{Path, Query},
        page, problem,
    },
    table::{audit::AuditAction, commit::Conflict, people},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// An application client.
#[derive(Debug, Serialize, ToSchema)]
pub struct Client {
    #[schema(value_type = String)]
    id: ClientId,
    name: String,
    /// The actions that it may perform: `read`, `annotate`, `export`.
    scopes: Vec<&'static str>,
}

/// A page of the organisation's application clients, sorted by id.
#[derive(Debug, Serialize, ToSchema)]
pub struct Clients {
    clients: Vec<Client>,
    /// Hand it in as `cursor` for the next page; null on the last.
    cursor: Option<String>,
}

/// Lists the organisation's application clients.
#[utoipa::path(
    get,
    path = "/v1/clients",
    tag = "admin",
    params(page::Asked),
    responses(
        (status = 200, body = Clients),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<App>, principal: Principal, Query(asked): Query<page::Asked>) -> Result<Json<Clients>, Problem> {
    let event = principal.event(AuditAction::ListClients, (app.now)());
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let (limit, after) = (asked.limit()?, asked.after()?);
    let clients = app.table.clients(&principal.organisation.id).await?;
    app.table.audit(&event).await?;
    let rest = clients.into_iter().filter(|client| after.as_deref().is_none_or(|after| client.id.as_str() > after)).map(Client::from);
    let (clients, cursor) = page::cut(rest, limit, |client| client.id.to_string());
    Ok(Json(Clients { clients, cursor }))
}

/// Ends an application client: its tokens are refused from the next request on.
#[utoipa::path(
    delete,
    path = "/v1/clients/{client}",
    tag = "admin",
    params(("client" = String, Path, description = "the client's id")),
    responses(
        (status = 204, description = "removed"),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn remove(State(app): State<App>, principal: Principal, Path(id): Path<ClientId>) -> Result<StatusCode, Problem> {
    let event = principal.event_about(AuditAction::RemoveClient, &id, (app.now)());
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    match app.table.remove_client(&principal.organisation.id, &id, &event).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(Conflict(_)) => Err(principal.refuse(&app.table, event, Problem::new(Cause::NotFound)).await),
    }
}

impl From<people::Client> for Client {
    fn from(client: people::Client) -> Self {
        let names = [("read", client.scopes.read), ("annotate", client.scopes.annotate), ("export", client.scopes.export)];
        Self { id: client.id, name: client.name, scopes: names.into_iter().filter(|(_, granted)| *granted).map(|(name, _)| name).collect() }
    }
}
