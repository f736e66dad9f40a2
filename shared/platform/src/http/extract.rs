//! What a request carries, read so that every refusal has the one shape of an error.

use axum::{
    body::Bytes,
    extract::{
        FromRequest, FromRequestParts, Request,
        rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection},
    },
    http::StatusCode,
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error as _},
};
use thiserror::Error;
use utoipa::{
    PartialSchema,
    openapi::{RefOr, Schema},
};

use super::{
    problem::{Cause, Problem},
    strict::Strict,
};

/// A JSON body, whose objects are objects: see [`Strict`].
#[derive(Debug)]
pub struct Json<T>(pub T);

/// A JSON object with every member that the API's document requires of `T`: what a PUT says, whole. Nothing is decided by being left out.
#[derive(Debug)]
pub struct Complete<T>(pub T);

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

impl<S: Send + Sync, T: DeserializeOwned + PartialSchema> FromRequest<S> for Complete<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), state).await?;
        let again = Request::from_parts(parts, bytes.clone().into());
        let Json(object): Json<serde_json::Map<String, serde_json::Value>> = Json::from_request(again, state).await?;
        complete::<T>(|name| object.contains_key(name)).map_err(|missing| Problem::because(Cause::Invalid, missing))?;
        let axum::Json(Strict(value)) = axum::Json::from_bytes(&bytes)?;
        Ok(Self(value))
    }
}

/// Members that a whole representation lacks.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{}; a PUT or an imported line says everything: null clears a member, and PATCH changes some", missing(.0))]
pub struct Incomplete(pub Vec<String>);

fn missing(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("missing {}: {}", if names.len() == 1 { "member" } else { "members" }, names.join(", "))
}

/// Asks that every member is there which the schema of `T` requires.
///
/// # Errors
/// [`Incomplete`] names all that are not.
pub fn complete<T: PartialSchema>(has: impl Fn(&str) -> bool) -> Result<(), Incomplete> {
    let RefOr::T(Schema::Object(object)) = T::schema() else { return Ok(()) };
    let missing: Vec<String> = object.required.into_iter().filter(|name| !has(name)).collect();
    if missing.is_empty() { Ok(()) } else { Err(Incomplete(missing)) }
}

/// A member of a merge patch that can be cleared (RFC 7396): none if it is left out, and none within if it is `null`.
pub fn clearable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A member of a merge patch that has to hold something: none if it is left out; `null` is an error.
pub fn kept<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    given(deserializer).map(Some)
}

/// A member that holds something. (Of a closed set of names, serde_json takes `null` for a body that cannot be read.)
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<T, D::Error> {
    Option::deserialize(deserializer)?.ok_or_else(|| D::Error::custom("null is no value here"))
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
