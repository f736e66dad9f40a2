//! Delivers each day's recordings by SFTP (P15, P16).
//!
//! The scheduler wakes it in the morning, and it asks itself over a queue to tend to every organisation that has the service: to begin
//! yesterday's folder, to take up what is not complete at six, to remove what has stayed its three days. A folder is *planned* (the day is
//! cut into spans of some hundred recordings), *copied* (each span by a message of its own, many at a time, inside S3), and *sealed* (the
//! index and then the checksums are written from what the spans left behind).
//!
//! Each message is done as a whole and can be done again, late, twice or at the same time: what a folder holds is decided by the
//! recordings' times alone, a span that is copied is not copied again, and a folder that is complete is not touched any more, but for an erasure.
//!
//! A recording that cannot be delivered stops nothing: the folder is complete in time and names it with the reason. What the bucket fails to do
//! is tried again until a quarter to six, for as long as it may still be done in time.

mod copy;
mod folder;
mod forget;
mod parts;
mod plan;
mod remove;
mod seal;
mod span;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, Utc};
use domain::{
    delivery::issue::{Chore, Issue, Order, Task, chores},
    ids::OrganisationId,
};
use platform::{
    batch, bucket,
    log::causes,
    queue::{Queue, Unsent},
    table::{self, Table},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What the function works with.
#[derive(Clone, Debug)]
pub struct App {
    pub table: Table,
    pub queue: Queue,
    pub s3: aws_sdk_s3::Client,
    /// The bucket of recordings.
    pub recordings: String,
    /// The bucket that SFTP serves.
    pub drop: String,
    /// Recordings of a span.
    pub rows: usize,
    pub now: fn() -> DateTime<Utc>,
}

/// Recordings of a span, unless a test says otherwise: copied in seconds, while what is asked of AWS beside the copies stays below a
/// fiftieth of them.
pub const ROWS: usize = 500;

/// What wakes the function.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Event {
    Messages(SqsEvent),
    /// The scheduler.
    Morning {
        #[serde(rename = "morning")]
        _at: String,
    },
}

/// What it answers: to the scheduler nothing, to the queue which messages failed.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    Messages(SqsBatchResponse),
    Morning,
}

/// Why a task could not be done now: it comes again.
#[derive(Debug, Error)]
enum Failure {
    #[error("the message is no order")]
    Poison(#[source] serde_json::Error),
    #[error("could not use the table")]
    Table(#[from] table::Error),
    #[error(transparent)]
    Queue(#[from] Unsent),
    #[error(transparent)]
    Bucket(#[from] bucket::Error),
}

/// Does what it is woken for.
///
/// # Errors
/// When not every organisation could be asked for: the scheduler tries again.
pub async fn handle(app: &App, event: Event) -> Result<Answer, lambda_runtime::Error> {
    match event {
        Event::Messages(event) => Ok(Answer::Messages(batch::each(event, |body| async move { order(app, &body).await }).await)),
        Event::Morning { .. } => {
            morning(app).await.inspect_err(|failure| tracing::error!(error = causes(failure), "failed"))?;
            Ok(Answer::Morning)
        }
    }
}

/// Has every organisation with the service tended to. 1 request for each MB of their list and for every ten of them.
async fn morning(app: &App) -> Result<(), Failure> {
    let (mut after, mut count) = (None, 0);
    loop {
        let (subscribers, next) = app.table.subscribers(after).await?;
        count += subscribers.len();
        let tend = |subscriber: table::sftp::Subscriber| Order {
            organisation: subscriber.organisation,
            task: Task::Tend { since: subscriber.since },
        };
        app.queue.send_all(&subscribers.into_iter().map(tend).collect::<Vec<_>>()).await?;
        after = next;
        if after.is_none() {
            tracing::info!(organisations = count, "morning");
            return Ok(());
        }
    }
}

async fn order(app: &App, body: &str) -> Result<(), Failure> {
    let order: Order = serde_json::from_str(body).map_err(Failure::Poison)?;
    let organisation = &order.organisation;
    match order.task {
        Task::Tend { since } => tend(app, organisation, since).await,
        Task::Plan { issue } => plan::plan(app, organisation, issue).await,
        Task::Copy { issue, span } => copy::copy(app, organisation, issue, span).await,
        Task::Seal { issue } => seal::seal(app, organisation, issue).await,
        Task::Remove { issue } => remove::remove(app, organisation, issue).await,
        Task::Forget { recording } => forget::forget(app, organisation, recording).await,
    }
}

/// Orders what is to be done for an organisation. 1 query, and 1 request where there is something to do.
async fn tend(app: &App, organisation: &OrganisationId, since: DateTime<Utc>) -> Result<(), Failure> {
    let issues = app.table.issues(organisation).await?;
    let mut orders = Vec::new();
    for chore in chores((app.now)(), since, &issues) {
        let task = match chore {
            Chore::Begin(day) => Task::Plan { issue: Issue::scheduled(day).name },
            Chore::Finish(issue) => {
                tracing::warn!(%organisation, %issue, "taken up before it is due: what cannot be copied is named as not delivered");
                Task::Plan { issue }
            }
            Chore::Resume(issue) => {
                tracing::error!(%organisation, %issue, "not complete in time"); // the alarm drop-behind counts these lines
                Task::Plan { issue }
            }
            Chore::Remove(issue) => Task::Remove { issue },
        };
        orders.push(Order { organisation: organisation.clone(), task });
    }
    Ok(app.queue.send_all(&orders).await?)
}
