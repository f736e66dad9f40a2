//! The reads of one reconciliation, with their cost. Most are eventually consistent, at half the
//! price; a suspected discrepancy is read again.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{ConsumedCapacity, KeysAndAttributes, ReturnConsumedCapacity};
use chrono::{DateTime, Utc};
use domain::{
    ids::{OrganisationId, RecordingId, UserId},
    reconcile::{Count, Posted},
    recording::Recording,
    search::{Place, Posting},
};

use super::{
    super::{
        BadItem, Error, Findings, Table,
        attributes::{instant, number, parsed, readable, text},
        key::{self, Item},
        query::Query,
        read::BATCH,
        recording,
    },
    Finding, read,
};

/// The reads of one reconciliation, with their total cost.
#[derive(Debug)]
pub struct Reads<'a> {
    table: &'a Table,
    organisation: &'a OrganisationId,
    /// Read units used so far.
    pub spent: f64,
}

impl<'a> Findings<'a> {
    /// Begins the reads of a reconciliation.
    pub fn reads(self, organisation: &'a OrganisationId) -> Reads<'a> {
        Reads { table: self.0, organisation, spent: 0.0 }
    }
}

impl Reads<'_> {
    /// All findings of earlier reconciliations. 1 request for each MB.
    pub async fn findings(&mut self) -> Result<Vec<Finding>, Error> {
        let items = self
            .all(self.table.query(key::findings(self.organisation), None).between("0", "~"))
            .await?;
        Ok(items.iter().filter_map(|item| readable("finding", item, read(item))).collect())
    }

