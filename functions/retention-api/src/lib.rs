//! The administrators' control of retention (P18, P23): legal holds, days, and erasures.
//!
//! The function creates, previews, confirms and shows the jobs that `retention-worker` carries out.
//! Irreversible jobs are previewed first and confirmed with the preview's count. The function also
//! shows the nightly findings. Every request is an audit event, also when it is refused.

mod change;
mod erasures;
mod holds;
mod jobs;
mod missing;

use axum::{
    Router,
    extract::FromRef,
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use platform::{queue::Queue, table::Table};
use utoipa::OpenApi;

/// The function's clients and settings.
#[derive(Clone, Debug, FromRef)]
pub struct App {
    pub table: Table,
    /// The queue of `retention-worker`.
    pub jobs: Queue,
    pub now: fn() -> DateTime<Utc>,
}

/// This function's part of the API document.
#[derive(OpenApi)]
#[openapi(paths(
    holds::place,
    holds::list,
    holds::show,
    holds::lift,
    change::show,
    change::preview,
    change::one,
    change::confirm,
    erasures::preview,
    erasures::list,
    erasures::show,
    erasures::confirm,
    missing::list
))]
pub struct Document;

pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/holds", get(holds::list).post(holds::place))
        .route("/v1/holds/{hold}", get(holds::show).delete(holds::lift))
        .route("/v1/retention", get(change::show).post(change::preview))
        .route("/v1/retention/{change}", get(change::one))
        .route("/v1/retention/{change}/confirm", post(change::confirm))
        .route("/v1/erasures", get(erasures::list).post(erasures::preview))
        .route("/v1/erasures/{erasure}", get(erasures::show))
        .route("/v1/erasures/{erasure}/confirm", post(erasures::confirm))
        .route("/v1/missing", get(missing::list));
    platform::http::with_common_layers(routes.with_state(app))
}
