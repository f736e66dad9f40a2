//! Calls that the operator's switch reported, before or after the app registered them.
//!
//! | attribute    | type | what |
//! |--------------|------|------|
//! | `at`         | S    | the instant whose day accounts for the call, and the id: see `key` |
//! | `call`       | S    | the call id |
//! | `user`       | S    | the user |
//! | `dir`        | S    | `in`, `out` |
//! | `peer`       | S    | the text of the counterpart; absent once it was erased |
//! | `started`    | N    | Unix milliseconds: the start of the call |
//! | `ms`         | N    | its duration in milliseconds, 0 if nobody answered |
//! | `expires_at` | N    | Unix seconds: 30 days after the report |
//!
//! A report replaces an earlier one of the same call. An item is small and in one index, so a
//! report costs two write units.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    completeness::{CallRecord, RECORD_LASTS},
    counterpart::Counterpart,
    ids::{OrganisationId, RecordingId},
    job::Person,
    time::later,
};

use super::{
    BadItem, CallRecords, Error,
    attributes::{instant, n, named, number, optional_text, parsed, readable, s, text},
    key::{self, Item},
    query::Query,
    read::BATCH,
};

/// Reports that one page of an erasure looks through.
const SCANNED: usize = 2000;

impl CallRecords<'_> {
    /// Stores reports over earlier ones of the same calls. 1 request for each 25, and 1 for each 100
    /// that come late. A late report counts on the day of the first: its statement may be closed.
    ///
    /// # Errors
    /// [`Error::Busy`] if only a part was written: try again.
    pub async fn put(
        self,
        organisation: &OrganisationId,
        records: &[CallRecord],
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let late = records.iter().filter(|record| record.accounted_at != record.started_at);
        let late: Vec<RecordingId> = late.map(|record| record.id).collect();
        let before = self.named(organisation, &late).await?;
        let before: HashMap<RecordingId, DateTime<Utc>> =
            before.into_iter().map(|record| (record.id, record.accounted_at)).collect();
        let items = records.iter().map(|record| {
            let accounted_at = *before.get(&record.id).unwrap_or(&record.accounted_at);
            item(organisation, &CallRecord { accounted_at, ..record.clone() }, now)
        });
        self.0.put_all(items).await
    }

    /// The reports that a period accounts for; unreadable ones are logged. 1 request for each MB.
    pub async fn between(
        self,
        organisation: &OrganisationId,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Vec<CallRecord>, Error> {
        let query = self.0.query(key::call_records(organisation), Some(key::BY_ORG));
        let items = query.between(key::from(from), key::before(to)).all().await?;
        Ok(read_all(&items))
    }

    /// The existing reports of these ids. 1 request for each 100.
    pub async fn named(
        self,
        organisation: &OrganisationId,
        ids: &[RecordingId],
    ) -> Result<Vec<CallRecord>, Error> {
        let mut found = Vec::new();
        for some in ids.chunks(BATCH) {
            let keys = some.iter().map(|id| key::call_record(organisation, *id));
            found.extend(read_all(&self.0.batch(keys).await?));
        }
        Ok(found)
    }

    /// Removes the counterparts of these reports. 1 request for each 25.
    pub async fn forget(
        self,
        organisation: &OrganisationId,
        records: impl IntoIterator<Item = CallRecord>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let unnamed = records
            .into_iter()
            .map(|record| CallRecord { counterpart: Counterpart::Unknown, ..record });
        self.0.put_all(unnamed.map(|record| item(organisation, &record, now))).await
    }

    /// Removes a counterpart from some reports, or the reports of a user. Returns the place after
    /// which to continue; `None` at the end. 1 request, and 1 for each 25 reports that name them.
    pub async fn forget_person(
        self,
        organisation: &OrganisationId,
        person: &Person,
        after: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, Error> {
        let query: Query = self.0.query(key::call_records(organisation), None);
        let page = query.consistent().limit(SCANNED).after_sort_key(after).page().await?;
        let records = read_all(&page.items);
        match person {
            Person::Counterpart(counterpart) => {
                let named = records.into_iter().filter(|it| it.counterpart == *counterpart);
                self.forget(organisation, named, now).await?;
            }
            Person::User(user) => {
                let ids: BTreeSet<_> =
                    records.iter().filter(|it| it.user == *user).map(|it| it.id).collect();
                self.0
                    .delete_all(ids.into_iter().map(|id| key::call_record(organisation, id)))
                    .await?;
            }
        }
        Ok(page.next_sort_key()?)
    }
}

fn item(organisation: &OrganisationId, record: &CallRecord, now: DateTime<Utc>) -> Item {
    let mut item = key::call_record(organisation, record.id);
    let values = [
        ("at", s(key::at(record.accounted_at, record.id))),
        ("call", s(&record.call)),
        ("user", s(&record.user)),
        ("dir", s(record.direction)),
        ("started", n(record.started_at.timestamp_millis())),
        ("ms", n(record.duration.num_milliseconds())),
        ("expires_at", n(later(now, RECORD_LASTS).timestamp())),
    ];
    let peer = record.counterpart.is_known().then(|| ("peer", s(&record.counterpart)));
    item.extend(values.into_iter().chain(peer).map(|(name, value)| (name.to_owned(), value)));
    item
}

fn read_all(items: &[Item]) -> Vec<CallRecord> {
    items.iter().filter_map(|item| readable("call record", item, read(item))).collect()
}

fn read(item: &Item) -> Result<CallRecord, BadItem> {
    let peer = optional_text(item, "peer")?.map(|peer| Counterpart::from(peer.to_owned()));
    Ok(CallRecord {
        id: parsed(item, "sk")?,
        call: parsed(item, "call")?,
        user: parsed(item, "user")?,
        direction: named(item, "dir")?,
        counterpart: peer.unwrap_or(Counterpart::Unknown),
        started_at: instant(item, "started")?,
        duration: TimeDelta::milliseconds(number(item, "ms")?),
        accounted_at: key::started_at(text(item, "at")?).ok_or(BadItem { attribute: "at" })?,
    })
}
