//! Edits of a recording: `PATCH /v1/recordings/{id}` and `/v1/recordings/{id}/edits`.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use domain::{access::Action, ids::RecordingId, note::Change, recording::Recording, search};
use platform::{
    http::{
        Cause, Principal, Problem,
        caller::Actor,
        extract::{self, Path, Query},
        page, problem,
        recording::{Recording as Shown, etag},
    },
    table::{
        annotation::{self, CallSnapshot, NAMES},
        audit::{AuditAction, Event},
        commit::Conflict,
    },
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::{App, TRIES, request::Patch};

/// A page of the edits of a recording.
#[derive(Debug, Serialize, ToSchema)]
pub struct Edits {
    edits: Vec<Edit>,
    /// Hand it in as `cursor` for the next page, with the same order; null on the last.
    cursor: Option<String>,
}

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
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
        (status = 412, description = "edited-meanwhile: `current` is the current version", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid, unknown-mark", body = problem::Body, content_type = "application/problem+json"),
        (status = 428, description = "no-version: send If-Match", body = problem::Body, content_type = "application/problem+json"),
        (status = 429, description = "busy: many callers overwrite any version at once", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn edit(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<RecordingId>,
    headers: HeaderMap,
    extract::Json(patch): extract::Json<Patch>,
) -> Result<Response, Problem> {
    let now = (app.now)();
    let event = principal.event_on(AuditAction::Annotate, id, now);
    let mut snapshot = app.table.standing(&principal.organisation.id, id, now).await?;
    let recording = permitted(&app, &principal, Action::Annotate, snapshot.recording.clone(), &event).await?;
    let wanted = headers.get(header::IF_MATCH).and_then(|version| version.to_str().ok());
    let wanted =
        wanted.ok_or(Problem::because(Cause::NoVersion, "send If-Match with the version that you edit, or `*` to overwrite any"))?;
    if wanted != "*" && wanted != etag(recording.version) {
        return Err(edited_meanwhile(&app, &principal, snapshot, event).await);
    }
    let change = Change::from(patch);
    for _ in 0..TRIES {
        if let Some(written) = write(&app, &principal, &snapshot, &change, &event).await? {
            return Ok(answer(&principal, written));
        }
        snapshot = app.table.standing(&principal.organisation.id, id, now).await?;
        // Overwriting any version includes one that was written in between.
        if wanted != "*" {
            return Err(edited_meanwhile(&app, &principal, snapshot, event).await);
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
    responses(
        (status = 200, body = Edits),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<RecordingId>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Edits>, Problem> {
    let now = (app.now)();
    let event = principal.event_on(AuditAction::SeeEdits, id, now);
    let snapshot = app.table.standing(&principal.organisation.id, id, now).await?;
    permitted(&app, &principal, Action::See, snapshot.recording.clone(), &event).await?;
    let (limit, after) = (page::limit(wanted.limit)?, page::after(wanted.cursor.as_deref())?);
    let after = after.map(|place| place.parse().map_err(|_| page::not_ours())).transpose()?;
    let (edits, more) = app.table.edits_after(&snapshot, after, wanted.order.into(), limit).await?;
    app.table.audit(&event).await?;
    let place = |edit: &Edit| edit.version.to_string();
    let edits: Vec<Edit> = edits.into_iter().map(Edit::from).collect();
    let next = edits.last().filter(|_| more).map(place);
    let (edits, cursor) = page::shortened(edits, next, place);
    Ok(Json(Edits { edits, cursor }))
}

/// Writes the change; `None` after a conflict. A change without effect is only audited as reading.
async fn write(
    app: &App,
    principal: &Principal,
    snapshot: &CallSnapshot,
    change: &Change,
    event: &Event,
) -> Result<Option<Recording>, Problem> {
    let Some(recording) = snapshot.recording.clone() else { return Err(Problem::new(Cause::NotFound)) };
    let annotation = snapshot.annotation.after(change);
    if annotation == snapshot.annotation {
        app.table.audit(&Event { action: AuditAction::See, ..event.clone() }).await?;
        return Ok(Some(recording));
    }
    match app.table.annotate(snapshot, &annotation, None, principal.organisation.retention_days, event).await? {
        Ok(()) => Ok(Some(Recording { annotation, version: snapshot.version + 1, ..recording })),
        Err(Conflict(places)) if places.contains(&0) => Ok(None),
        Err(Conflict(_)) => Err(Problem::unknown_mark()),
    }
}

/// The problem of editing an old version, with the current one if the caller may see it; audited.
async fn edited_meanwhile(app: &App, principal: &Principal, snapshot: CallSnapshot, event: Event) -> Problem {
    let problem = match snapshot.recording {
        None => Problem::new(Cause::NotFound),
        Some(recording) if sees(principal) => Problem::edited(recording.into()),
        Some(_) => Problem::because(Cause::EditedMeanwhile, "someone else edited it; send If-Match: * to overwrite any version"),
    };
    principal.refuse(&app.table, event, problem).await
}

/// The recording, if it exists and the caller may do `action` to it. Audits a refusal.
async fn permitted(
    app: &App,
    principal: &Principal,
    action: Action,
    found: Option<Recording>,
    event: &Event,
) -> Result<Recording, Problem> {
    let Some(recording) = found else {
        return Err(principal.refuse(&app.table, event.clone(), Problem::new(Cause::NotFound)).await);
    };
    if !principal.may(&app.table, action, &recording, event.at).await? {
        return Err(principal.refuse(&app.table, event.clone(), Problem::new(Cause::NotAllowed)).await);
    }
    Ok(recording)
}

/// Whether a caller who may annotate may also see: every person, and an application that may read.
fn sees(principal: &Principal) -> bool {
    !matches!(&principal.actor, Actor::Application { scopes, .. } if !scopes.read)
}

fn answer(principal: &Principal, recording: Recording) -> Response {
    let version = HeaderValue::from_str(&etag(recording.version)).ok();
    let mut response = if sees(principal) { Json(Shown::from(recording)).into_response() } else { StatusCode::NO_CONTENT.into_response() };
    if let Some(version) = version {
        response.headers_mut().insert(header::ETAG, version);
    }
    response
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
        let name = |stored| NAMES.iter().position(|name| *name == stored).map_or(stored, |place| shown[place]);
        let changes = edit.changes.into_iter().map(|(what, from, to)| Changed { what: name(what), from, to });
        Self { version: edit.version, at: edit.at, who: edit.who, changes: changes.collect() }
    }
}
