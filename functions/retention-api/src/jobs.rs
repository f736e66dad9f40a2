//! Sends jobs to `retention-worker`, so that none is lost: with a delay before the job is stored,
//! and at once after that. The second message finds its pages done.

use std::time::Duration;

use domain::{ids::OrderId, reason::Reason, retention::Refusal};
use platform::{
    http::{Cause, Principal, Problem},
    table::{
        audit::Event,
        commit::Conflict,
        job::{JobKind, Kind, Preview, Progress, RetentionJob, State},
    },
};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use crate::App;

/// The longest duration of a request: the function's timeout, and a margin.
pub const UNDER_WAY: Duration = Duration::from_secs(30);

/// The requested page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Listed {
    /// Rows on a page, 1 to 1,000; 50 by default.
    pub limit: Option<usize>,
    /// The `cursor` of the previous page.
    pub cursor: Option<String>,
}

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
pub async fn found(app: &App, principal: &Principal, kind: Kind, id: OrderId, event: &Event) -> Result<RetentionJob, Problem> {
    match app.table.job(&principal.organisation.id, kind, id, event.at).await? {
        Some(job) => Ok(job),
        None => Err(principal.refuse(&app.table, event.clone(), Problem::new(Cause::NotFound)).await),
    }
}

/// Starts a previewed job if the caller repeats its count. A job confirmed earlier is unchanged.
pub async fn confirmed(
    app: &App,
    principal: &Principal,
    job: RetentionJob,
    confirmation: &Confirmation,
    event: &Event,
) -> Result<RetentionJob, Problem> {
    if job.state != State::Previewed {
        app.table.audit(event).await?;
        return Ok(job);
    }
    if confirmation.recordings != job.preview.found {
        let differs = Problem::because(Cause::Invalid, "the number of recordings differs from the preview; look at the preview again");
        return Err(principal.refuse(&app.table, event.clone(), differs).await);
    }
    send_delayed(app, &job).await?;
    match app.table.confirm(&job, event).await? {
        Err(Conflict(places)) if places.contains(&0) => {
            Err(Problem::because(Cause::Changed, "the preview was confirmed in the meantime, or has lapsed; look at it again"))
        }
        Err(Conflict(_)) => Err(principal.refuse(&app.table, event.clone(), Problem::because(Cause::Invalid, Refusal::NoAddOn)).await),
        Ok(()) => {
            let state = if job.kind() == Kind::Retention { State::Moving } else { State::Erasing };
            Ok(RetentionJob { state, ..job })
        }
    }
}

/// A new job of this caller.
pub fn new_job(principal: &Principal, what: JobKind, state: State, reason: Reason, preview: Preview, app: &App) -> RetentionJob {
    let at = (app.now)();
    RetentionJob {
        id: OrderId::of(&principal.organisation.id, &principal.origin.request, at),
        organisation: principal.organisation.id.clone(),
        what,
        state,
        by: principal.who(),
        at,
        reason,
        preview,
        progress: Progress::default(),
        lifted: None,
        checkpoint: None,
    }
}
