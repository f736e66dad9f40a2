//! Mends what can be mended. Each of these may be done twice.

use std::collections::BTreeSet;

use domain::{
    ids::OrganisationId,
    recording::Recording,
    search::{Change, Posting},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use platform::log::causes;
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

/// Mends all; one that fails stops none of the others, and its error is the answer. 1 request for each ten objects that are told of, 1 for each
/// delete marker, 2 or more for each recording with postings.
pub async fn mend(app: &App, organisation: &OrganisationId, mends: Vec<Mend>) -> Result<(), Failure> {
    let (mut told, mut failed) = (Vec::new(), None);
    for mend in mends {
        match one(app, organisation, mend).await {
            Ok(tell) => told.extend(tell),
            Err(failure) => {
                tracing::error!(%organisation, error = causes(&failure), "not mended");
                failed = failed.or(Some(failure));
            }
        }
    }
    app.ingest.send_all(&told).await?;
    failed.map_or(Ok(()), Err)
}

/// Mends one; answers with what `ingest` is to be told of it.
async fn one(app: &App, organisation: &OrganisationId, mend: Mend) -> Result<Option<Value>, Failure> {
    match mend {
        Mend::Tell(key) => return Ok(Some(created(app, &key))),
        Mend::Unhide { key, names } => {
            for name in &names {
                app.objects.remove_version(&key, name).await?;
            }
            return Ok(Some(created(app, &key)));
        }
        Mend::Post { stands, change } => {
            app.table.post(&stands, &change).await?;
            app.table.enter(&stands, &change.put, false).await?;
        }
        Mend::Unpost { at, gone } => app.table.unpost(organisation, &gone, &at).await?,
    }
    Ok(None)
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
