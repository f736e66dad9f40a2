//! Sends jobs to `retention-worker`, so that none is lost: with a delay before the job is stored,
//! and at once after that. The second message finds its pages done.

use std::time::Duration;

use axum::{Json, http::StatusCode};
use domain::{ids::OrderId, reason::Reason, retention::Refusal};
use platform::{
    http::{
        Cause, Principal, Problem,
        page::{Listed, Page, PageQuery},
        single::Single,
    },
    table::{
        audit::Event,
        commit::Conflict,
        job::{JobKind, Kind, Preview, Progress, RetentionJob, State},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;

/// The longest duration of a request: the function's timeout, and a margin.
pub const UNDER_WAY: Duration = Duration::from_secs(30);

/// The confirmation of a preview.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirmation {
    /// The number of recordings in the preview.
    pub recordings: u64,
}

/// Sends a job that is about to be stored, delayed until this request has ended.
pub async fn send_delayed(app: &App, job: &RetentionJob) -> Result<(), Problem> {
    app.jobs.send(&job.work(), UNDER_WAY).await.map_err(Problem::internal)
}

/// Sends a stored job. If this fails, the worker receives the delayed message.
pub async fn send_now(app: &App, job: &RetentionJob) {
    if let Err(error) = app.jobs.send(&job.work(), Duration::ZERO).await {
        tracing::warn!(error = %error, "a job waits for its delayed message");
    }
}

/// Reads the job of that kind and id. Responds not-found if it does not exist or has lapsed.
pub async fn found(
    app: &App,
    admin: &Principal,
    kind: Kind,
    id: OrderId,
) -> Result<RetentionJob, Problem> {
    app.table
        .jobs()
        .get(&admin.organisation.id, kind, id, admin.now)
        .await?
        .ok_or(Problem::new(Cause::NotFound))
}

/// The job of that kind and id, as the API shows it.
pub async fn shown<T: From<RetentionJob>>(
    app: &App,
    admin: &Principal,
    kind: Kind,
    id: OrderId,
) -> Result<Single<T>, Problem> {
    Ok(Single(found(app, admin, kind, id).await?.into()))
}

/// A page of the jobs of that kind, newest first.
pub async fn listed<T: Listed + From<RetentionJob>>(
    app: &App,
    admin: &Principal,
    kind: Kind,
    query: &PageQuery,
) -> Result<Page<T>, Problem> {
    let (limit, after) = (query.limit()?, query.after()?);
    let (jobs, next) = app
        .table
        .jobs()
        .page(&admin.organisation.id, kind, limit, after.as_deref(), admin.now)
        .await?;
    Ok(Page::read(jobs, next))
}

/// Stores a new previewed job.
pub async fn previewed<T: Serialize + From<RetentionJob>>(
    app: &App,
    admin: &Principal,
    job: RetentionJob,
) -> Result<Created<T>, Problem> {
    admin.about(job.id);
    let shown = T::from(job.clone());
    let claim = admin.claim(StatusCode::CREATED, &shown)?;
    app.table.jobs().create(&job, &admin.event(), claim.as_ref()).await?;
    Ok((StatusCode::CREATED, Json(shown)))
}

/// A response with a new resource.
pub type Created<T> = (StatusCode, Json<T>);

/// Starts a previewed job if the caller repeats its count. A job confirmed earlier is unchanged.
pub async fn confirmed(
    app: &App,
    admin: &Principal,
    job: RetentionJob,
    confirmation: &Confirmation,
) -> Result<RetentionJob, Problem> {
    if job.state != State::Previewed {
        return Ok(job);
    }
    if confirmation.recordings != job.preview.found {
        return Err(Problem::because(
            Cause::Invalid,
            "the number of recordings differs from the preview; look at the preview again",
        ));
    }
    send_delayed(app, &job).await?;
    match app.table.jobs().confirm(&job, &admin.event()).await? {
        Err(Conflict::EditedMeanwhile) => Err(Problem::because(
            Cause::Changed,
            "the preview was confirmed in the meantime, or has lapsed; look at it again",
        )),
        Err(_) => Err(Problem::because(Cause::Invalid, Refusal::NoAddOn)),
        Ok(()) => {
            let state = if job.kind() == Kind::Retention { State::Moving } else { State::Erasing };
            Ok(RetentionJob { state, ..job })
        }
    }
}

/// A new job of this caller.
pub fn new_job(
    admin: &Principal,
    what: JobKind,
    state: State,
    reason: Reason,
    preview: Preview,
) -> RetentionJob {
    let Event { organisation, actor, request, at, .. } = admin.event();
    RetentionJob {
        id: OrderId::of(&organisation, &request, at),
        organisation,
        what,
        state,
        by: actor,
        at,
        reason,
        preview,
        progress: Progress::default(),
        lifted: None,
        checkpoint: None,
    }
}
