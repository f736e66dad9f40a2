//! The bucket of exports: a folder for each closed month.
//!
//! | key | content |
//! |-----|------|
//! | `exports/MONTH/lines.csv`, `exports/MONTH/lines.jsonl` | every line of every organisation |
//! | `exports/MONTH/statements/ORG.json` | what one organisation owes |
//! | `exports/MONTH/SHA256SUMS` | the checksums of all these files |
//! | `exports/MONTH/control.json` | written last; closes the month |

use aws_sdk_s3::{Client, error::SdkError, operation::get_object::GetObjectError, primitives::ByteStream};
use domain::{billing::Month, ids::OrganisationId};

use crate::{
    bucket::{Error, failed_to},
    multipart::Multipart,
};

/// The bucket of exports.
#[derive(Clone, Debug)]
pub struct Exports {
    pub client: Client,
    pub bucket: String,
}

/// The key of a file of the month.
pub fn key(month: Month, file: &str) -> String {
    format!("exports/{month}/{file}")
}

/// The name of an organisation's statement within its month.
pub fn statement(organisation: &OrganisationId) -> String {
    format!("statements/{organisation}.json")
}

/// The content type of a file, by its extension.
pub fn content_type(file: &str) -> &'static str {
    match file.rsplit_once('.') {
        Some((_, "csv")) => "text/csv; charset=utf-8",
        Some((_, "json")) => "application/json",
        Some((_, "jsonl")) => "application/x-ndjson",
        _ => "text/plain; charset=utf-8",
    }
}

impl Exports {
    /// Reads a small file of the month into memory; `None` if it does not exist. 1 request.
    pub async fn read(&self, month: Month, file: &str) -> Result<Option<Vec<u8>>, Error> {
        let answer = match self.client.get_object().bucket(&self.bucket).key(key(month, file)).send().await {
            Ok(answer) => answer,
            Err(SdkError::ServiceError(error)) if matches!(error.err(), GetObjectError::NoSuchKey(_)) => return Ok(None),
            Err(error) => return Err(failed_to("read the export")(error)),
        };
        let body = answer.body.collect().await.map_err(failed_to("read the export"))?;
        Ok(Some(body.to_vec()))
    }

    /// Writes a file of the month in one request.
    pub async fn write(&self, month: Month, file: &str, bytes: Vec<u8>) -> Result<(), Error> {
        let put = self.client.put_object().bucket(&self.bucket).key(key(month, file)).content_type(content_type(file));
        put.body(ByteStream::from(bytes)).send().await.map_err(failed_to("write the export"))?;
        Ok(())
    }

    /// Begins a file of the month that is written in parts. No request.
    pub fn begin(&self, month: Month, file: &str) -> Multipart<'_> {
        Multipart::to(&self.client, &self.bucket, key(month, file), content_type(file))
    }
}
