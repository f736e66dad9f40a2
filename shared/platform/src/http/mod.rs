//! HTTP for all functions: the caller, the request, and the error format.

pub mod budget;
pub mod caller;
pub mod client;
pub mod csv;
pub mod event;
pub mod exchange;
pub mod extract;
pub mod gateway;
pub mod once;
pub mod operation;
pub mod page;
pub mod person;
pub mod problem;
pub mod recording;
pub mod rejection;
pub mod single;
pub mod strict;

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef},
    http::{HeaderName, HeaderValue, header},
    middleware,
    response::Response,
};

use utoipa_axum::router::OpenApiRouter;

use self::{budget::Budgets, caller::Clock};
use crate::table::Table;

pub use budget::{Budget, Limits};
pub use caller::{Admin, Caller, Operator, Person, Principal};
pub use gateway::run;
pub use problem::{Cause, Problem};

/// The most bytes of a request's body.
pub const BODY_AT_MOST: usize = 64 * 1024;

/// Headers of every response: nothing is cached or sniffed, and browsers use TLS alone.
const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000")),
];

/// The router of a function: its routes within the layers that all have in common. They bound the
/// body, write the audit event, charge the budgets, write problems with the request's id, and add
/// the common headers.
pub fn router<S: Clone + Send + Sync + 'static>(routes: OpenApiRouter<S>, app: S) -> Router
where
    Table: FromRef<S>,
    Clock: FromRef<S>,
{
    bounded(routes, app, Bounds::default())
}

/// The bounds of a function's requests.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// The most bytes of a body.
    pub body: usize,
    /// The budgets that pay for them.
    pub budget: Budget,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { body: BODY_AT_MOST, budget: Budget::Requests }
    }
}

/// The same with other bounds.
pub fn bounded<S: Clone + Send + Sync + 'static>(
    routes: OpenApiRouter<S>,
    app: S,
    bounds: Bounds,
) -> Router
where
    Table: FromRef<S>,
    Clock: FromRef<S>,
{
    let table = Table::from_ref(&app);
    let budgets = Budgets::new(table.clone(), Clock::from_ref(&app), bounds.budget);
    let (router, _) = routes.with_state(app).split_for_parts();
    let unknown = || async { Problem::new(Cause::NoSuchRoute) };
    let wrong_method = || async { Problem::new(Cause::WrongMethod) };
    router
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(bounds.body))
        .layer(middleware::from_fn_with_state(table, exchange::finish))
        .layer(middleware::from_fn_with_state(budgets, budget::charge))
        .layer(middleware::from_fn(problem::write))
        .layer(middleware::map_response(with_common_headers))
}

async fn with_common_headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}
