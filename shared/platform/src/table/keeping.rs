//! How long recordings are kept: what stands of them, and the write of what was decided.
//!
//! A decision is written on the condition that no other was made since it was taken (`kept` counts them) and that the item is of the same
//! registration. What is held has no `expires_at`, so that the table cannot remove it.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::Select;
use chrono::{DateTime, Utc};
use domain::{
    ids::{OrderId, OrganisationId, RecordingId},
    order::Person,
    phone::Counterpart,
    recording::Recording,
    retention::Kept,
};

use super::{
    BadItem, Error, Table,
    attributes::{ids, n, number, optional_parsed, parsed, readable, s, ss, text},
    commit::{Commit, Writes},
    key::{self, Item},
    read::BATCH,
    recording,
};

/// A recording and what was decided about how long it is kept.
#[derive(Clone, Debug)]
pub struct Seen {
    pub recording: Recording,
    pub kept: Kept,
    /// The order of erasure that ended it.
    pub erased: Option<OrderId>,
    version: u64,
    item: Item,
}

/// How many recordings there are, as far as was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub recordings: u64,
    /// Of them: held.
    pub held: u64,
    /// Whether these are all; there are at least as many.
    pub exact: bool,
}

/// What to count.
#[derive(Clone, Debug)]
pub enum Counted<'a> {
    /// All that exist.
    All,
    /// Those that would have ended if they were kept for no longer than since this start, and nothing else keeps them.
    EndedBefore(DateTime<Utc>),
    Of(&'a Person),
}

/// Queries that one count makes at most, of 1 MB each: some 100,000 recordings.
const QUERIES_AT_MOST: usize = 50;

impl Table {
    /// Those of the recordings that are registered, whether or not they have ended; but one that cannot be read, which is logged as an error
    /// and stops none of the others. 1 request, for 100 of them at most.
    pub async fn seen(&self, organisation: &OrganisationId, ids: &[RecordingId]) -> Result<Vec<Seen>, Error> {
        let items = self.batch(ids.iter().take(BATCH).map(|id| key::recording(organisation, *id))).await?;
        Ok(items.into_iter().filter_map(|item| readable("recording", &item, Seen::read(organisation, item.clone())).flatten()).collect())
    }

    /// A page of the organisation's recordings by their id, ended ones too, and the place after which the next begins; one that cannot be read is
    /// logged as an error and stops none of the others. 1 request.
    pub async fn seen_by_id(&self, of: &OrganisationId, after: Option<&str>, limit: usize) -> Result<(Vec<Seen>, Option<String>), Error> {
        let query = self.client.query().table_name(&self.name).key_condition_expression("pk = :pk").consistent_read(true);
        let query = query.expression_attribute_values(":pk", s(key::recordings(of))).limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let start = after.map(|id| Item::from([("pk".to_owned(), s(key::recordings(of))), ("sk".to_owned(), s(id))]));
        let answer = query.set_exclusive_start_key(start).send().await?;
        let next = answer.last_evaluated_key.map(|key| text(&key, "sk").map(str::to_owned)).transpose()?;
        let items = answer.items.unwrap_or_default().into_iter();
        Ok((items.filter_map(|item| readable("recording", &item, Seen::read(of, item.clone())).flatten()).collect(), next))
    }

    /// A page of the ids of a person's recordings, ended ones too, oldest first, and the place after which the next begins. 1 request.
    pub async fn ids_of(
        &self,
        organisation: &OrganisationId,
        person: &Person,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<RecordingId>, Option<String>), Error> {
        let (index, partition) = partition(organisation, person);
        let mut query = self.client.query().table_name(&self.name).index_name(index.name);
        query = query.key_condition_expression("#partition = :partition AND #at > :after").projection_expression("sk, #at");
        query = query.expression_attribute_names("#partition", index.partition).expression_attribute_names("#at", "at");
        query =
            query.expression_attribute_values(":partition", s(partition)).expression_attribute_values(":after", s(after.unwrap_or("0")));
        let answer = query.limit(i32::try_from(limit).unwrap_or(i32::MAX)).send().await?;
        let next = answer.last_evaluated_key.as_ref().map(|key| text(key, "at").map(str::to_owned)).transpose()?;
        Ok((answer.items().iter().map(|item| parsed(item, "sk")).collect::<Result<_, _>>()?, next))
    }

    /// Counts the recordings that exist at `now`. 1 request for each MB, up to `QUERIES_AT_MOST`, and as many for those that are held.
    pub async fn count(&self, organisation: &OrganisationId, counted: &Counted<'_>, now: DateTime<Utc>) -> Result<Count, Error> {
        let exists = "(attribute_not_exists(expires_at) OR expires_at > :now)";
        let (recordings, exact) = match counted {
            Counted::EndedBefore(_) => {
                self.count_where(organisation, counted, "expires_at > :now AND (attribute_not_exists(grace) OR grace <= :now)", now).await?
            }
            _ => self.count_where(organisation, counted, exists, now).await?,
        };
        let held = match counted {
            Counted::Of(_) => self.count_where(organisation, counted, "attribute_exists(held)", now).await?.0,
            _ => 0,
        };
        Ok(Count { recordings, held, exact })
    }

