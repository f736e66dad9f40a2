//! What the nightly sweep reads, with what it costs, and what it keeps: its findings, and where the next one goes on.
//!
//! | item    | attribute    | type | what |
//! |---------|--------------|------|------|
//! | finding | `user`       | S    | whose recording, or whose usage; absent where nobody's |
//! |         | `started`    | N    | Unix milliseconds: the call's start, of a recording |
//! |         | `age`        | N    | Unix milliseconds: from when its age counts |
//! |         | `since`      | N    | Unix milliseconds: the night that found it first |
//! |         | `night`      | N    | Unix milliseconds: the night that found it last |
//! |         | `mended`     | BOOL | whether that night mended it; the next one looks whether it did |
//! |         | `detail`     | S    | what differs, as JSON |
//! |         | `expires_at` | N    | Unix seconds: with the recording |
//! | sweep   | `night`, `began` | N | Unix milliseconds: which night it was ordered for, and when it began |
//! |         | `complete`   | N    | Unix milliseconds: everything that came before this has been held against its item |
//! |         | `rolled`, `said` | S | the place in the recordings, and in the words, after which the next one goes on |
//! |         | `recordings`, `older`, `objects`, `words`, `of_words` | N | what it looked at |
//! |         | `units`      | N    | the read units that it took, rounded up |
//!
//! Rows of indexes and entries are read as they were a moment ago, for half the price. What looks like a fault is read again before it is one.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::{
    operation::put_item::PutItemError,
    types::{AttributeValue, ConsumedCapacity, DeleteRequest, KeysAndAttributes, PutRequest, ReturnConsumedCapacity, WriteRequest},
};
use chrono::{DateTime, Utc};
use domain::{
    ids::{OrganisationId, RecordingId, UserId},
    recording::Recording,
    search::{Place, Posting},
    sweep::{Count, Kind, Posted},
};

use super::{
    BadItem, Error, Table,
    attributes::{flag, instant, n, number, optional_instant, optional_parsed, optional_text, parsed, readable, s, text},
    key::{self, Item},
    read::BATCH,
    recording,
};

/// Something that does not agree.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub kind: Kind,
    /// A recording's or a user's id, the key of an object, or [`ALL`].
    pub subject: String,
    pub user: Option<UserId>,
    pub started_at: Option<DateTime<Utc>>,
    /// From when its age counts.
    pub age_from: DateTime<Utc>,
    /// The night that found it first.
    pub since: DateTime<Utc>,
    /// The night that found it last.
    pub night: DateTime<Utc>,
    /// Whether that night mended it.
    pub mended: bool,
    /// What differs, as JSON.
    pub detail: Option<String>,
    pub expires_at: Option<DateTime<Utc>>,
}

/// The subject of what is of no single user. No user has such an id.
pub const ALL: &str = "*";

/// What a sweep did, and where the next one goes on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Swept {
    pub night: DateTime<Utc>,
    pub at: DateTime<Utc>,
    /// Everything that came before this has been held against its item.
    pub complete: DateTime<Utc>,
    /// Where it goes on in the recordings; none: at the oldest.
    pub rolled: Option<String>,
    /// Where it goes on in the words; none: at the first.
    pub said: Option<String>,
    /// Recordings of the day.
    pub recordings: u64,
    /// Older ones that it looked at beside.
    pub older: u64,
    /// Objects with the organisation's prefix.
    pub objects: u64,
    /// Words that were looked at, and how many were said that day.
    pub words: u64,
    pub of_words: u64,
    pub units: u64,
}

/// Reads of one sweep. What they consume is summed up.
#[derive(Debug)]
pub struct Reads<'a> {
    table: &'a Table,
    organisation: &'a OrganisationId,
    /// Read units so far.
    pub spent: f64,
}

/// A page of items, and where the next begins.
type Page = (Vec<Item>, Option<Item>);
/// The longest subject that is kept.
const SUBJECT: usize = 200;
/// Writes of one request.
const WRITES: usize = 25;

