//! What administrators see of storage and cost: today's usage, the months that were billed, and a preview of the running one (P19, P22–P24).

mod months;
mod shown;
mod usage;

use axum::{Router, extract::FromRef, routing::get};
use chrono::{DateTime, Utc};
use platform::{exports::Exports, table::Table};
use utoipa::OpenApi;

/// What the function works with.
#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub exports: Exports,
    pub now: fn() -> DateTime<Utc>,
}

/// This function's part of the API's document.
#[derive(OpenApi)]
#[openapi(paths(usage::show, months::list, months::show))]
pub struct Document;

pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/usage", get(usage::show))
        .route("/v1/statements", get(months::list))
        .route("/v1/statements/{month}", get(months::show));
    platform::http::dressed(routes.with_state(app))
}
