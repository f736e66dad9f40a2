//! The end of a recording: what is known of it once its item goes, and the write of its receipt.
//!
//! The receipt is an audit event of the moment at which the recording ended, under a name of its own. Written together with what it gives
//! back of the user's usage, on the day of that moment, it is what makes the second telling of one removal do nothing.

use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{OrderId, OrganisationId, RecordingId, UserId},
    recording::{Recording, Sha256, State},
};
use serde::{Deserialize, Serialize};

use super::{
    BadItem, Error, Table,
    attributes::{bytes, n, number, optional_parsed, parsed, s, text},
    audit::{Deed, Event},
    commit::Commit,
    keeping::Seen,
    key::{self, Item},
    recording,
    usage::{self, Change},
};

/// A call's item that goes: of a recording, or of one that was only annotated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Removal {
    pub organisation: OrganisationId,
    pub id: RecordingId,
    /// Edits of what was said of it.
    pub edits: u64,
    pub recorded: Option<Recorded>,
}

/// What was recorded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    user: UserId,
    registered_at: DateTime<Utc>,
    ended_at: DateTime<Utc>,
    started_at: DateTime<Utc>,
    /// When its audio was counted on the user; none: it was not.
    stored_at: Option<DateTime<Utc>>,
    /// Of the audio.
    bytes: u64,
    milliseconds: i64,
    sha256: Sha256,
    /// The erasure that ended it; none: its day.
    erasure: Option<OrderId>,
}

/// What stands under the id of a recording that goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// When what stands was registered, if it was.
    pub registered_at: Option<DateTime<Utc>>,
    /// Edits of what is said of it.
    pub edits: u64,
    /// It is a note on a call whose recording is erased, and goes with it.
    pub erased: bool,
}

/// Copies of the audio of a recording that goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Copies {
    /// Versions in the bucket of recordings.
    pub audio: u64,
    /// In quarantine.
    pub quarantined: u64,
}

/// An edit of a recording that goes.
#[derive(Clone, Debug)]
pub struct OldEdit {
    version: u64,
    item: Item,
}

/// What a receipt says beside who, what and when.
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

/// The edit has gone, or is the one that was read.
const AS_READ: &str = "attribute_not_exists(pk) OR #when = :when";
/// The place of the receipt among the writes of its commit.
const RECEIPT: usize = 0;
/// Edits that one commit removes.
const EDITS: i32 = 100;
/// How long the note of copies found is kept: longer than a failed removal rests. The table removes it, which costs nothing.
const NOTED_DAYS: i64 = 60;

impl Table {
    /// What stands under the id now, if it is not the rest of this recording, and the copies that were noted of it. 1 request.
    pub async fn standing_of(&self, removal: &Removal, now: DateTime<Utc>) -> Result<(Option<Standing>, Option<Copies>), Error> {
        let call = key::recording(&removal.organisation, removal.id);
        let note = removal.recorded.as_ref().map(|recorded| removal.note(recorded));
        let items = self.batch([Some(call.clone()), note].into_iter().flatten()).await?;
        let (mut standing, mut noted) = (None, None);
        for item in &items {
            if item.get("pk") == call.get("pk") {
                standing = removal.another(item, now)?;
            } else {
                noted = Some(Copies { audio: number(item, "audio")?, quarantined: number(item, "quarantined")? });
            }
        }
        Ok((standing, noted))
    }

    /// Notes how many copies were found, before they are removed: the receipt tells it, whoever writes that in the end. Of two who found copies
    /// the first has found more, and that stays. 1 request.
    pub async fn note_copies(&self, removal: &Removal, copies: Copies, now: DateTime<Utc>) -> Result<(), Error> {
        let Some(recorded) = &removal.recorded else { return Ok(()) };
        let mut item = removal.note(recorded);
        item.insert("audio".to_owned(), n(copies.audio));
        item.insert("quarantined".to_owned(), n(copies.quarantined));
        item.insert("expires_at".to_owned(), n(now.timestamp() + NOTED_DAYS * 86_400));
        self.put_new(item).await
    }

