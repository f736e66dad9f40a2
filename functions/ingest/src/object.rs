//! One object in the bucket of recordings: reading it and moving it to quarantine.

use std::ops::Range;

use aws_sdk_s3::{
    error::SdkError,
    operation::head_object::{HeadObjectError, HeadObjectOutput},
    types::ChecksumMode,
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{OrganisationId, RecordingId},
    recording::{Audio, ContentType, Sha256},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use platform::{
    bucket::{Error, failed_to},
    objects::{USER, read_checksum, set_aside, unregistered},
    table::arrival::Arrival,
};

use crate::App;

/// An object as S3 describes it.
#[derive(Debug)]
pub struct Object {
    key: String,
    version: Option<String>,
    /// Bytes.
    pub length: u64,
    /// To the second.
    pub modified_at: DateTime<Utc>,
    /// As S3 has verified it, or as [`Object::digested`] has computed it.
    sha256: Option<Sha256>,
    head: HeadObjectOutput,
}

const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The object at `key` with the checksum that S3 verified; `None` if there is none. 1 request.
pub async fn head(app: &App, key: &str) -> Result<Option<Object>, Error> {
    let head = app
        .objects
        .client
        .head_object()
        .bucket(&app.objects.name)
        .key(key)
        .checksum_mode(ChecksumMode::Enabled);
    let head = match head.send().await {
        Ok(head) => head,
        Err(SdkError::ServiceError(error))
            if matches!(error.err(), HeadObjectError::NotFound(_)) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(failed_to("read the object's metadata")(error)),
    };
    let modified = head.last_modified.and_then(|at| DateTime::from_timestamp(at.secs(), 0));
    Ok(Some(Object {
        key: key.to_owned(),
        version: head.version_id.clone(),
        length: head.content_length.unwrap_or_default().unsigned_abs(),
        modified_at: modified.unwrap_or_else(app.now),
        sha256: head.checksum_sha256().and_then(read_checksum),
        head,
    }))
}

/// Reads a part of the object. 1 request. Fails if it was replaced or S3 returns too many bytes.
pub async fn read(app: &App, object: &Object, range: Range<u64>) -> Result<Vec<u8>, Error> {
    let get = app.objects.client.get_object().bucket(&app.objects.name).key(&object.key);
    let get = get.set_if_match(object.head.e_tag.clone()).range(format!(
        "bytes={}-{}",
        range.start,
        range.end - 1
    ));
    let answer = get.send().await.map_err(failed_to("read the object"))?;
    let length = answer.content_length.and_then(|length| u64::try_from(length).ok());
    if length.is_none_or(|length| length > range.end - range.start) {
        return Err(failed_to("read the object")(format!(
            "{length:?} bytes returned for {range:?}"
        )));
    }
    Ok(answer.body.collect().await.map_err(failed_to("read the object"))?.to_vec())
}

/// Copies the object to a key in quarantine. 1 request.
pub async fn copy_to_quarantine(app: &App, object: &Object, key: String) -> Result<(), Error> {
    let source =
        utf8_percent_encode(&format!("{}/{}", app.objects.name, object.key), PATH).to_string();
    let source = object
        .version
        .as_ref()
        .map_or_else(|| source.clone(), |version| format!("{source}?versionId={version}"));
    let copy = app
        .quarantine
        .client
        .copy_object()
        .bucket(&app.quarantine.name)
        .key(key)
        .copy_source(source);
    copy.send().await.map_err(failed_to("copy the object"))?;
    Ok(())
}

/// Removes the object's copies in quarantine, if there are any. 2 requests.
pub async fn remove_aside(app: &App, object: &Object) -> Result<(), Error> {
    app.quarantine.remove(&object.aside(), None).await?;
    app.quarantine.remove(&unregistered(&object.aside()), None).await
}

/// Removes this version of the object. A later object at the same key stays. 1 request.
pub async fn remove(app: &App, object: &Object) -> Result<(), Error> {
    app.objects.remove(&object.key, object.version.as_deref()).await
}

impl Object {
    /// The key of its copy in quarantine, where the same bytes have one copy.
    pub fn aside(&self) -> String {
        match (self.sha256, &self.version) {
            (Some(sha256), _) => set_aside(&self.key, sha256),
            (None, Some(version)) => format!("{}/{version}", self.key),
            (None, None) => self.key.clone(),
        }
    }

    /// Whether the object has exactly the bytes of that audio, by its length and SHA-256. No
    /// request, or 1 to read it if S3 has no SHA-256 of it.
    pub async fn is(&self, app: &App, audio: &Audio) -> Result<bool, Error> {
        if self.length != audio.length {
            return Ok(false);
        }
        match self.sha256 {
            Some(sha256) => Ok(sha256 == audio.sha256),
            None => {
                Ok(app.objects.digest(&self.key, self.version.as_deref()).await?
                    == Some(audio.sha256))
            }
        }
    }

    /// Whether it was uploaded in parts.
    pub fn is_in_parts(&self) -> bool {
        self.head.checksum_sha256().is_some_and(|checksum| checksum.contains('-'))
    }

    /// The object with its SHA-256. No request, or 1 to read it whole if it was uploaded in parts:
    /// S3 has verified each of them, but not the whole.
    pub async fn digested(self, app: &App) -> Result<Self, Error> {
        if self.sha256.is_some() || !self.is_in_parts() {
            return Ok(self);
        }
        let sha256 = app.objects.digest(&self.key, self.version.as_deref()).await?;
        Ok(Self { sha256, ..self })
    }

    /// The audio that the upload link promised; `None` if the object was not uploaded by one.
    pub fn arrival(&self, organisation: OrganisationId, id: RecordingId) -> Option<Arrival> {
        let user = self.head.metadata()?.get(USER)?.clone().try_into().ok()?;
        let content_type = ContentType::parse(self.head.content_type()?)?;
        let sha256 = self.sha256?;
        Some(Arrival {
            organisation,
            id,
            user,
            audio: Audio { content_type, length: self.length, sha256 },
        })
    }
}
