//! Errors and conditions of bucket requests.

use aws_sdk_s3::error::SdkError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use thiserror::Error;

/// A bucket request failed or returned an unexpected response.
#[derive(Debug, Error)]
#[error("could not {action}")]
pub struct Error {
    action: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// Adds the attempted action, such as `read the export`, to an error.
pub fn failed_to<E: Into<Box<dyn std::error::Error + Send + Sync>>>(action: &'static str) -> impl FnOnce(E) -> Error {
    move |error| Error { action, source: error.into() }
}

/// The object that has to exist at a key for a conditional put. Concurrent writers conflict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Precondition {
    /// No condition: the key has one writer, or all its writers put the same bytes.
    Whatever,
    Nothing,
    /// The object with this ETag.
    Object(String),
}

impl Precondition {
    /// The values of `If-Match` and `If-None-Match`.
    pub fn conditions(&self) -> (Option<String>, Option<String>) {
        match self {
            Self::Whatever => (None, None),
            Self::Nothing => (None, Some("*".to_owned())),
            Self::Object(etag) => (Some(etag.clone()), None),
        }
    }
}

/// The result of a conditional put, or `None` if the condition did not hold. S3 responds 412 if
/// another object is there, 404 if there is none, and 409 if another put runs at the same time
/// (Amazon S3 User Guide, "Conditional writes").
#[expect(clippy::result_large_err, reason = "the SDK's own error is passed on")]
pub fn unless_overtaken<T, E>(answer: Result<T, SdkError<E, HttpResponse>>) -> Result<Option<T>, SdkError<E, HttpResponse>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.raw_response().is_some_and(|raw| matches!(raw.status().as_u16(), 404 | 409 | 412)) => Ok(None),
        Err(error) => Err(error),
    }
}
