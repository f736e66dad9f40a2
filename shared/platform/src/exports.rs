//! The bucket of exports: a folder for each closed month.
//!
//! | key | content |
//! |-----|------|
//! | `exports/MONTH/lines.csv`, `exports/MONTH/lines.jsonl` | every line of every organisation |
//! | `exports/MONTH/statements/ORG.json` | what one organisation owes |
//! | `exports/MONTH/SHA256SUMS` | the checksums of all these files |
//! | `exports/MONTH/control.json` | written last; closes the month |

use domain::{billing::Month, ids::OrganisationId};

use crate::{
    bucket::{Bucket, Error},
    multipart::Multipart,
};

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

impl Bucket {
    /// Reads a small file of the month into memory; `None` if it does not exist. 1 request.
    pub async fn read_export(&self, month: Month, file: &str) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.get(&key(month, file)).await?.map(|(bytes, _)| bytes))
    }

    /// Writes a file of the month in one request.
    pub async fn write_export(
        &self,
        month: Month,
        file: &str,
        bytes: Vec<u8>,
    ) -> Result<(), Error> {
        self.put(&key(month, file), content_type(file), bytes).await
    }

    /// Begins a file of the month that is written in parts. No request.
    pub fn begin_export(&self, month: Month, file: &str) -> Multipart<'_> {
        self.begin(key(month, file), content_type(file))
    }
}
