//! The operator's provisioning (P20): organisations, users, plans, prices and application clients.
//!
//! Every PUT and DELETE can be repeated, and the worker `import` carries out imports. A scope of
//! its own identifies the operator, who has no organisation, recordings or audit log.

mod changes;
mod clients;
mod corrections;
mod credits;
mod import;
mod organisations;
mod prices;
mod users;

use axum::{Router, extract::FromRef};
use chrono::{DateTime, Utc};
use platform::{http, queue::Queue, table::Table};
use utoipa_axum::{router::OpenApiRouter, routes};

/// The function's clients and settings.
#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    /// The queue of the worker `import`.
    pub imports: Queue,
    pub now: fn() -> DateTime<Utc>,
}

/// The routes with their documentation.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(organisations::list))
        .routes(routes!(organisations::show, organisations::put, organisations::patch))
        .routes(routes!(prices::show))
        .routes(routes!(prices::put, prices::void))
        .routes(routes!(prices::show_general))
        .routes(routes!(prices::put_general, prices::void_general))
        .routes(routes!(users::list, import::import))
        .routes(routes!(users::show, users::put, users::patch, users::remove))
        .routes(routes!(users::restore))
        .routes(routes!(corrections::list, corrections::correct))
        .routes(routes!(corrections::void))
        .routes(routes!(credits::credit))
        .routes(routes!(import::show))
        .routes(routes!(import::results))
        .routes(routes!(clients::list))
        .routes(routes!(clients::put, clients::patch, clients::remove))
}

pub fn router(app: App) -> Router {
    http::bounded(routes(), app, http::Bounds { body: import::BODY_AT_MOST, ..Default::default() })
}
