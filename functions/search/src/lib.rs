//! Finds recordings: `GET /v1/recordings`, `GET /v1/recordings/count`, `GET /v1/recordings/{id}`.

mod asked;
mod file;
mod list;
mod one;
mod request;
mod scope;

use axum::{Router, extract::FromRef, routing::get};
use chrono::{DateTime, Utc};
use platform::table::{Table, keyed_hash::Keys};
use utoipa::OpenApi;

#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub keys: Keys,
    pub now: fn() -> DateTime<Utc>,
}

#[derive(OpenApi)]
#[openapi(paths(list::list, list::count, one::one))]
pub struct Document;

pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/recordings", get(list::list))
        .route("/v1/recordings/count", get(list::count))
        .route("/v1/recordings/{id}", get(one::one));
    platform::http::with_common_layers(routes.with_state(app))
}
