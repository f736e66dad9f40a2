//! Registers a call for upload: `POST /v1/recordings`.
//!
//! The app calls this when a call has ended, and receives a link to upload the audio. It may repeat
//! the request: the same audio is the same recording, with a new link until it has arrived. Other
//! audio under the same call id is a recording of its own, so nobody blocks a colleague's call.

mod request;

use axum::{
    Json, Router,
    extract::{FromRef, State},
    http::StatusCode,
};
use chrono::{DateTime, Utc};
use domain::{
    activation::{Recorded, recorded_at, recorded_in},
    delivery::Day,
    ids::RecordingId,
    note::Annotation,
    people::Organisation,
    recording::{self, Recording, Reported},
    registration::{
        self, Basis, LATE, Refusal, Registration, START_LEEWAY, Start, WarningCode, admit,
    },
    retention::{begins_at, expires_at},
    time::later,
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
    let start = registration::start(&call, person.now);
    admit(recorded(&app, &person, &call, start).await?, &call.audio).map_err(problem)?;
    let mut warnings = call.warnings.clone();
    warnings.extend(start.basis.warning());
    let recording = expected(&person, call, start);
    let (status, recording) = put(&app, &person, recording, &mut warnings).await?;
    let upload = match recording.state {
        recording::State::Expected => {
            Some(app.objects.upload_link(&recording, person.now).await?.into())
        }
        recording::State::Stored { .. } | recording::State::Rejected { .. } => None,
    };
    let warnings = warnings.into_iter().map(Warning::from).collect();
    Ok((status, Json(Registered { recording: recording.into(), upload, warnings })))
}

/// Whether the user was recorded when the call began. No request; up to 4 before a refusal, which
/// takes earlier registrations and all periods into account.
async fn recorded(
    app: &App,
    person: &Person<Register>,
    call: &Registration,
    start: Start,
) -> Result<Recorded, Problem> {
    let (organisation, user) = (&person.organisation, &person.user);
    let recorded = recorded_at(organisation, user, start.at);
    if recorded == Recorded::Yes || is_registered(app, person, call).await? {
        return Ok(Recorded::Yes);
    }
    // If the clock was set meanwhile, the reported start may be the right one.
    let reported =
        Some(call.started_at).filter(|at| start.basis != Basis::Reported && *at <= person.now);
    let events = app.table.activations().of_user(&organisation.id, &user.id).await?;
    let base_service = app.table.ledgers().base_service(&organisation.id).await?;
    let always = Organisation {
        base_service: true,
        base_since: None,
        base_before: None,
        ..organisation.clone()
    };
    let in_periods = |at: DateTime<Utc>| {
        let events = events.iter().filter(|entry| !entry.is_correction()).map(|entry| &entry.event);
        let in_period = recorded_at(&always, user, at) == Recorded::Yes || recorded_in(events, at);
        in_period && base_service.had_at(at)
    };
    let is_recorded = in_periods(start.at) || reported.is_some_and(in_periods);
    Ok(if is_recorded { Recorded::Yes } else { recorded })
}

