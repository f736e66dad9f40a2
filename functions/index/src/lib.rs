//! Maintains the postings of words and holds, and the dictionaries of words and numbers.
//!
//! Only the differences between a stream record's two images are written. A record may be repeated,
//! late or out of order. So the current recording is read before any write: only current terms are
//! added, and no current term is removed (`domain::search::Change::still`).
//!
//! A later change has its own record. Lambda delivers the records of one item in sequence, even
//! with other items in parallel (`ParallelizationFactor`).
//!
//! A failure does not stop the later records. The response names the first that failed, and Lambda
//! retries from there. After ten attempts they go to the dead-letter queue.

mod record;

use std::convert::Infallible;

use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use chrono::{DateTime, Utc};
use domain::{
    recording::Recording,
    search::{Change, ends_at},
};
use platform::{
    log::error_chain,
    table::{self, Table},
};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use record::{Record, Step};

#[derive(Clone, Debug)]
pub struct App {
    pub table: Table,
    pub now: fn() -> DateTime<Utc>,
}

/// Records of the table stream, each parsed on its own.
#[derive(Debug, Deserialize)]
pub struct Batch {
    #[serde(rename = "Records")]
    records: Vec<Value>,
}

/// Why a record failed.
#[derive(Debug, Error)]
enum Failure {
    #[error(transparent)]
    Unreadable(#[from] record::Unreadable),
    #[error(transparent)]
    Table(#[from] table::Error),
}

/// Processes a batch and returns the first failed record's number. Without one the batch fails.
pub async fn handle(app: &App, batch: Batch) -> Result<DynamoDbEventResponse, Infallible> {
    let mut answer = DynamoDbEventResponse::default();
    for record in &batch.records {
        if let Err(failure) = take_in(app, record).await {
            let (sequence, recording, error) =
                (record::sequence(record), record::recording(record), error_chain(&failure));
            tracing::error!(sequence, recording, error, "failed");
            let mut failed = DynamoDbBatchItemFailure::default();
            failed.item_identifier = Some(sequence.to_owned());
            if answer.batch_item_failures.is_empty() {
                answer.batch_item_failures.push(failed);
            }
        }
    }
    Ok(answer)
}

async fn take_in(app: &App, record: &Value) -> Result<(), Failure> {
    let Record { organisation, id, step } = Record::read(record)?;
    match step {
        Step::Changed { before: Some(before), after: Some(after) }
            if before.started_at != after.started_at =>
        {
            // All its postings move with its start.
            index(app, Some(&before), None).await?;
            index(app, None, Some(&after)).await?;
        }
        Step::Changed { before, after } => {
            index(app, before.as_deref(), after.as_deref()).await?;
            if let (Some(gone), None) = (before, after) {
                app.table.index().leave(&gone, (app.now)()).await?;
            }
        }
        Step::Expired(Some(gone)) => app.table.index().leave(&gone, (app.now)()).await?,
        Step::Expired(None) => {}
        Step::Named => {
            index(app, None, app.table.index().recording(&organisation, id).await?.as_ref()).await?
        }
    }
    Ok(())
}

/// Indexes the change from `before` to `after`; `None` is a recording that is not registered. Usual
/// cost: none if no word has changed. Otherwise 1 read, 1 write for each 25 words, 1 read for each
/// 100 new words, and 1 write for each word new to the organisation. Removed words cost 1 read for
/// each 100, 1 read each, and 2 requests for each without other uses.
async fn index(
    app: &App,
    before: Option<&Recording>,
    after: Option<&Recording>,
) -> Result<(), table::Error> {
    let Some(of) = before.or(after) else { return Ok(()) };
    let change = Change::between(before, after);
    let end_changed = after.is_some() && before.map(ends_at) != after.map(ends_at);
    let current = match after {
        Some(after) if change.is_empty() => Some(after.clone()),
        _ => app.table.index().recording(&of.organisation, of.id).await?,
    };
    // A recording that was removed and registered with another start has its postings elsewhere.
    let current = current.filter(|current| current.started_at == of.started_at);
    let mut still = change.still(current.as_ref());
    if current.is_none() && before.is_some() && end_changed {
        // It ended meanwhile, and its postings still have the old end: TTL would leave them.
        still.gone.extend(change.put);
    }
    let change = still;
    app.table.index().post(current.as_ref().unwrap_or(of), &change).await?;
    if let Some(current) = &current {
        app.table.index().enter(current, &change.put, end_changed).await?;
    }
    if after.is_some() {
        app.table.index().leave_words(of, &change.gone, (app.now)()).await?; // a removed recording leaves all its terms by `leave`
    }
    Ok(())
}
