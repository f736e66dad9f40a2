//! `GET /v1/recordings/{id}`.

use axum::extract::State;
use domain::{access::Action, ids::RecordingId};
use platform::http::{
    Caller, Cause, Problem, extract::Path, operation::See, recording::Recording as Shown,
};

use crate::App;

/// Shows one recording.
#[utoipa::path(
    get,
    path = "/v1/recordings/{id}",
    tag = "search",
    params(("id" = String, Path, description = "the recording's id")),
    responses((status = 200, body = Shown))
)]
pub async fn one(
    State(app): State<App>,
    caller: Caller<See>,
    Path(id): Path<RecordingId>,
) -> Result<Shown, Problem> {
    let recording = app
        .table
        .recordings()
        .get(&caller.organisation.id, id, caller.now)
        .await?
        .ok_or(Problem::new(Cause::NotFound))?;
    if !caller.may(&app.table, Action::See, &recording).await? {
        return Err(Problem::new(Cause::NotAllowed));
    }
    Ok(recording.into())
}
