//! The error format of all responses: RFC 9457 problem details.
//!
//! `type` is stable, with one value per cause; clients decide by it. `detail` is for people: the
//! failure, and how to proceed. Internal errors are logged here; a 5xx has a constant text.

use std::error::Error;

use axum::{
    Json,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{caller, recording::Recording};
use crate::{criteria::InvalidFilter, objects::Unsigned, queue::Unsent, table};

/// A request that failed or was refused.
#[derive(Debug)]
pub struct Problem {
    pub cause: Cause,
    detail: Option<String>,
    pointer: Option<String>,
    /// Why a key is not accepted.
    reason: Option<&'static str>,
    /// The current recording, if the caller wanted to edit another version of it.
    current: Option<Box<Recording>>,
    /// Seconds until the next attempt.
    wait: Option<u64>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The body of an error response.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct Body {
    /// The cause; stable.
    #[serde(rename = "type")]
    pub kind: String,
    /// The last part of `type`.
    pub code: &'static str,
    pub title: String,
    pub status: u16,
    /// The failure, and how to proceed.
    pub detail: String,
    /// The member of the request's body that is wrong, as a JSON pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Why a key is not accepted (`key-refused`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// The request's id, to quote in a support case.
    pub request_id: String,
    /// The current recording, if it was edited meanwhile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<Box<Recording>>,
}

macro_rules! causes {
    ($($cause:ident $status:ident $name:literal $title:literal;)*) => {
        /// Why a request failed. Each cause has a stable type, status and title.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Cause { $(#[doc = $title] $cause,)* }

        impl Cause {
            /// The last part of the problem's type.
            pub fn name(self) -> &'static str { match self { $(Self::$cause => $name,)* } }
            pub fn status(self) -> StatusCode { match self { $(Self::$cause => StatusCode::$status,)* } }
            fn title(self) -> &'static str { match self { $(Self::$cause => $title,)* } }
        }
    };
}

causes! {
    Malformed BAD_REQUEST "malformed" "the request cannot be read";
    NotSignedIn UNAUTHORIZED "not-signed-in" "the request carries no valid sign-in";
    UnknownUser FORBIDDEN "unknown-user" "the user or application does not exist in the organisation";
    NotAllowed FORBIDDEN "not-allowed" "the user may not do this";
    RecordingNotActive FORBIDDEN "recording-not-active" "calls of this user are not recorded";
    NotAcknowledged FORBIDDEN "not-acknowledged" "the user has not acknowledged being recorded";
    NoSuchRoute NOT_FOUND "no-such-route" "there is nothing at this address";
    NotFound NOT_FOUND "not-found" "the resource does not exist";
    WrongMethod METHOD_NOT_ALLOWED "wrong-method" "this address does not support this method";
    Erased GONE "erased" "the call's recording was erased";
    OtherCall CONFLICT "other-call" "the call id is taken by another call";
    EditedMeanwhile PRECONDITION_FAILED "edited-meanwhile" "it was edited meanwhile";
    NoVersion PRECONDITION_REQUIRED "no-version" "the request does not state which version it edits";
    NoAudio CONFLICT "no-audio" "the recording has no audio to fetch";
    NoSftp CONFLICT "no-sftp" "the organisation has no key for SFTP";
    TooMany CONFLICT "too-many" "the maximum number is reached";
    DayNotOver CONFLICT "day-not-over" "the day has not been closed yet";
    Changed CONFLICT "changed" "it has been changed meanwhile";
    RemovedUser CONFLICT "removed-user" "the id is a removed user's";
    LastAdministrator CONFLICT "last-administrator" "the organisation would have no administrator";
    NothingToAcknowledge CONFLICT "nothing-to-acknowledge" "there is no activation to acknowledge";
    TooLarge PAYLOAD_TOO_LARGE "too-large" "the request or the recording is too large";
    UnknownType UNSUPPORTED_MEDIA_TYPE "unknown-type" "the content type is not supported";
    Invalid UNPROCESSABLE_ENTITY "invalid" "a value of the request is not valid";
    KeyRefused UNPROCESSABLE_ENTITY "key-refused" "the key is not accepted";
    UnknownMark UNPROCESSABLE_ENTITY "unknown-mark" "the mark is not in the organisation's legend";
    ReasonMissing UNPROCESSABLE_ENTITY "reason-missing" "the organisation requires a reason";
    PastRetention UNPROCESSABLE_ENTITY "past-retention" "the retention is over";
    IdempotencyKeyReused UNPROCESSABLE_ENTITY "idempotency-key-reused" "the idempotency key belongs to another request";
    Repeated CONFLICT "repeated" "the request was sent before";
    Busy TOO_MANY_REQUESTS "busy" "there are too many requests at the moment";
    OverBudget TOO_MANY_REQUESTS "over-budget" "the budget is used up for the moment";
    Internal INTERNAL_SERVER_ERROR "internal" "the service failed";
}

impl Problem {
    pub fn new(cause: Cause) -> Self {
        Self {
            cause,
            detail: None,
            pointer: None,
            reason: None,
            current: None,
            wait: None,
            source: None,
        }
    }

    /// A problem with a detail that is more specific than its title.
    pub fn because(cause: Cause, detail: impl ToString) -> Self {
        Self { detail: Some(detail.to_string()), ..Self::new(cause) }
    }

    /// The same problem, of the member of the body to which the JSON pointer leads.
    pub fn at(self, pointer: Option<String>) -> Self {
        Self { pointer, ..self }
    }

    /// The problem of a key that is not accepted, and why.
    pub fn key_refused(reason: &'static str, detail: impl ToString) -> Self {
        Self { reason: Some(reason), ..Self::because(Cause::KeyRefused, detail) }
    }

    /// The problem of a budget that is used up for so many seconds.
    pub fn over_budget(of: &str, seconds: u64) -> Self {
        let detail =
            format!("{of} has used its units for the moment; wait {seconds} seconds and try again");
        Self { wait: Some(seconds), ..Self::because(Cause::OverBudget, detail) }
    }

    /// The problem of setting a mark that is not in the legend or is retired.
    pub fn unknown_mark() -> Self {
        Self::because(
            Cause::UnknownMark,
            "the mark is not in the organisation's legend, or is retired; GET /v1/marks lists those to choose from",
        )
    }

    /// Whether the caller may not do this, or there is nothing to do it with.
    pub fn is_refusal(&self) -> bool {
        matches!(self.cause, Cause::NotAllowed | Cause::NotFound | Cause::Erased)
    }

    /// An internal error. It is logged with its sources, and the response omits them.
    pub fn internal(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { source: Some(source.into()), ..Self::new(Cause::Internal) }
    }

    /// The problem of editing an old version of a recording, with the current one.
    pub fn edited(current: Recording) -> Self {
        let detail = "someone else edited it; read the current version (`current`) and send your edit with its version in If-Match";
        Self { current: Some(Box::new(current)), ..Self::because(Cause::EditedMeanwhile, detail) }
    }

    /// The member of the body that is wrong, as a JSON pointer (RFC 6901).
    pub fn pointer(&self) -> Option<&str> {
        self.pointer.as_deref()
    }

    /// The text for people. It is constant for failures of the service.
    pub fn detail(&self) -> &str {
        match self.cause {
            Cause::Internal => {
                "it has been logged; try again, and quote the request id if it continues"
            }
            Cause::Busy => "wait a second and try again",
            cause => self.detail.as_deref().unwrap_or(cause.title()),
        }
    }
}

impl From<table::Error> for Problem {
    fn from(error: table::Error) -> Self {
        match error {
            table::Error::Busy => Self::new(Cause::Busy),
            table::Error::Claimed => Self::because(
                Cause::Repeated,
                "the request was sent before and its answer is no longer known; look first",
            ),
            other => Self::internal(other),
        }
    }
}

impl From<InvalidFilter> for Problem {
    fn from(error: InvalidFilter) -> Self {
        match error {
            InvalidFilter::Table(error) => error.into(),
            invalid => Self::because(Cause::Invalid, invalid),
        }
    }
}

impl From<Unsigned> for Problem {
    fn from(error: Unsigned) -> Self {
        Self::internal(error)
    }
}

impl From<Unsent> for Problem {
    fn from(error: Unsent) -> Self {
        Self::internal(error)
    }
}

impl IntoResponse for Problem {
    /// The status, with the problem attached for [`write()`], which knows the request's id.
    fn into_response(self) -> Response {
        let mut response = self.cause.status().into_response();
        response.extensions_mut().insert(std::sync::Arc::new(self));
        response
    }
}

/// Writes a problem as problem+json with the request's id, and logs it once.
pub async fn write(request: Request, next: Next) -> Response {
    let request_id = caller::request_id(request.extensions());
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<std::sync::Arc<Problem>>() else {
        return response;
    };
    log(&problem, &request_id);
    let cause = problem.cause;
    let body = Body {
        kind: format!("urn:kontinuerlig-inspelning:problem:{}", cause.name()),
        code: cause.name(),
        title: cause.title().to_owned(),
        status: cause.status().as_u16(),
        detail: problem.detail().to_owned(),
        pointer: problem.pointer.clone(),
        reason: problem.reason,
        request_id,
        current: problem.current.clone(),
    };
    let headers = std::mem::take(response.headers_mut());
    let mut response = (headers, (cause.status(), Json(body))).into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if cause.status() == StatusCode::TOO_MANY_REQUESTS {
        let seconds = HeaderValue::from(problem.wait.unwrap_or(1));
        response.headers_mut().insert(header::RETRY_AFTER, seconds);
    }
    response
}

fn log(problem: &Problem, request: &str) {
    let cause = problem.cause.name();
    let Some(source) = &problem.source else {
        tracing::info!(cause, request, "refused");
        return;
    };
    let mut chain = source.to_string();
    let mut next = source.source();
    while let Some(error) = next {
        chain.push_str(": ");
        chain.push_str(&error.to_string());
        next = error.source();
    }
    tracing::error!(cause, request, error = chain, "failed");
}
