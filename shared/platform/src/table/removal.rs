//! The end of a recording: the facts that remain when its item is removed, and the receipt.
//!
//! The receipt is an audit event with its own id, at the moment when the recording ended. It is
//! written with the change of usage on that day, so a second message changes nothing.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{OrderId, OrganisationId, RecordingId, UserId},
    recording::{Recording, Sha256, State},
};
use serde::{Deserialize, Serialize};

use super::{
    BadItem, Error, Removals,
    attributes::{bytes, n, number, optional_parsed, parsed, text},
    audit::{AuditAction, Event},
    commit::{Committed, Conflict},
    keeping::RetentionSnapshot,
    key::{self, Item},
    recording,
    usage::{self, Change},
    write::Write,
};

/// A removed item of a call: of a recording, or of a call that was only annotated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Removal {
    pub organisation: OrganisationId,
    pub id: RecordingId,
    /// Edits of its annotation.
    pub edits: u64,
    pub recorded: Option<Recorded>,
}

/// The facts of a removed recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    user: UserId,
    registered_at: DateTime<Utc>,
    ended_at: DateTime<Utc>,
    started_at: DateTime<Utc>,
    /// When its audio was counted as usage; `None` if it was not.
    stored_at: Option<DateTime<Utc>>,
    /// The length of the audio.
    bytes: u64,
    milliseconds: i64,
    sha256: Sha256,
    /// The erasure that ended it; `None` if it expired.
    erasure: Option<OrderId>,
}

/// The registration that a removal finds under the recording's id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CurrentRegistration {
    /// When the call was registered, if it was.
    pub registered_at: Option<DateTime<Utc>>,
    /// Edits of its annotation.
    pub edits: u64,
    /// It is a note on a call whose recording is erased, and is removed with it.
    pub erased: bool,
}

/// Copies of the audio of a removed recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Copies {
    /// Versions in the bucket of recordings.
    pub audio: u64,
    /// In quarantine.
    pub quarantined: u64,
}

/// An edit to remove.
#[derive(Clone, Debug)]
pub struct OldEdit {
    version: u64,
    item: Item,
}

/// The details of a receipt.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Receipt<'a> {
    sha256: Sha256,
    bytes: u64,
    copies: Copies,
    edits: u64,
    stored: bool,
    removed_at: &'a DateTime<Utc>,
}

/// The most edits that one transaction removes.
const EDITS: usize = 100;
/// Days that the count of copies is retained, longer than a failed removal waits.
const NOTED_DAYS: i64 = 60;

