//! The organisation's retention in days: `/v1/retention`.

use axum::{Json, extract::State, http::StatusCode};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use domain::{ids::OrderId, reason::Reason, retention};
use platform::{
    http::{
        Admin, Cause, Problem,
        extract::{self, Path, Query},
        once::{ABOUT, OnceJson},
        operation::{ChangeRetention, PreviewRetention, SeeRetention},
        page::{Listed, PageQuery},
        single::Single,
    },
    table::{
        job::{self, CONFIRMED_WITHIN, JobKind, Kind, Preview, RetentionJob},
        keeping::Counted,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    App,
    jobs::{self, Confirmation, Created},
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
    params(PageQuery),
    responses((status = 200, body = Retention))
)]
pub async fn show(
    State(app): State<App>,
    admin: Admin<SeeRetention>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Retention>, Problem> {
    let changes = jobs::listed(&app, &admin, Kind::Retention, &query).await?;
    Ok(Json(Retention {
        days: admin.organisation.retention_days,
        storage_add_on: admin.organisation.storage_add_on,
        changes: changes.rows,
        cursor: changes.cursor,
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
        (status = 422, description = "invalid, idempotency-key-reused"),
    )
)]
pub async fn preview(
    State(app): State<App>,
    admin: Admin<PreviewRetention>,
    OnceJson(asked): OnceJson<RetentionOrder>,
) -> Result<Created<RetentionChange>, Problem> {
    let (organisation, now) = (&admin.organisation, admin.now);
    retention::admit(asked.days, organisation.storage_add_on)
        .map_err(|refusal| Problem::because(Cause::Invalid, refusal))?;
    let all = app.table.retention().count(&organisation.id, &Counted::All, now).await?;
    // Expiry has whole seconds: a recording that would end within this second ends now.
    let start = now.trunc_subsecs(0) + TimeDelta::seconds(1) - TimeDelta::days(asked.days.into());
    let ending =
        app.table.retention().count(&organisation.id, &Counted::EndedBefore(start), now).await?;
    let counted = Preview {
        found: all.recordings,
        ending: ending.recordings,
        held: 0,
        exact: all.exact && ending.exact,
    };
    let what = JobKind::Retention { days: asked.days, was: organisation.retention_days };
    jobs::previewed(
        &app,
        &admin,
        jobs::new_job(&admin, what, job::State::Previewed, asked.reason, counted),
    )
    .await
}

/// Shows a change of the retention.
#[utoipa::path(
    get,
    path = "/v1/retention/{change}",
    tag = "retention",
    params(("change" = String, Path, description = "the change's id")),
    responses((status = 200, body = RetentionChange))
)]
pub async fn one(
    State(app): State<App>,
    admin: Admin<SeeRetention>,
    Path(id): Path<OrderId>,
) -> Result<Single<RetentionChange>, Problem> {
    jobs::shown(&app, &admin, Kind::Retention, id).await
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
        (status = 409, description = "changed"),
        (status = 422, description = "invalid: the count differs from the preview, or the storage add-on has ended"),
    )
)]
pub async fn confirm(
    State(app): State<App>,
    admin: Admin<ChangeRetention>,
    Path(id): Path<OrderId>,
    extract::Json(confirmation): extract::Json<Confirmation>,
) -> Result<Created<RetentionChange>, Problem> {
    let change = jobs::found(&app, &admin, Kind::Retention, id).await?;
    // Sends only the delayed message, after requests with the old days: see `retention-worker`.
    let change = jobs::confirmed(&app, &admin, change, &confirmation).await?;
    Ok((StatusCode::ACCEPTED, Json(change.into())))
}

impl Listed for RetentionChange {
    const MEMBER: &'static str = "changes";
    const SCHEMA: (&'static str, &'static str) =
        ("RetentionChanges", "A page of changes of the retention, newest first.");
}

impl From<RetentionJob> for RetentionChange {
    fn from(job: RetentionJob) -> Self {
        let (days, was) =
            if let JobKind::Retention { days, was } = job.what { (days, was) } else { (0, 0) };
        let previewed = job.state == job::State::Previewed;
        Self {
            id: job.id.to_string(),
            state: job.state.into(),
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
