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

use axum::{
    Router,
    extract::FromRef,
    routing::{get, post, put},
};
use chrono::{DateTime, Utc};
use platform::{queue::Queue, table::Table};
use utoipa::OpenApi;

/// The function's clients and settings.
#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    /// The queue of the worker `import`.
    pub imports: Queue,
    pub now: fn() -> DateTime<Utc>,
}

/// This function's part of the API document.
#[derive(OpenApi)]
#[openapi(paths(
    organisations::list,
    organisations::show,
    organisations::put,
    organisations::patch,
    prices::show,
    prices::put,
    prices::void,
    prices::show_general,
    prices::put_general,
    prices::void_general,
    users::list,
    users::show,
    users::put,
    users::patch,
    users::remove,
    corrections::list,
    users::restore,
    corrections::correct,
    corrections::void,
    credits::credit,
    import::import,
    import::show,
    import::results,
    clients::list,
    clients::put,
    clients::patch,
    clients::remove
))]
pub struct Document;

const USER: &str = "/v1/organisations/{organisation}/users/{user}";

pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/organisations", get(organisations::list))
        .route("/v1/organisations/{organisation}", get(organisations::show).put(organisations::put).patch(organisations::patch))
        .route("/v1/organisations/{organisation}/users/{user}/activations", get(corrections::list).post(corrections::correct))
        .route("/v1/organisations/{organisation}/users/{user}/activations/void", post(corrections::void))
        .route("/v1/organisations/{organisation}/statements/{month}/credits", post(credits::credit))
        .route("/v1/organisations/{organisation}/prices", get(prices::show))
        .route("/v1/organisations/{organisation}/prices/{from}", put(prices::put).delete(prices::void))
        .route("/v1/prices", get(prices::show_general))
        .route("/v1/prices/{from}", put(prices::put_general).delete(prices::void_general))
        .route("/v1/organisations/{organisation}/users", get(users::list).post(import::import))
        .route("/v1/organisations/{organisation}/imports/{import}", get(import::show))
        .route("/v1/organisations/{organisation}/imports/{import}/results", get(import::results))
        .route(USER, get(users::show).put(users::put).patch(users::patch).delete(users::remove))
        .route("/v1/organisations/{organisation}/users/{user}/restore", post(users::restore))
        .route("/v1/organisations/{organisation}/clients", get(clients::list))
        .route("/v1/organisations/{organisation}/clients/{client}", put(clients::put).patch(clients::patch).delete(clients::remove));
    platform::http::bounded(routes.with_state(app), import::BODY_AT_MOST)
}
