//! Uploads in parts, which continue after an interruption: S3 multipart uploads of a recording.
//!
//! S3 alone knows how far an upload has come, so nothing about it is stored in the table. Each part
//! is signed with its SHA-256, and S3 compares. Ingest compares the SHA-256 of the whole.

use std::collections::BTreeMap;

use aws_sdk_s3::{
    error::SdkError,
    operation::head_object::HeadObjectError,
    types::{
        ChecksumAlgorithm, ChecksumType, CompletedMultipartUpload, CompletedPart, MultipartUpload,
    },
};
use chrono::{DateTime, Utc};
use domain::recording::{Recording, Sha256};

use crate::{
    bucket::{Bucket, Error, Precondition, failed_to},
    objects::{LINK, Link, USER, Unsigned, checksum, key, link, read_checksum, validity},
};

/// A part that S3 has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPart {
    pub length: u64,
    pub sha256: Option<Sha256>,
    etag: Option<String>,
}

/// A part to upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Counted from 1.
    pub number: i32,
    pub length: u64,
    pub sha256: Sha256,
}

const BEGIN: &str = "begin an upload in parts";
const LIST: &str = "list the parts of an upload";
const ABORT: &str = "abort an upload in parts";
const COMPLETE: &str = "complete an upload in parts";

impl Bucket {
    /// The recording's upload in progress, if there is one. 1 request.
    pub async fn upload_in_progress(&self, recording: &Recording) -> Result<Option<String>, Error> {
        let key = key(&recording.organisation, recording.id);
        let list = self.client.list_multipart_uploads().bucket(&self.name).prefix(&key);
        let page = list.send().await.map_err(failed_to(LIST))?;
        let of_key = page.uploads().iter().find(|upload| upload.key() == Some(&key));
        Ok(of_key.and_then(|upload| upload.upload_id().map(str::to_owned)))
    }

    /// Aborts the uploads at exactly this key that began `before` this time, or all, and removes their
    /// parts. S3 reports the time to the second. 1 list, and 1 request for each.
    pub async fn abort_uploads(
        &self,
        key: &str,
        before: Option<DateTime<Utc>>,
    ) -> Result<(), Error> {
        let list = self.client.list_multipart_uploads().bucket(&self.name).prefix(key);
        let page = list.send().await.map_err(failed_to(LIST))?;
        let began_before = |upload: &&MultipartUpload| {
            let began = upload.initiated().map(aws_sdk_s3::primitives::DateTime::secs);
            before.is_none_or(|before| began.is_some_and(|began| began < before.timestamp()))
        };
        let of_key = page.uploads().iter().filter(|upload| upload.key() == Some(key));
        for upload in of_key.filter(began_before) {
            let abort = self
                .client
                .abort_multipart_upload()
                .bucket(&self.name)
                .key(key)
                .set_upload_id(upload.upload_id().map(str::to_owned));
            match abort.send().await {
                Err(error) if error.as_service_error().is_some_and(|e| e.is_no_such_upload()) => {}
                aborted => drop(aborted.map_err(failed_to(ABORT))?),
            }
        }
        Ok(())
    }

    /// Whether an object is at the recording's key. 1 request.
    pub async fn has_audio(&self, recording: &Recording) -> Result<bool, Error> {
        let key = key(&recording.organisation, recording.id);
        match self.client.head_object().bucket(&self.name).key(key).send().await {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error))
                if matches!(error.err(), HeadObjectError::NotFound(_)) =>
            {
                Ok(false)
            }
            Err(error) => Err(failed_to(LIST)(error)),
        }
    }

    /// Begins an upload of the recording in parts, with the type and the user of its link. 1 request.
    pub async fn begin_upload(&self, recording: &Recording) -> Result<String, Error> {
        let create = self
            .client
            .create_multipart_upload()
            .bucket(&self.name)
            .key(key(&recording.organisation, recording.id))
            .content_type(recording.audio.content_type.as_str())
            .metadata(USER, recording.user.to_string())
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .checksum_type(ChecksumType::Composite);
        let created = create.send().await.map_err(failed_to(BEGIN))?;
        created.upload_id.ok_or("an upload without an id").map_err(failed_to(BEGIN))
    }

    /// The parts that S3 has, by number. 1 request: there are fewer than 1,000.
    pub async fn stored_parts(
        &self,
        recording: &Recording,
        upload: &str,
    ) -> Result<BTreeMap<i32, StoredPart>, Error> {
        let key = key(&recording.organisation, recording.id);
        let list = self.client.list_parts().bucket(&self.name).key(key).upload_id(upload);
        let page = list.send().await.map_err(failed_to(LIST))?;
        let parts = page.parts().iter().filter_map(|part| {
            let stored = StoredPart {
                length: part.size().unwrap_or_default().unsigned_abs(),
                sha256: part.checksum_sha256().and_then(read_checksum),
                etag: part.e_tag().map(str::to_owned),
            };
            Some((part.part_number()?, stored))
        });
        Ok(parts.collect())
    }

    /// Signs a link for one part, with its length and SHA-256. No request.
    pub async fn part_link(
        &self,
        recording: &Recording,
        upload: &str,
        part: &Part,
        now: DateTime<Utc>,
    ) -> Result<Link, Unsigned> {
        let length = i64::try_from(part.length).map_err(Unsigned::because)?;
        let put = self
            .client
            .upload_part()
            .bucket(&self.name)
            .key(key(&recording.organisation, recording.id))
            .upload_id(upload)
            .part_number(part.number)
            .content_length(length)
            .checksum_sha256(checksum(&part.sha256));
        let signed = put.presigned(validity(LINK, now)?).await.map_err(Unsigned::because)?;
        Ok(link(&signed, now + LINK))
    }

    /// Joins the parts to the recording's object, unless there is one. Returns whether it did. 1
    /// request.
    pub async fn complete_upload(
        &self,
        recording: &Recording,
        upload: &str,
        parts: &BTreeMap<i32, StoredPart>,
    ) -> Result<bool, Error> {
        let completed = parts.iter().map(|(number, part)| {
            CompletedPart::builder()
                .part_number(*number)
                .set_e_tag(part.etag.clone())
                .set_checksum_sha256(part.sha256.as_ref().map(checksum))
                .build()
        });
        let parts =
            CompletedMultipartUpload::builder().set_parts(Some(completed.collect())).build();
        let (_, none) = Precondition::Nothing.conditions();
        let complete = self
            .client
            .complete_multipart_upload()
            .bucket(&self.name)
            .key(key(&recording.organisation, recording.id))
            .upload_id(upload)
            .set_if_none_match(none)
            .multipart_upload(parts)
            .send()
            .await;
        // Another request has completed it, or the audio came by the other link.
        let completed = Precondition::Nothing.unless_overtaken(complete);
        Ok(completed.map_err(failed_to(COMPLETE))?.is_some())
    }
}