    /// Removes the edits of what was said of it, and of what has come after it, but for those of what stands now. No request where there are
    /// none; 3 for each 100. Of an edit only its key and its time are read, and what is removed is not found again: however many there are,
    /// little is held in memory, and a removal that was cut short goes on where it ended.
    ///
    /// What stands is read after the edits: an edit that came in between is then one of its own, and stays.
    ///
    /// # Errors
    /// [`Error::Busy`] when one was written over meanwhile: what stands has changed.
    pub async fn remove_edits(&self, removal: &Removal, mut standing: Option<Standing>, now: DateTime<Utc>) -> Result<(), Error> {
        if !removal.has_edits(standing) {
            return Ok(());
        }
        loop {
            let (mut edits, more) = self.old_edits(removal, standing).await?;
            if !edits.is_empty() {
                (standing, _) = self.standing_of(removal, now).await?;
                edits.retain(|edit| edit.version > standing.map_or(0, |standing| standing.edits));
            }
            self.remove_some(removal, &edits).await?;
            if !more {
                return Ok(());
            }
        }
    }

    /// Some of the edits to remove, and whether there may be more. 1 request.
    pub async fn old_edits(&self, removal: &Removal, standing: Option<Standing>) -> Result<(Vec<OldEdit>, bool), Error> {
        let first = standing.map_or(0, |standing| standing.edits) + 1;
        let query = self.client.query().table_name(&self.name).key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last");
        let query = query.consistent_read(true).projection_expression("sk, #when").expression_attribute_names("#when", "when");
        let query = query.expression_attribute_values(":pk", s(key::edits(&removal.organisation))).limit(EDITS);
        let query = query.expression_attribute_values(":first", s(key::nth_edit(removal.id, first)));
        let answer = query.expression_attribute_values(":last", s(format!("{}#~", removal.id))).send().await?;
        let edit = |item: Item| {
            let version = text(&item, "sk")?.rsplit_once('#').and_then(|(_, version)| version.parse().ok());
            Ok::<_, BadItem>(OldEdit { version: version.ok_or(BadItem { attribute: "sk" })?, item })
        };
        let edits = answer.items.unwrap_or_default().into_iter().map(edit).collect::<Result<_, _>>()?;
        Ok((edits, answer.last_evaluated_key.is_some()))
    }

    /// Removes some edits. 1 request; none where there are none. A single one is no transaction, which would take twice the units.
    pub async fn remove_some(&self, removal: &Removal, edits: &[OldEdit]) -> Result<(), Error> {
        match edits {
            [] => return Ok(()),
            [edit] => return self.remove_edit(removal, edit).await,
            _ => {}
        }
        let mut writes = self.writes();
        for edit in edits {
            writes.delete(key::edit(&removal.organisation, removal.id, edit.version), |delete| {
                let delete = delete.condition_expression(AS_READ).expression_attribute_names("#when", "when");
                delete.set_expression_attribute_values(edit.when())
            });
        }
        match writes.commit().await? {
            Commit::Done => Ok(()),
            Commit::Refused(_) => Err(Error::Busy),
        }
    }

