//! For how many days the organisation keeps its recordings: `/v1/retention`.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::{access::Duty, ids::OrderId, reason::Reason, retention};
use platform::{
    http::{
        Cause, Known, Problem, cursor,
        extract::{self, Path, Query},
        once::{self, ABOUT, Once, OnceJson},
        page, problem,
    },
    table::{
        audit::{Deed, Event},
        keeping::Counted,
        order::{self, CONFIRMED_WITHIN, Kind, Order, Preview, What},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App,
    told::{self, Confirmation, Listed},
};

/// Other days to keep recordings for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionOrder {
    /// 180 to 3,650; more than 180 need the storage add-on.
    days: u16,
    /// Why: at least one letter, at most 500 characters.
    #[schema(value_type = String)]
    reason: Reason,
}

/// How long recordings are kept, and what was ordered about it, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Retention {
    /// From their call's start.
    days: u16,
    storage_add_on: bool,
    changes: Vec<RetentionChange>,
    /// Hand it in as `cursor` for the next page of changes; null on the last.
    cursor: Option<String>,
}

/// A change of the retention.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RetentionChange {
    id: String,
    /// `previewed`: nothing is changed; `moving`: the ends of recordings are being moved; `overtaken`: a newer change moves them; `done`.
    state: &'static str,
    by: String,
    at: DateTime<Utc>,
    reason: String,
    days: u16,
    /// The days before.
    was: u16,
    /// Recordings whose end it concerns.
    recordings: u64,
    /// Of them: those that end at once. What is held, or has its grace after a hold, does not.
    ending: u64,
    /// Whether these counts are exact; at least so many otherwise.
    exact: bool,
    /// Recordings whose end has been moved so far.
    moved: u64,
    /// Until when a preview can be confirmed.
    confirm_before: Option<DateTime<Utc>>,
}

/// Shows how long recordings are kept.
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
pub async fn show(State(app): State<App>, known: Known, Query(listed): Query<Listed>) -> Result<Json<Retention>, Problem> {
    let event = known.event(Deed::SeeRetention, (app.now)());
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let (limit, after) = (page::limit(listed.limit)?, page::after(listed.cursor.as_deref())?);
    let (changes, next) = app.table.orders(&known.organisation.id, Kind::Retention, limit, after.as_deref(), event.at).await?;
    app.table.audit(&event).await?;
    Ok(Json(Retention {
        days: known.organisation.retention_days,
        storage_add_on: known.organisation.storage_add_on,
        changes: changes.into_iter().map(RetentionChange::from).collect(),
        cursor: next.map(|place| cursor::write_text(&place)),
    }))
}

/// Previews other days: how many recordings it concerns, and how many of them would end at once. Confirm it within 24 hours.
#[utoipa::path(
    post,
    path = "/v1/retention",
    tag = "retention",
    params(("Idempotency-Key" = Option<String>, Header, description = ABOUT)),
    request_body = RetentionOrder,
    responses(
        (status = 201, description = "previewed; nothing is changed", body = RetentionChange),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid, idempotency-key-reused", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn preview(State(app): State<App>, known: Known, OnceJson(once, asked): OnceJson<RetentionOrder>) -> Result<Response, Problem> {
    let event = known.event(Deed::PreviewRetention, (app.now)());
    let previewed = previewed(&app, &known, &once, asked, &event).await;
    once.settle(&app.table, &known.organisation.id, event.at, previewed).await
}

async fn previewed(app: &App, known: &Known, once: &Once, asked: RetentionOrder, event: &Event) -> Result<Response, Problem> {
    known.with_duty(&app.table, Duty::Administer, event).await?;
    if let Err(refusal) = retention::admit(asked.days, known.organisation.storage_add_on) {
        return Err(known.refuse(&app.table, event.clone(), Problem::because(Cause::Invalid, refusal)).await);
    }
    let organisation = &known.organisation.id;
    let all = app.table.count(organisation, &Counted::All, event.at).await?;
    // Days are kept to the second: one that would end within this second ends now.
    let start = event.at.trunc_subsecs(0) + TimeDelta::seconds(1) - TimeDelta::days(asked.days.into());
    let ending = app.table.count(organisation, &Counted::EndedBefore(start), event.at).await?;
    let counted = Preview { found: all.recordings, ending: ending.recordings, held: 0, exact: all.exact && ending.exact };
    let what = What::Retention { days: asked.days, was: known.organisation.retention_days };
    let change = told::ordered(known, what, order::State::Previewed, asked.reason, counted, app);
    let shown = RetentionChange::from(change.clone());
    let claim = once.claim(organisation, event.at, StatusCode::CREATED, &shown)?;
    app.table.place(&change, &Event { subject: Some(change.id.to_string()), ..event.clone() }, claim.as_ref()).await?;
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
pub async fn one(State(app): State<App>, known: Known, Path(id): Path<OrderId>) -> Result<Json<RetentionChange>, Problem> {
    let event = known.event_about(Deed::SeeRetention, id, (app.now)());
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let change = told::found(&app, &known, Kind::Retention, id, &event).await?;
    app.table.audit(&event).await?;
    Ok(Json(change.into()))
}

/// Carries out a previewed change: calls are registered by the new days at once, and the ends of those that are there are moved.
#[utoipa::path(
    post,
    path = "/v1/retention/{change}/confirm",
    tag = "retention",
    params(("change" = String, Path, description = "the change's id")),
    request_body = Confirmation,
    responses(
        (status = 202, description = "it is being carried out, or was", body = RetentionChange),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "changed", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid: another count, or no storage add-on any more", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn confirm(
    State(app): State<App>,
    known: Known,
    Path(id): Path<OrderId>,
    extract::Json(confirmation): extract::Json<Confirmation>,
) -> Result<(StatusCode, Json<RetentionChange>), Problem> {
    let event = known.event_about(Deed::ChangeRetention, id, (app.now)());
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let change = told::found(&app, &known, Kind::Retention, id, &event).await?;
    // The one message comes once every registration that had read the old days is written: see `keep`.
    let change = told::confirmed(&app, &known, change, &confirmation, &event).await?;
    Ok((StatusCode::ACCEPTED, Json(change.into())))
}

impl From<Order> for RetentionChange {
    fn from(order: Order) -> Self {
        let (days, was) = if let What::Retention { days, was } = order.what { (days, was) } else { (0, 0) };
        let previewed = order.state == order::State::Previewed;
        Self {
            id: order.id.to_string(),
            state: order.state.as_str(),
            by: order.by,
            at: order.at,
            reason: order.reason.into(),
            days,
            was,
            recordings: order.preview.found,
            ending: order.preview.ending,
            exact: order.preview.exact,
            moved: order.progress.done,
            confirm_before: previewed.then(|| order.at + CONFIRMED_WITHIN),
        }
    }
}
