//! `GET /v1/recordings/{id}`.

use axum::{Json, extract::State};
use domain::{access::Action, ids::RecordingId};
use platform::{
    http::{Cause, Principal, Problem, extract::Path, problem, recording::Recording as Shown},
    table::audit::AuditAction,
};

use crate::App;

/// Shows one recording.
#[utoipa::path(
    get,
    path = "/v1/recordings/{id}",
    tag = "search",
    params(("id" = String, Path, description = "the recording's id")),
    responses(
        (status = 200, body = Shown),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
    )
)]
pub async fn one(State(app): State<App>, principal: Principal, Path(id): Path<RecordingId>) -> Result<Json<Shown>, Problem> {
    let now = (app.now)();
    let event = principal.event_on(AuditAction::See, id, now);
    let Some(recording) = app.table.recording(&principal.organisation.id, id, now).await? else {
        return Err(principal.refuse(&app.table, event, Problem::new(Cause::NotFound)).await);
    };
    if !principal.may(&app.table, Action::See, &recording, now).await? {
        return Err(principal.refuse(&app.table, event, Problem::new(Cause::NotAllowed)).await);
    }
    app.table.audit(&event).await?;
    Ok(Json(recording.into()))
}
