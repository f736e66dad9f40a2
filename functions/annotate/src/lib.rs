//! Annotations of calls: note, mark and three fields (P2, P3, P14, P17), and the legend of marks.
//!
//! People edit a recording in the portal. Each edit names the version it is based on, so of two
//! concurrent edits one is refused. The app and a customer's system annotate a call by its id,
//! before or after registration, in any order and as often as they like.

mod calls;
mod edits;
mod marks;
mod request;

use axum::{
    Router,
    extract::FromRef,
    routing::{get, patch, put},
};
use chrono::{DateTime, Utc};
use platform::table::Table;
use utoipa::OpenApi;

#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub now: fn() -> DateTime<Utc>,
}

/// Attempts at overwriting any version, while others write the same call.
const TRIES: usize = 8;

#[derive(OpenApi)]
#[openapi(paths(edits::edit, edits::list, calls::annotate, marks::list, marks::put))]
pub struct Document;

pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/recordings/{id}", patch(edits::edit))
        .route("/v1/recordings/{id}/edits", get(edits::list))
        .route("/v1/calls/{call}/annotation", put(calls::annotate))
        .route("/v1/marks", get(marks::list))
        .route("/v1/marks/{mark}", put(marks::put));
    platform::http::with_common_layers(routes.with_state(app))
}
