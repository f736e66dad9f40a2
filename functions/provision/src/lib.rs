//! What the operator provisions (P20): organisations, their users and plans, what they pay, and the
//! applications they let in.
//!
//! Made for a provisioning system: every PUT and DELETE may be sent again without harm, and an import answers line by line. The operator
//! belongs to no organisation, is told so by a scope of its own, and reaches no recording and no audit log.

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
use platform::table::Table;
use utoipa::OpenApi;

/// What the function works with.
#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub now: fn() -> DateTime<Utc>,
}

/// This function's part of the API's document.
#[derive(OpenApi)]
#[openapi(paths(
    organisations::show,
    organisations::put,
    prices::show,
    prices::put,
    prices::void,
    prices::show_general,
    prices::put_general,
    prices::void_general,
    users::show,
    users::put,
    users::remove,
    corrections::list,
    corrections::correct,
    corrections::void,
    credits::credit,
    import::import,
    clients::put,
    clients::remove
))]
pub struct Document;

pub fn router(app: App) -> Router {
    let routes = Router::new()
        .route("/v1/organisations/{organisation}", get(organisations::show).put(organisations::put))
        .route("/v1/organisations/{organisation}/users/{user}/activations", get(corrections::list).post(corrections::correct))
        .route("/v1/organisations/{organisation}/users/{user}/activations/void", post(corrections::void))
        .route("/v1/organisations/{organisation}/statements/{month}/credits", post(credits::credit))
        .route("/v1/organisations/{organisation}/prices", get(prices::show))
        .route("/v1/organisations/{organisation}/prices/{from}", put(prices::put).delete(prices::void))
        .route("/v1/prices", get(prices::show_general))
        .route("/v1/prices/{from}", put(prices::put_general).delete(prices::void_general))
        .route("/v1/organisations/{organisation}/users", post(import::import))
        .route("/v1/organisations/{organisation}/users/{user}", get(users::show).put(users::put).delete(users::remove))
        .route("/v1/organisations/{organisation}/clients/{client}", put(clients::put).delete(clients::remove));
    platform::http::bounded(routes.with_state(app), import::BODY_AT_MOST)
}
