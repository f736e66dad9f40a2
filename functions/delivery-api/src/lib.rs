//! The administrators' settings of the delivery by SFTP (P15, P16): keys and redeliveries.
//!
//! Every request is an audit event, also when it is refused. A change and its event are one commit.

mod drops;
mod keys;
mod public_key;
mod server;

use axum::{
    Router,
    extract::FromRef,
    routing::{delete, get, post},
};
use chrono::{DateTime, Utc};
use platform::{queue::Queue, table::Table};
use utoipa::OpenApi;

pub use server::Server;

/// The function's clients and settings.
#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub queue: Queue,
    pub server: Server,
    pub now: fn() -> DateTime<Utc>,
}

/// This function's part of the API document.
#[derive(OpenApi)]
#[openapi(paths(keys::list, keys::add, keys::remove, drops::list, drops::order))]
pub struct Document;

pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/sftp/keys", get(keys::list).post(keys::add))
        .route("/v1/sftp/keys/{fingerprint}", delete(keys::remove))
        .route("/v1/drops", get(drops::list))
        .route("/v1/drops/{day}", post(drops::order));
    platform::http::with_common_layers(routes.with_state(app))
}