impl Removals<'_> {
    /// The item under the id, unless it is this recording's rest, and the noted copies. 1 request.
    pub async fn standing_of(
        self,
        removal: &Removal,
        now: DateTime<Utc>,
    ) -> Result<(Option<CurrentRegistration>, Option<Copies>), Error> {
        let call = key::recording(&removal.organisation, removal.id);
        let note = removal.recorded.as_ref().map(|recorded| removal.note(recorded));
        let items = self.0.batch([Some(call.clone()), note].into_iter().flatten()).await?;
        let (mut current, mut noted) = (None, None);
        for item in &items {
            if item.get("pk") == call.get("pk") {
                current = removal.another(item, now)?;
            } else {
                noted = Some(Copies {
                    audio: number(item, "audio")?,
                    quarantined: number(item, "quarantined")?,
                });
            }
        }
        Ok((current, noted))
    }

    /// Notes how many copies were found, before they are removed, for the receipt. The first note
    /// remains, because the first worker has found the most. 1 request.
    pub async fn note_copies(
        self,
        removal: &Removal,
        copies: Copies,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let Some(recorded) = &removal.recorded else { return Ok(()) };
        let mut item = removal.note(recorded);
        item.insert("audio".to_owned(), n(copies.audio));
        item.insert("quarantined".to_owned(), n(copies.quarantined));
        item.insert("expires_at".to_owned(), n(now.timestamp() + NOTED_DAYS * 86_400));
        self.0.put_new(item).await
    }

    /// Removes the edits of this and later registrations, but not those of the current one. 3
    /// requests for each 100; none without edits. Only their keys and times are read, and removed
    /// edits are not found again. So memory use is small, and a repetition continues.
    ///
    /// The current item is read after the edits, so an edit made in between belongs to it.
    ///
    /// # Errors
    /// [`Error::Busy`] if an edit was overwritten meanwhile: the current item has changed.
    pub async fn remove_edits(
        self,
        removal: &Removal,
        mut current: Option<CurrentRegistration>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        if !removal.has_edits(current) {
            return Ok(());
        }
        loop {
            let (mut edits, more) = self.old_edits(removal, current).await?;
            if !edits.is_empty() {
                (current, _) = self.standing_of(removal, now).await?;
                edits.retain(|edit| edit.version > current.map_or(0, |current| current.edits));
            }
            self.remove_some(removal, &edits).await?;
            if !more {
                return Ok(());
            }
        }
    }

    /// Some of the edits to remove, and whether there may be more. 1 request.
    pub async fn old_edits(
        self,
        removal: &Removal,
        current: Option<CurrentRegistration>,
    ) -> Result<(Vec<OldEdit>, bool), Error> {
        let first = current.map_or(0, |current| current.edits) + 1;
        let query = self
            .0
            .query(key::edits(&removal.organisation), None)
            .consistent()
            .only(&["sk", "when"])
            .limit(EDITS);
        let page = query
            .between(key::nth_edit(removal.id, first), format!("{}#~", removal.id))
            .page()
            .await?;
        let (edits, next) = page.read(|item| {
            let version =
                text(item, "sk")?.rsplit_once('#').and_then(|(_, version)| version.parse().ok());
            Ok(OldEdit { version: version.ok_or(BadItem { attribute: "sk" })?, item: item.clone() })
        })?;
        Ok((edits, next.is_some()))
    }

    /// Removes edits. 1 request, or none. A single one avoids a transaction at twice the units.
    pub async fn remove_some(self, removal: &Removal, edits: &[OldEdit]) -> Result<(), Error> {
        match edits {
            [] => return Ok(()),
            [edit] => return Ok(self.0.write(edit.removal(removal)).await?.map(drop)?),
            _ => {}
        }
        let mut writes = self.0.writes();
        for edit in edits {
            writes.add(edit.removal(removal));
        }
        Ok(writes.commit().await??)
    }

    /// Returns the recording's usage and writes its receipt, once. 1 request; 2 if the erasure is
    /// missing because the table was restored to before it.
    pub async fn receipt(
        self,
        removal: &Removal,
        copies: Copies,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let Some(recorded) = &removal.recorded else { return Ok(()) };
        let event = removal.event(recorded, copies, now);
        if recorded.stored_at.is_none() && recorded.erasure.is_none() {
            return self.0.audit_log().write(&event).await;
        }
        match self.write_receipt(removal, recorded, &event, recorded.erasure).await? {
            Err(Conflict::NotFound) => {
                match self.write_receipt(removal, recorded, &event, None).await? {
                    Ok(()) | Err(_) => Ok(()), // a conflict: it was written meanwhile
                }
            }
            Ok(()) | Err(_) => Ok(()), // a conflict: it was written before
        }
    }

    async fn write_receipt(
        self,
        removal: &Removal,
        recorded: &Recorded,
        event: &Event,
        erasure: Option<OrderId>,
    ) -> Result<Committed, Error> {
        let mut writes = self.0.writes();
        writes.audit(event);
        if recorded.stored_at.is_some() {
            writes.usage(&Change {
                organisation: &removal.organisation,
                user: &recorded.user,
                kind: usage::ChangeKind::Removed,
                bytes: recorded.bytes,
                duration: TimeDelta::milliseconds(recorded.milliseconds),
                at: recorded.ended_at,
            });
        }
        if let Some(erasure) = erasure {
            writes.erased(&removal.organisation, erasure);
        }
        writes.commit().await
    }
}

impl OldEdit {
    /// Removes the edit, unless it is another than the one that was read. It may be gone.
    fn removal(&self, removal: &Removal) -> Write {
        let delete = Write::delete(key::edit(&removal.organisation, removal.id, self.version));
        let delete = delete.when("attribute_not_exists(pk) OR #when = :when");
        self.item.get("when").map_or(delete.clone(), |when| delete.given("when", when.clone()))
    }
}

impl Removal {
    /// The removal of the item in the snapshot.
    pub fn of(seen: &RetentionSnapshot) -> Result<Self, BadItem> {
        Self::read(seen.item())
    }

