//! Whether every call is accounted for: reports of the operator's switch, the totals and statement
//! of each day, explanations of missing calls, and the findings of the nightly reconciliation.
//!
//! The function stores and shows; `reconcile` compares.

mod days;
mod explanations;
mod missing;
mod reports;
mod statement;

use axum::{Router, extract::FromRef};
use chrono::{DateTime, Utc};
use platform::{bucket::Bucket, http, table::Table};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The function's clients and settings.
#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    /// The bucket of reported calls and statements.
    pub calls: Bucket,
    pub now: fn() -> DateTime<Utc>,
}

/// The routes with their documentation.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(reports::report))
        .routes(routes!(days::list))
        .routes(routes!(days::show))
        .routes(routes!(statement::list))
        .routes(routes!(explanations::explain))
        .routes(routes!(missing::list))
}

pub fn router(app: App) -> Router {
    http::bounded(routes(), app, http::Bounds { body: reports::BODY_AT_MOST, ..Default::default() })
}