/// Whether this audio is registered already: a repetition is not judged anew. At most 2 requests.
async fn is_registered(
    app: &App,
    person: &Person<Register>,
    call: &Registration,
) -> Result<bool, Problem> {
    let (of, user, sha256) = (&person.organisation.id, &person.user.id, &call.audio.sha256.0);
    for id in [RecordingId::of(of, &call.call), RecordingId::beside(of, &call.call, user, sha256)] {
        let found = app.table.recordings().get(of, id, person.now).await?;
        if found.is_some_and(|found| found.user == *user && found.audio.is_same(&call.audio)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Registers the recording, or finds the one that it repeats.
async fn put(
    app: &App,
    person: &Person<Register>,
    mut recording: Recording,
    warnings: &mut Vec<registration::Warning>,
) -> Result<(StatusCode, Recording), Problem> {
    if let Some(double) = double(app, &recording).await? {
        person.on(double.id);
        warnings.push(registration::Warning::new(WarningCode::Double, "/callId"));
        let existing = repeated(app, person, double, &recording, warnings).await?;
        return Ok((StatusCode::OK, existing));
    }
    for _ in 0..TRIES {
        let over = Over::Unregistered;
        let existing = match write(app, &mut recording, over, warnings, &person.event()).await? {
            Written::Anew(recording) => return Ok((StatusCode::CREATED, recording)),
            Written::Before(existing) => existing,
            Written::Erased => return Err(erased()),
            Written::ErasedOther => {
                let taker = recording.id;
                match beside(app, person, taker, recording.clone(), warnings).await? {
                    Some(registered) => return Ok(registered),
                    None => continue,
                }
            }
            Written::UnknownMark | Written::TooMany => continue,
        };
        let is_own = existing.user == recording.user;
        let is_repeated = is_own && existing.audio.is_same(&recording.audio);
        if is_repeated {
            let existing = repeated(app, person, existing, &recording, warnings).await?;
            return Ok((StatusCode::OK, existing));
        }
        let is_rejected = matches!(existing.state, recording::State::Rejected { .. });
        if is_own && is_rejected && existing.is_same_call(&recording) {
            return Ok((StatusCode::OK, again(app, person, existing, recording).await?));
        }
        let registered = beside(app, person, existing.id, recording.clone(), warnings).await?;
        if let Some(registered) = registered {
            return Ok(registered);
        }
    }
    Err(Problem::because(
        Cause::OtherCall,
        "too many recordings have this call id; each leg of a call needs an id of its own",
    ))
}

/// The same call under another call id, if it is registered late: an app that was installed anew
/// registers all its files again. No request; 1 for a call that ended [`LATE`] ago.
async fn double(app: &App, recording: &Recording) -> Result<Option<Recording>, Problem> {
    let Recording { organisation, user, started_at, duration, registered_at, .. } = recording;
    if later(later(*started_at, *duration), LATE) > *registered_at {
        return Ok(None);
    }
    let found = app.table.recordings().started_at(organisation, user, *started_at).await?;
    let is_same = |other: &Recording| other.audio.is_same(&recording.audio);
    if found.iter().any(|other| other.call == recording.call && is_same(other)) {
        return Ok(None); // registered under its own call id, too
    }
    let is_double =
        |other: &Recording| other.counterpart == recording.counterpart && is_same(other);
    Ok(found.into_iter().find(is_double))
}

/// Attempts while the recording that has taken the call id ends.
const TRIES: usize = 2;

/// Writes the registration, without its mark if the legend lacks it.
async fn write(
    app: &App,
    recording: &mut Recording,
    over: Over,
    warnings: &mut Vec<registration::Warning>,
    event: &Event,
) -> Result<Written, Problem> {
    if Day::of(recording.started_at).closed_at() <= event.at {
        app.table.late_arrivals().await_late(&[recording], event.at).await?; // the folder of its day is closed, so a later folder contains it
    }
    let written = app.table.recordings().register(recording, over, event).await?;
    if let Written::UnknownMark = written {
        recording.annotation.mark = None;
        warnings.push(registration::Warning::new(WarningCode::UnknownMark, "/mark"));
        return Ok(app.table.recordings().register(recording, over, event).await?);
    }
    if let Written::Anew(recording) = &written {
        tracing::info!(recording = %recording.id, "registered");
    }
    Ok(written)
}

/// The existing recording of the same audio, with its start as the app has corrected it.
async fn repeated(
    app: &App,
    person: &Person<Register>,
    existing: Recording,
    recording: &Recording,
    warnings: &mut Vec<registration::Warning>,
) -> Result<Recording, Problem> {
    if !existing.exists(person.now) {
        return Err(past_retention());
    }
    let mut warn = |code, member| warnings.push(registration::Warning::new(code, member));
    if let recording::State::Rejected { .. } = existing.state {
        warn(WarningCode::StaysRejected, "/sha256");
    }
    for (differs, member) in [
        (existing.counterpart != recording.counterpart, "/counterpart"),
        (existing.direction != recording.direction, "/direction"),
    ] {
        if differs {
            warn(WarningCode::Unchanged, member);
        }
    }
    if existing.reported_start() == recording.reported_start() {
        return Ok(existing);
    }
    let days = person.organisation.retention_days;
    let (started_at, reported) = (recording.started_at, &recording.reported);
    if started_at > later(existing.registered_at, START_LEEWAY) {
        warn(WarningCode::Unchanged, "/startedAt");
        return Ok(existing);
    }
    let corrected = Recording {
        started_at,
        expires_at: expires_at(begins_at(started_at, existing.registered_at), days),
        reported: Reported {
            started_at: reported.started_at,
            basis: reported.basis,
            ..existing.reported.clone()
        },
        ..existing.clone()
    };
    person.detail(&[existing.started_at, started_at]);
    let table = app.table.recordings();
    match table.correct_start(&existing, &corrected, &person.event()).await? {
        Some(corrected) => Ok(corrected),
        None => {
            warn(WarningCode::Unchanged, "/startedAt");
            Ok(existing)
        }
    }
}

/// Registers other audio over a rejected recording, whose annotation remains. If another request did
/// so meanwhile, the call ended, or a hold began, the current recording is returned.
async fn again(
    app: &App,
    person: &Person<Register>,
    existing: Recording,
    recording: Recording,
) -> Result<Recording, Problem> {
    let over = if existing.held_since.is_some() { Over::RejectedAndHeld } else { Over::Rejected };
    let Recording { annotation, version, held_since, .. } = existing;
    let recording = Recording { annotation, version, held_since, ..recording };
    match app.table.recordings().register(&recording, over, &person.event()).await? {
        Written::Anew(existing) | Written::Before(existing) => {
            tracing::info!(recording = %recording.id, "registered anew");
            Ok(existing)
        }
        Written::Erased => Err(erased()),
        Written::UnknownMark | Written::TooMany | Written::ErasedOther => {
            Err(Problem::new(Cause::Busy)) // another request has changed it
        }
    }
}

/// Registers a recording beside the one that has taken its call id; `None` if that has ended, or has
/// too many beside it.
async fn beside(
    app: &App,
    person: &Person<Register>,
    taker: RecordingId,
    mut recording: Recording,
    warnings: &mut Vec<registration::Warning>,
) -> Result<Option<(StatusCode, Recording)>, Problem> {
    let Recording { organisation, call, user, audio, .. } = &recording;
    recording.id = RecordingId::beside(organisation, call, user, &audio.sha256.0);
    recording.reported.call_id_taken = true;
    person.on(recording.id);
    person.about(taker);
    warnings.push(registration::Warning::new(WarningCode::CallIdTaken, "/callId"));
    let over = Over::Beside(taker);
    match write(app, &mut recording, over, warnings, &person.event()).await? {
        Written::Anew(recording) => Ok(Some((StatusCode::CREATED, recording))),
        Written::Before(existing) => {
            let existing = repeated(app, person, existing, &recording, warnings).await?;
            Ok(Some((StatusCode::OK, existing)))
        }
        Written::Erased => Err(erased()),
        Written::UnknownMark | Written::TooMany | Written::ErasedOther => Ok(None),
    }
}

fn expected(person: &Person<Register>, call: Registration, start: Start) -> Recording {
    let (organisation, now) = (&person.organisation, person.now);
    Recording {
        id: RecordingId::of(&organisation.id, &call.call),
        organisation: organisation.id.clone(),
        user: person.user.id.clone(),
        call: call.call,
        direction: call.direction,
        counterpart: call.counterpart,
        started_at: start.at,
        duration: call.duration,
        audio: call.audio,
        annotation: Annotation { note: call.note, mark: call.mark, ..Annotation::default() },
        version: 0,
        registered_at: now,
        expires_at: expires_at(begins_at(start.at, now), organisation.retention_days),
        sound: Default::default(),
        reported: Reported {
            started_at: (start.basis != Basis::Reported).then_some(call.started_at),
            basis: start.basis,
            duration: None,
            counterpart: call.written,
            call_id_taken: false,
        },
        held_since: None,
        state: recording::State::Expected,
    }
}

/// The problem of registering a call whose recording's retention is over.
fn past_retention() -> Problem {
    Problem::because(
        Cause::PastRetention,
        "the recording's retention is over; delete the copy on the device",
    )
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
