//! Carries out imports of users, part by part.
//!
//! A message names an import, not a part. The import's item contains the number of the next part,
//! and each part is written together with it. So a repeated, late or concurrent message repeats no
//! part, and a retry after a crash continues with the next part. A message processes parts for
//! [`BUDGET`], then sends a message for the rest. If the table is busy, it does the same after a
//! delay, provided it has written a part. Otherwise the queue retries it after its own delay.

use std::{collections::BTreeMap, convert::Infallible, time::Duration};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, TimeDelta, Utc};
use platform::{
    batch,
    queue::{Queue, Unsent},
    table::{
        self, Table,
        audit::{AuditAction, Event},
        import::{Done, Import, LineContent, Row, Work},
        provision::{Outcome, UserProvision, Wanted},
    },
};
use thiserror::Error;

#[derive(Clone, Debug)]
pub struct App {
    pub table: Table,
    /// Its own queue, for the rest of an import.
    pub imports: Queue,
    /// How long one message processes parts.
    pub budget: TimeDelta,
    pub now: fn() -> DateTime<Utc>,
}

/// How long a message processes parts: the function's timeout less the time for the last part.
pub const BUDGET: TimeDelta = TimeDelta::seconds(40);
/// The delay of an import while the table is busy.
const REST: Duration = Duration::from_secs(5);

/// Why an import stopped. The message is delivered again.
#[derive(Debug, Error)]
pub enum Failure {
    #[error("the message names no import")]
    Poison(#[from] serde_json::Error),
    #[error("could not write a part of the import")]
    Table(#[from] table::Error),
    #[error("could not queue the rest of the import")]
    Untold(#[from] Unsent),
}

/// Continues each import of a batch, and returns the ids of the messages that failed.
pub async fn handle(app: &App, event: SqsEvent) -> Result<SqsBatchResponse, Infallible> {
    Ok(batch::each(event, |body| async move { carry_on(app, &body).await }).await)
}

async fn carry_on(app: &App, body: &str) -> Result<(), Failure> {
    let work: Work = serde_json::from_str(body)?;
    let begun = (app.now)();
    let mut parts = 0;
    loop {
        // The message was sent first: a missing import has ended or was never written.
        let Some(import) =
            app.table.imports().get(&work.organisation, work.import, (app.now)()).await?
        else {
            return Ok(());
        };
        if import.is_done() {
            return Ok(());
        }
        match part(app, &import).await {
            Err(Failure::Table(table::Error::Busy)) if parts > 0 => {
                return Ok(app.imports.send(&work, REST).await?);
            }
            done => done?,
        }
        parts += 1;
        if (app.now)() - begun >= app.budget {
            return Ok(app.imports.send(&work, Duration::ZERO).await?);
        }
    }
}

/// Writes the next part, unless another message does. 4 requests, more after conflicts.
async fn part(app: &App, import: &Import) -> Result<(), Failure> {
    let Some(rows) = app.table.imports().rows(import, import.next).await? else { return Ok(()) };
    let wanted: Vec<Wanted> = rows.iter().filter_map(wanted).collect();
    let also = |writes: &mut table::commit::Transaction<'_>, outcomes: &[Outcome]| {
        writes.import_part(import, &done(&rows, outcomes))
    };
    let at = (app.now)();
    app.table
        .provision()
        .put_users(
            &import.organisation,
            &wanted,
            &|users| provision_event(import, users, at),
            Some(&also),
        )
        .await?;
    Ok(())
}

fn wanted(row: &Row) -> Option<Wanted> {
    match &row.content {
        LineContent::User(user) => Some(Wanted::Whole(UserProvision::clone(user))),
        LineContent::Bad { .. } => None,
    }
}

/// The result of each line. `outcomes` belong to the lines with users, in their order.
fn done(rows: &[Row], outcomes: &[Outcome]) -> Vec<Done> {
    let mut outcomes = outcomes.iter().copied();
    rows.iter()
        .map(|row| {
            row.done(if let LineContent::User(_) = row.content { outcomes.next() } else { None })
        })
        .collect()
}

/// The audit event of a part: one request, with an event for each commit.
fn provision_event(import: &Import, users: &[&UserProvision], at: DateTime<Utc>) -> Event {
    let event = Event {
        resource: Some(format!("{} users", users.len())),
        address: import.address.clone(),
        request: format!("{}#{}", import.request, import.next),
        ..Event::new(import.organisation.clone(), &import.by, AuditAction::ProvisionUser, at)
    };
    event.detailed(&users.iter().map(|user| (&user.id, user.plan)).collect::<BTreeMap<_, _>>())
}