    /// The recordings that began in a period, in any state. 1 request for each MB.
    pub async fn started_in(
        &mut self,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Vec<Recording>, Error> {
        let query = self.table.query(key::recordings(self.organisation), Some(key::BY_ORG));
        let items = self.all(query.between(key::from(from), key::before(to))).await?;
        Ok(self.recordings(&items))
    }

    /// Up to `rows` recordings after a key, before `to`, and where to continue. 1 request per MB.
    pub async fn after(
        &mut self,
        place: Option<&str>,
        to: DateTime<Utc>,
        rows: usize,
    ) -> Result<(Vec<Recording>, Option<String>), Error> {
        let from = place.map_or_else(|| "0".to_owned(), |place| format!("{place}~"));
        let before = key::before(to);
        if rows == 0 || from > before {
            return Ok((Vec::new(), place.map(str::to_owned).filter(|_| from <= before)));
        }
        let mut query = self
            .table
            .query(key::recordings(self.organisation), Some(key::BY_ORG))
            .between(from, before)
            .metered();
        let mut items = Vec::new();
        loop {
            let page = query.clone().limit(rows - items.len()).page().await?;
            let next = page.next_sort_key()?;
            self.spent += page.units;
            items.extend(page.items);
            if next.is_none() || items.len() >= rows {
                return Ok((self.recordings(&items), next));
            }
            query = query.after(page.next);
        }
    }

    /// The calls recorded as late arrivals at or after `since`. 1 request for each MB.
    pub async fn late_arrival(&mut self, since: DateTime<Utc>) -> Result<Vec<RecordingId>, Error> {
        let items = self
            .all(self.table.query(key::all_late(self.organisation), None).between("0", "~"))
            .await?;
        let mut found = Vec::new();
        for item in &items {
            let late_arrival = || Ok((instant(item, "since")?, parsed::<RecordingId>(item, "sk")?));
            found.extend(
                readable("awaited", item, late_arrival())
                    .filter(|(at, _)| *at >= since)
                    .map(|(_, id)| id),
            );
        }
        Ok(found)
    }

    /// The registered recordings; `now`: consistent, for twice the price. 1 request for each 100.
    pub async fn named(&mut self, ids: &[RecordingId], now: bool) -> Result<Vec<Recording>, Error> {
        let mut found = Vec::new();
        for some in ids.chunks(BATCH) {
            let keys = some.iter().map(|id| key::recording(self.organisation, *id)).collect();
            let wanted =
                KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(now).build();
            let mut left = Some(wanted.map_err(|error| Error::Request(error.into()))?);
            while let Some(wanted) = left.take() {
                let get =
                    self.table.client.batch_get_item().request_items(&self.table.name, wanted);
                let answer =
                    get.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await?;
                self.spent += answer
                    .consumed_capacity
                    .iter()
                    .flatten()
                    .filter_map(ConsumedCapacity::capacity_units)
                    .sum::<f64>();
                let items = answer
                    .responses
                    .unwrap_or_default()
                    .remove(&self.table.name)
                    .unwrap_or_default();
                found.extend(self.recordings(&items));
                left = answer
                    .unprocessed_keys
                    .and_then(|mut unprocessed| unprocessed.remove(&self.table.name));
            }
        }
        Ok(found)
    }

    /// The erased recordings of these ids. 1 request for each 100.
    pub async fn erased(&mut self, ids: &[RecordingId]) -> Result<Vec<RecordingId>, Error> {
        let mut erased = Vec::new();
        for some in ids.chunks(BATCH) {
            self.spent += some.len() as f64; // an item each, of less than 4 KB
            erased.extend(self.table.tombstones().buried(self.organisation, some).await?);
        }
        Ok(erased)
    }

    /// The usage of each user. 1 request for each MB.
    pub async fn usage(&mut self) -> Result<BTreeMap<UserId, Count>, Error> {
        let items = self
            .all(self.table.query(key::usages(self.organisation), None).between("-", "~"))
            .await?;
        let read = |item: &Item| {
            let amount = |name| if item.contains_key(name) { number(item, name) } else { Ok(0) };
            Ok((
                parsed(item, "sk")?,
                Count { recordings: amount("recordings")?, bytes: amount("bytes")? },
            ))
        };
        Ok(items.iter().filter_map(|item| readable("usage", item, read(item))).collect())
    }

    /// The postings of recordings that began in a period. 1 request for each MB.
    pub async fn posted(
        &mut self,
        of: &Posting,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> Result<Vec<Posted>, Error> {
        let query = self.table.query(key::posting(self.organisation, of), None);
        let items = self.all(query.between(key::from(from), key::before(to))).await?;
        let read = |item: &Item| {
            let place = key::place(text(item, "sk")?).ok_or(BadItem { attribute: "sk" })?;
            let ends = if item.contains_key("expires_at") {
                Some(number(item, "expires_at")?)
            } else {
                None
            };
            let ends_at = ends
                .map(|ends| {
                    DateTime::from_timestamp(ends, 0).ok_or(BadItem { attribute: "expires_at" })
                })
                .transpose()?;
            Ok(Posted { id: place.id, started_at: place.started_at, ends_at })
        };
        Ok(items.iter().filter_map(|item| readable("posting", item, read(item))).collect())
    }

    /// At most `words` words after a sort key, and the key after which to continue. 1 request.
    pub async fn words(
        &mut self,
        place: Option<&str>,
        words: usize,
    ) -> Result<(Vec<Posting>, Option<String>), Error> {
        let query = self
            .table
            .query(key::words(self.organisation), None)
            .between("-", "~")
            .limit(words)
            .after_sort_key(place);
        let page = query.metered().page().await?;
        self.spent += page.units;
        let words = page.read(|item| {
            let (place, word) =
                text(item, "sk")?.split_once('#').ok_or(BadItem { attribute: "sk" })?;
            let place = Place::ALL
                .into_iter()
                .find(|one| one.as_str() == place)
                .ok_or(BadItem { attribute: "sk" })?;
            Ok(Posting::Word(place, word.to_owned()))
        });
        Ok(words?)
    }

    /// The recordings in items. One that cannot be read is logged, and its audio seems unowned.
    fn recordings(&self, items: &[Item]) -> Vec<Recording> {
        items
            .iter()
            .filter_map(|item| {
                readable("recording", item, recording::read(self.organisation, item)).flatten()
            })
            .collect()
    }

    async fn all(&mut self, query: Query) -> Result<Vec<Item>, Error> {
        let (mut items, mut pages) = (Vec::new(), query.metered().pages());
        while let Some(page) = pages.next().await? {
            self.spent += page.units;
            items.extend(page.items);
        }
        Ok(items)
    }
}
