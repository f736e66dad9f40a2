//! Whether the user of a call was recorded when it began.

use chrono::{DateTime, Utc};
use domain::{
    activation::{Recorded, recorded_at, was_recorded},
    ids::RecordingId,
    registration::{Registration, Start, possible_starts},
};
use platform::http::{Person, Problem, operation::Register};

use crate::App;

/// Whether the user was recorded when the call began. No request; up to 4 before a refusal, which
/// takes earlier registrations and all periods into account.
pub async fn recorded(
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
    let events = app.table.activations().of_user(&organisation.id, &user.id).await?;
    let base_service = app.table.ledgers().base_service(&organisation.id).await?;
    let in_periods = |at: DateTime<Utc>| {
        let events = events.iter().filter(|entry| !entry.is_correction()).map(|entry| &entry.event);
        was_recorded(organisation, user, events, &base_service, at)
    };
    let is_recorded = possible_starts(call, start, person.now).any(in_periods);
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
