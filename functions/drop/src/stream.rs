//! An object that is written piece by piece, so that memory does not grow with it: in parts once it is longer than one.

use aws_sdk_s3::{
    primitives::ByteStream,
    types::{CompletedMultipartUpload, CompletedPart},
};
use sha2::{Digest, Sha256};

use crate::{App, folder};

/// Bytes of a part: S3 takes 5 MiB and more, and 10,000 parts.
const PART: usize = 5 * 1024 * 1024;

/// An object under way.
#[derive(Debug)]
pub struct Stream<'a> {
    app: &'a App,
    key: String,
    content_type: &'static str,
    waiting: Vec<u8>,
    upload: Option<String>,
    parts: Vec<CompletedPart>,
    hash: Sha256,
}

impl<'a> Stream<'a> {
    pub fn to(app: &'a App, key: String, content_type: &'static str) -> Self {
        Self { app, key, content_type, waiting: Vec::new(), upload: None, parts: Vec::new(), hash: Sha256::new() }
    }

    /// Adds bytes. No request; 1 for each part, and 1 for the first.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), folder::Error> {
        self.hash.update(bytes);
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PART { self.send().await } else { Ok(()) }
    }

    /// Puts the object in place, and answers with the SHA-256 of its bytes. 1 request; 2 where it went in parts. Until then there is none.
    pub async fn finish(mut self) -> Result<domain::recording::Sha256, folder::Error> {
        let hash = domain::recording::Sha256(std::mem::take(&mut self.hash).finalize().into());
        if self.upload.is_none() {
            folder::put(self.app, &self.key, std::mem::take(&mut self.waiting), self.content_type).await?;
            return Ok(hash);
        }
        if !self.waiting.is_empty() {
            self.send().await?;
        }
        let parts = CompletedMultipartUpload::builder().set_parts(Some(std::mem::take(&mut self.parts))).build();
        let complete = self.app.s3.complete_multipart_upload().bucket(&self.app.drop).key(&self.key).set_upload_id(self.upload.take());
        complete.multipart_upload(parts).send().await.map_err(|error| folder::Error::of("write", error))?;
        Ok(hash)
    }

    async fn send(&mut self) -> Result<(), folder::Error> {
        if self.upload.is_none() {
            let begin = self.app.s3.create_multipart_upload().bucket(&self.app.drop).key(&self.key).content_type(self.content_type);
            self.upload = begin.send().await.map_err(|error| folder::Error::of("write", error))?.upload_id;
        }
        let number = i32::try_from(self.parts.len() + 1).unwrap_or(i32::MAX);
        let body = ByteStream::from(std::mem::take(&mut self.waiting));
        let part = self.app.s3.upload_part().bucket(&self.app.drop).key(&self.key).set_upload_id(self.upload.clone());
        let sent = part.part_number(number).body(body).send().await.map_err(|error| folder::Error::of("write", error))?;
        let part = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).set_checksum_crc32(sent.checksum_crc32);
        self.parts.push(part.build());
        Ok(())
    }
}
