//! A file that is written as it comes: parts of a few megabytes go off one by one, and none but the one under way is held.

use aws_sdk_s3::{
    primitives::ByteStream,
    types::{CompletedMultipartUpload, CompletedPart},
};
use domain::billing::Month;
use platform::exports::{Error, Exports, content_type, key};
use serde::Serialize;
use sha2::{Digest, Sha256};

/// Bytes of a part; S3 asks for 5 MiB, and takes 10,000 parts: files up to 60 GB.
const PART: usize = 6 * 1024 * 1024;

/// A file under way.
pub struct File<'a> {
    exports: &'a Exports,
    month: Month,
    name: &'static str,
    upload: Option<String>,
    parts: Vec<CompletedPart>,
    part: Vec<u8>,
    hash: Sha256,
    bytes: u64,
}

/// A file that is there.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    pub name: String,
    pub bytes: u64,
    /// 64 hexadecimal digits.
    pub sha256: String,
}

/// The SHA-256 of `bytes`, in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    hexadecimal(Sha256::digest(bytes).into())
}

fn hexadecimal(hash: [u8; 32]) -> String {
    domain::recording::Sha256(hash).into()
}

impl<'a> File<'a> {
    /// Begins the file `name` of the month. No request.
    pub fn new(exports: &'a Exports, month: Month, name: &'static str) -> Self {
        Self { exports, month, name, upload: None, parts: Vec::new(), part: Vec::with_capacity(PART), hash: Sha256::new(), bytes: 0 }
    }

    /// Adds to the file. No request, or 1 for each part that is full.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (now, later) = rest.split_at(rest.len().min(PART - self.part.len()));
            self.part.extend_from_slice(now);
            rest = later;
            if self.part.len() == PART {
                self.send_part().await?;
            }
        }
        Ok(())
    }

    /// Ends the file: it is there now, whole. 1 request, or 2 where it was sent in parts.
    pub async fn finish(mut self) -> Result<Written, Error> {
        if self.upload.is_none() {
            self.exports.write(self.month, self.name, std::mem::take(&mut self.part)).await?;
        } else {
            if !self.part.is_empty() {
                self.send_part().await?;
            }
            let parts = CompletedMultipartUpload::builder().set_parts(Some(std::mem::take(&mut self.parts))).build();
            let end = self.exports.client.complete_multipart_upload().bucket(&self.exports.bucket).key(key(self.month, self.name));
            let end = end.set_upload_id(self.upload.take()).multipart_upload(parts);
            end.send().await.map_err(|error| Error::because("write", error))?;
        }
        Ok(Written { name: self.name.to_owned(), bytes: self.bytes, sha256: hexadecimal(self.hash.finalize().into()) })
    }

    async fn send_part(&mut self) -> Result<(), Error> {
        let (s3, bucket, object_key) = (&self.exports.client, &self.exports.bucket, key(self.month, self.name));
        let upload = match &self.upload {
            Some(upload) => upload.clone(),
            None => {
                let begin = s3.create_multipart_upload().bucket(bucket).key(&object_key).content_type(content_type(self.name));
                let upload = begin.send().await.map_err(|error| Error::because("begin", error))?.upload_id.unwrap_or_default();
                self.upload.insert(upload).clone()
            }
        };
        let number = i32::try_from(self.parts.len()).unwrap_or(i32::MAX).saturating_add(1);
        let body = ByteStream::from(std::mem::replace(&mut self.part, Vec::with_capacity(PART)));
        let send = s3.upload_part().bucket(bucket).key(object_key).upload_id(upload).part_number(number).body(body);
        let sent = send.send().await.map_err(|error| Error::because("write", error))?;
        let part = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).set_checksum_crc32(sent.checksum_crc32);
        self.parts.push(part.build());
        Ok(())
    }
}
