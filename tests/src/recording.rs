//! Recordings for a table. A recording is valid as built: a minute of WAV, expected.

use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    counterpart::Counterpart,
    ids::{CallId, OrganisationId, RecordingId},
    note::Annotation,
    recording::{Audio, ContentType, Direction, Recording, Sha256, State},
    retention::{BACKDATED, expires_at},
};
use platform::table::{
    Table,
    arrival::{Arrival, Outcome},
    audit::{AuditAction, Event},
    registration::{Over, Registered},
};

use crate::{
    call::now,
    people::{organisation, user},
};

/// A recording of `of` in `to`, named after its call, that began at `started_at`.
pub fn recording(to: &str, of: &str, call: &str, started_at: DateTime<Utc>) -> Recording {
    let call = CallId::try_from(call.to_owned()).expect("the test names a valid call");
    let organisation = organisation(to);
    Recording {
        id: RecordingId::of(&organisation, &call),
        organisation,
        user: user(of),
        call,
        direction: Direction::Out,
        counterpart: Counterpart::from("+46701234567".to_owned()),
        started_at,
        duration: TimeDelta::minutes(1),
        audio: Audio {
            content_type: ContentType::parse("audio/wav").expect("a known type"),
            length: 960_044,
            sha256: Sha256([7; 32]),
        },
        annotation: Annotation::default(),
        version: 0,
        registered_at: now().min(started_at + BACKDATED),
        expires_at: expires_at(started_at, 180),
        sound: Default::default(),
        reported: Default::default(),
        leg: Default::default(),
        held_since: None,
        state: State::Expected,
    }
}

/// The audit event of a fixture's registration, outside the organisation's log.
pub fn registration() -> Event {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let request = format!("fixture-{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    Event {
        request,
        ..Event::new(OrganisationId::operator(), "fixture", AuditAction::Register, now())
    }
}

pub async fn register(table: &Table, recording: &Recording) -> anyhow::Result<()> {
    let registered =
        table.recordings().register(recording, Over::Unregistered, &registration()).await?;
    anyhow::ensure!(
        matches!(registered, Registered::Anew(_)),
        "the recording is registered already"
    );
    Ok(())
}

/// Registers and stores the recording.
pub async fn store(table: &Table, recording: &Recording) -> anyhow::Result<()> {
    register(table, recording).await?;
    arrive(table, recording).await
}

/// Stores the registered recording.
pub async fn arrive(table: &Table, recording: &Recording) -> anyhow::Result<()> {
    let arrival = Arrival {
        organisation: recording.organisation.clone(),
        id: recording.id,
        user: recording.user.clone(),
        audio: recording.audio.clone(),
    };
    let outcome = table.recordings().store(&arrival, &recording.duration.into(), now()).await?;
    anyhow::ensure!(
        matches!(outcome, Outcome::Written),
        "the recording is not stored but {outcome:?}"
    );
    Ok(())
}
