//! Searches the table: performs the reads that a [`SearchPlan`] requests, concurrently.

use aws_sdk_dynamodb::types::{ConsumedCapacity, KeysAndAttributes, ReturnConsumedCapacity};
use domain::{
    ids::{OrganisationId, RecordingId},
    search::{
        Entry, Found, Order, Page, Position, Posted, ReadRequest, ReadResponse, Search, SearchPlan,
        Span, Stream,
    },
};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    BadItem, Error, Index,
    attributes::{named, parsed, s, text},
    key::{self, Item},
    recording,
};

/// The most concurrent requests.
const AT_ONCE: usize = 32;
/// Attempts to read rows that the table left unprocessed.
const TRIES: usize = 5;

/// The partition of a stream.
pub(super) struct Partition {
    /// `None`: in the table itself.
    pub index: Option<key::Index>,
    pub name: String,
}

impl Index<'_> {
    /// A page of the recordings that the search finds. Several requests, most of them concurrent: 1
    /// if one stream holds exactly the matches. At 1,000 read units the page ends short.
    pub async fn page(
        self,
        organisation: &OrganisationId,
        search: &Search<'_>,
    ) -> Result<Page, Error> {
        let mut plan = SearchPlan::new(search);
        loop {
            let requests = plan.requests();
            if requests.is_empty() {
                return Ok(plan.page());
            }
            let responses = stream::iter(
                requests.into_iter().map(|request| self.response(organisation, request)),
            )
            .buffered(AT_ONCE);
            plan.take(responses.try_collect().await?);
        }
    }

    /// Performs one read request. 1 request; more if the table leaves rows of
    /// [`ReadRequest::Fetch`] unprocessed.
    ///
    /// # Errors
    /// [`Error::Busy`] if rows remain unprocessed after all attempts.
    pub async fn response(
        self,
        organisation: &OrganisationId,
        request: ReadRequest,
    ) -> Result<ReadResponse, Error> {
        match request {
            ReadRequest::Read { stream, span, limit } => {
                self.entries(organisation, &stream, &span, limit).await
            }
            ReadRequest::Fetch(ids) => self.rows(organisation, &ids).await,
            ReadRequest::Words { place, beginning, limit } => {
                let place = place.as_str();
                self.names(key::words(organisation), format!("{place}#{beginning}"), limit, |key| {
                    key.split_once('#').map(|(_, word)| word.to_owned())
                })
                .await
            }
            ReadRequest::Numbers { beginning, limit } => {
                self.names(key::numbers(organisation), beginning, limit, |key| Some(key.to_owned()))
                    .await
            }
            ReadRequest::Endings { end, limit } => {
                let reversed = end.chars().rev().collect();
                self.names(key::endings(organisation), reversed, limit, |key| {
                    Some(key.chars().rev().collect())
                })
                .await
            }
        }
    }

    async fn entries(
        self,
        organisation: &OrganisationId,
        stream: &Stream,
        span: &Span,
        limit: usize,
    ) -> Result<ReadResponse, Error> {
        let partition = Partition::of(organisation, stream);
        let after = span.after.map(|after| key::at(after.started_at, after.id));
        let nothing =
            ReadResponse { found: Found::Entries { entries: Vec::new(), all: true }, half_rcus: 0 };
        let Some(places) =
            key::span(span.from, span.to, span.order == Order::Oldest, after.as_deref())
        else {
            return Ok(nothing);
        };
        let start =
            span.after.filter(|_| places.within).map(|after| partition.start(organisation, after));
        let query = self
            .0
            .query(partition.name, partition.index)
            .between(&places.first, &places.last)
            .limit(limit);
        let page =
            query.ascending(span.order == Order::Oldest).after(start).metered().page().await?;
        let mut entries = Vec::new();
        for item in &page.items {
            entries.extend(read(organisation, stream, item)?);
        }
        Ok(ReadResponse {
            found: Found::Entries { entries, all: page.next.is_none() },
            half_rcus: half_rcus(page.units),
        })
    }

    async fn rows(
        self,
        organisation: &OrganisationId,
        ids: &[RecordingId],
    ) -> Result<ReadResponse, Error> {
        let keys = ids.iter().map(|id| key::recording(organisation, *id)).collect();
        let wanted = KeysAndAttributes::builder()
            .set_keys(Some(keys))
            .build()
            .map_err(|error| Error::Request(error.into()))?;
        let (mut left, mut rows, mut units) = (Some(wanted), Vec::new(), 0);
        for _ in 0..TRIES {
            let Some(wanted) = left.take() else { break };
            let get = self
                .0
                .client
                .batch_get_item()
                .request_items(&self.0.name, wanted)
                .return_consumed_capacity(ReturnConsumedCapacity::Total);
            let response = get.send().await?;
            for item in
                response.responses.unwrap_or_default().remove(&self.0.name).unwrap_or_default()
            {
                rows.extend(recording::read(organisation, &item)?);
            }
            units += half_rcus(
                response
                    .consumed_capacity
                    .iter()
                    .flatten()
                    .filter_map(ConsumedCapacity::capacity_units)
                    .sum(),
            );
            left = response
                .unprocessed_keys
                .and_then(|mut unprocessed| unprocessed.remove(&self.0.name));
        }
        if left.is_some() {
            return Err(Error::Busy);
        }
        Ok(ReadResponse { found: Found::Rows(rows), half_rcus: units })
    }

    async fn names(
        self,
        partition: String,
        beginning: String,
        limit: usize,
        name: impl Fn(&str) -> Option<String>,
    ) -> Result<ReadResponse, Error> {
        let page = self
            .0
            .query(partition, None)
            .beginning(beginning)
            .limit(limit)
            .metered()
            .page()
            .await?;
        let (names, next) =
            page.read(|item| name(text(item, "sk")?).ok_or(BadItem { attribute: "sk" }))?;
        Ok(ReadResponse {
            found: Found::Names { names, all: next.is_none() },
            half_rcus: half_rcus(page.units),
        })
    }
}

