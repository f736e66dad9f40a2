//! Entries of the directories: the words that something is found by, and the counterparts' numbers, by their beginning and by their end.
//!
//! A search for the beginning of a word, or for some digits, asks them which whole ones there are. Each has its key and `expires_at`, which
//! is later than the end of every recording that it leads to; absent, it never ends. That is coarse on purpose: an entry is written when it
//! is missing or ends too soon, and then lasts `SPARE` longer than it has to, so that what is said every day is written once a month. When a
//! recording has gone, each of its entries that leads to nothing else ends at once.
//!
//! Another recording may come to be found by an entry in the moment in which it ends. Whoever enters writes the posting first and looks at
//! the entry then, and whoever leaves ends the entry first and looks at the postings then: one of the two sees the other. (A counterpart's
//! index is of a moment ago, and a registration is heard of by the stream later than that.)

use aws_sdk_dynamodb::operation::{delete_item::DeleteItemError, put_item::PutItemError};
use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::OrganisationId,
    phone::Counterpart,
    recording::Recording,
    search::{Posting, Stream, ends_at},
};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    Error, Table,
    attributes::{n, number, s},
    key::{self, Item},
    read::{BATCH, find},
    search::Partition,
};

/// How much longer an entry lasts than it has to.
const SPARE: TimeDelta = TimeDelta::days(30);
/// Words that are left at once.
const AT_ONCE: usize = 8;
/// Recordings that are read at once to see whether one has not ended; the newest has, if any.
const NEWEST: i32 = 10;

