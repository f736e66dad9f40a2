//! Searches the table: reads what a [`Walk`] asks for, all that it asks for at once.

use aws_sdk_dynamodb::types::{ConsumedCapacity, KeysAndAttributes, ReturnConsumedCapacity};
use domain::{
    ids::{OrganisationId, RecordingId},
    search::{Answer, Ask, Entry, Found, Order, Page, Position, Posted, Search, Span, Stream, Walk},
};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    BadItem, Error, Table,
    attributes::{parsed, s, text},
    key::{self, Item},
    recording,
};

/// Requests that are under way at once.
const AT_ONCE: usize = 32;
/// Times to ask for rows that the table had no time for.
const TRIES: usize = 5;

/// Where a stream lies.
pub(super) struct Partition {
    /// None: in the table itself.
    pub index: Option<key::Index>,
    /// The attributes that it is named and sorted by.
    pub attributes: (&'static str, &'static str),
    pub name: String,
}

impl Table {
    /// A page of the organisation's recordings that the search finds. Some requests, most of them at once: 1 where one stream holds just
    /// what is searched for; never more than 1,000 read units, then the page comes short.
    pub async fn page(&self, organisation: &OrganisationId, search: &Search<'_>) -> Result<Page, Error> {
        let mut walk = Walk::new(search);
        loop {
            let asks = walk.asks();
            if asks.is_empty() {
                return Ok(walk.page());
            }
            let answers = stream::iter(asks.into_iter().map(|ask| self.answer(organisation, ask))).buffered(AT_ONCE);
            walk.take(answers.try_collect().await?);
        }
    }

    /// What the table answers to one ask, and what it charges. 1 request; more where it had no time for all rows of [`Ask::Fetch`].
    ///
    /// # Errors
    /// [`Error::Busy`] when it has no time for all rows however often it is asked.
    pub async fn answer(&self, organisation: &OrganisationId, ask: Ask) -> Result<Answer, Error> {
        match ask {
            Ask::Read { stream, span, limit } => self.entries(organisation, &stream, &span, limit).await,
            Ask::Fetch(ids) => self.rows(organisation, &ids).await,
            Ask::Words { place, beginning, limit } => {
                let place = place.as_str();
                self.names(key::words(organisation), format!("{place}#{beginning}"), limit, |key| {
                    key.split_once('#').map(|(_, word)| word.to_owned())
                })
                .await
            }
            Ask::Numbers { beginning, limit } => self.names(key::numbers(organisation), beginning, limit, |key| Some(key.to_owned())).await,
            Ask::Endings { end, limit } => {
                let reversed = end.chars().rev().collect();
                self.names(key::endings(organisation), reversed, limit, |key| Some(key.chars().rev().collect())).await
            }
        }
    }

    async fn entries(&self, organisation: &OrganisationId, stream: &Stream, span: &Span, limit: usize) -> Result<Answer, Error> {
        let partition = Partition::of(organisation, stream);
        let after = span.after.map(|after| key::at(after.started_at, after.id));
        let nothing = Answer { found: Found::Entries { entries: Vec::new(), all: true }, half_units: 0 };
        let Some(places) = key::span(span.from, span.to, span.order == Order::Oldest, after.as_deref()) else { return Ok(nothing) };
        let start = span.after.filter(|_| places.within).map(|after| partition.start(organisation, after));
        let query = self.client.query().table_name(&self.name).set_index_name(partition.index.map(|index| index.name.to_owned()));
        let answer = query
            .key_condition_expression("#partition = :partition AND #at BETWEEN :from AND :to")
            .expression_attribute_names("#partition", partition.attributes.0)
            .expression_attribute_names("#at", partition.attributes.1)
            .expression_attribute_values(":partition", s(&partition.name))
            .expression_attribute_values(":from", s(&places.first))
            .expression_attribute_values(":to", s(&places.last))
            .scan_index_forward(span.order == Order::Oldest)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .set_exclusive_start_key(start)
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        let mut entries = Vec::new();
        for item in answer.items.unwrap_or_default() {
            entries.extend(read(organisation, stream, &item)?);
        }
        let found = Found::Entries { entries, all: answer.last_evaluated_key.is_none() };
        Ok(Answer { found, half_units: half_units(answer.consumed_capacity.as_slice()) })
    }

