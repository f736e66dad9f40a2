//! Annotations of calls: note, mark and three fields (P2, P3, P14, P17), and the legend of marks.
//!
//! People edit a recording in the portal. Each edit names the version it is based on, so of two
//! concurrent edits one is refused. The app and a customer's system annotate a call by its id,
//! before or after registration, in any order and as often as they like.

mod calls;
mod edits;
mod marks;
mod request;
mod words;

use axum::{Router, extract::FromRef};
use chrono::{DateTime, Utc};
use platform::{http, table::Table};
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub now: fn() -> DateTime<Utc>,
}

/// Attempts at overwriting any version, while others write the same call.
const TRIES: usize = 8;

/// The routes with their documentation.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(edits::edit))
        .routes(routes!(edits::list))
        .routes(routes!(calls::annotate))
        .routes(routes!(marks::list))
        .routes(routes!(marks::put))
}

pub fn router(app: App) -> Router {
    http::router(routes(), app)
}
