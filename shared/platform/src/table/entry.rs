//! The term dictionary: the words of annotations, and the counterparts' numbers in both directions.
//!
//! A search for the beginning of a word, or for some digits, reads the whole terms here. An entry
//! has its key and `expires_at`, later than the end of every recording that it leads to; without
//! it, it never expires. That is coarse on purpose: an entry lasts `SPARE` longer than needed, so a
//! daily word is written once a month. The removal of a recording removes each entry that leads to
//! nothing else.
//!
//! An entry may gain a recording at the moment of its removal. So a writer adds the posting and
//! then checks the entry; a remover deletes the entry and then checks the postings. One sees the
//! other. The index of counterparts lags behind both, so each recording that it shows is read again.
//! A new one that it does not show yet may lose its entry, if the stream was ahead of the index.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{
    ids::OrganisationId,
    recording::Recording,
    search::{Posting, Stream, ends_at},
};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    Error, Index,
    attributes::{n, number, parsed},
    key::{self, Item},
    read::{BATCH, find},
    search::Partition,
    write::Write,
};

/// How much longer than needed an entry lasts.
const SPARE: TimeDelta = TimeDelta::days(30);
/// Terms that are removed concurrently.
const AT_ONCE: usize = 8;
/// Recordings read at a time, newest first, to find one that has not ended.
const NEWEST: usize = 10;

impl Index<'_> {
    /// Adds the words of `postings`, and the number of a `new` recording, for as long as it is
    /// retained. 1 request for each 100, and 1 for each missing entry.
    pub async fn enter<'a>(
        self,
        recording: &Recording,
        postings: impl IntoIterator<Item = &'a Posting>,
        new: bool,
    ) -> Result<(), Error> {
        let words = postings.into_iter().cloned().map(Stream::Posting);
        let number = new.then(|| Stream::Counterpart(recording.counterpart.clone()));
        let keys: Vec<Item> =
            words.chain(number).flat_map(|stream| keys(recording, &stream)).collect();
        let ends = ends_at(recording);
        for some in keys.chunks(BATCH) {
            let known = self.0.batch(some.iter().cloned()).await?;
            for key in some {
                let lasts = find(&known, key).map(|entry| lasts(entry, ends)).transpose()?;
                if lasts != Some(true) {
                    self.prolong(key, ends).await?;
                }
            }
        }
        Ok(())
    }

    /// Removes the terms that only this removed recording contained. 1 request for each 100
    /// entries; 1 for each known word and for the number, and 2 more if nothing else leads there.
    pub async fn leave(self, recording: &Recording, now: DateTime<Utc>) -> Result<(), Error> {
        let words = Posting::of(recording).into_iter().map(Stream::Posting);
        self.leave_all(
            recording,
            words.chain([Stream::Counterpart(recording.counterpart.clone())]),
            now,
        )
        .await
    }

    /// Removes the terms that an edit took out of the recording and nothing else contains. Costs as
    /// [`Index::leave`]; no request without words.
    pub async fn leave_words<'a>(
        self,
        recording: &Recording,
        gone: impl IntoIterator<Item = &'a Posting>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        self.leave_all(recording, gone.into_iter().cloned().map(Stream::Posting), now).await
    }

    async fn leave_all(
        self,
        recording: &Recording,
        streams: impl Iterator<Item = Stream>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let streams = streams
            .map(|stream| (keys(recording, &stream), stream))
            .filter(|(keys, _)| !keys.is_empty());
        let streams: Vec<(Vec<Item>, Stream)> = streams.collect();
        for some in streams.chunks(BATCH / 2) {
            let known = &self.0.batch(some.iter().flat_map(|(keys, _)| keys).cloned()).await?;
            let left = some.iter().map(|(keys, stream)| {
                let entries = keys.iter().map(|key| (key, find(known, key))).collect();
                self.remove_unless_found(&recording.organisation, stream, entries, now)
            });
            stream::iter(left).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
        }
        Ok(())
    }

    /// Removes the entries, unless the stream finds a recording. An entry that a crash left missing
    /// or expiring is then written again and never expires; the next removal checks it again.
    async fn remove_unless_found(
        self,
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

    /// Whether the stream has a current recording. 1 request; 1 for each MB of ended ones before. 1 more
    /// for each recording of a counterpart until one exists, because the index of counterparts is late.
    async fn finds(
        self,
        of: &OrganisationId,
        stream: &Stream,
        now: DateTime<Utc>,
    ) -> Result<bool, Error> {
        let partition = Partition::of(of, stream);
        let query = self.0.query(partition.name, partition.index).ascending(false).limit(NEWEST);
        let query = if partition.index.is_none() { query.consistent() } else { query };
        let query = query
            .filter("attribute_not_exists(expires_at) OR expires_at > :now")
            .given("now", n(now.timestamp()));
        let mut pages = query.only(&["sk"]).pages();
        while let Some(page) = pages.next().await? {
            let Stream::Counterpart(counterpart) = stream else {
                if page.count > 0 {
                    return Ok(true);
                }
                continue;
            };
            for item in &page.items {
                let is_current = match self.recording(of, parsed(item, "sk")?).await {
                    Ok(recording) => recording.is_some_and(|recording| {
                        recording.counterpart == *counterpart && recording.exists(now)
                    }),
                    Err(Error::Item(_)) => true, // an item that cannot be read retains its entry
                    Err(error) => return Err(error),
                };
                if is_current {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Removes the entry if it is as read, and returns whether it did. 1 request.
    async fn remove_entry(self, key: &Item, seen: &Item) -> Result<bool, Error> {
        Ok(self
            .0
            .write(Write::delete(key.clone()).is("expires_at", seen.get("expires_at").cloned()))
            .await?
            .is_ok())
    }

    /// Writes the entry, unless it lasts until `ends`. 1 request.
    async fn prolong(self, key: &Item, ends: Option<DateTime<Utc>>) -> Result<(), Error> {
        let mut item = key.clone();
        let Some(ends) = ends else { return self.0.write(Write::put(item)).await.map(drop) };
        item.insert("expires_at".to_owned(), n((ends + SPARE).timestamp()));
        let put = Write::put(item).when("attribute_not_exists(pk) OR expires_at < :ends");
        self.0.write(put.given("ends", n(ends.timestamp()))).await.map(drop)
    }
}

/// The entries that lead to the stream. Holds and withheld numbers have none.
fn keys(recording: &Recording, stream: &Stream) -> Vec<Item> {
    let of = &recording.organisation;
    match stream {
        Stream::Posting(Posting::Word(place, token)) => vec![key::word(of, *place, token)],
        Stream::Counterpart(counterpart) => {
            let digits = counterpart.digits();
            digits.map_or_else(Vec::new, |digits| {
                vec![key::number(of, digits), key::ending(of, digits)]
            })
        }
        _ => Vec::new(),
    }
}

/// Whether the entry lasts until `ends`, or forever.
fn lasts(entry: &Item, ends: Option<DateTime<Utc>>) -> Result<bool, Error> {
    if !entry.contains_key("expires_at") {
        return Ok(true);
    }
    let until: i64 = number(entry, "expires_at")?;
    Ok(ends.is_some_and(|ends| until >= ends.timestamp()))
}