impl Table {
    /// Begins the reads of a sweep.
    pub fn reads<'a>(&'a self, organisation: &'a OrganisationId) -> Reads<'a> {
        Reads { table: self, organisation, spent: 0.0 }
    }

    /// Keeps what a night found, each over what an earlier one did. 1 request for each 25.
    pub async fn note_findings(&self, organisation: &OrganisationId, findings: &[Finding]) -> Result<(), Error> {
        for some in findings.chunks(WRITES) {
            let put = |finding| PutRequest::builder().set_item(Some(item(organisation, finding))).build();
            let puts = some.iter().map(put).collect::<Result<Vec<_>, _>>().map_err(|error| Error::Request(error.into()))?;
            self.write(puts.into_iter().map(|put| WriteRequest::builder().put_request(put).build()).collect()).await?;
        }
        Ok(())
    }

    /// Removes what is not found any more. 1 request for each 25.
    pub async fn end_findings(&self, organisation: &OrganisationId, findings: &[Finding]) -> Result<(), Error> {
        for some in findings.chunks(WRITES) {
            let place = |finding: &Finding| key::finding(organisation, finding.kind.as_str(), &finding.subject);
            let delete = |finding| DeleteRequest::builder().set_key(Some(place(finding))).build();
            let deletes = some.iter().map(delete).collect::<Result<Vec<_>, _>>().map_err(|error| Error::Request(error.into()))?;
            self.write(deletes.into_iter().map(|delete| WriteRequest::builder().delete_request(delete).build()).collect()).await?;
        }
        Ok(())
    }

