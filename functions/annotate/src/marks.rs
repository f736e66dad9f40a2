//! The legend of marks: `/v1/marks`.

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    access::Duty,
    legend::{Colour, Entry, MARKS, Shape},
    note::Mark,
    people::Name,
};
use platform::{
    http::{
        Cause, Known, Problem,
        extract::{Complete, Path},
        problem,
    },
    table::{audit::Deed, commit::Commit},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::App;

/// The organisation's marks.
#[derive(Debug, Serialize, ToSchema)]
pub struct Legend {
    #[schema(max_items = 100)]
    marks: Vec<Shown>,
}

/// A mark.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mark)]
pub struct Shown {
    #[schema(value_type = String)]
    mark: Mark,
    #[schema(value_type = String, example = "Reklamation")]
    label: Name,
    #[schema(value_type = String, example = "red")]
    colour: Colour,
    #[schema(value_type = String, example = "diamond")]
    shape: Shape,
    /// It can be set no more, and still shows where it is.
    retired: bool,
}

/// How a mark shows, a colour and a shape, and what the organisation calls it: every member has to be there.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = MarkPut)]
pub struct Put {
    /// 1 to 100 characters.
    #[schema(value_type = String, example = "Reklamation")]
    label: Name,
    /// `red`, `orange`, `yellow`, `green`, `teal`, `blue`, `purple` or `grey`.
    #[schema(value_type = String, example = "red")]
    colour: Colour,
    /// `diamond`, `circle`, `triangle`, `square`, `star`, `pentagon`, `cross` or `hexagon`.
    #[schema(value_type = String, example = "diamond")]
    shape: Shape,
    /// It can be set no more, and still shows where it is.
    retired: bool,
}

/// Lists the organisation's marks, the retired ones too.
#[utoipa::path(
    get,
    path = "/v1/marks",
    tag = "annotate",
    responses(
        (status = 200, body = Legend),
        (status = 403, description = "unknown-user", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn list(State(app): State<App>, known: Known) -> Result<Json<Legend>, Problem> {
    let marks = app.table.legend(&known.organisation.id).await?;
    Ok(Json(Legend { marks: marks.into_iter().map(Shown::from).collect() }))
}

/// Adds a mark under a name of the caller's choice, renames it, changes how it shows, or retires it.
#[utoipa::path(
    put,
    path = "/v1/marks/{mark}",
    tag = "annotate",
    params(("mark" = String, Path, description = "the mark's name: 1 to 32 of a-z, 0-9 and '-', and not none")),
    request_body = Put,
    responses(
        (status = 204, description = "it is so"),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid; names the members that are missing", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn put(
    State(app): State<App>,
    known: Known,
    Path(mark): Path<String>,
    Complete(put): Complete<Put>,
) -> Result<StatusCode, Problem> {
    let mark = Mark::try_from(mark);
    let event = match &mark {
        Ok(mark) => known.event_about(Deed::ChangeMark, mark.as_str(), (app.now)()),
        Err(_) => known.event(Deed::ChangeMark, (app.now)()),
    };
    known.with_duty(&app.table, Duty::Administer, &event).await?;
    let mark = mark.map_err(|error| Problem::because(Cause::Invalid, error))?;
    let standing = app.table.legend(&known.organisation.id).await?;
    let entry = Entry { mark, label: put.label, colour: put.colour, shape: put.shape, retired: put.retired };
    if standing.contains(&entry) {
        return Ok(StatusCode::NO_CONTENT);
    }
    if standing.len() >= MARKS && standing.iter().all(|standing| standing.mark != entry.mark) {
        return Err(Problem::because(Cause::Invalid, "a legend holds at most 100 marks, the retired ones too; rename one"));
    }
    let event = event.detailed(&Put::from(entry.clone()));
    match app.table.put_mark(&known.organisation.id, &entry, &event).await? {
        Commit::Done => Ok(StatusCode::NO_CONTENT),
        Commit::Refused(_) => Err(Problem::new(Cause::Busy)),
    }
}

impl From<Entry> for Shown {
    fn from(entry: Entry) -> Self {
        let Entry { mark, label, colour, shape, retired } = entry;
        Self { mark, label, colour, shape, retired }
    }
}

impl From<Entry> for Put {
    fn from(entry: Entry) -> Self {
        Self { label: entry.label, colour: entry.colour, shape: entry.shape, retired: entry.retired }
    }
}
