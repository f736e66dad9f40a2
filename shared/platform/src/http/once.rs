//! Requests that take effect once, however often they are sent: the `Idempotency-Key` header
//! (draft-ietf-httpapi-idempotency-key-header).
//!
//! A claim with the response is written in the transaction that has the effect. Of repeated
//! requests, concurrent or after a crash, one takes effect; the others return the claim's response
//! and write no audit event. The header costs 1 write in the transaction, and a repetition 1 read.
//! An import reads the claim first, so that a repetition stores no lines.

use axum::{
    body::{Bytes, to_bytes},
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
    caller,
    exchange::Exchange,
    extract,
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
/// The most characters of a key.
const KEY_AT_MOST: usize = 128;

/// The idempotency key of a request.
#[derive(Clone, Debug)]
pub struct Keyed {
    name: String,
    fingerprint: String,
}

/// A request without a body that may have an idempotency key.
#[derive(Debug)]
pub struct Once;

/// A JSON body of a request that may have an idempotency key.
#[derive(Debug)]
pub struct OnceJson<T>(pub T);

/// A body of any type of a request that may have an idempotency key.
#[derive(Debug)]
pub struct OnceBody(pub Bytes);

impl Keyed {
    /// The claim on a response.
    pub fn claim(
        self,
        organisation: OrganisationId,
        at: DateTime<Utc>,
        status: StatusCode,
        body: &impl Serialize,
    ) -> Result<Claim, Problem> {
        let body = serde_json::to_string(body).map_err(Problem::internal)?;
        let answer = Answer { status: status.as_u16(), body, location: None };
        Ok(Claim { organisation, name: self.name, fingerprint: self.fingerprint, answer, at })
    }

    /// The first response, if there is a claim. 1 request.
    pub async fn first_response(
        &self,
        table: &Table,
        organisation: &OrganisationId,
        now: DateTime<Utc>,
    ) -> Result<Option<Response>, Problem> {
        match table.claims().get(organisation, &self.name, now).await? {
            None => Ok(None),
            Some(claimed) if claimed.fingerprint == self.fingerprint => {
                Ok(Some(replay(claimed.answer)))
            }
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
        _ => (status, location, [(header::CONTENT_TYPE, "application/json")], answer.body)
            .into_response(),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Once {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        note_key(parts, &Bytes::new())?;
        Ok(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for OnceJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let bytes =
            to_bytes(body, super::BODY_AT_MOST).await.map_err(|_| Problem::new(Cause::TooLarge))?;
        let again = Request::from_parts(parts.clone(), bytes.clone().into());
        let extract::Json(body) = extract::Json::from_request(again, state).await?;
        note_key(&parts, &bytes)?;
        Ok(Self(body))
    }
}

impl<S: Send + Sync> FromRequest<S> for OnceBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let extract::Body(body) =
            extract::Body::from_request(Request::from_parts(parts.clone(), body), state).await?;
        note_key(&parts, &body)?;
        Ok(Self(body))
    }
}

/// Adds the key to the request's exchange, if there is one.
fn note_key(parts: &Parts, body: &Bytes) -> Result<(), Problem> {
    let Some(key) = key(&parts.headers)? else { return Ok(()) };
    let operation =
        parts.extensions.get::<MatchedPath>().map_or_else(|| parts.uri.path(), MatchedPath::as_str);
    let who = caller::who(&parts.extensions).ok_or(Problem::new(Cause::NotSignedIn))?;
    let name = hash(&[
        who.as_bytes(),
        parts.method.as_str().as_bytes(),
        operation.as_bytes(),
        key.as_bytes(),
    ]);
    let fingerprint = hash(&[key.as_bytes(), parts.uri.path().as_bytes(), body]);
    Exchange::of(&parts.extensions).keyed(Keyed { name, fingerprint });
    Ok(())
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut sent = headers.get_all(HEADER).iter();
    let Some(key) = sent.next() else { return Ok(None) };
    let visible = key.to_str().ok().filter(|key| {
        (1..=KEY_AT_MOST).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic())
    });
    match (visible, sent.next()) {
        (Some(key), None) => Ok(Some(key.to_owned())),
        _ => Err(Problem::because(
            Cause::Invalid,
            "an Idempotency-Key is sent once and has 1 to 128 visible ASCII characters",
        )),
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
