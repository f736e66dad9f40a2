//! HTTP for all functions: the caller, the request, and the error format.

pub mod caller;
pub mod criteria;
pub mod csv;
pub mod cursor;
pub mod event;
pub mod extract;
pub mod gateway;
pub mod once;
pub mod page;
pub mod person;
pub mod problem;
pub mod recording;
pub mod rejection;
pub mod statement;
pub mod strict;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderName, HeaderValue, header},
    middleware,
    response::Response,
};

pub use caller::{Operator, Principal};
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

/// Adds the layers of every router: a bounded body, problems with the request's id, and the common
/// headers.
pub fn with_common_layers(router: Router) -> Router {
    bounded(router, BODY_AT_MOST)
}

/// Adds the same layers with another bound on the body, in bytes.
pub fn bounded(router: Router, body_at_most: usize) -> Router {
    let unknown = || async { Problem::new(Cause::NoSuchRoute) };
    let wrong_method = || async { Problem::new(Cause::WrongMethod) };
    router
        .fallback(unknown)
        .method_not_allowed_fallback(wrong_method)
        .layer(DefaultBodyLimit::max(body_at_most))
        .layer(middleware::from_fn(problem::write))
        .layer(middleware::map_response(with_common_headers))
}

async fn with_common_headers(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}
