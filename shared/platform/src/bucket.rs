//! What a bucket failed to do, as whoever asked it says.

use aws_sdk_s3::error::SdkError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use thiserror::Error;

/// A bucket gave no answer, or another than it should.
#[derive(Debug, Error)]
#[error("could not {deed}")]
pub struct Error {
    deed: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// The error of a `deed` that failed, such as `read the export`.
pub fn could_not<E: Into<Box<dyn std::error::Error + Send + Sync>>>(deed: &'static str) -> impl FnOnce(E) -> Error {
    move |error| Error { deed, source: error.into() }
}

/// What has to stand at a key for an object to be put there: of two who have seen the same and put something else, one is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stands {
    /// Anything or nothing: for what nobody else writes, or everybody writes alike.
    Whatever,
    Nothing,
    /// The object with this ETag.
    Object(String),
}

impl Stands {
    /// The values of `If-Match` and `If-None-Match`.
    pub fn conditions(&self) -> (Option<String>, Option<String>) {
        match self {
            Self::Whatever => (None, None),
            Self::Nothing => (None, Some("*".to_owned())),
            Self::Object(etag) => (Some(etag.clone()), None),
        }
    }
}

/// The answer to a put with a condition; none where the condition did not hold: 412 where something else stands there, 404 where nothing
/// does, 409 where someone else was putting something at the same time (Amazon S3 User Guide, "Conditional writes").
#[expect(clippy::result_large_err, reason = "it is the SDK's own error, handed through")]
pub fn unless_overtaken<T, E>(answer: Result<T, SdkError<E, HttpResponse>>) -> Result<Option<T>, SdkError<E, HttpResponse>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.raw_response().is_some_and(|raw| matches!(raw.status().as_u16(), 404 | 409 | 412)) => Ok(None),
        Err(error) => Err(error),
    }
}
