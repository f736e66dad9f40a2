//! Cuts an issue into spans and has each copied.
//!
//! The cuts are kept before anything is copied, so that whoever plans again, or at the same time, orders the same spans. Of an issue that
//! is planned already, only what is left is ordered.

use domain::{
    delivery::issue::{Issue, Name, Order, Progress, Task},
    ids::OrganisationId,
};
use platform::table::delivery::{Plan, Work};

use crate::{App, Failure};

/// Plans the issue. 3 requests, 1 for each MB of the day's rows, and 1 for every 10 spans.
pub async fn plan(app: &App, organisation: &OrganisationId, name: Name) -> Result<(), Failure> {
    let Some(work) = begun(app, organisation, name).await? else {
        tracing::warn!(%organisation, issue = %name, "nobody ordered the issue, or it has left the list");
        return Ok(());
    };
    if work.issue.progress != Progress::Building || work.issue.gone_at <= (app.now)() {
        return Ok(());
    }
    let work = match work.plan {
        Some(_) => Some(work),
        None => app.table.plan(organisation, name, &cut(app, organisation, name).await?).await?,
    };
    match work {
        Some(work) => Ok(app.queue.send_all(&orders(organisation, &work)).await?),
        None => Ok(()),
    }
}

/// What is ordered of an issue: the spans that are left, or to seal it.
pub fn orders(organisation: &OrganisationId, work: &Work) -> Vec<Order> {
    let order = |task| Order { organisation: organisation.clone(), task };
    let issue = work.issue.name;
    if work.is_copied() {
        return vec![order(Task::Seal { issue })];
    }
    work.left().into_iter().map(|span| order(Task::Copy { issue, span })).collect()
}

/// The issue; a scheduled one begins with this.
async fn begun(app: &App, organisation: &OrganisationId, name: Name) -> Result<Option<Work>, Failure> {
    let work = app.table.work(organisation, name).await?;
    if work.is_some() || !name.is_scheduled() {
        return Ok(work);
    }
    let issue = Issue::scheduled(name.day);
    app.table.begin(organisation, &issue).await?;
    tracing::info!(%organisation, issue = %name, "begun");
    Ok(app.table.work(organisation, name).await?)
}

async fn cut(app: &App, organisation: &OrganisationId, name: Name) -> Result<Plan, Failure> {
    let started = app.table.cut_day(organisation, name.day, app.rows).await?;
    let late = match name.is_scheduled() {
        true => app.table.cut_awaited(organisation, app.rows).await?,
        false => Vec::new(),
    };
    Ok(Plan { started, late })
}
