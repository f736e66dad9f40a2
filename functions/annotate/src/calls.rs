//! What the app and a customer's system say of a call by its id, registered or not: `PUT /v1/calls/{call}/annotation` (P2, P17).

use axum::{Json, extract::State};
use domain::{
    access::{Action, Who},
    ids::{CallId, RecordingId, UserId},
    note::Change,
};
use platform::{
    http::{
        Cause, Known, Problem,
        extract::{self, Path},
        problem,
        recording::etag,
    },
    table::{
        annotation::Standing,
        audit::{Deed, Event},
        commit::Commit,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, request::Patch};

/// A call of which something has been said. What, is for those to read who may see its recording.
#[derive(Debug, Serialize, ToSchema)]
pub struct Annotated {
    /// The id of the call's recording; it exists once the call is registered.
    recording: String,
    /// Whether the call is registered.
    registered: bool,
    /// The version of note, mark and fields, as an ETag.
    version: String,
}

/// Sets note, mark and fields of a call by its id, before or after it is registered. The last write wins; the same again changes nothing.
#[utoipa::path(
    put,
    path = "/v1/calls/{call}/annotation",
    tag = "annotate",
    params(("call" = String, Path, description = "the app's id of the call's leg")),
    request_body = Patch,
    responses(
        (status = 200, description = "it is said", body = Annotated),
        (status = 403, description = "not-allowed: the call is someone else's; unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found: the call's recording is past its day", body = problem::Body, content_type = "application/problem+json"),
        (status = 410, description = "erased: the call's recording was erased; nothing is said of it any more", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid, unknown-mark", body = problem::Body, content_type = "application/problem+json"),
        (status = 429, description = "busy: others write the same call", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn annotate(
    State(app): State<App>,
    known: Known,
    Path(call): Path<CallId>,
    extract::Json(patch): extract::Json<Patch>,
) -> Result<Json<Annotated>, Problem> {
    let now = (app.now)();
    let id = RecordingId::of(&known.organisation.id, &call);
    let event = known.event_on(Deed::Annotate, id, now);
    let change = Change::from(patch);
    for _ in 0..crate::TRIES {
        let standing = app.table.standing(&known.organisation.id, id, now).await?;
        let early = match permitted(&app, &known, &standing, &event).await? {
            Ok(early) => early,
            Err(problem) => return Err(known.refuse(&app.table, event, problem).await),
        };
        let annotation = standing.annotation.after(&change);
        if annotation == standing.annotation {
            return Ok(Json(Annotated::of(&standing, standing.version)));
        }
        match app.table.annotate(&standing, &annotation, early.as_ref(), known.organisation.retention_days, &event).await? {
            Commit::Done => return Ok(Json(Annotated::of(&standing, standing.version + 1))),
            Commit::Refused(places) if places.contains(&0) => {} // edited or registered meanwhile: look again
            Commit::Refused(_) => return Err(Problem::unknown_mark()),
        }
    }
    Err(Problem::new(Cause::Busy))
}

/// Whether the caller may annotate the call, and the person to bind it to if it is not registered yet.
async fn permitted(app: &App, known: &Known, standing: &Standing, event: &Event) -> Result<Result<Option<UserId>, Problem>, Problem> {
    if standing.erased {
        return Ok(Err(Problem::because(Cause::Erased, "the call's recording was erased; nothing is said of it any more")));
    }
    if standing.ended {
        return Ok(Err(Problem::because(Cause::NotFound, "the call's recording is past its day")));
    }
    if let Some(recording) = &standing.recording {
        let may = known.may(&app.table, Action::Annotate, recording, event.at).await?;
        return Ok(if may { Ok(None) } else { Err(Problem::new(Cause::NotAllowed)) });
    }
    Ok(match known.caller(Default::default()).who {
        Who::Application { scopes, .. } if scopes.annotate => Ok(None),
        Who::Application { .. } => Err(Problem::because(Cause::NotAllowed, "the application does not have the scope annotate")),
        Who::Person(person) if standing.early.as_ref().is_none_or(|early| *early == person.user) => Ok(Some(person.user)),
        Who::Person(_) => Err(Problem::because(Cause::NotAllowed, "the call is someone else's")),
    })
}

impl Annotated {
    fn of(standing: &Standing, version: u64) -> Self {
        Self { recording: standing.id.to_string(), registered: standing.recording.is_some(), version: etag(version) }
    }
}
