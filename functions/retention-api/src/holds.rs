//! Legal holds: `/v1/holds`. A recording does not expire until its last hold is lifted.

use std::collections::BTreeSet;

use axum::{Json, extract::State, http::StatusCode, response::Response};
use chrono::{DateTime, Utc};
use domain::{
    access::Permission,
    ids::{OrderId, RecordingId, UserId},
    reason::Reason,
};
use platform::{
    http::{
        Cause, Principal, Problem,
        criteria::{self, Criteria, Filter},
        cursor,
        extract::{Path, Query},
        once::{self, ABOUT, Once, OnceJson},
        page, problem,
    },
    table::{
        audit::{AuditAction, Event},
        commit::Conflict,
        job::{self, JobKind, Kind, Preview, RetentionJob},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    App,
    jobs::{self, Listed},
};

/// A hold to place, on recordings by their ids or on the current results of a search.
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
    /// The filters of `GET /v1/recordings`. Recordings that are registered later are never held.
    #[serde(default)]
    filter: Option<Box<Filter>>,
}

/// A legal hold.
#[derive(Debug, Serialize, ToSchema)]
pub struct Hold {
    id: String,
    /// `placing`: some of its recordings are not held yet. `held`. `lifting`. `lifted`.
    state: &'static str,
    /// Who placed it.
    by: String,
    at: DateTime<Utc>,
    reason: String,
    /// Recordings that it holds or held.
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
    /// Pass it as `cursor` to get the next page. Null on the last page.
    cursor: Option<String>,
}

/// A hold and a page of its recordings, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct HoldWithRecordings {
    hold: Hold,
    recordings: Vec<HeldRecording>,
    /// Pass it as `cursor` to get the next page. Null on the last page.
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

/// The most recordings that a hold can name.
const NAMED: usize = 100;
/// The most users that a filter by name can find: the hold's item, at most 400 KB, names each.
const USERS: usize = 4000;

/// Places a legal hold.
#[utoipa::path(
    post,
    path = "/v1/holds",
    tag = "retention",
    params(("Idempotency-Key" = Option<String>, Header, description = ABOUT)),
    request_body = HoldOrder,
    responses(
        (status = 202, description = "the hold is being placed", body = Hold),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid, idempotency-key-reused", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn place(State(app): State<App>, principal: Principal, OnceJson(once, asked): OnceJson<HoldOrder>) -> Result<Response, Problem> {
    let event = principal.event(AuditAction::PlaceHold, (app.now)());
    let placed = placed(&app, &principal, &once, asked, &event).await;
    once.settle(&app.table, &principal.organisation.id, event.at, placed).await
}

