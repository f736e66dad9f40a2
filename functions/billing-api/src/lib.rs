//! Storage and cost for administrators: usage, billed months and a preview (P19, P22–P24).

mod months;
mod usage;
mod view;

use axum::{Router, extract::FromRef, routing::get};
use chrono::{DateTime, Utc};
use platform::{exports::Exports, table::Table};
use utoipa::OpenApi;

/// The function's clients and settings.
#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub exports: Exports,
    pub now: fn() -> DateTime<Utc>,
}

/// This function's part of the API document.
#[derive(OpenApi)]
#[openapi(paths(usage::show, months::list, months::show))]
pub struct Document;

pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/usage", get(usage::show))
        .route("/v1/statements", get(months::list))
        .route("/v1/statements/{month}", get(months::show));
    platform::http::with_common_layers(routes.with_state(app))
}
