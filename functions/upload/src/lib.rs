//! Registers a call for upload: `POST /v1/recordings`.
//!
//! The app calls this when a call has ended, and receives a link to upload the audio. It may repeat
//! the request: the same call is the same recording, with a new link until the audio has arrived.

mod request;

use axum::{
    Json, Router,
    extract::{FromRef, State},
    http::StatusCode,
    response::IntoResponse,
    routing::post,
};
use chrono::{DateTime, Utc};
use domain::{
    delivery::Day,
    ids::RecordingId,
    note::Annotation,
    people::{Organisation, User},
    recording::{self, Recording},
    registration::{Refusal, Registration, admit},
    retention::expires_at,
};
use platform::{
    http::{Cause, Principal, Problem, extract, recording::Recording as Shown},
    objects::{Link, Objects},
    table::{
        Table,
        audit::AuditAction,
        registration::{Over, Registered as Written},
    },
};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use request::Call;

#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub objects: Objects,
    pub now: fn() -> DateTime<Utc>,
}

#[derive(OpenApi)]
#[openapi(paths(register))]
pub struct Document;

/// A registered call.
#[derive(Debug, Serialize, ToSchema)]
pub struct Registered {
    recording: Shown,
    /// The upload link; absent once the audio is stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    upload: Option<Upload>,
}

/// A link for one upload of the audio. The client sends exactly these headers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Upload {
    method: String,
    url: String,
    headers: std::collections::BTreeMap<String, String>,
    expires_at: DateTime<Utc>,
}

pub fn router(app: App) -> Router {
    platform::http::with_common_layers(Router::new().route("/v1/recordings", post(register)).with_state(app))
}

/// Registers a call and returns a link to upload its audio.
#[utoipa::path(
    post,
    path = "/v1/recordings",
    tag = "upload",
    request_body = Call,
    responses(
        (status = 201, description = "registered; upload the audio to the link", body = Registered),
        (status = 200, description = "registered before; a new link while the audio is missing", body = Registered),
        (status = 403, description = "recording-not-active, not-acknowledged, unknown-user", body = platform::http::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "other-call: the call id is taken by another call", body = platform::http::problem::Body, content_type = "application/problem+json"),
        (status = 410, description = "erased: the call's recording was erased; delete the device's copy", body = platform::http::problem::Body, content_type = "application/problem+json"),
        (status = 413, description = "too-large", body = platform::http::problem::Body, content_type = "application/problem+json"),
        (status = 415, description = "unknown-type", body = platform::http::problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "invalid, unknown-mark, too-long, in-future, past-retention", body = platform::http::problem::Body, content_type = "application/problem+json"),
    )
)]
async fn register(
    State(app): State<App>,
    principal: Principal,
    extract::Json(call): extract::Json<Call>,
) -> Result<impl IntoResponse, Problem> {
    let now = (app.now)();
    let call = Registration::try_from(call)?;
    let id = RecordingId::of(&principal.organisation.id, &call.call);
    let event = principal.event_on(AuditAction::Register, id, now);
    let user = match principal.user().and_then(|user| admit(&principal.organisation, user, &call, now).map(|()| user).map_err(problem)) {
        Ok(user) => user,
        Err(problem) => return Err(principal.refuse(&app.table, event, problem).await),
    };
    let recording = expected(&principal.organisation, user, id, call, now);
    if Day::of(recording.started_at).closed_at() <= now {
        app.table.await_late(&[&recording], now).await?; // the folder of its day is closed, so a later folder contains it
    }
    let existing = match app.table.register(&recording, Over::Unregistered).await? {
        Written::Erased => return Err(principal.refuse(&app.table, event, erased()).await),
        Written::Before(existing) => existing,
        Written::UnknownMark => {
            return Err(principal.refuse(&app.table, event, Problem::unknown_mark()).await);
        }
        Written::Anew(recording) => {
            tracing::info!(recording = %id, "registered");
            return answer(&app, StatusCode::CREATED, recording, now).await;
        }
    };
    let held = existing.held_since.is_some();
    let recording = match repeat(existing, recording)? {
        Repeat::Same(existing) => existing,
        Repeat::Anew(recording) => again(&app, recording, held).await?,
    };
    answer(&app, StatusCode::OK, recording, now).await
}

