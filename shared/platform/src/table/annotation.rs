//! Writes annotations (note, mark, three fields), and each edit with author, time and values.
//!
//! A write names the item's number of edits that it read, so the second of two concurrent edits
//! fails. A call may be annotated before it is registered. Its item then has no state, is in no
//! list, and waits for the registration. Only the author's own registration adopts a user's
//! annotation.
//!
//! An edit has the key `ORG#edit`, `RECORDING#VERSION`, so that no clocks decide the order. It has
//! `who`, `when` in Unix milliseconds and, for each change, `NAME_from` and `NAME_to`. Edits are
//! removed after the call's item, so a hold protects both.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{OrganisationId, RecordingId, UserId},
    note::{Annotation, Mark},
    recording::Recording,
    search::Order,
};

use super::{
    Annotations, BadItem, Error,
    attributes::{ids, instant, n, number, optional_parsed, optional_text, s, text},
    audit::Event,
    commit::{Committed, Transaction},
    key::{self, Item},
    recording,
    tombstone::is_erased,
    write::Write,
};

/// The item of a call, registered or not, as it was read.
#[derive(Clone, Debug)]
pub struct CallSnapshot {
    pub organisation: OrganisationId,
    pub id: RecordingId,
    /// The recording, once the call is registered.
    pub recording: Option<Recording>,
    pub annotation: Annotation,
    pub version: u64,
    /// How many edits belong to an earlier, expired call with this id.
    pub(super) since: u64,
    /// The user who annotated the call before it was registered.
    pub early: Option<UserId>,
    /// The call has expired, and its item is not removed yet.
    pub ended: bool,
    /// The call was erased and can no longer be annotated.
    pub erased: bool,
    /// Recordings beside this one, under the same call id.
    pub others: BTreeSet<RecordingId>,
    expires_at: Option<i64>,
}

/// One stored edit.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The version that it made.
    pub version: u64,
    pub at: DateTime<Utc>,
    pub who: String,
    /// The changes: name, from, to.
    pub changes: Vec<(&'static str, Option<String>, Option<String>)>,
}

/// The attributes that an edit can change.
pub const NAMES: [&str; 5] = ["note", "mark", "f1", "f2", "f3"];

