//! Registers a call for upload: `POST /v1/recordings`.
//!
//! The app calls this when a call has ended, and receives a link to upload the audio. It may repeat
//! the request: the same call is the same recording, with a new link until the audio has arrived.

mod request;

use axum::{
    Json, Router,
    extract::{FromRef, State},
    http::StatusCode,
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
    bucket::Bucket,
    http::{
        self, Cause, Person, Problem, extract, operation::Register, recording::Recording as Shown,
    },
    objects::Link,
    table::{
        Table,
        audit::Event,
        registration::{Over, Registered as Written},
    },
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use request::Call;

#[derive(Clone, FromRef)]
pub struct App {
    pub table: Table,
    pub objects: Bucket,
    pub now: fn() -> DateTime<Utc>,
}

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

/// The routes with their documentation.
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(register))
}

pub fn router(app: App) -> Router {
    http::router(routes(), app)
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
        (status = 403, description = "recording-not-active, not-acknowledged, unknown-user"),
        (status = 409, description = "other-call: the call id is taken by another call"),
        (status = 410, description = "erased: the call's recording was erased; delete the device's copy"),
        (status = 422, description = "invalid, unknown-mark, too-long, in-future, past-retention"),
    )
)]
async fn register(
    State(app): State<App>,
    person: Person<Register>,
    extract::Json(call): extract::Json<Call>,
) -> Result<(StatusCode, Json<Registered>), Problem> {
    let (organisation, now) = (&person.organisation, person.now);
    let call = Registration::try_from(call)?;
    let id = RecordingId::of(&organisation.id, &call.call);
    person.on(id);
    admit(organisation, &person.user, &call, now).map_err(problem)?;
    let recording = expected(organisation, &person.user, id, call, now);
    if Day::of(recording.started_at).closed_at() <= now {
        app.table.late_arrivals().await_late(&[&recording], now).await?; // the folder of its day is closed, so a later folder contains it
    }
    let existing = match app
        .table
        .recordings()
        .register(&recording, Over::Unregistered, &person.event())
        .await?
    {
        Written::Erased => return Err(erased()),
        Written::Before(existing) => existing,
        Written::UnknownMark => return Err(Problem::unknown_mark()),
        Written::Anew(recording) => {
            tracing::info!(recording = %id, "registered");
            return answer(&app, StatusCode::CREATED, recording, now).await;
        }
    };
    let held = existing.held_since.is_some();
    let recording = match repeat(existing, recording)? {
        Repeat::Same(existing) => existing,
        Repeat::Anew(recording) => again(&app, recording, held, &person.event()).await?,
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
        return Err(Problem::because(
            Cause::OtherCall,
            "the call id is taken by another call; each leg of a call needs an id of its own",
        ));
    }
    match (&existing.state, existing.audio.is_same(&recording.audio)) {
        (_, true) => Ok(Repeat::Same(existing)),
        (recording::State::Rejected { .. }, false) => {
            let Recording { annotation, version, held_since, .. } = existing;
            Ok(Repeat::Anew(Recording { annotation, version, held_since, ..recording }))
        }
        (_, false) => Err(Problem::because(
            Cause::OtherCall,
            "the call is registered with other audio; the audio that was promised first applies",
        )),
    }
}

/// Registers a rejected call again. If another request did so meanwhile, the call ended, or a hold
/// began, the current recording is returned.
async fn again(
    app: &App,
    recording: Recording,
    held: bool,
    event: &Event,
) -> Result<Recording, Problem> {
    let over = if held { Over::RejectedAndHeld } else { Over::Rejected };
    let existing = match app.table.recordings().register(&recording, over, event).await? {
        Written::Anew(existing) | Written::Before(existing) => existing,
        Written::UnknownMark => return Err(Problem::unknown_mark()), // impossible for a registered call: its mark does not change
        Written::Erased => return Err(erased()),
    };
    tracing::info!(recording = %recording.id, "registered anew");
    Ok(existing)
}

async fn answer(
    app: &App,
    status: StatusCode,
    recording: Recording,
    now: DateTime<Utc>,
) -> Result<(StatusCode, Json<Registered>), Problem> {
    let upload = match recording.state {
        recording::State::Expected => Some(app.objects.upload_link(&recording, now).await?.into()),
        recording::State::Stored { .. } | recording::State::Rejected { .. } => None,
    };
    Ok((status, Json(Registered { recording: recording.into(), upload })))
}

fn expected(
    organisation: &Organisation,
    user: &User,
    id: RecordingId,
    call: Registration,
    now: DateTime<Utc>,
) -> Recording {
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
        sound: Default::default(),
        held_since: None,
        state: recording::State::Expected,
    }
}

/// The problem of registering a call whose recording was erased.
fn erased() -> Problem {
    Problem::because(
        Cause::Erased,
        "the call's recording was erased and is not accepted again; delete the copy on the device",
    )
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
        Self {
            method: link.method,
            url: link.url,
            headers: link.headers,
            expires_at: link.expires_at,
        }
    }
}
