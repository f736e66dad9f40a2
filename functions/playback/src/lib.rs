//! Issues links to audio: `POST /v1/recordings/{id}/playback` and `/download`.
//!
//! A link works without signing in, so it is short-lived and its audit event is written first.

mod request;

use axum::{
    Json, Router,
    extract::{FromRef, State},
    routing::post,
};
use chrono::{DateTime, Utc};
use domain::{
    access::Action,
    ids::RecordingId,
    recording::{self, Recording},
};
use platform::{
    http::{Cause, Principal, Problem, extract::Path, problem},
    objects::Objects,
    table::{
        Table,
        audit::{AuditAction, Event},
    },
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use request::Asked;

#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub objects: Objects,
    pub now: fn() -> DateTime<Utc>,
}

#[derive(OpenApi)]
#[openapi(paths(playback, download))]
pub struct Document;

/// A link to play the audio. It accepts Range requests.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Playback {
    url: String,
    /// At most 15 minutes from now, and never after the recording's own expiry.
    expires_at: DateTime<Utc>,
}

/// A link to save the audio as a file.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Download {
    url: String,
    /// The file name that a browser uses; its time is Stockholm's.
    #[schema(example = "2026-11-24_140211_anna_in_46701234567.ogg")]
    file_name: String,
    /// At most 15 minutes from now, and never after the recording's own expiry.
    expires_at: DateTime<Utc>,
}

pub fn router(app: App) -> Router {
    let routes = Router::new().route("/v1/recordings/{id}/playback", post(playback)).route("/v1/recordings/{id}/download", post(download));
    platform::http::with_common_layers(routes.with_state(app))
}

/// Issues a link to play a recording.
#[utoipa::path(
    post,
    path = "/v1/recordings/{id}/playback",
    tag = "playback",
    params(("id" = String, Path, description = "the recording's id")),
    request_body = Option<Asked>,
    responses(
        (status = 200, body = Playback),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "no-audio: not arrived yet, or rejected", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid, reason-missing", body = problem::Body, content_type = "application/problem+json"),
    )
)]
async fn playback(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<RecordingId>,
    asked: Asked,
) -> Result<Json<Playback>, Problem> {
    let now = (app.now)();
    let recording =
        permitted(&app, &principal, Action::Listen, Event { reason: asked.reason, ..principal.event_on(AuditAction::Play, id, now) }, id)
            .await?;
    let link = app.objects.listening_link(&recording, None, now).await?;
    Ok(Json(Playback { url: link.url, expires_at: link.expires_at }))
}

/// Issues a link to save a copy of a recording.
#[utoipa::path(
    post,
    path = "/v1/recordings/{id}/download",
    tag = "playback",
    params(("id" = String, Path, description = "the recording's id")),
    request_body = Option<Asked>,
    responses(
        (status = 200, body = Download),
        (status = 403, description = "not-allowed, unknown-user", body = problem::Body, content_type = "application/problem+json"),
        (status = 404, description = "not-found", body = problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "no-audio: not arrived yet, or rejected", body = problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid, reason-missing", body = problem::Body, content_type = "application/problem+json"),
    )
)]
async fn download(
    State(app): State<App>,
    principal: Principal,
    Path(id): Path<RecordingId>,
    asked: Asked,
) -> Result<Json<Download>, Problem> {
    let now = (app.now)();
    let event = Event { reason: asked.reason, ..principal.event_on(AuditAction::Download, id, now) };
    let recording = permitted(&app, &principal, Action::Download, event, id).await?;
    let file_name = recording.file_name();
    let link = app.objects.listening_link(&recording, Some(&file_name), now).await?;
    Ok(Json(Download { url: link.url, file_name, expires_at: link.expires_at }))
}

/// The recording, if the caller may have it and it has audio. The audit event is written first.
async fn permitted(app: &App, principal: &Principal, action: Action, event: Event, id: RecordingId) -> Result<Recording, Problem> {
    let Some(recording) = app.table.recording(&principal.organisation.id, id, event.at).await? else {
        return Err(principal.refuse(&app.table, event, Problem::new(Cause::NotFound)).await);
    };
    let may = principal.may(&app.table, action, &recording, event.at).await?;
    // A refusal names no recorded user, since recorded users read the list of those who listened.
    match decide(may, principal.organisation.asks_reason && event.reason.is_none(), &recording) {
        Ok(()) => {
            app.table.audit(&Event { recorded_user: Some(recording.user.clone()), ..event }).await?;
            Ok(recording)
        }
        Err(problem) => Err(principal.refuse(&app.table, event, problem).await),
    }
}

fn decide(may: bool, reason_missing: bool, recording: &Recording) -> Result<(), Problem> {
    if !may {
        return Err(Problem::new(Cause::NotAllowed));
    }
    if reason_missing {
        return Err(Problem::because(Cause::ReasonMissing, "your organisation requires a reason for listening; send a `reason`"));
    }
    match recording.state {
        recording::State::Stored { .. } => Ok(()),
        recording::State::Expected => Err(Problem::because(Cause::NoAudio, "the audio has not arrived yet; try again when it is stored")),
        recording::State::Rejected { .. } => Err(Problem::because(Cause::NoAudio, "the audio was rejected; the recording says why")),
    }
}
