//! The organisation's statements: `/v1/statements`.

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use domain::{
    access::Duty,
    billing::{self, Ledger, Month, Used, today},
    ids::UserId,
};
use platform::{
    exports,
    http::{
        Cause, Known, Problem,
        extract::{Path, Query},
        page, person, problem,
        statement::Statement,
    },
    table::{audit::Deed, statement},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, shown::Shown};

/// A page of the months that were billed, newest first, and the running one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Statements {
    /// The running month, whose statement is a preview.
    running: String,
    preview: Preview,
    /// Who is billed now and cannot be recorded, and why, by user id.
    billed_not_recorded: Vec<BilledNotRecorded>,
    statements: Vec<Billed>,
    /// Hand it in as `cursor` for the next page; null on the last.
    cursor: Option<String>,
}

/// A user who is billed and cannot be recorded.
#[derive(Debug, Serialize, ToSchema)]
pub struct BilledNotRecorded {
    #[schema(value_type = String)]
    user: UserId,
    /// Since when recording is switched on for them.
    since: DateTime<Utc>,
    /// What is missing: `not-acknowledged`.
    reason: &'static str,
}

/// What the running month comes to, as if it ended now; it binds nobody.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviewedMonth)]
pub struct Preview {
    /// SEK, without VAT.
    total: String,
    lines: u64,
}

/// A month that was billed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BilledMonth)]
pub struct Billed {
    /// `yyyy-mm`.
    month: String,
    /// SEK, without VAT.
    total: String,
    lines: u64,
}

/// Lists the months that were billed, and what the running one comes to so far.
#[utoipa::path(
    get,
    path = "/v1/statements",
    tag = "statements",
    params(page::Asked),
    responses(
        (status = 200, body = Statements),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<App>, known: Known, Query(asked): Query<page::Asked>) -> Result<Json<Statements>, Problem> {
    let now = (app.now)();
    let event = known.event(Deed::ListStatements, now);
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let exported = app.table.statements(&known.organisation.id).await?;
    let general = app.table.terms(None).await?;
    let (mut ledger, used) = app.table.agreements(&known.organisation.id, &general).await?;
    app.table.fill(&known.organisation.id, &mut ledger, Month::of(today(now))).await?;
    let running = billing::preview(&ledger, now);
    let billed_not_recorded = billed_not_recorded(&app, &known, &ledger, &used, now).await?;
    app.table.audit(&event).await?;
    let (limit, after) = (asked.limit()?, asked.after()?);
    let rest = exported.into_iter().map(Billed::from).filter(|billed| after.as_ref().is_none_or(|after| billed.month < *after));
    let (statements, cursor) = page::cut(rest, limit, |billed| billed.month.clone());
    let (running, preview) = (running.month.to_string(), Preview::from(&running));
    Ok(Json(Statements { running, preview, billed_not_recorded, statements, cursor }))
}

/// Shows what the organisation owes for a month; of the running one, as if it ended now, marked as a preview.
#[utoipa::path(
    get,
    path = "/v1/statements/{month}",
    tag = "statements",
    params(("month" = String, Path, description = "yyyy-mm"), page::Asked),
    responses(
        (status = 200, body = Shown),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: the month was not billed", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(app): State<App>,
    known: Known,
    Path(month): Path<String>,
    Query(asked): Query<page::Asked>,
) -> Result<Json<Shown>, Problem> {
    let now = (app.now)();
    let event = known.event_about(Deed::SeeStatement, &month, now);
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let month = Month::try_from(month).map_err(|error| Problem::because(Cause::NotFound, error))?;
    let statement = match month == Month::of(today(now)) {
        true => Statement::of(&preview(&app, &known, now).await?, true),
        false => billed(&app, &known, month).await?,
    };
    let shown = Shown::page(statement, &asked)?;
    app.table.audit(&event).await?;
    Ok(Json(shown))
}

/// Who is billed and cannot be recorded. No request where all who are switched on have acknowledged since; otherwise 1 for each 100 of
/// those who have not.
async fn billed_not_recorded(
    app: &App,
    known: &Known,
    ledger: &Ledger,
    used: &Used,
    now: DateTime<Utc>,
) -> Result<Vec<BilledNotRecorded>, Problem> {
    let on = billing::switched_on(ledger, now);
    let acknowledged = |user, since| used.acknowledged.get(user).is_some_and(|at| *at >= since);
    let open: BTreeSet<UserId> =
        on.iter().filter(|(user, since)| !acknowledged(**user, **since)).map(|(user, _)| (*user).clone()).collect();
    let users = app.table.users(&known.organisation.id, &open).await?;
    let lacks = users.iter().filter_map(|(user, standing)| Some((user, person::billed_not_recorded(&known.organisation, standing, now)?)));
    let shown = lacks.filter_map(|(user, reason)| Some(BilledNotRecorded { user: user.clone(), since: *on.get(user)?, reason }));
    Ok(shown.collect())
}

/// The running month, as if it ended `now`.
async fn preview(app: &App, known: &Known, now: DateTime<Utc>) -> Result<billing::Statement, Problem> {
    let general = app.table.terms(None).await?;
    let ledger = app.table.ledger(&known.organisation.id, &general, Month::of(today(now))).await?;
    Ok(billing::preview(&ledger, now))
}

/// What was exported.
async fn billed(app: &App, known: &Known, month: Month) -> Result<Statement, Problem> {
    let file = app.exports.read(month, &exports::statement(&known.organisation.id)).await.map_err(Problem::internal)?;
    let missing = || Problem::because(Cause::NotFound, "the month was not billed: it is not over, or there was nothing to bill");
    serde_json::from_slice(&file.ok_or_else(missing)?).map_err(Problem::internal)
}

impl From<&billing::Statement> for Preview {
    fn from(statement: &billing::Statement) -> Self {
        Self { total: format!("{:.2}", statement.total()), lines: statement.lines.len() as u64 }
    }
}

impl From<statement::Exported> for Billed {
    fn from(exported: statement::Exported) -> Self {
        Self { month: exported.month.to_string(), total: exported.total, lines: exported.lines }
    }
}
