//! The item of a recording, and how it is read.
//!
//! | attribute    | type | what |
//! |--------------|------|------|
//! | `at`         | S    | start and id, see `key` |
//! | `u`          | S    | organisation and recorded user, see `key` |
//! | `p`          | S    | organisation and the text of the counterpart, see `key` |
//! | `m`          | S    | organisation and mark, see `key`; absent without a mark |
//! | `l`          | S    | organisation and class of length once stored, organisation and `rejected` once rejected, see `key` |
//! | `state`      | S    | `expected`, `stored`, `rejected`; `erased` of a tombstone, see `tombstone` |
//! | `call`       | S    | the app's call id |
//! | `dir`        | S    | `in`, `out` |
//! | `ms`         | N    | duration in milliseconds: measured once stored, reported by the app before |
//! | `type`       | S    | content type |
//! | `bytes`      | N    | length of the audio |
//! | `sha`        | B    | SHA-256 of the audio |
//! | `note`       | S    | optional |
//! | `mark`       | S    | optional |
//! | `f1` to `f3` | S    | the three fields, optional |
//! | `edits`      | N    | the number of edits of these; absent: none |
//! | `since`      | N    | the edits of an earlier, expired call with the same id; absent: none |
//! | `early`      | S    | the user who annotated the call before it was registered |
//! | `registered` | N    | Unix milliseconds |
//! | `stored`     | N    | Unix milliseconds, once stored |
//! | `measured`   | S    | `estimated` or `claimed` if the stored duration is that; absent: exact |
//! | `damage`     | S    | `cut-off`, `no-index`, `no-sound`, `contradictory`; absent: none |
//! | `codec`      | S    | once stored, the codec if browsers cannot play it |
//! | `promised`   | N    | the duration in milliseconds that the app promised |
//! | `reported`   | N    | Unix milliseconds: the start by the device's clock, if `basis` is present |
//! | `basis`      | S    | `corrected` or `received` if the start is that; absent: as reported |
//! | `written`    | S    | the counterpart as the app wrote it, if that differs |
//! | `taken`      | BOOL | whether the call id was taken by another call |
//! | `others`     | SS   | the recordings beside this one, under the same call id |
//! | `conv`       | S    | the conversation, optional |
//! | `parties`    | L    | texts of the other participants; absent: none |
//! | `device`, `seq` | S, N | the phone, and its number of the call; absent: unknown |
//! | `why`        | S    | the reason, once rejected |
//! | `expires_at` | N    | Unix seconds: the table's TTL; absent while the recording is held |
//! | `held`       | N    | Unix milliseconds, while held |
//! | `until`      | N    | while held: the `expires_at` without a hold |
//! | `holds`      | SS   | the holds that protect it, while held |
//! | `grace`      | N    | Unix seconds: the end of the grace period after a hold |
//! | `kept`       | N    | the number of decisions about its retention; absent: none |
//! | `erased`     | S    | the erasure that ended it; from then on it is erased for everyone |

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    audio::{Codec, Damage, Measured},
    completeness::sequence::Sequence,
    counterpart::Counterpart,
    ids::{OrganisationId, RecordingId, UserId},
    note::{Annotation, Mark},
    recording::{Audio, ContentType, Leg, Recording, Reported, Sha256, Sound, State},
    registration::Basis,
};

use super::{
    BadItem, Error, Recordings,
    attributes::{
        bytes, flag, instant, list, named, number, optional_instant, optional_parsed,
        optional_text, parse, parsed, text,
    },
    key::{self, Item},
    tombstone::is_tombstone,
};

impl Recordings<'_> {
    /// The recording, if it is registered and has not expired at `now`. 1 request.
    pub async fn get(
        self,
        organisation: &OrganisationId,
        id: RecordingId,
        now: DateTime<Utc>,
    ) -> Result<Option<Recording>, Error> {
        let get = self
            .0
            .client
            .get_item()
            .table_name(&self.0.name)
            .set_key(Some(key::recording(organisation, id)));
        let Some(item) = get.send().await?.item else { return Ok(None) };
        Ok(read(organisation, &item)?.filter(|recording| recording.exists(now)))
    }

    /// Recordings of the user's calls that began at this millisecond, at most 50. 1 request.
    pub async fn started_at(
        self,
        organisation: &OrganisationId,
        user: &UserId,
        at: DateTime<Utc>,
    ) -> Result<Vec<Recording>, Error> {
        let query = self.0.query(key::recordings_of(organisation, user), Some(key::BY_USER));
        let next = at + TimeDelta::milliseconds(1);
        let page = query.between(key::from(at), key::before(next)).limit(50).page().await?;
        let recordings: Result<Vec<_>, _> =
            page.items.iter().map(|item| read(organisation, item)).collect();
        Ok(recordings?.into_iter().flatten().collect())
    }
}

