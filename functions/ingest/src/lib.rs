//! Processes uploaded objects, announced by S3 over SQS: each recording is stored or rejected.
//!
//! Each message is processed on its own: the response names the failed ones, and only those are
//! delivered again. A message that is no S3 event fails until SQS moves it to the dead-letter
//! queue. Events that are repeated, late, out of order or concurrent lead to the same state, and so
//! does a crash after any step: see `arrival`.

mod arrival;
mod measure;
mod object;

use std::convert::Infallible;

use aws_lambda_events::{
    s3::S3Event,
    sqs::{SqsBatchResponse, SqsEvent},
};
use chrono::{DateTime, Utc};
use percent_encoding::percent_decode_str;
use platform::{batch, bucket::Bucket, table::Table};
use serde::Deserialize;
use thiserror::Error;

#[derive(Clone, Debug)]
pub struct App {
    pub table: Table,
    pub objects: Bucket,
    /// The bucket of rejected audio and unregistered objects, which only administrators may save.
    pub quarantine: Bucket,
    pub now: fn() -> DateTime<Utc>,
}

/// Why a message failed.
#[derive(Debug, Error)]
enum Failure {
    #[error("the message is no event of S3's")]
    Poison(#[source] serde_json::Error),
    #[error(transparent)]
    Arrival(#[from] arrival::Error),
}

/// A message from S3: events, or one test when the notification is set up.
#[derive(Deserialize)]
#[serde(untagged)]
enum Notice {
    Objects(S3Event),
    Test {
        #[serde(rename = "Event")]
        event: TestEvent,
    },
}

#[derive(Deserialize)]
enum TestEvent {
    #[serde(rename = "s3:TestEvent")]
    Test,
}

/// Processes a batch, and returns the ids of the messages that failed.
pub async fn handle(app: &App, event: SqsEvent) -> Result<SqsBatchResponse, Infallible> {
    Ok(batch::each(event, |body| async move { take_in(app, &body).await }).await)
}

async fn take_in(app: &App, body: &str) -> Result<(), Failure> {
    let event = match serde_json::from_str(body).map_err(Failure::Poison)? {
        Notice::Objects(event) => event,
        Notice::Test { event: TestEvent::Test } => return Ok(()),
    };
    let mut failed = None;
    for record in event.records {
        let encoded = record.s3.object.key.unwrap_or_default();
        // A failure does not stop the others. When the message is retried, they are already done.
        if let Err(failure) = arrival::take_in(app, &decoded(&encoded)).await {
            failed = failed.or(Some(failure));
        }
    }
    failed.map_or(Ok(()), |failure| Err(failure.into()))
}

/// The key in an event. S3 writes it percent-encoded like a form field, with `+` for a space.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}