    async fn rows(&self, organisation: &OrganisationId, ids: &[RecordingId]) -> Result<Answer, Error> {
        let keys = ids.iter().map(|id| key::recording(organisation, *id)).collect();
        let wanted = KeysAndAttributes::builder().set_keys(Some(keys)).build().map_err(|error| Error::Request(error.into()))?;
        let (mut left, mut rows, mut units) = (Some(wanted), Vec::new(), 0);
        for _ in 0..TRIES {
            let Some(wanted) = left.take() else { break };
            let get =
                self.client.batch_get_item().request_items(&self.name, wanted).return_consumed_capacity(ReturnConsumedCapacity::Total);
            let answer = get.send().await?;
            for item in answer.responses.unwrap_or_default().remove(&self.name).unwrap_or_default() {
                rows.extend(recording::read(organisation, &item)?);
            }
            units += half_units(answer.consumed_capacity.as_deref().unwrap_or_default());
            left = answer.unprocessed_keys.and_then(|mut unprocessed| unprocessed.remove(&self.name));
        }
        if left.is_some() {
            return Err(Error::Busy);
        }
        Ok(Answer { found: Found::Rows(rows), half_units: units })
    }

    async fn names(
        &self,
        partition: String,
        beginning: String,
        limit: usize,
        name: impl Fn(&str) -> Option<String>,
    ) -> Result<Answer, Error> {
        let query = self.client.query().table_name(&self.name);
        let answer = query
            .key_condition_expression("pk = :pk AND begins_with(sk, :beginning)")
            .expression_attribute_values(":pk", s(partition))
            .expression_attribute_values(":beginning", s(beginning))
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
            .send()
            .await?;
        let mut names = Vec::new();
        for item in answer.items.unwrap_or_default() {
            names.push(name(text(&item, "sk")?).ok_or(BadItem { attribute: "sk" })?);
        }
        let found = Found::Names { names, all: answer.last_evaluated_key.is_none() };
        Ok(Answer { found, half_units: half_units(answer.consumed_capacity.as_slice()) })
    }
}

impl Partition {
    pub fn of(organisation: &OrganisationId, stream: &Stream) -> Self {
        let of = |index: key::Index, name| Self { index: Some(index), attributes: (index.partition, "at"), name };
        match stream {
            Stream::Organisation => of(key::BY_ORG, key::recordings(organisation)),
            Stream::User(user) => of(key::BY_USER, key::recordings_of(organisation, user)),
            Stream::Counterpart(counterpart) => of(key::BY_PEER, key::recordings_with(organisation, counterpart)),
            Stream::Mark(mark) => of(key::BY_MARK, key::recordings_marked(organisation, mark)),
            Stream::Length(class) => of(key::BY_LENGTH, key::recordings_lasting(organisation, *class)),
            Stream::Rejected => of(key::BY_LENGTH, key::recordings_rejected(organisation)),
            Stream::Posting(posting) => Self { index: None, attributes: ("pk", "sk"), name: key::posting(organisation, posting) },
        }
    }

    /// The key to begin after.
    fn start(&self, organisation: &OrganisationId, after: Position) -> Item {
        let at = s(key::at(after.started_at, after.id));
        if self.index.is_none() {
            return Item::from([("pk".to_owned(), s(&self.name)), ("sk".to_owned(), at)]);
        }
        let mut start = key::recording(organisation, after.id);
        start.insert("at".to_owned(), at);
        start.insert(self.attributes.0.to_owned(), s(&self.name));
        start
    }
}

/// The entry that an item of a stream holds.
fn read(organisation: &OrganisationId, stream: &Stream, item: &Item) -> Result<Option<Entry>, BadItem> {
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
        direction: recording::read_direction(item)?,
        counterpart: parsed(item, "peer")?,
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a request reads some hundred units at most, in halves")]
fn half_units(consumed: &[ConsumedCapacity]) -> u64 {
    let units: f64 = consumed.iter().filter_map(ConsumedCapacity::capacity_units).sum();
    (units * 2.0).ceil() as u64
}
