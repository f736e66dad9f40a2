//! Carries out imports of users, part by part.
//!
//! A message tells of an import, not of a part: the import's item says which part is next, and a part is written together with that. So a
//! message that comes twice, late or beside another does no part twice, and one that comes again after a crash goes on where the parts ended.
//! A message does parts for [`BUDGET`] and tells of the rest with a message of its own. Where the table is busy it does likewise, after a
//! rest, if it has done something; a message that has done nothing comes again from the queue, after the queue's own rest.

use std::{collections::BTreeMap, convert::Infallible, time::Duration};

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use chrono::{DateTime, TimeDelta, Utc};
use platform::{
    batch,
    queue::{Queue, Unsent},
    table::{
        self, Table,
        audit::{Deed, Event},
        import::{Done, Import, Row, Said, Work},
        provision::{Outcome, UserProvision, Wanted},
    },
};
use thiserror::Error;

/// What the function works with.
#[derive(Clone, Debug)]
pub struct App {
    pub table: Table,
    /// Its own queue, to tell of the rest of an import.
    pub imports: Queue,
    /// How long one message goes on.
    pub budget: TimeDelta,
    pub now: fn() -> DateTime<Utc>,
}

/// How long a message goes on: most of the function's timeout, and time left for the part under way.
pub const BUDGET: TimeDelta = TimeDelta::seconds(40);
/// How long an import rests while the table takes no more.
const REST: Duration = Duration::from_secs(5);

/// Why an import stopped: the message comes again.
#[derive(Debug, Error)]
pub enum Failure {
    #[error("the message tells of no import")]
    Poison(#[from] serde_json::Error),
    #[error("could not write a part of the import")]
    Table(#[from] table::Error),
    #[error("could not tell of the rest of the import")]
    Untold(#[from] Unsent),
}

/// Carries on with each import that a batch tells of, and answers with the ids of the messages that failed.
pub async fn handle(app: &App, event: SqsEvent) -> Result<SqsBatchResponse, Infallible> {
    Ok(batch::each(event, |body| async move { carry_on(app, &body).await }).await)
}

async fn carry_on(app: &App, body: &str) -> Result<(), Failure> {
    let work: Work = serde_json::from_str(body)?;
    let begun = (app.now)();
    let mut parts = 0;
    loop {
        // Whoever imports tells of it before they write it: one that is not there now never will be, or has ended.
        let Some(import) = app.table.import(&work.organisation, work.import, (app.now)()).await? else { return Ok(()) };
        if import.is_done() {
            return Ok(());
        }
        match part(app, &import).await {
            Err(Failure::Table(table::Error::Busy)) if parts > 0 => return Ok(app.imports.send(&work, REST).await?),
            done => done?,
        }
        parts += 1;
        if (app.now)() - begun >= app.budget {
            return Ok(app.imports.send(&work, Duration::ZERO).await?);
        }
    }
}

/// Does the import's next part, unless another does. 4 requests, more where administrators end or something changes meanwhile.
async fn part(app: &App, import: &Import) -> Result<(), Failure> {
    let Some(rows) = app.table.import_rows(import, import.next).await? else { return Ok(()) };
    let wanted: Vec<Wanted> = rows.iter().filter_map(wanted).collect();
    let also = |writes: &mut table::commit::Writes<'_>, outcomes: &[Outcome]| writes.import_part(import, &done(&rows, outcomes));
    let at = (app.now)();
    app.table.provision_users(&import.organisation, &wanted, &|users| told(import, users, at), Some(&also)).await?;
    Ok(())
}

fn wanted(row: &Row) -> Option<Wanted> {
    match &row.said {
        Said::User(user) => Some(Wanted::Whole(UserProvision::clone(user))),
        Said::Bad { .. } => None,
    }
}

/// What came of each line; `outcomes` are those of the lines with users, in their order.
fn done(rows: &[Row], outcomes: &[Outcome]) -> Vec<Done> {
    let mut outcomes = outcomes.iter().copied();
    rows.iter().map(|row| row.done(if let Said::User(_) = row.said { outcomes.next() } else { None })).collect()
}

/// The event of a part: one request, an event for each commit.
fn told(import: &Import, users: &[&UserProvision], at: DateTime<Utc>) -> Event {
    let event = Event {
        at,
        organisation: import.organisation.clone(),
        who: import.by.clone(),
        deed: Deed::ProvisionUser,
        recording: None,
        subject: Some(format!("{} users", users.len())),
        owner: None,
        detail: None,
        reason: None,
        refused: None,
        address: import.address.clone(),
        request: format!("{}#{}", import.request, import.next),
    };
    event.detailed(&users.iter().map(|user| (&user.id, user.plan)).collect::<BTreeMap<_, _>>())
}
