//! Processes one uploaded object: its recording is stored, or the object is moved to quarantine.
//!
//! Audio that an operator restores is accepted if it has the bytes of the stored recording.
//!
//! The process may crash after any step, and the event is then delivered again. The order makes
//! that harmless: an object is copied to quarantine before its recording is rejected, and removed
//! only after that. Removal names the version that was checked. Later audio at the same key is
//! never affected, and the audio of a stored recording is never removed.
//!
//! An object of an erased recording is removed, not quarantined. An erasure can run at any moment.
//! So ingest checks for an erasure after it copies to quarantine, and the erasure ends the
//! recording before it lists the quarantine. One of them sees the other.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    audio::Audio,
    ids::{OrganisationId, RecordingId},
    recording::{ContentType, Recording, Sound, State},
};
use platform::{
    bucket,
    objects::{owner, unregistered},
    table::{
        self,
        arrival::{Arrival, Found, Outcome},
        tombstone::Call,
    },
};
use thiserror::Error;

use crate::{
    App, measure,
    object::{self, Object},
};

/// Why an object could not be processed now. It stays, and the event is delivered again.
#[derive(Debug, Error)]
pub enum Error {
    #[error(transparent)]
    Bucket(#[from] bucket::Error),
    #[error("could not write the outcome")]
    Table(#[from] table::Error),
}

/// Attempts at the transaction while others update the same user's count.
const ATTEMPTS: u32 = 8;

/// Processes the object at `key`. Usual cost: 1 HEAD, 1 to 3 ranged GETs, 1 transaction; 1 read
/// and 1 GET of the whole more if it was uploaded in parts.
pub async fn take_in(app: &App, key: &str) -> Result<(), Error> {
    let Some(object) = object::head(app, key).await? else {
        tracing::info!("there is no object at the key"); // an earlier event for the object has been processed
        return Ok(());
    };
    let Some((organisation, id)) = owner(key) else {
        tracing::warn!("the object's key names no recording");
        return set_aside_unregistered(app, &object.digested(app).await?, None).await;
    };
    let of = (&organisation, id);
    if object.is_in_parts() && is_taken_in(app, of, &object).await? {
        return Ok(()); // another event has, and reading it whole again takes long
    }
    let object = object.digested(app).await?;
    let registered = match object.arrival(organisation.clone(), id) {
        Some(arrival) => match judge(app, &object, &arrival).await? {
            None => return Ok(()),
            Some(registered) => registered,
        },
        None => {
            registration(app, of, "the audio did not come by the upload link".to_owned()).await?
        }
    };
    settle(app, &object, of, registered).await
}

/// Whether the recording is stored with audio of this length. 1 request.
async fn is_taken_in(
    app: &App,
    (organisation, id): Of<'_>,
    object: &Object,
) -> Result<bool, Error> {
    let found = app.table.tombstones().call(organisation, id, (app.now)()).await?;
    let Call::Registered(found) = found else { return Ok(false) };
    let is_stored = matches!(found.state, State::Stored { .. });
    Ok(is_stored && found.audio.length == object.length)
}

/// The registration of an object that is not its recording's audio.
#[derive(Debug)]
enum Registered {
    /// A recording, and why the object is not its audio.
    Recording(Box<Recording>, String),
    /// No recording is registered.
    Nothing,
    /// The recording was erased.
    Erased,
}

/// The organisation and the id of a recording.
type Of<'a> = (&'a OrganisationId, RecordingId);

/// The registration for an object that is not its audio, for `reason`. 1 request.
async fn registration(
    app: &App,
    (organisation, id): Of<'_>,
    reason: String,
) -> Result<Registered, Error> {
    Ok(match app.table.tombstones().call(organisation, id, (app.now)()).await? {
        Call::Registered(found) => Registered::Recording(found, reason),
        Call::Unknown => Registered::Nothing,
        Call::Erased => Registered::Erased,
    })
}

/// Stores the object's recording, or returns the registration that prevents it.
async fn judge(app: &App, object: &Object, arrival: &Arrival) -> Result<Option<Registered>, Error> {
    let of = (&arrival.organisation, arrival.id);
    let audio = match measure::measure(app, object).await? {
        Ok(audio) => audio,
        Err(reason) => return Ok(Some(registration(app, of, reason).await?)),
    };
    let (sound, content_type) = (Sound::of(&audio), ContentType::found(audio.container));
    let found = Found { duration: duration(app, of, &audio).await?, sound, content_type };
    match store(app, arrival, &found).await? {
        Outcome::Written => {
            let ms = found.duration.num_milliseconds();
            // A service level: the seconds since the upload. S3 dates an object in parts at its beginning.
            let waited = ((app.now)() - object.modified_at).num_seconds().max(0);
            let waited = (!object.is_in_parts()).then_some(waited);
            tracing::info!(recording = %arrival.id, bytes = object.length, ms, measured = sound.measured.as_str(), waited, "stored");
            Ok(None)
        }
        Outcome::Otherwise(Some(found)) if is_stored(&found, arrival) => Ok(None),
        Outcome::Otherwise(None) => Ok(Some(Registered::Nothing)),
        Outcome::Otherwise(Some(found)) => Ok(Some(Registered::Recording(
            found,
            "the audio is not what was registered".to_owned(),
        ))),
        Outcome::Erased => Ok(Some(Registered::Erased)),
    }
}

/// The measured duration, or the registered one if the audio does not tell. No request, or 1.
async fn duration(
    app: &App,
    (organisation, id): Of<'_>,
    audio: &Audio,
) -> Result<TimeDelta, Error> {
    let measured = match audio.length.duration() {
        Some(measured) => measured,
        None => match app.table.tombstones().call(organisation, id, (app.now)()).await? {
            Call::Registered(registered) => {
                audio.duration(registered.duration.to_std().unwrap_or_default())
            }
            Call::Unknown | Call::Erased => std::time::Duration::ZERO,
        },
    };
    Ok(TimeDelta::from_std(measured).unwrap_or(TimeDelta::MAX))
}

fn is_stored(found: &Recording, arrival: &Arrival) -> bool {
    matches!(found.state, State::Stored { .. })
        && found.audio.is_same(&arrival.audio)
        && found.user == arrival.user
}

async fn store(app: &App, arrival: &Arrival, found: &Found) -> Result<Outcome, table::Error> {
    let mut attempt = 0;
    loop {
        match app.table.recordings().store(arrival, found, (app.now)()).await {
            Err(table::Error::Busy) if attempt < ATTEMPTS => attempt += 1,
            outcome => return outcome,
        }
        let spread = u64::from(arrival.id.to_bytes()[0]); // colliding attempts wait for different times
        tokio::time::sleep(Duration::from_millis((10 << attempt) + spread)).await;
    }
}

/// Moves the object to quarantine, and rejects the recording if it expects audio.
async fn settle(
    app: &App,
    object: &Object,
    of: Of<'_>,
    registered: Registered,
) -> Result<(), Error> {
    let (recording, reason) = match registered {
        Registered::Recording(recording, reason) => (recording, reason),
        Registered::Nothing => {
            tracing::warn!("the object was never registered");
            return set_aside_unregistered(app, object, Some(of)).await;
        }
        Registered::Erased => return remove_erased(app, object).await,
    };
    if matches!(recording.state, State::Stored { .. }) {
        if object.is(app, &recording.audio).await? {
            tracing::info!(recording = %recording.id, "the audio is back"); // restored without the upload link
            return Ok(());
        }
        tracing::warn!(recording = %recording.id, reason, "refused: a stored recording has other audio");
    }
    // An older object belongs to an earlier, rejected registration; this one still waits for audio.
    let follows_registration = recording.state == State::Expected
        && object.modified_at >= recording.registered_at - TimeDelta::seconds(1);
    if follows_registration {
        object::copy_to_quarantine(app, object, object.aside()).await?;
        if let Outcome::Erased = app.table.recordings().reject(&recording, &reason).await? {
            return remove_erased(app, object).await;
        }
        tracing::warn!(recording = %recording.id, reason, "rejected");
    }
    set_aside(app, object, object.aside(), Some(of)).await
}

/// Removes the object of an erased recording, and its copy in quarantine.
async fn remove_erased(app: &App, object: &Object) -> Result<(), Error> {
    object::remove_aside(app, object).await?;
    object::remove(app, object).await?;
    tracing::warn!("removed an object of an erased recording");
    Ok(())
}

/// Moves an object of no recording to quarantine, where a rule removes it.
async fn set_aside_unregistered(
    app: &App,
    object: &Object,
    of: Option<Of<'_>>,
) -> Result<(), Error> {
    set_aside(app, object, unregistered(&object.aside()), of).await
}

/// Moves the object to a key in quarantine, unless its recording has been erased meanwhile.
async fn set_aside(
    app: &App,
    object: &Object,
    key: String,
    of: Option<Of<'_>>,
) -> Result<(), Error> {
    object::copy_to_quarantine(app, object, key).await?;
    if let Some((organisation, id)) = of
        && matches!(app.table.tombstones().call(organisation, id, (app.now)()).await?, Call::Erased)
    {
        return remove_erased(app, object).await;
    }
    object::remove(app, object).await?;
    Ok(())
}