impl Annotations<'_> {
    /// Reads a call; an expired one has no recording or annotation. 1 request.
    pub async fn of_call(
        self,
        organisation: &OrganisationId,
        id: RecordingId,
        now: DateTime<Utc>,
    ) -> Result<CallSnapshot, Error> {
        let item = self.0.get(key::recording(organisation, id)).await?.unwrap_or_default();
        Ok(CallSnapshot::read(organisation, id, &item, now)?)
    }

    /// Replaces the annotation, and adds the edit and the audit event. 1 request.
    ///
    /// [`Conflict::EditedMeanwhile`](super::commit::Conflict), or `UnknownMark`. `early` annotates
    /// an unregistered call, which then waits `days`.
    pub async fn edit(
        self,
        snapshot: &CallSnapshot,
        annotation: &Annotation,
        early: Option<&UserId>,
        days: u16,
        event: &Event,
    ) -> Result<Committed, Error> {
        let unregistered = snapshot.recording.is_none();
        let early = early.filter(|_| unregistered);
        let expires_at =
            n(snapshot.expires_at.unwrap_or((event.at + TimeDelta::days(days.into())).timestamp()));
        let write = Write::update(key::recording(&snapshot.organisation, snapshot.id))
            .annotation(&snapshot.organisation, annotation)
            .set("edits", n(snapshot.version + 1))
            .set_if("expires_at", unregistered.then(|| expires_at.clone()))
            .set_if("early", early.map(s))
            .is("edits", (snapshot.version > 0).then(|| n(snapshot.version)));
        let write = match unregistered {
            true => write.is("state", None),
            false => write.when("attribute_exists(#state) AND attribute_not_exists(erased)"),
        };
        let mut writes = self.0.writes();
        writes.add(if early.is_some() {
            write.when("attribute_not_exists(early) OR early = :early")
        } else {
            write
        });
        if let Some(mark) =
            annotation.mark.as_ref().filter(|mark| snapshot.annotation.mark.as_ref() != Some(*mark))
        {
            writes.can_set(&snapshot.organisation, mark);
        }
        writes.edit(snapshot, annotation, &event.actor, event.at);
        writes.audit(event);
        if let Some(early) = early {
            let mut item = key::early(&snapshot.organisation, early, snapshot.id);
            item.insert("expires_at".to_owned(), expires_at);
            writes.add(Write::put(item)); // so that an erasure of the user finds it
        }
        writes.commit().await
    }

    /// The edits of this call, oldest first, without those of an earlier call with the same id. 1
    /// request for each MB, some hundred of the longest; none without edits.
    pub async fn edits(self, snapshot: &CallSnapshot) -> Result<Vec<Edit>, Error> {
        let (organisation, id, version) = (&snapshot.organisation, snapshot.id, snapshot.version);
        if snapshot.since >= version {
            return Ok(Vec::new());
        }
        let query = self.0.query(key::edits(organisation), None).consistent();
        let items = query
            .between(key::nth_edit(id, snapshot.since + 1), key::nth_edit(id, version))
            .all()
            .await?;
        Ok(items.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// A page of these edits after a version, and whether there are more. 1 request: at most 1 MB,
    /// some hundred of the longest.
    pub async fn edits_after(
        self,
        snapshot: &CallSnapshot,
        after: Option<u64>,
        order: Order,
        limit: usize,
    ) -> Result<(Vec<Edit>, bool), Error> {
        let (mut first, mut last) = (snapshot.since.saturating_add(1), snapshot.version);
        match (order, after) {
            (Order::Oldest, Some(after)) => first = first.max(after.saturating_add(1)),
            (Order::Newest, Some(after)) => last = last.min(after.saturating_sub(1)),
            (_, None) => {}
        }
        if first > last {
            return Ok((Vec::new(), false));
        }
        let query = self
            .0
            .query(key::edits(&snapshot.organisation), None)
            .consistent()
            .ascending(order == Order::Oldest)
            .limit(limit);
        let page = query
            .between(key::nth_edit(snapshot.id, first), key::nth_edit(snapshot.id, last))
            .page()
            .await?;
        let (edits, next) = page.read(read)?;
        Ok((edits, next.is_some()))
    }

    /// The annotation that remains when `user` registers the call: all but another user's edits. No
    /// request, or those of [`Table::edits`].
    pub(super) async fn retained(
        self,
        snapshot: &CallSnapshot,
        user: &UserId,
    ) -> Result<Annotation, Error> {
        let Some(another) = snapshot.early.as_ref().filter(|early| *early != user) else {
            return Ok(snapshot.annotation.clone());
        };
        let another = format!("user:{another}");
        let mut retained = Item::new();
        let edits = self.edits(snapshot).await?;
        for (name, _, to) in
            edits.into_iter().filter(|edit| edit.who != another).flat_map(|edit| edit.changes)
        {
            match to {
                Some(to) => retained.insert(name.to_owned(), s(to)),
                None => retained.remove(name),
            };
        }
        Ok(recording::read_annotation(&retained)?)
    }
}

impl CallSnapshot {
    /// Reads an item. Only the version of an expired call remains.
    pub(super) fn read(
        organisation: &OrganisationId,
        id: RecordingId,
        item: &Item,
        now: DateTime<Utc>,
    ) -> Result<Self, BadItem> {
        let expires_at: Option<i64> =
            if item.contains_key("expires_at") { Some(number(item, "expires_at")?) } else { None };
        let ended = expires_at.is_some_and(|at| at <= now.timestamp());
        let (nothing, version) = (Item::new(), recording::read_version(item)?);
        let since = match (ended, item.contains_key("since")) {
            (true, _) => version,
            (false, true) => number(item, "since")?,
            (false, false) => 0,
        };
        let (erased, others) = (is_erased(item), ids(item, "others")?);
        let item = if ended { &nothing } else { item };
        Ok(Self {
            organisation: organisation.clone(),
            id,
            recording: recording::read(organisation, item)?,
            annotation: recording::read_annotation(item)?,
            version,
            since,
            early: optional_parsed(item, "early")?,
            ended,
            erased,
            others,
            expires_at,
        })
    }
}

impl Transaction<'_> {
    /// Adds the edit that changes the snapshot's annotation to `annotation`.
    pub(super) fn edit(
        &mut self,
        snapshot: &CallSnapshot,
        annotation: &Annotation,
        who: &str,
        at: DateTime<Utc>,
    ) {
        let mut item = key::edit(&snapshot.organisation, snapshot.id, snapshot.version + 1);
        item.insert("who".to_owned(), s(who));
        item.insert("when".to_owned(), n(at.timestamp_millis()));
        let (before, after) = (values(&snapshot.annotation), values(annotation));
        for ((name, before), after) in
            NAMES.into_iter().zip(before).zip(after).filter(|((_, before), after)| before != after)
        {
            for (end, value) in [("from", before), ("to", after)] {
                if let Some(value) = value {
                    item.insert(format!("{name}_{end}"), s(value));
                }
            }
        }
        self.add(Write::put(item));
    }
}

impl Write {
    /// Sets the annotation and the index partition of its mark, and removes absent parts.
    pub(super) fn annotation(self, organisation: &OrganisationId, annotation: &Annotation) -> Self {
        let texts = NAMES.into_iter().zip(values(annotation));
        texts
            .fold(self, |write, (name, text)| write.set_or_remove(name, text.map(s)))
            .set_or_remove("m", by_mark(organisation, annotation))
    }
}

/// The index partition of the annotation's mark.
pub(super) fn by_mark(
    organisation: &OrganisationId,
    annotation: &Annotation,
) -> Option<AttributeValue> {
    Some(s(key::recordings_marked(organisation, annotation.mark.as_ref()?)))
}

/// The values of [`NAMES`].
pub(super) fn values(annotation: &Annotation) -> [Option<String>; 5] {
    let field = |place: usize| annotation.fields[place].clone().map(String::from);
    [
        annotation.note.clone().map(String::from),
        annotation.mark.clone().map(Mark::into),
        field(0),
        field(1),
        field(2),
    ]
}

fn read(item: &Item) -> Result<Edit, BadItem> {
    let keys = [
        ("note_from", "note_to"),
        ("mark_from", "mark_to"),
        ("f1_from", "f1_to"),
        ("f2_from", "f2_to"),
        ("f3_from", "f3_to"),
    ];
    let mut changes = Vec::new();
    for (name, (from, to)) in NAMES.into_iter().zip(keys) {
        let (from, to) = (
            optional_text(item, from)?.map(str::to_owned),
            optional_text(item, to)?.map(str::to_owned),
        );
        if from != to {
            changes.push((name, from, to));
        }
    }
    let version = text(item, "sk")?
        .rsplit_once('#')
        .and_then(|(_, version)| version.parse().ok())
        .ok_or(BadItem { attribute: "sk" })?;
    Ok(Edit { version, at: instant(item, "when")?, who: text(item, "who")?.to_owned(), changes })
}