    /// Keeps what a sweep did: it is done. 1 request. What a later night did stays.
    pub async fn keep_swept(&self, organisation: &OrganisationId, swept: &Swept) -> Result<(), Error> {
        let mut item = key::sweep(organisation);
        for (name, at) in [("night", swept.night), ("began", swept.at), ("complete", swept.complete)] {
            item.insert(name.to_owned(), n(at.timestamp_millis()));
        }
        let places = [("rolled", &swept.rolled), ("said", &swept.said)];
        item.extend(places.into_iter().filter_map(|(name, place)| Some((name.to_owned(), s(place.as_ref()?)))));
        let counts = [("recordings", swept.recordings), ("older", swept.older), ("objects", swept.objects), ("units", swept.units)];
        item.extend(
            counts
                .into_iter()
                .chain([("words", swept.words), ("of_words", swept.of_words)])
                .map(|(name, count)| (name.to_owned(), n(count))),
        );
        let put = self.client.put_item().table_name(&self.name).set_item(Some(item));
        let put = put.condition_expression("attribute_not_exists(night) OR night <= :night");
        match put.expression_attribute_values(":night", n(swept.night.timestamp_millis())).send().await {
            Err(error) if !error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// What the last sweep did; none if there was none. 1 request.
    pub async fn swept(&self, organisation: &OrganisationId) -> Result<Option<Swept>, Error> {
        Ok(self.get(key::sweep(organisation)).await?.map(|item| read_swept(&item)).transpose()?)
    }

    /// A page of what the last sweep found, and the place after which the next begins. 1 request.
    pub async fn findings(&self, of: &OrganisationId, limit: usize, after: Option<&str>) -> Result<(Vec<Finding>, Option<String>), Error> {
        let query = self.client.query().table_name(&self.name).key_condition_expression("pk = :pk").consistent_read(true);
        let query = query.expression_attribute_values(":pk", s(key::findings(of))).limit(i32::try_from(limit).unwrap_or(i32::MAX));
        let start = after.map(|place| Item::from([("pk".to_owned(), s(key::findings(of))), ("sk".to_owned(), s(place))]));
        let answer = query.set_exclusive_start_key(start).send().await?;
        let next = answer.last_evaluated_key().map(|key| text(key, "sk").map(str::to_owned)).transpose()?;
        Ok((answer.items().iter().filter_map(|item| readable("finding", item, read(item))).collect(), next))
    }
}

impl Reads<'_> {
    /// What the last sweep did; none if there was none. 1 request.
    pub async fn swept(&mut self) -> Result<Option<Swept>, Error> {
        self.spent += 1.0; // whatever is there is smaller than 4 KB
        self.table.swept(self.organisation).await
    }

    /// Everything that earlier sweeps found and that still stands. 1 request for each MB.
    pub async fn findings(&mut self) -> Result<Vec<Finding>, Error> {
        let items = self.all(&key::findings(self.organisation), None, ("0", "~")).await?;
        Ok(items.iter().filter_map(|item| readable("finding", item, read(item))).collect())
    }

    /// The recordings that began in a span of time, whatever their state. 1 request for each MB.
    pub async fn started_in(&mut self, (from, to): (DateTime<Utc>, DateTime<Utc>)) -> Result<Vec<Recording>, Error> {
        let ends = (key::from(from), key::before(to));
        let items = self.all(&key::recordings(self.organisation), Some(key::BY_ORG.name), (&ends.0, &ends.1)).await?;
        Ok(self.recordings(&items))
    }

    /// So many recordings after a place, the oldest first, that began before `to`; and the place after which to go on. 1 request for each MB.
    pub async fn after(&mut self, place: Option<&str>, to: DateTime<Utc>, rows: usize) -> Result<(Vec<Recording>, Option<String>), Error> {
        let from = place.map_or_else(|| "0".to_owned(), |place| format!("{place}~"));
        let (mut items, mut start, before) = (Vec::new(), None, key::before(to));
        if rows == 0 || from > before {
            return Ok((Vec::new(), place.map(str::to_owned).filter(|_| from <= before)));
        }
        loop {
            let left = rows - items.len();
            let partition = key::recordings(self.organisation);
            let (page, next) = self.page(&partition, Some(key::BY_ORG.name), (&from, &before), Some(left), start).await?;
            items.extend(page);
            start = next;
            if start.is_none() || items.len() >= rows {
                break;
            }
        }
        let next = start.map(|key| text(&key, "at").map(str::to_owned)).transpose()?;
        Ok((self.recordings(&items), next))
    }

    /// Calls that were registered after `since` though their day was closed. 1 request for each MB.
    pub async fn awaited(&mut self, since: DateTime<Utc>) -> Result<Vec<RecordingId>, Error> {
        let items = self.all(&key::all_awaited(self.organisation), None, ("0", "~")).await?;
        let mut found = Vec::new();
        for item in &items {
            let awaited = || Ok((instant(item, "since")?, parsed::<RecordingId>(item, "sk")?));
            found.extend(readable("awaited", item, awaited()).filter(|(at, _)| *at >= since).map(|(_, id)| id));
        }
        Ok(found)
    }

    /// Those of the recordings that are registered; `now`: as they stand at this moment, for twice the price. 1 request for each 100.
    pub async fn named(&mut self, ids: &[RecordingId], now: bool) -> Result<Vec<Recording>, Error> {
        let mut found = Vec::new();
        for some in ids.chunks(BATCH) {
            let keys = some.iter().map(|id| key::recording(self.organisation, *id)).collect();
            let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(now).build();
            let mut left = Some(wanted.map_err(|error| Error::Request(error.into()))?);
            while let Some(wanted) = left.take() {
                let get = self.table.client.batch_get_item().request_items(&self.table.name, wanted);
                let answer = get.return_consumed_capacity(ReturnConsumedCapacity::Total).send().await?;
                self.spend(answer.consumed_capacity.as_deref().unwrap_or_default());
                let items = answer.responses.unwrap_or_default().remove(&self.table.name).unwrap_or_default();
                found.extend(self.recordings(&items));
                left = answer.unprocessed_keys.and_then(|mut unprocessed| unprocessed.remove(&self.table.name));
            }
        }
        Ok(found)
    }

    /// Those of the recordings that were erased. 1 request for each 100.
    pub async fn erased(&mut self, ids: &[RecordingId]) -> Result<Vec<RecordingId>, Error> {
        let mut erased = Vec::new();
        for some in ids.chunks(BATCH) {
            self.spent += some.len() as f64; // an item each, of less than 4 KB
            erased.extend(self.table.buried(self.organisation, some).await?);
        }
        Ok(erased)
    }

    /// What is counted on each user. 1 request for each MB.
    pub async fn usage(&mut self) -> Result<BTreeMap<UserId, Count>, Error> {
        let items = self.all(&key::usages(self.organisation), None, ("-", "~")).await?;
        let read = |item: &Item| {
            let amount = |name| if item.contains_key(name) { number(item, name) } else { Ok(0) };
            Ok((parsed(item, "sk")?, Count { recordings: amount("recordings")?, bytes: amount("bytes")? }))
        };
        Ok(items.iter().filter_map(|item| readable("usage", item, read(item))).collect())
    }

    /// The postings of what began in a span of time. 1 request for each MB.
    pub async fn posted(&mut self, of: &Posting, (from, to): (DateTime<Utc>, DateTime<Utc>)) -> Result<Vec<Posted>, Error> {
        let ends = (key::from(from), key::before(to));
        let items = self.all(&key::posting(self.organisation, of), None, (&ends.0, &ends.1)).await?;
        let read = |item: &Item| {
            let place = key::place(text(item, "sk")?).ok_or(BadItem { attribute: "sk" })?;
            let ends = if item.contains_key("expires_at") { Some(number(item, "expires_at")?) } else { None };
            let ends_at = ends.map(|ends| DateTime::from_timestamp(ends, 0).ok_or(BadItem { attribute: "expires_at" })).transpose()?;
            Ok(Posted { id: place.id, started_at: place.started_at, ends_at })
        };
        Ok(items.iter().filter_map(|item| readable("posting", item, read(item))).collect())
    }

    /// So many words after a place, and the place after which to go on. 1 request.
    pub async fn words(&mut self, place: Option<&str>, words: usize) -> Result<(Vec<Posting>, Option<String>), Error> {
        let partition = key::words(self.organisation);
        let start = place.map(|place| Item::from([("pk".to_owned(), s(&partition)), ("sk".to_owned(), s(place))]));
        let (items, next) = self.page(&partition, None, ("-", "~"), Some(words), start).await?;
        let word = |item: &Item| {
            let (place, word) = text(item, "sk")?.split_once('#').ok_or(BadItem { attribute: "sk" })?;
            let place = Place::ALL.into_iter().find(|one| one.as_str() == place).ok_or(BadItem { attribute: "sk" })?;
            Ok(Posting::Word(place, word.to_owned()))
        };
        let next = next.map(|key| text(&key, "sk").map(str::to_owned)).transpose()?;
        Ok((items.iter().map(word).collect::<Result<_, BadItem>>()?, next))
    }

    /// The recordings that items hold; one that cannot be read is logged, and its audio is found to be of no recording.
    fn recordings(&self, items: &[Item]) -> Vec<Recording> {
        items.iter().filter_map(|item| readable("recording", item, recording::read(self.organisation, item)).flatten()).collect()
    }

    async fn all(&mut self, partition: &str, index: Option<&str>, ends: (&str, &str)) -> Result<Vec<Item>, Error> {
        let (mut items, mut start) = (Vec::new(), None);
        loop {
            let (page, next) = self.page(partition, index, ends, None, start).await?;
            items.extend(page);
            if next.is_none() {
                return Ok(items);
            }
            start = next;
        }
    }

    async fn page(
        &mut self,
        partition: &str,
        index: Option<&str>,
        ends: (&str, &str),
        limit: Option<usize>,
        start: Option<Item>,
    ) -> Result<Page, Error> {
        let query = self.table.between(partition, index, ends).return_consumed_capacity(ReturnConsumedCapacity::Total);
        let query = query.set_limit(limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX))).set_exclusive_start_key(start);
        let answer = query.send().await?;
        self.spend(answer.consumed_capacity.as_slice());
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
    }

    fn spend(&mut self, consumed: &[ConsumedCapacity]) {
        self.spent += consumed.iter().filter_map(ConsumedCapacity::capacity_units).sum::<f64>();
    }
}