/// The recording in an item; `None` if the call is not registered, and for a tombstone.
pub(super) fn read(
    organisation: &OrganisationId,
    item: &Item,
) -> Result<Option<Recording>, BadItem> {
    if !item.contains_key("state") || is_tombstone(item) {
        return Ok(None);
    }
    Ok(Some(Recording {
        id: parsed(item, "sk")?,
        organisation: organisation.clone(),
        user: key::user_of(text(item, "u")?).ok_or(BadItem { attribute: "u" })?,
        call: parsed(item, "call")?,
        direction: named(item, "dir")?,
        counterpart: key::peer_of(text(item, "p")?).ok_or(BadItem { attribute: "p" })?,
        started_at: key::started_at(text(item, "at")?).ok_or(BadItem { attribute: "at" })?,
        duration: TimeDelta::milliseconds(number(item, "ms")?),
        audio: read_audio(item)?,
        sound: read_sound(item)?,
        reported: read_reported(item)?,
        leg: read_leg(item)?,
        annotation: read_annotation(item)?,
        version: read_version(item)?,
        registered_at: instant(item, "registered")?,
        expires_at: read_day(item)?,
        held_since: optional_instant(item, "held")?,
        state: read_state(item)?,
    }))
}

/// The annotation in an item.
pub(super) fn read_annotation(item: &Item) -> Result<Annotation, BadItem> {
    Ok(Annotation {
        note: optional_parsed(item, "note")?,
        mark: optional_text(item, "mark")?.map(|mark| Mark::stored(mark.to_owned())),
        fields: [
            optional_parsed(item, "f1")?,
            optional_parsed(item, "f2")?,
            optional_parsed(item, "f3")?,
        ],
    })
}

pub(super) fn read_version(item: &Item) -> Result<u64, BadItem> {
    if item.contains_key("edits") { number(item, "edits") } else { Ok(0) }
}

fn read_day(item: &Item) -> Result<DateTime<Utc>, BadItem> {
    let attribute = if item.contains_key("held") { "until" } else { "expires_at" };
    DateTime::from_timestamp(number(item, attribute)?, 0).ok_or(BadItem { attribute })
}

fn read_sound(item: &Item) -> Result<Sound, BadItem> {
    if !item.contains_key("stored") {
        return Ok(Sound::default());
    }
    Ok(Sound {
        measured: found(item, "measured", Measured::parse)?.unwrap_or(Measured::Exact),
        damage: found(item, "damage", Damage::parse)?,
        unplayable: found(item, "codec", Codec::parse)?,
    })
}

fn read_reported(item: &Item) -> Result<Reported, BadItem> {
    let basis = optional_text(item, "basis")?.map(|basis| parse(basis, "basis")).transpose()?;
    let promised = item.contains_key("promised").then(|| number(item, "promised")).transpose()?;
    Ok(Reported {
        started_at: optional_instant(item, "reported")?,
        basis: basis.unwrap_or(Basis::Reported),
        duration: promised.map(TimeDelta::milliseconds),
        counterpart: optional_text(item, "written")?.map(str::to_owned),
        call_id_taken: flag(item, "taken")?,
    })
}

fn read_leg(item: &Item) -> Result<Leg, BadItem> {
    let participants = list(item, "parties")?.into_iter().map(Counterpart::from).collect();
    let sequence = optional_parsed(item, "device")?
        .map(|device| Ok(Sequence { device, number: number(item, "seq")? }))
        .transpose()?;
    Ok(Leg { conversation: optional_parsed(item, "conv")?, participants, sequence })
}

fn found<T>(
    item: &Item,
    attribute: &'static str,
    parse: fn(&str) -> Option<T>,
) -> Result<Option<T>, BadItem> {
    optional_text(item, attribute)?.map(|text| parse(text).ok_or(BadItem { attribute })).transpose()
}

fn read_audio(item: &Item) -> Result<Audio, BadItem> {
    Ok(Audio {
        content_type: ContentType::parse(text(item, "type")?)
            .ok_or(BadItem { attribute: "type" })?,
        length: number(item, "bytes")?,
        sha256: Sha256(bytes(item, "sha")?),
    })
}

fn read_state(item: &Item) -> Result<State, BadItem> {
    match text(item, "state")? {
        "expected" => Ok(State::Expected),
        "stored" => Ok(State::Stored { at: instant(item, "stored")? }),
        "rejected" => Ok(State::Rejected { reason: text(item, "why")?.to_owned() }),
        _ => Err(BadItem { attribute: "state" }),
    }
}
