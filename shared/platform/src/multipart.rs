//! An object written in bounded memory: a multipart upload if it exceeds one part.
//!
//! The object does not exist until it is finished. The lifecycle rule `half-sent` removes the rest.

use aws_sdk_s3::{
    primitives::ByteStream,
    types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart},
};
use domain::recording::Sha256;
use serde::Serialize;
use sha2::Digest;

use crate::bucket::{Bucket, Error, Precondition, failed_to};

/// Bytes of a part, the minimum of S3. S3 accepts 10,000 parts: objects of up to 52 GB.
const PART: usize = 5 * 1024 * 1024;

/// An object that is being written.
#[derive(Debug)]
pub struct Multipart<'a> {
    bucket: &'a Bucket,
    key: String,
    content_type: &'static str,
    part: Vec<u8>,
    upload: Option<String>,
    sent: Vec<CompletedPart>,
    hash: sha2::Sha256,
    bytes: u64,
}

/// The size and SHA-256 of a finished object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    pub bytes: u64,
    pub sha256: Sha256,
}

impl<'a> Multipart<'a> {
    /// Begins an object at the key. No request.
    pub(crate) fn to(bucket: &'a Bucket, key: String, content_type: &'static str) -> Self {
        let (part, hash) = (Vec::with_capacity(PART), sha2::Sha256::new());
        Self { bucket, key, content_type, part, upload: None, sent: Vec::new(), hash, bytes: 0 }
    }

    /// Adds bytes. No request, 1 for each part that is full, and 1 more for the first part.
    ///
    /// # Errors
    /// S3 refuses a part. The object cannot be finished after that.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(PART - self.part.len()));
            self.part.extend_from_slice(now);
            rest = later;
            if self.part.len() == PART {
                self.send().await?;
            }
        }
        Ok(())
    }

    /// Completes the object, replacing any object at the key. 1 request; 2 if it was sent in parts.
    ///
    /// # Errors
    /// S3 refuses the object.
    pub async fn finish(self) -> Result<Written, Error> {
        let written = self.finish_over(&Precondition::Whatever).await?;
        written
            .ok_or("S3 refused a condition that was not made")
            .map_err(failed_to("finish an object in parts"))
    }

    /// Completes the object if the condition holds; else `None`. 1 request; 2 if sent in parts.
    ///
    /// # Errors
    /// S3 refuses the object for another reason.
    pub async fn finish_over(mut self, condition: &Precondition) -> Result<Option<Written>, Error> {
        let (matching, none) = condition.conditions();
        let put = if self.upload.is_none() {
            let put = self
                .bucket
                .client
                .put_object()
                .bucket(&self.bucket.name)
                .key(&self.key)
                .content_type(self.content_type);
            let put = put.set_if_match(matching).set_if_none_match(none);
            condition
                .unless_overtaken(put.body(ByteStream::from(self.part)).send().await)
                .map_err(failed_to("write an object in parts"))?
                .is_some()
        } else {
            if !self.part.is_empty() {
                self.send().await?;
            }
            let parts = CompletedMultipartUpload::builder().set_parts(Some(self.sent)).build();
            let complete = self
                .bucket
                .client
                .complete_multipart_upload()
                .bucket(&self.bucket.name)
                .key(self.key)
                .set_upload_id(self.upload);
            let complete = complete.set_if_match(matching).set_if_none_match(none);
            condition
                .unless_overtaken(complete.multipart_upload(parts).send().await)
                .map_err(failed_to("finish an object in parts"))?
                .is_some()
        };
        Ok(put.then(|| Written { bytes: self.bytes, sha256: Sha256(self.hash.finalize().into()) }))
    }

    /// Sends the buffered part.
    async fn send(&mut self) -> Result<(), Error> {
        if self.upload.is_none() {
            let create = self
                .bucket
                .client
                .create_multipart_upload()
                .bucket(&self.bucket.name)
                .key(&self.key)
                .content_type(self.content_type)
                .checksum_algorithm(ChecksumAlgorithm::Crc32);
            self.upload =
                create.send().await.map_err(failed_to("begin an object in parts"))?.upload_id;
        }
        let number =
            i32::try_from(self.sent.len() + 1).map_err(failed_to("write an object in parts"))?;
        let body = ByteStream::from(std::mem::replace(&mut self.part, Vec::with_capacity(PART)));
        let upload = self
            .bucket
            .client
            .upload_part()
            .bucket(&self.bucket.name)
            .key(&self.key)
            .set_upload_id(self.upload.clone());
        let answer = upload
            .part_number(number)
            .body(body)
            .send()
            .await
            .map_err(failed_to("write an object in parts"))?;
        let sent = CompletedPart::builder()
            .part_number(number)
            .set_e_tag(answer.e_tag)
            .set_checksum_crc32(answer.checksum_crc32);
        self.sent.push(sent.build());
        Ok(())
    }
}
