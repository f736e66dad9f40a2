//! Closes days and months: the daily usage of every organisation, and the export that finance consumes (P19, P22–P24).
//!
//! Scheduler asks for a day after each midnight and for the month before on each first; anybody who may invoke the function may ask for
//! any of them again. Either goes on where it was cut short, and asked again changes nothing. One organisation that fails keeps no other
//! from being done: the function fails once all have been tried, and is asked again.

mod all;
mod day;
mod export;
mod lines;
mod warning;

use chrono::{DateTime, Days, Utc};
use domain::billing::{InvalidMonth, Month, today};
use platform::{
    bucket,
    exports::Exports,
    log::causes,
    table::{self, Table},
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use day::Days as ClosedDays;
pub use export::Export;
pub use lines::{COLUMNS, InvalidSeparator, Separator};
pub use warning::Warnings;

/// What the function works with.
#[derive(Clone, Debug)]
pub struct App {
    pub table: Table,
    pub exports: Exports,
    pub warnings: Warnings,
    pub separator: Separator,
    pub now: fn() -> DateTime<Utc>,
}

/// What to do.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "task", rename_all = "lowercase", deny_unknown_fields)]
pub enum Task {
    /// Close all days before the one that it is at `at`; now unless given.
    Day { at: Option<DateTime<Utc>> },
    /// Export `month`; the one before the month that it is at `at` unless given.
    Month { at: Option<DateTime<Utc>>, month: Option<String> },
}

/// What was done.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Done {
    Days(ClosedDays),
    Export(Export),
}

/// Why it could not be done, or not for all.
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
    #[error("the month {0} is not over: it can be exported from its end on")]
    NotOver(Month),
    #[error("{failed} organisations could not be done, the first of them {first}: ask again")]
    Failed { failed: usize, first: String },
    #[error("{month} is exported without {missing} organisations, the first of them {first}: mend what cannot be read, and ask again")]
    Missing { month: Month, missing: usize, first: String },
    #[error("another export of {0} says otherwise: compare its control.json with the lines")]
    Otherwise(Month),
    #[error("could not write a line")]
    Line(#[from] csv::Error),
    #[error("could not write a statement")]
    Statement(#[from] serde_json::Error),
    #[error("a task was ended")]
    Ended(#[from] tokio::task::JoinError),
}

/// Does the task. A failure is logged, and told to whoever asked.
pub async fn handle(app: &App, task: Task) -> Result<Done, String> {
    perform(app, task).await.map_err(|error| {
        let told = causes(&error);
        tracing::error!(error = told, "failed");
        told
    })
}

/// The same, with the error itself.
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
