//! Delivers each day's recordings by SFTP (P15, P16).
//!
//! Each morning Scheduler invokes the function, which sends itself a message for every organisation
//! with the service. The message begins yesterday's folder, resumes unfinished folders and removes
//! folders after three days. A folder is *planned* (the day is divided into chunks of some hundred
//! recordings), *copied* (one message for each chunk, many at a time, inside S3) and *finalized*
//! (the index and then the checksums are written from the chunks' parts).
//!
//! Every message can be repeated, late, twice or concurrently. The recordings' times decide what a
//! folder contains. Each chunk is copied once, and only an erasure changes a complete folder.
//!
//! A recording that cannot be delivered delays nothing: the folder is complete in time and names it
//! with the reason. Failed requests to the bucket are retried until 05:45.

mod chunk;
mod copy;
mod finalize;
mod folder;
mod forget;
mod parts;
mod plan;
mod remove;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, Utc};
use domain::{
    delivery::folder::{DeliveryFolder, DueTask, Order, Task, due_tasks},
    ids::OrganisationId,
};
use platform::{
    batch,
    bucket::{self, Bucket},
    log::error_chain,
    queue::{Queue, Unsent},
    table::{self, Table},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The function's clients and settings.
#[derive(Clone, Debug)]
pub struct App {
    pub table: Table,
    pub queue: Queue,
    /// The bucket of recordings.
    pub recordings: Bucket,
    /// The bucket that SFTP serves.
    pub drop: Bucket,
    /// Recordings in a chunk.
    pub rows: usize,
    pub now: fn() -> DateTime<Utc>,
}

/// Recordings in a chunk outside tests: copied in seconds, with 50 times fewer other requests.
pub const ROWS: usize = 500;

/// The events that invoke the function.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Event {
    Messages(SqsEvent),
    /// From Scheduler.
    Morning {
        #[serde(rename = "morning")]
        _at: String,
    },
}

/// The response: the failed messages for the queue, nothing for Scheduler.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Answer {
    Messages(SqsBatchResponse),
    Morning,
}

/// Why a task failed. Its message is retried.
#[derive(Debug, Error)]
enum Failure {
    #[error("the message is not an order")]
    Poison(#[source] serde_json::Error),
    #[error("could not use the table")]
    Table(#[from] table::Error),
    #[error(transparent)]
    Queue(#[from] Unsent),
    #[error(transparent)]
    Bucket(#[from] bucket::Error),
}

/// Handles an event.
///
/// # Errors
/// When not every message could be sent; Scheduler then retries.
pub async fn handle(app: &App, event: Event) -> Result<Answer, lambda_runtime::Error> {
    match event {
        Event::Messages(event) => Ok(Answer::Messages(
            batch::each(event, |body| async move { order(app, &body).await }).await,
        )),
        Event::Morning { .. } => {
            morning(app)
                .await
                .inspect_err(|failure| tracing::error!(error = error_chain(failure), "failed"))?;
            Ok(Answer::Morning)
        }
    }
}

/// Sends a message for every subscriber. 1 request for each MB of their list and for every ten.
async fn morning(app: &App) -> Result<(), Failure> {
    let (mut after, mut count) = (None, 0);
    loop {
        let (subscribers, next) = app.table.sftp().subscribers(after).await?;
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
        Task::Tend { since } => send_due_tasks(app, organisation, since).await,
        Task::Plan { delivery_folder } => plan::plan(app, organisation, delivery_folder).await,
        Task::Copy { delivery_folder, chunk } => {
            copy::copy(app, organisation, delivery_folder, chunk).await
        }
        Task::Finalize { delivery_folder } => {
            finalize::finalize(app, organisation, delivery_folder).await
        }
        Task::Remove { delivery_folder } => {
            remove::remove(app, organisation, delivery_folder).await
        }
        Task::Forget { recording } => forget::forget(app, organisation, recording).await,
    }
}

/// Sends the due tasks of an organisation. 1 query, and 1 request if any task is due.
async fn send_due_tasks(
    app: &App,
    organisation: &OrganisationId,
    since: DateTime<Utc>,
) -> Result<(), Failure> {
    let delivery_folders = app.table.folders().all(organisation).await?;
    let mut orders = Vec::new();
    for due_task in due_tasks((app.now)(), since, &delivery_folders) {
        let task = match due_task {
            DueTask::Begin(day) => {
                Task::Plan { delivery_folder: DeliveryFolder::scheduled(day).name }
            }
            DueTask::Finish(delivery_folder) => {
                tracing::warn!(%organisation, %delivery_folder, "resumed before it is due: recordings that cannot be copied are listed as not delivered");
                Task::Plan { delivery_folder }
            }
            DueTask::Resume(delivery_folder) => {
                tracing::error!(%organisation, %delivery_folder, "not complete in time"); // the alarm delivery-behind counts these lines
                Task::Plan { delivery_folder }
            }
            DueTask::Remove(delivery_folder) => Task::Remove { delivery_folder },
        };
        orders.push(Order { organisation: organisation.clone(), task });
    }
    Ok(app.queue.send_all(&orders).await?)
}
