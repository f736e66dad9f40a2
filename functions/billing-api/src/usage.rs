//! The organisation's storage: `/v1/usage`.

use axum::{Json, extract::State};
use chrono::{Days, NaiveDate};
use domain::billing::{self, today};
use platform::{
    http::{
        Admin, Problem,
        extract::Query,
        operation::SeeUsage,
        page::{self, PageQuery},
    },
    table::{
        daily::Closed,
        usage::{Counts, Filled},
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// The stored bytes, the allowance and the trend.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// The day in Stockholm.
    today: NaiveDate,
    /// Recordings that were added and removed today.
    #[serde(flatten)]
    counts: DayCounts,
    stored_bytes: i64,
    /// 30 MB for each user billed this month, and the add-on's, pooled. Storage above it is billed.
    allowance_bytes: u64,
    /// Days until the allowance is used up, at the trend's mean growth. Null if it is not growing.
    days_until_full: Option<i64>,
    /// A page of the users, by id.
    users: Vec<UserUsage>,
    /// Pass it as `cursor` to get the next page of users. Null on the last page.
    cursor: Option<String>,
    /// The last 30 complete days, oldest first.
    #[schema(max_items = 30)]
    trend: Vec<DayUsage>,
}

/// Recordings that were added and removed on a day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayCounts {
    recordings: u64,
    seconds: u64,
    added_bytes: u64,
    removed_bytes: u64,
}

/// A user's storage.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserUsage {
    user: String,
    stored_recordings: i64,
    stored_seconds: i64,
    stored_bytes: i64,
    /// The user's counts of today.
    today: DayCounts,
}

/// A complete day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayUsage {
    day: NaiveDate,
    #[serde(flatten)]
    counts: DayCounts,
    /// Stored at the end of the day.
    stored_bytes: i64,
}

/// Days of the trend.
const TREND: u64 = 30;

/// Shows the organisation's storage.
#[utoipa::path(
    get,
    path = "/v1/usage",
    tag = "statements",
    params(PageQuery),
    responses((status = 200, body = Usage))
)]
pub async fn show(
    State(app): State<App>,
    admin: Admin<SeeUsage>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Usage>, Problem> {
    let (now, organisation) = (admin.now, &admin.organisation.id);
    let (limit, after) = (query.limit()?, query.after()?);
    let today = today(now);
    let filled = app.table.usage().filled(organisation).await?;
    let trend = app
        .table
        .days()
        .between(organisation, today - Days::new(TREND), today - Days::new(1))
        .await?;
    let general = app.table.prices().all(None).await?;
    let (ledger, _) = app.table.ledgers().agreements(organisation, &general).await?;
    let allowance = billing::allowance(&ledger, today);
    let stored = filled.iter().map(|filled| filled.bytes).sum();
    let of_today = |filled: &Filled| filled.open.get(&today).copied().unwrap_or_default();
    let rest = filled
        .iter()
        .filter(|filled| after.as_deref().is_none_or(|after| filled.user.as_str() > after));
    let (users, cursor) =
        page::cut(rest.map(|filled| UserUsage::of(filled, of_today(filled))), limit, |user| {
            user.user.clone()
        });
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
