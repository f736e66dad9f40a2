//! Legal holds: `/v1/holds`. What one wants is kept past its day until the last hold that wants it is lifted.

use std::collections::BTreeSet;

use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use domain::{
    access::Duty,
    ids::{OrderId, RecordingId, UserId},
    reason::Reason,
};
use platform::{
    http::{
        Cause, Known, Problem, cursor,
        extract::{Path, Query},
        once::{self, ABOUT, Once, OnceJson},
        page, problem,
        sought::{self, Filter, Sought},
    },
    table::{
        audit::{Deed, Event},
        commit::Commit,
        order::{self, Kind, Order, Preview, What},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    App,
    told::{self, Listed},
};

/// A hold to place: on recordings by their ids, or on those that a search finds now.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldOrder {
    /// Why: at least one letter, at most 500 characters.
    #[schema(value_type = String)]
    reason: Reason,
    /// 1 to 100 of them.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>)]
    recordings: Option<BTreeSet<RecordingId>>,
    /// The filters of `GET /v1/recordings`. Recordings that are registered later are not held, whatever the filters say.
    #[serde(default)]
    filter: Option<Box<Filter>>,
}

/// A legal hold.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hold {
    id: String,
    /// `placing`: not on all of its recordings yet; `held`; `lifting`; `lifted`.
    state: &'static str,
    /// Who placed it.
    by: String,
    at: DateTime<Utc>,
    reason: String,
    /// Recordings that it has been placed on.
    recordings: u64,
    lifted: Option<LiftedHold>,
}

/// Who lifted a hold, when and why.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiftedHold {
    by: String,
    at: DateTime<Utc>,
    reason: String,
}

/// A page of holds, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct Holds {
    holds: Vec<Hold>,
    /// Hand it in as `cursor` for the next page; null on the last.
    cursor: Option<String>,
}

/// A hold and a page of its recordings, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldWithRecordings {
    hold: Hold,
    recordings: Vec<HeldRecording>,
    /// Hand it in as `cursor` for the next page; null on the last.
    cursor: Option<String>,
}

/// A recording that a hold was placed on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HeldRecording {
    recording: String,
    started_at: DateTime<Utc>,
}

/// Why a hold is lifted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Lifting {
    /// At least one letter, at most 500 characters.
    #[param(value_type = String)]
    reason: Reason,
}

/// Recordings of one hold that names them.
const NAMED: usize = 100;
/// Users that a filter by name takes at most: the hold's item names each, and an item holds 400 KB.
const USERS: usize = 4000;

/// Places a legal hold.
#[utoipa::path(
    post,
    path = "/v1/holds",
    tag = "retention",
    params(("Idempotency-Key" = Option<String>, Header, description = ABOUT)),
    request_body = HoldOrder,
    responses(
        (status = 202, description = "it is being placed", body = Hold),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid, idempotency-key-reused", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn place(State(app): State<App>, known: Known, OnceJson(once, asked): OnceJson<HoldOrder>) -> Result<Response, Problem> {
    let event = known.event(Deed::PlaceHold, (app.now)());
    let placed = placed(&app, &known, &once, asked, &event).await;
    once.settle(&app.table, &known.organisation.id, event.at, placed).await
}

async fn placed(app: &App, known: &Known, once: &Once, asked: HoldOrder, event: &Event) -> Result<Response, Problem> {
    known.with_duty(&app.table, Duty::Administer, event).await?;
    let sought = match asked_for(app, known, asked.recordings, asked.filter, event.at).await {
        Ok(sought) => serde_json::to_string(&sought).map_err(Problem::internal)?,
        Err(problem) => return Err(known.refuse(&app.table, event.clone(), problem).await),
    };
    let reason = asked.reason.clone();
    let hold = told::ordered(known, What::Hold { sought: Some(sought) }, order::State::Placing, asked.reason, Preview::default(), app);
    told::before(app, &hold).await?;
    let shown = Hold::from(hold.clone());
    let claim = once.claim(&known.organisation.id, event.at, StatusCode::ACCEPTED, &shown)?;
    let event = Event { subject: Some(hold.id.to_string()), reason: Some(reason.into()), ..event.clone() };
    app.table.place(&hold, &event, claim.as_ref()).await?;
    told::now(app, &hold).await;
    Ok(once::had_effect(StatusCode::ACCEPTED, &shown))
}

/// Lists the holds, newest first.
#[utoipa::path(
    get,
    path = "/v1/holds",
    tag = "retention",
    params(Listed),
    responses(
        (status = 200, body = Holds),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<App>, known: Known, Query(listed): Query<Listed>) -> Result<Json<Holds>, Problem> {
    let event = known.event(Deed::SeeHolds, (app.now)());
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let (limit, after) = (page::limit(listed.limit)?, page::after(listed.cursor.as_deref())?);
    let (holds, next) = app.table.orders(&known.organisation.id, Kind::Hold, limit, after.as_deref(), event.at).await?;
    app.table.audit(&event).await?;
    Ok(Json(Holds { holds: holds.into_iter().map(Hold::from).collect(), cursor: next.map(|place| cursor::write_text(&place)) }))
}

