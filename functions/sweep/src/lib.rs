//! Proves each night that nothing is missing: every registered call has its audio, every object its item, every posting its recording, and
//! what is counted is what is there.
//!
//! The scheduler wakes it, and it asks itself over a queue to sweep every organisation. A sweep *looks* (at the rows of the day, at some older
//! ones, at everything in the bucket, at the postings of the day's words, at the usage), holds what it sees against each other
//! (`domain::sweep`), writes down what does not agree, mends what can be mended, and lastly that it is done. What looks like a fault is read
//! again, as it is at that moment, before it is one.
//!
//! What it takes of the table is bounded by the day's recordings; what is left of that goes into older recordings and other words, and the
//! next night goes on where it ended, so that everything comes round. Any step may be the last before a crash: what was found is written down
//! before it is mended, and whoever sweeps the same night again adds to it. A night that is done is not swept again.

mod audio;
mod counts;
mod look;
mod mend;
mod organisation;
mod words;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, Utc};
use domain::ids::OrganisationId;
use platform::{
    batch, bucket,
    log::causes,
    objects::Objects,
    queue::{Queue, Unsent},
    table::{self, Table},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What the function works with.
#[derive(Clone, Debug)]
pub struct App {
    pub table: Table,
    /// The bucket of recordings.
    pub objects: Objects,
    /// Where S3 tells `ingest` of objects.
    pub ingest: Queue,
    /// Its own queue.
    pub queue: Queue,
    pub now: fn() -> DateTime<Utc>,
}

/// What wakes the function.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Event {
    Messages(SqsEvent),
    /// The scheduler, with the time that it was to do so.
    Night {
        night: DateTime<Utc>,
    },
}

/// What it answers: to the scheduler nothing, to the queue which messages failed.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    Messages(SqsBatchResponse),
    Night,
}

/// An organisation to sweep, for the night that the scheduler named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub organisation: OrganisationId,
    pub night: DateTime<Utc>,
}

/// Why a sweep could not be done now: it comes again.
#[derive(Debug, Error)]
enum Failure {
    #[error("the message is no order")]
    Poison(#[source] serde_json::Error),
    #[error("could not use the table")]
    Table(#[from] table::Error),
    #[error(transparent)]
    Bucket(#[from] bucket::Error),
    #[error(transparent)]
    Queue(#[from] Unsent),
}

/// Organisations that are read at once.
const LISTED: i32 = 1000;

/// Does what it is woken for.
///
/// # Errors
/// When not every organisation could be asked for: the scheduler tries again.
pub async fn handle(app: &App, event: Event) -> Result<Answer, lambda_runtime::Error> {
    match event {
        Event::Messages(event) => Ok(Answer::Messages(batch::each(event, |body| async move { order(app, &body).await }).await)),
        Event::Night { night } => {
            fan_out(app, night).await.inspect_err(|failure| tracing::error!(error = causes(failure), "failed"))?;
            Ok(Answer::Night)
        }
    }
}

async fn order(app: &App, body: &str) -> Result<(), Failure> {
    let order: Order = serde_json::from_str(body).map_err(Failure::Poison)?;
    organisation::sweep(app, &order).await
}

/// Has every organisation swept. 1 request for each thousand of them and for every ten.
async fn fan_out(app: &App, night: DateTime<Utc>) -> Result<(), Failure> {
    let (mut after, mut count) = (None, 0);
    loop {
        let listed = app.table.organisations(after.as_ref(), LISTED).await?;
        let Some(last) = listed.last() else {
            tracing::info!(organisations = count, "night");
            return Ok(());
        };
        (after, count) = (Some(last.id.clone()), count + listed.len());
        let orders: Vec<_> = listed.into_iter().map(|listed| Order { organisation: listed.id, night }).collect();
        app.queue.send_all(&orders).await?;
    }
}
