//! Storage and cost for administrators: usage, billed months and a preview (P19, P22–P24).

mod months;
mod usage;
mod view;

use axum::{Router, extract::FromRef};
use chrono::{DateTime, Utc};
use platform::{bucket::Bucket, http, table::Table};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The function's clients and settings.
#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub exports: Bucket,
    pub now: fn() -> DateTime<Utc>,
}

/// The routes with their documentation.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(usage::show))
        .routes(routes!(months::list))
        .routes(routes!(months::show))
}

pub fn router(app: App) -> Router {
    http::router(routes(), app)
}
