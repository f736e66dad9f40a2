//! Carries out the administrators' jobs on many recordings: legal holds, changes of the retention,
//! erasures. For the operator, it erases again what a restored table has brought back.
//!
//! A message names a job, not a page. The job's item has the checkpoint, which is written together
//! with each page. So a repeated, late or concurrent message repeats no page, and a retry after a
//! crash continues at the checkpoint. Each page sends a message for the next.

mod again;
mod erasure;
mod hold;
mod recent;
mod retention;

use std::{convert::Infallible, time::Duration};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, Utc};
use platform::{
    batch, bucket,
    queue::{Queue, Unsent},
    removal::{self, Stores},
    table::{
        self, BadItem,
        job::{JobKind, JobMessage, State},
    },
};
use serde::Deserialize;
use thiserror::Error;

pub use again::Again;

/// The function's clients and settings.
#[derive(Clone, Debug)]
pub struct App {
    pub stores: Stores,
    /// The function's own queue, for the next page.
    pub jobs: Queue,
    pub now: fn() -> DateTime<Utc>,
}

/// Why a page failed. Its message is retried.
#[derive(Debug, Error)]
pub enum Failure {
    #[error("the message does not name a job")]
    Poison(#[from] serde_json::Error),
    #[error("the job does not state its recordings")]
    Unclear(#[from] BadItem),
    #[error("could not write the page")]
    Table(#[from] table::Error),
    #[error("could not erase a recording")]
    Removal(#[from] removal::Error),
    #[error("could not store the erasure outside the table")]
    Unremembered(#[from] bucket::Error),
    #[error("could not send the message for the next page")]
    Untold(#[from] Unsent),
    #[error("others keep changing the same recordings")]
    Busy,
}

/// Whether this message's page was the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Last,
    /// More pages remain.
    Done,
}

/// Attempts at a page while others change the same recordings.
const TRIES: usize = 5;

/// Does a page of each job in a batch. Returns the ids of the failed messages.
pub async fn handle(app: &App, event: SqsEvent) -> Result<SqsBatchResponse, Infallible> {
    Ok(batch::each(event, |body| async move { process(app, &body).await }).await)
}

/// The content of a message.
#[derive(Deserialize)]
#[serde(untagged)]
enum Message {
    Page(JobMessage),
    Again(Again),
}

async fn process(app: &App, body: &str) -> Result<(), Failure> {
    let work = match serde_json::from_str(body)? {
        Message::Page(work) => work,
        Message::Again(again) => return again::erase(app, &again).await,
    };
    let table = &app.stores.table;
    // The first message is sent before the job is stored. A job that does not exist now never will.
    let Some(job) = table.jobs().get(&work.organisation, work.kind, work.job, (app.now)()).await?
    else {
        return Ok(());
    };
    let page = match (job.state, &job.what) {
        (State::Placing, JobKind::Hold { criteria: Some(criteria) }) => {
            hold::place(app, &job, criteria).await?
        }
        (State::Lifting, JobKind::Hold { .. }) => hold::lift(app, &job).await?,
        (State::Moving, JobKind::Retention { days, .. }) => {
            retention::change(app, &job, *days).await?
        }
        (State::Erasing, JobKind::Erasure { person: Some(person), .. }) => {
            erasure::erase(app, &job, person).await?
        }
        _ => Page::Last,
    };
    if page == Page::Done {
        app.jobs.send(&work, Duration::ZERO).await?;
    }
    Ok(())
}

impl Page {
    fn before(next: Option<&String>) -> Self {
        if next.is_some() { Self::Done } else { Self::Last }
    }
}
