//! Keeps what a search reads beside the recordings: postings of words and holds, and the directories of words and numbers.
//!
//! The table's stream says what became of a recording; what its two images differ in is put or removed, and nothing else. A record may come
//! twice, late or out of order: before anything is written the recording is read as it stands, only what it says now is put, and nothing
//! that it says now is removed (`domain::search::Change::still`).
//!
//! Between that look and the write the recording may change again. Then the change has a record of its own, and Lambda hands the records of
//! one item one after the other, also while it hands those of others at the same time (`ParallelizationFactor`).
//!
//! The records of a batch are taken in order. One that fails stops none of those after it; the first that failed is named. Lambda takes what is
//! before it as done, and hands it and what is after it again, which may come twice. After ten times they lie in the dead-letter queue: by then
//! the others are indexed.

mod record;

use std::convert::Infallible;

use aws_lambda_events::streams::{DynamoDbBatchItemFailure, DynamoDbEventResponse};
use chrono::{DateTime, Utc};
use domain::{
    recording::Recording,
    search::{Change, ends_at},
};
use platform::{
    log::causes,
    table::{self, Table},
};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use record::{Record, Step};

/// What the function works with.
#[derive(Clone, Debug)]
pub struct App {
    pub table: Table,
    pub now: fn() -> DateTime<Utc>,
}

/// Records of the table's stream, each read for itself.
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

/// Takes in a batch, and answers with the sequence number of the first record that failed, if one did. One without a number fails the batch.
pub async fn handle(app: &App, batch: Batch) -> Result<DynamoDbEventResponse, Infallible> {
    let mut answer = DynamoDbEventResponse::default();
    for record in &batch.records {
        if let Err(failure) = take_in(app, record).await {
            let (sequence, recording, error) = (record::sequence(record), record::recording(record), causes(&failure));
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
        Step::Changed { before, after } => {
            index(app, before.as_deref(), after.as_deref()).await?;
            if let (Some(gone), None) = (before, after) {
                app.table.leave(&gone, (app.now)()).await?;
            }
        }
        Step::Expired(Some(gone)) => app.table.leave(&gone, (app.now)()).await?,
        Step::Expired(None) => {}
        Step::Named => index(app, None, app.table.standing_recording(&organisation, id).await?.as_ref()).await?,
    }
    Ok(())
}

/// Indexes the step from `before` to `after`; none is a recording that is not registered. Usual cost: none where no word has changed; else 1
/// read, 1 write for each 25 words, 1 read for each 100 new ones and 1 write for each that the organisation has not said before; of words that
/// an edit takes away 1 read for each 100, 1 read of each, and 2 requests more for each that nothing else says.
async fn index(app: &App, before: Option<&Recording>, after: Option<&Recording>) -> Result<(), table::Error> {
    let Some(of) = before.or(after) else { return Ok(()) };
    let change = Change::between(before, after);
    let kept_otherwise = after.is_some() && before.map(ends_at) != after.map(ends_at);
    let stands = match after {
        Some(after) if change.is_empty() => Some(after.clone()),
        _ => app.table.standing_recording(&of.organisation, of.id).await?,
    };
    // One that was removed and registered with another start has no posting where this one has.
    let stands = stands.filter(|stands| stands.started_at == of.started_at);
    let change = change.still(stands.as_ref());
    app.table.post(stands.as_ref().unwrap_or(of), &change).await?;
    if let Some(stands) = &stands {
        app.table.enter(stands, &change.put, kept_otherwise).await?;
    }
    if after.is_some() {
        app.table.leave_words(of, &change.gone, (app.now)()).await?; // what has gone altogether leaves everything
    }
    Ok(())
}
