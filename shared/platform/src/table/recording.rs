//! Recordings: the item, read one by one or a page at a time.
//!
//! | attribute    | type | what |
//! |--------------|------|------|
//! | `at`         | S    | start and id, see `key` |
//! | `by_user`    | S    | organisation and recorded user, see `key` |
//! | `by_peer`    | S    | organisation and the counterpart's number or `withheld`, see `key` |
//! | `by_mark`    | S    | organisation and mark, see `key`; absent without a mark |
//! | `by_length`  | S    | organisation and class of length once stored, organisation and `rejected` once rejected, see `key` |
//! | `state`      | S    | `expected`, `stored`, `rejected` |
//! | `call`       | S    | the app's call id |
//! | `dir`        | S    | `in`, `out` |
//! | `ms`         | N    | duration in milliseconds: measured once stored, the app's word before |
//! | `type`       | S    | content type |
//! | `bytes`      | N    | length of the audio |
//! | `sha`        | B    | SHA-256 of the audio |
//! | `note`       | S    | optional |
//! | `mark`       | S    | optional |
//! | `f1` to `f3` | S    | the three fields, optional |
//! | `edits`      | N    | edits of these; absent: none |
//! | `early`      | S    | who annotated the call before it was registered |
//! | `registered` | N    | Unix milliseconds |
//! | `stored`     | N    | Unix milliseconds, once stored |
//! | `why`        | S    | the reason, once rejected |
//! | `expires_at` | N    | Unix seconds: the table's TTL; absent while the recording is held |
//! | `held`       | N    | Unix milliseconds, while held |
//! | `until`      | N    | what `expires_at` was, while held |

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::{OrganisationId, RecordingId},
    note::Annotation,
    phone::Counterpart,
    recording::{Audio, ContentType, Direction, Recording, Sha256, State},
    search::{Filter, Marked},
};

use super::{
    BadItem, Error, Table,
    attributes::{bytes, instant, n, number, optional_instant, optional_parsed, parsed, s, text},
    key::{self, Item},
};

/// A recording's place in the order of every list: start, then id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    pub started_at: DateTime<Utc>,
    pub id: RecordingId,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    Newest,
    Oldest,
}

/// Which recordings to list.
#[derive(Clone, Debug)]
pub struct Listing<'a> {
    pub organisation: &'a OrganisationId,
    pub filter: &'a Filter,
    pub order: Order,
    pub limit: usize,
    /// After this place, for the next page.
    pub after: Option<Position>,
}

/// The last start that fits a key: 13 digits of milliseconds.
const END_OF_TIME: DateTime<Utc> = match DateTime::from_timestamp_millis(9_999_999_999_999) {
    Some(end) => end,
    None => DateTime::<Utc>::MAX_UTC,
};
/// Queries that one page may take when expired items, not removed yet, lie in its way.
const QUERIES_AT_MOST: usize = 4;
/// Rows that each of them reads after the first.
const ROWS_TO_SKIP: usize = 1000;

impl Table {
    /// The recording, if it is registered and has not expired at `now`. 1 request.
    pub async fn recording(&self, organisation: &OrganisationId, id: RecordingId, now: DateTime<Utc>) -> Result<Option<Recording>, Error> {
        let get = self.client.get_item().table_name(&self.name).set_key(Some(key::recording(organisation, id)));
        let Some(item) = get.send().await?.item else { return Ok(None) };
        Ok(read(organisation, &item)?.filter(|recording| recording.exists(now)))
    }

    /// A page of the listing, and the place after which the next begins; none when this was the last. 1 request; up to
    /// `QUERIES_AT_MOST` where much of what lies in the way is not for this listing, then the page may come short.
    pub async fn page(&self, listing: &Listing<'_>, now: DateTime<Utc>) -> Result<(Vec<Recording>, Option<Position>), Error> {
        let mut rows: Vec<Recording> = Vec::new();
        let after = listing.after.map(|after| key::at(after.started_at, after.id));
        let (from, to) = (listing.filter.from.unwrap_or(DateTime::UNIX_EPOCH), listing.filter.to.unwrap_or(END_OF_TIME));
        let Some(span) = key::span(from, to, listing.order == Order::Oldest, after.as_deref()) else {
            return Ok((rows, None));
        };
        if listing.filter.users.as_ref().is_some_and(Vec::is_empty) {
            return Ok((rows, None));
        }
        let mut start = listing.after.filter(|_| span.within).map(|after| start_key(listing, after));
        for attempt in 0..QUERIES_AT_MOST {
            let reach = if attempt == 0 { listing.limit + 1 } else { ROWS_TO_SKIP };
            let answer = self.query(listing, &span, now, reach, start).await?;
            for item in answer.items.unwrap_or_default() {
                rows.extend(read(listing.organisation, &item)?.filter(|row| listing.filter.holds(row)));
            }
            start = answer.last_evaluated_key;
            if start.is_none() || rows.len() > listing.limit {
                break;
            }
        }
        let next = if rows.len() > listing.limit {
            rows.truncate(listing.limit);
            rows.last().map(|row| Position { started_at: row.started_at, id: row.id })
        } else {
            start.map(|key| position(&key)).transpose()?
        };
        Ok((rows, next))
    }