/// Shows a hold and the recordings that it was placed on.
#[utoipa::path(
    get,
    path = "/v1/holds/{hold}",
    tag = "retention",
    params(("hold" = String, Path, description = "the hold's id"), Listed),
    responses(
        (status = 200, body = HoldWithRecordings),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn show(
    State(app): State<App>,
    known: Known,
    Path(id): Path<OrderId>,
    Query(listed): Query<Listed>,
) -> Result<Json<HoldWithRecordings>, Problem> {
    let event = known.event_about(Deed::SeeHolds, id, (app.now)());
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let (limit, after) = (page::limit(listed.limit)?, page::after(listed.cursor.as_deref())?);
    let hold = told::found(&app, &known, Kind::Hold, id, &event).await?;
    let (held, next) = app.table.held_by(&known.organisation.id, id, limit, after.as_deref()).await?;
    app.table.audit(&event).await?;
    let recordings = held.into_iter().map(|(id, started_at)| HeldRecording { recording: id.to_string(), started_at });
    Ok(Json(HoldWithRecordings {
        hold: hold.into(),
        recordings: recordings.collect(),
        cursor: next.map(|place| cursor::write_text(&place)),
    }))
}

/// Lifts a hold. What no other hold wants has its own day again, or 7 days where that is past.
#[utoipa::path(
    delete,
    path = "/v1/holds/{hold}",
    tag = "retention",
    params(("hold" = String, Path, description = "the hold's id"), Lifting),
    responses(
        (status = 202, description = "it is being lifted, or was", body = Hold),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid: say why", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn lift(
    State(app): State<App>,
    known: Known,
    Path(id): Path<OrderId>,
    Query(lifting): Query<Lifting>,
) -> Result<(StatusCode, Json<Hold>), Problem> {
    let event = known.event_about(Deed::LiftHold, id, (app.now)());
    let event = Event { reason: Some(lifting.reason.to_string()), ..event };
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let hold = told::found(&app, &known, Kind::Hold, id, &event).await?;
    told::before(&app, &hold).await?;
    let by_this = match app.table.lift(&hold, &lifting.reason, &event).await? {
        Commit::Done => true,
        Commit::Refused(_) => false,
    };
    if by_this {
        told::now(&app, &hold).await;
    } else {
        app.table.audit(&event).await?;
    }
    let stands = told::found(&app, &known, Kind::Hold, id, &event).await?;
    Ok((StatusCode::ACCEPTED, Json(stands.into())))
}

/// What the hold is to be placed on, or why that cannot be.
async fn asked_for(
    app: &App,
    known: &Known,
    recordings: Option<BTreeSet<RecordingId>>,
    filter: Option<Box<Filter>>,
    now: DateTime<Utc>,
) -> Result<Sought, Problem> {
    match (recordings, filter) {
        (Some(ids), None) if (1..=NAMED).contains(&ids.len()) => {
            let ids = Vec::from_iter(ids);
            let seen = app.table.seen(&known.organisation.id, &ids).await?;
            let there: BTreeSet<_> = seen.iter().filter(|seen| seen.kept.exists(now)).map(|seen| seen.recording.id).collect();
            let missing: Vec<String> = ids.iter().filter(|id| !there.contains(id)).map(ToString::to_string).collect();
            if missing.is_empty() {
                return Ok(Sought::Recordings(ids));
            }
            Err(Problem::because(Cause::Invalid, format!("these recordings do not exist: {}", missing.join(", "))))
        }
        (None, Some(filter)) => {
            let users = named(app, known, &filter).await?;
            filter.search(users.as_deref())?;
            Ok(Sought::Filter { filter, users })
        }
        _ => Err(Problem::because(Cause::Invalid, "say which recordings: either 1 to 100 `recordings` by their ids, or a `filter`")),
    }
}

/// The users whom the filter's name finds, if it has one, all of them: the hold keeps them. No request, or those of [`sought::named`].
async fn named(app: &App, known: &Known, filter: &Filter) -> Result<Option<Vec<UserId>>, Problem> {
    let found = sought::named(&app.table, &known.organisation.id, filter.name.as_deref(), None).await?;
    if found.as_ref().is_some_and(|users| users.len() > USERS) {
        let too_many = "more than 4000 users have this name; write more of it, or name users by `user`, with a hold for each";
        return Err(Problem::because(Cause::Invalid, too_many));
    }
    Ok(found.map(Vec::from_iter))
}

impl From<Order> for Hold {
    fn from(order: Order) -> Self {
        Self {
            id: order.id.to_string(),
            state: order.state.as_str(),
            by: order.by,
            at: order.at,
            reason: order.reason.into(),
            recordings: order.progress.done,
            lifted: order.lifted.map(|lifted| LiftedHold { by: lifted.by, at: lifted.at, reason: lifted.reason.into() }),
        }
    }
}