impl Finding {
    /// A finding of a night, of whatever it is about.
    pub fn new(kind: Kind, subject: impl ToString, night: DateTime<Utc>, mended: bool) -> Self {
        let subject = subject.to_string().chars().take(SUBJECT).collect();
        let (since, age_from) = (night, night);
        Self { kind, subject, user: None, started_at: None, age_from, since, night, mended, detail: None, expires_at: None }
    }

    /// Of a recording.
    pub fn about(self, recording: &Recording) -> Self {
        let ends = recording.held_since.is_none().then_some(recording.expires_at);
        let (user, started_at) = (Some(recording.user.clone()), Some(recording.started_at));
        Self { user, started_at, age_from: recording.registered_at, expires_at: ends, ..self }
    }

    /// The same that an earlier night found, if it did.
    pub fn as_before(self, before: &HashMap<(Kind, String), Finding>) -> Self {
        match before.get(&(self.kind, self.subject.clone())) {
            Some(known) => Self { since: known.since, age_from: self.age_from.min(known.age_from), ..self },
            None => self,
        }
    }

    /// The recording that it is about, if it is about one.
    pub fn recording(&self) -> Option<RecordingId> {
        RecordingId::try_from(self.subject.clone()).ok()
    }
}

fn item(organisation: &OrganisationId, finding: &Finding) -> Item {
    let mut item = key::finding(organisation, finding.kind.as_str(), &finding.subject);
    let instants =
        [("age", Some(finding.age_from)), ("since", Some(finding.since)), ("night", Some(finding.night)), ("started", finding.started_at)];
    item.extend(instants.into_iter().filter_map(|(name, at)| Some((name.to_owned(), n(at?.timestamp_millis())))));
    let texts = [("user", finding.user.as_ref().map(ToString::to_string)), ("detail", finding.detail.clone())];
    item.extend(texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), s(text?)))));
    item.extend(finding.expires_at.map(|ends| ("expires_at".to_owned(), n(ends.timestamp()))));
    item.insert("mended".to_owned(), AttributeValue::Bool(finding.mended));
    item
}

