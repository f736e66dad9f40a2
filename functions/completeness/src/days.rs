//! The totals of days and of their users: `/v1/completeness`.

use axum::{Json, extract::State};
use chrono::{DateTime, Utc};
use domain::{completeness::Totals, delivery::Day, time::Date};
use platform::{
    http::{
        Admin, Cause, Principal, Problem,
        extract::{Path, Query},
        operation::SeeCompleteness,
        page::{self, PageQuery},
    },
    table::completeness::DayTotals,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::App;

/// The days to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Days {
    /// The first day, in Stockholm. 30 days before `to` by default.
    #[param(value_type = Option<String>, example = "2026-11-01")]
    from: Option<Date>,
    /// The last day, inclusive. Today by default.
    #[param(value_type = Option<String>, example = "2026-11-30")]
    to: Option<Date>,
}

/// The days that were compared, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Completeness {
    #[schema(max_items = 366)]
    days: Vec<DayCompleteness>,
}

/// The calls of a day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DayCompleteness {
    /// The day in Stockholm.
    #[schema(value_type = String, format = Date)]
    day: Day,
    /// When it was last compared.
    compared_at: DateTime<Utc>,
    /// When its statement was closed, which never changes after that. Null while phones may still
    /// register calls of the day: until seven days after its end.
    closed_at: Option<DateTime<Utc>>,
    #[serde(flatten)]
    counts: CallCounts,
}

/// Calls by what became of them. Each call is in exactly one state.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallCounts {
    /// All calls of the day that were reported or registered.
    calls: u64,
    /// Those that the operator's switch reported.
    reported: u64,
    stored: u64,
    /// Stored, and the audio is not whole.
    damaged: u64,
    /// Registered, and the audio has not arrived.
    expected: u64,
    /// The content that arrived was not audio, or not the registered audio.
    rejected: u64,
    /// The service refused the registration.
    refused: u64,
    /// Not to be recorded: nobody answered, or the user was not recorded.
    not_recorded: u64,
    erased: u64,
    /// To be recorded, and nothing has arrived.
    missing: u64,
    /// Missing calls that a person has explained.
    explained: u64,
    /// Recorded calls that began while another call of their user lasted.
    overlapping: u64,
}

/// A day, and a page of its users.
#[derive(Debug, Serialize, ToSchema)]
pub struct DayByUser {
    day: DayCompleteness,
    /// By id.
    users: Vec<UserCompleteness>,
    /// Pass it as `cursor` to get the next page of users. Null on the last page.
    cursor: Option<String>,
}

/// The calls of a user on a day.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserCompleteness {
    user: String,
    #[serde(flatten)]
    counts: CallCounts,
}

/// Days of a list without `from`, and the most of one list.
const DAYS: u64 = 30;
const DAYS_AT_MOST: i64 = 366;

/// Lists the days that were compared, newest first, with what became of their calls.
#[utoipa::path(
    get,
    path = "/v1/completeness",
    tag = "completeness",
    params(Days),
    responses((status = 200, body = Completeness))
)]
pub async fn list(
    State(app): State<App>,
    admin: Admin<SeeCompleteness>,
    Query(days): Query<Days>,
) -> Result<Json<Completeness>, Problem> {
    let to = days.to.map_or_else(|| Day::of(admin.now), Day::from);
    let from = days.from.map_or_else(|| to.earlier(DAYS), Day::from);
    if from > to || to.days_since(from) >= DAYS_AT_MOST {
        return Err(Problem::because(
            Cause::Invalid,
            "ask for 1 to 366 days: `from` is the first and `to` the last",
        ));
    }
    let days = app.table.completeness().days(&admin.organisation.id, from, to).await?;
    Ok(Json(Completeness { days: days.into_iter().rev().map(DayCompleteness::from).collect() }))
}

/// Shows what became of a day's calls, by user.
#[utoipa::path(
    get,
    path = "/v1/completeness/{day}",
    tag = "completeness",
    params(("day" = String, Path, description = "yyyy-mm-dd, in Stockholm"), PageQuery),
    responses(
        (status = 200, body = DayByUser),
        (status = 404, description = "not-found: the day was not compared"),
    )
)]
pub async fn show(
    State(app): State<App>,
    admin: Admin<SeeCompleteness>,
    Path(day): Path<Day>,
    Query(query): Query<PageQuery>,
) -> Result<Json<DayByUser>, Problem> {
    let (limit, after) = (query.limit()?, query.after()?);
    let day = compared(&app, &admin, day).await?;
    let users = app.table.completeness().users(&admin.organisation.id, &day).await?;
    let rest = users
        .into_iter()
        .filter(|(user, _)| after.as_deref().is_none_or(|after| user.as_str() > after))
        .map(|(user, totals)| UserCompleteness { user: user.into(), counts: totals.into() });
    let (users, cursor) = page::cut(rest, limit, |user| user.user.clone());
    Ok(Json(DayByUser { day: day.into(), users, cursor }))
}

/// The day as last compared.
pub async fn compared(app: &App, admin: &Principal, day: Day) -> Result<DayTotals, Problem> {
    let not_compared = || {
        Problem::because(
            Cause::NotFound,
            "the day was not compared: a day is compared in the night after it, if it had calls",
        )
    };
    app.table.completeness().day(&admin.organisation.id, day).await?.ok_or_else(not_compared)
}

impl From<DayTotals> for DayCompleteness {
    fn from(day: DayTotals) -> Self {
        let DayTotals { totals, at, closed_at, .. } = day;
        Self { day: day.day, compared_at: at, closed_at, counts: totals.into() }
    }
}

impl From<Totals> for CallCounts {
    fn from(totals: Totals) -> Self {
        let calls = totals.calls();
        let Totals { stored, damaged, expected, rejected, refused, .. } = totals;
        let Totals { not_recorded, erased, missing, explained, reported, overlapping, .. } = totals;
        Self {
            calls,
            reported,
            stored,
            damaged,
            expected,
            rejected,
            refused,
            not_recorded,
            erased,
            missing,
            explained,
            overlapping,
        }
    }
}
