//! Tombstones under the ids of erased recordings, whose calls cannot be registered again.
//!
//! | attribute    | type | what |
//! |--------------|------|------|
//! | `state`      | S    | `erased` |
//! | `erased`     | S    | the erasure |
//! | `audio`      | S    | a hash of the user and the audio, see [`RecordingId::of_audio`]; absent of a note |
//! | `expires_at` | N    | Unix seconds: [`LASTS`] after the recording ended |
//!
//! A tombstone replaces the recording under its own key in one write. So a registration, a note or
//! late audio finds it in the condition of its own write, without a further request. It is in no
//! index and contains no personal data: the id is a hash of the organisation and of a name that the
//! app made up.
//!
//! An item with `erased` is a tombstone, or a recording that an erasure has ended and still
//! removes. Both are erased for everyone.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{OrderId, OrganisationId, RecordingId},
    recording::Recording,
    retention::DAYS_AT_MOST,
};

use super::{
    BadItem, Error, Tombstones,
    attributes::{n, optional_parsed, s, text},
    keeping::RetentionSnapshot,
    key::{self, Item},
    recording,
    removal::Removal,
    write::Write,
};

/// The longest possible retention. After it, the call is too old, whatever days apply by then.
pub const LASTS: TimeDelta = TimeDelta::days(DAYS_AT_MOST as i64);

const STATE: &str = "erased";

/// The state of a call.
#[derive(Clone, Debug)]
pub enum Call {
    /// It is registered and has not ended.
    Registered(Box<Recording>),
    /// It was erased.
    Erased,
    /// Nothing is registered.
    Unknown,
}

/// The outcome of a burial.
#[derive(Clone, Debug)]
pub enum Buried {
    Done,
    /// The call was registered anew between the removal of its item and the burial.
    Resurrected(Box<RetentionSnapshot>),
}

impl Tombstones<'_> {
    /// The state of the call at `now`. 1 request, consistent.
    pub async fn call(
        self,
        organisation: &OrganisationId,
        id: RecordingId,
        now: DateTime<Utc>,
    ) -> Result<Call, Error> {
        let Some(item) = self.0.get(key::recording(organisation, id)).await? else {
            return Ok(Call::Unknown);
        };
        if is_erased(&item) {
            return Ok(Call::Erased);
        }
        let recording =
            recording::read(organisation, &item)?.filter(|recording| recording.exists(now));
        Ok(recording.map_or(Call::Unknown, |recording| Call::Registered(Box::new(recording))))
    }

    /// The recordings of these ids that have a tombstone. 1 request, for 100 of them at most.
    pub async fn buried(
        self,
        organisation: &OrganisationId,
        ids: &[RecordingId],
    ) -> Result<Vec<RecordingId>, Error> {
        let items = self.0.batch(ids.iter().map(|id| key::recording(organisation, *id))).await?;
        let buried = items.iter().filter(|item| is_tombstone(item));
        Ok(buried.map(|item| super::attributes::parsed(item, "sk")).collect::<Result<_, _>>()?)
    }

    /// Replaces the recording that the erasure ended by a tombstone, or adds it if nothing is
    /// registered. 1 request; 1 more if the call was registered anew.
    pub async fn bury(
        self,
        removal: &Removal,
        erasure: OrderId,
        ended_at: DateTime<Utc>,
    ) -> Result<Buried, Error> {
        let mut item = key::recording(&removal.organisation, removal.id);
        item.insert("state".to_owned(), s(STATE));
        item.insert("erased".to_owned(), s(erasure));
        item.insert("expires_at".to_owned(), n((ended_at + LASTS).timestamp()));
        if let Some(audio) = removal.audio() {
            item.insert("audio".to_owned(), s(audio));
        }
        let free = "attribute_not_exists(#state) OR #state = :erased";
        let put = Write::put(item).given("erased", s(STATE));
        let put = match removal.registered_at() {
            Some(registered_at) => put
                .when(&format!("{free} OR (registered = :registered AND erased = :erasure)"))
                .given("registered", n(registered_at.timestamp_millis()))
                .given("erasure", s(erasure)),
            None => put.when(free),
        };
        if self.0.write(put).await?.is_ok() {
            return Ok(Buried::Done);
        }
        let seen =
            self.0.retention().seen(&removal.organisation, &[removal.id]).await?.into_iter().next();
        Ok(seen.map_or(Buried::Done, |seen| Buried::Resurrected(Box::new(seen))))
    }
}

/// Whether the item's recording was erased.
pub(super) fn is_erased(item: &Item) -> bool {
    item.contains_key("erased")
}

/// Whether this erased item had the audio of the registration. An older tombstone does not tell.
pub(super) fn had_audio_of(item: &Item, registered: &Recording) -> Result<bool, BadItem> {
    let of = |recording: &Recording| {
        let Recording { organisation, user, audio, .. } = recording;
        RecordingId::of_audio(organisation, user, &audio.sha256.0)
    };
    if !is_tombstone(item) {
        let erased = recording::read(&registered.organisation, item)?;
        return Ok(erased.is_none_or(|erased| of(&erased) == of(registered)));
    }
    let audio: Option<RecordingId> = optional_parsed(item, "audio")?;
    Ok(audio.is_none_or(|audio| audio == of(registered)))
}

/// Whether the item is a tombstone rather than a recording.
pub(super) fn is_tombstone(item: &Item) -> bool {
    text(item, "state").is_ok_and(|state| state == STATE)
}
