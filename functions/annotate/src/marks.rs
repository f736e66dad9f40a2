//! The legend of marks: `/v1/marks`.

use axum::{Json, extract::State, http::StatusCode};
use domain::{
    legend::{Colour, Entry, MARKS, Shape},
    note::Mark,
    people::Name,
};
use platform::http::{
    Admin, Caller, Cause, Problem,
    extract::{Complete, Path},
    operation::{ChangeMark, ListMarks},
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
    /// Retired marks cannot be set any more, but remain on recordings.
    retired: bool,
}

/// A mark's label, colour and shape. Every member is required.
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
    /// Retired marks cannot be set any more, but remain on recordings.
    retired: bool,
}

/// Lists the organisation's marks, including retired ones.
#[utoipa::path(
    get,
    path = "/v1/marks",
    tag = "annotate",
    responses((status = 200, body = Legend))
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller<ListMarks>,
) -> Result<Json<Legend>, Problem> {
    let marks = app.table.marks().all(&caller.organisation.id).await?;
    Ok(Json(Legend { marks: marks.into_iter().map(Shown::from).collect() }))
}

/// Adds a mark under a name that the caller chooses, or changes its members.
#[utoipa::path(
    put,
    path = "/v1/marks/{mark}",
    tag = "annotate",
    params(("mark" = String, Path, description = "the mark's name: 1 to 32 of a-z, 0-9 and '-', and not none")),
    request_body = Put,
    responses(
        (status = 204, description = "saved"),
        (status = 422, description = "invalid; names the members that are missing"),
    )
)]
pub async fn put(
    State(app): State<App>,
    admin: Admin<ChangeMark>,
    Path(mark): Path<String>,
    Complete(put): Complete<Put>,
) -> Result<StatusCode, Problem> {
    let mark = Mark::try_from(mark).map_err(|error| Problem::because(Cause::Invalid, error))?;
    admin.about(mark.as_str());
    let legend = app.table.marks().all(&admin.organisation.id).await?;
    let entry = Entry {
        mark,
        label: put.label,
        colour: put.colour,
        shape: put.shape,
        retired: put.retired,
    };
    if legend.contains(&entry) {
        return Ok(StatusCode::NO_CONTENT);
    }
    if legend.len() >= MARKS && legend.iter().all(|existing| existing.mark != entry.mark) {
        return Err(Problem::because(
            Cause::Invalid,
            "a legend has at most 100 marks, including retired ones; rename one",
        ));
    }
    admin.detail(&Put::from(entry.clone()));
    match app.table.marks().put(&admin.organisation.id, &entry, &admin.event()).await? {
        Ok(()) => Ok(StatusCode::NO_CONTENT),
        Err(_) => Err(Problem::new(Cause::Busy)),
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
        Self {
            label: entry.label,
            colour: entry.colour,
            shape: entry.shape,
            retired: entry.retired,
        }
    }
}
