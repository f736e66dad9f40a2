//! Registers a call for upload: `POST /v1/recordings`. Long audio may come in parts.
//!
//! The app calls this when a call has ended, and receives a link to upload the audio. It may repeat
//! the request: the same audio is the same recording, with a new link until it has arrived. Other
//! audio under the same call id is a recording of its own, so nobody blocks a colleague's call.

mod judge;
mod parts;
mod put;
mod request;

use axum::{
    Json, Router,
    extract::{FromRef, State},
    http::StatusCode,
};
use chrono::{DateTime, Utc};
use domain::{
    completeness::sequence::Sequence,
    ids::RecordingId,
    recording,
    registration::{self, Refusal, Registration, admit, expected},
};
use platform::{
    bucket::Bucket,
    http::{
        self, Cause, Person, Problem, extract, operation::Register, recording::Recording as Shown,
    },
    objects::Link,
    table::{Table, audit::TEMPORARY},
};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use judge::recorded;
use put::put;
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
    /// Members that were put right or left out, and what is unusual about the registration.
    #[schema(max_items = 40)]
    warnings: Vec<Warning>,
}

/// Something that the app's developer should know. The call is registered.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RegistrationWarning)]
pub struct Warning {
    #[schema(value_type = String)]
    code: &'static str,
    /// The JSON pointer (RFC 6901) of the member.
    #[schema(example = "/note")]
    pointer: String,
    detail: String,
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
    OpenApiRouter::new().routes(routes!(register)).routes(routes!(parts::put))
}

pub fn router(app: App) -> Router {
    let budget = http::Budget::Registrations;
    http::bounded(routes(), app, http::Bounds { budget, ..Default::default() })
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
        (status = 403, description = "recording-not-active, not-acknowledged: the user was not recorded when the call began; unknown-user"),
        (status = 409, description = "other-call: too many recordings have this call id"),
        (status = 410, description = "erased: the call's recording was erased; delete the device's copy"),
        (status = 422, description = "invalid; past-retention: the recording's retention is over; delete the device's copy"),
    )
)]
async fn register(
    State(app): State<App>,
    person: Person<Register>,
    extract::RepairedJson(call): extract::RepairedJson<Call>,
) -> Result<(StatusCode, Json<Registered>), Problem> {
    let call = call.read(&person.organisation);
    person.on(RecordingId::of(&person.organisation.id, &call.call));
    let sequence = call.leg.sequence.clone();
    let registered = registered(&app, &person, call).await;
    let is_refused =
        registered.as_ref().is_err_and(|problem| !TEMPORARY.contains(&problem.cause.name()));
    if let Some(Sequence { device, number }) = sequence.filter(|_| is_refused) {
        person.detail(&json!({ "device": device, "sequence": number })); // no gap in its numbers
    }
    registered
}

async fn registered(
    app: &App,
    person: &Person<Register>,
    call: Registration,
) -> Result<(StatusCode, Json<Registered>), Problem> {
    let start = registration::start(&call, person.now);
    admit(recorded(app, person, &call, start).await?, &call.audio).map_err(problem)?;
    let mut warnings = call.warnings.clone();
    warnings.extend(start.basis.warning());
    let recording = expected(&person.organisation, &person.user.id, call, start, person.now);
    let (status, recording) = put(app, person, recording, &mut warnings).await?;
    let upload = match recording.state {
        recording::State::Expected => {
            Some(app.objects.upload_link(&recording, person.now).await?.into())
        }
        recording::State::Stored { .. } | recording::State::Rejected { .. } => None,
    };
    let warnings = warnings.into_iter().map(Warning::from).collect();
    Ok((status, Json(Registered { recording: recording.into(), upload, warnings })))
}

fn problem(refusal: Refusal) -> Problem {
    let cause = match refusal {
        Refusal::NoBaseService | Refusal::NoPlan | Refusal::NotActive => Cause::RecordingNotActive,
        Refusal::NotAcknowledged => Cause::NotAcknowledged,
        Refusal::Empty => Cause::Invalid,
        Refusal::TooLarge => Cause::TooLarge,
    };
    Problem::because(cause, refusal)
}

impl From<registration::Warning> for Warning {
    fn from(warning: registration::Warning) -> Self {
        let registration::Warning { code, pointer } = warning;
        Self { code: code.into_str(), pointer, detail: code.to_string() }
    }
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
