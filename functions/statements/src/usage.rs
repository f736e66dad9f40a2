//! What the organisation's recordings fill: `/v1/usage`.

use axum::{Json, extract::State};
use chrono::{Days, NaiveDate};
use domain::{
    access::Duty,
    billing::{self, today},
};
use platform::{
    http::{Known, Problem, extract::Query, page, problem},
    table::{
        audit::Deed,
        daily::Closed,
        usage::{Counts, Filled},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// What is stored, what is included, and how it goes on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// In Stockholm.
    today: NaiveDate,
    /// What came and went today.
    #[serde(flatten)]
    counts: DayCounts,
    stored_bytes: i64,
    /// 30 MB for each user who is billed this month, and the add-on's, for all together. Over it, storage is billed; nothing is refused.
    allowance_bytes: u64,
    /// Days until the allowance is used up, at the mean growth of the trend; 0: it is; null: it is not being used up.
    days_until_full: Option<i64>,
    /// A page of the users, by id.
    users: Vec<UserUsage>,
    /// Hand it in as `cursor` for the next page of the users; null on the last.
    cursor: Option<String>,
    /// The last 30 days that are over, oldest first.
    #[schema(max_items = 30)]
    trend: Vec<DayUsage>,
}

/// What came and went on a day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayCounts {
    recordings: u64,
    seconds: u64,
    added_bytes: u64,
    removed_bytes: u64,
}

/// What a user's recordings fill.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserUsage {
    user: String,
    stored_recordings: i64,
    stored_seconds: i64,
    stored_bytes: i64,
    /// Today.
    today: DayCounts,
}

/// A day that is over.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayUsage {
    day: NaiveDate,
    #[serde(flatten)]
    counts: DayCounts,
    /// Stored at its end.
    stored_bytes: i64,
}

/// Days of the trend.
const TREND: u64 = 30;

/// Shows what the organisation's recordings fill.
#[utoipa::path(
    get,
    path = "/v1/usage",
    tag = "statements",
    params(page::Asked),
    responses(
        (status = 200, body = Usage),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn show(State(app): State<App>, known: Known, Query(asked): Query<page::Asked>) -> Result<Json<Usage>, Problem> {
    let (now, organisation) = ((app.now)(), &known.organisation.id);
    let event = known.event(Deed::SeeUsage, now);
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let today = today(now);
    let filled = app.table.filled(organisation).await?;
    let trend = app.table.days(organisation, today - Days::new(TREND), today - Days::new(1)).await?;
    let general = app.table.terms(None).await?;
    let (ledger, _) = app.table.agreements(organisation, &general).await?;
    let allowance = billing::allowance(&ledger, today);
    app.table.audit(&event).await?;
    let stored = filled.iter().map(|filled| filled.bytes).sum();
    let (limit, after) = (asked.limit()?, asked.after()?);
    let of_today = |filled: &Filled| filled.open.get(&today).copied().unwrap_or_default();
    let rest = filled.iter().filter(|filled| after.as_deref().is_none_or(|after| filled.user.as_str() > after));
    let (users, cursor) = page::cut(rest.map(|filled| UserUsage::of(filled, of_today(filled))), limit, |user| user.user.clone());
    Ok(Json(Usage {
        today,
        counts: filled.iter().map(of_today).fold(Counts::default(), Counts::plus).into(),
        stored_bytes: stored,
        allowance_bytes: allowance,
        days_until_full: days_until_full(&trend, stored, allowance),
        users,
        cursor,
        trend: trend.into_iter().map(DayUsage::from).collect(),
    }))
}

/// At the mean growth from the trend's first day to its last.
fn days_until_full(trend: &[Closed], stored: i64, allowance: u64) -> Option<i64> {
    let left = i128::from(allowance) - i128::from(stored);
    if left <= 0 && stored > 0 {
        return Some(0);
    }
    let (first, last) = (trend.first()?.day, trend.last()?.day);
    let growth = i128::from(last.balance) - i128::from(first.balance);
    let days = i128::from((last.day - first.day).num_days());
    (growth > 0).then(|| i64::try_from((left * days + growth - 1) / growth).unwrap_or(i64::MAX))
}

impl UserUsage {
    fn of(filled: &Filled, today: Counts) -> Self {
        Self {
            user: filled.user.to_string(),
            stored_recordings: filled.recordings,
            stored_seconds: filled.milliseconds / 1000,
            stored_bytes: filled.bytes,
            today: today.into(),
        }
    }
}

impl From<Counts> for DayCounts {
    fn from(counts: Counts) -> Self {
        Self {
            recordings: counts.recordings,
            seconds: counts.milliseconds / 1000,
            added_bytes: counts.added,
            removed_bytes: counts.removed,
        }
    }
}

impl From<Closed> for DayUsage {
    fn from(closed: Closed) -> Self {
        let day = closed.day;
        Self { day: day.day, counts: Counts::of(&day).into(), stored_bytes: day.balance }
    }
}
