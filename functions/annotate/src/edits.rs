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
        Cause, Known, Problem,
        caller::By,
        extract::{self, Path, Query},
        page, problem,
        recording::{Recording as Shown, etag},
    },
    table::{
        annotation::{self, NAMES, Standing},
        audit::{Deed, Event},
        commit::Commit,
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
    /// `oldest` first, unless `newest` is asked for.
    #[serde(default)]
    #[param(inline)]
    order: Order,
    /// Edits on a page, 1 to 1,000; 50 unless given. A page comes shorter where they are long.
    limit: Option<usize>,
    /// From the page before.
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
    /// The version that it made.
    version: u64,
    at: DateTime<Utc>,
    /// `user:ID` or `client:ID`.
    who: String,
    changes: Vec<Changed>,
}

/// One thing that an edit changed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Changed {
    /// `note`, `mark`, `field1`, `field2` or `field3`.
    what: &'static str,
    /// Null: there was nothing.
    from: Option<String>,
    /// Null: it was taken away.
    to: Option<String>,
}

/// Edits note, mark and fields of a recording.
#[utoipa::path(
    patch,
    path = "/v1/recordings/{id}",
    tag = "annotate",
    params(
        ("id" = String, Path, description = "the recording's id"),
        ("if-match" = String, Header, description = "the version that is edited, as `version` has it; `*` writes over any"),
    ),
    request_body = Patch,
    responses(
        (status = 200, description = "as it stands now; its version is in ETag", body = Shown),
        (status = 204, description = "it is so; the application may not read what it annotates"),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
        (status = 412, description = "edited-meanwhile: `current` is what stands", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid, unknown-mark", body = problem::Body, content_type = "application/problem+json"),
        (status = 428, description = "no-version: send If-Match", body = problem::Body, content_type = "application/problem+json"),
        (status = 429, description = "busy: many write over any version at once", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn edit(
    State(app): State<App>,
    known: Known,
    Path(id): Path<RecordingId>,
    headers: HeaderMap,
    extract::Json(patch): extract::Json<Patch>,
) -> Result<Response, Problem> {
    let now = (app.now)();
    let event = known.event_on(Deed::Annotate, id, now);
    let mut standing = app.table.standing(&known.organisation.id, id, now).await?;
    let recording = permitted(&app, &known, Action::Annotate, standing.recording.clone(), &event).await?;
    let wanted = headers.get(header::IF_MATCH).and_then(|version| version.to_str().ok());
    let wanted =
        wanted.ok_or(Problem::because(Cause::NoVersion, "send If-Match with the version that you edit, or `*` to write over any"))?;
    if wanted != "*" && wanted != etag(recording.version) {
        return Err(edited_meanwhile(&app, &known, standing, event).await);
    }
    let change = Change::from(patch);
    for _ in 0..TRIES {
        if let Some(written) = write(&app, &known, &standing, &change, &event).await? {
            return Ok(answer(&known, written));
        }
        standing = app.table.standing(&known.organisation.id, id, now).await?;
        // Writing over any version means over the one that came in between, too.
        if wanted != "*" {
            return Err(edited_meanwhile(&app, &known, standing, event).await);
        }
    }
    Err(Problem::new(Cause::Busy))
}

/// Lists the edits of a recording, page by page: who changed what, when, from what to what.
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
    known: Known,
    Path(id): Path<RecordingId>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Edits>, Problem> {
    let now = (app.now)();
    let event = known.event_on(Deed::SeeEdits, id, now);
    let standing = app.table.standing(&known.organisation.id, id, now).await?;
    permitted(&app, &known, Action::See, standing.recording.clone(), &event).await?;
    let (limit, after) = (page::limit(wanted.limit)?, page::after(wanted.cursor.as_deref())?);
    let after = after.map(|place| place.parse().map_err(|_| page::not_ours())).transpose()?;
    let (edits, more) = app.table.edits_after(&standing, after, wanted.order.into(), limit).await?;
    app.table.audit(&event).await?;
    let place = |edit: &Edit| edit.version.to_string();
    let edits: Vec<Edit> = edits.into_iter().map(Edit::from).collect();
    let next = edits.last().filter(|_| more).map(place);
    let (edits, cursor) = page::shortened(edits, next, place);
    Ok(Json(Edits { edits, cursor }))
}

/// Writes the change over what stands; none if something else stands meanwhile. What changes nothing is not written, only seen.
async fn write(app: &App, known: &Known, standing: &Standing, change: &Change, event: &Event) -> Result<Option<Recording>, Problem> {
    let Some(recording) = standing.recording.clone() else { return Err(Problem::new(Cause::NotFound)) };
    let annotation = standing.annotation.after(change);
    if annotation == standing.annotation {
        app.table.audit(&Event { deed: Deed::See, ..event.clone() }).await?;
        return Ok(Some(recording));
    }
    match app.table.annotate(standing, &annotation, None, known.organisation.retention_days, event).await? {
        Commit::Done => Ok(Some(Recording { annotation, version: standing.version + 1, ..recording })),
        Commit::Refused(places) if places.contains(&0) => Ok(None),
        Commit::Refused(_) => Err(Problem::unknown_mark()),
    }
}

/// The answer to an edit of another version than stands: what stands, for who may see it. It is kept, as every look at a recording is.
async fn edited_meanwhile(app: &App, known: &Known, standing: Standing, event: Event) -> Problem {
    let problem = match standing.recording {
        None => Problem::new(Cause::NotFound),
        Some(recording) if sees(known) => Problem::edited(recording.into()),
        Some(_) => Problem::because(Cause::EditedMeanwhile, "someone else edited it; send If-Match: * to write over any version"),
    };
    known.refuse(&app.table, event, problem).await
}

/// The recording, if it is there and the caller may do `action` to it; keeps the refusal.
async fn permitted(app: &App, known: &Known, action: Action, found: Option<Recording>, event: &Event) -> Result<Recording, Problem> {
    let Some(recording) = found else {
        return Err(known.refuse(&app.table, event.clone(), Problem::new(Cause::NotFound)).await);
    };
    if !known.may(&app.table, action, &recording, event.at).await? {
        return Err(known.refuse(&app.table, event.clone(), Problem::new(Cause::NotAllowed)).await);
    }
    Ok(recording)
}

/// Whether who may annotate may see what they annotate, too: every person, and an application that may read.
fn sees(known: &Known) -> bool {
    !matches!(&known.by, By::Application { scopes, .. } if !scopes.read)
}

fn answer(known: &Known, recording: Recording) -> Response {
    let version = HeaderValue::from_str(&etag(recording.version)).ok();
    let mut response = if sees(known) { Json(Shown::from(recording)).into_response() } else { StatusCode::NO_CONTENT.into_response() };
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
        let name = |kept| NAMES.iter().position(|name| *name == kept).map_or(kept, |place| shown[place]);
        let changes = edit.changes.into_iter().map(|(what, from, to)| Changed { what: name(what), from, to });
        Self { version: edit.version, at: edit.at, who: edit.who, changes: changes.collect() }
    }
}
