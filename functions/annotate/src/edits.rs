//! Edits of a recording: `PATCH /v1/recordings/{id}` and `/v1/recordings/{id}/edits`.

use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use domain::{access::Action, ids::RecordingId, note::Change, recording::Recording, search};
use platform::{
    http::{
        Caller, Cause, Principal, Problem,
        caller::Actor,
        extract::{Json, Path, Query},
        operation::{Annotate, SeeEdits},
        page::{self, Listed, Page},
        recording::{Recording as Shown, etag},
    },
    table::{
        annotation::{self, CallSnapshot, NAMES},
        audit::AuditAction,
        commit::Conflict,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{App, TRIES, request::Patch, words};

/// Which edits to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Wanted {
    /// `oldest` first by default, or `newest` first.
    #[serde(default)]
    #[param(inline)]
    order: Order,
    /// Edits on a page, 1 to 1,000; 50 by default. A page of long edits has fewer.
    limit: Option<usize>,
    /// The cursor of the previous page.
    cursor: Option<String>,
}

/// The order of the edits.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = EditOrder)]
pub enum Order {
    #[default]
    Oldest,
    Newest,
}

/// One edit.
#[derive(Debug, Serialize, ToSchema)]
pub struct Edit {
    /// The version that the edit created.
    version: u64,
    at: DateTime<Utc>,
    /// `user:ID` or `client:ID`.
    who: String,
    changes: Vec<Changed>,
}

/// One change of an edit.
#[derive(Debug, Serialize, ToSchema)]
pub struct Changed {
    /// `note`, `mark`, `field1`, `field2` or `field3`.
    what: &'static str,
    /// Null if it was empty.
    from: Option<String>,
    /// Null if it was cleared.
    to: Option<String>,
}

/// Edits note, mark and fields of a recording.
#[utoipa::path(
    patch,
    path = "/v1/recordings/{id}",
    tag = "annotate",
    params(
        ("id" = String, Path, description = "the recording's id"),
        ("if-match" = String, Header, description = "the `version` that is edited; `*` overwrites any version"),
    ),
    request_body = Patch,
    responses(
        (status = 200, description = "the current recording; its version is in ETag", body = Shown),
        (status = 204, description = "edited; the application may not read what it annotates"),
        (status = 412, description = "edited-meanwhile: `current` is the current version"),
        (status = 422, description = "invalid, unknown-mark"),
        (status = 428, description = "no-version: send If-Match"),
        (status = 429, description = "busy: many callers overwrite any version at once; over-budget"),
    )
)]
pub async fn edit(
    State(app): State<App>,
    caller: Caller<Annotate>,
    Path(id): Path<RecordingId>,
    headers: HeaderMap,
    Json(patch): Json<Patch>,
) -> Result<Response, Problem> {
    let organisation = &caller.organisation.id;
    let mut snapshot = app.table.annotations().of_call(organisation, id, caller.now).await?;
    let recording = permitted(&app, &caller, Action::Annotate, snapshot.recording.clone()).await?;
    let wanted = headers.get(header::IF_MATCH).and_then(|version| version.to_str().ok());
    let wanted = wanted.ok_or(Problem::because(
        Cause::NoVersion,
        "send If-Match with the version that you edit, or `*` to overwrite any",
    ))?;
    if wanted != "*" && wanted != etag(recording.version) {
        return Err(edited_meanwhile(&caller, snapshot));
    }
    let change = Change::from(patch);
    for _ in 0..TRIES {
        if let Some(written) = write(&app, &caller, &snapshot, &change).await? {
            return Ok(answer(&caller, written));
        }
        snapshot = app.table.annotations().of_call(organisation, id, caller.now).await?;
        // Overwriting any version includes one that was written in between.
        if wanted != "*" {
            return Err(edited_meanwhile(&caller, snapshot));
        }
    }
    Err(Problem::new(Cause::Busy))
}

