//! Closes the days of all organisations, up to yesterday.

use std::pin::pin;

use chrono::NaiveDate;
use domain::{
    billing::{Fill, Terms, allowance, fill},
    ids::OrganisationId,
};
use futures_util::TryStreamExt;
use platform::{
    log::error_chain,
    table::{daily::Closed, organisation_list::Listed},
};
use serde::Serialize;

use crate::{App, Error, all};

/// The result of closing days.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Days {
    pub organisations: usize,
    /// Days, of all organisations together.
    pub days: usize,
}

/// Closes the days up to `yesterday` of every organisation.
pub async fn close(app: &App, yesterday: NaiveDate) -> Result<Days, Error> {
    let general = app.table.prices().all(None).await?;
    let (mut done, mut failed) = (Days::default(), Vec::new());
    let mut all = pin!(all::each(&app.table, |listed: Listed| {
        let (app, general) = (app.clone(), general.clone());
        tokio::spawn(
            async move { (close_one(&app, &listed.id, &general, yesterday).await, listed.id) },
        )
    }));
    while let Some((closed, organisation)) = all.try_next().await? {
        match closed {
            Ok(days) => {
                done.organisations += 1;
                done.days += days;
            }
            Err(error) => {
                tracing::error!(%organisation, error = error_chain(&error), "could not close the organisation's days");
                failed.push(organisation.to_string());
            }
        }
    }
    match failed.first() {
        Some(first) => Err(Error::Failed { failed: failed.len(), first: first.clone() }),
        None => Ok(done),
    }
}

/// Closes the days of one organisation and returns their number. 1 request if none is due.
pub async fn close_one(
    app: &App,
    organisation: &OrganisationId,
    general: &[Terms],
    yesterday: NaiveDate,
) -> Result<usize, Error> {
    let (last, due) = app.table.days().due(organisation, yesterday).await?;
    let (mut before, count) = (last.map_or(Fill::Below, |last| last.fill), due.len());
    for day in due {
        let (day, late) = app.table.days().close_users(organisation, day).await?;
        let mut closed = Closed { day, late, fill: Fill::Below };
        if day.balance > 0 {
            let (ledger, _) = app.table.ledgers().agreements(organisation, general).await?;
            let allowance = allowance(&ledger, day.day);
            closed.fill = fill(day.balance, allowance);
            app.warnings.tell(organisation, before, &closed, allowance).await?;
        }
        before = closed.fill;
        app.table.days().close(organisation, &closed).await?; // a concurrent run writes the same
    }
    Ok(count)
}
