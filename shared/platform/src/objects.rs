//! The buckets of audio: keys and presigned links.
//!
//! A key contains organisation and recording, so an event about an object names its recording, and
//! a redelivered event finds that its work is done.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_s3::presigning::{PresignedRequest, PresigningConfig};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64;
use domain::{
    ids::{OrganisationId, RecordingId},
    recording::{Recording, Sha256},
};
use thiserror::Error;

use crate::bucket::Bucket;

/// The longest lifetime of a link.
pub const LINK: TimeDelta = TimeDelta::minutes(15);
/// The object metadata that names the recorded user.
pub const USER: &str = "user";
pub(crate) const PREFIX: &str = "recordings";
/// The prefix in quarantine of content that nobody has registered.
pub const UNREGISTERED: &str = "unregistered";

/// A link could not be signed.
#[derive(Debug, Error)]
#[error("could not sign a link")]
pub struct Unsigned(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Unsigned {
    pub(crate) fn because(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }
}

/// A presigned request, valid until `expires_at` for exactly this method and these headers.
#[derive(Debug)]
pub struct Link {
    pub method: String,
    pub url: String,
    pub headers: BTreeMap<String, String>,
    pub expires_at: DateTime<Utc>,
}

pub fn key(organisation: &OrganisationId, id: RecordingId) -> String {
    format!("{PREFIX}/{organisation}/{id}")
}

/// The key in quarantine of content that was set aside for a recording: one copy of the same bytes.
pub fn set_aside(key: &str, sha256: Sha256) -> String {
    format!("{key}/{}", String::from(sha256))
}

/// The key in quarantine of content that nobody has registered. A rule of the bucket's lifecycle removes
/// what is under [`UNREGISTERED`]; the rest is removed with its recording.
pub fn unregistered(set_aside: &str) -> String {
    format!("{UNREGISTERED}/{set_aside}")
}

/// The organisation and recording that a key names; `None` if it names none.
pub fn owner(key: &str) -> Option<(OrganisationId, RecordingId)> {
    let rest = key.strip_prefix(PREFIX)?.strip_prefix('/')?;
    let (organisation, id) = rest.split_once('/')?;
    Some((organisation.to_owned().try_into().ok()?, id.to_owned().try_into().ok()?))
}

/// A SHA-256 in base64, as S3 writes it.
pub fn checksum(hash: &Sha256) -> String {
    BASE64.encode(&hash.0)
}

/// Reads a SHA-256 that S3 wrote.
pub fn read_checksum(text: &str) -> Option<Sha256> {
    BASE64.decode(text.as_bytes()).ok()?.try_into().ok().map(Sha256)
}

impl Bucket {
    /// Signs a PUT link with length, type, SHA-256 and `If-None-Match: *`. No request.
    pub async fn upload_link(
        &self,
        recording: &Recording,
        now: DateTime<Utc>,
    ) -> Result<Link, Unsigned> {
        let put = self
            .client
            .put_object()
            .bucket(&self.name)
            .key(key(&recording.organisation, recording.id))
            .content_length(
                i64::try_from(recording.audio.length).map_err(|error| Unsigned(error.into()))?,
            )
            .content_type(recording.audio.content_type.as_str())
            .checksum_sha256(checksum(&recording.audio.sha256))
            .if_none_match("*")
            .metadata(USER, recording.user.to_string());
        let signed =
            put.presigned(validity(LINK, now)?).await.map_err(|error| Unsigned(error.into()))?;
        Ok(link(&signed, now + LINK))
    }

    /// Signs a link to play or save (`file_name`) the audio until its expiry at most. No request.
    pub async fn listening_link(
        &self,
        recording: &Recording,
        file_name: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Link, Unsigned> {
        let lifetime = lifetime(recording, now);
        let disposition = file_name
            .map_or_else(|| "inline".to_owned(), |name| format!("attachment; filename=\"{name}\""));
        let get = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(key(&recording.organisation, recording.id))
            .response_content_type(recording.audio.content_type.as_str())
            .response_content_disposition(disposition);
        let signed = get
            .presigned(validity(lifetime, now)?)
            .await
            .map_err(|error| Unsigned(error.into()))?;
        Ok(link(&signed, now + lifetime))
    }
}

impl Bucket {
    /// Signs a link to save the content in quarantine that was rejected for a recording; `None` if it
    /// is not there. 1 request.
    pub async fn set_aside_link(
        &self,
        recording: &Recording,
        file_name: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Link>, Unsigned> {
        let key = key(&recording.organisation, recording.id);
        let key = set_aside(&key, recording.audio.sha256);
        if self.client.head_object().bucket(&self.name).key(&key).send().await.is_err() {
            return Ok(None);
        }
        let get = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(key)
            .response_content_type("application/octet-stream")
            .response_content_disposition(format!("attachment; filename=\"{file_name}\""));
        let lifetime = lifetime(recording, now);
        let signed = get.presigned(validity(lifetime, now)?).await;
        Ok(Some(link(&signed.map_err(|error| Unsigned(error.into()))?, now + lifetime)))
    }
}

/// How long a link to the recording's content is valid: never after its expiry.
fn lifetime(recording: &Recording, now: DateTime<Utc>) -> TimeDelta {
    if recording.held_since.is_some() { LINK } else { LINK.min(recording.expires_at - now) }
}

pub(crate) fn validity(
    lifetime: TimeDelta,
    now: DateTime<Utc>,
) -> Result<PresigningConfig, Unsigned> {
    let lifetime = Duration::from_secs(lifetime.num_seconds().max(1).unsigned_abs());
    let config = PresigningConfig::builder().start_time(now.into()).expires_in(lifetime).build();
    config.map_err(|error| Unsigned(error.into()))
}

pub(crate) fn link(signed: &PresignedRequest, expires_at: DateTime<Utc>) -> Link {
    // The SDK lists a trace header that it does not sign. S3 would refuse a request with it.
    let headers = signed.headers().filter(|(name, _)| *name != "x-amzn-trace-id");
    Link {
        method: signed.method().to_owned(),
        url: signed.uri().to_owned(),
        headers: headers.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        expires_at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_names_no_recording_has_no_owner() {
        let id = RecordingId::from_bytes([7; 16]);
        assert!(owner(&format!("recordings/demo/{id}")).is_some());
        for key in [
            format!("recordings/../{id}x"),
            format!("other/demo/{id}"),
            format!("recordings/demo/{id}/x"),
            "recordings/".to_owned(),
        ] {
            assert_eq!(owner(&key), None, "{key}");
        }
    }
}
