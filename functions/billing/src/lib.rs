//! Closes days and months: each organisation's daily usage, and finance's export (P19, P22–P24).
//!
//! Scheduler runs the day task after each midnight and the month task on the 1st. Both can be
//! invoked at any time: they continue where they were interrupted, and a repetition changes
//! nothing. If an organisation fails, the function does the others, then fails and is retried.

mod all;
mod day;
mod export;
mod lines;
mod warning;

use chrono::{DateTime, Days, Utc};
use domain::billing::{InvalidMonth, Month, today};
use platform::{
    bucket::{self, Bucket},
    log::error_chain,
    table::{self, Table},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use day::Days as ClosedDays;
pub use export::Export;
pub use lines::{COLUMNS, InvalidSeparator, Separator};
pub use warning::Warnings;

/// The function's clients and settings.
#[derive(Clone, Debug)]
pub struct App {
    pub table: Table,
    pub exports: Bucket,
    pub warnings: Warnings,
    pub separator: Separator,
    pub now: fn() -> DateTime<Utc>,
}

/// The task to perform.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "task", rename_all = "lowercase", deny_unknown_fields)]
pub enum Task {
    /// Closes all days before the day of `at`, which is now by default.
    Day { at: Option<DateTime<Utc>> },
    /// Exports `month`, by default the month before the month of `at`.
    Month { at: Option<DateTime<Utc>>, month: Option<String> },
}

/// The result of a task.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Done {
    Days(ClosedDays),
    Export(Export),
}

/// Why a task failed, entirely or for some organisations.
#[derive(Debug, Error)]
pub enum Error {
    #[error("could not use the table")]
    Table(#[from] table::Error),
    #[error(transparent)]
    Bucket(#[from] bucket::Error),
    #[error("could not warn of {0}'s storage")]
    Warning(String, #[source] Box<dyn std::error::Error + Send + Sync>),
    #[error(transparent)]
    Month(#[from] InvalidMonth),
    #[error("the month {0} is not over: it can be exported after its end")]
    NotOver(Month),
    #[error("{failed} organisations failed, the first of them {first}: try again")]
    Failed { failed: usize, first: String },
    #[error(
        "{month} is exported without {missing} organisations, the first of them {first}: repair what cannot be read, and export again"
    )]
    Missing { month: Month, missing: usize, first: String },
    #[error("another export of {0} differs: compare its control.json with the lines")]
    Otherwise(Month),
    #[error("could not write a line")]
    Line(#[from] csv::Error),
    #[error("could not write a statement")]
    Statement(#[from] serde_json::Error),
    #[error("a task was aborted")]
    Ended(#[from] tokio::task::JoinError),
}

/// Performs the task. A failure is logged and returned to the caller.
pub async fn handle(app: &App, task: Task) -> Result<Done, String> {
    perform(app, task).await.map_err(|error| {
        let message = error_chain(&error);
        tracing::error!(error = message, "failed");
        message
    })
}

/// Performs the task and returns the error itself.
pub async fn perform(app: &App, task: Task) -> Result<Done, Error> {
    let now = (app.now)();
    match task {
        Task::Day { at } => {
            let yesterday = today(at.unwrap_or(now).min(now)) - Days::new(1);
            Ok(Done::Days(day::close(app, yesterday).await?))
        }
        Task::Month { at, month } => {
            let before = || Month::of(today(at.unwrap_or(now))).previous();
            let month = month.map_or_else(|| Ok(before()), Month::try_from)?;
            if now < month.end() {
                return Err(Error::NotOver(month));
            }
            Ok(Done::Export(export::export(app, month).await?))
        }
    }
}
