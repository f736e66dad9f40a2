//! Annotations of calls by id, registered or not: `PUT /v1/calls/{call}/annotation` (P2, P17).

use axum::{Json, extract::State};
use domain::{
    access::{Action, Who},
    ids::{CallId, RecordingId, UserId},
    note::Change,
};
use platform::{
    http::{
        Cause, Principal, Problem,
        extract::{self, Path},
        problem,
        recording::etag,
    },
    table::{
        annotation::CallSnapshot,
        audit::{AuditAction, Event},
        commit::Conflict,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, request::Patch};

/// An annotated call. The annotation itself is only for callers who may see the recording.
#[derive(Debug, Serialize, ToSchema)]
pub struct Annotated {
    /// The id of the call's recording; it exists once the call is registered.
    recording: String,
    /// Whether the call is registered.
    registered: bool,
    /// The version of note, mark and fields, as an ETag.
    version: String,
}

/// Sets note, mark and fields of a call by its id, before or after registration. The last one wins.
#[utoipa::path(
    put,
    path = "/v1/calls/{call}/annotation",
    tag = "annotate",
    params(("call" = String, Path, description = "the app's id of the call's leg")),
    request_body = Patch,
    responses(
        (status = 200, description = "annotated", body = Annotated),
        (status = 403, description = "not-allowed: the call is someone else's; unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: the call's recording has expired", body = problem::Body, content_type = "application/problem+json"),
        (status = 410, description = "erased: the call's recording was erased and cannot be annotated", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid, unknown-mark", body = problem::Body, content_type = "application/problem+json"),
        (status = 429, description = "busy: others write the same call", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn annotate(
    State(app): State<App>,
    principal: Principal,
    Path(call): Path<CallId>,
    extract::Json(patch): extract::Json<Patch>,
) -> Result<Json<Annotated>, Problem> {
    let now = (app.now)();
    let id = RecordingId::of(&principal.organisation.id, &call);
    let event = principal.event_on(AuditAction::Annotate, id, now);
    let change = Change::from(patch);
    for _ in 0..crate::TRIES {
        let snapshot = app.table.standing(&principal.organisation.id, id, now).await?;
        let early = match permitted(&app, &principal, &snapshot, &event).await? {
            Ok(early) => early,
            Err(problem) => return Err(principal.refuse(&app.table, event, problem).await),
        };
        let annotation = snapshot.annotation.after(&change);
        if annotation == snapshot.annotation {
            return Ok(Json(Annotated::of(&snapshot, snapshot.version)));
        }
        match app.table.annotate(&snapshot, &annotation, early.as_ref(), principal.organisation.retention_days, &event).await? {
            Ok(()) => return Ok(Json(Annotated::of(&snapshot, snapshot.version + 1))),
            Err(Conflict(places)) if places.contains(&0) => {} // edited or registered meanwhile: read it again
            Err(Conflict(_)) => return Err(Problem::unknown_mark()),
        }
    }
    Err(Problem::new(Cause::Busy))
}

/// Whether the caller may annotate the call, and the user to bind an unregistered call to.
async fn permitted(
    app: &App,
    principal: &Principal,
    snapshot: &CallSnapshot,
    event: &Event,
) -> Result<Result<Option<UserId>, Problem>, Problem> {
    if snapshot.erased {
        return Ok(Err(Problem::because(Cause::Erased, "the call's recording was erased and cannot be annotated")));
    }
    if snapshot.ended {
        return Ok(Err(Problem::because(Cause::NotFound, "the call's recording has expired")));
    }
    if let Some(recording) = &snapshot.recording {
        let may = principal.may(&app.table, Action::Annotate, recording, event.at).await?;
        return Ok(if may { Ok(None) } else { Err(Problem::new(Cause::NotAllowed)) });
    }
    Ok(match principal.caller(Default::default()).who {
        Who::Application { scopes, .. } if scopes.annotate => Ok(None),
        Who::Application { .. } => Err(Problem::because(Cause::NotAllowed, "the application does not have the scope annotate")),
        Who::Person(person) if snapshot.early.as_ref().is_none_or(|early| *early == person.user) => Ok(Some(person.user)),
        Who::Person(_) => Err(Problem::because(Cause::NotAllowed, "the call is someone else's")),
    })
}

impl Annotated {
    fn of(snapshot: &CallSnapshot, version: u64) -> Self {
        Self { recording: snapshot.id.to_string(), registered: snapshot.recording.is_some(), version: etag(version) }
    }
}
