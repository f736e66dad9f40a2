//! The administrators' functions (P8, P11–P14): users and their rights, activation, recording
//! groups, application clients, and the audit log.
//!
//! A change and its audit event are written in one transaction.

mod activations;
mod audit;
mod clients;
mod groups;
mod members;
mod organisation;
mod users;

use axum::{Router, extract::FromRef};
use chrono::{DateTime, Utc};
use platform::{http, table::Table};
use utoipa_axum::{router::OpenApiRouter, routes};

#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub now: fn() -> DateTime<Utc>,
}

/// The most bytes of a request's body: enough to activate a thousand users with the longest ids.
const BODY_AT_MOST: usize = 128 * 1024;

/// The routes with their documentation.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(organisation::show, organisation::change))
        .routes(routes!(users::list))
        .routes(routes!(users::show, users::change))
        .routes(routes!(activations::of_user))
        .routes(routes!(activations::switch))
        .routes(routes!(groups::list))
        .routes(routes!(groups::show, groups::put, groups::remove))
        .routes(routes!(members::list, members::change))
        .routes(routes!(members::put_supervisor, members::remove_supervisor))
        .routes(routes!(clients::list))
        .routes(routes!(clients::remove))
        .routes(routes!(audit::list))
}

pub fn router(app: App) -> Router {
    http::bounded(routes(), app, http::Bounds { body: BODY_AT_MOST, ..Default::default() })
}
