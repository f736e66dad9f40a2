//! The organisation's retention in days: `/v1/retention`.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::{access::Permission, ids::OrderId, reason::Reason, retention};
use platform::{
    http::{
        Cause, Principal, Problem, cursor,
        extract::{self, Path, Query},
        once::{self, ABOUT, Once, OnceJson},
        page, problem,
    },
    table::{
        audit::{AuditAction, Event},
        job::{self, CONFIRMED_WITHIN, JobKind, Kind, Preview, RetentionJob},
        keeping::Counted,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App,
    jobs::{self, Confirmation, Listed},
};

/// A new retention.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionOrder {
    /// 180 to 3,650. More than 180 requires the storage add-on.
    days: u16,
    /// Why: at least one letter, at most 500 characters.
    #[schema(value_type = String)]
    reason: Reason,
}

/// The retention and its changes, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retention {
    /// Days from the start of the call.
    days: u16,
    storage_add_on: bool,
    changes: Vec<RetentionChange>,
    /// Pass it as `cursor` to get the next page of changes. Null on the last page.
    cursor: Option<String>,
}

/// A change of the retention.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetentionChange {
    id: String,
    /// `previewed`: nothing is changed. `moving`: the expiry of recordings is being moved.
    /// `overtaken`: a newer change moves the rest. `done`.
    state: &'static str,
    by: String,
    at: DateTime<Utc>,
    reason: String,
    days: u16,
    /// The previous days.
    was: u16,
    /// Recordings that the change affects.
    recordings: u64,
    /// Those of them that expire at once. Held recordings, and those in a grace period, do not.
    ending: u64,
    /// Whether these counts are exact. If not, they are lower bounds.
    exact: bool,
    /// Recordings whose expiry has been moved so far.
    moved: u64,
    /// When the preview lapses.
    confirm_before: Option<DateTime<Utc>>,
}

/// Shows the retention and its changes.
#[utoipa::path(
    get,
    path = "/v1/retention",
    tag = "retention",
    params(Listed),
    responses(
        (status = 200, body = Retention),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn show(State(app): State<App>, principal: Principal, Query(listed): Query<Listed>) -> Result<Json<Retention>, Problem> {
    let event = principal.event(AuditAction::SeeRetention, (app.now)());
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let (limit, after) = (page::limit(listed.limit)?, page::after(listed.cursor.as_deref())?);
    let (changes, next) = app.table.jobs(&principal.organisation.id, Kind::Retention, limit, after.as_deref(), event.at).await?;
    app.table.audit(&event).await?;
    Ok(Json(Retention {
        days: principal.organisation.retention_days,
        storage_add_on: principal.organisation.storage_add_on,
        changes: changes.into_iter().map(RetentionChange::from).collect(),
        cursor: next.map(|place| cursor::write_text(&place)),
    }))
}

/// Previews a change and the recordings that expire at once. Confirm it within 24 hours.
#[utoipa::path(
    post,
    path = "/v1/retention",
    tag = "retention",
    params(("Idempotency-Key" = Option<String>, Header, description = ABOUT)),
    request_body = RetentionOrder,
    responses(
        (status = 201, description = "a preview; nothing is changed", body = RetentionChange),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid, idempotency-key-reused", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn preview(
    State(app): State<App>,
    principal: Principal,
    OnceJson(once, asked): OnceJson<RetentionOrder>,
) -> Result<Response, Problem> {
    let event = principal.event(AuditAction::PreviewRetention, (app.now)());
    let previewed = previewed(&app, &principal, &once, asked, &event).await;
    once.settle(&app.table, &principal.organisation.id, event.at, previewed).await
}

async fn previewed(app: &App, principal: &Principal, once: &Once, asked: RetentionOrder, event: &Event) -> Result<Response, Problem> {
    principal.with_permission(&app.table, Permission::Administer, event).await?;
    if let Err(refusal) = retention::admit(asked.days, principal.organisation.storage_add_on) {
        return Err(principal.refuse(&app.table, event.clone(), Problem::because(Cause::Invalid, refusal)).await);
    }
    let organisation = &principal.organisation.id;
    let all = app.table.count(organisation, &Counted::All, event.at).await?;
    // Expiry has whole seconds: a recording that would end within this second ends now.
    let start = event.at.trunc_subsecs(0) + TimeDelta::seconds(1) - TimeDelta::days(asked.days.into());
    let ending = app.table.count(organisation, &Counted::EndedBefore(start), event.at).await?;
    let counted = Preview { found: all.recordings, ending: ending.recordings, held: 0, exact: all.exact && ending.exact };
    let what = JobKind::Retention { days: asked.days, was: principal.organisation.retention_days };
    let change = jobs::new_job(principal, what, job::State::Previewed, asked.reason, counted, app);
    let shown = RetentionChange::from(change.clone());
    let claim = once.claim(organisation, event.at, StatusCode::CREATED, &shown)?;
    app.table.create_job(&change, &Event { resource: Some(change.id.to_string()), ..event.clone() }, claim.as_ref()).await?;
    Ok(once::had_effect(StatusCode::CREATED, &shown))
}

/// Shows a change of the retention.
#[utoipa::path(
    get,
    path = "/v1/retention/{change}",
    tag = "retention",
    params(("change" = String, Path, description = "the change's id")),
    responses(
        (status = 200, body = RetentionChange),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn one(State(app): State<App>, principal: Principal, Path(id): Path<OrderId>) -> Result<Json<RetentionChange>, Problem> {
    let event = principal.event_about(AuditAction::SeeRetention, id, (app.now)());
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let change = jobs::found(&app, &principal, Kind::Retention, id, &event).await?;
    app.table.audit(&event).await?;
    Ok(Json(change.into()))
}

/// Carries out a previewed change: at once for new calls, and in pages for existing recordings.
#[utoipa::path(
    post,
    path = "/v1/retention/{change}/confirm",
    tag = "retention",
    params(("change" = String, Path, description = "the change's id")),
    request_body = Confirmation,
    responses(
        (status = 202, description = "in progress or done", body = RetentionChange),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "changed", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid: the count differs from the preview, or the storage add-on has ended", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn confirm(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrderId>,
    extract::Json(confirmation): extract::Json<Confirmation>,
) -> Result<(StatusCode, Json<RetentionChange>), Problem> {
    let event = principal.event_about(AuditAction::ChangeRetention, id, (app.now)());
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let change = jobs::found(&app, &principal, Kind::Retention, id, &event).await?;
    // Sends only the delayed message, after requests with the old days: see `retention-worker`.
    let change = jobs::confirmed(&app, &principal, change, &confirmation, &event).await?;
    Ok((StatusCode::ACCEPTED, Json(change.into())))
}

impl From<RetentionJob> for RetentionChange {
    fn from(job: RetentionJob) -> Self {
        let (days, was) = if let JobKind::Retention { days, was } = job.what { (days, was) } else { (0, 0) };
        let previewed = job.state == job::State::Previewed;
        Self {
            id: job.id.to_string(),
            state: job.state.as_str(),
            by: job.by,
            at: job.at,
            reason: job.reason.into(),
            days,
            was,
            recordings: job.preview.found,
            ending: job.preview.ending,
            exact: job.preview.exact,
            moved: job.progress.done,
            confirm_before: previewed.then(|| job.at + CONFIRMED_WITHIN),
        }
    }
}
