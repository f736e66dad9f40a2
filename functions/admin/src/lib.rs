//! The administrators' functions (P8, P11–P14): users and their rights, activation, recording
//! groups, application clients, and the audit log.
//!
//! Every request, reading included, is audited, whether permitted or denied. A change and its event
//! are written in one transaction. A malformed body or an invalid value writes no event.

mod activations;
mod audit;
mod clients;
mod groups;
mod members;
mod organisation;
mod users;

use axum::{
    Router,
    extract::FromRef,
    routing::{delete, get, post, put},
};
use chrono::{DateTime, Utc};
use platform::table::Table;
use utoipa::OpenApi;

#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub now: fn() -> DateTime<Utc>,
}

#[derive(OpenApi)]
#[openapi(paths(
    organisation::show,
    organisation::change,
    users::list,
    users::show,
    users::change,
    activations::of_user,
    activations::switch,
    groups::list,
    groups::show,
    groups::put,
    groups::remove,
    members::list,
    members::change,
    members::put_supervisor,
    members::remove_supervisor,
    clients::list,
    clients::remove,
    audit::list
))]
pub struct Document;

/// The most bytes of a request's body: enough to activate a thousand users with the longest ids.
const BODY_AT_MOST: usize = 128 * 1024;

pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/organisation", get(organisation::show).patch(organisation::change))
        .route("/v1/users", get(users::list))
        .route("/v1/users/{user}", get(users::show).patch(users::change))
        .route("/v1/users/{user}/activations", get(activations::of_user))
        .route("/v1/activations", post(activations::switch))
        .route("/v1/groups", get(groups::list))
        .route("/v1/groups/{group}", get(groups::show).put(groups::put).delete(groups::remove))
        .route("/v1/groups/{group}/members", get(members::list).post(members::change))
        .route("/v1/groups/{group}/supervisors/{user}", put(members::put_supervisor).delete(members::remove_supervisor))
        .route("/v1/clients", get(clients::list))
        .route("/v1/clients/{client}", delete(clients::remove))
        .route("/v1/audit", get(audit::list));
    platform::http::bounded(routes.with_state(app), BODY_AT_MOST)
}
