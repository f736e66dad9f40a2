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
        caller::Actor,
        extract::{Json, Path},
        operation::Annotate,
        recording::etag,
    },
    table::{annotation::CallSnapshot, audit::Event, commit::Conflict},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{App, request::Patch, words};

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
    /// Other recordings with this call id, which were annotated as well.
    #[schema(max_items = 100)]
    also: Vec<String>,
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
        (status = 429, description = "busy: others write the same call; over-budget"),
    )
)]
pub async fn annotate(
    State(app): State<App>,
    caller: Caller<Annotate>,
    Path(call): Path<CallId>,
    Json(patch): Json<Patch>,
) -> Result<axum::Json<Annotated>, Problem> {
    let (of, id) = (&caller.organisation.id, RecordingId::of(&caller.organisation.id, &call));
    let change = Change::from(patch);
    let first = app.table.annotations().of_call(of, id, caller.now).await?;
    if first.others.is_empty() {
        return Ok(axum::Json(one(&app, &caller, first, &change, &caller.event()).await?));
    }
    several(&app, &caller, first, &change).await.map(axum::Json)
}

/// Annotates the recordings that share a call id: the caller's own, or else all that they may.
async fn several(
    app: &App,
    caller: &Principal,
    first: CallSnapshot,
    change: &Change,
) -> Result<Annotated, Problem> {
    let (id_of_call, mut found) = (first.id, vec![first]);
    for id in found[0].others.clone() {
        found.push(app.table.annotations().of_call(&caller.organisation.id, id, caller.now).await?);
    }
    found.retain(|snapshot| snapshot.id == id_of_call || snapshot.recording.is_some());
    let is_own = |snapshot: &CallSnapshot| match (&caller.actor, &snapshot.recording) {
        (Actor::User(user), Some(recording)) => recording.user == user.id,
        _ => false,
    };
    if found.iter().any(is_own) {
        found.retain(is_own);
    }
    let (mut annotated, mut refusal) = (Vec::new(), None);
    for (number, snapshot) in found.into_iter().enumerate() {
        let event = caller.event();
        let event = Event {
            request: if number == 0 {
                event.request
            } else {
                format!("{}#{number}", event.request)
            },
            recording: Some(snapshot.id),
            ..event
        };
        match one(app, caller, snapshot, change, &event).await {
            Ok(one) => annotated.push(one),
            Err(problem) if problem.is_refusal() => refusal = refusal.or(Some(problem)),
            Err(problem) => return Err(problem),
        }
    }
    let mut annotated = annotated.into_iter();
    let Some(first) = annotated.next() else {
        return Err(refusal.unwrap_or(Problem::new(Cause::NotFound)));
    };
    Ok(Annotated { also: annotated.map(|one| one.recording).collect(), ..first })
}

/// Annotates one call, whose state is `snapshot`.
async fn one(
    app: &App,
    caller: &Principal,
    mut snapshot: CallSnapshot,
    change: &Change,
    event: &Event,
) -> Result<Annotated, Problem> {
    for _ in 0..crate::TRIES {
        let early = permitted(app, caller, &snapshot).await?;
        let annotation = snapshot.annotation.after(change);
        if annotation == snapshot.annotation {
            return Ok(Annotated::of(&snapshot, snapshot.version));
        }
        words::charge(&snapshot.annotation, &annotation)?;
        let days = caller.organisation.retention_days;
        let table = app.table.annotations();
        match table.edit(&snapshot, &annotation, early.as_ref(), days, event).await? {
            Ok(()) => return Ok(Annotated::of(&snapshot, snapshot.version + 1)),
            Err(Conflict::EditedMeanwhile) => {
                snapshot = table.of_call(&snapshot.organisation, snapshot.id, caller.now).await?;
            }
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
            also: Vec::new(),
        }
    }
}
