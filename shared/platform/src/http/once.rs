//! Requests that take effect once, however often they are sent: the `Idempotency-Key` header
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! A claim with the response is written in the transaction that has the effect. Of repeated
//! requests, concurrent or after a crash, one takes effect; the others return the claim's response
//! and write no audit event. The header costs 1 write in the transaction, and a repetition 1 read.
//! An import reads the claim first, so that a repetition stores no lines.

use axum::{
    Json,
    body::{Body, Bytes, to_bytes},
    extract::{FromRequest, FromRequestParts, MatchedPath, Request},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{AppendHeaders, IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use domain::ids::OrganisationId;
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest, Sha256};

use super::{
    caller, extract,
    problem::{Cause, Problem},
};
use crate::table::{
    Table,
    claim::{Answer, Claim},
};

pub const HEADER: &str = "idempotency-key";
/// The description of the header in the API document.
pub const ABOUT: &str = "1 to 128 visible ASCII characters that the client chooses, for example a UUID. If the same caller sends the \
                         request again within 24 hours with the same body, it has no second effect and returns the first response. With another \
                         body it is refused (422, idempotency-key-reused).";
/// With these refusals, the caller learns nothing about the first request.
const FORBIDDEN: [StatusCode; 2] = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN];
/// The most characters of a key.
const KEY_AT_MOST: usize = 128;

/// The idempotency key of a request, if it has one.
#[derive(Clone, Debug)]
pub struct Once(Option<Keyed>);

#[derive(Clone, Debug)]
struct Keyed {
    name: String,
    fingerprint: String,
}

/// A JSON body and the request's idempotency key.
#[derive(Debug)]
pub struct OnceJson<T>(pub Once, pub T);

/// A body of any type and the request's idempotency key.
#[derive(Debug)]
pub struct OnceBody(pub Once, pub Bytes);

impl Once {
    /// The claim on this response, to write with the request's effect; `None` without a key.
    pub fn claim(
        &self,
        organisation: &OrganisationId,
        at: DateTime<Utc>,
        status: StatusCode,
        body: &impl Serialize,
    ) -> Result<Option<Claim>, Problem> {
        let Some(Keyed { name, fingerprint }) = self.0.clone() else { return Ok(None) };
        let body = serde_json::to_string(body).map_err(Problem::internal)?;
        let answer = Answer { status: status.as_u16(), body, location: None };
        Ok(Some(Claim { organisation: organisation.clone(), name, fingerprint, answer, at }))
    }

    /// The response, or the first one if the request is a repetition. No request, or 1.
    pub async fn settle(
        &self,
        table: &Table,
        organisation: &OrganisationId,
        now: DateTime<Utc>,
        answer: Result<Response, Problem>,
    ) -> Result<Response, Problem> {
        if self.0.is_none() {
            return answer;
        }
        match &answer {
            Ok(answered) if answered.extensions().get::<HadEffect>().is_some() => return answer,
            // A caller who has lost the permission since does not get the first response.
            Err(problem) if problem.cause.status().is_server_error() || FORBIDDEN.contains(&problem.cause.status()) => return answer,
            _ => {}
        }
        self.repeated(table, organisation, now).await?.map_or(answer, Ok)
    }

    /// The first response, if the request is a repetition. No request, or 1.
    pub async fn repeated(&self, table: &Table, organisation: &OrganisationId, now: DateTime<Utc>) -> Result<Option<Response>, Problem> {
        let Some(keyed) = &self.0 else { return Ok(None) };
        match table.claimed(organisation, &keyed.name, now).await? {
            None => Ok(None),
            Some(claimed) if claimed.fingerprint == keyed.fingerprint => Ok(Some(replay(claimed.answer))),
            Some(_) => Err(Problem::because(
                Cause::IdempotencyKeyReused,
                "the Idempotency-Key was sent with another request within 24 hours; send a new key with a new request",
            )),
        }
    }
}

fn replay(answer: Answer) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let location = answer.location.and_then(|location| HeaderValue::try_from(location).ok());
    let location = AppendHeaders(location.map(|location| (header::LOCATION, location)));
    match answer.body.as_str() {
        "" | "null" => (status, location).into_response(),
        _ => (status, location, [(header::CONTENT_TYPE, "application/json")], answer.body).into_response(),
    }
}

/// The response of a request that took effect, and whose claim was written with it.
pub fn had_effect(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.extensions_mut().insert(HadEffect);
    response
}

/// Marks a response that needs no check for a repetition.
#[derive(Clone, Copy, Debug)]
struct HadEffect;

impl<S: Send + Sync> FromRequestParts<S> for Once {
    type Rejection = Problem;

    /// For a request without a body.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        keyed(parts, &Bytes::new())
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for OnceJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !request.headers().contains_key(HEADER) {
            let extract::Json(body) = extract::Json::from_request(request, state).await?;
            return Ok(Self(Once(None), body));
        }
        let (parts, body) = request.into_parts();
        let bytes = read(body).await?;
        let once = keyed(&parts, &bytes)?;
        let extract::Json(body) = extract::Json::from_request(Request::from_parts(parts, Body::from(bytes)), state).await?;
        Ok(Self(once, body))
    }
}

impl<S: Send + Sync> FromRequest<S> for OnceBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let extract::Body(body) = extract::Body::from_request(Request::from_parts(parts.clone(), body), state).await?;
        Ok(Self(keyed(&parts, &body)?, body))
    }
}

/// The body. API Gateway bounds it here; the function's own bound applies when the JSON is parsed.
async fn read(body: Body) -> Result<Bytes, Problem> {
    to_bytes(body, super::BODY_AT_MOST).await.map_err(|_| Problem::new(Cause::TooLarge))
}

fn keyed(parts: &Parts, body: &Bytes) -> Result<Once, Problem> {
    let Some(key) = key(&parts.headers)? else { return Ok(Once(None)) };
    let operation = parts.extensions.get::<MatchedPath>().map_or_else(|| parts.uri.path(), MatchedPath::as_str);
    let who = caller::who(&parts.extensions).ok_or(Problem::new(Cause::NotSignedIn))?;
    let name = hash(&[who.as_bytes(), parts.method.as_str().as_bytes(), operation.as_bytes(), key.as_bytes()]);
    let fingerprint = hash(&[key.as_bytes(), parts.uri.path().as_bytes(), body]);
    Ok(Once(Some(Keyed { name, fingerprint })))
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut sent = headers.get_all(HEADER).iter();
    let Some(key) = sent.next() else { return Ok(None) };
    let visible = key.to_str().ok().filter(|key| (1..=KEY_AT_MOST).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()));
    match (visible, sent.next()) {
        (Some(key), None) => Ok(Some(key.to_owned())),
        _ => Err(Problem::because(Cause::Invalid, "an Idempotency-Key is sent once and has 1 to 128 visible ASCII characters")),
    }
}

/// A hash of the parts, each with its length, so that no two lists of parts are hashed alike.
fn hash(parts: &[&[u8]]) -> String {
    let mut sha = Sha256::new();
    for part in parts {
        sha.update((part.len() as u64).to_be_bytes());
        sha.update(part);
    }
    BASE64URL_NOPAD.encode(&sha.finalize())
}
