//! The administrators' control of retention (P18, P23): legal holds, days, and erasures.
//!
//! The function creates, previews, confirms and shows the jobs that `retention-worker` carries out.
//! Irreversible jobs are previewed first and confirmed with the preview's count.

mod change;
mod erasures;
mod holds;
mod jobs;

use axum::{Router, extract::FromRef};
use chrono::{DateTime, Utc};
use platform::{http, queue::Queue, table::Table};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The function's clients and settings.
#[derive(Clone, Debug, FromRef)]
pub struct App {
    pub table: Table,
    /// The queue of `retention-worker`.
    pub jobs: Queue,
    pub now: fn() -> DateTime<Utc>,
}

/// The routes with their documentation.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(holds::list, holds::place))
        .routes(routes!(holds::show, holds::lift))
        .routes(routes!(change::show, change::preview))
        .routes(routes!(change::one))
        .routes(routes!(change::confirm))
        .routes(routes!(erasures::list, erasures::preview))
        .routes(routes!(erasures::show))
        .routes(routes!(erasures::confirm))
}

pub fn router(app: App) -> Router {
    http::router(routes(), app)
}
