//! What is said of a call: note, mark and three fields (P2, P3, P14, P17), and the legend of marks.
//!
//! People edit a recording in the portal, each edit naming the version it is made on, so that of two who edit at once one is told. The app
//! and a customer's system address the call by its id, before or after it is registered, in any order and as often as they like: the same
//! item, and what is said again changes nothing.

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

/// What the function works with.
#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub now: fn() -> DateTime<Utc>,
}

/// Tries at a write over any version, while others write the same.
const TRIES: usize = 8;

/// This function's part of the API's document.
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
    platform::http::dressed(routes.with_state(app))
}
