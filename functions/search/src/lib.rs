//! Finds recordings: `GET /v1/recordings`, `GET /v1/recordings/count`, `GET /v1/recordings/{id}`.

mod asked;
mod file;
mod list;
mod one;
mod request;
mod scope;

use axum::{Router, extract::FromRef};
use chrono::{DateTime, Utc};
use platform::{
    http,
    table::{Table, keyed_hash::Keys},
};
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub keys: Keys,
    pub now: fn() -> DateTime<Utc>,
}

/// The routes with their documentation.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(list::count))
        .routes(routes!(one::one))
}

pub fn router(app: App) -> Router {
    http::router(routes(), app)
}