/// The result of registering a call again.
#[derive(Debug)]
enum Repeat {
    /// The existing recording.
    Same(Recording),
    /// The call with other audio, after the first audio was rejected.
    Anew(Recording),
}

fn repeat(existing: Recording, recording: Recording) -> Result<Repeat, Problem> {
    if !existing.is_same_call(&recording) {
        return Err(Problem::because(Cause::OtherCall, "the call id is taken by another call; each leg of a call needs an id of its own"));
    }
    match (&existing.state, existing.audio == recording.audio) {
        (_, true) => Ok(Repeat::Same(existing)),
        (recording::State::Rejected { .. }, false) => Ok(Repeat::Anew(recording)),
        (_, false) => {
            Err(Problem::because(Cause::OtherCall, "the call is registered with other audio; the audio that was promised first applies"))
        }
    }
}

/// Registers a rejected call again. If another request did so meanwhile, the call ended, or a hold
/// began, the current recording is returned.
async fn again(app: &App, recording: Recording, held: bool) -> Result<Recording, Problem> {
    let over = if held { Over::RejectedAndHeld } else { Over::Rejected };
    let existing = match app.table.register(&recording, over).await? {
        Written::Anew(existing) | Written::Before(existing) => existing,
        Written::UnknownMark => return Err(Problem::unknown_mark()), // impossible for a registered call: its mark does not change
        Written::Erased => return Err(erased()),
    };
    tracing::info!(recording = %recording.id, "registered anew");
    Ok(existing)
}

async fn answer(app: &App, status: StatusCode, recording: Recording, now: DateTime<Utc>) -> Result<impl IntoResponse + use<>, Problem> {
    let upload = match recording.state {
        recording::State::Expected => Some(app.objects.upload_link(&recording, now).await?.into()),
        recording::State::Stored { .. } | recording::State::Rejected { .. } => None,
    };
    Ok((status, Json(Registered { recording: recording.into(), upload })))
}

fn expected(organisation: &Organisation, user: &User, id: RecordingId, call: Registration, now: DateTime<Utc>) -> Recording {
    Recording {
        id,
        organisation: organisation.id.clone(),
        user: user.id.clone(),
        call: call.call,
        direction: call.direction,
        counterpart: call.counterpart,
        started_at: call.started_at,
        duration: call.duration,
        audio: call.audio,
        annotation: Annotation { note: call.note, mark: call.mark, ..Annotation::default() },
        version: 0,
        registered_at: now,
        expires_at: expires_at(call.started_at, organisation.retention_days),
        held_since: None,
        state: recording::State::Expected,
    }
}

/// The problem of registering a call whose recording was erased.
fn erased() -> Problem {
    Problem::because(Cause::Erased, "the call's recording was erased and is not accepted again; delete the copy on the device")
}

fn problem(refusal: Refusal) -> Problem {
    let cause = match refusal {
        Refusal::NoBaseService | Refusal::NoPlan | Refusal::NotActive => Cause::RecordingNotActive,
        Refusal::NotAcknowledged => Cause::NotAcknowledged,
        Refusal::Empty => Cause::Invalid,
        Refusal::TooLarge => Cause::TooLarge,
        Refusal::TooLong => Cause::TooLong,
        Refusal::InFuture => Cause::InFuture,
        Refusal::PastRetention => Cause::PastRetention,
    };
    Problem::because(cause, refusal)
}

impl From<Link> for Upload {
    fn from(link: Link) -> Self {
        Self { method: link.method, url: link.url, headers: link.headers, expires_at: link.expires_at }
    }
}
