//! What a request carries, read so that every refusal has the one shape of an error.

use axum::{
    extract::{
        FromRequest, FromRequestParts,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::StatusCode,
};

use super::problem::{Cause, Problem};

/// A JSON body.
#[derive(Debug, FromRequest)]
#[from_request(via(axum::Json), rejection(Problem))]
pub struct Json<T>(pub T);

/// The query string.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub struct Query<T>(pub T);

/// What the path names. A name that cannot be a recording's is that of none.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub struct Path<T>(pub T);

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let cause = match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Cause::TooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Cause::UnknownType,
            StatusCode::UNPROCESSABLE_ENTITY => Cause::Invalid,
            _ => Cause::Malformed,
        };
        Self::because(cause, rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::because(Cause::Invalid, rejection.body_text())
    }
}

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        Self::new(Cause::NotFound)
    }
}
