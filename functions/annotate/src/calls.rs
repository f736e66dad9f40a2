//! Annotations of calls by id, registered or not: `PUT /v1/calls/{call}/annotation` (P2, P17).

use axum::extract::State;
use domain::{
    access::{Action, Who},
    ids::{CallId, RecordingId, UserId},
    note::Change,
};
use platform::{
    http::{
        Caller, Cause, Principal, Problem,
        extract::{Json, Path},
        operation::Annotate,
        recording::etag,
    },
    table::{annotation::CallSnapshot, commit::Conflict},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, request::Patch};

/// An annotated call. The annotation itself is only for callers who may see the recording.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AnnotatedRecording)]
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
        (status = 403, description = "not-allowed: the call is someone else's; unknown-user"),
        (status = 404, description = "not-found: the call's recording has expired"),
        (status = 410, description = "erased: the call's recording was erased and cannot be annotated"),
        (status = 422, description = "invalid, unknown-mark"),
        (status = 429, description = "busy: others write the same call"),
    )
)]
pub async fn annotate(
    State(app): State<App>,
    caller: Caller<Annotate>,
    Path(call): Path<CallId>,
    Json(patch): Json<Patch>,
) -> Result<axum::Json<Annotated>, Problem> {
    let id = RecordingId::of(&caller.organisation.id, &call);
    let change = Change::from(patch);
    for _ in 0..crate::TRIES {
        let snapshot =
            app.table.annotations().of_call(&caller.organisation.id, id, caller.now).await?;
        let early = permitted(&app, &caller, &snapshot).await?;
        let annotation = snapshot.annotation.after(&change);
        if annotation == snapshot.annotation {
            return Ok(axum::Json(Annotated::of(&snapshot, snapshot.version)));
        }
        let (days, event) = (caller.organisation.retention_days, caller.event());
        match app
            .table
            .annotations()
            .edit(&snapshot, &annotation, early.as_ref(), days, &event)
            .await?
        {
            Ok(()) => return Ok(axum::Json(Annotated::of(&snapshot, snapshot.version + 1))),
            Err(Conflict::EditedMeanwhile) => {} // read it again
            Err(_) => return Err(Problem::unknown_mark()),
        }
    }
    Err(Problem::new(Cause::Busy))
}

/// Refuses a caller who may not annotate the call. Returns the user to bind an unregistered call to.
async fn permitted(
    app: &App,
    caller: &Principal,
    snapshot: &CallSnapshot,
) -> Result<Option<UserId>, Problem> {
    if snapshot.erased {
        return Err(Problem::because(
            Cause::Erased,
            "the call's recording was erased and cannot be annotated",
        ));
    }
    if snapshot.ended {
        return Err(Problem::because(Cause::NotFound, "the call's recording has expired"));
    }
    if let Some(recording) = &snapshot.recording {
        let may = caller.may(&app.table, Action::Annotate, recording).await?;
        return if may { Ok(None) } else { Err(Problem::new(Cause::NotAllowed)) };
    }
    match caller.caller(Default::default()).who {
        Who::Application { scopes, .. } if scopes.annotate => Ok(None),
        Who::Application { .. } => Err(Problem::because(
            Cause::NotAllowed,
            "the application does not have the scope annotate",
        )),
        Who::Person(person)
            if snapshot.early.as_ref().is_none_or(|early| *early == person.user) =>
        {
            Ok(Some(person.user))
        }
        Who::Person(_) => Err(Problem::because(Cause::NotAllowed, "the call is someone else's")),
    }
}

impl Annotated {
    fn of(snapshot: &CallSnapshot, version: u64) -> Self {
        Self {
            recording: snapshot.id.to_string(),
            registered: snapshot.recording.is_some(),
            version: etag(version),
        }
    }
}
