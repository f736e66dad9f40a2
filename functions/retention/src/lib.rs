//! What administrators order about how long recordings are kept (P18, P23): legal holds, the organisation's days, and erasures.
//!
//! An order is an item, which `keep` carries out page by page; here it is placed, previewed, confirmed and shown. What cannot be undone is
//! previewed first, and confirmed with the count that the preview gave. What the nightly sweep found is shown here, too. Every request is an
//! audit event, done or refused.

mod change;
mod erasures;
mod holds;
mod missing;
mod told;

use axum::{
    Router,
    extract::FromRef,
    routing::{get, post},
};
use chrono::{DateTime, Utc};
use platform::{queue::Queue, table::Table};
use utoipa::OpenApi;

/// What the function works with.
#[derive(Clone, Debug, FromRef)]
pub struct App {
    pub table: Table,
    /// What tells `keep` of an order.
    pub orders: Queue,
    pub now: fn() -> DateTime<Utc>,
}

/// This function's part of the API's document.
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
    platform::http::dressed(routes.with_state(app))
}