impl Table {
    /// Sees to it that the directories know the words of the recording's `postings`, if it is `new` its counterpart's number too, for as
    /// long as the recording is kept. 1 request for each 100, and 1 for each that is not known yet.
    pub async fn enter<'a>(&self, recording: &Recording, postings: impl IntoIterator<Item = &'a Posting>, new: bool) -> Result<(), Error> {
        let words = postings.into_iter().cloned().map(Stream::Posting);
        let number = new.then(|| Stream::Counterpart(recording.counterpart.clone()));
        let keys: Vec<Item> = words.chain(number).flat_map(|stream| keys(recording, &stream)).collect();
        let ends = ends_at(recording);
        for some in keys.chunks(BATCH) {
            let known = self.batch(some.iter().cloned()).await?;
            for key in some {
                let lasts = find(&known, key).map(|entry| lasts(entry, ends)).transpose()?;
                if lasts != Some(true) {
                    self.prolong(key, ends).await?;
                }
            }
        }
        Ok(())
    }

    /// Has the directories forget what only the recording was found by, which has gone. 1 request for each 100 entries; 1 for each word that
    /// is known and for the number, 2 more where nothing else leads there.
    pub async fn leave(&self, recording: &Recording, now: DateTime<Utc>) -> Result<(), Error> {
        let words = Posting::of(recording).into_iter().map(Stream::Posting);
        self.leave_all(recording, words.chain([Stream::Counterpart(recording.counterpart.clone())]), now).await
    }

    /// Has the directories forget the words that an edit has taken out of the recording, and nothing else is found by. Cost as
    /// [`Table::leave`]; no request where there are none.
    pub async fn leave_words<'a>(
        &self,
        recording: &Recording,
        gone: impl IntoIterator<Item = &'a Posting>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.leave_all(recording, gone.into_iter().cloned().map(Stream::Posting), now).await
    }

    async fn leave_all(&self, recording: &Recording, streams: impl Iterator<Item = Stream>, now: DateTime<Utc>) -> Result<(), Error> {
        let streams = streams.map(|stream| (keys(recording, &stream), stream)).filter(|(keys, _)| !keys.is_empty());
        let streams: Vec<(Vec<Item>, Stream)> = streams.collect();
        for some in streams.chunks(BATCH / 2) {
            let known = &self.batch(some.iter().flat_map(|(keys, _)| keys).cloned()).await?;
            let left = some.iter().map(|(keys, stream)| {
                let entries = keys.iter().map(|key| (key, find(known, key))).collect();
                self.remove_unless_found(&recording.organisation, stream, entries, now)
            });
            stream::iter(left).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        }
        Ok(())
    }

    /// Removes the entries, each with its key, unless something is found by the stream. What a crash has left removed, or ended, and is
    /// found, is written again and never ends: the next that goes looks again.
    async fn remove_unless_found(
        &self,
        of: &OrganisationId,
        stream: &Stream,
        entries: Vec<(&Item, Option<&Item>)>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let soon = Some(now + TimeDelta::seconds(1));
        if self.finds(of, stream, now).await? {
            for (key, entry) in entries {
                if !entry.map(|entry| lasts(entry, soon)).transpose()?.unwrap_or_default() {
                    self.prolong(key, None).await?;
                }
            }
            return Ok(());
        }
        let mut removed = Vec::new();
        for (key, entry) in entries {
            if let Some(entry) = entry
                && self.remove_entry(key, entry).await?
            {
                removed.push(key);
            }
        }
        if !removed.is_empty() && self.finds(of, stream, now).await? {
            for key in removed {
                self.prolong(key, None).await?;
            }
        }
        Ok(())
    }

    /// Whether a recording that has not ended is found by the stream. 1 request; 1 for each MB of those that have ended and come before.
    async fn finds(&self, of: &OrganisationId, stream: &Stream, now: DateTime<Utc>) -> Result<bool, Error> {
        let partition = Partition::of(of, stream);
        let query = self.client.query().table_name(&self.name).set_index_name(partition.index.map(|index| index.name.to_owned()));
        let mut pages = query
            .consistent_read(partition.index.is_none())
            .key_condition_expression("#partition = :partition")
            .filter_expression("attribute_not_exists(expires_at) OR expires_at > :now")
            .projection_expression("#partition")
            .expression_attribute_names("#partition", partition.attributes.0)
            .expression_attribute_values(":partition", s(&partition.name))
            .expression_attribute_values(":now", n(now.timestamp()))
            .scan_index_forward(false)
            .limit(NEWEST)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            if page?.count() > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Removes the entry if it is still as it was seen; answers whether it has gone. 1 request.
    async fn remove_entry(&self, key: &Item, seen: &Item) -> Result<bool, Error> {
        let delete = self.client.delete_item().table_name(&self.name).set_key(Some(key.clone()));
        let delete = match seen.get("expires_at") {
            Some(until) => delete.condition_expression("expires_at = :until").expression_attribute_values(":until", until.clone()),
            None => delete.condition_expression("attribute_not_exists(expires_at)"),
        };
        match delete.send().await {
            Err(error) if error.as_service_error().is_some_and(DeleteItemError::is_conditional_check_failed_exception) => Ok(false),
            answer => Ok(answer.map(|_| true)?),
        }
    }

    /// Writes the entry unless it lasts until `ends`. 1 request.
    async fn prolong(&self, key: &Item, ends: Option<DateTime<Utc>>) -> Result<(), Error> {
        let mut put = self.client.put_item().table_name(&self.name).set_item(Some(key.clone()));
        if let Some(ends) = ends {
            put = put
                .item("expires_at", n((ends + SPARE).timestamp()))
                .condition_expression("attribute_not_exists(pk) OR expires_at < :ends")
                .expression_attribute_values(":ends", n(ends.timestamp()));
        }
        match put.send().await {
            Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => Ok(()),
            answer => Ok(answer.map(drop)?),
        }
    }
}

/// The entries that lead to the stream; there are none to what is held, and to withheld numbers.
fn keys(recording: &Recording, stream: &Stream) -> Vec<Item> {
    let of = &recording.organisation;
    match stream {
        Stream::Posting(Posting::Word(place, token)) => vec![key::word(of, *place, token)],
        Stream::Counterpart(Counterpart::Number(number)) => vec![key::number(of, number), key::ending(of, number)],
        _ => Vec::new(),
    }
}

/// Whether the entry lasts until `ends`, or for ever.
fn lasts(entry: &Item, ends: Option<DateTime<Utc>>) -> Result<bool, Error> {
    if !entry.contains_key("expires_at") {
        return Ok(true);
    }
    let until: i64 = number(entry, "expires_at")?;
    Ok(ends.is_some_and(|ends| until >= ends.timestamp()))
}