async fn placed(app: &App, principal: &Principal, once: &Once, asked: HoldOrder, event: &Event) -> Result<Response, Problem> {
    principal.with_permission(&app.table, Permission::Administer, event).await?;
    let criteria = match requested_criteria(app, principal, asked.recordings, asked.filter, event.at).await {
        Ok(criteria) => serde_json::to_string(&criteria).map_err(Problem::internal)?,
        Err(problem) => return Err(principal.refuse(&app.table, event.clone(), problem).await),
    };
    let reason = asked.reason.clone();
    let hold =
        jobs::new_job(principal, JobKind::Hold { criteria: Some(criteria) }, job::State::Placing, asked.reason, Preview::default(), app);
    jobs::send_delayed(app, &hold).await?;
    let shown = Hold::from(hold.clone());
    let claim = once.claim(&principal.organisation.id, event.at, StatusCode::ACCEPTED, &shown)?;
    let event = Event { resource: Some(hold.id.to_string()), reason: Some(reason.into()), ..event.clone() };
    app.table.create_job(&hold, &event, claim.as_ref()).await?;
    jobs::send_now(app, &hold).await;
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
pub async fn list(State(app): State<App>, principal: Principal, Query(listed): Query<Listed>) -> Result<Json<Holds>, Problem> {
    let event = principal.event(AuditAction::SeeHolds, (app.now)());
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let (limit, after) = (page::limit(listed.limit)?, page::after(listed.cursor.as_deref())?);
    let (holds, next) = app.table.jobs(&principal.organisation.id, Kind::Hold, limit, after.as_deref(), event.at).await?;
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
    principal: Principal,
    Path(id): Path<OrderId>,
    Query(listed): Query<Listed>,
) -> Result<Json<HoldWithRecordings>, Problem> {
    let event = principal.event_about(AuditAction::SeeHolds, id, (app.now)());
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let (limit, after) = (page::limit(listed.limit)?, page::after(listed.cursor.as_deref())?);
    let hold = jobs::found(&app, &principal, Kind::Hold, id, &event).await?;
    let (held, next) = app.table.held_by(&principal.organisation.id, id, limit, after.as_deref()).await?;
    app.table.audit(&event).await?;
    let recordings = held.into_iter().map(|(id, started_at)| HeldRecording { recording: id.to_string(), started_at });
    Ok(Json(HoldWithRecordings {
        hold: hold.into(),
        recordings: recordings.collect(),
        cursor: next.map(|place| cursor::write_text(&place)),
    }))
}

/// Lifts a hold. Recordings without another hold expire as usual, or in 7 days if that is past.
#[utoipa::path(
    delete,
    path = "/v1/holds/{hold}",
    tag = "retention",
    params(("hold" = String, Path, description = "the hold's id"), Lifting),
    responses(
        (status = 202, description = "the hold is being lifted, or was lifted", body = Hold),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid: the reason is missing or invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn lift(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<OrderId>,
    Query(lifting): Query<Lifting>,
) -> Result<(StatusCode, Json<Hold>), Problem> {
    let event = principal.event_about(AuditAction::LiftHold, id, (app.now)());
    let event = Event { reason: Some(lifting.reason.to_string()), ..event };
    principal.with_permission(&app.table, Permission::Administer, &event).await?;
    let hold = jobs::found(&app, &principal, Kind::Hold, id, &event).await?;
    jobs::send_delayed(&app, &hold).await?;
    let by_this = match app.table.lift(&hold, &lifting.reason, &event).await? {
        Ok(()) => true,
        Err(Conflict(_)) => false,
    };
    if by_this {
        jobs::send_now(&app, &hold).await;
    } else {
        app.table.audit(&event).await?;
    }
    let hold = jobs::found(&app, &principal, Kind::Hold, id, &event).await?;
    Ok((StatusCode::ACCEPTED, Json(hold.into())))
}

/// The criteria of the requested hold, or why it cannot be placed.
async fn requested_criteria(
    app: &App,
    principal: &Principal,
    recordings: Option<BTreeSet<RecordingId>>,
    filter: Option<Box<Filter>>,
    now: DateTime<Utc>,
) -> Result<Criteria, Problem> {
    match (recordings, filter) {
        (Some(ids), None) if (1..=NAMED).contains(&ids.len()) => {
            let ids = Vec::from_iter(ids);
            let seen = app.table.seen(&principal.organisation.id, &ids).await?;
            let existing: BTreeSet<_> = seen.iter().filter(|seen| seen.retained.exists(now)).map(|seen| seen.recording.id).collect();
            let missing: Vec<String> = ids.iter().filter(|id| !existing.contains(id)).map(ToString::to_string).collect();
            if missing.is_empty() {
                return Ok(Criteria::Recordings(ids));
            }
            Err(Problem::because(Cause::Invalid, format!("these recordings do not exist: {}", missing.join(", "))))
        }
        (None, Some(filter)) => {
            let users = named(app, principal, &filter).await?;
            filter.search(users.as_deref())?;
            Ok(Criteria::Filter { filter, users })
        }
        _ => Err(Problem::because(Cause::Invalid, "say which recordings: either 1 to 100 `recordings` by their ids, or a `filter`")),
    }
}

/// The users that the filter's name finds, all of which the hold stores. See [`criteria::named`].
async fn named(app: &App, principal: &Principal, filter: &Filter) -> Result<Option<Vec<UserId>>, Problem> {
    let found = criteria::named(&app.table, &principal.organisation.id, filter.name.as_deref(), None).await?;
    if found.as_ref().is_some_and(|users| users.len() > USERS) {
        let too_many = "more than 4000 users have this name; write more of it, or place a hold for each `user`";
        return Err(Problem::because(Cause::Invalid, too_many));
    }
    Ok(found.map(Vec::from_iter))
}

impl From<RetentionJob> for Hold {
    fn from(job: RetentionJob) -> Self {
        Self {
            id: job.id.to_string(),
            state: job.state.as_str(),
            by: job.by,
            at: job.at,
            reason: job.reason.into(),
            recordings: job.progress.done,
            lifted: job.lifted.map(|lifted| LiftedHold { by: lifted.by, at: lifted.at, reason: lifted.reason.into() }),
        }
    }
}
