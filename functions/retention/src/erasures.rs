//! Erasing what was recorded of a person (GDPR, article 17): `/v1/erasures`. What is held is left, and reported.

use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use domain::{
    access::Duty,
    ids::{OrderId, UserId},
    order::Person,
    phone::PhoneNumber,
    reason::Reason,
};
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
    /// Whom it is about, as far as that is remembered: a user, or the last two digits of a number.
    about: String,
    /// Recordings that the preview counted.
    recordings: u64,
    /// Of them: held. They are not erased; lift their holds first.
    held: u64,
    /// Whether these counts are exact; at least so many otherwise.
    exact: bool,
    /// Recordings that have been erased, each with a receipt in the audit log (`deed` = `erase`, `subject` = this id).
    erased: u64,
    /// Recordings that were left because they are held.
    left: u64,
    /// The first 100 of those, and a hold that wants each.
    #[schema(max_items = 100)]
    leaves: Vec<LeftRecording>,
    /// Until when a preview can be confirmed.
    confirm_before: Option<DateTime<Utc>>,
}

/// A recording that an erasure left, and a hold that wants it.
#[derive(Debug, Serialize, ToSchema)]
pub struct LeftRecording {
    recording: String,
    hold: String,
}

/// A page of erasures, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Erasures {
    erasures: Vec<Erasure>,
    /// Hand it in as `cursor` for the next page; null on the last.
    cursor: Option<String>,
}

/// Previews an erasure: how many recordings, and how many of them are held. Confirm it within 24 hours.
#[utoipa::path(
    post,
    path = "/v1/erasures",
    tag = "retention",
    params(("Idempotency-Key" = Option<String>, Header, description = ABOUT)),
    request_body = ErasureOrder,
    responses(
        (status = 201, description = "previewed; nothing is erased", body = Erasure),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid, idempotency-key-reused", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn preview(State(app): State<App>, known: Known, OnceJson(once, asked): OnceJson<ErasureOrder>) -> Result<Response, Problem> {
    let event = known.event(Deed::PreviewErasure, (app.now)());
    let previewed = previewed(&app, &known, &once, asked, &event).await;
    once.settle(&app.table, &known.organisation.id, event.at, previewed).await
}

async fn previewed(app: &App, known: &Known, once: &Once, asked: ErasureOrder, event: &Event) -> Result<Response, Problem> {
    known.with_duty(&app.table, Duty::Administer, event).await?;
    let person = match (asked.counterpart, asked.user) {
        (Some(number), None) => Person::Counterpart(number),
        (None, Some(user)) => Person::User(user),
        _ => return Err(Problem::because(Cause::Invalid, "say whose recordings: either a `counterpart` or a `user`")),
    };
    let count = app.table.count(&known.organisation.id, &Counted::Of(&person), event.at).await?;
    let counted = Preview { found: count.recordings, ending: 0, held: count.held, exact: count.exact };
    let about = person.remembered();
    let what = What::Erasure { person: Some(person), about };
    let erasure = told::ordered(known, what, order::State::Previewed, asked.reason, counted, app);
    let shown = Erasure::from(erasure.clone());
    let claim = once.claim(&known.organisation.id, event.at, StatusCode::CREATED, &shown)?;
    app.table.place(&erasure, &Event { subject: Some(erasure.id.to_string()), ..event.clone() }, claim.as_ref()).await?;
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
pub async fn list(State(app): State<App>, known: Known, Query(listed): Query<Listed>) -> Result<Json<Erasures>, Problem> {
    let event = known.event(Deed::SeeErasures, (app.now)());
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let (limit, after) = (page::limit(listed.limit)?, page::after(listed.cursor.as_deref())?);
    let (erasures, next) = app.table.orders(&known.organisation.id, Kind::Erasure, limit, after.as_deref(), event.at).await?;
    app.table.audit(&event).await?;
    let erasures = erasures.into_iter().map(Erasure::from).collect();
    Ok(Json(Erasures { erasures, cursor: next.map(|place| cursor::write_text(&place)) }))
}

/// Shows an erasure and how far it has come.
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
pub async fn show(State(app): State<App>, known: Known, Path(id): Path<OrderId>) -> Result<Json<Erasure>, Problem> {
    let event = known.event_about(Deed::SeeErasures, id, (app.now)());
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let erasure = told::found(&app, &known, Kind::Erasure, id, &event).await?;
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
        (status = 202, description = "it is being carried out, or was", body = Erasure),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "changed", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid: another count", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn confirm(
    State(app): State<App>,
    known: Known,
    Path(id): Path<OrderId>,
    extract::Json(confirmation): extract::Json<Confirmation>,
) -> Result<(StatusCode, Json<Erasure>), Problem> {
    let event = known.event_about(Deed::OrderErasure, id, (app.now)());
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let erasure = told::found(&app, &known, Kind::Erasure, id, &event).await?;
    let erasure = told::confirmed(&app, &known, erasure, &confirmation, &event).await?;
    told::now(&app, &erasure).await;
    Ok((StatusCode::ACCEPTED, Json(erasure.into())))
}

impl From<Order> for Erasure {
    fn from(order: Order) -> Self {
        let about = if let What::Erasure { about, .. } = order.what { about } else { String::new() };
        let leaves = order.progress.leaves.into_iter();
        let previewed = order.state == order::State::Previewed;
        Self {
            id: order.id.to_string(),
            state: order.state.as_str(),
            by: order.by,
            at: order.at,
            reason: order.reason.into(),
            about,
            recordings: order.preview.found,
            held: order.preview.held,
            exact: order.preview.exact,
            erased: order.progress.done,
            left: order.progress.left,
            leaves: leaves.map(|(recording, hold)| LeftRecording { recording: recording.to_string(), hold: hold.to_string() }).collect(),
            confirm_before: previewed.then(|| order.at + CONFIRMED_WITHIN),
        }
    }
}
