//! Mends what can be mended. Each of these may be done twice.

use std::collections::BTreeSet;

use domain::{
    ids::OrganisationId,
    recording::Recording,
    search::{Change, Posting},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use crate::{App, Failure};

/// What mends a fault.
#[derive(Clone, Debug)]
pub enum Mend {
    /// Tells `ingest` of the object at a key.
    Tell(String),
    /// Takes away delete markers at a key, and tells of what lies beneath.
    Unhide { key: String, names: Vec<String> },
    /// Writes and removes postings of a recording.
    Post { stands: Box<Recording>, change: Change },
    /// Removes postings of a recording that does not exist.
    Unpost { at: String, gone: BTreeSet<Posting> },
}

/// What S3 leaves of a key as it is.
const AS_IT_IS: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'*');

/// Mends all. 1 request for each ten objects that are told of, 1 for each delete marker, 2 or more for each recording with postings.
pub async fn mend(app: &App, organisation: &OrganisationId, mends: Vec<Mend>) -> Result<(), Failure> {
    let mut told = Vec::new();
    for mend in mends {
        match mend {
            Mend::Tell(key) => told.push(created(app, &key)),
            Mend::Unhide { key, names } => {
                for name in &names {
                    app.objects.remove_version(&key, name).await?;
                }
                told.push(created(app, &key));
            }
            Mend::Post { stands, change } => {
                app.table.post(&stands, &change).await?;
                app.table.enter(&stands, &change.put, false).await?;
            }
            Mend::Unpost { at, gone } => app.table.unpost(organisation, &gone, &at).await?,
        }
    }
    Ok(app.ingest.send_all(&told).await?)
}

/// What S3 says of an object that has come, as far as `ingest` reads it.
fn created(app: &App, key: &str) -> Value {
    let key = utf8_percent_encode(key, AS_IT_IS).to_string();
    let s3 = json!({ "s3SchemaVersion": "1.0", "bucket": { "name": app.objects.bucket }, "object": { "key": key } });
    json!({ "Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": (app.now)(),
        "userIdentity": {}, "requestParameters": {}, "responseElements": {}, "s3": s3,
    }] })
}