    async fn remove_edit(&self, removal: &Removal, edit: &OldEdit) -> Result<(), Error> {
        let key = key::edit(&removal.organisation, removal.id, edit.version);
        let delete = self.client.delete_item().table_name(&self.name).set_key(Some(key)).condition_expression(AS_READ);
        let delete = delete.expression_attribute_names("#when", "when").set_expression_attribute_values(edit.when());
        match delete.send().await {
            Err(error) if error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception) => Err(Error::Busy),
            answer => Ok(answer.map(drop)?),
        }
    }

    /// Gives back what the recording used, and writes its receipt: once, however often it is asked to. 1 request; 2 where the order of erasure
    /// is not in the table, which was restored to before it.
    pub async fn receipt(&self, removal: &Removal, copies: Copies, now: DateTime<Utc>) -> Result<(), Error> {
        let Some(recorded) = &removal.recorded else { return Ok(()) };
        let event = removal.event(recorded, copies, now);
        if recorded.stored_at.is_none() && recorded.erasure.is_none() {
            return self.audit(&event).await;
        }
        match self.write_receipt(removal, recorded, &event, recorded.erasure).await? {
            Commit::Refused(places) if !places.contains(&RECEIPT) => match self.write_receipt(removal, recorded, &event, None).await? {
                Commit::Done | Commit::Refused(_) => Ok(()), // refused: it was done meanwhile
            },
            Commit::Done | Commit::Refused(_) => Ok(()), // refused: it was done
        }
    }

    async fn write_receipt(
        &self,
        removal: &Removal,
        recorded: &Recorded,
        event: &Event,
        erasure: Option<OrderId>,
    ) -> Result<Commit, Error> {
        let mut writes = self.writes();
        writes.audit(event);
        if recorded.stored_at.is_some() {
            writes.usage(&Change {
                organisation: &removal.organisation,
                user: &recorded.user,
                deed: usage::Deed::Removed,
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
    /// The value that [`AS_READ`] asks for.
    fn when(&self) -> Option<Item> {
        self.item.get("when").map(|when| Item::from([(":when".to_owned(), when.clone())]))
    }
}

impl Removal {
    /// The removal of the item that is seen.
    pub fn of(seen: &Seen) -> Result<Self, BadItem> {
        Self::read(seen.item())
    }

    /// The removal of a note on a call that was never registered.
    pub fn of_note(organisation: OrganisationId, id: RecordingId) -> Self {
        Self { organisation, id, edits: 1, recorded: None }
    }

    /// Whether there is nothing to remove: it is of a tombstone whose time has come.
    pub fn is_nothing(&self) -> bool {
        self.recorded.is_none() && self.edits == 0
    }

    /// The erasure that ended the recording, and when; none if its day did.
    pub fn erasure(&self) -> Option<(OrderId, DateTime<Utc>)> {
        self.recorded.as_ref().and_then(|recorded| Some((recorded.erasure?, recorded.ended_at)))
    }

    pub(super) fn registered_at(&self) -> Option<DateTime<Utc>> {
        self.recorded.as_ref().map(|recorded| recorded.registered_at)
    }

    fn has_edits(&self, standing: Option<Standing>) -> bool {
        self.edits > 0 || standing.is_some_and(|standing| standing.erased)
    }

    /// What the last image of a call's item says.
    pub fn read(item: &Item) -> Result<Self, BadItem> {
        let (organisation, _) = text(item, "pk")?.split_once('#').ok_or(BadItem { attribute: "pk" })?;
        let organisation = OrganisationId::try_from(organisation.to_owned()).map_err(|_| BadItem { attribute: "pk" })?;
        let recorded = recording::read(&organisation, item)?.map(|recording| Recorded::read(recording, item)).transpose()?;
        Ok(Self { id: parsed(item, "sk")?, organisation, edits: recording::read_version(item)?, recorded })
    }

    /// What an item under the same id says, unless it is the rest of this very recording.
    fn another(&self, item: &Item, now: DateTime<Utc>) -> Result<Option<Standing>, BadItem> {
        let standing = Seen::read(&self.organisation, item.clone())?;
        let own = standing
            .as_ref()
            .zip(self.recorded.as_ref())
            .is_some_and(|(seen, recorded)| seen.recording.registered_at == recorded.registered_at && !seen.kept.exists(now));
        if own {
            return Ok(None);
        }
        let registered_at = standing.map(|seen| seen.recording.registered_at);
        let erased = registered_at.is_none() && self.erasure().is_some();
        Ok(Some(Standing { registered_at, edits: if erased { 0 } else { recording::read_version(item)? }, erased }))
    }

    fn note(&self, recorded: &Recorded) -> Item {
        key::removal(&self.organisation, self.id, recorded.registered_at.timestamp_millis())
    }

    fn event(&self, recorded: &Recorded, copies: Copies, now: DateTime<Utc>) -> Event {
        let deed = if recorded.erasure.is_some() { Deed::Erase } else { Deed::Expire };
        let receipt = Receipt {
            sha256: recorded.sha256,
            bytes: recorded.bytes,
            copies,
            edits: self.edits,
            stored: recorded.stored_at.is_some(),
            removed_at: &now,
        };
        let event = Event {
            at: recorded.ended_at,
            organisation: self.organisation.clone(),
            who: "service".to_owned(),
            deed,
            recording: Some(self.id),
            subject: recorded.erasure.map(String::from),
            owner: None,
            detail: None,
            reason: None,
            refused: None,
            address: String::new(),
            request: format!("removal-{}-{}", self.id, recorded.registered_at.timestamp_millis()),
        };
        event.detailed(&receipt)
    }
}

impl Recorded {
    /// When the call began and its audio was stored; nothing if it was not.
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
