//! Writes a registration, or finds the recording that it repeats.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use domain::{
    completeness::closes_at,
    delivery::Day,
    ids::RecordingId,
    recording::{self, Recording},
    registration::{
        self, Correction, Relation, WarningCode, correction, is_double, is_late, relation,
    },
    search::Posting,
};
use platform::{
    consumed,
    http::{Cause, Person, Problem, operation::Register},
    table::{
        audit::Event,
        registration::{Over, Registered as Written},
    },
};

use crate::App;

/// Registers the recording, or finds the one that it repeats.
pub async fn put(
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
        match relation(&existing, &recording) {
            Relation::Repetition => {
                let existing = repeated(app, person, existing, &recording, warnings).await?;
                return Ok((StatusCode::OK, existing));
            }
            Relation::Again => {
                return Ok((StatusCode::OK, again(app, person, existing, recording).await?));
            }
            Relation::Beside => {}
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
    if !is_late(recording) {
        return Ok(None);
    }
    let Recording { organisation, user, started_at, .. } = recording;
    let found = app.table.recordings().started_at(organisation, user, *started_at).await?;
    let is_own =
        |other: &Recording| other.call == recording.call && other.audio.is_same(&recording.audio);
    if found.iter().any(is_own) {
        return Ok(None); // registered under its own call id, too
    }
    Ok(found.into_iter().find(|other| is_double(other, recording)))
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
        app.table.late_arrivals().await_one(recording, event.at).await?; // the folder of its day is closed, so a later folder contains it
    }
    if closes_at(Day::of(recording.started_at)) <= event.at {
        note_number(app, recording, event.at).await?;
    }
    let written = app.table.recordings().register(recording, over, event).await?;
    if let Written::UnknownMark = written {
        recording.annotation.mark = None;
        warnings.push(registration::Warning::new(WarningCode::UnknownMark, "/mark"));
        return Ok(app.table.recordings().register(recording, over, event).await?);
    }
    if let Written::Anew(recording) = &written {
        consumed::charge_words(Posting::of_annotation(&recording.annotation).len(), 0);
        tracing::info!(recording = %recording.id, "registered");
    }
    Ok(written)
}

/// Notes the phone's number of a call that no recording of an open day has, as it would look like a
/// gap. 1 request, if the call has a number.
async fn note_number(app: &App, call: &Recording, now: DateTime<Utc>) -> Result<(), Problem> {
    Ok(app.table.completeness().note_numbers(&call.organisation, &call.leg.sequence, now).await?)
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
    if existing.leg.sequence != recording.leg.sequence {
        note_number(app, recording, person.now).await?;
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
    let corrected = match correction(&existing, recording, person.organisation.retention_days) {
        Correction::None => return Ok(existing),
        Correction::Impossible => {
            warn(WarningCode::Unchanged, "/startedAt");
            return Ok(existing);
        }
        Correction::To(corrected) => *corrected,
    };
    if closes_at(Day::of(corrected.started_at)) <= person.now {
        note_number(app, recording, person.now).await?;
    }
    person.detail(&[existing.started_at, corrected.started_at]);
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
