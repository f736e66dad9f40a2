//! Takes in what was uploaded: S3 says over SQS that an object has come, and the recording becomes stored, or rejected with the reason.
//!
//! Every message stands for itself: one that fails is named in the answer and comes again, the others are done. A message that is no
//! event of S3's fails until SQS sets it aside in the dead-letter queue. Events that come twice, late, in any order or at the same time
//! end in the same state, and so does a crash after any step: see `arrival`.

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
use platform::{batch, objects::Objects, table::Table};
use serde::Deserialize;
use thiserror::Error;

/// What the function works with.
#[derive(Clone, Debug)]
pub struct App {
    pub table: Table,
    pub objects: Objects,
    /// The bucket for what is not served: audio that was rejected, objects that nobody registered.
    pub quarantine: String,
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

/// What S3 puts on the queue: events, or one test when the notification is set up.
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

/// Takes in a batch, and answers with the ids of the messages that failed.
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
        // One that fails stops none of the others; the message comes again, and they find their work done.
        if let Err(failure) = arrival::take_in(app, &decoded(&encoded)).await {
            failed = failed.or(Some(failure));
        }
    }
    failed.map_or(Ok(()), |failure| Err(failure.into()))
}

/// The key that an event names: S3 writes it as a form field, percent-encoded with `+` for a space.
fn decoded(key: &str) -> String {
    percent_decode_str(&key.replace('+', " ")).decode_utf8_lossy().into_owned()
}
