//! The folders of the delivery by SFTP: `/v1/drops`.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    access::Duty,
    delivery::{
        Day,
        issue::{Issue, Order, Progress, Task},
        manifest, outcome,
    },
    ids::RecordingId,
    people::Organisation,
};
use platform::{
    http::{
        Cause, Known, Problem,
        extract::{Path, Query},
        once::{self, ABOUT, Once},
        page, problem,
    },
    table::{
        audit::{Deed, Event},
        claim::Claim,
        commit::Commit,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// A page of the folders, newest day first: those that are there, and those of the last month.
#[derive(Debug, Serialize, ToSchema)]
pub struct Drops {
    drops: Vec<Drop>,
    /// Hand it in as `cursor` for the next page; null on the last.
    cursor: Option<String>,
}

/// A folder of a day's recordings.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Drop {
    /// The day in Stockholm, as in `2026-11-24`.
    #[schema(value_type = String)]
    day: Day,
    /// The folder's name: the day, and a number where it was issued again.
    folder: String,
    /// `building`, `complete` or `removed`.
    state: &'static str,
    /// Copied so far, while it is built.
    recordings: u64,
    bytes: u64,
    /// Those of the recordings that came after their day was closed, or that an earlier folder could not deliver.
    late: u64,
    /// Recordings that belong into the folder and are not there. Its `index.csv` has a row for each, with state and reason.
    not_delivered: u64,
    /// The first 100 of them.
    #[schema(max_items = 100)]
    undelivered: Vec<Undelivered>,
    /// What was stored before this is in it.
    closed_at: DateTime<Utc>,
    due_at: DateTime<Utc>,
    complete_at: Option<DateTime<Utc>>,
    /// The folder goes then.
    gone_at: DateTime<Utc>,
    /// Where it is in the list.
    #[serde(skip)]
    place: String,
}

/// A recording that belongs into a folder and is not there.
#[derive(Debug, Serialize, ToSchema)]
pub struct Undelivered {
    #[schema(value_type = String)]
    recording: RecordingId,
    /// `not-delivered`.
    state: &'static str,
    /// `lost`: its audio is gone. `altered`: what lies there is not what was signed. `expired`: its retention ended before it was copied.
    /// `unreachable`: the storage failed until the folder had to be completed. `unreadable`: what is known of it cannot be read. But for
    /// `expired`, it is in a later folder, marked late, once it can be delivered.
    reason: &'static str,
}

/// Folders that were ordered and are there, at a time.
const ORDERED: usize = 20;

/// Lists the folders of the organisation's days.
#[utoipa::path(
    get,
    path = "/v1/drops",
    tag = "sftp",
    params(page::Asked),
    responses(
        (status = 200, body = Drops),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<App>, known: Known, Query(asked): Query<page::Asked>) -> Result<Json<Drops>, Problem> {
    let event = known.event(Deed::ListDrops, (app.now)());
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let (limit, after) = (asked.limit()?, asked.after()?);
    let issues = app.table.issues(&known.organisation.id).await?;
    app.table.audit(&event).await?;
    let rest = issues.into_iter().rev().map(Drop::from).filter(|drop| after.as_ref().is_none_or(|after| drop.place < *after));
    let (drops, cursor) = page::cut(rest, limit, |drop| drop.place.clone());
    Ok(Json(Drops { drops, cursor }))
}

/// Issues a day again, in a folder of its own with all that is known of the day by now. It is complete once its `SHA256SUMS` is there.
#[utoipa::path(
    post,
    path = "/v1/drops/{day}",
    tag = "sftp",
    params(
        ("day" = String, Path, description = "the day in Stockholm, as in 2026-11-24"),
        ("Idempotency-Key" = Option<String>, Header, description = ABOUT),
    ),
    responses(
        (status = 202, description = "it is being built; asked again meanwhile, it is the same", body = Drop),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: this is no day", body = problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "no-sftp, day-not-over, too-many, changed", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "past-retention, invalid, idempotency-key-reused", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn order(State(app): State<App>, known: Known, once: Once, Path(day): Path<Day>) -> Result<Response, Problem> {
    let event = known.event_about(Deed::OrderDrop, day, (app.now)());
    let ordered = ordered(&app, &known, &once, day, &event).await;
    once.settle(&app.table, &known.organisation.id, event.at, ordered).await
}

async fn ordered(app: &App, known: &Known, once: &Once, day: Day, event: &Event) -> Result<Response, Problem> {
    let (now, organisation) = (event.at, &known.organisation.id);
    known.with_duty(&app.table, Duty::Administer, event).await?;
    let may = match may_issue(&known.organisation, day, now) {
        Ok(()) if app.table.sftp_keys(organisation).await?.is_empty() => {
            Err(Problem::because(Cause::NoSftp, "the organisation has no key for SFTP; add one first"))
        }
        may => may,
    };
    let issues = app.table.issues(organisation).await?;
    let issue = match may.and_then(|()| next(day, &issues, now)) {
        Ok(issue) => issue,
        Err(problem) => return Err(known.refuse(&app.table, event.clone(), problem).await),
    };
    let (is_there, shown) = (issues.contains(&issue), Drop::from(issue.clone()));
    let claim = once.claim(organisation, now, StatusCode::ACCEPTED, &shown)?;
    begin(app, &issue, is_there, event, claim.as_ref()).await?;
    match is_there {
        true => Ok((StatusCode::ACCEPTED, Json(shown)).into_response()),
        false => Ok(once::had_effect(StatusCode::ACCEPTED, &shown)),
    }
}

fn may_issue(organisation: &Organisation, day: Day, now: DateTime<Utc>) -> Result<(), Problem> {
    if now < day.settled_at() {
        return Err(Problem::because(Cause::DayNotOver, "a day can be issued from 05:05 the day after; it is there by itself at 06:00"));
    }
    if day.ends_at() + TimeDelta::days(organisation.retention_days.into()) <= now {
        return Err(Problem::because(Cause::PastRetention, "the day is past the organisation's retention, and its recordings are gone"));
    }
    Ok(())
}

/// The issue that is under way, or a new one.
fn next(day: Day, issues: &[Issue], now: DateTime<Utc>) -> Result<Issue, Problem> {
    let ordered = || issues.iter().filter(|issue| !issue.name.is_scheduled() && issue.stands() && now < issue.gone_at);
    if let Some(under_way) = ordered().find(|issue| issue.name.day == day && issue.progress == Progress::Building) {
        return Ok(under_way.clone());
    }
    if ordered().count() >= ORDERED {
        return Err(Problem::because(Cause::TooMany, "20 folders that were ordered are there; order more once one of them has gone"));
    }
    Ok(Issue::ordered(day, now, issues))
}

/// Writes the issue down, unless it is there, and has it built. An order that got lost on the way is sent by asking again.
async fn begin(app: &App, issue: &Issue, is_there: bool, event: &Event, claim: Option<&Claim>) -> Result<(), Problem> {
    let organisation = &event.organisation;
    if is_there {
        app.table.audit(event).await?;
    } else if app.table.order_issue(organisation, issue, event, claim).await? != Commit::Done {
        return Err(Problem::because(Cause::Changed, "someone else ordered the day at the same time; ask again"));
    }
    let order = Order { organisation: organisation.clone(), task: Task::Plan { issue: issue.name } };
    Ok(app.queue.send_all(&[order]).await?)
}

impl From<Issue> for Drop {
    fn from(issue: Issue) -> Self {
        let (state, complete_at) = match issue.progress {
            Progress::Building => ("building", None),
            Progress::Complete { at } => ("complete", Some(at)),
            Progress::Removed => ("removed", None),
        };
        Self {
            day: issue.name.day,
            folder: issue.name.to_string(),
            state,
            recordings: issue.count.recordings,
            bytes: issue.count.bytes,
            late: issue.count.late,
            not_delivered: issue.count.undelivered,
            undelivered: issue.undelivered.into_iter().map(Undelivered::from).collect(),
            closed_at: issue.cut,
            due_at: issue.due_at,
            complete_at,
            gone_at: issue.gone_at,
            place: format!("{}#{:05}", issue.name.day, issue.name.number),
        }
    }
}

impl From<outcome::Undelivered> for Undelivered {
    fn from(lacking: outcome::Undelivered) -> Self {
        Self { recording: lacking.recording, state: manifest::NOT_DELIVERED, reason: lacking.reason.as_str() }
    }
}
