//! The retention of recordings: reads their state, and writes decisions about it.
//!
//! A write is conditional on the registration and the number of decisions (`kept`), so that a newer
//! decision remains. A held recording has no `expires_at`, or the table would remove it.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::{
    counterpart::Counterpart,
    ids::{OrderId, OrganisationId, RecordingId},
    job::Person,
    recording::Recording,
    retention::{self, BACKDATED, RetentionState},
    search::Posting,
    time::later,
};

use super::{
    BadItem, Error, Retention,
    attributes::{ids, n, number, optional_parsed, parsed, readable, s, ss, text},
    commit::Transaction,
    key::{self, Item},
    read::BATCH,
    recording,
    write::Write,
};

/// A recording and its retention state.
#[derive(Clone, Debug)]
pub struct RetentionSnapshot {
    pub recording: Recording,
    pub retained: RetentionState,
    /// The erasure that ended it.
    pub erased: Option<OrderId>,
    version: u64,
    item: Item,
}

/// A count of recordings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub recordings: u64,
    /// The held ones among them.
    pub held: u64,
    /// Whether the count is complete; otherwise there are at least as many.
    pub exact: bool,
}

/// The recordings to count.
#[derive(Clone, Debug)]
pub enum Counted<'a> {
    /// All that exist.
    All,
    /// Those whose retention began before this moment and that no hold and no grace period protects.
    EndedBefore(DateTime<Utc>),
    Of(&'a Person),
}

/// The most queries for one count, of 1 MB each: some 100,000 recordings.
const QUERIES_AT_MOST: usize = 50;

impl Retention<'_> {
    /// The registered recordings of these ids, including ended ones. One that cannot be read is
    /// logged as an error and left out. 1 request, for 100 of them at most.
    pub async fn seen(
        self,
        organisation: &OrganisationId,
        ids: &[RecordingId],
    ) -> Result<Vec<RetentionSnapshot>, Error> {
        let items = self
            .0
            .batch(ids.iter().take(BATCH).map(|id| key::recording(organisation, *id)))
            .await?;
        Ok(items
            .into_iter()
            .filter_map(|item| {
                readable("recording", &item, RetentionSnapshot::read(organisation, item.clone()))
                    .flatten()
            })
            .collect())
    }

    /// A page of the organisation's recordings by id, including ended ones, and the id after which
    /// the next begins. One that cannot be read is logged as an error and left out. 1 request.
    pub async fn seen_by_id(
        self,
        of: &OrganisationId,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<RetentionSnapshot>, Option<String>), Error> {
        let page = self
            .0
            .query(key::recordings(of), None)
            .consistent()
            .limit(limit)
            .after_sort_key(after)
            .page()
            .await?;
        let next = page.next_sort_key()?;
        let items = page.items.into_iter();
        Ok((
            items
                .filter_map(|item| {
                    readable("recording", &item, RetentionSnapshot::read(of, item.clone()))
                        .flatten()
                })
                .collect(),
            next,
        ))
    }

    /// A page of the ids of a person's recordings, oldest first, including ended ones, and the key
    /// after which the next begins. 1 request.
    pub async fn ids_of(
        self,
        organisation: &OrganisationId,
        person: &Person,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<RecordingId>, Option<String>), Error> {
        let (index, partition) = partition(organisation, person);
        let query = self
            .0
            .query(partition, Some(index))
            .above(after.unwrap_or("0"))
            .only(&["sk", "at"])
            .limit(limit);
        Ok(query.page().await?.read(|item| parsed(item, "sk"))?)
    }

    /// The same of the recordings in which a counterpart took part besides another. 1 request.
    pub async fn ids_with(
        self,
        organisation: &OrganisationId,
        participant: &Counterpart,
        after: Option<&str>,
        limit: usize,
    ) -> Result<(Vec<RecordingId>, Option<String>), Error> {
        let partition = key::posting(organisation, &Posting::participant(participant));
        let query = self.0.query(partition, None).consistent().limit(limit).after_sort_key(after);
        let bad = || BadItem { attribute: "sk" };
        Ok(query
            .page()
            .await?
            .read(|item| Ok(key::place(text(item, "sk")?).ok_or_else(bad)?.id))?)
    }

    /// Counts recordings. 1 request for each MB, up to `QUERIES_AT_MOST`; as many for held ones.
    pub async fn count(
        self,
        organisation: &OrganisationId,
        counted: &Counted<'_>,
        now: DateTime<Utc>,
    ) -> Result<Count, Error> {
        let exists = "(attribute_not_exists(expires_at) OR expires_at > :now)";
        let (recordings, exact) = match counted {
            Counted::EndedBefore(_) => {
                self.count_where(
                    organisation,
                    counted,
                    "expires_at > :now AND registered < :registered AND (attribute_not_exists(grace) OR grace <= :now)",
                    now,
                )
                .await?
            }
            _ => self.count_where(organisation, counted, exists, now).await?,
        };
        let held = match counted {
            Counted::Of(_) => {
                self.count_where(organisation, counted, "attribute_exists(held)", now).await?.0
            }
            _ => 0,
        };
        let mut count = Count { recordings, held, exact };
        if let Counted::Of(Person::Counterpart(participant)) = counted {
            self.add_with(organisation, participant, now, &mut count).await?;
        }
        Ok(count)
    }

    /// Adds the recordings in which a counterpart took part besides another. 1 request for each MB.
    async fn add_with(
        self,
        organisation: &OrganisationId,
        participant: &Counterpart,
        now: DateTime<Utc>,
        count: &mut Count,
    ) -> Result<(), Error> {
        let partition = key::posting(organisation, &Posting::participant(participant));
        let query = self.0.query(partition, None);
        let exists = "attribute_not_exists(expires_at) OR expires_at > :now";
        let mut pages = query.filter(exists).given("now", n(now.timestamp())).pages();
        while let Some(page) = pages.next().await? {
            let is_held = |item: &&Item| !item.contains_key("expires_at");
            count.recordings += page.count;
            count.held += page.items.iter().filter(is_held).count() as u64;
        }
        Ok(())
    }

    async fn count_where(
        self,
        organisation: &OrganisationId,
        counted: &Counted<'_>,
        condition: &str,
        now: DateTime<Utc>,
    ) -> Result<(u64, bool), Error> {
        let (index, partition) = match counted {
            Counted::Of(person) => partition(organisation, person),
            _ => (key::BY_ORG, key::recordings(organisation)),
        };
        let last = if let Counted::EndedBefore(start) = counted {
            key::before(*start)
        } else {
            ":".to_owned()
        };
        let query = self.0.query(partition, Some(index)).below(last).filter(condition).counting();
        let query =
            if condition.contains(":now") { query.given("now", n(now.timestamp())) } else { query };
        let query = match counted {
            // A backdated call's retention began a week before its registration.
            Counted::EndedBefore(start) => {
                query.given("registered", n(later(*start, BACKDATED).timestamp_millis()))
            }
            _ => query,
        };
        let (mut count, mut pages) = (0, query.pages());
        for _ in 0..QUERIES_AT_MOST {
            let Some(page) = pages.next().await? else { break };
            count += page.count;
        }
        Ok((count, pages.is_over))
    }

    /// Ends the recording by an erasure and returns it; `None` after another decision. 2 requests.
    pub async fn end(
        self,
        seen: &RetentionSnapshot,
        retained: &RetentionState,
        erasure: OrderId,
    ) -> Result<Option<RetentionSnapshot>, Error> {
        let mut writes = self.0.writes();
        writes.keep(seen, retained, Some(erasure));
        if writes.commit().await? != Ok(()) {
            return Ok(None);
        }
        let current = self.seen(&seen.recording.organisation, &[seen.recording.id]).await?;
        Ok(current.into_iter().find(|current| current.erased == Some(erasure)))
    }
}

