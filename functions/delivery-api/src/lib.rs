//! The administrators' settings of the delivery by SFTP (P15, P16): keys and redeliveries.

mod drops;
mod keys;
mod public_key;
mod server;

use axum::{Router, extract::FromRef};
use chrono::{DateTime, Utc};
use platform::{http, queue::Queue, table::Table};
use utoipa_axum::{router::OpenApiRouter, routes};

pub use server::Server;

/// The function's clients and settings.
#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub queue: Queue,
    pub server: Server,
    pub now: fn() -> DateTime<Utc>,
}

/// The routes with their documentation.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(keys::list, keys::add))
        .routes(routes!(keys::remove))
        .routes(routes!(drops::list))
        .routes(routes!(drops::order))
}

pub fn router(app: App) -> Router {
    http::router(routes(), app)
}
