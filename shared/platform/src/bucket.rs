//! A bucket: reads, writes and removes objects. `objects`, `copies`, `versions`, `digest`, `exports`
//! and `erasures` add the requests of one kind of object each.

use aws_sdk_s3::{
    Client, error::SdkError, operation::get_object::GetObjectError, primitives::ByteStream,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use thiserror::Error;

use crate::multipart::Multipart;

/// A bucket, as a function accesses it.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub client: Client,
    pub name: String,
}

/// A bucket request failed or returned an unexpected response.
#[derive(Debug, Error)]
#[error("could not {action}")]
pub struct Error {
    action: &'static str,
    source: Box<dyn std::error::Error + Send + Sync>,
}

/// Adds the attempted action, such as `read the export`, to an error.
pub fn failed_to<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
    action: &'static str,
) -> impl FnOnce(E) -> Error {
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

impl Bucket {
    /// Reads a whole object and its ETag; `None` if it does not exist. 1 request.
    pub async fn get(&self, key: &str) -> Result<Option<(Vec<u8>, String)>, Error> {
        let answer = match self.client.get_object().bucket(&self.name).key(key).send().await {
            Ok(answer) => answer,
            Err(error) if error.as_service_error().is_some_and(GetObjectError::is_no_such_key) => {
                return Ok(None);
            }
            Err(error) => return Err(failed_to("read an object")(error)),
        };
        let etag = answer.e_tag.clone().unwrap_or_default();
        Ok(Some((answer.body.collect().await.map_err(failed_to("read an object"))?.to_vec(), etag)))
    }

    /// Writes an object, over any other. 1 request.
    pub async fn put(&self, key: &str, content_type: &str, body: Vec<u8>) -> Result<(), Error> {
        self.put_over(key, content_type, body, &Precondition::Whatever).await.map(drop)
    }

    /// Writes an object if the condition holds, and returns whether it did. 1 request.
    pub async fn put_over(
        &self,
        key: &str,
        content_type: &str,
        body: Vec<u8>,
        condition: &Precondition,
    ) -> Result<bool, Error> {
        let (matching, none) = condition.conditions();
        let put = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .content_type(content_type)
            .body(ByteStream::from(body));
        let put = put.set_if_match(matching).set_if_none_match(none).send().await;
        Ok(condition.unless_overtaken(put).map_err(failed_to("write an object"))?.is_some())
    }

    /// Begins an object that is written in parts. No request.
    pub fn begin(&self, key: String, content_type: &'static str) -> Multipart<'_> {
        Multipart::to(self, key, content_type)
    }

    /// Removes an object, or one version of it, for example a delete marker. Succeeds if it does
    /// not exist. 1 request.
    pub async fn remove(&self, key: &str, version: Option<&str>) -> Result<(), Error> {
        let delete = self
            .client
            .delete_object()
            .bucket(&self.name)
            .key(key)
            .set_version_id(version.map(str::to_owned));
        delete.send().await.map_err(failed_to("remove an object"))?;
        Ok(())
    }
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

    /// The result of a put with this condition, or `None` if the condition did not hold. S3 responds
    /// 412 if another object is there, 404 if there is none, and 409 if another put runs at the same
    /// time (Amazon S3 User Guide, "Conditional writes").
    #[expect(clippy::result_large_err, reason = "the SDK's own error is passed on")]
    pub fn unless_overtaken<T, E>(
        &self,
        answer: Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<Option<T>, SdkError<E, HttpResponse>> {
        let overtaken = |error: &SdkError<E, HttpResponse>| {
            *self != Self::Whatever
                && error
                    .raw_response()
                    .is_some_and(|raw| matches!(raw.status().as_u16(), 404 | 409 | 412))
        };
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if overtaken(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