impl RetentionSnapshot {
    /// The snapshot in an item; `None` if the call is not registered.
    pub(super) fn read(organisation: &OrganisationId, item: Item) -> Result<Option<Self>, BadItem> {
        let Some(recording) = recording::read(organisation, &item)? else { return Ok(None) };
        let grace = if item.contains_key("grace") { Some(number(&item, "grace")?) } else { None };
        let holds: BTreeSet<OrderId> = ids(&item, "holds")?;
        let retained = RetentionState {
            begins_at: retention::begins_at(recording.started_at, recording.registered_at),
            day: recording.expires_at,
            grace: grace
                .map(|grace| {
                    DateTime::from_timestamp(grace, 0).ok_or(BadItem { attribute: "grace" })
                })
                .transpose()?,
            held_since: recording.held_since,
            holds,
        };
        let version = if item.contains_key("kept") { number(&item, "kept")? } else { 0 };
        Ok(Some(Self {
            recording,
            retained,
            erased: optional_parsed(&item, "erased")?,
            version,
            item,
        }))
    }

    /// The item as it was read.
    pub(crate) fn item(&self) -> &Item {
        &self.item
    }

    /// The recording's sort key in every index.
    pub fn at(&self) -> String {
        key::at(self.recording.started_at, self.recording.id)
    }
}

impl Transaction<'_> {
    /// Writes the next retention state; fails after another decision, or if the recording is gone.
    pub fn keep(
        &mut self,
        seen: &RetentionSnapshot,
        next: &RetentionState,
        erased: Option<OrderId>,
    ) {
        let (held, day) = (next.is_held(), n(next.day.timestamp()));
        self.add(
            Write::update(key::recording(&seen.recording.organisation, seen.recording.id))
                .set("kept", n(seen.version + 1))
                .set_or_remove("grace", next.grace.map(|grace| n(grace.timestamp())))
                .set_or_remove("erased", erased.map(s))
                .set_or_remove("held", next.held_since.map(|since| n(since.timestamp_millis())))
                .set_or_remove("holds", ss(&next.holds))
                .set_or_remove("until", held.then(|| day.clone()))
                .set_or_remove("expires_at", (!held).then_some(day))
                .is("registered", Some(n(seen.recording.registered_at.timestamp_millis())))
                .is("at", Some(s(seen.at())))
                .is("kept", (seen.version > 0).then(|| n(seen.version))),
        );
    }
}

/// The index with a person's recordings, and its partition.
fn partition(organisation: &OrganisationId, person: &Person) -> (key::Index, String) {
    match person {
        Person::User(user) => (key::BY_USER, key::recordings_of(organisation, user)),
        Person::Counterpart(counterpart) => {
            (key::BY_PEER, key::recordings_with(organisation, counterpart))
        }
    }
}
