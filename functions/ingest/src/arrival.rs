//! What becomes of one object: its recording is stored, or it is set aside.
//!
//! Audio that an operator puts back is taken for what its bytes are: those of the stored recording are accepted, however they came.
//!
//! Each step may be the last before a crash, and the event then comes again. The order makes that harmless: an object is copied to
//! quarantine before its recording is rejected, and removed only after. Removal names the version that was looked at, so audio that came
//! to the same key meanwhile is never touched, and the audio of a stored recording is never removed at all.
//!
//! What comes for a recording that was erased is removed and not set aside. An erasure may come at any moment: whoever sets something aside
//! looks after that whether it was erased, and the erasure ends the recording before it looks for what was set aside. One sees the other.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{
    ids::{OrganisationId, RecordingId},
    recording::{Recording, State},
};
use platform::{
    bucket,
    objects::owner,
    table::{
        self,
        arrival::{Arrival, Outcome},
        tombstone::Call,
    },
};
use thiserror::Error;

use crate::{
    App,
    measure::{self, Measure},
    object::{self, Object},
};

/// Why an object could not be taken in now: it stays, and the event comes again.
#[derive(Debug, Error)]
pub enum Error {
    #[error(transparent)]
    Bucket(#[from] bucket::Error),
    #[error("could not write what came of it")]
    Table(#[from] table::Error),
}

/// Attempts at the transaction while others write the same user's count.
const ATTEMPTS: u32 = 8;

/// Takes in the object at `key`. Usual cost: 1 HEAD, 1 to 3 ranged GETs, 1 transaction.
pub async fn take_in(app: &App, key: &str) -> Result<(), Error> {
    let Some(object) = object::head(app, key).await? else {
        tracing::info!("nothing lies at the key any more"); // an earlier event of the same object has done its work
        return Ok(());
    };
    let Some((organisation, id)) = owner(key) else {
        tracing::warn!("an object lies at a key that names no recording");
        return set_aside(app, &object, None).await;
    };
    let of = (&organisation, id);
    let standing = match object.arrival(organisation.clone(), id) {
        Some(arrival) => match judge(app, &object, &arrival).await? {
            None => return Ok(()),
            Some(standing) => standing,
        },
        None => stands(app, of, "the audio did not come by the upload link".to_owned()).await?,
    };
    settle(app, &object, of, standing).await
}

/// What stands where the object is not its audio.
#[derive(Debug)]
enum Standing {
    /// A recording, and why the object is not its audio.
    Recording(Box<Recording>, String),
    /// Nobody registered one.
    Nothing,
    /// The recording was erased.
    Erased,
}

/// A call's organisation and the id of its recording.
type Of<'a> = (&'a OrganisationId, RecordingId);

/// What stands for an object that is not audio of the call for `reason`. 1 request.
async fn stands(app: &App, (organisation, id): Of<'_>, reason: String) -> Result<Standing, Error> {
    Ok(match app.table.call(organisation, id, (app.now)()).await? {
        Call::Registered(found) => Standing::Recording(found, reason),
        Call::Unknown => Standing::Nothing,
        Call::Erased => Standing::Erased,
    })
}

/// Stores the object's recording; or answers with what stands instead.
async fn judge(app: &App, object: &Object, arrival: &Arrival) -> Result<Option<Standing>, Error> {
    match measure::measure(app, object, arrival.audio.content_type).await? {
        Measure::Lasts(duration) => match store(app, arrival, duration).await? {
            Outcome::Written => {
                tracing::info!(recording = %arrival.id, bytes = object.length, ms = duration.num_milliseconds(), "stored");
                Ok(None)
            }
            Outcome::Otherwise(Some(found)) if is_stored(&found, arrival) => Ok(None),
            Outcome::Otherwise(None) => Ok(Some(Standing::Nothing)),
            Outcome::Otherwise(Some(found)) => Ok(Some(Standing::Recording(found, "the audio is not what was registered".to_owned()))),
            Outcome::Erased => Ok(Some(Standing::Erased)),
        },
        Measure::Unusable(reason) => Ok(Some(stands(app, (&arrival.organisation, arrival.id), reason).await?)),
    }
}

fn is_stored(found: &Recording, arrival: &Arrival) -> bool {
    matches!(found.state, State::Stored { .. }) && found.audio == arrival.audio && found.user == arrival.user
}

async fn store(app: &App, arrival: &Arrival, duration: TimeDelta) -> Result<Outcome, table::Error> {
    let mut attempt = 0;
    loop {
        match app.table.store(arrival, duration, (app.now)()).await {
            Err(table::Error::Busy) if attempt < ATTEMPTS => attempt += 1,
            outcome => return outcome,
        }
        let spread = u64::from(arrival.id.to_bytes()[0]); // two that collide wait for different times
        tokio::time::sleep(Duration::from_millis((10 << attempt) + spread)).await;
    }
}

/// Sets the object aside, and rejects the recording that waits for it.
async fn settle(app: &App, object: &Object, of: Of<'_>, standing: Standing) -> Result<(), Error> {
    let (recording, reason) = match standing {
        Standing::Recording(recording, reason) => (recording, reason),
        Standing::Nothing => {
            tracing::warn!("nobody registered the object");
            return set_aside(app, object, Some(of)).await;
        }
        Standing::Erased => return remove_erased(app, object).await,
    };
    if matches!(recording.state, State::Stored { .. }) {
        if object.is(app, &recording.audio).await? {
            tracing::info!(recording = %recording.id, "the audio is back"); // somebody has put it there again, without the upload link
            return Ok(());
        }
        tracing::warn!(recording = %recording.id, reason, "refused: a stored recording has other audio");
    }
    // An object from before the registration is what an earlier, rejected one left behind: the recording waits for another.
    let awaited = recording.state == State::Expected && object.modified_at >= recording.registered_at - TimeDelta::seconds(1);
    if awaited {
        object::copy_to_quarantine(app, object).await?;
        if let Outcome::Erased = app.table.reject(&recording, &reason).await? {
            return remove_erased(app, object).await;
        }
        tracing::warn!(recording = %recording.id, reason, "rejected");
    }
    set_aside(app, object, Some(of)).await
}

/// Removes what came for a recording that was erased, and the copy of it that was set aside before it was known to be.
async fn remove_erased(app: &App, object: &Object) -> Result<(), Error> {
    object::remove_aside(app, object).await?;
    object::remove(app, object).await?;
    tracing::warn!("removed what came for an erased recording");
    Ok(())
}

/// Moves the object to quarantine, unless it is of a recording that has been erased meanwhile.
async fn set_aside(app: &App, object: &Object, of: Option<Of<'_>>) -> Result<(), Error> {
    object::copy_to_quarantine(app, object).await?;
    if let Some((organisation, id)) = of
        && matches!(app.table.call(organisation, id, (app.now)()).await?, Call::Erased)
    {
        return remove_erased(app, object).await;
    }
    object::remove(app, object).await?;
    Ok(())
}