    async fn query(
        &self,
        listing: &Listing<'_>,
        span: &key::Span,
        now: DateTime<Utc>,
        limit: usize,
        start: Option<Item>,
    ) -> Result<aws_sdk_dynamodb::operation::query::QueryOutput, Error> {
        let Lead { index, attribute, partition } = listing.lead();
        let query = self.client.query().table_name(&self.name).index_name(index);
        let answer = query
            .key_condition_expression("#partition = :partition AND #at BETWEEN :from AND :to")
            .filter_expression("attribute_not_exists(expires_at) OR expires_at > :now")
            .expression_attribute_names("#partition", attribute)
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":partition", s(partition))
            .expression_attribute_values(":from", s(&span.first))
            .expression_attribute_values(":to", s(&span.last))
            .expression_attribute_values(":now", n(now.timestamp()))
            .scan_index_forward(listing.order == Order::Oldest)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .send()
            .await?;
        Ok(answer)
    }
}

/// The partition that a listing reads: every row that it holds is there, in order.
struct Lead {
    index: &'static str,
    attribute: &'static str,
    partition: String,
}

impl Listing<'_> {
    /// The narrowest partition that the filters name; the filters decide about each of its rows all the same.
    fn lead(&self) -> Lead {
        let (organisation, filter) = (self.organisation, self.filter);
        match (&filter.counterpart, filter.users.as_deref(), &filter.mark) {
            (Some(number @ Counterpart::Number(_)), _, _) => Lead::of(key::BY_PEER, key::recordings_with(organisation, number)),
            (_, Some([user]), _) => Lead::of(key::BY_USER, key::recordings_of(organisation, user)),
            (_, _, Some(Marked::With(mark))) => Lead::of(key::BY_MARK, key::recordings_marked(organisation, mark)),
            (Some(withheld), _, _) => Lead::of(key::BY_PEER, key::recordings_with(organisation, withheld)),
            _ => Lead { index: key::BY_ORG, attribute: "pk", partition: key::recordings(organisation) },
        }
    }
}

impl Lead {
    /// Of an index whose partition attribute has its name.
    fn of(index: &'static str, partition: String) -> Self {
        Self { index, attribute: index, partition }
    }
}

/// The recording that an item holds; none if only a note has come so far.
pub(super) fn read(organisation: &OrganisationId, item: &Item) -> Result<Option<Recording>, BadItem> {
    if !item.contains_key("state") {
        return Ok(None);
    }
    Ok(Some(Recording {
        id: parsed(item, "sk")?,
        organisation: organisation.clone(),
        user: key::user_of(text(item, "by_user")?).ok_or(BadItem { attribute: "by_user" })?,
        call: parsed(item, "call")?,
        direction: read_direction(item)?,
        counterpart: key::peer_of(text(item, "by_peer")?).ok_or(BadItem { attribute: "by_peer" })?,
        started_at: key::started_at(text(item, "at")?).ok_or(BadItem { attribute: "at" })?,
        duration: TimeDelta::milliseconds(number(item, "ms")?),
        audio: read_audio(item)?,
        annotation: read_annotation(item)?,
        version: read_version(item)?,
        registered_at: instant(item, "registered")?,
        expires_at: read_day(item)?,
        held_since: optional_instant(item, "held")?,
        state: read_state(item)?,
    }))
}

/// What is said of the call.
pub(super) fn read_annotation(item: &Item) -> Result<Annotation, BadItem> {
    Ok(Annotation {
        note: optional_parsed(item, "note")?,
        mark: optional_parsed(item, "mark")?,
        fields: [optional_parsed(item, "f1")?, optional_parsed(item, "f2")?, optional_parsed(item, "f3")?],
    })
}

pub(super) fn read_version(item: &Item) -> Result<u64, BadItem> {
    if item.contains_key("edits") { number(item, "edits") } else { Ok(0) }
}

fn read_day(item: &Item) -> Result<DateTime<Utc>, BadItem> {
    let attribute = if item.contains_key("held") { "until" } else { "expires_at" };
    DateTime::from_timestamp(number(item, attribute)?, 0).ok_or(BadItem { attribute })
}

fn read_direction(item: &Item) -> Result<Direction, BadItem> {
    match text(item, "dir")? {
        "in" => Ok(Direction::In),
        "out" => Ok(Direction::Out),
        _ => Err(BadItem { attribute: "dir" }),
    }
}

fn read_audio(item: &Item) -> Result<Audio, BadItem> {
    Ok(Audio {
        content_type: ContentType::parse(text(item, "type")?).ok_or(BadItem { attribute: "type" })?,
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

fn start_key(listing: &Listing<'_>, after: Position) -> Item {
    let mut key = key::recording(listing.organisation, after.id);
    key.insert("at".to_owned(), AttributeValue::S(key::at(after.started_at, after.id)));
    let lead = listing.lead();
    if lead.index != key::BY_ORG {
        key.insert(lead.attribute.to_owned(), AttributeValue::S(lead.partition));
    }
    key
}

fn position(key: &Item) -> Result<Position, BadItem> {
    let started_at = key::started_at(text(key, "at")?).ok_or(BadItem { attribute: "at" })?;
    Ok(Position { started_at, id: parsed(key, "sk")? })
}
