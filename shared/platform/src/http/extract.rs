//! What a request carries, read so that every refusal has the one shape of an error.

use axum::{
    body::Bytes,
    extract::{
        FromRequest, FromRequestParts, Request,
        rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection},
    },
    http::StatusCode,
};

use serde::de::DeserializeOwned;

use super::{
    problem::{Cause, Problem},
    strict::Strict,
};

/// A JSON body, whose objects are objects: see [`Strict`].
#[derive(Debug)]
pub struct Json<T>(pub T);

/// A body of any type.
#[derive(Debug)]
pub struct Body(pub Bytes);

/// The query string.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub struct Query<T>(pub T);

/// What the path names. A name that cannot be a recording's is that of none.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let axum::Json(Strict(value)) = axum::Json::from_request(request, state).await?;
        Ok(Self(value))
    }
}

impl<S: Send + Sync> FromRequest<S> for Body {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        Ok(Self(Bytes::from_request(request, state).await?))
    }
}

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

impl From<BytesRejection> for Problem {
    fn from(rejection: BytesRejection) -> Self {
        let cause = if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE { Cause::TooLarge } else { Cause::Malformed };
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
