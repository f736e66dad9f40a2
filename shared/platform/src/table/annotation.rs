//! Writes what is said of a call: note, mark and the three fields, each edit kept with who, when, from and to.
//!
//! The recording's item counts its edits, and a write names the count that it has seen: of two who edit at once, one is told. A call may be
//! annotated before it is registered; then the item has no state, is listed nowhere, and waits for its registration. What a person says of
//! such a call binds it to them: only their own registration takes it over.
//!
//! An edit is `ORG#edit`, `RECORDING#VERSION`, so that no two clocks decide their order, with `who`, `when` in Unix milliseconds and, of
//! each thing changed, `NAME_from` and `NAME_to`. It has no end of its own: what removes the call's item, its day or an erasure, has its edits
//! removed too, so that a hold on the one holds the others.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{OrganisationId, RecordingId, UserId},
    note::{Annotation, Mark},
    recording::Recording,
    search::Order,
};

use super::{
    BadItem, Error, Table,
    attributes::{instant, n, number, optional_parsed, optional_text, s, text},
    audit::Event,
    commit::{Commit, Writes},
    key::{self, Item},
    recording,
    tombstone::is_erased,
};

/// What stands of a call, registered or not.
#[derive(Clone, Debug)]
pub struct Standing {
    pub organisation: OrganisationId,
    pub id: RecordingId,
    /// The recording, once the call is registered.
    pub recording: Option<Recording>,
    pub annotation: Annotation,
    pub version: u64,
    /// The edits of it that are of an earlier call, whose day is past.
    pub(super) since: u64,
    /// Who annotated the call before it was registered.
    pub early: Option<UserId>,
    /// Its day is past, though its item awaits removal.
    pub ended: bool,
    /// It was erased: nothing may be said of it any more.
    pub erased: bool,
    expires_at: Option<i64>,
}

/// One edit, as it is kept.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The version that it made.
    pub version: u64,
    pub at: DateTime<Utc>,
    pub who: String,
    /// What was changed: name, from, to.
    pub changes: Vec<(&'static str, Option<String>, Option<String>)>,
}

/// The names of what can be changed, as they are kept.
pub const NAMES: [&str; 5] = ["note", "mark", "f1", "f2", "f3"];

impl Table {
    /// What stands of a call; nothing of one that expired. 1 request.
    pub async fn standing(&self, organisation: &OrganisationId, id: RecordingId, now: DateTime<Utc>) -> Result<Standing, Error> {
        let item = self.get(key::recording(organisation, id)).await?.unwrap_or_default();
        Ok(Standing::read(organisation, id, &item, now)?)
    }

    /// Writes `annotation` over what stands, with the edit and the audit event. 1 request.
    ///
    /// [`Commit::Refused`]: 0, the call was edited, registered or removed meanwhile; 1, the mark is not in the legend or is retired.
    /// `early` is the person who annotates a call that is not registered, and `days` how long it then waits for its registration.
    pub async fn annotate(
        &self,
        standing: &Standing,
        annotation: &Annotation,
        early: Option<&UserId>,
        days: u16,
        event: &Event,
    ) -> Result<Commit, Error> {
        let after = values(annotation);
        let waits = standing.expires_at.unwrap_or((event.at + TimeDelta::days(days.into())).timestamp());
        let mut writes = self.writes();
        writes.update(key::recording(&standing.organisation, standing.id), |mut update| {
            let (mut set, mut remove) = (vec!["edits = :next".to_owned()], Vec::new());
            for (name, value) in NAMES.into_iter().zip(&after) {
                match value {
                    Some(value) => {
                        set.push(format!("{name} = :{name}"));
                        update = update.expression_attribute_values(format!(":{name}"), s(value));
                    }
                    None => remove.push(name),
                }
            }
            match &annotation.mark {
                Some(mark) => {
                    set.push("m = :m".to_owned());
                    update = update.expression_attribute_values(":m", s(key::recordings_marked(&standing.organisation, mark)));
                }
                None => remove.push("m"),
            }
            let mut condition = if standing.recording.is_some() {
                "attribute_exists(#state) AND attribute_not_exists(erased)"
            } else {
                "attribute_not_exists(#state)"
            }
            .to_owned();
            condition.push_str(if standing.version == 0 { " AND attribute_not_exists(edits)" } else { " AND edits = :seen" });
            if standing.version > 0 {
                update = update.expression_attribute_values(":seen", n(standing.version));
            }
            if standing.recording.is_none() {
                set.push("expires_at = :expires_at".to_owned());
                update = update.expression_attribute_values(":expires_at", n(waits));
            }
            if let Some(early) = early.filter(|_| standing.recording.is_none()) {
                set.push("early = :early".to_owned());
                condition.push_str(" AND (attribute_not_exists(early) OR early = :early)");
                update = update.expression_attribute_values(":early", s(early));
            }
            let remove = if remove.is_empty() { String::new() } else { format!(" REMOVE {}", remove.join(", ")) };
            update
                .update_expression(format!("SET {}{remove}", set.join(", ")))
                .condition_expression(condition)
                .expression_attribute_names("#state", "state")
                .expression_attribute_values(":next", n(standing.version + 1))
        });
        if let Some(mark) = annotation.mark.as_ref().filter(|mark| standing.annotation.mark.as_ref() != Some(*mark)) {
            writes.can_set(&standing.organisation, mark);
        }
        writes.edit(standing, annotation, &event.who, event.at);
        writes.audit(event);
        if let Some(early) = early.filter(|_| standing.recording.is_none()) {
            let mut item = key::early(&standing.organisation, early, standing.id);
            item.insert("expires_at".to_owned(), n(waits));
            writes.put(item, |put| put); // so that an erasure of the user finds it
        }
        writes.commit().await
    }