/// Lists the edits of a recording page by page: who changed what, when, from which value to which.
#[utoipa::path(
    get,
    path = "/v1/recordings/{id}/edits",
    tag = "annotate",
    params(("id" = String, Path, description = "the recording's id"), Wanted),
    responses((status = 200, body = Edits))
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller<SeeEdits>,
    Path(id): Path<RecordingId>,
    Query(wanted): Query<Wanted>,
) -> Result<Edits, Problem> {
    let snapshot = app.table.annotations().of_call(&caller.organisation.id, id, caller.now).await?;
    permitted(&app, &caller, Action::See, snapshot.recording.clone()).await?;
    let (limit, after) = (page::limit(wanted.limit)?, page::after(wanted.cursor.as_deref())?);
    let after = after.map(|place| place.parse().map_err(|_| page::not_ours())).transpose()?;
    let (edits, more) =
        app.table.annotations().edits_after(&snapshot, after, wanted.order.into(), limit).await?;
    let next = edits.last().filter(|_| more).map(|edit| edit.version.to_string());
    Ok(Page::placed(edits.into_iter().map(|edit| (edit.version.to_string(), edit.into())), next))
}

/// Writes the change; `None` after a conflict. A change without effect is only audited as reading.
async fn write(
    app: &App,
    caller: &Principal,
    snapshot: &CallSnapshot,
    change: &Change,
) -> Result<Option<Recording>, Problem> {
    let Some(recording) = snapshot.recording.clone() else {
        return Err(Problem::new(Cause::NotFound));
    };
    let annotation = snapshot.annotation.after(change);
    if annotation == snapshot.annotation {
        caller.act(AuditAction::See);
        return Ok(Some(recording));
    }
    words::charge(&snapshot.annotation, &annotation)?;
    match app
        .table
        .annotations()
        .edit(snapshot, &annotation, None, caller.organisation.retention_days, &caller.event())
        .await?
    {
        Ok(()) => Ok(Some(Recording { annotation, version: snapshot.version + 1, ..recording })),
        Err(Conflict::EditedMeanwhile) => Ok(None),
        Err(_) => Err(Problem::unknown_mark()),
    }
}

/// The problem of editing an old version, with the current one if the caller may see it.
fn edited_meanwhile(caller: &Principal, snapshot: CallSnapshot) -> Problem {
    match snapshot.recording {
        None => Problem::new(Cause::NotFound),
        Some(recording) if sees(caller) => Problem::edited(recording.into()),
        Some(_) => Problem::because(
            Cause::EditedMeanwhile,
            "someone else edited it; send If-Match: * to overwrite any version",
        ),
    }
}

/// The recording, if it exists and the caller may do `action` to it.
async fn permitted(
    app: &App,
    caller: &Principal,
    action: Action,
    found: Option<Recording>,
) -> Result<Recording, Problem> {
    let recording = found.ok_or(Problem::new(Cause::NotFound))?;
    if caller.may(&app.table, action, &recording).await? {
        Ok(recording)
    } else {
        Err(Problem::new(Cause::NotAllowed))
    }
}

/// Whether a caller who may annotate may also see: every person, and an application that may read.
fn sees(caller: &Principal) -> bool {
    !matches!(&caller.actor, Actor::Application { scopes, .. } if !scopes.read)
}

fn answer(caller: &Principal, recording: Recording) -> Response {
    let version = etag(recording.version);
    if sees(caller) {
        Shown::from(recording).into_response()
    } else {
        (StatusCode::NO_CONTENT, [(header::ETAG, version)]).into_response()
    }
}

/// A page of the list.
pub type Edits = Page<Edit>;

impl Listed for Edit {
    const MEMBER: &'static str = "edits";
    const SCHEMA: (&'static str, &'static str) = ("Edits", "A page of the edits of a recording.");
}

impl From<Order> for search::Order {
    fn from(order: Order) -> Self {
        match order {
            Order::Oldest => Self::Oldest,
            Order::Newest => Self::Newest,
        }
    }
}

impl From<annotation::Edit> for Edit {
    fn from(edit: annotation::Edit) -> Self {
        let shown = ["note", "mark", "field1", "field2", "field3"];
        let name = |stored| {
            NAMES.iter().position(|name| *name == stored).map_or(stored, |place| shown[place])
        };
        let changes =
            edit.changes.into_iter().map(|(what, from, to)| Changed { what: name(what), from, to });
        Self { version: edit.version, at: edit.at, who: edit.who, changes: changes.collect() }
    }
}
