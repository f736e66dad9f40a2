//! Writes the outcome of an upload: recording and usage in one transaction, or the rejection.
//!
//! The condition of the write compares the audio with the registration. So the usual case costs one
//! request, and a repeated event changes nothing.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    audio::Measured,
    ids::{OrganisationId, RecordingId, UserId},
    recording::{Audio, ContentType, Recording, Sound},
    search::length,
};

use super::{
    Error, Recordings,
    attributes::{n, s},
    commit::Refused,
    key, recording,
    tombstone::is_erased,
    usage::{Change, ChangeKind},
    write::Write,
};

/// Uploaded audio, as S3 describes it.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub organisation: OrganisationId,
    pub id: RecordingId,
    pub user: UserId,
    pub audio: Audio,
}

/// The audio that was found.
#[derive(Clone, Copy, Debug)]
pub struct Found {
    pub duration: TimeDelta,
    pub sound: Sound,
    /// `None` if the container is not known.
    pub content_type: Option<ContentType>,
}

/// The outcome of a write.
#[derive(Clone, Debug)]
pub enum Outcome {
    Written,
    /// The upload is not the expected one. Contains the current recording, if there is one.
    Otherwise(Option<Box<Recording>>),
    /// The recording was erased, so that no audio is expected.
    Erased,
}

/// Intact audio of the registered type and exactly this duration.
impl From<TimeDelta> for Found {
    fn from(duration: TimeDelta) -> Self {
        Self {
            duration,
            sound: Sound { measured: Measured::Exact, ..Sound::default() },
            content_type: None,
        }
    }
}

impl Recordings<'_> {
    /// Stores the recording under the type that was found, and counts the user's usage. 1 request.
    ///
    /// # Errors
    /// [`Error::Busy`] if another write changes the user's usage at the same time: try again.
    pub async fn store(
        self,
        arrival: &Arrival,
        found: &Found,
        now: DateTime<Utc>,
    ) -> Result<Outcome, Error> {
        let Found { duration, sound, content_type } = *found;
        let by_length = key::recordings_lasting(&arrival.organisation, length::class(duration));
        let mut writes = self.0.writes();
        let other_type = content_type.filter(|found| *found != arrival.audio.content_type);
        let stored = as_expected(arrival)
            .set("state", s("stored"))
            .set("stored", n(now.timestamp_millis()))
            .set("ms", n(duration.num_milliseconds()))
            .set("l", s(by_length))
            .set_if(
                "measured",
                (sound.measured != Measured::Exact).then(|| s(sound.measured.as_str())),
            )
            .set_if("damage", sound.damage.map(|damage| s(damage.as_str())))
            .set_if("codec", sound.unplayable.map(|codec| s(codec.as_str())))
            .set_if("type", other_type.map(|found| s(found.as_str())));
        writes.add(stored.returning());
        writes.usage(&Change {
            organisation: &arrival.organisation,
            user: &arrival.user,
            kind: ChangeKind::Stored,
            bytes: arrival.audio.length,
            duration,
            at: now,
        });
        outcome(&arrival.organisation, writes.commit_or_see().await?)
    }

    /// Rejects the expected recording, as registered at `registered_at`, for `reason`. 1 request.
    ///
    /// A newer registration promises other audio and is left unchanged.
    pub async fn reject(self, registered: &Recording, reason: &str) -> Result<Outcome, Error> {
        let write = Write::update(key::recording(&registered.organisation, registered.id))
            .set("state", s("rejected"))
            .set("why", s(reason))
            .set("l", s(key::recordings_rejected(&registered.organisation)))
            .is("state", Some(s("expected")))
            .is("registered", Some(n(registered.registered_at.timestamp_millis())))
            .is("erased", None);
        outcome(&registered.organisation, self.0.write(write.returning()).await?.map(drop))
    }
}

/// An update of the recording, on the condition that the audio is as registered.
fn as_expected(arrival: &Arrival) -> Write {
    Write::update(key::recording(&arrival.organisation, arrival.id))
        .is("state", Some(s("expected")))
        .is("u", Some(s(key::recordings_of(&arrival.organisation, &arrival.user))))
        .is("bytes", Some(n(arrival.audio.length)))
        .is("sha", Some(AttributeValue::B(Blob::new(arrival.audio.sha256.0))))
        .is("type", Some(s(arrival.audio.content_type.as_str())))
        .is("erased", None)
}

fn outcome(organisation: &OrganisationId, written: Result<(), Refused>) -> Result<Outcome, Error> {
    let found = match written {
        Ok(()) => return Ok(Outcome::Written),
        Err(refused) => refused.found,
    };
    if is_erased(&found) {
        return Ok(Outcome::Erased);
    }
    Ok(Outcome::Otherwise(recording::read(organisation, &found)?.map(Box::new)))
}
