//! Repairs discrepancies. Every repair can be repeated.

use std::collections::BTreeSet;

use domain::{
    ids::OrganisationId,
    recording::Recording,
    search::{Change, Posting},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use platform::log::error_chain;
use serde_json::{Value, json};

use crate::{App, Failure};

/// The repair of a discrepancy.
#[derive(Clone, Debug)]
pub enum RepairStep {
    /// Notifies `ingest` of the object at a key.
    Notify(String),
    /// Removes delete markers at a key, and notifies `ingest` of the object below them.
    Unhide { key: String, names: Vec<String> },
    /// Writes and removes postings of a recording.
    Post { recording: Box<Recording>, change: Change },
    /// Removes postings of a recording that does not exist.
    Unpost { at: String, gone: BTreeSet<Posting> },
}

/// The characters of a key that S3 does not encode.
const UNRESERVED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'*');

/// Makes all repairs, and returns the first error after trying each. 1 request for each ten
/// notifications, 1 for each delete marker, 2 or more for each recording with postings.
pub async fn repair(
    app: &App,
    organisation: &OrganisationId,
    repairs: Vec<RepairStep>,
) -> Result<(), Failure> {
    let (mut notifications, mut failed) = (Vec::new(), None);
    for repair in repairs {
        match one(app, organisation, repair).await {
            Ok(notification) => notifications.extend(notification),
            Err(failure) => {
                tracing::error!(%organisation, error = error_chain(&failure), "not repaired");
                failed = failed.or(Some(failure));
            }
        }
    }
    app.ingest.send_all(&notifications).await?;
    failed.map_or(Ok(()), Err)
}

/// Makes one repair. Returns the notification that `ingest` needs.
async fn one(
    app: &App,
    organisation: &OrganisationId,
    repair: RepairStep,
) -> Result<Option<Value>, Failure> {
    match repair {
        RepairStep::Notify(key) => return Ok(Some(created(app, &key))),
        RepairStep::Unhide { key, names } => {
            for name in &names {
                app.objects.remove(&key, Some(name)).await?;
            }
            return Ok(Some(created(app, &key)));
        }
        RepairStep::Post { recording, change } => {
            app.table.index().post(&recording, &change).await?;
            app.table.index().enter(&recording, &change.put, false).await?;
        }
        RepairStep::Unpost { at, gone } => {
            app.table.index().unpost(organisation, &gone, &at).await?
        }
    }
    Ok(None)
}

/// S3's notification of a new object, as far as `ingest` reads it.
fn created(app: &App, key: &str) -> Value {
    let key = utf8_percent_encode(key, UNRESERVED).to_string();
    let s3 = json!({ "s3SchemaVersion": "1.0", "bucket": { "name": app.objects.name }, "object": { "key": key } });
    json!({ "Records": [{
        "eventVersion": "2.1", "eventSource": "aws:s3", "eventName": "ObjectCreated:Put", "eventTime": (app.now)(),
        "userIdentity": {}, "requestParameters": {}, "responseElements": {}, "s3": s3,
    }] })
}