    async fn count_where(
        &self,
        organisation: &OrganisationId,
        counted: &Counted<'_>,
        condition: &str,
        now: DateTime<Utc>,
    ) -> Result<(u64, bool), Error> {
        let (index, partition) = match counted {
            Counted::Of(person) => partition(organisation, person),
            _ => (key::BY_ORG, key::recordings(organisation)),
        };
        let last = if let Counted::EndedBefore(start) = counted { key::before(*start) } else { ":".to_owned() };
        let (mut count, mut start) = (0, None);
        for _ in 0..QUERIES_AT_MOST {
            let mut query = self.client.query().table_name(&self.name).index_name(index.name).select(Select::Count);
            query = query.key_condition_expression("#partition = :partition AND #at < :last").filter_expression(condition);
            query = query.expression_attribute_names("#partition", index.partition).expression_attribute_names("#at", "at");
            query = query.expression_attribute_values(":partition", s(&partition)).expression_attribute_values(":last", s(&last));
            if condition.contains(":now") {
                query = query.expression_attribute_values(":now", n(now.timestamp()));
            }
            let answer = query.set_exclusive_start_key(start).send().await?;
            count += u64::try_from(answer.count()).unwrap_or_default();
            start = answer.last_evaluated_key;
            if start.is_none() {
                return Ok((count, true));
            }
        }
        Ok((count, false))
    }
}

impl Table {
    /// Ends the recording by an erasure; answers with it as it stands then, or with nothing if something else was decided. 2 requests.
    pub async fn end(&self, seen: &Seen, kept: &Kept, erasure: OrderId) -> Result<Option<Seen>, Error> {
        let mut writes = self.writes();
        writes.keep(seen, kept, Some(erasure));
        if writes.commit().await? != Commit::Done {
            return Ok(None);
        }
        let stands = self.seen(&seen.recording.organisation, &[seen.recording.id]).await?;
        Ok(stands.into_iter().find(|stands| stands.erased == Some(erasure)))
    }
}

impl Seen {
    /// What an item says; none if only a note has come so far.
    pub(super) fn read(organisation: &OrganisationId, item: Item) -> Result<Option<Self>, BadItem> {
        let Some(recording) = recording::read(organisation, &item)? else { return Ok(None) };
        let grace = if item.contains_key("grace") { Some(number(&item, "grace")?) } else { None };
        let holds: BTreeSet<OrderId> = ids(&item, "holds")?;
        let kept = Kept {
            started_at: recording.started_at,
            day: recording.expires_at,
            grace: grace.map(|grace| DateTime::from_timestamp(grace, 0).ok_or(BadItem { attribute: "grace" })).transpose()?,
            held_since: recording.held_since,
            holds,
        };
        let version = if item.contains_key("kept") { number(&item, "kept")? } else { 0 };
        Ok(Some(Self { recording, kept, erased: optional_parsed(&item, "erased")?, version, item }))
    }

    /// The item as it was read.
    pub(crate) fn item(&self) -> &Item {
        &self.item
    }

    /// The recording's place in every list.
    pub fn at(&self) -> String {
        key::at(self.recording.started_at, self.recording.id)
    }
}

impl Writes<'_> {
    /// Writes how long the recording is kept from now on; refused if something else was decided since it was seen, or it is gone.
    pub fn keep(&mut self, seen: &Seen, next: &Kept, erased: Option<OrderId>) {
        let (held, day) = (next.is_held(), n(next.day.timestamp()));
        let values = [
            ("kept", Some(n(seen.version + 1))),
            ("grace", next.grace.map(|grace| n(grace.timestamp()))),
            ("erased", erased.map(s)),
            ("held", next.held_since.map(|since| n(since.timestamp_millis()))),
            ("holds", ss(&next.holds)),
            ("until", held.then(|| day.clone())),
            ("expires_at", (!held).then_some(day)),
        ];
        let (set, remove): (Vec<_>, Vec<_>) = values.into_iter().partition(|(_, value)| value.is_some());
        let said = set.iter().map(|(name, _)| format!("#{name} = :{name}")).collect::<Vec<_>>().join(", ");
        let gone = remove.iter().map(|(name, _)| format!("#{name}")).collect::<Vec<_>>().join(", ");
        let names = set.iter().chain(&remove).map(|(name, _)| (format!("#{name}"), (*name).to_owned())).collect();
        let mut given: Item = set.into_iter().filter_map(|(name, value)| Some((format!(":{name}"), value?))).collect();
        given.insert(":registered".to_owned(), n(seen.recording.registered_at.timestamp_millis()));
        let standing = if seen.version == 0 { "attribute_not_exists(#kept)" } else { "#kept = :seen" };
        if seen.version > 0 {
            given.insert(":seen".to_owned(), n(seen.version));
        }
        self.update(key::recording(&seen.recording.organisation, seen.recording.id), |update| {
            update
                .update_expression(format!("SET {said} REMOVE {gone}"))
                .condition_expression(format!("registered = :registered AND {standing}"))
                .set_expression_attribute_names(Some(names))
                .set_expression_attribute_values(Some(given))
        });
    }
}

/// The index that finds a person's recordings, and the partition in it.
fn partition(organisation: &OrganisationId, person: &Person) -> (key::Index, String) {
    match person {
        Person::User(user) => (key::BY_USER, key::recordings_of(organisation, user)),
        Person::Counterpart(number) => (key::BY_PEER, key::recordings_with(organisation, &Counterpart::Number(number.clone()))),
    }
}
