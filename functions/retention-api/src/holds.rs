//! Legal holds: `/v1/holds`. A recording does not expire until its last hold is lifted.

use std::collections::BTreeSet;

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, Utc};
use domain::{
    ids::{OrderId, RecordingId, UserId},
    reason::Reason,
};
use platform::{
    criteria::{self, Criteria, Filter},
    http::{
        Admin, Cause, Principal, Problem,
        extract::{Path, Query},
        once::{ABOUT, OnceJson},
        operation::{LiftHold, PlaceHold, SeeHolds},
        page::{Listed, Page, PageQuery},
    },
    table::job::{self, JobKind, Kind, Preview, RetentionJob},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{
    App,
    jobs::{self, Created},
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
        (status = 422, description = "invalid, idempotency-key-reused"),
    )
)]
pub async fn place(
    State(app): State<App>,
    admin: Admin<PlaceHold>,
    OnceJson(asked): OnceJson<HoldOrder>,
) -> Result<Created<Hold>, Problem> {
    let criteria = requested_criteria(&app, &admin, asked.recordings, asked.filter).await?;
    let criteria = serde_json::to_string(&criteria).map_err(Problem::internal)?;
    admin.change(|event| event.reason = Some(asked.reason.to_string()));
    let what = JobKind::Hold { criteria: Some(criteria) };
    let hold = jobs::new_job(&admin, what, job::State::Placing, asked.reason, Preview::default());
    admin.about(hold.id);
    jobs::send_delayed(&app, &hold).await?;
    let shown = Hold::from(hold.clone());
    let claim = admin.claim(StatusCode::ACCEPTED, &shown)?;
    app.table.jobs().create(&hold, &admin.event(), claim.as_ref()).await?;
    jobs::send_now(&app, &hold).await;
    Ok((StatusCode::ACCEPTED, Json(shown)))
}

/// Lists the holds, newest first.
#[utoipa::path(
    get,
    path = "/v1/holds",
    tag = "retention",
    params(PageQuery),
    responses((status = 200, body = Holds))
)]
pub async fn list(
    State(app): State<App>,
    admin: Admin<SeeHolds>,
    Query(query): Query<PageQuery>,
) -> Result<Holds, Problem> {
    jobs::listed(&app, &admin, Kind::Hold, &query).await
}

/// Shows a hold and the recordings that it was placed on.
#[utoipa::path(
    get,
    path = "/v1/holds/{hold}",
    tag = "retention",
    params(("hold" = String, Path, description = "the hold's id"), PageQuery),
    responses((status = 200, body = HoldWithRecordings))
)]
pub async fn show(
    State(app): State<App>,
    admin: Admin<SeeHolds>,
    Path(id): Path<OrderId>,
    Query(query): Query<PageQuery>,
) -> Result<Json<HoldWithRecordings>, Problem> {
    let (limit, after) = (query.limit()?, query.after()?);
    let hold = jobs::found(&app, &admin, Kind::Hold, id).await?.into();
    let (held, next) =
        app.table.jobs().held_by(&admin.organisation.id, id, limit, after.as_deref()).await?;
    let Page { rows: recordings, cursor } = Page::read(held, next);
    Ok(Json(HoldWithRecordings { hold, recordings, cursor }))
}

/// Lifts a hold. Recordings without another hold expire as usual, or in 7 days if that is past.
#[utoipa::path(
    delete,
    path = "/v1/holds/{hold}",
    tag = "retention",
    params(("hold" = String, Path, description = "the hold's id"), Lifting),
    responses(
        (status = 202, description = "the hold is being lifted, or was lifted", body = Hold),
        (status = 422, description = "invalid: the reason is missing or invalid"),
    )
)]
pub async fn lift(
    State(app): State<App>,
    admin: Admin<LiftHold>,
    Path(id): Path<OrderId>,
    Query(lifting): Query<Lifting>,
) -> Result<Created<Hold>, Problem> {
    admin.change(|event| event.reason = Some(lifting.reason.to_string()));
    let hold = jobs::found(&app, &admin, Kind::Hold, id).await?;
    jobs::send_delayed(&app, &hold).await?;
    if app.table.jobs().lift(&hold, &lifting.reason, &admin.event()).await? == Ok(()) {
        jobs::send_now(&app, &hold).await;
    }
    let hold = jobs::found(&app, &admin, Kind::Hold, id).await?;
    Ok((StatusCode::ACCEPTED, Json(hold.into())))
}

/// The criteria of the requested hold, or why it cannot be placed.
async fn requested_criteria(
    app: &App,
    admin: &Principal,
    recordings: Option<BTreeSet<RecordingId>>,
    filter: Option<Box<Filter>>,
) -> Result<Criteria, Problem> {
    match (recordings, filter) {
        (Some(ids), None) if (1..=NAMED).contains(&ids.len()) => {
            let ids = Vec::from_iter(ids);
            let seen = app.table.retention().seen(&admin.organisation.id, &ids).await?;
            let existing: BTreeSet<_> = seen
                .iter()
                .filter(|seen| seen.retained.exists(admin.now))
                .map(|seen| seen.recording.id)
                .collect();
            let missing: Vec<String> =
                ids.iter().filter(|id| !existing.contains(id)).map(ToString::to_string).collect();
            if missing.is_empty() {
                return Ok(Criteria::Recordings(ids));
            }
            Err(Problem::because(
                Cause::Invalid,
                format!("these recordings do not exist: {}", missing.join(", ")),
            ))
        }
        (None, Some(filter)) => {
            let country = admin.organisation.country;
            let filter = Box::new(filter.in_country(country));
            let users = named(app, admin, &filter).await?;
            filter.search(users.as_deref(), country)?;
            Ok(Criteria::Filter { filter, users, country })
        }
        _ => Err(Problem::because(
            Cause::Invalid,
            "say which recordings: either 1 to 100 `recordings` by their ids, or a `filter`",
        )),
    }
}

/// The users that the filter's name finds, all of which the hold stores. See [`criteria::named`].
async fn named(
    app: &App,
    admin: &Principal,
    filter: &Filter,
) -> Result<Option<Vec<UserId>>, Problem> {
    let found =
        criteria::named(&app.table, &admin.organisation.id, filter.name.as_deref(), None).await?;
    if found.as_ref().is_some_and(|users| users.len() > USERS) {
        let too_many = "more than 4000 users have this name; write more of it, or place a hold for each `user`";
        return Err(Problem::because(Cause::Invalid, too_many));
    }
    Ok(found.map(Vec::from_iter))
}

/// A page of the list.
pub type Holds = Page<Hold>;

impl Listed for Hold {
    const MEMBER: &'static str = "holds";
    const SCHEMA: (&'static str, &'static str) = ("Holds", "A page of holds, newest first.");
}

impl Listed for HeldRecording {
    const MEMBER: &'static str = "recordings";
    const SCHEMA: (&'static str, &'static str) =
        ("HeldRecordings", "A page of the recordings of a hold, oldest first.");
}

impl From<(RecordingId, DateTime<Utc>)> for HeldRecording {
    fn from((id, started_at): (RecordingId, DateTime<Utc>)) -> Self {
        Self { recording: id.to_string(), started_at }
    }
}

impl From<RetentionJob> for Hold {
    fn from(job: RetentionJob) -> Self {
        Self {
            id: job.id.to_string(),
            state: job.state.into(),
            by: job.by,
            at: job.at,
            reason: job.reason.into(),
            recordings: job.progress.done,
            lifted: job.lifted.map(|lifted| LiftedHold {
                by: lifted.by,
                at: lifted.at,
                reason: lifted.reason.into(),
            }),
        }
    }
}
