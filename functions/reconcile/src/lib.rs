//! Verifies each night that nothing is missing: each registered call has its audio, each object its
//! item, each posting its recording, and the usage counts are right.
//!
//! Scheduler invokes the function, which sends itself a message for every organisation. It then
//! reads the day's rows, some older ones, the bucket listing, the postings of the day's words, and
//! the usage. It compares these (`domain::reconcile`), stores the findings, makes the repairs, and
//! marks the night as done. Every candidate is read again before it counts as a discrepancy.
//!
//! The day's recordings limit the reads from the table. The remaining allowance goes to older
//! recordings and other words, where each night continues after the last one, so all are read in
//! turn. Findings are stored before their repair, so a crash loses none, and a retry of the night
//! adds to them. A night that is done is not repeated.
//!
//! A bucket of many millions of objects takes longer than an invocation may. So an invocation lists
//! a number of pages, compares them, and sends itself the ranges of keys that remain.
//!
//! Last, it accounts for every call of the open days: see `completeness`.

mod audio;
mod completeness;
mod counts;
mod look;
mod organisation;
mod progress;
mod repair;
mod words;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, Utc};
use domain::ids::OrganisationId;
use platform::{
    batch,
    bucket::{self, Bucket},
    log::error_chain,
    queue::{Queue, Unsent},
    table::{self, Table},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use progress::Progress;
use progress::Progressed;

/// The function's clients and settings.
#[derive(Clone, Debug)]
pub struct App {
    pub table: Table,
    /// The bucket of recordings.
    pub objects: Bucket,
    /// The bucket of reported calls and statements.
    pub calls: Bucket,
    /// The queue on which S3 notifies `ingest` of objects.
    pub ingest: Queue,
    /// The function's own queue.
    pub queue: Queue,
    /// The share of missing calls, in per cent, above which a day raises an alarm.
    pub missing_percent: f64,
    /// Pages of a bucket's listing that one invocation reads: [`PAGES`].
    pub pages: usize,
    pub now: fn() -> DateTime<Utc>,
}

/// The events that invoke the function.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Event {
    Messages(SqsEvent),
    /// From Scheduler, with the scheduled time.
    Night {
        night: DateTime<Utc>,
    },
}

/// The response: the failed messages for the queue, nothing for Scheduler.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    Messages(SqsBatchResponse),
    Night,
}

/// An organisation to reconcile, for the scheduled night.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    pub organisation: OrganisationId,
    pub night: DateTime<Utc>,
    /// The comparisons of earlier invocations in this night.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
}

/// Pages of 1,000 versions that one invocation lists. At 0.15 s a request and eight at once it takes
/// four of its fifteen minutes.
pub const PAGES: usize = 12_000;

/// Why the reconciliation failed. Its message is retried.
#[derive(Debug, Error)]
enum Failure {
    #[error("the message is not an order")]
    Poison(#[source] serde_json::Error),
    #[error("could not use the table")]
    Table(#[from] table::Error),
    #[error(transparent)]
    Bucket(#[from] bucket::Error),
    #[error(transparent)]
    Queue(#[from] Unsent),
    #[error("could not read or write a line of a statement")]
    Line(#[from] serde_json::Error),
}

/// Organisations on one page.
const LISTED: usize = 1000;

/// Handles an event.
///
/// # Errors
/// When not every message could be sent; Scheduler then retries.
pub async fn handle(app: &App, event: Event) -> Result<Answer, lambda_runtime::Error> {
    match event {
        Event::Messages(event) => Ok(Answer::Messages(
            batch::each(event, |body| async move { order(app, &body).await }).await,
        )),
        Event::Night { night } => {
            fan_out(app, night)
                .await
                .inspect_err(|failure| tracing::error!(error = error_chain(failure), "failed"))?;
            Ok(Answer::Night)
        }
    }
}

async fn order(app: &App, body: &str) -> Result<(), Failure> {
    let order: Order = serde_json::from_str(body).map_err(Failure::Poison)?;
    let last = app.table.findings().state(&order.organisation).await?;
    let is_done = |done: Option<DateTime<Utc>>| done.is_some_and(|night| night >= order.night);
    let (compared, accounted) =
        last.as_ref().map_or((None, None), |last| (Some(last.night), last.accounted));
    // A failure of one does not prevent the other.
    let reconciled = match is_done(compared) {
        true => Ok(Progressed::Done),
        false => organisation::reconcile(app, &order, last).await,
    };
    if matches!(reconciled, Ok(Progressed::Continues)) {
        return Ok(());
    }
    if !is_done(accounted) {
        completeness::account(app, &order.organisation).await?;
        app.table.findings().accounted(&order.organisation, order.night).await?;
    }
    reconciled.map(drop)
}

/// Sends a message for every organisation. 1 request for each thousand of them and for every ten.
async fn fan_out(app: &App, night: DateTime<Utc>) -> Result<(), Failure> {
    let (mut after, mut count) = (None, 0);
    loop {
        let page = app.table.organisations().page(after.as_ref(), LISTED).await?;
        let Some(last) = page.last() else {
            tracing::info!(organisations = count, "night");
            return Ok(());
        };
        (after, count) = (Some(last.id.clone()), count + page.len());
        let orders: Vec<_> = page
            .into_iter()
            .map(|listed| Order { organisation: listed.id, night, progress: None })
            .collect();
        app.queue.send_all(&orders).await?;
    }
}
