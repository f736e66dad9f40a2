//! Erasures of a person's recordings (GDPR, article 17), except held ones: `/v1/erasures`.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use domain::{
    access::Permission,
    ids::{OrderId, UserId},
    job::Person,
    phone::PhoneNumber,
    reason::Reason,
};
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

/// Whose recordings to erase: a counterpart's or a user's.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureOrder {
    /// E.164.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    counterpart: Option<PhoneNumber>,
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    user: Option<UserId>,
    /// Why: at least one letter, at most 500 characters.
    #[schema(value_type = String)]
    reason: Reason,
}

/// An erasure.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Erasure {
    id: String,
    /// `previewed`: nothing is erased; `erasing`; `done`.
    state: &'static str,
    by: String,
    at: DateTime<Utc>,
    reason: String,
    /// The user, or the last two digits of the counterpart's number.
    about: String,
    /// Recordings that the preview counted.
    recordings: u64,
    /// Those of them that are held. They are not erased; lift their holds first.
    held: u64,
    /// Whether these counts are exact. If not, they are lower bounds.
    exact: bool,
    /// Erased recordings, with receipts in the audit log (`action` `erase`, `resource` this id).
    erased: u64,
    /// Recordings that remain because they are held.
    left: u64,
    /// The first 100 of those, each with one of its holds.
    #[schema(max_items = 100)]
    leaves: Vec<LeftRecording>,
    /// When the preview lapses.
    confirm_before: Option<DateTime<Utc>>,
}

/// A recording that an erasure left, and one of its holds.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeftRecording {
    recording: String,
    hold: String,
}

/// A page of erasures, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Erasures {
    erasures: Vec<Erasure>,
    /// Pass it as `cursor` to get the next page. Null on the last page.
    cursor: Option<String>,
}

/// Previews an erasure: its recordings, and how many of them are held. Confirm it within 24 hours.
#[utoipa::path(
    post,
    path = "/v1/erasures",
    tag = "retention",
    params(("Idempotency-Key" = Option<String>, Header, description = ABOUT)),
    request_body = ErasureOrder,
    responses(
        (status = 201, description = "a preview; nothing is erased", body = Erasure),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid, idempotency-key-reused", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn preview(
    State(app): State<App>,
    principal: Principal,
    OnceJson(once, asked): OnceJson<ErasureOrder>,
) -> Result<Response, Problem> {
    let event = principal.event(AuditAction::PreviewErasure, (app.now)());
    let previewed = previewed(&app, &principal, &once, asked, &event).await;
    once.settle(&app.table, &principal.organisation.id, event.at, previewed).await
}

async fn previewed(app: &App, principal: &Principal, once: &Once, asked: ErasureOrder, event: &Event) -> Result<Response, Problem> {
    principal.with_permission(&app.table, Permission::Administer, event).await?;
    let person = match (asked.counterpart, asked.user) {
        (Some(number), None) => Person::Counterpart(number),
        (None, Some(user)) => Person::User(user),
        _ => return Err(Problem::because(Cause::Invalid, "name the person: either a `counterpart` or a `user`")),
    };
    let count = app.table.count(&principal.organisation.id, &Counted::Of(&person), event.at).await?;
    let counted = Preview { found: count.recordings, ending: 0, held: count.held, exact: count.exact };
    let about = person.remembered();
    let what = JobKind::Erasure { person: Some(person), about };
    let erasure = jobs::new_job(principal, what, job::State::Previewed, asked.reason, counted, app);
    let shown = Erasure::from(erasure.clone());
    let claim = once.claim(&principal.organisation.id, event.at, StatusCode::CREATED, &shown)?;
    app.table.create_job(&erasure, &Event { resource: Some(erasure.id.to_string()), ..event.clone() }, claim.as_ref()).await?;
    Ok(once::had_effect(StatusCode::CREATED, &shown))
}

/// Lists the erasures, newest first.
#[utoipa::path(
    get,
    path = "/v1/erasures",
    tag = "retention",
    params(Listed),
    responses(
        (status = 200, body = Erasures),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<App>, principal: Principal, Query(listed): Query<Listed>) -> Result<Json<Erasures>, Problem> {
    let event = principal.event(AuditAction::SeeErasures, (app.now)());
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let (limit, after) = (page::limit(listed.limit)?, page::after(listed.cursor.as_deref())?);
    let (erasures, next) = app.table.jobs(&principal.organisation.id, Kind::Erasure, limit, after.as_deref(), event.at).await?;
    app.table.audit(&event).await?;
    let erasures = erasures.into_iter().map(Erasure::from).collect();
    Ok(Json(Erasures { erasures, cursor: next.map(|place| cursor::write_text(&place)) }))
}

/// Shows an erasure and its progress.
#[utoipa::path(
    get,
    path = "/v1/erasures/{erasure}",
    tag = "retention",
    params(("erasure" = String, Path, description = "the erasure's id")),
    responses(
        (status = 200, body = Erasure),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn show(State(app): State<App>, principal: Principal, Path(id): Path<OrderId>) -> Result<Json<Erasure>, Problem> {
    let event = principal.event_about(AuditAction::SeeErasures, id, (app.now)());
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let erasure = jobs::found(&app, &principal, Kind::Erasure, id, &event).await?;
    app.table.audit(&event).await?;
    Ok(Json(erasure.into()))
}

/// Carries out a previewed erasure. It cannot be undone.
#[utoipa::path(
    post,
    path = "/v1/erasures/{erasure}/confirm",
    tag = "retention",
    params(("erasure" = String, Path, description = "the erasure's id")),
    request_body = Confirmation,
    responses(
        (status = 202, description = "in progress or done", body = Erasure),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "changed", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid: the count differs from the preview", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn confirm(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrderId>,
    extract::Json(confirmation): extract::Json<Confirmation>,
) -> Result<(StatusCode, Json<Erasure>), Problem> {
    let event = principal.event_about(AuditAction::OrderErasure, id, (app.now)());
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let erasure = jobs::found(&app, &principal, Kind::Erasure, id, &event).await?;
    let erasure = jobs::confirmed(&app, &principal, erasure, &confirmation, &event).await?;
    jobs::send_now(&app, &erasure).await;
    Ok((StatusCode::ACCEPTED, Json(erasure.into())))
}

impl From<RetentionJob> for Erasure {
    fn from(job: RetentionJob) -> Self {
        let about = if let JobKind::Erasure { about, .. } = job.what { about } else { String::new() };
        let leaves = job.progress.leaves.into_iter();
        let previewed = job.state == job::State::Previewed;
        Self {
            id: job.id.to_string(),
            state: job.state.as_str(),
            by: job.by,
            at: job.at,
            reason: job.reason.into(),
            about,
            recordings: job.preview.found,
            held: job.preview.held,
            exact: job.preview.exact,
            erased: job.progress.done,
            left: job.progress.left,
            leaves: leaves.map(|(recording, hold)| LeftRecording { recording: recording.to_string(), hold: hold.to_string() }).collect(),
            confirm_before: previewed.then(|| job.at + CONFIRMED_WITHIN),
        }
    }
}