    /// The edits that made what stands, oldest first. No request where there are none; 1 for each MB: some hundred of the longest. What an
    /// earlier call of the same id left behind, and is about to be removed, is none of them.
    pub async fn edits(&self, standing: &Standing) -> Result<Vec<Edit>, Error> {
        let (organisation, id, version) = (&standing.organisation, standing.id, standing.version);
        if standing.since >= version {
            return Ok(Vec::new());
        }
        let query = self.client.query().table_name(&self.name).key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last");
        let query = query.consistent_read(true).expression_attribute_values(":pk", s(key::edits(organisation)));
        let query = query.expression_attribute_values(":first", s(key::nth_edit(id, standing.since + 1)));
        let query = query.expression_attribute_values(":last", s(key::nth_edit(id, version)));
        let items = query.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await?;
        Ok(items.iter().map(read).collect::<Result<_, _>>()?)
    }

    /// Some of the edits that made what stands, after the one of a version, oldest or newest first, and whether there are more. 1 request: at most
    /// 1 MB of them, some hundred of the longest.
    pub async fn edits_after(
        &self,
        standing: &Standing,
        after: Option<u64>,
        order: Order,
        limit: usize,
    ) -> Result<(Vec<Edit>, bool), Error> {
        let (mut first, mut last) = (standing.since.saturating_add(1), standing.version);
        match (order, after) {
            (Order::Oldest, Some(after)) => first = first.max(after.saturating_add(1)),
            (Order::Newest, Some(after)) => last = last.min(after.saturating_sub(1)),
            (_, None) => {}
        }
        if first > last {
            return Ok((Vec::new(), false));
        }
        let query = self.client.query().table_name(&self.name).key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last");
        let query = query.consistent_read(true).expression_attribute_values(":pk", s(key::edits(&standing.organisation)));
        let query = query.expression_attribute_values(":first", s(key::nth_edit(standing.id, first)));
        let query = query.expression_attribute_values(":last", s(key::nth_edit(standing.id, last)));
        let query = query.scan_index_forward(order == Order::Oldest).limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let answer = query.send().await?;
        let edits = answer.items().iter().map(read).collect::<Result<_, _>>()?;
        Ok((edits, answer.last_evaluated_key.is_some()))
    }

    /// What stays of an annotation when `user` registers the call: all, but what another user said of it. No request, or those of
    /// [`Table::edits`].
    pub(super) async fn kept(&self, standing: &Standing, user: &UserId) -> Result<Annotation, Error> {
        let Some(another) = standing.early.as_ref().filter(|early| *early != user) else { return Ok(standing.annotation.clone()) };
        let another = format!("user:{another}");
        let mut kept = Item::new();
        let edits = self.edits(standing).await?;
        for (name, _, to) in edits.into_iter().filter(|edit| edit.who != another).flat_map(|edit| edit.changes) {
            match to {
                Some(to) => kept.insert(name.to_owned(), s(to)),
                None => kept.remove(name),
            };
        }
        Ok(recording::read_annotation(&kept)?)
    }
}

impl Standing {
    /// What an item says; nothing but its version of one that expired.
    pub(super) fn read(organisation: &OrganisationId, id: RecordingId, item: &Item, now: DateTime<Utc>) -> Result<Self, BadItem> {
        let expires_at: Option<i64> = if item.contains_key("expires_at") { Some(number(item, "expires_at")?) } else { None };
        let ended = expires_at.is_some_and(|at| at <= now.timestamp());
        let (nothing, version) = (Item::new(), recording::read_version(item)?);
        let since = match (ended, item.contains_key("since")) {
            (true, _) => version,
            (false, true) => number(item, "since")?,
            (false, false) => 0,
        };
        let erased = is_erased(item);
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
            expires_at,
        })
    }
}

impl Writes<'_> {
    /// Adds the edit that makes `annotation` of what stands.
    pub(super) fn edit(&mut self, standing: &Standing, annotation: &Annotation, who: &str, at: DateTime<Utc>) {
        let mut item = key::edit(&standing.organisation, standing.id, standing.version + 1);
        item.insert("who".to_owned(), s(who));
        item.insert("when".to_owned(), n(at.timestamp_millis()));
        let (before, after) = (values(&standing.annotation), values(annotation));
        for ((name, before), after) in NAMES.into_iter().zip(before).zip(after).filter(|((_, before), after)| before != after) {
            for (end, value) in [("from", before), ("to", after)] {
                if let Some(value) = value {
                    item.insert(format!("{name}_{end}"), s(value));
                }
            }
        }
        self.put(item, |put| put);
    }
}

/// The values of [`NAMES`].
pub(super) fn values(annotation: &Annotation) -> [Option<String>; 5] {
    let field = |place: usize| annotation.fields[place].clone().map(String::from);
    [annotation.note.clone().map(String::from), annotation.mark.clone().map(Mark::into), field(0), field(1), field(2)]
}

fn read(item: &Item) -> Result<Edit, BadItem> {
    let keys = [("note_from", "note_to"), ("mark_from", "mark_to"), ("f1_from", "f1_to"), ("f2_from", "f2_to"), ("f3_from", "f3_to")];
    let mut changes = Vec::new();
    for (name, (from, to)) in NAMES.into_iter().zip(keys) {
        let (from, to) = (optional_text(item, from)?.map(str::to_owned), optional_text(item, to)?.map(str::to_owned));
        if from != to {
            changes.push((name, from, to));
        }
    }
    let version = text(item, "sk")?.rsplit_once('#').and_then(|(_, version)| version.parse().ok()).ok_or(BadItem { attribute: "sk" })?;
    Ok(Edit { version, at: instant(item, "when")?, who: text(item, "who")?.to_owned(), changes })
}
