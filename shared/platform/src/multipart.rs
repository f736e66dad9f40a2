//! An object that is written as it comes, so that memory does not grow with it: a multipart upload, once it is longer than one part.
//!
//! Until it is finished there is no object. What a crash or a failure leaves half sent is S3's to remove: each bucket that is written so has a
//! lifecycle rule, `half-sent`.

use aws_sdk_s3::{
    Client,
    primitives::ByteStream,
    types::{CompletedMultipartUpload, CompletedPart},
};
use domain::recording::Sha256;
use serde::Serialize;
use sha2::Digest;

use crate::bucket::{Error, Stands, could_not, unless_overtaken};

/// Bytes of a part, the least that S3 takes. It takes 10,000 parts: objects of up to 52 GB.
const PART: usize = 5 * 1024 * 1024;

/// An object under way.
#[derive(Debug)]
pub struct Multipart<'a> {
    client: &'a Client,
    bucket: &'a str,
    key: String,
    content_type: &'static str,
    part: Vec<u8>,
    upload: Option<String>,
    sent: Vec<CompletedPart>,
    hash: sha2::Sha256,
    bytes: u64,
}

/// What was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    pub bytes: u64,
    pub sha256: Sha256,
}

impl<'a> Multipart<'a> {
    /// Begins the object at the key. No request.
    pub fn to(client: &'a Client, bucket: &'a str, key: String, content_type: &'static str) -> Self {
        let (part, hash) = (Vec::with_capacity(PART), sha2::Sha256::new());
        Self { client, bucket, key, content_type, part, upload: None, sent: Vec::new(), hash, bytes: 0 }
    }

    /// Adds bytes. No request; 1 for each part that is full, and 1 more for the first.
    ///
    /// # Errors
    /// When S3 does not take a part. The object cannot be finished then.
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

    /// Puts the object in place, whole, over whatever stands there. 1 request; 2 where it went in parts.
    ///
    /// # Errors
    /// When S3 does not take it.
    pub async fn finish(self) -> Result<Written, Error> {
        let written = self.finish_over(&Stands::Whatever).await?;
        written.ok_or("S3 refused a condition that was not made").map_err(could_not("finish an object in parts"))
    }

    /// Puts the object in place, whole, if that stands there; none if something else does. 1 request; 2 where it went in parts.
    ///
    /// # Errors
    /// When S3 does not take it for another reason.
    pub async fn finish_over(mut self, stands: &Stands) -> Result<Option<Written>, Error> {
        let (matching, none) = stands.conditions();
        let put = if self.upload.is_none() {
            let put = self.client.put_object().bucket(self.bucket).key(&self.key).content_type(self.content_type);
            let put = put.set_if_match(matching).set_if_none_match(none);
            unless_overtaken(put.body(ByteStream::from(self.part)).send().await).map_err(could_not("write an object in parts"))?.is_some()
        } else {
            if !self.part.is_empty() {
                self.send().await?;
            }
            let parts = CompletedMultipartUpload::builder().set_parts(Some(self.sent)).build();
            let complete = self.client.complete_multipart_upload().bucket(self.bucket).key(self.key).set_upload_id(self.upload);
            let complete = complete.set_if_match(matching).set_if_none_match(none);
            unless_overtaken(complete.multipart_upload(parts).send().await).map_err(could_not("finish an object in parts"))?.is_some()
        };
        Ok(put.then(|| Written { bytes: self.bytes, sha256: Sha256(self.hash.finalize().into()) }))
    }

    /// Sends the part that waits.
    async fn send(&mut self) -> Result<(), Error> {
        if self.upload.is_none() {
            let create = self.client.create_multipart_upload().bucket(self.bucket).key(&self.key).content_type(self.content_type);
            self.upload = create.send().await.map_err(could_not("begin an object in parts"))?.upload_id;
        }
        let number = i32::try_from(self.sent.len() + 1).map_err(could_not("write an object in parts"))?;
        let body = ByteStream::from(std::mem::replace(&mut self.part, Vec::with_capacity(PART)));
        let upload = self.client.upload_part().bucket(self.bucket).key(&self.key).set_upload_id(self.upload.clone());
        let answer = upload.part_number(number).body(body).send().await.map_err(could_not("write an object in parts"))?;
        let sent = CompletedPart::builder().part_number(number).set_e_tag(answer.e_tag).set_checksum_crc32(answer.checksum_crc32);
        self.sent.push(sent.build());
        Ok(())
    }
}