fn read(item: &Item) -> Result<Finding, BadItem> {
    let bad = || BadItem { attribute: "sk" };
    let (kind, subject) = text(item, "sk")?.split_once('#').ok_or_else(bad)?;
    let ends = if item.contains_key("expires_at") { Some(number(item, "expires_at")?) } else { None };
    Ok(Finding {
        kind: Kind::parse(kind).ok_or_else(bad)?,
        subject: subject.to_owned(),
        user: optional_parsed(item, "user")?,
        started_at: optional_instant(item, "started")?,
        age_from: instant(item, "age")?,
        since: instant(item, "since")?,
        night: instant(item, "night")?,
        mended: flag(item, "mended")?,
        detail: optional_text(item, "detail")?.map(str::to_owned),
        expires_at: ends.and_then(|ends| DateTime::from_timestamp(ends, 0)),
    })
}

fn read_swept(item: &Item) -> Result<Swept, BadItem> {
    let place = |name| Ok::<_, BadItem>(optional_text(item, name)?.map(str::to_owned));
    Ok(Swept {
        night: instant(item, "night")?,
        at: instant(item, "began")?,
        complete: instant(item, "complete")?,
        rolled: place("rolled")?,
        said: place("said")?,
        recordings: number(item, "recordings")?,
        older: number(item, "older")?,
        objects: number(item, "objects")?,
        words: number(item, "words")?,
        of_words: number(item, "of_words")?,
        units: number(item, "units")?,
    })
}
