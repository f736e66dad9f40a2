//! The organisation's application clients: `/v1/clients`. The operator creates them.

use axum::{extract::State, http::StatusCode};
use domain::ids::ClientId;
use platform::http::{
    Admin, Cause, Problem,
    client::{Client, Clients},
    extract::{Path, Query},
    operation::{ListClients, RemoveClient},
    page::{Page, PageQuery},
};

use crate::App;

/// Lists the organisation's application clients.
#[utoipa::path(
    get,
    path = "/v1/clients",
    tag = "admin",
    params(PageQuery),
    responses((status = 200, body = Clients))
)]
pub async fn list(
    State(app): State<App>,
    admin: Admin<ListClients>,
    Query(query): Query<PageQuery>,
) -> Result<Clients, Problem> {
    let (limit, after) = (query.limit()?, query.after()?);
    let clients = app.table.clients().all(&admin.organisation.id).await?;
    let rest = clients
        .into_iter()
        .filter(|client| after.as_deref().is_none_or(|after| client.id.as_str() > after))
        .map(Client::from);
    Ok(Page::cut(rest, limit, |client| client.id.to_string()))
}

/// Ends an application client: its tokens are refused from the next request on.
#[utoipa::path(
    delete,
    path = "/v1/clients/{client}",
    tag = "admin",
    params(("client" = String, Path, description = "the client's id")),
    responses(
        (status = 204, description = "removed"),
    )
)]
pub async fn remove(
    State(app): State<App>,
    admin: Admin<RemoveClient>,
    Path(id): Path<ClientId>,
) -> Result<StatusCode, Problem> {
    match app.table.clients().remove(&admin.organisation.id, &id, &admin.event()).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(_) => Err(Problem::new(Cause::NotFound)),
    }
}