impl Partition {
    pub fn of(organisation: &OrganisationId, stream: &Stream) -> Self {
        let of = |index: key::Index, name| Self { index: Some(index), name };
        match stream {
            Stream::Organisation => of(key::BY_ORG, key::recordings(organisation)),
            Stream::User(user) => of(key::BY_USER, key::recordings_of(organisation, user)),
            Stream::Counterpart(counterpart) => {
                of(key::BY_PEER, key::recordings_with(organisation, counterpart))
            }
            Stream::Mark(mark) => of(key::BY_MARK, key::recordings_marked(organisation, mark)),
            Stream::Length(class) => {
                of(key::BY_LENGTH, key::recordings_lasting(organisation, *class))
            }
            Stream::Rejected => of(key::BY_LENGTH, key::recordings_rejected(organisation)),
            Stream::Posting(posting) => {
                Self { index: None, name: key::posting(organisation, posting) }
            }
        }
    }

    /// The key after which to begin.
    fn start(&self, organisation: &OrganisationId, after: Position) -> Item {
        let at = s(key::at(after.started_at, after.id));
        let Some(index) = self.index else {
            return Item::from([("pk".to_owned(), s(&self.name)), ("sk".to_owned(), at)]);
        };
        let mut start = key::recording(organisation, after.id);
        start.extend([("at".to_owned(), at), (index.partition.to_owned(), s(&self.name))]);
        start
    }
}

/// The entry in an item of a stream.
fn read(
    organisation: &OrganisationId,
    stream: &Stream,
    item: &Item,
) -> Result<Option<Entry>, BadItem> {
    match stream {
        Stream::Posting(_) => read_posted(item).map(|posted| Some(Entry::Posted(Box::new(posted)))),
        _ => Ok(recording::read(organisation, item)?.map(|row| Entry::Row(Box::new(row)))),
    }
}

fn read_posted(item: &Item) -> Result<Posted, BadItem> {
    let bad = BadItem { attribute: "sk" };
    Ok(Posted {
        place: key::place(text(item, "sk")?).ok_or(bad)?,
        user: parsed(item, "user")?,
        direction: named(item, "dir")?,
        counterpart: parsed(item, "peer")?,
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a request reads some hundred units at most, in halves"
)]
fn half_rcus(units: f64) -> u64 {
    (units * 2.0).ceil() as u64
}
