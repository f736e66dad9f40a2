//! Extractors whose rejections all have the same error format.

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::request::Parts,
};
use chrono::NaiveDate;
use domain::{
    billing::Month,
    delivery::Day,
    ids::{CallId, ClientId, GroupId, OrderId, OrganisationId, RecordingId, UserId},
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
    exchange::Exchange,
    problem::{Cause, Problem},
    strict::Strict,
};

/// A JSON body whose structs are JSON objects: see [`Strict`].
#[derive(Debug)]
pub struct Json<T>(pub T);

/// The JSON object of a PUT, with every member that the API document requires of `T`.
#[derive(Debug)]
pub struct Complete<T>(pub T);

/// A JSON body as [`Json`]. Halves of surrogate pairs in its texts, which name no character, become
/// the replacement character.
#[derive(Debug)]
pub struct RepairedJson<T>(pub T);

#[derive(Debug)]
pub struct Body(pub Bytes);

#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub struct Query<T>(pub T);

/// The names in the path, which the audit event contains. A malformed one is answered as not found.
#[derive(Debug)]
pub struct Path<T>(pub T);

/// A name in a path.
pub trait Named {
    /// Adds the name to the request's audit event.
    fn name(&self, exchange: &Exchange);
}

impl<T: DeserializeOwned + Named + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let axum::extract::Path(names) =
            axum::extract::Path::<T>::from_request_parts(parts, state).await?;
        names.name(&Exchange::of(&parts.extensions));
        Ok(Self(names))
    }
}

macro_rules! resources {
    ($($name:ty)*) => {$(
        impl Named for $name {
            fn name(&self, exchange: &Exchange) { exchange.about(self) }
        }
    )*};
}

resources! { ClientId Day GroupId Month NaiveDate OrderId UserId }

impl Named for RecordingId {
    fn name(&self, exchange: &Exchange) {
        exchange.on(*self);
    }
}

impl Named for CallId {
    fn name(&self, exchange: &Exchange) {
        exchange.change(|event| event.recording = Some(RecordingId::of(&event.organisation, self)));
    }
}

/// The event is in the organisation's log already.
impl Named for OrganisationId {
    fn name(&self, _: &Exchange) {}
}

/// A text that may not be a name, so the event does not contain it.
impl Named for String {
    fn name(&self, _: &Exchange) {}
}

impl<A: Named, B: Named> Named for (A, B) {
    fn name(&self, exchange: &Exchange) {
        self.0.name(exchange);
        self.1.name(exchange);
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let axum::Json(Strict(value)) = axum::Json::from_request(request, state).await?;
        Ok(Self(value))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for RepairedJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes = Bytes::from_request(Request::from_parts(parts.clone(), body), state).await?;
        let repaired = Request::from_parts(parts, with_whole_characters(&bytes).into());
        Json::from_request(repaired, state).await.map(|Json(value)| Self(value))
    }
}

/// The JSON text with `\ufffd` in place of each `\ud800` to `\udfff` that is no part of a pair.
fn with_whole_characters(json: &[u8]) -> Vec<u8> {
    let unit = |at: usize| {
        let escape = json.get(at..at + 6).filter(|escape| escape.starts_with(b"\\u"))?;
        u16::from_str_radix(std::str::from_utf8(&escape[2..]).ok()?, 16).ok()
    };
    let (mut repaired, mut at) = (json.to_vec(), 0);
    while at < json.len() {
        at += match (unit(at), unit(at + 6)) {
            (Some(0xd800..0xdc00), Some(0xdc00..0xe000)) => 12,
            (Some(0xd800..0xe000), _) => {
                repaired[at + 2..at + 6].copy_from_slice(b"fffd");
                6
            }
            (Some(_), _) => 6,
            (None, _) if json[at] == b'\\' => 2, // an escape of another kind, as of a backslash
            (None, _) => 1,
        };
    }
    repaired
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
        let Json(object): Json<serde_json::Map<String, serde_json::Value>> =
            Json::from_request(again, state).await?;
        complete::<T>(|name| object.contains_key(name))
            .map_err(|missing| Problem::because(Cause::Invalid, missing))?;
        let axum::Json(Strict(value)) = axum::Json::from_bytes(&bytes)?;
        Ok(Self(value))
    }
}

/// The members that a complete representation lacks.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{}; a PUT or an imported line contains every member: null clears one, and PATCH changes some", missing(.0))]
pub struct Incomplete(pub Vec<String>);

fn missing(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("missing {}: {}", if names.len() == 1 { "member" } else { "members" }, names.join(", "))
}

/// Checks that every member which the schema of `T` requires is present.
///
/// # Errors
/// [`Incomplete`] names all missing members.
pub fn complete<T: PartialSchema>(has: impl Fn(&str) -> bool) -> Result<(), Incomplete> {
    let RefOr::T(Schema::Object(object)) = T::schema() else { return Ok(()) };
    let missing: Vec<String> = object.required.into_iter().filter(|name| !has(name)).collect();
    if missing.is_empty() { Ok(()) } else { Err(Incomplete(missing)) }
}

/// A clearable member of a merge patch (RFC 7396): `None` if absent, `Some(None)` if `null`.
pub fn clearable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// A member of a merge patch that cannot be cleared: `None` if absent; `null` is an error.
pub fn not_clearable<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    given(deserializer).map(Some)
}

/// A member that must have a value. (For an enum, serde_json reports `null` as a malformed body.)
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer)?.ok_or_else(|| D::Error::custom("null is not allowed here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_surrogate_pair_becomes_the_replacement_character() {
        for (json, repaired) in [
            (r#""x\ud83d""#, r#""x\ufffd""#),
            (r#""\udc00x\uDBFF""#, r#""\ufffdx\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\ud83d\ude00 å \u00e5""#, r#""\ud83d\ude00 å \u00e5""#),
            (r#""\\ud83d \\\ud83d""#, r#""\\ud83d \\\ufffd""#),
            (r#""\ud83"#, r#""\ud83"#),
            (r#""\u+123\ud8zz""#, r#""\u+123\ud8zz""#),
            ("\\", "\\"),
            ("", ""),
        ] {
            assert_eq!(String::from_utf8_lossy(&with_whole_characters(json.as_bytes())), repaired);
        }
    }
}
