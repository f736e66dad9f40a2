//! Issues links to audio: `POST /v1/recordings/{id}/playback` and `/download`.
//!
//! A link works without signing in, so it is short-lived, and no link is sent before its audit event is
//! written.

mod request;

use axum::{
    Json, Router,
    extract::{FromRef, State},
};
use chrono::{DateTime, Utc};
use domain::{
    access::{Action, Permission},
    ids::RecordingId,
    recording::{self, Recording},
};
use platform::{
    bucket::Bucket,
    http::{
        self, Caller, Cause, Principal, Problem,
        extract::Path,
        operation::{Download as Downloading, Play},
    },
    objects::Link,
    table::Table,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use request::Asked;

#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub objects: Bucket,
    /// The content that was set aside, which administrators may save.
    #[from_ref(skip)]
    pub quarantine: Bucket,
    pub now: fn() -> DateTime<Utc>,
}

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

/// The routes with their documentation.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(playback)).routes(routes!(download))
}

pub fn router(app: App) -> Router {
    http::router(routes(), app)
}

/// Issues a link to play a recording.
#[utoipa::path(
    post,
    path = "/v1/recordings/{id}/playback",
    tag = "playback",
    params(("id" = String, Path, description = "the recording's id")),
    request_body = Asked,
    responses(
        (status = 200, body = Playback),
        (status = 409, description = "no-audio: not arrived yet, or rejected"),
        (status = 422, description = "invalid, reason-missing"),
    )
)]
async fn playback(
    State(app): State<App>,
    caller: Caller<Play>,
    Path(id): Path<RecordingId>,
    asked: Asked,
) -> Result<Json<Playback>, Problem> {
    let (link, _) = link(&app, &caller, Action::Listen, id, asked).await?;
    Ok(Json(Playback { url: link.url, expires_at: link.expires_at }))
}

/// Issues a link to save a copy of a recording. Administrators get the content of a rejected one.
#[utoipa::path(
    post,
    path = "/v1/recordings/{id}/download",
    tag = "playback",
    params(("id" = String, Path, description = "the recording's id")),
    request_body = Asked,
    responses(
        (status = 200, body = Download),
        (status = 409, description = "no-audio: not arrived yet, or rejected and the caller is no administrator"),
        (status = 422, description = "invalid, reason-missing"),
    )
)]
async fn download(
    State(app): State<App>,
    caller: Caller<Downloading>,
    Path(id): Path<RecordingId>,
    asked: Asked,
) -> Result<Json<Download>, Problem> {
    let (link, file_name) = link(&app, &caller, Action::Download, id, asked).await?;
    Ok(Json(Download { url: link.url, file_name, expires_at: link.expires_at }))
}

/// A link to the audio and its file name, if the caller may have it and there is audio.
async fn link(
    app: &App,
    caller: &Principal,
    action: Action,
    id: RecordingId,
    asked: Asked,
) -> Result<(Link, String), Problem> {
    let reason_missing = caller.organisation.asks_reason && asked.reason.is_none();
    caller.change(|event| event.reason = asked.reason);
    let recording = app
        .table
        .recordings()
        .get(&caller.organisation.id, id, caller.now)
        .await?
        .ok_or(Problem::new(Cause::NotFound))?;
    let is_set_aside = matches!(recording.state, recording::State::Rejected { .. });
    let administers = caller.has(Permission::Administer).is_ok();
    if is_set_aside && action == Action::Download && administers && !reason_missing {
        let file_name = recording.file_name();
        let link = app.quarantine.set_aside_link(&recording, &file_name, caller.now).await?;
        let gone = "the content of the rejected recording is not there any more";
        let link = link.ok_or_else(|| Problem::because(Cause::NoAudio, gone))?;
        caller.change(|event| event.recorded_user = Some(recording.user));
        return Ok((link, file_name));
    }
    decide(caller.may(&app.table, action, &recording).await?, reason_missing, &recording)?;
    let file_name = recording.file_name();
    let saved_as = (action == Action::Download).then_some(file_name.as_str());
    let link = app.objects.listening_link(&recording, saved_as, caller.now).await?;
    // A refusal or failure names no recorded user, since recorded users read the list of those who listened.
    caller.change(|event| event.recorded_user = Some(recording.user));
    Ok((link, file_name))
}

fn decide(may: bool, reason_missing: bool, recording: &Recording) -> Result<(), Problem> {
    if !may {
        return Err(Problem::new(Cause::NotAllowed));
    }
    if reason_missing {
        return Err(Problem::because(
            Cause::ReasonMissing,
            "your organisation requires a reason for listening; send a `reason`",
        ));
    }
    match recording.state {
        recording::State::Stored { .. } => Ok(()),
        recording::State::Expected => Err(Problem::because(
            Cause::NoAudio,
            "the audio has not arrived yet; try again when it is stored",
        )),
        recording::State::Rejected { .. } => {
            Err(Problem::because(Cause::NoAudio, "the audio was rejected; the recording says why"))
        }
    }
}
