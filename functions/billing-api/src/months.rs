//! The organisation's statements: `/v1/statements`.

use std::collections::BTreeSet;

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use domain::{
    billing::{self, Ledger, Month, Used, today},
    ids::UserId,
};
use platform::{
    exports,
    http::{
        Admin, Cause, Principal, Problem,
        extract::{Path, Query},
        operation::{ListStatements, SeeStatement},
        page::{self, PageQuery},
        person,
        single::Single,
    },
    statement::Statement,
    table::statement,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, view::Shown};

/// A page of the billed months, newest first, and the running month.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Statements {
    /// The running month, whose statement is a preview.
    running: String,
    preview: Preview,
    /// Users who are billed now and cannot be recorded, with the reason, by user id.
    billed_not_recorded: Vec<BilledNotRecorded>,
    statements: Vec<Billed>,
    /// Pass it as `cursor` to get the next page. Null on the last page.
    cursor: Option<String>,
}

/// A user who is billed and cannot be recorded.
#[derive(Debug, Serialize, ToSchema)]
pub struct BilledNotRecorded {
    #[schema(value_type = String)]
    user: UserId,
    /// When recording was switched on for the user.
    since: DateTime<Utc>,
    /// The missing requirement: `not-acknowledged`.
    reason: &'static str,
}

/// The running month's total, as if it ended now. It is not binding.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PreviewedMonth)]
pub struct Preview {
    /// SEK, without VAT.
    total: String,
    lines: u64,
}

/// A billed month.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BilledMonth)]
pub struct Billed {
    /// `yyyy-mm`.
    month: String,
    /// SEK, without VAT.
    total: String,
    lines: u64,
}

/// Lists the billed months, and the preview of the running one.
#[utoipa::path(
    get,
    path = "/v1/statements",
    tag = "statements",
    params(PageQuery),
    responses((status = 200, body = Statements))
)]
pub async fn list(
    State(app): State<App>,
    admin: Admin<ListStatements>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Statements>, Problem> {
    let (now, organisation) = (admin.now, &admin.organisation.id);
    let (limit, after) = (query.limit()?, query.after()?);
    let exported = app.table.statements().all(organisation).await?;
    let general = app.table.prices().all(None).await?;
    let (mut ledger, used) = app.table.ledgers().agreements(organisation, &general).await?;
    app.table.ledgers().fill(organisation, &mut ledger, Month::of(today(now))).await?;
    let running = billing::preview(&ledger, now);
    let billed_not_recorded = billed_not_recorded(&app, &admin, &ledger, &used).await?;
    let rest = exported
        .into_iter()
        .map(Billed::from)
        .filter(|billed| after.as_ref().is_none_or(|after| billed.month < *after));
    let (statements, cursor) = page::cut(rest, limit, |billed| billed.month.clone());
    let (running, preview) = (running.month.to_string(), Preview::from(&running));
    Ok(Json(Statements { running, preview, billed_not_recorded, statements, cursor }))
}

/// Shows what the organisation owes for a month; the running one as a preview, as if it ended now.
#[utoipa::path(
    get,
    path = "/v1/statements/{month}",
    tag = "statements",
    params(("month" = String, Path, description = "yyyy-mm"), PageQuery),
    responses(
        (status = 200, body = Shown),
        (status = 404, description = "not-found: the month was not billed"),
    )
)]
pub async fn show(
    State(app): State<App>,
    admin: Admin<SeeStatement>,
    Path(month): Path<Month>,
    Query(query): Query<PageQuery>,
) -> Result<Single<Shown>, Problem> {
    let statement = match month == Month::of(today(admin.now)) {
        true => Statement::of(&preview(&app, &admin).await?, true),
        false => billed(&app, &admin, month).await?,
    };
    Ok(Single(Shown::page(statement, &query)?))
}

/// The billed users who cannot be recorded. 1 request for each 100 unacknowledged users, if any.
async fn billed_not_recorded(
    app: &App,
    admin: &Principal,
    ledger: &Ledger,
    used: &Used,
) -> Result<Vec<BilledNotRecorded>, Problem> {
    let (now, organisation) = (admin.now, &admin.organisation);
    let on = billing::switched_on(ledger, now);
    let acknowledged = |user, since| used.acknowledged.get(user).is_some_and(|at| *at >= since);
    let open: BTreeSet<UserId> = on
        .iter()
        .filter(|(user, since)| !acknowledged(**user, **since))
        .map(|(user, _)| (*user).clone())
        .collect();
    let users = app.table.people().users(&organisation.id, &open).await?;
    let blocked = users.iter().filter_map(|(user, state)| {
        Some((user, person::billed_not_recorded(organisation, state, now)?))
    });
    let view = blocked.filter_map(|(user, reason)| {
        Some(BilledNotRecorded { user: user.clone(), since: *on.get(user)?, reason })
    });
    Ok(view.collect())
}

/// The running month, as if it ended now.
async fn preview(app: &App, admin: &Principal) -> Result<billing::Statement, Problem> {
    let general = app.table.prices().all(None).await?;
    let ledger = app
        .table
        .ledgers()
        .of_month(&admin.organisation.id, &general, Month::of(today(admin.now)))
        .await?;
    Ok(billing::preview(&ledger, admin.now))
}

/// The exported statement.
async fn billed(app: &App, admin: &Principal, month: Month) -> Result<Statement, Problem> {
    let file = app
        .exports
        .read_export(month, &exports::statement(&admin.organisation.id))
        .await
        .map_err(Problem::internal)?;
    let missing = || {
        Problem::because(
            Cause::NotFound,
            "the month was not billed: it is not over, or there was nothing to bill",
        )
    };
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