    /// The removal of a note on a call that was never registered.
    pub fn of_note(organisation: OrganisationId, id: RecordingId) -> Self {
        Self { organisation, id, edits: 1, recorded: None }
    }

    /// Whether there is nothing to remove: the item is an expired tombstone.
    pub fn is_nothing(&self) -> bool {
        self.recorded.is_none() && self.edits == 0
    }

    /// The hash of its audio; `None` if nothing was registered.
    pub(super) fn audio(&self) -> Option<RecordingId> {
        let recorded = self.recorded.as_ref()?;
        Some(RecordingId::of_audio(&self.organisation, &recorded.user, &recorded.sha256.0))
    }

    /// The erasure that ended the recording, and when; `None` if it expired.
    pub fn erasure(&self) -> Option<(OrderId, DateTime<Utc>)> {
        self.recorded.as_ref().and_then(|recorded| Some((recorded.erasure?, recorded.ended_at)))
    }

    pub(super) fn registered_at(&self) -> Option<DateTime<Utc>> {
        self.recorded.as_ref().map(|recorded| recorded.registered_at)
    }

    fn has_edits(&self, current: Option<CurrentRegistration>) -> bool {
        self.edits > 0 || current.is_some_and(|current| current.erased)
    }

    /// Reads the last image of a call's item.
    pub fn read(item: &Item) -> Result<Self, BadItem> {
        let (organisation, _) =
            text(item, "pk")?.split_once('#').ok_or(BadItem { attribute: "pk" })?;
        let organisation = OrganisationId::try_from(organisation.to_owned())
            .map_err(|_| BadItem { attribute: "pk" })?;
        let recorded = recording::read(&organisation, item)?
            .map(|recording| Recorded::read(recording, item))
            .transpose()?;
        Ok(Self {
            id: parsed(item, "sk")?,
            organisation,
            edits: recording::read_version(item)?,
            recorded,
        })
    }

    /// The item under the same id, unless it is the rest of this recording.
    fn another(
        &self,
        item: &Item,
        now: DateTime<Utc>,
    ) -> Result<Option<CurrentRegistration>, BadItem> {
        let current = RetentionSnapshot::read(&self.organisation, item.clone())?;
        let own = current.as_ref().zip(self.recorded.as_ref()).is_some_and(|(seen, recorded)| {
            seen.recording.registered_at == recorded.registered_at && !seen.retained.exists(now)
        });
        if own {
            return Ok(None);
        }
        let registered_at = current.map(|seen| seen.recording.registered_at);
        let erased = registered_at.is_none() && self.erasure().is_some();
        Ok(Some(CurrentRegistration {
            registered_at,
            edits: if erased { 0 } else { recording::read_version(item)? },
            erased,
        }))
    }

    fn note(&self, recorded: &Recorded) -> Item {
        key::removal(&self.organisation, self.id, recorded.registered_at.timestamp_millis())
    }

    fn event(&self, recorded: &Recorded, copies: Copies, now: DateTime<Utc>) -> Event {
        let action =
            if recorded.erasure.is_some() { AuditAction::Erase } else { AuditAction::Expire };
        let receipt = Receipt {
            sha256: recorded.sha256,
            bytes: recorded.bytes,
            copies,
            edits: self.edits,
            stored: recorded.stored_at.is_some(),
            removed_at: &now,
        };
        let event = Event {
            recording: Some(self.id),
            resource: recorded.erasure.map(String::from),
            request: format!("removal-{}-{}", self.id, recorded.registered_at.timestamp_millis()),
            ..Event::new(self.organisation.clone(), "service", action, recorded.ended_at)
        };
        event.detailed(&receipt)
    }
}

impl Recorded {
    /// When the call began and its audio was stored; `None` if it was not.
    pub fn stored(&self) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        Some((self.started_at, self.stored_at?))
    }

    fn read(recording: Recording, item: &Item) -> Result<Self, BadItem> {
        Ok(Self {
            user: recording.user,
            registered_at: recording.registered_at,
            ended_at: recording.expires_at,
            started_at: recording.started_at,
            stored_at: match recording.state {
                State::Stored { at } => Some(at),
                State::Expected | State::Rejected { .. } => None,
            },
            bytes: recording.audio.length,
            milliseconds: recording.duration.num_milliseconds(),
            sha256: Sha256(bytes(item, "sha")?),
            erasure: optional_parsed(item, "erased")?,
        })
    }
}
